//! Receive tasks and event-based gateways that start an instance.

use super::transcript::{check, check_migration, xml};

const PAID: &str = r#"<messageEventDefinition messageRef="m"/>"#;
const SHIPPED: &str = r#"<messageEventDefinition messageRef="m2"/>"#;
const SIGNAL: &str = r#"<signalEventDefinition signalRef="sig"/>"#;

fn catch(id: &str, definition: &str) -> String {
    format!(r#"<intermediateCatchEvent id="{id}">{definition}</intermediateCatchEvent>"#)
}

/// A gateway that starts the process with `one` or `two`, each with a job of its own.
fn gateway(attributes: &str, one: &str, two: &str) -> String {
    format!(
        r#"<eventBasedGateway id="g" instantiate="true" {attributes}/>{}{}<<a b>><endEvent id="e1"/>
           <endEvent id="e2"/>[[g -> one -> a -> e1, g -> two -> b -> e2]]"#,
        catch("one", one),
        catch("two", two)
    )
}

const PARALLEL: &str = r#"eventGatewayType="Parallel""#;

fn codes(body: &str) -> Vec<&'static str> {
    match fermata_bpmn::read(&xml(body)) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|finding| finding.code).collect(),
    }
}

#[test]
fn a_receive_task_starts_the_process_with_its_message() {
    let model = r#"<receiveTask id="r" instantiate="true" messageRef="m"/><<a>><endEvent id="e"/>
        [[r -> a -> e]]"#;
    check(model, "start {\"x\": 1} => job a\n complete a => completed\n variables => x: 1");
    // Its output mappings read what came.
    let mapped = model.replace(
        r#"messageRef="m"/>"#,
        r#"messageRef="m"><extensionElements><zeebe:ioMapping><zeebe:output source="= x + 1"
           target="y"/></zeebe:ioMapping></extensionElements></receiveTask>"#,
    );
    check(&mapped, "start {\"x\": 1} => job a\n variables => x: 1, y: 2");
}

#[test]
fn the_first_event_behind_the_gateway_starts_the_process_and_goes_on() {
    let model = gateway("", PAID, SHIPPED);
    check(&model, "start => job a\n complete a => completed");
    let read = fermata_bpmn::read(&xml(&model)).unwrap();
    let process = &read.processes[0];
    let started = |name: &str| process.message_start(name).and_then(|it| process.id_of(it));
    assert_eq!(started("paid").map(|id| &**id), Some("one"));
    assert_eq!(started("shipped").map(|id| &**id), Some("two"));
    assert_eq!(started("other"), None);
}

#[test]
fn all_events_behind_a_parallel_gateway_come_to_the_same_instance() {
    let model = gateway(PARALLEL, PAID, SHIPPED);
    check(
        &model,
        "start {\"id\": 1}           => job a, message shipped at two
         message shipped {\"x\": 2}  => job a, job b
         complete a                => job b
         complete b                => completed
         variables                 => id: 1, x: 2",
    );
    check(
        &model,
        "start {\"id\": 1}  => job a, message shipped at two
         complete a       => message shipped at two
         message shipped  => job b
         complete b       => completed",
    );
    // Without the key the instance cannot find the others.
    check(
        &model,
        "start            => incident EXTRACT_VALUE_ERROR at two, job a
         set {\"id\": 1}    => incident EXTRACT_VALUE_ERROR at two, job a
         resolve two      => job a, message shipped at two",
    );
}

#[test]
fn event_sub_processes_listen_as_in_any_instance() {
    let model = format!(
        r#"{}<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{SHIPPED}</startEvent>
           <<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#,
        r#"<receiveTask id="r" instantiate="true" messageRef="m"/><<a>><endEvent id="e"/>
           [[r -> a -> e]]"#
    );
    check(
        &model,
        "start {\"id\": 1}  => job a, message shipped at hs
         message shipped  => job mend",
    );
    check(
        &model,
        "start            => incident EXTRACT_VALUE_ERROR at p
         set {\"id\": 1}    => incident EXTRACT_VALUE_ERROR at p
         resolve p        => job a, message shipped at hs",
    );
}

#[test]
fn signals_and_messages_start_without_a_key_but_not_several_at_once() {
    assert_eq!(codes(&gateway("", PAID, SIGNAL)), Vec::<&str>::new());
    let both = format!("{PAID}{SIGNAL}");
    assert_eq!(codes(&gateway("", &both, SHIPPED)), Vec::<&str>::new());
}

#[test]
fn what_could_start_no_instance_is_refused() {
    let timer = "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>";
    assert_eq!(codes(&gateway("", PAID, timer)), ["B111"]);
    assert_eq!(codes(&gateway(PARALLEL, PAID, SIGNAL)), ["B111"]);
    assert_eq!(codes(&gateway(r#"eventGatewayType="Both""#, PAID, SHIPPED)), ["B112"]);
    let started = gateway("", PAID, SHIPPED).replace("[[g", r#"<startEvent id="s"/>[[s -> g"#);
    assert_eq!(codes(&started), ["B111"]);
    let inner = format!(
        r#"<startEvent id="s"/><subProcess id="sub">{}</subProcess><endEvent id="end"/>
           [[s -> sub -> end]]"#,
        r#"<startEvent id="is"/><receiveTask id="r" instantiate="true" messageRef="m"/>
           <endEvent id="ie"/>[[is -> r -> ie]]"#
    );
    assert_eq!(codes(&inner), ["B111"]);
    let led_to = r#"<startEvent id="s"/><receiveTask id="r" instantiate="true" messageRef="m"/>
        <endEvent id="e"/>[[s -> r -> e]]"#;
    assert_eq!(codes(led_to), ["B111"]);
}

#[test]
fn an_event_based_gateway_leads_to_events_only() {
    let plain = |two: &str| {
        format!(
            r#"<startEvent id="s"/><eventBasedGateway id="g"/>{}{two}<endEvent id="e1"/>
               <endEvent id="e2"/>[[s -> g -> one -> e1, g -> two -> e2]]"#,
            catch("one", PAID)
        )
    };
    assert_eq!(codes(&plain(r#"<task id="two"/>"#)), ["B112"]);
    let receive = r#"<receiveTask id="two" messageRef="m2"/>"#;
    assert_eq!(codes(&plain(receive)), Vec::<&str>::new());
    let marked = r#"<receiveTask id="two" messageRef="m2"><standardLoopCharacteristics loopMaximum="2"/>
        </receiveTask>"#;
    assert_eq!(codes(&plain(marked)), ["B112"]);
    let parallel = plain(receive).replace(r#"id="g"/>"#, r#"id="g" eventGatewayType="Parallel"/>"#);
    assert_eq!(codes(&parallel), ["B112"]);
}

/// A start event that needs all of these, before the job `a`.
fn all(definitions: &str) -> String {
    format!(
        r#"<startEvent id="s" parallelMultiple="true">{definitions}</startEvent><<a>><endEvent id="e"/>
           [[s -> a -> e]]"#
    )
}

#[test]
fn a_start_event_that_needs_all_messages_waits_for_the_others_in_the_instance() {
    let model = all(&format!("{PAID}{SHIPPED}"));
    check(
        &model,
        "start {\"id\": 1}           => message shipped at s
         message shipped {\"x\": 2}  => job a
         complete a                => completed
         variables                 => id: 1, x: 2",
    );
    check(&model, "start {\"id\": 1} => message shipped at s\n cancel => terminated");
    // Without the key the instance cannot find the others.
    check(
        &model,
        "start            => incident EXTRACT_VALUE_ERROR at s
         set {\"id\": 1}    => incident EXTRACT_VALUE_ERROR at s
         resolve s        => message shipped at s
         message shipped  => job a",
    );
    let read = fermata_bpmn::read(&xml(&model)).unwrap();
    let process = &read.processes[0];
    let started = |name: &str| process.message_start(name).and_then(|it| process.id_of(it));
    assert_eq!(started("paid").map(|id| &**id), Some("s"));
    assert_eq!(started("shipped").map(|id| &**id), Some("s"));
}

#[test]
fn an_interruption_and_the_second_message_in_both_orders() {
    let model = all(&format!("{PAID}{SHIPPED}"))
        + &format!(
            r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{SIGNAL}</startEvent>
               <<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#
        );
    check(
        &model,
        "start {\"id\": 1}  => message shipped at s, signal alarm at hs
         signal alarm     => job mend
         complete mend    => completed",
    );
    check(
        &model,
        "start {\"id\": 1}  => message shipped at s, signal alarm at hs
         message shipped  => job a, signal alarm at hs
         signal alarm     => job mend",
    );
}

#[test]
fn a_start_event_that_needs_all_is_refused_where_they_could_not_meet() {
    let timer =
        "<timerEventDefinition><timeDate>2030-01-01T00:00:00Z</timeDate></timerEventDefinition>";
    assert_eq!(codes(&all(&format!("{PAID}{SIGNAL}"))), ["B111"]);
    assert_eq!(codes(&all(&format!("{PAID}{timer}"))), ["B111"]);
    assert_eq!(codes(&all(&format!("{PAID}{PAID}"))), ["B111"]);
    // One alone is a message start event.
    assert_eq!(codes(&all(PAID)), Vec::<&str>::new());
    let keyless = xml(&all(&format!("{PAID}{SHIPPED}")))
        .replace(r#"<zeebe:subscription correlationKey="= id"/>"#, "");
    let found = fermata_bpmn::read(&keyless).expect_err("no correlation key");
    assert!(found.iter().all(|finding| finding.code == "B014"), "{found:?}");
    // Before the instance there are no variables: the names are fixed.
    let named = xml(&all(&format!("{PAID}{SHIPPED}"))).replace("\"paid\"", "\"= name\"");
    let found = fermata_bpmn::read(&named).expect_err("a name that is an expression");
    assert_eq!(found[0].code, "B014");
    let behind = xml(&gateway(PARALLEL, PAID, SHIPPED)).replace("\"paid\"", "\"= name\"");
    let found = fermata_bpmn::read(&behind).expect_err("a name that is an expression");
    assert_eq!(found[0].code, "B014");
}

/// Their messages need no correlation key: who waited there could never be reached.
#[test]
fn nobody_is_placed_where_messages_begin_instances() {
    let receive = r#"<receiveTask id="r" instantiate="true" messageRef="m"/><<a>><endEvent id="e"/>
        [[r -> a -> e]]"#;
    let models = [
        (receive.to_owned(), "r"),
        (gateway("", PAID, SHIPPED), "g"),
        (gateway(PARALLEL, PAID, SHIPPED), "g"),
    ];
    for (model, id) in models {
        let read = fermata_bpmn::read(&xml(&model)).expect("a model");
        let process = &read.processes[0];
        let refusal = process.startable(id).expect_err(id).message;
        assert!(refusal.contains("where messages from outside begin instances"), "{refusal}");
        process.startable("a").expect("what follows");
    }
}

#[test]
fn who_is_about_to_begin_at_a_receive_task_can_be_migrated() {
    let model = |receive: &str| {
        format!(
            r#"<extensionElements><zeebe:executionListeners><zeebe:executionListener eventType="start" type="l"/>
               </zeebe:executionListeners></extensionElements><receiveTask id="{receive}" instantiate="true"
               messageRef="m"/><<a>><endEvent id="e"/>[[{receive} -> a -> e]]"#
        )
    };
    check_migration(
        &model("r"),
        &model("other"),
        "start              => start listener l at p
         stay               => expected a mapping for the start event \"r\"
         migrate r>other    => start listener l at p
         complete p         => job a
         complete a         => completed",
    );
}

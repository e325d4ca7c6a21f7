//! Conditional events: at each place where they can stand, when they are evaluated, and races in
//! both orders with what they interrupt.

use super::transcript::{check, xml};

/// A definition with this condition and, if it says something, this filter.
fn when(condition: &str, filter: &str) -> String {
    let condition = condition.replace('<', "&lt;").replace('>', "&gt;");
    let filter = match filter {
        "" => String::new(),
        filter => {
            format!("<extensionElements><zeebe:conditionalFilter {filter}/></extensionElements>")
        }
    };
    format!(
        "<conditionalEventDefinition><condition>= {condition}</condition>{filter}\
         </conditionalEventDefinition>"
    )
}

fn event(tag: &str, id: &str, attributes: &str, definitions: &str) -> String {
    format!(r#"<{tag} id="{id}" {attributes}>{definitions}</{tag}>"#)
}

/// A job `work` with a boundary event `b` that leads to the job `late`.
fn bounded(attributes: &str, definitions: &str) -> String {
    let boundary =
        event("boundaryEvent", "b", &format!("attachedToRef=\"work\" {attributes}"), definitions);
    format!(
        r#"<startEvent id="s"/><<work late>>{boundary}<endEvent id="end"/><endEvent id="e2"/>
           [[s -> work -> end, b -> late -> e2]]"#
    )
}

/// An event sub-process `h` that runs the job `mend`.
fn handler(attributes: &str, definitions: &str) -> String {
    let start = event("startEvent", "hs", attributes, definitions);
    format!(
        r#"<subProcess id="h" triggeredByEvent="true">{start}<<mend>><endEvent id="he"/>
           [[hs -> mend -> he]]</subProcess>"#
    )
}

/// The process: a job `work` beside an event sub-process.
fn guarded(handler: &str) -> String {
    format!(r#"<startEvent id="s"/><<work>><endEvent id="end"/>[[s -> work -> end]]{handler}"#)
}

const BESIDE: &str = "cancelActivity=\"false\"";
const BESIDE_START: &str = "isInterrupting=\"false\"";

#[test]
fn a_catch_event_waits_until_its_condition_holds() {
    let catch = event("intermediateCatchEvent", "c", "", &when("x > 10", ""));
    let model = format!("<startEvent id=\"s\"/>{catch}<endEvent id=\"end\"/>[[s -> c -> end]]");
    check(
        &model,
        "start {\"x\": 5}  => condition c
         set {\"y\": 11}   => condition c
         set {\"x\": 10}   => condition c
         set {\"x\": 11}   => completed",
    );
    // It holds when the wait begins.
    check(&model, "start {\"x\": 11} => completed");
    check(&model, "start => condition c\n cancel => terminated");
    // Null is not true: a variable is missing, or cannot be compared.
    check(
        &model,
        "start                => condition c
         set {\"x\": \"eleven\"}  => condition c
         set {\"x\": 12}        => completed",
    );
}

#[test]
fn an_interrupting_boundary_event_ends_its_activity_or_ends_with_it() {
    let model = bounded("", &when("x > 10", ""));
    check(
        &model,
        "start          => condition b, job work
         set {\"x\": 11}  => job late
         complete late  => completed",
    );
    check(&model, "start => condition b, job work\n complete work => completed");
    // What the activity itself results in comes when nobody waits any more.
    check(
        &model,
        "start                     => condition b, job work
         complete work {\"x\": 11}   => completed",
    );
    // The activity does not begin.
    check(&model, "start {\"x\": 11} => job late\n complete late => completed");
}

#[test]
fn an_activity_that_does_not_wait_is_interrupted_before_it_does_anything() {
    let boundary = event("boundaryEvent", "b", "attachedToRef=\"work\"", &when("x = 1", ""));
    let script = r#"<scriptTask id="work"><extensionElements>
        <zeebe:script expression="= 2" resultVariable="y"/></extensionElements></scriptTask>"#;
    let model = format!(
        "<startEvent id=\"s\"/>{script}<<late>>{boundary}<endEvent id=\"end\"/><endEvent id=\"e2\"/>
         [[s -> work -> end, b -> late -> e2]]"
    );
    check(&model, "start {\"x\": 1} => job late\n variables => x: 1");
    check(&model, "start => completed\n variables => y: 2");
}

#[test]
fn a_boundary_event_beside_its_activity_triggers_at_each_change() {
    check(
        &bounded(BESIDE, &when("x > 10", "")),
        "start {\"x\": 11}  => condition b, job late, job work
         set {\"x\": 11}    => condition b, job late x2, job work
         set {\"y\": 1}     => condition b, job late x2, job work
         set {\"x\": 1}     => condition b, job late x2, job work
         complete work    => job late x2",
    );
}

#[test]
fn several_variables_of_one_input_trigger_once() {
    check(
        &bounded(BESIDE, &when("x > 10 or y > 5", "")),
        "start                     => condition b, job work
         set {\"x\": 11, \"y\": 6}     => condition b, job late, job work",
    );
}

#[test]
fn filters_say_which_changes_count() {
    check(
        &bounded(BESIDE, &when("x > 10", "variableEvents=\"create\"")),
        "start            => condition b, job work
         set {\"x\": 11}    => condition b, job late, job work
         set {\"x\": 12}    => condition b, job late, job work",
    );
    check(
        &bounded(BESIDE, &when("x > 10", "variableEvents=\"update\"")),
        "start            => condition b, job work
         set {\"x\": 11}    => condition b, job work
         set {\"x\": 12}    => condition b, job late, job work",
    );
    check(
        &bounded(BESIDE, &when("x > y", "variableNames=\"y\" variableEvents=\"create, update\"")),
        "start            => condition b, job work
         set {\"x\": 11}    => condition b, job work
         set {\"y\": 12}    => condition b, job work
         set {\"y\": 1}     => condition b, job late, job work",
    );
}

#[test]
fn input_mappings_of_the_activity_are_seen() {
    let task = r#"<serviceTask id="work"><extensionElements><zeebe:taskDefinition type="w"/>
        <zeebe:ioMapping><zeebe:input source="= amount * 2" target="x"/></zeebe:ioMapping>
        </extensionElements></serviceTask>"#;
    let boundary = event("boundaryEvent", "b", "attachedToRef=\"work\"", &when("x > 10", ""));
    let model = format!(
        "<startEvent id=\"s\"/>{task}<<late>>{boundary}<endEvent id=\"end\"/><endEvent id=\"e2\"/>
         [[s -> work -> end, b -> late -> e2]]"
    );
    check(&model, "start {\"amount\": 6} => job late");
    // The variable of the activity hides that of the process.
    check(
        &model,
        "start {\"amount\": 1}   => condition b, job work
         set {\"x\": 1}          => condition b, job work
         local work {\"x\": 11}  => job late
         variables             => amount: 1, x: 1",
    );
}

#[test]
fn only_what_sees_the_variable_is_asked() {
    let task = |id: &str| {
        let boundary = format!("attachedToRef=\"{id}\"");
        event("boundaryEvent", &format!("b{id}"), &boundary, &when("x > 10", ""))
    };
    let model = format!(
        r#"<startEvent id="s"/><parallelGateway id="g"/><subProcess id="sub"><startEvent id="is"/>
           <<one late1>>{}<endEvent id="ie"/><endEvent id="ie2"/>
           [[is -> one -> ie, bone -> late1 -> ie2]]</subProcess>
           <<two late2>>{}<endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/>
           [[s -> g -> sub -> e1, g -> two -> e2, btwo -> late2 -> e3]]"#,
        task("one"),
        task("two")
    );
    check(
        &model,
        "start                  => condition bone, condition btwo, job one, job two
         local sub {\"x\": 11}    => condition btwo, job late1, job two
         set {\"x\": 12}          => job late1, job late2",
    );
    check(
        &model,
        "start                  => condition bone, condition btwo, job one, job two
         set {\"x\": 12}          => job late1, job late2",
    );
}

#[test]
fn outer_scopes_are_asked_first() {
    let model = format!(
        r#"<startEvent id="s"/><subProcess id="sub"><startEvent id="is"/><<work inner>>{}
           <endEvent id="ie"/><endEvent id="ie2"/>[[is -> work -> ie, bi -> inner -> ie2]]
           </subProcess>{}<<outer>><endEvent id="end"/><endEvent id="e2"/>
           [[s -> sub -> end, bo -> outer -> e2]]"#,
        event("boundaryEvent", "bi", "attachedToRef=\"work\"", &when("x > 0", "")),
        event("boundaryEvent", "bo", "attachedToRef=\"sub\"", &when("x > 1", ""))
    );
    check(&model, "start => condition bi, condition bo, job work\n set {\"x\": 2} => job outer");
    check(
        &model,
        "start          => condition bi, condition bo, job work
         set {\"x\": 1}   => condition bo, job inner
         set {\"x\": 2}   => job outer",
    );
}

#[test]
fn an_interrupting_event_sub_process_takes_the_place_of_the_rest() {
    let model = guarded(&handler("", &when("x > 10", "")));
    check(
        &model,
        "start          => condition hs, job work
         set {\"x\": 11}  => job mend
         set {\"x\": 12}  => job mend
         complete mend  => completed",
    );
    check(&model, "start => condition hs, job work\n complete work => completed");
    // The result of the job comes before the process goes on to its end.
    check(&model, "start => condition hs, job work\n complete work {\"x\": 11} => job mend");
    // It holds before the start event is reached.
    check(&model, "start {\"x\": 11} => job mend\n complete mend => completed");
}

#[test]
fn an_event_sub_process_beside_the_rest_triggers_again() {
    check(
        &guarded(&handler(BESIDE_START, &when("x > 10", ""))),
        "start            => condition hs, job work
         set {\"x\": 11}    => condition hs, job mend, job work
         set {\"x\": 12}    => condition hs, job mend x2, job work
         complete work    => condition hs, job mend x2
         complete mend    => condition hs, job mend
         complete mend    => completed",
    );
}

#[test]
fn an_interruption_by_something_else_closes_it() {
    let two = format!(
        r#"{}<subProcess id="h2" triggeredByEvent="true"><startEvent id="h2s">
           <messageEventDefinition messageRef="m"/></startEvent><<other>><endEvent id="h2e"/>
           [[h2s -> other -> h2e]]</subProcess>"#,
        handler("", &when("x > 10", ""))
    );
    let model = guarded(&two);
    check(
        &model,
        "start {\"id\": 1}  => condition hs, job work, message paid at h2s
         message paid     => job other
         set {\"x\": 11}    => job other",
    );
    check(
        &model,
        "start {\"id\": 1}  => condition hs, job work, message paid at h2s
         set {\"x\": 11}    => job mend",
    );
}

#[test]
fn behind_an_event_based_gateway_the_first_event_wins() {
    let model = format!(
        r#"<startEvent id="s"/><eventBasedGateway id="g"/>{}<intermediateCatchEvent id="t">
           <timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>
           </intermediateCatchEvent><<yes no>><endEvent id="e1"/><endEvent id="e2"/>
           [[s -> g -> c -> yes -> e1, g -> t -> no -> e2]]"#,
        event("intermediateCatchEvent", "c", "", &when("ready", ""))
    );
    check(&model, "start => condition c, timer t 60s\n set {\"ready\": true} => job yes");
    check(&model, "start => condition c, timer t 60s\n advance PT1M => job no");
    check(&model, "start {\"ready\": true} => job yes");
}

#[test]
fn one_of_several_definitions_suffices() {
    let several = format!("<messageEventDefinition messageRef=\"m\"/>{}", when("x > 10", ""));
    let catch = event("intermediateCatchEvent", "c", "", &several);
    let model = format!("<startEvent id=\"s\"/>{catch}<endEvent id=\"end\"/>[[s -> c -> end]]");
    check(
        &model,
        "start {\"id\": 1} => condition c, message paid at c\n set {\"x\": 11} => completed",
    );
    check(
        &model,
        "start {\"id\": 1} => condition c, message paid at c\n message paid => completed",
    );
    // Two conditions of one event; the second suffices.
    let two = format!("{}{}", when("x > 10", ""), when("y > 10", ""));
    check(&bounded("", &two), "start => condition b x2, job work\n set {\"y\": 11} => job late");
}

#[test]
fn all_of_several_definitions_must_come_in_any_order() {
    let several = format!("<messageEventDefinition messageRef=\"m\"/>{}", when("x > 10", ""));
    let all = "parallelMultiple=\"true\"";
    let catch = event("intermediateCatchEvent", "c", all, &several);
    let model = format!("<startEvent id=\"s\"/>{catch}<endEvent id=\"end\"/>[[s -> c -> end]]");
    check(
        &model,
        "start {\"id\": 1}  => condition c, message paid at c
         message paid     => condition c
         set {\"x\": 11}    => completed",
    );
    check(
        &model,
        "start {\"id\": 1}  => condition c, message paid at c
         set {\"x\": 11}    => message paid at c
         set {\"x\": 1}     => message paid at c
         message paid     => completed",
    );
    // Beside an activity it waits for both again, and for a change.
    check(
        &bounded(&format!("{all} {BESIDE}"), &several),
        "start {\"id\": 1}  => condition b, job work, message paid at b
         set {\"x\": 11}    => job work, message paid at b
         message paid     => condition b, job late, job work, message paid at b
         message paid     => condition b, job late, job work
         set {\"x\": 12}    => condition b, job late x2, job work, message paid at b",
    );
}

#[test]
fn a_turn_can_interrupt_its_loop() {
    let model = format!(
        r#"<startEvent id="s"/><serviceTask id="work"><extensionElements>
           <zeebe:taskDefinition type="w"/></extensionElements><multiInstanceLoopCharacteristics>
           <extensionElements><zeebe:loopCharacteristics inputCollection="= [1, 2, 3]"/>
           </extensionElements></multiInstanceLoopCharacteristics></serviceTask>{}<<late>>
           <endEvent id="end"/><endEvent id="e2"/>[[s -> work -> end, b -> late -> e2]]"#,
        event("boundaryEvent", "b", "attachedToRef=\"work\"", &when("x > 10", ""))
    );
    check(
        &model,
        "start                    => condition b, job work x3
         complete work {\"x\": 1}   => condition b, job work x2
         complete work {\"x\": 11}  => job late",
    );
    // Of the last turn nothing is left to be interrupted.
    check(
        &model,
        "start                    => condition b, job work x3
         complete work            => condition b, job work x2
         complete work            => condition b, job work
         complete work {\"x\": 11}  => completed",
    );
    check(&model, "start {\"x\": 11} => job late");
}

#[test]
fn a_condition_that_is_neither_true_nor_false_is_an_incident_once() {
    let model = bounded("", &when("x", ""));
    check(
        &model,
        "start             => condition b, job work
         set {\"x\": 1}      => condition b, incident CONDITION_ERROR at work, job work
         set {\"x\": 2}      => condition b, incident CONDITION_ERROR at work, job work
         resolve work      => condition b, incident CONDITION_ERROR at work, job work
         set {\"x\": false}  => condition b, incident CONDITION_ERROR at work, job work
         resolve work      => condition b, job work
         set {\"x\": true}   => job late",
    );
    // Where the activity completes, the incident is gone with it.
    check(
        &model,
        "start {\"x\": 1} => condition b, incident CONDITION_ERROR at work, job work
         complete work  => completed",
    );
}

#[test]
fn an_event_that_keeps_its_own_condition_true_stops_with_an_incident() {
    let start = format!(
        r#"<startEvent id="hs" isInterrupting="false"><extensionElements><zeebe:ioMapping>
           <zeebe:output source="= x + 1" target="x"/></zeebe:ioMapping></extensionElements>{}
           </startEvent>"#,
        when("x > 0", "")
    );
    let handler = format!(
        r#"<subProcess id="h" triggeredByEvent="true">{start}<endEvent id="he"/>[[hs -> he]]
           </subProcess>"#
    );
    check(
        &guarded(&handler),
        "start {\"x\": 0}  => condition hs, job work
         set {\"x\": 1}    => condition hs, incident STEP_LIMIT at p, job work
         cancel          => terminated",
    );
}

#[test]
fn a_terminate_end_event_ends_the_wait() {
    let model = format!(
        r#"<startEvent id="s"/><parallelGateway id="g"/>{}<<work>><endEvent id="end"/>
           <endEvent id="stop"><terminateEventDefinition/></endEvent>
           [[s -> g -> c -> end, g -> work -> stop]]"#,
        event("intermediateCatchEvent", "c", "", &when("x > 10", ""))
    );
    check(&model, "start => condition c, job work\n complete work => completed");
    check(
        &model,
        "start          => condition c, job work
         set {\"x\": 11}  => job work
         complete work  => completed",
    );
}

#[test]
fn what_cannot_be_a_condition_is_refused_with_its_place() {
    let codes = |definition: &str| {
        let catch = event("intermediateCatchEvent", "c", "", definition);
        let body = format!("<startEvent id=\"s\"/>{catch}<endEvent id=\"end\"/>[[s -> c -> end]]");
        match fermata_bpmn::read(&xml(&body)) {
            Ok(read) => read.findings,
            Err(findings) => findings,
        }
    };
    let refused = [
        "<conditionalEventDefinition/>".to_owned(),
        "<conditionalEventDefinition><condition> </condition></conditionalEventDefinition>".into(),
        when("x > 1", "variableEvents=\"delete\""),
        when("x > 1", "variableName=\"x\""),
    ];
    for definition in &refused {
        let found = codes(definition);
        assert_eq!(found.len(), 1, "{definition}: {found:#?}");
        assert_eq!((found[0].code, found[0].severity), ("B045", base::Severity::Error));
    }
    assert_eq!(codes(&when("x >", ""))[0].code, "B020");
    let found = codes(&when("1 = 2", ""));
    assert_eq!((found[0].code, found[0].severity), ("B046", base::Severity::Warning));
}

#[test]
fn start_events_of_a_process_have_different_conditions() {
    let starts = |first: &str, second: &str, filter: &str| {
        let body = format!(
            "{}{}<endEvent id=\"e\"/>[[s1 -> e, s2 -> e]]",
            event("startEvent", "s1", "", &when(first, filter)),
            event("startEvent", "s2", "", &when(second, ""))
        );
        fermata_bpmn::read(&xml(&body))
    };
    let read = starts("x > 1", "x > 2", "").expect("two conditions");
    assert_eq!(read.processes[0].starts().count(), 2);
    assert_eq!(starts("x > 1", "x > 1", "").unwrap_err()[0].code, "B045");
    let read = starts("x > 1", "x > 2", "variableEvents=\"create\"").expect("a warning");
    assert_eq!(read.findings[0].code, "B046");
}

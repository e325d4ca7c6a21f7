//! What interrupts user tasks whose cancellation is listened to goes on when the listeners are done.

use super::harness::Sim;
use super::transcript::{check, check_migration, resume, suspend, xml};

/// A user task with a `canceling` listener `c`.
fn heard(id: &str) -> String {
    format!(
        r#"<userTask id="{id}"><extensionElements><zeebe:userTask/><zeebe:taskListeners>
           <zeebe:taskListener eventType="canceling" type="c"/></zeebe:taskListeners>
           </extensionElements></userTask>"#
    )
}

/// A boundary event of a message.
fn on_message(id: &str, at: &str) -> String {
    format!(
        r#"<boundaryEvent id="{id}" attachedToRef="{at}"><messageEventDefinition messageRef="m"/></boundaryEvent>"#
    )
}

/// A sub-process with `a` and the heard task `u` side by side.
fn both(id: &str, more: &str) -> String {
    format!(
        r#"<subProcess id="{id}"><startEvent id="is"/><parallelGateway id="f"/><<a>>{}<endEvent id="ie"/>
           [[is -> f -> a -> ie, f -> u -> ie]]{more}</subProcess>"#,
        heard("u")
    )
}

#[test]
fn a_boundary_event_of_a_scope_waits_for_all_that_was_cancelled_in_it() {
    let two = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><subProcess id="sub"><startEvent id="is"/><parallelGateway id="f"/>
           {}{}<endEvent id="ie"/>[[is -> f -> u -> ie, f -> v -> ie]]</subProcess>{}<<late>>
           [[s -> sub -> e, b -> late -> e]]"#,
        heard("u"),
        heard("v"),
        on_message("b", "sub")
    );
    for (first, second) in [("u", "v"), ("v", "u")] {
        check(
            &two,
            &format!(
                r#"
                start {{"id": 1}} => message paid at b, task u, task v
                message paid    => canceling listener c at u, canceling listener c at v
                complete {first}  => canceling listener c at {second}
                complete {second} => job late
                complete late   => completed
                "#
            ),
        );
    }
    // What a worker throws is caught there, too.
    let thrown = format!(
        r#"<startEvent id="s"/><endEvent id="e"/>{}<boundaryEvent id="b" attachedToRef="sub">
           <errorEventDefinition errorRef="e"/></boundaryEvent><<late>>[[s -> sub -> e, b -> late -> e]]"#,
        both("sub", "")
    );
    check(
        &thrown,
        "start         => job a, task u
         throw a NO    => canceling listener c at u
         complete u    => job late",
    );
    // Both orders of the race: the task is done before the message comes.
    check(
        &two,
        r#"
        start {"id": 1} => message paid at b, task u, task v
        task u          => message paid at b, task v
        task v          => completed
        "#,
    );
}

#[test]
fn what_interrupts_an_interruption_waits_for_the_same() {
    let nested = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><subProcess id="sub"><startEvent id="is"/>{}{}<<inner>>
           <endEvent id="ie"/>[[is -> u -> ie, b -> inner -> ie]]</subProcess>
           <boundaryEvent id="o" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1H</timeDuration>
           </timerEventDefinition></boundaryEvent><<outer>>[[s -> sub -> e, o -> outer -> e]]"#,
        heard("u"),
        on_message("b", "u")
    );
    check(
        &nested,
        r#"
        start {"id": 1} => message paid at b, task u, timer o 3600s
        message paid    => canceling listener c at u, timer o 3600s
        advance PT1H    => canceling listener c at u
        complete u      => job outer
        complete outer  => completed
        "#,
    );
    check(
        &nested,
        r#"
        start {"id": 1} => message paid at b, task u, timer o 3600s
        message paid    => canceling listener c at u, timer o 3600s
        complete u      => job inner, timer o 3600s
        advance PT1H    => job outer
        "#,
    );
    check(
        &nested,
        r#"
        start {"id": 1} => message paid at b, task u, timer o 3600s
        message paid    => canceling listener c at u, timer o 3600s
        cancel          => canceling listener c at u
        complete u      => terminated
        "#,
    );
    check(
        &nested,
        r#"
        start {"id": 1} => message paid at b, task u, timer o 3600s
        message paid    => canceling listener c at u, timer o 3600s
        cancel          => canceling listener c at u
        cancel          => terminated
        "#,
    );
}

#[test]
fn an_event_sub_process_begins_when_the_listeners_are_done() {
    let handled = |around: &str| {
        format!(
            r#"<startEvent id="s"/><endEvent id="e"/><<next>>{}[[s -> sub -> next -> e]]"#,
            both(
                "sub",
                &format!(
                    r#"<subProcess id="h" triggeredByEvent="true">{around}<startEvent id="hs"><messageEventDefinition messageRef="m"/>
                    </startEvent><<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#
                )
            )
        )
    };
    check(
        &handled(""),
        r#"
        start {"id": 1} => job a, message paid at hs, task u
        message paid {"x": 7} => canceling listener c at u
        complete u      => job mend
        complete mend   => job next
        variables       => id: 1, x: 7
        "#,
    );
    // Its inputs are read, and its listeners called, when it begins.
    let around = r#"<extensionElements><zeebe:ioMapping><zeebe:input source="= id + 1" target="y"/></zeebe:ioMapping>
        <zeebe:executionListeners><zeebe:executionListener eventType="start" type="l"/></zeebe:executionListeners>
        </extensionElements>"#;
    check(
        &handled(around),
        r#"
        start {"id": 1} => job a, message paid at hs, task u
        message paid    => canceling listener c at u
        complete u      => start listener l at h
        complete h      => job mend
        "#,
    );
}

#[test]
fn a_loop_a_transaction_and_an_ad_hoc_sub_process_end_after_their_listeners() {
    let looped = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><<next>>{}[[s -> u -> next -> e]]"#,
        heard("u").replace(
            "</extensionElements>",
            r#"</extensionElements><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics
               inputCollection="= [1,2,3]" inputElement="i" outputCollection="all" outputElement="= i"/>
               </extensionElements><completionCondition>= true</completionCondition></multiInstanceLoopCharacteristics>"#,
        )
    );
    check(
        &looped,
        r"
        start       => task u x3
        task u      => canceling listener c at u x2
        complete u  => canceling listener c at u
        complete u  => job next
        variables   => all: [1,null,null]
        ",
    );
    let cancelled = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><<next>><transaction id="t"><startEvent id="is"/><<book>>
           <boundaryEvent id="cb" attachedToRef="book"><compensateEventDefinition/></boundaryEvent>
           <serviceTask id="undo" isForCompensation="true"><extensionElements><zeebe:taskDefinition type="undo"/>
           </extensionElements></serviceTask><association id="as" sourceRef="cb" targetRef="undo"/>
           <parallelGateway id="f"/><<a>>{}<endEvent id="ie"/><endEvent id="ce"><cancelEventDefinition/></endEvent>
           [[is -> book -> f -> a -> ce, f -> u -> ie]]</transaction>
           <boundaryEvent id="tb" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>
           [[s -> t -> e, tb -> next -> e]]"#,
        heard("u")
    );
    check(
        &cancelled,
        "start         => job book
         complete book => job a, task u
         complete a    => canceling listener c at u
         complete u    => job undo
         complete undo => job next",
    );
    let ad_hoc = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><<next>><adHocSubProcess id="t" cancelRemainingInstances="true">
           <extensionElements><zeebe:adHoc activeElementsCollection="= [&quot;a&quot;, &quot;u&quot;]"/></extensionElements>
           <<a>>{}<completionCondition>= true</completionCondition></adHocSubProcess>[[s -> t -> next -> e]]"#,
        heard("u")
    );
    check(
        &ad_hoc,
        "start       => job a, open t, task u
         complete a  => canceling listener c at u
         complete u  => job next",
    );
}

#[test]
fn what_follows_a_terminate_end_event_waits_as_its_scope_does() {
    let stopped = format!(
        r#"<startEvent id="s"/><endEvent id="e"/><<next>><subProcess id="sub"><startEvent id="is"/>
           <parallelGateway id="f"/><<a>>{}<endEvent id="ie"/><endEvent id="stop"><terminateEventDefinition/></endEvent>
           [[is -> f -> a -> stop, f -> u -> ie]]</subProcess>[[s -> sub -> next -> e]]"#,
        heard("u")
    );
    check(
        &stopped,
        "start       => job a, task u
         complete a  => canceling listener c at u
         complete u  => job next",
    );
}

#[test]
fn a_timeout_that_nobody_catches_waits_for_no_listener() {
    let bounded = format!(
        r#"<startEvent id="s"/><endEvent id="e"/>{}[[s -> sub -> e]]"#,
        both("sub", "").replace(
            r#"<subProcess id="sub">"#,
            r#"<subProcess id="sub"><extensionElements><fermata:policy timeout="PT1H"/></extensionElements>"#
        )
    );
    check(
        &bounded,
        "start         => job a, task u, timeout sub 3600s
         advance PT1H  => canceling listener c at u, incident UNHANDLED_ERROR_EVENT at sub
         complete u    => incident UNHANDLED_ERROR_EVENT at sub
         resolve sub   => job a, task u, timeout sub 3600s",
    );
}

#[test]
fn an_inclusive_join_waits_for_an_interruption_that_can_reach_it_and_for_no_other() {
    let body = |after: &str| {
        format!(
            r#"<startEvent id="s"/><inclusiveGateway id="f"/><<a>>{}{}<inclusiveGateway id="j"/><<next apart>>
               <endEvent id="e"/>[[s -> f -> a -> j -> next -> e, f -> u -> j, b -> {after}]]"#,
            heard("u"),
            on_message("b", "u")
        )
    };
    check(
        &body("j"),
        r#"
        start {"id": 1} => job a, message paid at b, task u
        message paid    => canceling listener c at u, job a
        complete a      => canceling listener c at u, token a-j
        complete u      => job next
        "#,
    );
    check(
        &body("apart -> e"),
        r#"
        start {"id": 1} => job a, message paid at b, task u
        message paid    => canceling listener c at u, job a
        complete a      => canceling listener c at u, job next
        complete u      => job apart, job next
        "#,
    );
}

#[test]
fn suspended_it_goes_on_when_it_is_resumed() {
    let body = format!(
        r#"<startEvent id="s"/><endEvent id="e"/>{}{}<<late>>[[s -> u -> e, b -> late -> e]]"#,
        heard("u"),
        on_message("b", "u")
    );
    let mut read = fermata_bpmn::read(&xml(&body)).expect("a model");
    let mut sim = Sim::of(read.processes.remove(0), r#"{"id": 1}"#);
    sim.named_message("paid", base::Variables::new());
    sim.input(suspend);
    sim.complete("u", "{}");
    assert!(sim.live("late").is_empty(), "nothing goes on");
    sim.input(resume);
    sim.advance(0);
    assert_eq!(sim.waits(), ["late"]);
}

#[test]
fn it_is_migrated() {
    let with = |boundary: &str, late: &str, handler: &str| {
        format!(
            r#"<startEvent id="s"/><endEvent id="e"/>{}{}<<{late}>>[[s -> u -> e, {boundary} -> {late} -> e]]
               <subProcess id="{handler}" triggeredByEvent="true"><startEvent id="hs"><signalEventDefinition signalRef="sig"/>
               </startEvent><<{handler}w>><endEvent id="he"/>[[hs -> {handler}w -> he]]</subProcess>"#,
            heard("u"),
            on_message(boundary, "u")
        )
    };
    check_migration(
        &with("b", "late", "h"),
        &with("n", "later", "g"),
        r#"
        start {"id": 1}     => message paid at b, signal alarm at hs, task u
        message paid        => canceling listener c at u, signal alarm at hs
        stay u>u            => expected a mapping for "b"
        migrate u>u b>n     => canceling listener c at u, signal alarm at hs
        complete u          => job later, signal alarm at hs
        "#,
    );
    check_migration(
        &with("b", "late", "h"),
        &with("n", "later", "g"),
        r#"
        start {"id": 1}     => message paid at b, signal alarm at hs, task u
        signal alarm        => canceling listener c at u
        migrate u>u h>g     => canceling listener c at u
        complete u          => job gw
        "#,
    );
}

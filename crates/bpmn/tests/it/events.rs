//! Events: each kind at each place where it can stand, and races in both orders.

use super::transcript::check;

const ID: &str = "start {\"id\": 1}";

/// `<kind>EventDefinition`s with what they refer to.
fn on(kind: &str) -> String {
    match kind {
        "message" => r#"<messageEventDefinition messageRef="m"/>"#.into(),
        "shipped" => r#"<messageEventDefinition messageRef="m2"/>"#.into(),
        "error" => r#"<errorEventDefinition errorRef="e"/>"#.into(),
        "any error" => "<errorEventDefinition/>".into(),
        "escalation" => r#"<escalationEventDefinition escalationRef="x"/>"#.into(),
        "any escalation" => "<escalationEventDefinition/>".into(),
        "terminate" => "<terminateEventDefinition/>".into(),
        duration if duration.starts_with('P') => {
            format!(
                "<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"
            )
        }
        cycle if cycle.starts_with('R') => {
            format!("<timerEventDefinition><timeCycle>{cycle}</timeCycle></timerEventDefinition>")
        }
        link => format!(r#"<linkEventDefinition name="{link}"/>"#),
    }
}

fn event(tag: &str, id: &str, kinds: &[&str]) -> String {
    let definitions: String = kinds.iter().map(|kind| on(kind)).collect();
    format!(r#"<{tag} id="{id}">{definitions}</{tag}>"#)
}

/// An event sub-process `h` that runs the job `mend`.
fn handler(attribute: &str, kinds: &[&str]) -> String {
    let definitions: String = kinds.iter().map(|kind| on(kind)).collect();
    format!(
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" {attribute}>{definitions}
           </startEvent><<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#
    )
}

/// The process: a job `work` beside an event sub-process.
fn guarded(handler: &str) -> String {
    format!(r#"<startEvent id="s"/><<work>><endEvent id="end"/>[[s -> work -> end]]{handler}"#)
}

/// A sub-process `sub` around `inner`, with a boundary event `b` that leads to the job `late`.
fn bounded(inner: &str, attribute: &str, kinds: &[&str]) -> String {
    let definitions: String = kinds.iter().map(|kind| on(kind)).collect();
    format!(
        r#"<startEvent id="s"/><subProcess id="sub">{inner}</subProcess><endEvent id="end"/>
           <boundaryEvent id="b" attachedToRef="sub" {attribute}>{definitions}</boundaryEvent>
           <<after late>> <endEvent id="end2"/>
           [[s -> sub -> after -> end, b -> late -> end2]]"#
    )
}

#[test]
fn an_interrupting_event_sub_process_takes_the_place_of_the_rest() {
    let model = guarded(&handler("", &["message"]));
    check(
        &model,
        &format!(
            "{ID}                      => job work, message paid at hs
             message paid {{\"by\": 2}} => job mend
             complete mend             => completed
             variables                 => by: 2, id: 1"
        ),
    );
    // The other order: what could have begun ends with the scope.
    check(&model, &format!("{ID} => job work, message paid at hs\n complete work => completed"));
}

#[test]
fn an_event_sub_process_that_does_not_interrupt_runs_beside_and_again() {
    check(
        &guarded(&handler("isInterrupting=\"false\"", &["message"])),
        &format!(
            "{ID}                 => job work, message paid at hs
             message paid         => job mend, job work, message paid at hs
             message paid         => job mend x2, job work, message paid at hs
             complete work        => job mend x2, message paid at hs
             complete mend        => job mend, message paid at hs
             complete mend        => completed"
        ),
    );
}

#[test]
fn timers_begin_event_sub_processes_once_or_in_a_cycle() {
    check(
        &guarded(&handler("", &["PT1M"])),
        "start         => job work, timer hs 60s
         advance PT1M  => job mend
         complete mend => completed",
    );
    check(
        &guarded(&handler("isInterrupting=\"false\"", &["R2/PT1M"])),
        "start         => job work, timer hs 60s
         advance PT1M  => job mend, job work, timer hs 60s
         advance PT1M  => job mend x2, job work
         complete work => job mend x2",
    );
}

#[test]
fn an_error_is_caught_inside_the_scope_before_its_border() {
    let inner = format!(
        r#"<startEvent id="is"/><<work>><endEvent id="ie"/>[[is -> work -> ie]]{}"#,
        handler("", &["error"])
    );
    check(
        &bounded(&inner, "", &["any error"]),
        "start                   => job work
         throw work NO {\"a\": 1}  => job mend
         complete mend           => job after
         complete after          => completed",
    );
    // Another code passes by, and what the event sub-process throws itself goes outwards.
    check(
        &bounded(&inner, "", &["any error"]),
        "start              => job work
         throw work OTHER   => job late",
    );
    check(
        &bounded(&inner, "", &["any error"]),
        "start              => job work
         throw work NO      => job mend
         throw mend NO      => job late
         complete late      => completed",
    );
}

#[test]
fn an_error_end_event_is_caught_or_an_incident() {
    let throws =
        format!(r#"<startEvent id="is"/>{}[[is -> ie]]"#, event("endEvent", "ie", &["error"]));
    check(&bounded(&throws, "", &["error"]), "start => job late\n complete late => completed");
    check(
        &format!("<startEvent id=\"s\"/>{}[[s -> ie]]", event("endEvent", "ie", &["error"])),
        "start      => incident UNHANDLED_ERROR_EVENT at ie
         resolve ie => incident UNHANDLED_ERROR_EVENT at ie
         cancel     => terminated",
    );
}

#[test]
fn an_escalation_goes_outwards_and_its_thrower_goes_on_unless_interrupted() {
    let inner = format!(
        r#"<startEvent id="is"/>{}<<work>><endEvent id="ie"/>[[is -> up -> work -> ie]]"#,
        event("intermediateThrowEvent", "up", &["escalation"])
    );
    check(
        &bounded(&inner, "cancelActivity=\"false\"", &["escalation"]),
        "start          => job late, job work
         complete work  => job after, job late
         complete late  => job after
         complete after => completed",
    );
    check(&bounded(&inner, "", &["escalation"]), "start => job late\n complete late => completed");
    check(&bounded(&inner, "", &["any escalation"]), "start => job late");
    // Nobody catches it: nothing happens.
    check(
        &format!(
            "<startEvent id=\"s\"/>{}{}[[s -> up -> end]]",
            event("intermediateThrowEvent", "up", &["escalation"]),
            event("endEvent", "end", &["escalation"])
        ),
        "start => completed",
    );
}

#[test]
fn an_escalation_begins_an_event_sub_process_inside_first() {
    let model = |attribute: &str| {
        format!(
            r#"<startEvent id="s"/>{}<<work>><endEvent id="end"/>[[s -> up -> work -> end]]{}"#,
            event("intermediateThrowEvent", "up", &["escalation"]),
            handler(attribute, &["escalation"])
        )
    };
    check(
        &model("isInterrupting=\"false\""),
        "start         => job mend, job work
         complete mend => job work
         complete work => completed",
    );
    check(&model(""), "start => job mend\n complete mend => completed");
}

#[test]
fn a_boundary_event_and_an_event_sub_process_race_in_both_orders() {
    let inner = format!(
        r#"<startEvent id="is"/><<work>><endEvent id="ie"/>[[is -> work -> ie]]{}"#,
        handler("", &["message"])
    );
    let model = bounded(&inner, "", &["PT1M"]);
    check(
        &model,
        &format!(
            "{ID}           => job work, message paid at hs, timer b 60s
             message paid   => job mend, timer b 60s
             advance PT1M   => job late"
        ),
    );
    check(
        &model,
        &format!(
            "{ID}           => job work, message paid at hs, timer b 60s
             advance PT1M   => job late"
        ),
    );
}

#[test]
fn event_sub_processes_nest() {
    let nested = format!(
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">{}</startEvent>
           <<mend>><endEvent id="he"/>[[hs -> mend -> he]]
           <subProcess id="h2" triggeredByEvent="true"><startEvent id="h2s">{}</startEvent>
           <<again>><endEvent id="h2e"/>[[h2s -> again -> h2e]]</subProcess></subProcess>"#,
        on("message"),
        on("any error")
    );
    check(
        &guarded(&nested),
        &format!(
            "{ID}             => job work, message paid at hs
             message paid     => job mend
             throw mend X     => job again
             complete again   => completed"
        ),
    );
}

#[test]
fn a_process_that_cannot_begin_to_listen_is_mended_and_begins() {
    check(
        &guarded(&handler("", &["message"])),
        "start             => incident EXTRACT_VALUE_ERROR at p
         set {\"id\": 7}     => incident EXTRACT_VALUE_ERROR at p
         resolve p         => job work, message paid at hs
         complete work     => completed",
    );
}

#[test]
fn input_mappings_of_an_event_sub_process_that_fail_are_mended() {
    let model = guarded(
        r#"<subProcess id="h" triggeredByEvent="true"><extensionElements><zeebe:ioMapping>
           <zeebe:input source="= 10 / by" target="share"/></zeebe:ioMapping></extensionElements>
           <startEvent id="hs"><messageEventDefinition messageRef="m"/></startEvent>
           <<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#,
    );
    check(
        &model,
        &format!(
            "{ID}             => job work, message paid at hs
             message paid     => incident IO_MAPPING_ERROR at h
             set {{\"by\": 2}}  => incident IO_MAPPING_ERROR at h
             resolve h        => job mend
             complete mend    => completed"
        ),
    );
}

#[test]
fn a_link_goes_on_at_its_other_end() {
    let model = format!(
        "<startEvent id=\"s\"/>{}{}<<work>><endEvent id=\"end\"/>[[s -> out, in -> work -> end]]",
        event("intermediateThrowEvent", "out", &["page 2"]),
        event("intermediateCatchEvent", "in", &["page 2"])
    );
    check(&model, "start => job work\n complete work => completed");
}

#[test]
fn the_first_of_several_events_suffices() {
    let model = format!(
        "<startEvent id=\"s\"/>{}<endEvent id=\"end\"/>[[s -> either -> end]]",
        event("intermediateCatchEvent", "either", &["message", "PT1M"])
    );
    check(
        &model,
        &format!("{ID} => message paid at either, timer either 60s\n message paid => completed"),
    );
    check(
        &model,
        &format!("{ID} => message paid at either, timer either 60s\n advance PT1M => completed"),
    );
    check(
        &guarded(&handler("", &["message", "error"])),
        &format!("{ID} => job work, message paid at hs\n throw work NO => job mend"),
    );
}

#[test]
fn all_of_several_events_must_come_in_any_order() {
    let several = |tag: &str, more: &str| {
        event(tag, "both", &["message", "shipped"])
            .replace("id=\"both\"", &format!("id=\"both\" parallelMultiple=\"true\" {more}"))
    };
    let model = format!(
        "<startEvent id=\"s\"/>{}<endEvent id=\"end\"/>[[s -> both -> end]]",
        several("intermediateCatchEvent", "")
    );
    check(
        &model,
        &format!(
            "{ID}                         => message paid at both, message shipped at both
             message shipped {{\"a\": 1}}   => message paid at both
             message paid {{\"b\": 2}}      => completed
             variables                    => a: 1, b: 2, id: 1"
        ),
    );
    // Beside an activity it waits for both again.
    let model = format!(
        "<startEvent id=\"s\"/><<work late>>{}<endEvent id=\"end\"/><endEvent id=\"e2\"/>
         [[s -> work -> end, both -> late -> e2]]",
        several("boundaryEvent", "attachedToRef=\"work\" cancelActivity=\"false\"")
    );
    check(
        &model,
        &format!(
            "{ID}             => job work, message paid at both, message shipped at both
             message paid     => job work, message shipped at both
             message shipped  => job late, job work, message paid at both, message shipped at both
             complete work    => job late"
        ),
    );
}

#[test]
fn a_message_is_sent_by_a_worker() {
    let sends = |tag: &str, id: &str| {
        format!(
            r#"<{tag} id="{id}"><extensionElements><zeebe:taskDefinition type="mail"/>
               </extensionElements><messageEventDefinition messageRef="m"/></{tag}>"#
        )
    };
    check(
        &format!(
            "<startEvent id=\"s\"/>{}{}[[s -> tell -> end]]",
            sends("intermediateThrowEvent", "tell"),
            sends("endEvent", "end")
        ),
        "start         => job tell
         complete tell => job end
         complete end  => completed",
    );
}

#[test]
fn a_terminate_end_event_ends_its_own_scope_only() {
    let inner = format!(
        r#"<startEvent id="is"/><parallelGateway id="g"/><<work>><endEvent id="ie"/>{}
           [[is -> g -> work -> ie, g -> stop]]"#,
        event("endEvent", "stop", &["terminate"])
    );
    check(&bounded(&inner, "", &["PT1M"]), "start => job after\n complete after => completed");
}

#[test]
fn what_begins_in_a_sub_process_that_cannot_be_left_is_waited_for() {
    let model = r#"<startEvent id="s"/><subProcess id="sub"><startEvent id="s2"/><<a>><endEvent id="e2"/>
        [[s2 -> a -> e2]]<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"
        isInterrupting="false"><messageEventDefinition messageRef="m"/></startEvent><<mend>>
        <endEvent id="he"/>[[hs -> mend -> he]]</subProcess></subProcess><<after>><endEvent id="end"/>
        [[s -> sub -(go)-> after -> end]]"#;
    check(
        model,
        "start {\"id\": 1, \"go\": false}  => job a, message paid at hs
         complete a         => incident CONDITION_ERROR at sub, message paid at hs
         message paid       => incident CONDITION_ERROR at sub, job mend, message paid at hs
         resolve sub        => job mend, message paid at hs
         complete mend      => incident CONDITION_ERROR at sub, message paid at hs
         set {\"go\": true} => incident CONDITION_ERROR at sub, message paid at hs
         resolve sub        => job after",
    );
}

//! What completed in an ad-hoc sub-process is compensated with it: activation by activation, the last
//! completed first.

use base::{ActivateElement, Variables};

use super::compensation::{end, on_handler, throw, undos, whole};
use super::harness::{Sim, job};
use super::transcript::{check, xml};

/// An ad-hoc sub-process `sub` with the jobs `a`, `b` and, after `b`, `c`, each with its handler; then a
/// compensation, then the job `z`.
fn saga(attributes: &str, inside: &str, after: &str) -> String {
    format!(
        r#"<startEvent id="s"/><adHocSubProcess id="sub"><extensionElements>
           <zeebe:adHoc activeElementsCollection="= wanted"/></extensionElements>
           <<a b c>>[[b -> c]]{}{inside}</adHocSubProcess>{after}{}<<z>><endEvent id="e"/>
           [[s -> sub -> t -> z -> e]]"#,
        undos(&["a", "b", "c"]),
        throw(attributes)
    )
}

#[test]
fn activations_are_undone_in_the_reverse_order_of_their_ends() {
    for attributes in ["", r#"activityRef="sub""#] {
        check(
            &saga(attributes, "", ""),
            "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
             complete b        => job a, job c, open sub
             complete a        => job c, open sub
             complete c        => job undo-c
             complete undo-c   => job undo-b
             complete undo-b   => job undo-a
             complete undo-a   => job z
             complete z        => completed",
        );
        check(
            &saga(attributes, "", ""),
            "start {\"wanted\": [\"a\", \"b\", \"a\"]}  => job a x2, job b, open sub
             complete b        => job a x2, job c, open sub
             complete c        => job a x2, open sub
             complete a        => job a, open sub
             complete a        => job undo-a
             complete undo-a   => job undo-a
             complete undo-a   => job undo-c
             complete undo-c   => job undo-b
             complete undo-b   => job z",
        );
    }
    // What was not activated was not done.
    check(
        &saga("", "", ""),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         complete a        => job undo-a
         complete undo-a   => job z",
    );
}

#[test]
fn a_handler_has_the_variables_of_its_activation() {
    let handler =
        job("undo-d").replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    let mapping = r#"<zeebe:ioMapping><zeebe:input source="= wanted + 1" target="n"/>
        <zeebe:output source="= n" target="seen"/></zeebe:ioMapping></extensionElements>"#;
    let handler = handler.replace("</extensionElements>", mapping);
    let pass = r#"<zeebe:ioMapping><zeebe:input source="= x" target="wanted"/></zeebe:ioMapping></extensionElements>"#;
    let d = job("d").replace("</extensionElements>", pass);
    let body = saga("", &format!("{d}{}", on_handler("d", &handler)), "");
    let mut read = fermata_bpmn::read(&xml(&body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), r#"{"wanted": [], "seen": 0}"#);
    let variables = Variables::parse(r#"{"x": 6}"#).unwrap();
    let owner = sim.nth_live("sub", 1);
    let wanted = vec![ActivateElement { element_id: "d".into(), variables }];
    sim.input(|run| run.activate_elements(owner, wanted, false).unwrap());
    sim.complete("d", "{}");
    let undo = sim.nth_live("undo-d", 1);
    let seen = |name| sim.state.variable(undo, name).map(base::Json::as_str);
    assert_eq!((seen("n"), seen("x")), (Some("7"), Some("6")));
    // What it gives stays with the activation, as what any element in it gives.
    sim.complete("undo-d", "{}");
    assert_eq!(sim.variable("seen"), Some("0"));
    assert_eq!(sim.waits(), ["z"]);
}

#[test]
fn a_handler_of_the_whole_is_the_only_one() {
    let handler =
        job("undo-sub").replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    check(
        &saga("", "", &on_handler("sub", &handler)),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         complete b         => job a, job c, open sub
         complete c         => job a, open sub
         complete a         => job undo-sub
         complete undo-sub  => job z",
    );
}

#[test]
fn an_event_in_an_activation_compensates_that_activation() {
    let inside = format!(
        r#"<<f g h>><intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
           {}[[f -> g -> t2 -> h]]"#,
        undos(&["f", "g"])
    );
    check(
        &saga("", &inside, ""),
        "start {\"wanted\": [\"a\", \"f\", \"f\"]}  => job a, job f x2, open sub
         complete a         => job f x2, open sub
         complete f         => job f, job g, open sub
         complete f         => job g x2, open sub
         complete g         => job g, job undo-g, open sub
         complete undo-g    => job g, job undo-f, open sub
         complete undo-f    => job g, job h, open sub
         complete h         => job g, open sub
         complete g         => job undo-g, open sub
         complete undo-g    => job undo-f, open sub
         complete undo-f    => job h, open sub
         complete h         => job undo-a
         complete undo-a    => job z",
    );
}

/// An event sub-process `h` that compensates all that was done.
fn handler(interrupting: &str, reference: &str) -> String {
    format!(
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" {interrupting}>
           <messageEventDefinition messageRef="m"/></startEvent>{}[[hs -> he]]</subProcess>"#,
        end("he", "compensate").replace("Definition/>", &format!("Definition {reference}/>"))
    )
}

#[test]
fn an_event_sub_process_compensates_all_that_was_done_in_it() {
    check(
        &saga("", &handler("isInterrupting=\"false\"", ""), ""),
        "start {\"wanted\": [\"a\", \"a\", \"b\"], \"id\": 1}  => job a x2, job b, message paid at hs, open sub
         complete a         => job a, job b, message paid at hs, open sub
         complete a         => job b, message paid at hs, open sub
         message paid       => job b, job undo-a, message paid at hs, open sub
         replace sub a      => job a, job undo-a, message paid at hs, open sub
         complete undo-a    => job a, job undo-a, message paid at hs, open sub
         complete undo-a    => job a, message paid at hs, open sub
         complete a         => job undo-a
         complete undo-a    => job z",
    );
    check(
        &saga("", &handler("", ""), ""),
        "start {\"wanted\": [\"a\", \"b\"], \"id\": 1}  => job a, job b, message paid at hs, open sub
         complete b         => job a, job c, message paid at hs, open sub
         complete a         => job c, message paid at hs, open sub
         message paid       => job undo-a
         complete undo-a    => job z",
    );
    let read = fermata_bpmn::read(&xml(&saga("", &handler("", r#"activityRef="a""#), "")));
    let found = read.expect_err("an activity of an activation");
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["B042"]);
}

#[test]
fn what_is_ended_before_it_is_done_is_not_undone() {
    let condition = "<completionCondition>= done</completionCondition>";
    check(
        &saga("", condition, ""),
        "start {\"wanted\": [\"a\", \"b\"], \"done\": true}  => job a, job b, open sub
         complete a         => job undo-a
         complete undo-a    => job z",
    );
    let boundary = r#"<boundaryEvent id="tt" attachedToRef="sub"><timerEventDefinition>
        <timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent>[[tt -> t]]"#;
    check(
        &saga("", "", boundary),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub, timer tt 60s
         complete a         => job b, open sub, timer tt 60s
         advance PT1M       => job z",
    );
}

#[test]
fn a_handler_that_fails_is_mended_and_the_rest_follows() {
    check(
        &saga("", "", ""),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         complete a         => job b, open sub
         complete b         => job c, open sub
         complete c         => job undo-c
         exhaust undo-c     => incident JOB_NO_RETRIES at undo-c, job undo-c
         resolve undo-c     => job undo-c
         complete undo-c    => job undo-b
         complete undo-b    => job undo-a
         complete undo-a    => job z",
    );
}

/// A compensation event sub-process with the job `mend`, then this event.
fn mending(event: &str) -> String {
    whole(&format!("<<mend>>{event}[[hs -> mend -> he]]"))
}

#[test]
fn a_compensation_event_sub_process_takes_the_place_of_the_handlers_in_it() {
    for attributes in ["", r#"activityRef="sub""#] {
        check(
            &saga(attributes, &mending("<endEvent id=\"he\"/>"), ""),
            "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
             complete b        => job a, job c, open sub
             complete a        => job c, open sub
             complete c        => job mend
             complete mend     => job z
             complete z        => completed",
        );
    }
    // Also where nothing in it has a handler, or nothing was done that has one.
    let plain =
        saga("", &mending("<endEvent id=\"he\"/>"), "").replace(&undos(&["a", "b", "c"]), "");
    check(
        &plain,
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         complete a        => job mend
         complete mend     => job z",
    );
    // While the sub-process works it listens to nothing.
    check(
        &saga("", &mending("<endEvent id=\"he\"/>"), ""),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         throw a NO        => incident UNHANDLED_ERROR_EVENT at a, job a, open sub",
    );
}

#[test]
fn a_compensation_event_sub_process_may_compensate_the_activations() {
    check(
        &saga("", &mending(&end("he", "compensate")), ""),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, job b, open sub
         complete a        => job b, open sub
         complete b        => job c, open sub
         complete c        => job mend
         complete mend     => job undo-c
         complete undo-c   => job undo-b
         complete undo-b   => job undo-a
         complete undo-a   => job z
         complete z        => completed",
    );
    // An error of a handler goes outwards: the sub-process has ended.
    check(
        &saga("", &mending(&end("he", "compensate")), ""),
        "start {\"wanted\": [\"a\"]}  => job a, open sub
         complete a        => job mend
         throw mend NO     => incident UNHANDLED_ERROR_EVENT at mend, job mend
         cancel            => terminated",
    );
    let named =
        mending(&end("he", "compensate").replace("Definition/>", "Definition activityRef=\"a\"/>"));
    let read = fermata_bpmn::read(&xml(&saga("", &named, "")));
    let found = read.expect_err("an activity of an activation");
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["B042"]);
}

#[test]
fn an_activation_is_not_compensated_by_the_event_sub_process_of_the_whole() {
    let inside = format!(
        r#"<<f g>><intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
           {}[[f -> t2 -> g]]{}"#,
        undos(&["f"]),
        mending("<endEvent id=\"he\"/>")
    );
    check(
        &saga("", &inside, ""),
        "start {\"wanted\": [\"a\", \"f\"]}  => job a, job f, open sub
         complete f         => job a, job undo-f, open sub
         complete undo-f    => job a, job g, open sub
         complete a         => job g, open sub
         complete g         => job mend
         complete mend      => job z",
    );
}

#[test]
fn each_turn_of_a_loop_is_compensated_by_the_event_sub_process_in_it() {
    let marker = super::loops::multi(true, super::loops::EACH, "");
    let looped = saga("", &(mending(&end("he", "compensate")) + &marker), "");
    check(
        &looped,
        "start {\"items\": [1, 2], \"wanted\": [\"a\"]}  => job a, open sub
         complete a         => job a, open sub
         complete a         => job mend
         complete mend      => job undo-a
         complete undo-a    => job mend
         complete mend      => job undo-a
         complete undo-a    => job z
         complete z         => completed",
    );
}

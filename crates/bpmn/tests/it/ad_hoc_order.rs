//! Ad-hoc sub-processes whose elements take turns: at most one activation is active.

use base::{ActivateElement, Variables};

use super::harness::Sim;
use super::transcript::{check, check_migration, xml};

/// An ad-hoc sub-process `sub` with the jobs `a`, `b` and, after `b`, `c`; then the job `after`.
fn model(spec: &str, more: &str) -> String {
    format!(
        r#"<startEvent id="s"/><adHocSubProcess id="sub" ordering="Sequential"><extensionElements>
           {spec}</extensionElements><<a b c>>[[b -> c]]{more}</adHocSubProcess><<after>>
           <endEvent id="end"/>[[s -> sub -> after -> end]]"#
    )
}

const LIST: &str = r#"<zeebe:adHoc activeElementsCollection="= wanted"/>"#;
const JOB: &str = r#"<zeebe:taskDefinition type="agent"/>"#;

#[test]
fn the_list_is_done_one_after_the_other() {
    check(
        &model(LIST, ""),
        "start {\"wanted\": [\"b\", \"a\", \"b\"]}  => job b, open sub, queued a, queued b
         complete b   => job c, open sub, queued a, queued b
         complete c   => job a, open sub, queued b
         complete a   => job b, open sub
         complete b   => job c, open sub
         complete c   => job after",
    );
}

#[test]
fn what_a_caller_activates_waits_behind_what_waits() {
    check(
        &model("", ""),
        "start                => open sub
         activate sub a b     => job a, open sub, queued b
         activate sub a       => job a, open sub, queued a, queued b
         complete a           => job b, open sub, queued a
         complete b           => job c, open sub, queued a
         replace sub b a      => job b, open sub, queued a
         complete b           => job c, open sub, queued a
         complete c           => job a, open sub
         complete a           => job after",
    );
}

#[test]
fn its_job_is_asked_after_each_and_may_drop_what_waits() {
    check(
        &model(JOB, ""),
        "start                     => asks sub, open sub
         answer sub +a +b +a       => job a, open sub, queued a, queued b
         complete a                => asks sub, job b, open sub, queued a
         answer sub +b             => job b, open sub, queued a, queued b
         complete b                => job c, open sub, queued a, queued b
         complete c                => asks sub, job a, open sub, queued b
         answer sub cancel +b +a   => job b, open sub, queued a
         complete b                => job c, open sub, queued a
         complete c                => asks sub, job a, open sub
         answer sub +b             => job a, open sub, queued b
         activate sub a            => job a, open sub, queued a, queued b
         complete a                => asks sub, job b, open sub, queued a
         answer sub done           => job b
         complete b                => job c
         complete c                => job after",
    );
}

#[test]
fn a_condition_that_holds_and_an_interruption_end_what_waits() {
    let condition = "<completionCondition>= stop</completionCondition>";
    check(
        &model(LIST, condition),
        "start {\"wanted\": [\"a\", \"a\", \"b\"], \"stop\": false}  => job a, open sub, queued a, queued b
         complete a           => job a, open sub, queued b
         set {\"stop\": true}  => job a, open sub, queued b
         complete a           => job after",
    );
    let handler = r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">
        <messageEventDefinition messageRef="m"/></startEvent><<mend>><endEvent id="he"/>
        [[hs -> mend -> he]]</subProcess>"#;
    check(
        &model(LIST, handler),
        "start {\"wanted\": [\"a\", \"a\"], \"id\": 1}  => job a, message paid at hs, open sub, queued a
         message paid         => job mend
         complete mend        => job after",
    );
    // One that does not interrupt runs beside: it is no activation.
    check(
        &model(LIST, &handler.replace("id=\"hs\"", "id=\"hs\" isInterrupting=\"false\"")),
        "start {\"wanted\": [\"a\", \"b\"], \"id\": 1}  => job a, message paid at hs, open sub, queued b
         message paid         => job a, job mend, message paid at hs, open sub, queued b
         complete a           => job b, job mend, message paid at hs, open sub
         complete b           => job c, job mend, message paid at hs, open sub
         complete c           => job mend, message paid at hs, open sub
         complete mend        => job after",
    );
}

#[test]
fn what_is_ended_by_hand_makes_place_for_the_next() {
    check(
        &model(LIST, ""),
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, open sub, queued b
         modify -a            => job b, open sub
         complete b           => job c, open sub
         complete c           => job after",
    );
}

#[test]
fn a_migration_takes_what_waits_along() {
    let other = model(LIST, "<<d>>");
    check_migration(
        &model(LIST, ""),
        &other,
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, open sub, queued b
         stay = b>            => waits for its turn
         stay = b>c           => waits for its turn
         migrate = b>d        => job a, open sub, queued d
         complete a           => job d, open sub
         complete d           => job after",
    );
    let parallel = other.replace(" ordering=\"Sequential\"", "");
    check_migration(
        &model(LIST, ""),
        &parallel,
        "start {\"wanted\": [\"a\", \"b\"]}  => job a, open sub, queued b
         stay = sub>sub       => take turns",
    );
}

#[test]
fn so_many_wait_and_no_more() {
    let mut read = fermata_bpmn::read(&xml(&model("", ""))).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    let owner = sim.nth_live("sub", 1);
    let mut activate = |count: usize| {
        let one = ActivateElement { element_id: "a".into(), variables: Variables::new() };
        let mut outcome = Ok(());
        sim.input(|run| outcome = run.activate_elements(owner, vec![one; count], false));
        outcome
    };
    activate(1).unwrap();
    for _ in 0..10 {
        activate(1_000).unwrap();
    }
    let why = activate(1).unwrap_err();
    assert!(why.contains("10000") && why.contains("turn"), "{why}");
}

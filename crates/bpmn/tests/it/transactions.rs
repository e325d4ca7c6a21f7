//! Transactions: that they are sub-processes, that they are cancelled, and hazards.

use super::compensation::{end, sub, throw, timer, undo, undos};
use super::transcript::check;

/// A transaction in which `i` is followed by a choice, beside `r`; `x` is an error boundary.
fn transaction() -> String {
    format!(
        r#"<startEvent id="s"/><transaction id="tx"><startEvent id="is"/><parallelGateway id="g"/>
           <exclusiveGateway id="x" default="x-ie"/><<i j r q>>{}<endEvent id="ie"/><endEvent id="pe"/>{}
           [[is -> g -> i -> j -> x -(no)-> stop, x -> ie, g -> r -> q -> pe]]</transaction>
           <boundaryEvent id="b" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>{}
           <boundaryEvent id="err" attachedToRef="tx"><errorEventDefinition/></boundaryEvent>
           <<after late sorry broken>>
           <intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>
           <endEvent id="e"/><endEvent id="e2"/><endEvent id="e3"/><endEvent id="e4"/>
           [[s -> tx -> after -> t -> e, b -> sorry -> e2, tm -> late -> e3, err -> broken -> e4]]"#,
        undos(&["i", "j", "r"]),
        end("stop", "cancel"),
        timer("tm", "tx")
    )
}

#[test]
fn a_transaction_that_is_not_cancelled_is_a_sub_process() {
    check(
        &transaction(),
        "start {\"no\": false} => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         complete r       => job j, job q, timer tm 60s
         complete j       => job q, timer tm 60s
         complete q       => job after
         complete after   => job undo-j
         complete undo-j  => job undo-r
         complete undo-r  => job undo-i
         complete undo-i  => completed",
    );
}

#[test]
fn a_cancel_ends_what_is_active_compensates_what_completed_and_leaves_by_its_boundary() {
    // `q` works still; `r` did not complete in the second.
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         complete r       => job j, job q, timer tm 60s
         complete j       => job undo-j
         complete undo-j  => job undo-r
         complete undo-r  => job undo-i
         complete undo-i  => job sorry
         complete sorry   => completed",
    );
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         complete j       => job undo-j
         complete undo-j  => job undo-i
         complete undo-i  => job sorry",
    );
}

#[test]
fn a_timer_and_a_cancel_race_in_both_orders() {
    // A transaction that is cancelled has decided how it ends.
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         complete j       => job undo-j
         advance PT1M     => job undo-j
         complete undo-j  => job undo-i
         complete undo-i  => job sorry",
    );
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         advance PT1M     => job late
         complete late    => completed",
    );
}

#[test]
fn an_error_that_leaves_a_transaction_is_a_hazard_and_compensates_nothing() {
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         throw r NO       => job broken
         complete broken  => completed",
    );
    check(
        &transaction(),
        "start {\"no\": true}  => job i, job r, timer tm 60s
         complete i       => job j, job r, timer tm 60s
         complete j       => job undo-j
         exhaust undo-j   => incident JOB_NO_RETRIES at undo-j, job undo-j
         resolve undo-j   => job undo-j
         throw undo-j NO  => job broken",
    );
}

/// A transaction that compensates by itself in one branch and is cancelled in the other.
fn twice(attribute: &str) -> String {
    format!(
        r#"<startEvent id="s"/><transaction id="tx"><startEvent id="is"/><parallelGateway id="g"/>
           <<i j k l>>{}{}<endEvent id="ie"/>{}
           [[is -> i -> j -> g -> k -> t -> ie, g -> l -> stop]]</transaction>
           <boundaryEvent id="b" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>
           <<sorry>><endEvent id="e"/><endEvent id="e2"/>[[s -> tx -> e, b -> sorry -> e2]]"#,
        undos(&["i", "j"]),
        throw(attribute),
        end("stop", "cancel")
    )
}

#[test]
fn a_cancel_lets_a_handler_finish_that_is_at_work_and_compensates_the_rest() {
    for attribute in ["", "waitForCompletion=\"false\""] {
        check(
            &twice(attribute),
            "start            => job i
             complete i       => job j
             complete j       => job k, job l
             complete k       => job l, job undo-j
             complete l       => job undo-j
             complete undo-j  => job undo-i
             complete undo-i  => job sorry
             complete sorry   => completed",
        );
    }
    // The other order.
    check(
        &twice(""),
        "start            => job i
         complete i       => job j
         complete j       => job k, job l
         complete l       => job undo-j
         complete undo-j  => job undo-i
         complete undo-i  => job sorry",
    );
    check(
        &twice(""),
        "start            => job i
         complete i       => job j
         complete j       => job k, job l
         complete k       => job l, job undo-j
         complete undo-j  => job l, job undo-i
         complete undo-i  => job l
         complete l       => job sorry",
    );
}

#[test]
fn a_cancel_with_nothing_to_compensate_leaves_at_once() {
    let model = r#"<startEvent id="s"/><transaction id="tx"><startEvent id="is"/><endEvent id="stop">
        <cancelEventDefinition/></endEvent>[[is -> stop]]</transaction>
        <boundaryEvent id="b" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>
        <<sorry>><endEvent id="e"/><endEvent id="e2"/>[[s -> tx -> e, b -> sorry -> e2]]"#;
    check(model, "start => job sorry\n complete sorry => completed");
}

#[test]
fn a_cancel_compensates_sub_processes_that_completed_and_not_those_that_work() {
    let inner = sub(&["i"], "");
    let model = format!(
        r#"<startEvent id="s"/><transaction id="tx"><startEvent id="is0"/>{inner}<parallelGateway id="g"/><<w>>
           <subProcess id="busy"><startEvent id="bs"/><<k l>>{}<endEvent id="be"/>[[bs -> k -> l -> be]]</subProcess>
           <endEvent id="te"/>{}[[is0 -> sub -> g -> w -> stop, g -> busy -> te]]</transaction>
           <boundaryEvent id="b" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>
           <<sorry>><endEvent id="e"/><endEvent id="e2"/>[[s -> tx -> e, b -> sorry -> e2]]"#,
        undo("k"),
        end("stop", "cancel")
    );
    check(
        &model,
        "start            => job i
         complete i       => job k, job w
         complete k       => job l, job w
         complete w       => job undo-i
         complete undo-i  => job sorry",
    );
}

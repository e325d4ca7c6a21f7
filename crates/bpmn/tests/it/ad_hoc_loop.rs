//! Ad-hoc sub-processes that repeat: each turn is one of its own, with its activations in it.

use super::compensation::{throw, undos};
use super::transcript::check;

/// An ad-hoc sub-process `sub` with this loop marker and the jobs `a`, `b`, each with its handler; then
/// a compensation, and the job `after`.
fn model(marker: &str, spec: &str) -> String {
    format!(
        r#"<startEvent id="s"/><adHocSubProcess id="sub"><extensionElements>{spec}</extensionElements>
           <<a b>>{}{marker}</adHocSubProcess>{}<<after>><endEvent id="end"/>
           [[s -> sub -> t -> after -> end]]"#,
        undos(&["a", "b"]),
        throw("")
    )
}

fn over(items: &str) -> String {
    format!(
        r#"<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics
           inputCollection="= {items}" inputElement="wanted" outputCollection="all"
           outputElement="= found"/></extensionElements></multiInstanceLoopCharacteristics>"#
    )
}

const LIST: &str = r#"<zeebe:adHoc activeElementsCollection="= wanted" outputCollection="found"
    outputElement="= result"/>"#;

#[test]
fn turns_at_once_have_their_own_lists_and_their_own_outputs() {
    let marker = over("todo");
    check(
        &model(&marker, LIST),
        "start {\"todo\": [[\"a\"], [\"a\", \"b\"]]}  => job a x2, job b, open sub x2
         complete b {\"result\": 3}     => job a x2, open sub x2
         complete a {\"result\": 1}     => job a, open sub
         complete a {\"result\": 2}     => job undo-a
         complete undo-a               => job undo-b
         complete undo-b               => job undo-a
         complete undo-a               => job after
         variables                     => all: [[1],[3,2]], todo: [[\"a\"], [\"a\", \"b\"]]",
    );
}

#[test]
fn one_turn_after_the_other_and_a_standard_loop() {
    let sequential = r#"<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>= 2
        </loopCardinality></multiInstanceLoopCharacteristics>"#;
    let standard = r#"<standardLoopCharacteristics loopMaximum="2"/>"#;
    for marker in [sequential, standard] {
        check(
            &model(marker, LIST),
            "start {\"wanted\": [\"a\"]}         => job a, open sub
             complete a {\"result\": 1}         => job a, open sub
             complete a {\"result\": 2}         => job undo-a
             complete undo-a                   => job undo-a
             complete undo-a                   => job after",
        );
    }
}

#[test]
fn each_turn_asks_a_worker_and_is_activated_by_itself() {
    let marker = "<multiInstanceLoopCharacteristics><loopCardinality>= 2</loopCardinality>\
        </multiInstanceLoopCharacteristics>";
    check(
        &model(marker, r#"<zeebe:taskDefinition type="agent"/>"#),
        "start              => asks sub x2, open sub x2
         answer sub +a +b   => asks sub, job a, job b, open sub x2
         complete a         => asks sub x2, job b, open sub x2
         answer sub done    => asks sub, job b, open sub
         complete b         => asks sub, open sub
         answer sub done    => job undo-b
         complete undo-b    => job undo-a
         complete undo-a    => job after",
    );
    check(&model(marker, LIST), "start {\"wanted\": []} => open sub x2\n cancel => terminated");
}

#[test]
fn what_is_attached_ends_all_turns() {
    let marker = "<multiInstanceLoopCharacteristics><loopCardinality>= 2</loopCardinality>\
        </multiInstanceLoopCharacteristics>";
    let body = model(marker, LIST).replace(
        "<<after>>",
        r#"<boundaryEvent id="b1" attachedToRef="sub"><errorEventDefinition errorRef="e"/>
           </boundaryEvent><<late after>>[[b1 -> late]]"#,
    );
    check(
        &body,
        "start {\"wanted\": [\"a\"]}  => job a x2, open sub x2
         throw a NO                => job late",
    );
}

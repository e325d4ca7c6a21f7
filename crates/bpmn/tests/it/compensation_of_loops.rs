//! Compensation of activities that repeat.

use super::compensation::{throw, undo};
use super::transcript::check;

/// The activity `a` for each of two items, with its handler.
fn repeated(sequential: bool) -> String {
    let a = super::loops::task("a", &super::loops::multi(sequential, super::loops::EACH, ""), "");
    format!(
        r#"<startEvent id="s"/>{a}<<b>>{}{}<endEvent id="e"/>[[s -> a -> t -> b -> e]]"#,
        undo("a"),
        throw("")
    )
}

#[test]
fn each_turn_of_an_activity_that_repeats_is_undone_for_itself_the_last_first() {
    check(
        &repeated(true),
        "start {\"items\": [1, 2]}          => job a
         complete a                       => job a
         complete a                       => job undo-a
         complete undo-a                  => job undo-a
         complete undo-a                  => job b
         complete b                       => completed",
    );
    check(
        &repeated(false),
        "start {\"items\": [1, 2]}          => job a x2
         complete a                       => job a
         complete a                       => job undo-a
         complete undo-a                  => job undo-a
         complete undo-a                  => job b",
    );
    check(&repeated(false), "start {\"items\": []} => job b\n complete b => completed");
}

/// A sub-process for each of two items, which says itself how it is undone.
#[test]
fn each_turn_of_a_sub_process_that_repeats_undoes_itself() {
    let each = super::loops::multi(true, super::loops::EACH, "");
    let body = format!(
        r#"<startEvent id="s"/><subProcess id="sub">{each}<startEvent id="is"/><<a>><endEvent id="ie"/>
           [[is -> a -> ie]]<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">
           <compensateEventDefinition/></startEvent><<u>><endEvent id="he"/>[[hs -> u -> he]]</subProcess>
           </subProcess><<b>>{}<endEvent id="e"/>[[s -> sub -> t -> b -> e]]"#,
        throw("")
    );
    check(
        &body,
        "start {\"items\": [1, 2]}  => job a
         complete a               => job a
         complete a               => job u
         complete u               => job u
         complete u               => job b
         complete b               => completed",
    );
}

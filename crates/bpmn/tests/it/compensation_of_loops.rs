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

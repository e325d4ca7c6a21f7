//! Compensation of activities that repeat.

use super::compensation::{end, sub, throw, undo, whole};
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

#[test]
fn each_turn_is_compensated_by_the_event_sub_process_in_it() {
    let mending = format!("<<mend>>{}[[hs -> mend -> he]]", end("he", "compensate"));
    let marker = super::loops::multi(true, super::loops::EACH, "");
    let model = format!(
        r#"<startEvent id="s"/>{}<<b>>{}<endEvent id="e"/>[[s -> sub -> t -> b -> e]]"#,
        sub(&["i"], &(whole(&mending) + &marker)),
        throw("")
    );
    check(
        &model,
        "start {\"items\": [1, 2]} => job i
         complete i       => job i
         complete i       => job mend
         complete mend    => job undo-i
         complete undo-i  => job mend
         complete mend    => job undo-i
         complete undo-i  => job b
         complete b       => completed",
    );
    check(&model, "start {\"items\": []} => job b");
}

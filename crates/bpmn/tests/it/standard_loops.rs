//! Activities that repeat while a condition holds.

use super::loops::{alone, standard, task};
use super::transcript::check;

fn while_(text: &str) -> String {
    format!("<loopCondition>{text}</loopCondition>")
}

#[test]
fn a_standard_loop_goes_on_while_its_condition_holds() {
    check(
        &alone(&task("a", &standard("", &while_("= left &gt; 0")), "")),
        r#"start {"left": 0}        => job a
           complete a {"left": 1}   => job a
           complete a {"left": 0}   => completed
           variables                => left: 0"#,
    );
    check(
        &alone(&task("a", &standard(r#"testBefore="true""#, &while_("= left &gt; 0")), "")),
        r#"start {"left": 0}  => completed"#,
    );
    check(
        &alone(&task("a", &standard(r#"testBefore="true""#, &while_("= loopCounter &lt; 2")), "")),
        "start       => job a
         complete a  => job a
         complete a  => completed",
    );
}

#[test]
fn a_standard_loop_ends_at_its_maximum() {
    check(
        &alone(&task("a", &standard(r#"loopMaximum="3""#, ""), "")),
        "start       => job a
         complete a  => job a
         complete a  => job a
         complete a  => completed",
    );
    check(
        &alone(&task("a", &standard(r#"loopMaximum="2""#, &while_("= true")), "")),
        "start       => job a
         complete a  => job a
         complete a  => completed",
    );
}

#[test]
fn a_loop_condition_that_is_neither_true_nor_false_is_an_incident() {
    check(
        &alone(&task("a", &standard(r#"testBefore="true""#, &while_("= more")), "")),
        r#"start                    => incident EXTRACT_VALUE_ERROR at a
           set {"more": true}       => incident EXTRACT_VALUE_ERROR at a
           resolve a                => job a
           complete a {"more": 1}   => incident EXTRACT_VALUE_ERROR at a
           set {"more": false}      => incident EXTRACT_VALUE_ERROR at a
           resolve a                => completed"#,
    );
}

//! Compensation that goes over the border of the scope in which it was asked for.

use super::compensation::{throw, undos};
use super::transcript::check;

#[test]
fn an_event_sub_process_that_has_ended_its_path_ends_when_its_last_handler_does() {
    let body = format!(
        r#"<startEvent id="s"/><<a work>>{}<endEvent id="e"/>[[s -> a -> work -> e]]
           <subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><errorEventDefinition errorRef="e"/></startEvent>
           <<b>>{}{}<endEvent id="he"/>[[hs -> b -> t -> he]]</subProcess>"#,
        undos(&["a"]),
        undos(&["b"]),
        throw(r#"waitForCompletion="false""#)
    );
    // `undo-a` is a job of the process: when it is done nothing is left in the event sub-process
    // since long.
    check(
        &body,
        r"
        start           => job a
        complete a      => job work
        throw work NO   => job b
        complete b      => job undo-b
        complete undo-b => job undo-a
        complete undo-a => completed
    ",
    );
}

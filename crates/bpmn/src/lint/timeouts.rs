//! User tasks and messages that are waited for without a time after which something happens.

use super::codes::{MESSAGE_WITHOUT_TIMEOUT, TASK_WITHOUT_TIMEOUT};
use super::model::{Found, Model, triggers};
use crate::graph::{Kind, Node, Trigger};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (element, node) in model.elements() {
        match &node.kind {
            // Who looks at overdue tasks looks at this one.
            Kind::UserTask(task) if task.due_date.is_none() && !is_timed(model, element) => {
                let message = format!(
                    "the user task {} may wait for ever: no timer is on it or around it",
                    node.label()
                );
                let help = "attach a timer boundary event, or give the task a due date";
                found.warn(element, TASK_WITHOUT_TIMEOUT, message, help);
            }
            Kind::Catch(_) if waits_for_message(node) && !is_after_gateway(model, node) => {
                if !is_timed(model, element) {
                    let message = format!("{} may wait for its message for ever", node.label());
                    let help = "wait behind an event-based gateway that has a timer too, or attach a \
                                timer boundary event to a receive task or the scope around";
                    found.warn(element, MESSAGE_WITHOUT_TIMEOUT, message, help);
                }
            }
            Kind::EventBased => gateway(model, element, node, found),
            _ => {}
        }
    }
}

/// An event-based gateway that waits for messages only.
fn gateway(model: &Model<'_>, element: u32, node: &Node, found: &mut Found<'_>) {
    let events: Vec<&Node> =
        node.outgoing.iter().map(|flow| model.node(model.flow(*flow).target)).collect();
    let only_messages = events.iter().all(|event| waits_for_message(event));
    if only_messages && !is_timed(model, element) {
        let message = format!(
            "{} may wait for one of its messages for ever: none of its events is a timer",
            node.label()
        );
        let help = "add a timer event to the gateway";
        found.warn(element, MESSAGE_WITHOUT_TIMEOUT, message, help);
    }
}

fn is_after_gateway(model: &Model<'_>, node: &Node) -> bool {
    let mut sources = node.incoming.iter().map(|flow| model.node(model.flow(*flow).source));
    sources.any(|source| matches!(source.kind, Kind::EventBased))
}

/// Messages alone: a signal or a timer beside them may come.
fn waits_for_message(node: &Node) -> bool {
    let waits = triggers(node);
    !waits.is_empty() && waits.iter().all(|trigger| matches!(trigger, Trigger::Message { .. }))
}

/// Whether a timer runs on the element or on a scope around it.
fn is_timed(model: &Model<'_>, element: u32) -> bool {
    let mut catchers = model.catchers(element).into_iter();
    catchers
        .any(|event| triggers(model.node(event)).iter().any(|it| matches!(it, Trigger::Timer(_))))
}

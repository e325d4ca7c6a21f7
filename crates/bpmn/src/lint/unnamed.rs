//! User tasks without a name: people would see an id in their list.

use super::codes::TASK_WITHOUT_NAME;
use super::model::{Found, Model};
use crate::graph::Kind;

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (element, node) in model.elements() {
        let named = node.name.as_deref().is_some_and(|name| !name.trim().is_empty());
        if matches!(node.kind, Kind::UserTask(_)) && !named {
            let message = format!("the user task {} has no name for people to see", node.label());
            found.warn(element, TASK_WITHOUT_NAME, message, "add name=\"...\": what is to be done");
        }
    }
}

//! Links that are caught, but not thrown in their scope.

use super::codes::LINK_NOT_THROWN;
use super::model::{Found, Model, throws};
use crate::graph::{Kind, Throw, Trigger};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let mut thrown = vec![false; model.process.nodes.len()];
    for (_, node) in model.elements() {
        for throw in throws(node) {
            if let Throw::Link { target } = throw {
                thrown[*target as usize] = true;
            }
        }
    }
    for (element, node) in model.elements() {
        let Kind::Catch(Trigger::Link(name)) = &node.kind else { continue };
        if !thrown[element as usize] {
            let message = format!(
                "{} catches the link \"{name}\", which nothing in its scope throws",
                node.label()
            );
            let help = "throw the link, or remove this event and what follows it";
            found.warn(element, LINK_NOT_THROWN, message, help);
        }
    }
}

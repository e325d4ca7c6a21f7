//! Gateways that have conditions, but no default flow: where no condition holds, an instance stops.

use super::codes::NO_DEFAULT;
use super::conditions::constant_of;
use super::model::{Found, Model};
use crate::graph::{Kind, Node};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (element, node) in model.elements() {
        let chooses = matches!(node.kind, Kind::Exclusive | Kind::Inclusive);
        if !chooses || node.default.is_some() || node.outgoing.is_empty() || covers(model, node) {
            continue;
        }
        let message = format!(
            "the gateway {} has no default flow: an instance for which no condition holds stops there \
             with an incident",
            node.label()
        );
        found.warn(element, NO_DEFAULT, message, "mark one outgoing flow as the default");
    }
}

/// Whether some flow can always be taken: one has no condition, or is always true, or two are `a = b`
/// and `a != b`, of which one holds whatever the values are. (`a > b` and `a <= b` are both null where
/// `a` is missing, as are `a` and `not(a)`.)
fn covers(model: &Model<'_>, node: &Node) -> bool {
    let mut texts = Vec::new();
    for flow in &node.outgoing {
        let Some(condition) = &model.flow(*flow).condition else { return true };
        if constant_of(condition).and_then(|value| value.as_bool()) == Some(true) {
            return true;
        }
        texts.extend(feel::format(condition.source()));
    }
    texts.iter().any(|text| {
        let other = text.replacen(" = ", " != ", 1);
        other != *text && texts.contains(&other)
    })
}

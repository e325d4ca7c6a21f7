//! Conditions that decide nothing: of a default flow, the same one twice, always or never true.

use super::codes::{CONDITION_WITHOUT_EFFECT, SAME_CONDITION};
use super::model::{Found, Model};
use crate::graph::{Kind, Node};

/// The value of an expression that is the same for every instance: it reads no variable and calls
/// nothing, not even the clock.
pub(super) fn constant_of(expression: &feel::Expression) -> Option<feel::Value> {
    let fixed = expression.names().is_empty() && !expression.source().contains('(');
    fixed.then(|| expression.evaluate(&feel::Nothing, 0).value)
}

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (_, node) in model.elements() {
        default(model, node, found);
        constant(model, node, found);
        if matches!(node.kind, Kind::Exclusive) {
            twice(model, node, found);
            after_any(model, node, found);
        }
    }
}

fn default(model: &Model<'_>, node: &Node, found: &mut Found<'_>) {
    let Some(default) = node.default else { return };
    if model.flow(default).condition.is_some() {
        let message = format!(
            "the flow {} is the default of {}: its condition is never evaluated",
            model.flow_label(default),
            node.label()
        );
        let help = "remove the condition, or make another flow the default";
        found.warn(default, CONDITION_WITHOUT_EFFECT, message, help);
    }
}

fn constant(model: &Model<'_>, node: &Node, found: &mut Found<'_>) {
    for flow in node.outgoing.iter().filter(|flow| Some(**flow) != node.default) {
        let Some(condition) = &model.flow(*flow).condition else { continue };
        let Some(value) = constant_of(condition) else { continue };
        let (what, help) = match value.as_bool() {
            Some(true) => ("is always true", "remove the condition, or make the flow the default"),
            Some(false) => ("is never true", "remove the flow, or correct the condition"),
            None => ("is neither true nor false", "write a condition that is true or false"),
        };
        let message = format!(
            "the condition `{}` of the flow {} {what}",
            condition.source().trim(),
            model.flow_label(*flow)
        );
        found.warn(*flow, CONDITION_WITHOUT_EFFECT, message, help);
    }
}

/// The first flow whose condition holds is taken, so the second one never is.
fn twice(model: &Model<'_>, node: &Node, found: &mut Found<'_>) {
    let mut seen: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for flow in node.outgoing.iter().filter(|flow| Some(**flow) != node.default) {
        let Some(condition) = &model.flow(*flow).condition else { continue };
        let Ok(text) = feel::format(condition.source()) else { continue };
        if constant_of(condition).is_some() {
            continue;
        }
        let Some(first) = seen.get(&text) else {
            seen.insert(text, *flow);
            continue;
        };
        let message = format!(
            "the flow {} is never taken: {} has the same condition `{}`",
            model.flow_label(*flow),
            model.flow_label(*first),
            condition.source().trim()
        );
        found.warn(*flow, SAME_CONDITION, message, "correct one of the conditions");
    }
}

/// A flow without a condition is taken when it is come to: those after it never are.
fn after_any(model: &Model<'_>, node: &Node, found: &mut Found<'_>) {
    let mut flows = node.outgoing.iter().filter(|flow| Some(**flow) != node.default);
    let any = flows.by_ref().find(|flow| model.flow(**flow).condition.is_none());
    let (Some(any), Some(next)) = (any, flows.next()) else { return };
    let message = format!(
        "the flow {} is never taken: {} comes before it and has no condition",
        model.flow_label(*next),
        model.flow_label(*any)
    );
    let help = "give the first one a condition, or make it the default flow";
    found.warn(*next, CONDITION_WITHOUT_EFFECT, message, help);
}

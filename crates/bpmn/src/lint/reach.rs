//! Elements that no instance comes to: no path leads to them from a start event, a boundary event, an
//! event sub-process, a link or the compensation of an activity.

use super::codes::UNREACHABLE;
use super::model::{Found, Model};
use crate::graph::{Kind, Throw, Trigger};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let reached = reached(model);
    let mut told = vec![false; reached.len()];
    // Where a path begins first, then what is left: circles that nothing leads into.
    for begins in [true, false] {
        for (element, node) in model.elements() {
            let at = element as usize;
            // What is in something unreachable is no news.
            let skip = reached[at] || told[at] || !reached[node.scope as usize];
            if skip || begins && !is_begin(model, element) {
                continue;
            }
            follow(model, element, &mut told);
            // A link that nobody throws is told as such.
            if matches!(node.kind, Kind::Catch(Trigger::Link(_))) {
                continue;
            }
            let message = format!("{} is never reached: nothing leads to it", node.label());
            let help = "connect it to what comes before it, or remove it";
            found.warn(element, UNREACHABLE, message, help);
        }
    }
}

/// Whether nothing at all leads to it.
fn is_begin(model: &Model<'_>, element: u32) -> bool {
    let node = model.node(element);
    node.incoming.is_empty() && !matches!(node.kind, Kind::Boundary { .. })
}

fn reached(model: &Model<'_>) -> Vec<bool> {
    let mut reached = vec![false; model.process.nodes.len()];
    reached[0] = true;
    let mut open = begins(model, 0);
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut reached[at as usize], true) {
            continue;
        }
        open.extend(next(model, at));
        open.extend(begins(model, at));
    }
    reached
}

/// Marks everything that is unreachable because this is.
fn follow(model: &Model<'_>, element: u32, told: &mut [bool]) {
    let mut open = vec![element];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut told[at as usize], true) {
            open.extend(next(model, at));
        }
    }
}

/// Where an instance can be when the scope begins.
fn begins(model: &Model<'_>, scope: u32) -> Vec<u32> {
    let inside = model.children[scope as usize].iter().copied();
    inside
        .filter(|child| {
            matches!(model.node(*child).kind, Kind::Start(_) | Kind::EventSubProcess { .. })
        })
        .collect()
}

/// Where an instance can be after, or because of, an element.
fn next(model: &Model<'_>, element: u32) -> Vec<u32> {
    let node = model.node(element);
    let mut next: Vec<u32> = node.outgoing.iter().map(|flow| model.flow(*flow).target).collect();
    next.extend(&node.boundaries);
    next.extend(node.compensation.handler);
    if let Kind::Throw(throws) = &node.kind {
        next.extend(throws.iter().filter_map(|throw| match throw {
            Throw::Link { target } => Some(*target),
            Throw::Terminate
            | Throw::Error { .. }
            | Throw::Escalation { .. }
            | Throw::Signal { .. } => None,
        }));
    }
    next
}

//! Errors that are caught but never thrown, and thrown but not caught.

use std::collections::BTreeSet;

use base::Text;

use super::codes::{ERROR_NOT_CAUGHT, ERROR_NOT_THROWN};
use super::kinds::fails_from_outside;
use super::model::{Found, Model, throws, triggers};
use crate::graph::{Kind, Process, Throw, Trigger, Value};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (element, node) in model.elements() {
        for trigger in triggers(node) {
            if let Trigger::Error { code } = trigger {
                caught(model, element, code.as_ref(), found);
            }
        }
        for throw in throws(node) {
            if let Throw::Error { code: Value::Fixed(code) } = throw {
                thrown(model, element, code, found);
            }
        }
    }
}

/// What can throw to an event that catches: what is in the activity that it is attached to, or in
/// the scope that its event sub-process is in, without the event sub-process.
pub(super) fn throwers(model: &Model<'_>, catcher: u32) -> Vec<u32> {
    let node = model.node(catcher);
    if let Kind::Boundary { attached, .. } = node.kind {
        let mut inside = model.within(attached);
        inside.push(attached);
        return inside;
    }
    let handler = node.scope;
    let own: BTreeSet<u32> = model.within(handler).into_iter().collect();
    let mut inside = model.within(model.node(handler).scope);
    inside.retain(|at| !own.contains(at));
    inside
}

fn caught(model: &Model<'_>, element: u32, code: Option<&Text>, found: &mut Found<'_>) {
    let inside = throwers(model, element);
    let is_it = |throw: &Throw| match throw {
        Throw::Error { code: Value::Fixed(thrown) } => code.is_none_or(|code| code == thrown),
        Throw::Error { code: Value::Feel(_) } => true,
        Throw::Terminate | Throw::Escalation { .. } | Throw::Signal { .. } | Throw::Link { .. } => {
            false
        }
    };
    let possible = inside.iter().any(|at| {
        let node = model.node(*at);
        fails_from_outside(node) || throws(node).iter().any(is_it)
    });
    if possible {
        return;
    }
    let label = model.node(element).label();
    let message = match code {
        Some(code) => {
            format!("{label} catches the error \"{code}\", which nothing in it can throw")
        }
        None => format!("{label} catches errors, but nothing in it can throw one"),
    };
    let help = "correct the code, throw the error, or remove the event";
    found.warn(element, ERROR_NOT_THROWN, message, help);
}

fn thrown(model: &Model<'_>, element: u32, code: &Text, found: &mut Found<'_>) {
    let takes = |trigger: &Trigger| match trigger {
        Trigger::Error { code: caught } => caught.as_ref().is_none_or(|caught| caught == code),
        _ => false,
    };
    if caught_by(model, element, &takes) || caught_by_callers(model, &takes) {
        return;
    }
    let label = model.node(element).label();
    let message = format!(
        "{label} throws the error \"{code}\", which nothing in these models catches: an instance stops \
         there with an incident"
    );
    let help = "catch it with a boundary event or an event sub-process around it; if a process that \
                calls this one does, name its model on the command line";
    found.warn(element, ERROR_NOT_CAUGHT, message, help);
}

/// Whether an event around an element takes what it throws.
pub(super) fn caught_by(model: &Model<'_>, thrower: u32, takes: &dyn Fn(&Trigger) -> bool) -> bool {
    model.catchers(thrower).iter().any(|event| triggers(model.node(*event)).iter().any(takes))
}

/// Whether a process that calls this one, or calls one that does, takes it.
fn caught_by_callers(model: &Model<'_>, takes: &dyn Fn(&Trigger) -> bool) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Process> = vec![model.process];
    while let Some(called) = open.pop() {
        if !seen.insert(&called.id) {
            continue;
        }
        for (caller, call) in model.around.calls.get(&*called.id).into_iter().flatten() {
            if caught_by(&Model::of(caller, model.around), *call, takes) {
                return true;
            }
            open.push(caller);
        }
    }
    false
}

//! Escalations that are caught but not thrown, and thrown but not caught.

use base::Text;

use super::codes::{ESCALATION_NOT_CAUGHT, ESCALATION_NOT_THROWN};
use super::errors::{caught_by, throwers};
use super::model::{Found, Model, throws, triggers};
use crate::graph::{Kind, Throw, Trigger, Value};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for (element, node) in model.elements() {
        for trigger in triggers(node) {
            if let Trigger::Escalation { code } = trigger {
                caught(model, element, code.as_ref(), found);
            }
        }
        for throw in throws(node) {
            if let Throw::Escalation { code: Value::Fixed(code) } = throw {
                thrown(model, element, code, found);
            }
        }
    }
}

fn caught(model: &Model<'_>, element: u32, code: Option<&Text>, found: &mut Found<'_>) {
    let inside = throwers(model, element);
    // What a called process escalates stands in another model.
    if inside.iter().any(|at| matches!(model.node(*at).kind, Kind::Call(_))) {
        return;
    }
    let is_it = |throw: &Throw| match throw {
        Throw::Escalation { code: Value::Fixed(thrown) } => code.is_none_or(|code| code == thrown),
        Throw::Escalation { code: Value::Feel(_) } => true,
        Throw::Terminate | Throw::Error { .. } | Throw::Signal { .. } | Throw::Link { .. } => false,
    };
    if inside.iter().any(|at| throws(model.node(*at)).iter().any(is_it)) {
        return;
    }
    let label = model.node(element).label();
    let message = match code {
        Some(code) => {
            format!("{label} catches the escalation \"{code}\", which nothing in it throws")
        }
        None => format!("{label} catches escalations, but nothing in it throws one"),
    };
    let help = "correct the code, throw the escalation, or remove the event";
    found.warn(element, ESCALATION_NOT_THROWN, message, help);
}

fn thrown(model: &Model<'_>, element: u32, code: &Text, found: &mut Found<'_>) {
    let takes = |trigger: &Trigger| match trigger {
        Trigger::Escalation { code: caught } => caught.as_ref().is_none_or(|caught| caught == code),
        _ => false,
    };
    if !caught_by(model, element, &takes) {
        let label = model.node(element).label();
        let message = format!("{label} throws the escalation \"{code}\", which nothing catches");
        let help = "catch it with a boundary event or an event sub-process around it; without one \
                    nothing comes of it";
        found.warn(element, ESCALATION_NOT_CAUGHT, message, help);
    }
}

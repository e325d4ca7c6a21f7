//! Signals that are waited for, but that no model throws.

use super::codes::SIGNAL_NOT_THROWN;
use super::model::{Found, Model, triggers};
use crate::graph::{Kind, Trigger, Value};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let thrown = &model.around.signals;
    if thrown.any {
        return;
    }
    for (element, node) in model.elements() {
        // A process is begun from outside, as by a message.
        if matches!(node.kind, Kind::Start(_)) && node.scope == 0 {
            continue;
        }
        for trigger in triggers(node) {
            let Trigger::Signal(Value::Fixed(name)) = trigger else { continue };
            if thrown.fixed.contains(&**name) {
                continue;
            }
            let message = format!(
                "{} waits for the signal \"{name}\", which no event of these models throws",
                node.label()
            );
            let help = "correct the name, or name the model that throws it on the command line; if it \
                        is broadcast from outside, silence this with that as the reason";
            found.warn(element, SIGNAL_NOT_THROWN, message, help);
        }
    }
}

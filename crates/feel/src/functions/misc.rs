//! Booleans, defaults, assertions, identifiers.

use super::{Answer, Args};
use crate::machine::Machine;
use crate::notes::shortened;
use crate::value::Value;

/// Null for what is no boolean (DMN 1.5, table 74).
pub(super) fn not(_: &mut Machine, args: &Args<'_>) -> Answer {
    let single = match args.get(0) {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    };
    single.as_bool().map(|value| Value::Bool(!value)).ok_or_else(|| args.unfit(0, "a boolean"))
}

pub(super) fn get_or_else(_: &mut Machine, args: &Args<'_>) -> Answer {
    let value = args.get(0);
    Ok(if value.is_null() { args.get(1).clone() } else { value.clone() })
}

/// The value as it is; what else is said of it is for readers of the model (`Expression::ai_parameters`).
pub(super) fn from_ai(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(args.get(0).clone())
}

/// Ends the whole evaluation if the condition does not hold, with the cause as the reason.
pub(super) fn assert(machine: &mut Machine, args: &Args<'_>) -> Answer {
    if args.get(1).is_true() {
        return Ok(args.get(0).clone());
    }
    let cause = match args.get(2) {
        Value::Null(_) => "the condition does not hold".to_owned(),
        cause => cause.to_text(),
    };
    let value = shortened(args.get(0));
    machine.abort(format!("an assertion failed: {cause}; the value is {value}"), args.get(1).why());
    Ok(Value::NULL)
}

/// Drawn from the seed of the input, in the form of a random one (RFC 9562, 5.4).
pub(super) fn uuid(machine: &mut Machine, _: &Args<'_>) -> Answer {
    let (high, low) = (machine.draw(), machine.draw());
    let high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000;
    let low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
    Ok(Value::text(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )))
}

/// Calls of it are compiled to an operation of their own; as a value it sees values only.
pub(super) fn is_defined(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::Bool(!args.get(0).is_null()))
}

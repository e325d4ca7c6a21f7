//! What is constant is computed when it is compiled: ranges, lists and signs of literals, dates and
//! durations from their texts.

use crate::code::{Code, Kind};
use crate::functions::{Args, Builtin};
use crate::machine::Machine;
use crate::value::{Range, Value};

/// The code, or the constant that it always gives.
pub(super) fn folded(code: Code) -> Code {
    let span = code.span;
    let constant = match &code.kind {
        Kind::Negate(operand) => match &operand.kind {
            Kind::Constant(Value::Number(number)) => Some(Value::Number(number.negated())),
            _ => None,
        },
        Kind::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(constant).collect();
            items.map(Value::list).filter(|list| !list.is_null())
        }
        Kind::Range(range) => {
            let end = |end: &Option<Code>| match end {
                Some(code) => constant(code).filter(|value| !value.is_null()).map(Some),
                None => Some(None),
            };
            match (end(&range.low), end(&range.high)) {
                (Some(low), Some(high)) => crate::machine::range_of(Range {
                    equal: range.equal,
                    high: if range.equal { low.clone() } else { high },
                    low,
                    low_included: range.low_included,
                    high_included: range.high_included,
                })
                .ok(),
                _ => None,
            }
        }
        _ => None,
    };
    match constant {
        Some(value) => Code { span, kind: Kind::Constant(value) },
        None => code,
    }
}

/// The value that a constructor gives for constants; what it refuses stays, so that the evaluation
/// says why.
pub(super) fn constructed(builtin: &Builtin, form: u8, arguments: &[Code]) -> Option<Value> {
    if !matches!(builtin.name, "date" | "time" | "date and time" | "duration") {
        return None;
    }
    let values: Vec<Value> = arguments.iter().map(constant).collect::<Option<_>>()?;
    // None of them asks for the time.
    let mut machine = Machine::new(0_i64);
    (builtin.run)(&mut machine, &Args::new(&values, form, None)).ok()
}

fn constant(code: &Code) -> Option<Value> {
    if let Kind::Constant(value) = &code.kind { Some(value.clone()) } else { None }
}

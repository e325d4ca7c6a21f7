//! What is constant is computed when it is compiled: ranges, lists and signs of literals.

use crate::code::{Code, Kind};
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
                    low,
                    low_included: range.low_included,
                    high,
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

fn constant(code: &Code) -> Option<Value> {
    if let Kind::Constant(value) = &code.kind { Some(value.clone()) } else { None }
}

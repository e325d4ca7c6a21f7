//! Conversions (DMN 1.5, table 75), JSON and Base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Answer, Args};
use crate::machine::Machine;
use crate::syntax::ast::{Kind, Node};
use crate::syntax::{Parser, names::Known};
use crate::temporal::Literal;
use crate::value::{Range, Value};
use crate::{Number, STRING_BYTES_MAX};

/// With a sign to leave out between groups of digits, and the sign of the decimal point.
pub(super) fn number(_: &mut Machine, args: &Args<'_>) -> Answer {
    if args.len() == 1 {
        let number = match args.get(0) {
            Value::Number(number) => Some(*number),
            _ => parse_number(args.string(0)?),
        };
        return number.map(Value::Number).ok_or_else(|| args.unfit(0, "the text of a number"));
    }
    let text = args.string(0)?;
    let grouping = separator(args, 1, &[" ", ",", "."])?;
    let decimal = separator(args, 2, &[",", "."])?;
    if grouping.is_some() && grouping == decimal {
        return Err("expects two separators that differ".into());
    }
    let mut plain = match grouping {
        Some(grouping) => text.replace(grouping, ""),
        None => text.to_owned(),
    };
    if let Some(decimal) = decimal {
        if decimal != "." && plain.contains('.') {
            return Err(args.unfit(0, "the text of a number"));
        }
        plain = plain.replace(decimal, ".");
    }
    parse_number(&plain).map(Value::Number).ok_or_else(|| args.unfit(0, "the text of a number"))
}

fn separator<'a>(
    args: &Args<'a>,
    at: usize,
    allowed: &[&str],
) -> Result<Option<&'a str>, super::Trouble> {
    match args.get(at) {
        Value::Null(_) => Ok(None),
        _ => match args.string(at)? {
            text if allowed.contains(&text) => Ok(Some(text)),
            _ => Err(args.unfit(at, "one of the separators `.`, `,` and, between groups, ` `")),
        },
    }
}

fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits
        .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        .then(|| Number::parse(text))
        .flatten()
}

pub(super) fn string(machine: &mut Machine, args: &Args<'_>) -> Answer {
    match args.get(0) {
        Value::Null(why) => Ok(Value::Null(why.clone())),
        Value::String(text) => Ok(Value::String(text.clone())),
        Value::List(items) if items.len() == 1 && matches!(items[0], Value::String(_)) => {
            Ok(Value::text(args.get(0).to_text()))
        }
        other => {
            machine.charge(usize::try_from(other.size()).unwrap_or(usize::MAX));
            Ok(Value::text(other.to_text()))
        }
    }
}

pub(super) fn to_json(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let value = args.get(0);
    machine.charge(usize::try_from(value.size()).unwrap_or(usize::MAX));
    let json = value.to_json();
    if json.len() > STRING_BYTES_MAX {
        return Err(format!("gives a text of over {STRING_BYTES_MAX} bytes").into());
    }
    Ok(Value::text(json))
}

pub(super) fn from_json(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    machine.charge(text.len() / 16);
    Value::from_json(text).map_err(Into::into)
}

pub(super) fn to_base64(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    machine.charge(text.len() / 64);
    Ok(Value::text(STANDARD.encode(text)))
}

pub(super) fn from_base64(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    machine.charge(text.len() / 64);
    let bytes = STANDARD.decode(text).map_err(|_| args.unfit(0, "text in Base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| args.unfit(0, "the Base64 of a UTF-8 text"))?;
    Ok(Value::text(text))
}

pub(super) fn duration(_: &mut Machine, args: &Args<'_>) -> Answer {
    match args.get(0) {
        given @ (Value::DayTime(_) | Value::YearMonth(_)) => Ok(given.clone()),
        _ => Literal::parse_duration(args.string(0)?)
            .map(crate::syntax::value_of)
            .ok_or_else(|| args.unfit(0, "a duration such as P1DT2H or P1Y2M")),
    }
}

/// A range from its text, its ends being literals or calls of `date`, `time` and the like
/// (DMN 1.5, table 84).
pub(super) fn range(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    let unfit = || args.unfit(0, "the text of a range such as [1..10)");
    let tree = Parser::new(text, Known::default(), &[]).and_then(|mut parser| parser.whole());
    let Ok(Node { kind: Kind::Range(range), .. }) = tree else { return Err(unfit()) };
    let mut end = |node: &Option<Node>| match node {
        None => Ok(None),
        Some(node) => literal(machine, node).map(Some).ok_or_else(unfit),
    };
    let low = end(&range.low)?;
    let high = if range.equal { low.clone() } else { end(&range.high)? };
    let kinds = [&low, &high].map(|end| end.as_ref().map(std::mem::discriminant));
    if low.is_some() && high.is_some() && kinds[0] != kinds[1] {
        return Err(unfit());
    }
    let built = crate::machine::range_of(Range {
        equal: range.equal,
        low,
        low_included: range.low_included,
        high,
        high_included: range.high_included,
    });
    built.map_err(|reason| format!("cannot make a range of that: {reason}").into())
}

/// The value of an end: a literal, or a constructor of one literal text.
fn literal(machine: &mut Machine, node: &Node) -> Option<Value> {
    match &node.kind {
        Kind::Number(number) => Some(Value::Number(*number)),
        Kind::String(text) => Some(Value::String(text.clone())),
        Kind::At(_, value) => Some(value.clone()),
        Kind::Negate(operand) => match literal(machine, operand)? {
            Value::Number(number) => Some(Value::Number(number.negated())),
            _ => None,
        },
        Kind::Call(function, arguments) => {
            let (Kind::Name(name), [argument]) = (&function.kind, &arguments[..]) else {
                return None;
            };
            let constructors = ["date", "time", "date and time", "duration"];
            let builtin = super::named(name).filter(|one| constructors.contains(&one.name))?;
            let Kind::String(text) = &argument.kind else { return None };
            let values = [Value::String(Arc::clone(text))];
            (builtin.run)(machine, &Args::new(&values, 0, None)).ok()
        }
        _ => None,
    }
}

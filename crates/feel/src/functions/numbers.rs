//! Functions of numbers (DMN 1.5, table 76).

use super::{Answer, Args, Trouble};
use crate::machine::{Machine, cost};
use crate::value::Value;
use crate::{Number, Round};

/// Scales that `decimal` and the rounding functions take (DMN 1.5, table 76).
const SCALES: std::ops::RangeInclusive<i64> = -6_111..=6_176;

fn rounded(args: &Args<'_>, mode: Round, scale_default: Option<i64>) -> Answer {
    let number = args.number(0)?;
    let scale = match scale_default {
        Some(scale) if !args.given(1) => scale,
        Some(_) | None => args
            .number(1)?
            .round(0, Round::Down)
            .and_then(Number::as_i64)
            .ok_or_else(|| args.unfit(1, "a whole number"))?,
    };
    if !SCALES.contains(&scale) {
        return Err(args.unfit(1, "a scale from -6111 to 6176"));
    }
    let rounded = number.round(scale, mode);
    rounded.map(Value::Number).ok_or_else(|| "gives a number that is too large".into())
}

pub(super) fn decimal(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::HalfEven, None)
}

pub(super) fn floor(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::Floor, Some(0))
}

pub(super) fn ceiling(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::Ceiling, Some(0))
}

pub(super) fn round_up(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::Up, None)
}

pub(super) fn round_down(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::Down, None)
}

pub(super) fn round_half_up(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::HalfUp, None)
}

pub(super) fn round_half_down(_: &mut Machine, args: &Args<'_>) -> Answer {
    rounded(args, Round::HalfDown, None)
}

pub(super) fn abs(_: &mut Machine, args: &Args<'_>) -> Answer {
    let single = match args.get(0) {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    };
    match single {
        Value::Number(number) => Ok(Value::Number(number.abs())),
        Value::DayTime(duration) => Ok(Value::DayTime(duration.abs())),
        Value::YearMonth(duration) => Ok(Value::YearMonth(duration.abs())),
        _ => Err(args.unfit(0, "a number or a duration")),
    }
}

pub(super) fn modulo(_: &mut Machine, args: &Args<'_>) -> Answer {
    let (dividend, divisor) = (args.number(0)?, args.number(1)?);
    let rest = dividend.modulo(divisor);
    rest.map(Value::Number).ok_or_else(|| "cannot divide by zero".into())
}

pub(super) fn sqrt(machine: &mut Machine, args: &Args<'_>) -> Answer {
    machine.charge(cost::ROOT);
    let root = args.number(0)?.sqrt();
    root.map(Value::Number).ok_or_else(|| "has no root of a negative number".into())
}

pub(super) fn log(machine: &mut Machine, args: &Args<'_>) -> Answer {
    machine.charge(cost::LOGARITHM);
    let log = args.number(0)?.ln();
    log.map(Value::Number).ok_or_else(|| "has a logarithm of positive numbers only".into())
}

pub(super) fn exp(machine: &mut Machine, args: &Args<'_>) -> Answer {
    machine.charge(cost::EXPONENTIAL);
    let power = args.number(0)?.exp();
    power.map(Value::Number).ok_or_else(|| "gives a number that is too large".into())
}

fn is_odd(args: &Args<'_>) -> Result<bool, Trouble> {
    let number = args.number(0)?;
    if !number.is_whole() {
        return Err(args.unfit(0, "a whole number"));
    }
    let rest = number.modulo(Number::from(2));
    Ok(rest.is_some_and(|rest| !rest.is_zero()))
}

pub(super) fn odd(_: &mut Machine, args: &Args<'_>) -> Answer {
    is_odd(args).map(Value::Bool)
}

pub(super) fn even(_: &mut Machine, args: &Args<'_>) -> Answer {
    is_odd(args).map(|odd| Value::Bool(!odd))
}

/// From 0 up to, but without, 1; drawn from the seed of the input.
pub(super) fn random_number(machine: &mut Machine, _: &Args<'_>) -> Answer {
    // 53 bits, as a double has: 16 digits.
    let drawn = machine.draw() >> 11;
    let drawn = Number::from(drawn.cast_signed());
    let number = drawn.over(Number::from(1_i64 << 53));
    let number = number.and_then(|number| number.round(17, Round::Down));
    number.map(Value::Number).ok_or_else(|| "drew no number".into())
}

//! Numbers as text: plain digits wherever that is readable, else with an exponent.

use std::fmt::{self, Write as _};

use super::arithmetic::{finish_wide, ten, wide_of};
use super::{ADJUSTED_MAX, DIGITS_MAX, EXPONENT_MIN, Number};

/// Digits of a text that count; those behind only say to which side it is rounded.
const TEXT_DIGITS_MAX: u32 = 70;
/// Longest row of zeros that is written out, before or behind the point.
const ZEROS_MAX: i32 = 34;

impl Number {
    /// Reads `[-]digits[.digits][e[±]digits]`; `None` if it is none, or too large.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let rest = if negative { rest } else { rest.strip_prefix('+').unwrap_or(rest) };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        // The common case: it fits 64 bits with room.
        if whole.len() + fraction.len() <= 18 {
            let mut coefficient = 0_u64;
            for digit in whole.bytes().chain(fraction.bytes()) {
                coefficient = coefficient * 10 + u64::from(decimal(digit)?);
            }
            let exponent = exponent - i32::try_from(fraction.len()).ok()?;
            return super::arithmetic::finish(negative, u128::from(coefficient), exponent)
                .filter(|_| exponent <= ADJUSTED_MAX + 40);
        }
        parse_long(negative, whole, fraction, exponent)
    }
}

fn decimal(digit: u8) -> Option<u8> {
    digit.is_ascii_digit().then(|| digit - b'0')
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Beyond this it overflows or is zero whatever the digits are.
    let magnitude = digits.trim_start_matches('0').parse::<i32>();
    let magnitude = if digits.trim_start_matches('0').is_empty() {
        0
    } else {
        magnitude.unwrap_or(100_000_000).min(100_000_000)
    };
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

fn parse_long(negative: bool, whole: &str, fraction: &str, exponent: i32) -> Option<Number> {
    let mut coefficient = wide_of(0_u128);
    let (mut used, mut dropped, mut more) = (0_u32, 0_i32, false);
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = decimal(digit)?;
        if used < TEXT_DIGITS_MAX {
            coefficient = coefficient * ten(1) + wide_of(u128::from(digit));
            used += u32::from(used > 0 || digit > 0);
        } else {
            dropped = dropped.checked_add(1)?;
            more |= digit > 0;
        }
    }
    let exponent =
        exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    if used == 0 {
        return Some(Number::ZERO);
    }
    if exponent < EXPONENT_MIN - 200 {
        return Some(Number::ZERO);
    }
    finish_wide(negative, coefficient, exponent.min(ADJUSTED_MAX + 40), more)
}

impl fmt::Display for Number {
    /// Plain digits without trailing zeros behind the point; with an exponent only where more
    /// than 34 zeros would have to be written. Reads back to an equal number, and is JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts();
        if parts.coefficient == 0 {
            return f.write_str("0");
        }
        if parts.exponent < 0 || parts.exponent > ZEROS_MAX {
            while parts.coefficient.is_multiple_of(10) && parts.exponent != 0 {
                parts.coefficient /= 10;
                parts.exponent += 1;
            }
        }
        if parts.negative {
            f.write_char('-')?;
        }
        let digits = parts.coefficient.to_string();
        let count = i32::try_from(digits.len()).unwrap_or_default();
        let point = count + parts.exponent;
        if parts.exponent >= 0 && point <= ZEROS_MAX.max(DIGITS_MAX.cast_signed()) {
            f.write_str(&digits)?;
            return zeros(f, parts.exponent);
        }
        if parts.exponent < 0 && point > 0 {
            let (whole, fraction) = digits.split_at(point.unsigned_abs() as usize);
            return write!(f, "{whole}.{fraction}");
        }
        if parts.exponent < 0 && point > -ZEROS_MAX {
            f.write_str("0.")?;
            zeros(f, -point)?;
            return f.write_str(&digits);
        }
        let (first, rest) = digits.split_at(1);
        f.write_str(first)?;
        if !rest.is_empty() {
            write!(f, ".{rest}")?;
        }
        write!(f, "E{:+}", point - 1)
    }
}

fn zeros(f: &mut fmt::Formatter<'_>, count: i32) -> fmt::Result {
    (0..count).try_for_each(|_| f.write_char('0'))
}

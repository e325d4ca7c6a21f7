//! Sum, product, quotient, remainder, rounding. Exact in 256 bits, then rounded once.

use std::cmp::Ordering;

use fastnum::U256;

use super::{ADJUSTED_MAX, COEFFICIENT_MAX, DIGITS_MAX, EXPONENT_MAX, EXPONENT_MIN, Number, Parts};

/// Digits that 256 bits hold, whatever they are.
const WIDE_DIGITS: u32 = 76;
/// Largest shift that 34 digits bear within 256 bits.
const SHIFT_MAX: u32 = WIDE_DIGITS - DIGITS_MAX;

/// How to round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Round {
    /// To the even neighbour when half way.
    HalfEven,
    /// Away from zero when half way.
    HalfUp,
    /// Towards zero when half way.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards plus infinity.
    Ceiling,
    /// Towards minus infinity.
    Floor,
}

impl Number {
    /// The sum; `None` on overflow.
    pub fn plus(self, other: Self) -> Option<Self> {
        sum(self.parts(), other.parts())
    }

    /// The difference; `None` on overflow.
    pub fn minus(self, other: Self) -> Option<Self> {
        sum(self.parts(), other.negated().parts())
    }

    /// The product; `None` on overflow.
    pub fn times(self, other: Self) -> Option<Self> {
        let (a, b) = (self.parts(), other.parts());
        let negative = a.negative != b.negative;
        let exponent = a.exponent + b.exponent;
        match a.coefficient.checked_mul(b.coefficient) {
            Some(coefficient) if coefficient <= COEFFICIENT_MAX => {
                finish(negative, coefficient, exponent)
            }
            _ => {
                let wide = wide_of(a.coefficient) * wide_of(b.coefficient);
                finish_wide(negative, wide, exponent, false)
            }
        }
    }

    /// The quotient; `None` by zero or on overflow.
    pub fn over(self, other: Self) -> Option<Self> {
        let (a, b) = (self.parts(), other.parts());
        if b.coefficient == 0 {
            return None;
        }
        let negative = a.negative != b.negative;
        if a.coefficient == 0 {
            return finish(negative, 0, a.exponent - b.exponent);
        }
        if a.coefficient % b.coefficient == 0 {
            return finish(negative, a.coefficient / b.coefficient, a.exponent - b.exponent);
        }
        let (quotient, shift, exact) = long_division(a.coefficient, b.coefficient);
        let preferred = a.exponent - b.exponent;
        let exponent = preferred - shift.cast_signed();
        let (quotient, exponent) =
            if exact { strip(quotient, exponent, preferred) } else { (quotient, exponent) };
        if quotient <= COEFFICIENT_MAX && exact {
            return finish(negative, quotient, exponent);
        }
        finish_wide(negative, wide_of(quotient), exponent, !exact)
    }

    /// FEEL's modulo, with the sign of the divisor (DMN 1.5, table 76); `None` by zero.
    pub fn modulo(self, other: Self) -> Option<Self> {
        let (a, b) = (self.parts(), other.parts());
        if b.coefficient == 0 {
            return None;
        }
        let shift = (a.exponent - b.exponent).unsigned_abs();
        let exponent = a.exponent.min(b.exponent);
        let rest = if a.exponent >= b.exponent {
            remainder_shifted(a.coefficient, shift, b.coefficient)
        } else if shift <= SHIFT_MAX {
            let wide = wide_of(a.coefficient) % (wide_of(b.coefficient) * ten(shift));
            narrow(wide)?
        } else {
            a.coefficient
        };
        let rest = finish(a.negative, rest, exponent)?;
        if rest.is_zero() || a.negative == b.negative { Some(rest) } else { rest.plus(other) }
    }

    /// The negation.
    #[must_use]
    pub fn negated(self) -> Self {
        let parts = self.parts();
        Self::pack(Parts { negative: !parts.negative && parts.coefficient != 0, ..parts })
    }

    /// The absolute value.
    #[must_use]
    pub fn abs(self) -> Self {
        Self::pack(Parts { negative: false, ..self.parts() })
    }

    /// The largest whole number not above.
    #[must_use]
    pub fn floor(self) -> Self {
        self.round(0, Round::Floor).unwrap_or(self)
    }

    /// The smallest whole number not below.
    #[must_use]
    pub fn ceiling(self) -> Self {
        self.round(0, Round::Ceiling).unwrap_or(self)
    }

    /// Rounded to `scale` digits behind the point (before it, if negative). `None` for a scale
    /// beyond what decimal128 can hold, or on overflow.
    pub fn round(self, scale: i64, mode: Round) -> Option<Self> {
        let target = i32::try_from(-scale).ok()?;
        if !(EXPONENT_MIN..=EXPONENT_MAX).contains(&target) {
            return None;
        }
        let Parts { negative, coefficient, exponent } = self.parts();
        if exponent >= target {
            return Some(self);
        }
        let shift = target.abs_diff(exponent);
        let (quotient, rest) = match 10_u128.checked_pow(shift) {
            Some(factor) => {
                let rest = coefficient % factor;
                (coefficient / factor, Rest::of(rest, factor))
            }
            None => (0, if coefficient == 0 { Rest::None } else { Rest::BelowHalf }),
        };
        finish(negative, quotient + u128::from(rest.rounds_up(mode, negative, quotient)), target)
    }
}

/// What a division left over, beside half of the divisor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    BelowHalf,
    Half,
    AboveHalf,
}

impl Rest {
    fn of(rest: u128, divisor: u128) -> Self {
        if rest == 0 {
            return Self::None;
        }
        match rest.cmp(&(divisor - rest)) {
            Ordering::Less => Self::BelowHalf,
            Ordering::Equal => Self::Half,
            Ordering::Greater => Self::AboveHalf,
        }
    }

    fn rounds_up(self, mode: Round, negative: bool, quotient: u128) -> bool {
        match mode {
            Round::HalfEven => self == Self::AboveHalf || (self == Self::Half && quotient % 2 == 1),
            Round::HalfUp => matches!(self, Self::Half | Self::AboveHalf),
            Round::HalfDown => self == Self::AboveHalf,
            Round::Up => self != Self::None,
            Round::Down => false,
            Round::Ceiling => self != Self::None && !negative,
            Round::Floor => self != Self::None && negative,
        }
    }
}

pub(super) fn wide_of(value: u128) -> U256 {
    // The two halves of 128 bits.
    #[expect(clippy::cast_possible_truncation)]
    U256::from_digits([value as u64, (value >> 64) as u64, 0, 0])
}

/// The value, if it fits 128 bits.
fn narrow(value: U256) -> Option<u128> {
    let [low, high, 0, 0] = *value.digits() else { return None };
    Some(u128::from(high) << 64 | u128::from(low))
}

/// Digits of a coefficient; 1 for 0.
pub(super) fn digits(coefficient: u128) -> u32 {
    coefficient.checked_ilog10().map_or(1, |log| log + 1)
}

pub(super) fn ten(power: u32) -> U256 {
    // 77 digits fit 256 bits.
    debug_assert!(power <= 77);
    match 10_u128.checked_pow(power) {
        Some(small) => wide_of(small),
        None => wide_of(10_u128.pow(38)) * wide_of(10_u128.pow(power - 38)),
    }
}

/// 35 digits of `a × 10^shift / b`, or fewer if that is exact: the quotient, the shift, exactness.
/// By hand, a piece of digits at a time, as large as the rest bears within 128 bits.
fn long_division(a: u128, b: u128) -> (u128, u32, bool) {
    const WANTED: u32 = DIGITS_MAX + 1;
    let (mut quotient, mut rest, mut shift) = (a / b, a % b, 0);
    while rest != 0 {
        let done = if quotient == 0 { 0 } else { digits(quotient) };
        if done >= WANTED {
            break;
        }
        // The rest is below the divisor, so it bears what the divisor leaves of 38 digits.
        let piece = (38 - digits(b)).min(WANTED - done);
        let factor = 10_u128.pow(piece);
        quotient = quotient * factor + rest * factor / b;
        rest = rest * factor % b;
        shift += piece;
    }
    (quotient, shift, rest == 0)
}

/// Takes zeros off the end, while the exponent is below the one that the operation prefers.
fn strip(mut value: u128, mut exponent: i32, preferred: i32) -> (u128, i32) {
    while exponent < preferred && value.is_multiple_of(10) {
        value /= 10;
        exponent += 1;
    }
    (value, exponent)
}

/// `coefficient × 10^shift mod divisor`, by squaring: the shift may be in the thousands.
fn remainder_shifted(coefficient: u128, mut shift: u32, divisor: u128) -> u128 {
    let multiply = |a: u128, b: u128| -> u128 {
        let wide = wide_of(a) * wide_of(b) % wide_of(divisor);
        narrow(wide).unwrap_or_default()
    };
    let (mut rest, mut power) = (coefficient % divisor, 10 % divisor);
    while shift > 0 {
        if shift & 1 == 1 {
            rest = multiply(rest, power);
        }
        power = multiply(power, power);
        shift >>= 1;
    }
    rest
}

fn sum(a: Parts, b: Parts) -> Option<Number> {
    let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let shift = high.exponent.abs_diff(low.exponent);
    let shifted = 10_u128
        .checked_pow(shift)
        .and_then(|factor| high.coefficient.checked_mul(factor))
        .filter(|shifted| *shifted < u128::MAX / 2);
    if let Some(shifted) = shifted {
        let (negative, total) = signed_sum(high.negative, shifted, low.negative, low.coefficient);
        return if total <= COEFFICIENT_MAX {
            finish(negative, total, low.exponent)
        } else {
            finish_wide(negative, wide_of(total), low.exponent, false)
        };
    }
    if high.coefficient == 0 {
        return finish(low.negative, low.coefficient, low.exponent);
    }
    let room = WIDE_DIGITS - digits(high.coefficient);
    if shift <= room {
        let wide = wide_of(high.coefficient) * ten(shift);
        let small = wide_of(low.coefficient);
        let total = if high.negative == low.negative { wide + small } else { wide - small };
        return finish_wide(high.negative, total, low.exponent, false);
    }
    // The low one is far behind the last digit: it only says to which side the result leans.
    let wide = wide_of(high.coefficient) * ten(room);
    let exponent = high.exponent - room.cast_signed();
    if low.coefficient == 0 {
        return finish_wide(high.negative, wide, exponent, false);
    }
    let wide = if high.negative == low.negative { wide } else { wide - wide_of(1) };
    finish_wide(high.negative, wide, exponent, true)
}

fn signed_sum(a_negative: bool, a: u128, b_negative: bool, b: u128) -> (bool, u128) {
    if a_negative == b_negative {
        (a_negative, a + b)
    } else if a >= b {
        (a_negative, a - b)
    } else {
        (b_negative, b - a)
    }
}

/// Packs what has at most 34 digits, mending the exponent where it leaves the range.
pub(super) fn finish(negative: bool, coefficient: u128, exponent: i32) -> Option<Number> {
    if coefficient > COEFFICIENT_MAX {
        return finish_wide(negative, wide_of(coefficient), exponent, false);
    }
    let negative = negative && coefficient != 0;
    if (EXPONENT_MIN..=EXPONENT_MAX).contains(&exponent) {
        return Some(Number::pack(Parts { negative, coefficient, exponent }));
    }
    if coefficient == 0 {
        let exponent = exponent.clamp(EXPONENT_MIN, EXPONENT_MAX);
        return Some(Number::pack(Parts { negative, coefficient, exponent }));
    }
    if exponent > EXPONENT_MAX {
        let shift = exponent.abs_diff(EXPONENT_MAX);
        let shifted = 10_u128.checked_pow(shift).and_then(|factor| coefficient.checked_mul(factor));
        let coefficient = shifted.filter(|shifted| *shifted <= COEFFICIENT_MAX)?;
        return Some(Number::pack(Parts { negative, coefficient, exponent: EXPONENT_MAX }));
    }
    finish_wide(negative, wide_of(coefficient), exponent, false)
}

/// Rounds half to even to 34 digits; `more` says that something not zero was cut off already.
pub(super) fn finish_wide(
    negative: bool,
    coefficient: U256,
    exponent: i32,
    more: bool,
) -> Option<Number> {
    let (coefficient, exponent) = round_wide(coefficient, exponent, more);
    if exponent + digits(coefficient).cast_signed() - 1 > ADJUSTED_MAX {
        return None;
    }
    finish(negative, coefficient, exponent)
}

fn round_wide(coefficient: U256, exponent: i32, more: bool) -> (u128, i32) {
    let all = coefficient.checked_ilog10().map_or(1, |log| log + 1);
    let cut = all
        .saturating_sub(DIGITS_MAX)
        .max(EXPONENT_MIN.saturating_sub(exponent).max(0).unsigned_abs());
    if cut > all {
        return (0, EXPONENT_MIN);
    }
    if cut == 0 {
        return (narrow(coefficient).unwrap_or_default(), exponent);
    }
    let factor = ten(cut);
    let quotient = coefficient / factor;
    let rest = coefficient - quotient * factor;
    let half = factor / wide_of(2_u128);
    // At most 34 digits are left.
    let mut kept = narrow(quotient).unwrap_or_default();
    let up = rest > half || (rest == half && (more || kept % 2 == 1));
    kept += u128::from(up);
    let exponent = exponent + cut.cast_signed();
    if kept > COEFFICIENT_MAX { (kept / 10, exponent + 1) } else { (kept, exponent) }
}

/// Orders two numbers by value.
pub(super) fn compare(a: Parts, b: Parts) -> Ordering {
    let sign = |parts: Parts| match (parts.coefficient, parts.negative) {
        (0, _) => 0,
        (_, true) => -1,
        (_, false) => 1,
    };
    let (sign_a, sign_b) = (sign(a), sign(b));
    if sign_a != sign_b || sign_a == 0 {
        return sign_a.cmp(&sign_b);
    }
    let magnitude = if a.exponent == b.exponent {
        a.coefficient.cmp(&b.coefficient)
    } else {
        let top = |parts: Parts| digits(parts.coefficient).cast_signed() + parts.exponent;
        top(a).cmp(&top(b)).then_with(|| {
            // The same first digit, so the shift is at most 33.
            let shift = a.exponent.abs_diff(b.exponent).min(SHIFT_MAX);
            if a.exponent > b.exponent {
                (wide_of(a.coefficient) * ten(shift)).cmp(&wide_of(b.coefficient))
            } else {
                wide_of(a.coefficient).cmp(&(wide_of(b.coefficient) * ten(shift)))
            }
        })
    };
    if sign_a < 0 { magnitude.reverse() } else { magnitude }
}

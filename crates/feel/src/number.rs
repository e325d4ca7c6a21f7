//! Decimal numbers with at least 34 significant digits (docs/adr/0003-feel-decimals.md).

use std::cmp::Ordering;

use fastnum::D128;
use fastnum::decimal::{Context, RoundingMode};

/// Digits before or behind the point that a power by a fraction may have.
const POWER_DIGITS_MAX: i64 = 6_000;

/// A finite decimal number.
#[derive(Clone, Copy, Debug)]
pub struct Number(D128);

fn context() -> Context {
    Context::default().without_traps().with_rounding_mode(RoundingMode::HalfEven)
}

impl Number {
    /// Reads a decimal; `None` unless finite.
    pub fn parse(text: &str) -> Option<Self> {
        Self::finite(D128::from_str(text, context()).ok()?)
    }

    fn finite(value: D128) -> Option<Self> {
        (value.is_finite()).then_some(Self(value))
    }

    /// The sum; `None` on overflow.
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::finite(self.0 + other.0)
    }
    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        Self::finite(self.0 - other.0)
    }
    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::finite(self.0 * other.0)
    }
    /// The quotient; `None` by zero.
    pub fn over(self, other: Self) -> Option<Self> {
        if other.0.is_zero() { None } else { Self::finite(self.0 / other.0) }
    }
    /// A power; whole exponents are exact.
    pub fn pow(self, other: Self) -> Option<Self> {
        if self.0.is_zero() && other.0.is_negative() {
            return None;
        }
        // The library's own powers panic where they overflow, whatever the context says.
        if let Some(exponent) = other.as_i64().and_then(|whole| i32::try_from(whole).ok()) {
            let power = self.whole_power(exponent.unsigned_abs())?;
            return if exponent < 0 { Self::from(1).over(power) } else { Some(power) };
        }
        let digits = i64::try_from(self.0.digits_count()).ok()?;
        let magnitude = digits - i64::from(self.0.fractional_digits_count());
        if other.abs() > Self::from(POWER_DIGITS_MAX / (magnitude.abs() + 1)) {
            return None;
        }
        Self::finite(self.0.pow(other.0))
    }

    fn whole_power(self, mut exponent: u32) -> Option<Self> {
        let (mut power, mut square) = (Self::from(1), self);
        loop {
            if exponent & 1 == 1 {
                power = power.times(square)?;
            }
            exponent >>= 1;
            if exponent == 0 {
                return Some(power);
            }
            square = square.times(square)?;
        }
    }
    /// FEEL's modulo: the sign of the divisor (DMN 1.5, table 76).
    pub fn modulo(self, other: Self) -> Option<Self> {
        let quotient = self.over(other)?.floor();
        self.minus(other.times(quotient)?)
    }
    /// The negation.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }
    /// The absolute value.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }
    /// The largest whole number not above.
    #[must_use]
    pub fn floor(self) -> Self {
        Self(self.0.floor())
    }
    /// The smallest whole number not below.
    #[must_use]
    pub fn ceiling(self) -> Self {
        Self(self.0.ceil())
    }
    /// Rounded to `scale` decimals.
    pub fn round(self, scale: i64, mode: Round) -> Option<Self> {
        let scale = i16::try_from(scale).ok().filter(|scale| scale.abs() <= 6000)?;
        let mode = match mode {
            Round::HalfEven => RoundingMode::HalfEven,
            Round::HalfUp => RoundingMode::HalfUp,
            Round::HalfDown => RoundingMode::HalfDown,
            Round::Up => RoundingMode::Up,
            Round::Down => RoundingMode::Down,
        };
        Self::finite(
            self.0.with_rounding_mode(mode).round(scale).with_rounding_mode(RoundingMode::HalfEven),
        )
    }
    /// As a whole number, if it is one that fits.
    pub fn as_i64(self) -> Option<i64> {
        if self.0.floor() == self.0 { i64::try_from(self.0).ok() } else { None }
    }
}

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
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(D128::from(value).with_ctx(context()))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl std::fmt::Display for Number {
    /// Plain digits, no exponent within the range of 34 digits, no trailing zeros after the point.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // With an exponent it would be a row of zeros, which is no JSON.
        if self.0.is_zero() {
            return f.write_str("0");
        }
        let mut text = self.0.to_string();
        if !text.contains(['e', 'E']) && text.contains('.') {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        f.write_str(&text)
    }
}

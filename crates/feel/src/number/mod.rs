//! Decimal numbers of 34 significant digits: IEEE 754 decimal128 without its infinities and NaNs
//! (DMN 1.5, 10.3.2.3.1; docs/adr/0003-feel-decimals.md).
//!
//! In:  texts, whole numbers.
//! Out: numbers, each operation rounded once, half to even, to 34 digits.
//! Absent: anything that is not finite; what overflows or has no value is `None`.

mod arithmetic;
mod power;
mod text;

use std::cmp::Ordering;

pub use arithmetic::Round;

/// Significant digits of a number.
pub const DIGITS_MAX: u32 = 34;
/// Largest exponent of the first digit: numbers are below `10^6145`.
const ADJUSTED_MAX: i32 = 6_144;
/// Smallest exponent of the last digit.
const EXPONENT_MIN: i32 = -6_176;
/// Largest exponent of the last digit when all 34 are used.
const EXPONENT_MAX: i32 = ADJUSTED_MAX - 33;
const COEFFICIENT_MAX: u128 = 10_u128.pow(DIGITS_MAX) - 1;
/// Bits of the packed form that hold the coefficient.
const COEFFICIENT_BITS: u32 = 113;
const EXPONENT_BIAS: i32 = 8_192;

/// A finite decimal number, packed into 16 bytes: sign, exponent and coefficient.
#[derive(Clone, Copy)]
pub struct Number([u64; 2]);

/// A number taken apart: `±coefficient × 10^exponent`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub negative: bool,
    pub coefficient: u128,
    pub exponent: i32,
}

impl Number {
    /// Nothing.
    pub const ZERO: Self = Self::pack(Parts { negative: false, coefficient: 0, exponent: 0 });

    const fn pack(parts: Parts) -> Self {
        // `exponent` is within `EXPONENT_MIN..=ADJUSTED_MAX`, so the biased one is positive.
        #[expect(clippy::cast_sign_loss)]
        let biased = (parts.exponent + EXPONENT_BIAS) as u128;
        let sign = parts.negative as u128;
        let bits = sign << 127 | biased << COEFFICIENT_BITS | parts.coefficient;
        // The two halves of 128 bits.
        #[expect(clippy::cast_possible_truncation)]
        Self([(bits >> 64) as u64, bits as u64])
    }

    pub(crate) fn parts(self) -> Parts {
        let bits = u128::from(self.0[0]) << 64 | u128::from(self.0[1]);
        // 14 bits of exponent.
        let biased = (bits >> COEFFICIENT_BITS) as i32 & 0x3FFF;
        Parts {
            negative: bits >> 127 == 1,
            coefficient: bits & ((1 << COEFFICIENT_BITS) - 1),
            exponent: biased - EXPONENT_BIAS,
        }
    }

    /// As a whole number, if it is one that fits.
    pub fn as_i64(self) -> Option<i64> {
        let parts = self.parts();
        if parts.exponent == 0 {
            let whole = i64::try_from(parts.coefficient).ok()?;
            return Some(if parts.negative { -whole } else { whole });
        }
        let whole = self.whole()?;
        i64::try_from(whole).ok()
    }

    /// As a whole number of any size that fits 128 bits.
    pub fn as_i128(self) -> Option<i128> {
        self.whole()
    }

    fn whole(self) -> Option<i128> {
        let Parts { negative, coefficient, exponent } = self.parts();
        let magnitude = if exponent >= 0 {
            let factor = 10_u128.checked_pow(exponent.unsigned_abs());
            match factor {
                Some(factor) => coefficient.checked_mul(factor)?,
                None if coefficient == 0 => 0,
                None => return None,
            }
        } else if coefficient == 0 {
            0
        } else {
            let factor = 10_u128.checked_pow(exponent.unsigned_abs())?;
            if coefficient % factor != 0 {
                return None;
            }
            coefficient / factor
        };
        let magnitude = i128::try_from(magnitude).ok()?;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// It has no digits behind the point.
    pub fn is_whole(self) -> bool {
        let Parts { coefficient, exponent, .. } = self.parts();
        exponent >= 0
            || coefficient == 0
            || 10_u128
                .checked_pow(exponent.unsigned_abs())
                .is_some_and(|factor| coefficient % factor == 0)
    }

    /// It is zero.
    pub fn is_zero(self) -> bool {
        self.parts().coefficient == 0
    }

    /// It is below zero.
    pub fn is_negative(self) -> bool {
        let parts = self.parts();
        parts.negative && parts.coefficient != 0
    }

    /// The nearest double, for what needs no digits (jitter, charts).
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::pack(Parts {
            negative: value < 0,
            coefficient: u128::from(value.unsigned_abs()),
            exponent: 0,
        })
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        arithmetic::compare(self.parts(), other.parts())
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

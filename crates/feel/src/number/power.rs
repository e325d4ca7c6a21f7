//! Powers, roots, logarithms. Computed with 76 digits, rounded once.

use fastnum::D256;
use fastnum::decimal::{Context, Sign};

use super::arithmetic::digits;
use super::{Number, Parts};

/// Powers of e beyond this leave the range of a decimal128.
const EXP_MAX: i64 = 14_200;

impl Number {
    /// A power; whole exponents by multiplication, others by `exp(y ln x)`. `None` where it has
    /// no finite value: a negative base with a fraction as exponent, zero to a negative power,
    /// overflow.
    pub fn pow(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return Some(Self::from(1));
        }
        if self.is_zero() {
            return (!other.is_negative()).then_some(Self::ZERO);
        }
        if other.is_whole() {
            return self.whole_power(other);
        }
        if self.is_negative() {
            return None;
        }
        exp_wide(ln_wide(self) * wide(other))
    }

    fn whole_power(self, exponent: Self) -> Option<Self> {
        let one = Self::from(1);
        if self.abs() == one {
            let odd = !exponent.modulo(Self::from(2))?.is_zero();
            return Some(if odd { self } else { one });
        }
        // Any other base overflows or vanishes long before.
        let count = exponent.as_i64().filter(|count| count.unsigned_abs() < 10_000_000)?;
        // With 76 digits on the way, the errors of the multiplications stay behind the 34th.
        let (mut power, mut square) = (wide(one), wide(self));
        let mut rest = count.unsigned_abs();
        loop {
            if rest & 1 == 1 {
                power = bounded(power * square)?;
            }
            rest >>= 1;
            if rest == 0 {
                break;
            }
            square = bounded(square * square)?;
        }
        if count < 0 { from_wide(wide(one) / power) } else { from_wide(power) }
    }

    /// The square root; `None` below zero.
    pub fn sqrt(self) -> Option<Self> {
        if self.is_negative() {
            return None;
        }
        if self.is_zero() {
            return Some(Self::ZERO);
        }
        // The root of a number from 1 to below 100, and half of the even power of ten beside it.
        let parts = self.parts();
        let places = digits(parts.coefficient).cast_signed() - 1;
        let shift = (parts.exponent + places).div_euclid(2);
        let near = Parts { exponent: parts.exponent - 2 * shift, ..parts };
        scaled(wide_parts(near).sqrt(), shift)
    }

    /// e to this power; `None` on overflow.
    pub fn exp(self) -> Option<Self> {
        exp_wide(wide(self))
    }

    /// The natural logarithm; `None` for zero and below.
    pub fn ln(self) -> Option<Self> {
        if self.is_zero() || self.is_negative() {
            return None;
        }
        from_wide(ln_wide(self))
    }
}

fn context() -> Context {
    Context::default().without_traps()
}

fn exp_wide(power: D256) -> Option<Number> {
    let limit = D256::from(EXP_MAX).with_ctx(context());
    if power > limit {
        return None;
    }
    if power < -limit {
        return Some(Number::ZERO);
    }
    // e^x = 10^k × e^(x - k ln 10), so that the library stays near 1, where it is sure.
    let ln_ten = wide(Number::from(10)).ln();
    let ratio = (power / ln_ten).floor();
    let shift = i32::try_from(i64::try_from(ratio).ok()?).ok()?;
    scaled((power - ratio * ln_ten).exp(), shift)
}

/// The logarithm of a number from 1 to below 10, and that of the power of ten beside it.
fn ln_wide(number: Number) -> D256 {
    let parts = number.parts();
    let places = digits(parts.coefficient).cast_signed() - 1;
    let near = wide_parts(Parts { exponent: -places, negative: false, ..parts });
    let power = wide(Number::from(i64::from(parts.exponent + places)));
    near.ln() + power * wide(Number::from(10)).ln()
}

/// Far outside of decimal128 nothing comes back in.
fn bounded(value: D256) -> Option<D256> {
    (value.is_finite() && value.fractional_digits_count().abs() < 20_000).then_some(value)
}

fn wide(number: Number) -> D256 {
    wide_parts(number.parts())
}

fn wide_parts(parts: Parts) -> D256 {
    let Parts { negative, coefficient, exponent } = parts;
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    D256::from_parts(super::arithmetic::wide_of(coefficient), exponent, sign, context())
}

fn from_wide(value: D256) -> Option<Number> {
    scaled(value, 0)
}

/// `value × 10^shift`, rounded to 34 digits.
fn scaled(value: D256, shift: i32) -> Option<Number> {
    if !value.is_finite() {
        return None;
    }
    let exponent = shift - i32::from(value.fractional_digits_count());
    let number =
        super::arithmetic::finish_wide(value.is_sign_negative(), value.digits(), exponent, false)?;
    Some(number.stripped())
}

impl Number {
    /// Without zeros at the end behind the point, which a root or power may leave by the dozen.
    fn stripped(self) -> Self {
        let mut parts = self.parts();
        while parts.exponent < 0 && parts.coefficient.is_multiple_of(10) && parts.coefficient != 0 {
            parts.coefficient /= 10;
            parts.exponent += 1;
        }
        Self::pack(parts)
    }
}

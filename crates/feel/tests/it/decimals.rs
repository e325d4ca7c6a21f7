//! Decimal arithmetic beside an independent computation with integers of any size.

use fermata_feel::{Number, Round};
use num_bigint::{BigInt, BigUint};

const DIGITS: usize = 34;

/// `coefficient × 10^exponent`, exact.
#[derive(Clone, Debug)]
struct Exact {
    coefficient: BigInt,
    exponent: i64,
}

struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// The text of a number with 1 to 34 digits, many of them 0, 5 or 9: where rounding is decided.
    fn number(&mut self) -> String {
        let digits = 1 + self.below(34);
        let style = self.below(4);
        let mut text = String::new();
        if self.below(2) == 0 {
            text.push('-');
        }
        for _ in 0..digits {
            let digit = match style {
                0 => [0, 5, 9, 4][usize::try_from(self.below(4)).unwrap()],
                1 => [0, 0, 0, 1][usize::try_from(self.below(4)).unwrap()],
                2 => 9,
                _ => self.below(10),
            };
            text.push_str(&digit.to_string());
        }
        let range = if self.below(4) == 0 { 6_000 } else { 45 };
        let exponent =
            i64::try_from(self.below(range)).unwrap() - i64::try_from(range / 2).unwrap();
        format!("{text}e{exponent}")
    }
}

fn exact(text: &str) -> Exact {
    let (coefficient, exponent) = text.split_once('e').expect("an exponent");
    Exact { coefficient: coefficient.parse().unwrap(), exponent: exponent.parse().unwrap() }
}

fn ten(power: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(power).expect("not negative"))
}

fn magnitude(value: &BigInt) -> BigUint {
    value.magnitude().clone()
}

/// Rounds half to even to 34 digits; `more` says that something not zero was cut off already.
fn rounded(value: &Exact, more: bool) -> String {
    let digits = magnitude(&value.coefficient).to_string();
    if digits.len() <= DIGITS {
        return format!("{}e{}", value.coefficient, value.exponent);
    }
    let (kept, cut) = digits.split_at(DIGITS);
    let half = format!("5{}", "0".repeat(cut.len() - 1));
    let kept_number: BigUint = kept.parse().unwrap();
    let odd = kept.ends_with(['1', '3', '5', '7', '9']);
    let up = match cut.cmp(half.as_str()) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => more || odd,
        std::cmp::Ordering::Less => false,
    };
    let kept_number = if up { kept_number + 1_u32 } else { kept_number };
    let sign = if value.coefficient < BigInt::from(0) { "-" } else { "" };
    format!("{sign}{kept_number}e{}", value.exponent + i64::try_from(cut.len()).unwrap())
}

fn sum(a: &Exact, b: &Exact) -> Exact {
    let exponent = a.exponent.min(b.exponent);
    let shifted = |x: &Exact| &x.coefficient * ten(x.exponent - exponent);
    Exact { coefficient: shifted(a) + shifted(b), exponent }
}

fn quotient(a: &Exact, b: &Exact) -> (Exact, bool) {
    let numerator = &a.coefficient * ten(80);
    let coefficient = &numerator / &b.coefficient;
    let more = &coefficient * &b.coefficient != numerator;
    (Exact { coefficient, exponent: a.exponent - b.exponent - 80 }, more)
}

fn same(found: Option<Number>, wanted: &str, of: &str) {
    // What the oracle gives may leave decimal128's range, and then so must ours.
    match Number::parse(wanted) {
        Some(wanted) => assert_eq!(found, Some(wanted), "{of}"),
        None => assert_eq!(found, None, "{of}"),
    }
}

#[test]
fn sums_products_and_quotients_are_those_of_exact_arithmetic_rounded_once() {
    let mut generator = Generator(0x5EED);
    for _ in 0..20_000 {
        let (a_text, b_text) = (generator.number(), generator.number());
        let (a, b) = (exact(&a_text), exact(&b_text));
        let (x, y) = (Number::parse(&a_text).unwrap(), Number::parse(&b_text).unwrap());
        same(x.plus(y), &rounded(&sum(&a, &b), false), &format!("{a_text} + {b_text}"));
        let negated = Exact { coefficient: -&b.coefficient, ..b };
        same(x.minus(y), &rounded(&sum(&a, &negated), false), &format!("{a_text} - {b_text}"));
        let product = Exact {
            coefficient: &a.coefficient * &b.coefficient,
            exponent: a.exponent + b.exponent,
        };
        same(x.times(y), &rounded(&product, false), &format!("{a_text} * {b_text}"));
        let of = format!("{a_text} / {b_text}");
        if b.coefficient == BigInt::from(0) {
            assert_eq!(x.over(y), None, "{of}");
        } else {
            let (quotient, more) = quotient(&a, &b);
            same(x.over(y), &rounded(&quotient, more), &of);
        }
        let order = sum(&a, &negated).coefficient.cmp(&BigInt::from(0));
        assert_eq!(x.cmp(&y), order, "{a_text} beside {b_text}");
    }
}

#[test]
fn modulo_has_the_sign_of_the_divisor_and_is_exact_where_it_fits() {
    let mut generator = Generator(0xD1CE);
    let mut checked = 0;
    for _ in 0..20_000 {
        let (a_text, b_text) = (generator.number(), generator.number());
        let (a, b) = (exact(&a_text), exact(&b_text));
        if b.coefficient == BigInt::from(0) {
            continue;
        }
        let exponent = a.exponent.min(b.exponent);
        let shifted = |x: &Exact| &x.coefficient * ten(x.exponent - exponent);
        let (dividend, divisor) = (shifted(&a), shifted(&b));
        let rest = &dividend % &divisor;
        let zero = BigInt::from(0);
        let rest =
            if rest != zero && (rest < zero) != (divisor < zero) { rest + &divisor } else { rest };
        let exact_rest = Exact { coefficient: rest, exponent };
        let (x, y) = (Number::parse(&a_text).unwrap(), Number::parse(&b_text).unwrap());
        same(x.modulo(y), &rounded(&exact_rest, false), &format!("modulo({a_text}, {b_text})"));
        checked += 1;
    }
    assert!(checked > 15_000);
}

#[test]
fn rounding_takes_the_side_that_its_name_says() {
    let mut generator = Generator(0xF00D);
    for _ in 0..20_000 {
        let text = generator.number();
        let value = exact(&text);
        let scale = i64::try_from(generator.below(60)).unwrap() - 25;
        let cut = -scale - value.exponent;
        let number = Number::parse(&text).unwrap();
        if cut <= 0 {
            assert_eq!(number.round(scale, Round::Up), Some(number), "{text} to {scale}");
            continue;
        }
        let divisor = ten(cut);
        let down = &value.coefficient / &divisor;
        let rest = magnitude(&(&value.coefficient - &down * &divisor));
        let sign = if value.coefficient < BigInt::from(0) { -1 } else { 1 };
        let twice = &rest * 2_u32;
        let half = magnitude(&divisor);
        let even = magnitude(&down).bit(0);
        for mode in [Round::HalfEven, Round::HalfUp, Round::HalfDown, Round::Up, Round::Down] {
            let away = match mode {
                Round::HalfEven => twice > half || (twice == half && even),
                Round::HalfUp => twice >= half,
                Round::HalfDown => twice > half,
                Round::Up => rest > BigUint::from(0_u32),
                _ => false,
            };
            let wanted = if away { &down + sign } else { down.clone() };
            let wanted = format!("{wanted}e{}", -scale);
            same(number.round(scale, mode), &wanted, &format!("{text} to {scale} {mode:?}"));
        }
    }
}

#[test]
fn a_number_reads_back_from_its_text() {
    let mut generator = Generator(0xBEEF);
    for _ in 0..20_000 {
        let text = generator.number();
        let number = Number::parse(&text).unwrap();
        assert_eq!(Number::parse(&number.to_string()), Some(number), "{text} as {number}");
    }
}

/// A root, logarithm or power is not rounded exactly, but within the last digit.
#[test]
fn roots_and_powers_agree_with_what_undoes_them() {
    let mut generator = Generator(0xACE);
    let near = |a: Number, b: Number, of: &str| {
        let away = a.minus(b).unwrap().abs();
        let allowed = b.abs().times(Number::parse("1e-31").unwrap()).unwrap();
        assert!(away <= allowed, "{of}: {a} beside {b}");
    };
    for _ in 0..300 {
        let number = Number::parse(&generator.number()).unwrap().abs();
        if number.is_zero() {
            continue;
        }
        let root = number.sqrt().unwrap();
        near(root.times(root).unwrap(), number, &format!("sqrt({number})"));
        let small = Number::from(i64::try_from(generator.below(20_000)).unwrap() - 10_000);
        let small = small.over(Number::from(generator.below(500).cast_signed() + 1)).unwrap();
        let power = small.exp().unwrap();
        // Near 1 the logarithm has fewer digits than the number that it is of.
        if small.abs() > Number::from(1) {
            near(power.ln().unwrap(), small, &format!("exp({small})"));
        }
    }
}

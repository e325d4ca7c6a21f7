//! Reading the lexical forms: digits, separators, and the `<number><unit>` parts of durations.
//!
//! In:  text, from its beginning.
//! Out: what was read, or `None`, after which the scanner is of no further use.
//! Absent: what the numbers mean, and their bounds.

/// What is left to read of a text.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

/// The parts of a duration added up.
pub(super) struct Amounts<'a> {
    /// Sum of number times factor.
    pub(super) total: i128,
    /// Digits after the point of the seconds; empty if there were none.
    pub(super) fraction: &'a str,
    /// How many parts there were.
    pub(super) parts: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Steps over `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        self.rest.strip_prefix(expected).inspect(|rest| self.rest = rest).is_some()
    }

    /// Steps over `expected`, which must come next.
    pub(super) fn expect(&mut self, expected: char) -> Option<()> {
        self.eat(expected).then_some(())
    }

    /// The digits that come next; may be empty.
    pub(super) fn digits(&mut self) -> &'a str {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    /// A number of exactly two digits; what follows them may be another digit.
    pub(super) fn two_digits(&mut self) -> Option<i64> {
        let digits = self.rest.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_digit()))?;
        self.rest = &self.rest[2..];
        digits.parse().ok()
    }

    /// Nanoseconds of `.digits`, at least one digit; 0 if no point comes next.
    pub(super) fn fraction(&mut self) -> Option<u32> {
        if !self.eat('.') {
            return Some(0);
        }
        let digits = self.digits();
        if digits.is_empty() { None } else { nanos(digits) }
    }

    /// What is left.
    pub(super) fn rest(self) -> &'a str {
        self.rest
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// Reads `<number><unit>` as long as digits come. Each unit at most once and in the order of
    /// `units`, which holds each with its factor; a point only before `S`. The compatibility kit
    /// has `PT0.S`, so the digits after the point may be missing.
    pub(super) fn amounts(&mut self, units: &[(char, i64)]) -> Option<Amounts<'a>> {
        let mut units = units.iter();
        let mut sum = Amounts { total: 0, fraction: "", parts: 0 };
        while self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let number: i64 = self.digits().parse().ok()?;
            let pointed = self.eat('.');
            if pointed {
                sum.fraction = self.digits();
            }
            let (unit, factor) = units.find(|(unit, _)| self.rest.starts_with(*unit))?;
            self.expect(*unit)?;
            if pointed && *unit != 'S' {
                return None;
            }
            sum.total += i128::from(number) * i128::from(*factor);
            sum.parts += 1;
        }
        Some(sum)
    }
}

/// Nanoseconds of the digits after the point. `None` for what is finer: it is not lost silently.
pub(super) fn nanos(digits: &str) -> Option<u32> {
    let (kept, beyond) = digits.split_at(digits.len().min(9));
    if beyond.bytes().any(|digit| digit != b'0') {
        return None;
    }
    format!("{kept:0<9}").parse().ok()
}

/// `.5` for half a second: what is printed after the seconds, without trailing zeros.
pub(super) fn fraction_text(nanos: u32) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

/// `value * numerator / denominator` towards zero. `None` if the denominator is 0 or the result
/// overflows; what lies between never does.
pub(super) fn scaled(value: i128, numerator: i64, denominator: i64) -> Option<i128> {
    let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
    let (whole, rest) = (value.checked_div(denominator)?, value.checked_rem(denominator)?);
    whole.checked_mul(numerator)?.checked_add(rest * numerator / denominator)
}

//! Days and time durations: an exact amount of time (DMN 1.5, 10.3.2.3.7).
//!
//! In:  nanoseconds, or text with days, hours, minutes and seconds.
//! Out: an amount, its parts with its sign, and arithmetic that says when it overflows.
//! Absent: months and years, which are no amount (see [`super::YearMonth`]).

use std::fmt;

use super::text::{self, Scanner};
use super::{DAY_NANOS, DAY_SECONDS, SECOND_NANOS};

/// Nanoseconds beyond which no duration goes, to either side; so that each has its negation.
const NANOS_MAX: i128 = i64::MAX as i128 * SECOND_NANOS as i128 + (SECOND_NANOS - 1) as i128;

/// An exact amount of time, up to 292,000,000,000 years to either side. A day is 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DayTime {
    /// Rounded down, so that the order of the fields is the order of the values.
    seconds: i64,
    /// 0 to 999,999,999, to be added.
    nanos: u32,
}

impl DayTime {
    /// `PT0S`
    pub const ZERO: Self = Self { seconds: 0, nanos: 0 };

    /// So many nanoseconds; `None` if they are too many.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        if !(-NANOS_MAX..=NANOS_MAX).contains(&nanos) {
            return None;
        }
        let second = i128::from(SECOND_NANOS);
        Some(Self {
            seconds: i64::try_from(nanos.div_euclid(second)).ok()?,
            nanos: u32::try_from(nanos.rem_euclid(second)).ok()?,
        })
    }

    /// So many seconds; `None` only for the least number, which has no negation.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (seconds != i64::MIN).then_some(Self { seconds, nanos: 0 })
    }

    /// Days between two dates; their range keeps the seconds far from overflowing.
    pub(super) fn from_days(days: i64) -> Self {
        Self { seconds: days * DAY_SECONDS, nanos: 0 }
    }

    /// The whole amount in nanoseconds.
    pub fn total_nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND_NANOS) + i128::from(self.nanos)
    }

    /// The whole amount in seconds, without its fraction.
    pub fn total_seconds(self) -> i64 {
        self.part(i128::from(SECOND_NANOS), i128::MAX)
    }

    /// The property `days`: whole days, with the duration's sign.
    pub fn days(self) -> i64 {
        self.part(i128::from(DAY_NANOS), i128::MAX)
    }

    /// The property `hours`: -23 to 23.
    pub fn hours(self) -> i64 {
        self.part(3600 * i128::from(SECOND_NANOS), 24)
    }

    /// The property `minutes`: -59 to 59.
    pub fn minutes(self) -> i64 {
        self.part(60 * i128::from(SECOND_NANOS), 60)
    }

    /// The property `seconds`: -59 to 59, without the fraction.
    pub fn seconds(self) -> i64 {
        self.part(i128::from(SECOND_NANOS), 60)
    }

    /// The fraction of the seconds in nanoseconds, with the duration's sign.
    pub fn subsecond_nanos(self) -> i64 {
        self.part(1, i128::from(SECOND_NANOS))
    }

    /// How many `unit` (nanoseconds) of each `limit`, towards zero: a duration has one sign.
    fn part(self, unit: i128, limit: i128) -> i64 {
        i64::try_from(self.total_nanos() / unit % limit).unwrap_or(0)
    }

    /// Below zero.
    pub fn is_negative(self) -> bool {
        self.seconds < 0
    }

    /// The sum; `None` if it is too long.
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.total_nanos() + other.total_nanos())
    }

    /// The difference; `None` if it is too long.
    pub fn minus(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.total_nanos() - other.total_nanos())
    }

    /// As long, the other way.
    #[must_use]
    pub fn negated(self) -> Self {
        // The bounds are symmetric: there always is one.
        Self::from_nanos(-self.total_nanos()).unwrap_or(self)
    }

    /// As long, not below zero.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_negative() { self.negated() } else { self }
    }

    /// `numerator / denominator` times as long, in whole nanoseconds towards zero. `None` if the
    /// denominator is 0 or the result too long.
    pub fn times(self, numerator: i64, denominator: i64) -> Option<Self> {
        Self::from_nanos(text::scaled(self.total_nanos(), numerator, denominator)?)
    }

    /// Reads `P1DT2H3M4.5S`, with `-` before it if it is negative: at least one part, `T` only
    /// before a part, years, months and weeks never.
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = Scanner::new(text);
        let negative = text.eat('-');
        text.expect('P')?;
        let days = text.amounts(&[('D', DAY_SECONDS)])?;
        let (mut seconds, mut nanos) = (days.total, 0);
        if text.eat('T') {
            let time = text.amounts(&[('H', 3600), ('M', 60), ('S', 1)])?;
            if time.parts == 0 {
                return None;
            }
            seconds += time.total;
            nanos = text::nanos(time.fraction)?;
        } else if days.parts == 0 {
            return None;
        }
        text.end()?;
        let nanos = seconds.checked_mul(i128::from(SECOND_NANOS))? + i128::from(nanos);
        Self::from_nanos(if negative { -nanos } else { nanos })
    }
}

impl fmt::Display for DayTime {
    /// The shortest form: no part that is 0, but `PT0S` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.abs();
        f.write_str(if self.is_negative() { "-P" } else { "P" })?;
        let part = |f: &mut fmt::Formatter<'_>, value: i64, unit: char| {
            if value == 0 { Ok(()) } else { write!(f, "{value}{unit}") }
        };
        part(f, amount.days(), 'D')?;
        let whole_days = amount.total_nanos() % i128::from(DAY_NANOS) == 0;
        if whole_days && amount != Self::ZERO {
            return Ok(());
        }
        f.write_str("T")?;
        part(f, amount.hours(), 'H')?;
        part(f, amount.minutes(), 'M')?;
        if amount.seconds() != 0 || amount.nanos != 0 || amount == Self::ZERO {
            write!(f, "{}{}S", amount.seconds(), text::fraction_text(amount.nanos))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> DayTime {
        DayTime::parse(text).expect(text)
    }

    #[test]
    fn texts_are_normalised() {
        for (text, printed) in [
            ("P1D", "P1D"),
            ("PT2H", "PT2H"),
            ("PT3M", "PT3M"),
            ("PT4S", "PT4S"),
            ("P1DT2H3M4.123456789S", "P1DT2H3M4.123456789S"),
            ("PT0.999S", "PT0.999S"),
            ("PT0S", "PT0S"),
            ("PT0.S", "PT0S"),
            ("PT0.000S", "PT0S"),
            ("PT0H", "PT0S"),
            ("P0D", "PT0S"),
            ("-P0D", "PT0S"),
            ("-PT1H2M", "-PT1H2M"),
            ("PT1000M", "PT16H40M"),
            ("PT1000M0.999999999S", "PT16H40M0.999999999S"),
            ("PT61M", "PT1H1M"),
            ("PT24H", "P1D"),
            ("PT240H", "P10D"),
            ("PT3600S", "PT1H"),
            ("P2DT274M", "P2DT4H34M"),
            ("-PT0.5S", "-PT0.5S"),
            ("-PT90.5S", "-PT1M30.5S"),
            ("PT1.5000000000000S", "PT1.5S"),
            ("P00001D", "P1D"),
        ] {
            assert_eq!(duration(text).to_string(), printed, "{text}");
        }
        for bad in [
            "",
            "P",
            "-P",
            "P0",
            "PT",
            "P1DT",
            "1D",
            "1Y",
            "P1H",
            "P1S",
            "P1Y",
            "P1M",
            "P1Y1D",
            "P1W",
            "PT1M1H",
            "PT1H1H",
            "P1D1D",
            "P-1D",
            "+P1D",
            "--P1D",
            "PT.5S",
            "PT1.5M",
            "P1.5D",
            "p1d",
            "P1DT1H ",
            "P99999999999999999999D",
            "PT9223372036854775808S",
            "PT0.0000000001S",
            "P9223372036854775807D",
            "2012T-12-2511:00:00Z",
        ] {
            assert_eq!(DayTime::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn properties_carry_the_sign() {
        let back = duration("-P1DT2H3M4.5S");
        assert_eq!((back.days(), back.hours(), back.minutes(), back.seconds()), (-1, -2, -3, -4));
        assert_eq!((back.subsecond_nanos(), back.total_seconds()), (-500_000_000, -93_784));
        let day = duration("P1D");
        assert_eq!((day.days(), day.hours(), day.minutes(), day.seconds()), (1, 0, 0, 0));
        assert!(back.is_negative() && !day.is_negative() && duration("-PT0.1S").is_negative());
    }

    #[test]
    fn arithmetic_is_exact_and_bounded() {
        let sum = |a: &str, b: &str| duration(a).plus(duration(b)).expect(a).to_string();
        assert_eq!(sum("P1D", "P2D"), "P3D");
        assert_eq!(sum("PT24H", "P1D"), "P2D");
        assert_eq!(sum("-P1D", "PT2H"), "-PT22H");
        let less = |a: &str, b: &str| duration(a).minus(duration(b)).expect(a).to_string();
        assert_eq!(less("P1D", "-PT2H"), "P1DT2H");
        assert_eq!(less("P1D", "PT0H"), "P1D");
        let times = |a: &str, n, d| duration(a).times(n, d).map(|by| by.to_string());
        assert_eq!(times("P4DT1H", 15, 10).as_deref(), Some("P6DT1H30M"));
        assert_eq!(times("PT23H", 5, 2).as_deref(), Some("P2DT9H30M"));
        assert_eq!(times("-P1D", -10, 1).as_deref(), Some("P10D"));
        assert_eq!(times("PT0.000000001S", -3, 2).as_deref(), Some("-PT0.000000001S"));
        assert_eq!(times("P1D", 1, 0), None);
        let longest = DayTime::from_nanos(NANOS_MAX).expect("the longest");
        assert_eq!(longest.negated().negated(), longest);
        assert_eq!(longest.plus(duration("PT0.000000001S")), None);
        assert_eq!(longest.times(i64::MAX, 1), None);
        assert_eq!(longest.times(i64::MAX, i64::MAX), Some(longest));
        assert_eq!(duration(&longest.negated().to_string()), longest.negated());
        assert_eq!(DayTime::from_seconds(i64::MIN), None);
    }
}

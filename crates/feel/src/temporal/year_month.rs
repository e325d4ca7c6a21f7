//! Years and months durations (DMN 1.5, 10.3.2.3.8): how far the calendar's month moves.
//!
//! In:  months, two dates, or text with years and months.
//! Out: a number of months, its parts with its sign, and arithmetic that says when it overflows.
//! Absent: days; how long a month is depends on where it begins.

use std::fmt;

use super::Date;
use super::text::{Scanner, scaled};

/// A number of months, at most `i64::MAX` to either side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct YearMonth {
    months: i64,
}

impl YearMonth {
    /// So many months; `None` only for the least number, which has no negation.
    pub fn from_months(months: i64) -> Option<Self> {
        (months != i64::MIN).then_some(Self { months })
    }

    /// Whole months from one day to the other, below zero if `to` is the earlier: FEEL's function
    /// `years and months duration`, which looks at the dates only (DMN 1.5, 10.3.4.1; the kit's
    /// 1121 has pairs whose times say otherwise).
    pub fn between(from: Date, to: Date) -> Self {
        let month = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        let months = month(to) - month(from);
        let unfinished = if months > 0 { to.day() < from.day() } else { to.day() > from.day() };
        Self { months: if unfinished { months - months.signum() } else { months } }
    }

    /// The whole amount in months.
    pub fn total_months(self) -> i64 {
        self.months
    }

    /// The property `years`: whole years, with the duration's sign.
    pub fn years(self) -> i64 {
        self.months / 12
    }

    /// The property `months`: -11 to 11.
    pub fn months(self) -> i64 {
        self.months % 12
    }

    /// Below zero.
    pub fn is_negative(self) -> bool {
        self.months < 0
    }

    /// The sum; `None` if it is too long.
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::from_months(self.months.checked_add(other.months)?)
    }

    /// The difference; `None` if it is too long.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// As long, the other way.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { months: -self.months }
    }

    /// As long, not below zero.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { months: self.months.abs() }
    }

    /// `numerator / denominator` times as long, in whole months towards zero (the kit's 0100:
    /// `-2.5 * @"P1Y11M"` is `-P4Y9M`). `None` if the denominator is 0 or the result too long.
    pub fn times(self, numerator: i64, denominator: i64) -> Option<Self> {
        let months = scaled(i128::from(self.months), numerator, denominator)?;
        Self::from_months(i64::try_from(months).ok()?)
    }

    /// Reads `P1Y2M`, with `-` before it if it is negative: at least one part, days and time
    /// never.
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = Scanner::new(text);
        let negative = text.eat('-');
        text.expect('P')?;
        let amounts = text.amounts(&[('Y', 12), ('M', 1)])?;
        text.end()?;
        if amounts.parts == 0 {
            return None;
        }
        let months = i64::try_from(amounts.total).ok()?;
        Self::from_months(if negative { -months } else { months })
    }
}

impl fmt::Display for YearMonth {
    /// The shortest form: no part that is 0, but `P0M` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (years, months) = (self.years().unsigned_abs(), self.months().unsigned_abs());
        f.write_str(if self.is_negative() { "-P" } else { "P" })?;
        if years != 0 {
            write!(f, "{years}Y")?;
        }
        if months != 0 || years == 0 {
            write!(f, "{months}M")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(text: &str) -> YearMonth {
        YearMonth::parse(text).expect(text)
    }

    #[test]
    fn texts_are_normalised() {
        for (text, printed) in [
            ("P1Y2M", "P1Y2M"),
            ("P1Y", "P1Y"),
            ("P0Y", "P0M"),
            ("P0M", "P0M"),
            ("-P0Y", "P0M"),
            ("-P1Y", "-P1Y"),
            ("P26M", "P2Y2M"),
            ("P1Y27M", "P3Y3M"),
            ("P100M", "P8Y4M"),
            ("-P100M", "-P8Y4M"),
            ("P999999999M", "P83333333Y3M"),
            ("P99999999Y", "P99999999Y"),
            ("-P99999999Y", "-P99999999Y"),
            ("-P5M", "-P5M"),
        ] {
            assert_eq!(duration(text).to_string(), printed, "{text}");
        }
        for bad in [
            "",
            "P",
            "-P",
            "P0",
            "1Y",
            "P1M1Y",
            "P1Y1Y",
            "P1D",
            "P1Y1D",
            "P1YT1H",
            "P1YT",
            "P1.5Y",
            "P1.Y",
            "P-1Y",
            "+P1Y",
            "P1W",
            "P9223372036854775808M",
            "P9223372036854775807Y",
            "P768614336404564651Y",
        ] {
            assert_eq!(YearMonth::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn between_counts_whole_months_of_the_dates() {
        for (from, to, months) in [
            ("2011-12-22", "2013-08-24", "P1Y8M"),
            ("2013-08-24", "2011-12-22", "-P1Y8M"),
            ("2015-01-21", "2016-01-21", "P1Y"),
            ("2016-01-21", "2015-01-21", "-P1Y"),
            ("2016-01-01", "2016-01-01", "P0M"),
            ("2016-09-30", "2017-12-28", "P1Y2M"),
            ("2010-05-30", "2017-12-15", "P7Y6M"),
            ("-2016-01-30", "-2017-02-28", "-P11M"),
            ("2014-12-31", "-2019-10-01", "-P4033Y2M"),
            ("2017-09-05", "-2019-10-01", "-P4035Y11M"),
            ("2017-09-05", "2019-10-01", "P2Y"),
            ("2016-08-25", "2017-08-10", "P11M"),
            ("2011-12-31", "2017-08-10", "P5Y7M"),
            ("2015-12-31", "2018-10-01", "P2Y9M"),
            ("2013-08-24", "2017-12-15", "P4Y3M"),
            ("2017-02-28", "2019-07-23", "P2Y4M"),
            ("2021-01-05", "2021-01-20", "P0M"),
            ("2021-01-20", "2021-01-05", "P0M"),
        ] {
            let day = |text: &str| Date::parse(text).expect(text);
            assert_eq!(YearMonth::between(day(from), day(to)).to_string(), months, "{from} {to}");
        }
    }

    #[test]
    fn arithmetic_is_exact_and_bounded() {
        assert_eq!(duration("-P1Y").plus(duration("P2M")), Some(duration("-P10M")));
        assert_eq!(duration("-P1Y").minus(duration("-P2M")), Some(duration("-P10M")));
        for (by, numerator, denominator, result) in [
            ("P1Y11M", -5, 2, "-P4Y9M"),
            ("P2M", 3, 2, "P3M"),
            ("P1M", 12, 1, "P1Y"),
            ("P10Y", 1, 10, "P1Y"),
            ("P1M", 0, 1, "P0M"),
            ("-P1Y", -10, 1, "P10Y"),
        ] {
            assert_eq!(duration(by).times(numerator, denominator), Some(duration(result)), "{by}");
        }
        let longest = YearMonth::from_months(i64::MAX).expect("the longest");
        assert_eq!(longest.plus(duration("P1M")), None);
        assert_eq!(longest.negated().minus(duration("P1M")), None);
        assert_eq!(longest.times(2, 1), None);
        assert_eq!(longest.times(1, 0), None);
        assert_eq!(YearMonth::from_months(i64::MIN), None);
        let back = duration("-P1Y2M");
        assert_eq!((back.years(), back.months(), back.total_months()), (-1, -2, -14));
        assert_eq!(back.abs(), duration("P1Y2M"));
    }
}

//! The text of an at-literal, `@"…"`: any of the five types (DMN 1.5, 10.3.1.2).
//!
//! In:  text.
//! Out: the one value that it can be read as.
//! Absent: the quotes and the `@` before them.

use super::{Date, DateTime, DayTime, Time, YearMonth};

/// A value of one of FEEL's five types about time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Literal {
    /// `2026-11-23`
    Date(Date),
    /// `09:00:00`
    Time(Time),
    /// `2026-11-23T09:00:00`
    DateTime(DateTime),
    /// `P1DT2H`
    DayTime(DayTime),
    /// `P1Y2M`
    YearMonth(YearMonth),
}

impl Literal {
    /// Reads any of the five forms; no text has two of them.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim_start_matches('-').starts_with('P') {
            return Self::parse_duration(text);
        }
        if text.as_bytes().get(2) == Some(&b':') {
            return Time::parse(text).map(Self::Time);
        }
        if text.contains('T') {
            return DateTime::parse(text).map(Self::DateTime);
        }
        Date::parse(text).map(Self::Date)
    }

    /// Reads either kind of duration, as the function `duration(from)` does.
    pub fn parse_duration(text: &str) -> Option<Self> {
        let months = YearMonth::parse(text).map(Self::YearMonth);
        months.or_else(|| DayTime::parse(text).map(Self::DayTime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_of_the_type_its_text_shows() {
        for (text, kind) in [
            ("2019-03-31", "Date"),
            ("10:30:11", "Time("),
            ("10:30:11+11:00", "Time("),
            ("10:30:11@America/Toronto", "Time("),
            ("-2019-03-31", "Date"),
            ("2018-12-08T10:30:11", "DateTime"),
            ("P10D", "DayTime"),
            ("-P10Y", "YearMonth"),
            ("2018-12-08T10:30:11@Australia/Melbourne", "DateTime"),
            ("PT1M", "DayTime"),
            ("P1M", "YearMonth"),
        ] {
            let literal = format!("{:?}", Literal::parse(text).expect(text));
            assert!(literal.starts_with(kind), "{text}: {literal}");
        }
        for bad in ["", "foo", "-", "P", "T", "10:30", "2018-12-08T", "--P1D", "é:é:"] {
            assert!(Literal::parse(bad).is_none(), "{bad}");
        }
    }
}

//! A day of the proleptic Gregorian calendar (DMN 1.5, 10.3.2.3.5).
//!
//! In:  year, month and day; or a number of days since 1970-01-01; or text.
//! Out: a day that exists, its parts and its neighbours.
//! Absent: time zones; FEEL's date has none.

use std::fmt;

use super::text::Scanner;
use super::{DAY_NANOS, DayTime};

/// Years go from `-YEAR_MAX` to `YEAR_MAX`, as the compatibility kit asks.
pub const YEAR_MAX: i64 = 999_999_999;

/// Beyond every day of the calendar, and far from where the arithmetic overflows.
const DAYS_BOUND: i64 = 366 * (YEAR_MAX + 1);

/// A day. Year 0 is the year before year 1, as in ISO-8601. Ordered by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// 1970-01-01
    pub const EPOCH: Self = Self { year: 1970, month: 1, day: 1 };

    /// The day of these parts; `None` if there is no such day.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(-YEAR_MAX..=YEAR_MAX).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        let (year, month) = (i32::try_from(year).ok()?, u8::try_from(month).ok()?);
        let day = u8::try_from(day).ok()?;
        (1..=last_day(year, month)).contains(&day).then_some(Self { year, month, day })
    }

    /// -999,999,999 to 999,999,999.
    pub fn year(self) -> i32 {
        self.year
    }

    /// 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    /// 1 is Monday, 7 is Sunday (ISO-8601).
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        small((self.days() + 3).rem_euclid(7) + 1)
    }

    /// 1 to 366.
    pub fn day_of_year(self) -> u16 {
        let day = self.days() - days_from_civil(i64::from(self.year), 1, 1) + 1;
        u16::try_from(day).unwrap_or(u16::MAX)
    }

    /// The week, 1 to 53, as ISO-8601 counts: the week of a year's first Thursday is its first.
    pub fn week_of_year(self) -> u8 {
        let thursday = self.days() + 4 - i64::from(self.weekday());
        let (year, ..) = civil_from_days(thursday);
        small((thursday - days_from_civil(year, 1, 1)) / 7 + 1)
    }

    /// Last day of this day's month, 28 to 31.
    pub fn last_day_of_month(self) -> u8 {
        last_day(self.year, self.month)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.day))
    }

    /// The day so many days after 1970-01-01; `None` beyond the calendar.
    pub fn from_days(days: i64) -> Option<Self> {
        if !(-DAYS_BOUND..=DAYS_BOUND).contains(&days) {
            return None;
        }
        let (year, month, day) = civil_from_days(days);
        Self::new(year, month, day)
    }

    /// The same day so many months later, or the last of the month if it has no such day.
    /// `None` beyond the calendar.
    pub fn plus_months(self, months: i64) -> Option<Self> {
        // Counted from January of the year 0.
        let from = i64::from(self.year) * 12 + i64::from(self.month) - 1;
        let to = from.checked_add(months)?;
        let first = Self::new(to.div_euclid(12), to.rem_euclid(12) + 1, 1)?;
        Some(Self { day: self.day.min(first.last_day_of_month()), ..first })
    }

    /// So many days later; `None` beyond the calendar.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        Self::from_days(self.days().checked_add(days)?)
    }

    /// The day in which the moment lies that is `amount` after this day's midnight: 36 hours
    /// later is the next day, one second earlier is the day before (the kit's 0100).
    pub fn plus(self, amount: DayTime) -> Option<Self> {
        let days = amount.total_nanos().div_euclid(i128::from(DAY_NANOS));
        self.plus_days(i64::try_from(days).ok()?)
    }

    /// Time from `earlier`'s midnight to this day's.
    pub fn minus(self, earlier: Self) -> DayTime {
        DayTime::from_days(self.days() - earlier.days())
    }

    /// Reads `2026-11-23`: years of four digits or more, then without leading zeros; `-` before
    /// them, never `+`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = Scanner::new(text);
        let negative = text.eat('-');
        let digits = text.digits();
        let padded = digits.len() > 4 && digits.starts_with('0');
        if !(4..=9).contains(&digits.len()) || padded || (negative && digits == "0000") {
            return None;
        }
        let year: i64 = digits.parse().ok()?;
        text.expect('-')?;
        let month = text.two_digits()?;
        text.expect('-')?;
        let day = text.two_digits()?;
        text.end()?;
        Self::new(if negative { -year } else { year }, month, day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{:02}-{:02}", self.year.unsigned_abs(), self.month, self.day)
    }
}

fn last_day(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms"): years
/// begin in March, so the leap day is a year's last, and 400 years are one era of 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    // The years' lengths before this day, less their leap days, are 365 each.
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // 0 is March; five months of 153 days repeat.
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// For what is known to lie below 54.
fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).expect(text)
    }

    #[test]
    fn texts_are_xml_schemas() {
        for good in ["2017-12-31", "-2017-01-01", "0000-02-29", "0998-12-31"] {
            assert_eq!(date(good).to_string(), good);
        }
        for good in ["99999-12-31", "999999999-12-31", "-999999999-12-31"] {
            assert_eq!(date(good).to_string(), good);
        }
        for bad in [
            "",
            "2012-12-25T",
            "2012/12/25",
            "0000-12-25T",
            "9999999999-12-25",
            "2017-13-10",
            "2017-12-32",
            "998-12-31",
            "01211-12-31",
            "2012T-12-2511:00:00Z",
            "+2012-12-02",
            "2017-2-03",
            "2017-02-3",
            "2017-02-29",
            "1900-02-29",
            "2017-00-01",
            "2017-01-00",
            "-0000-01-01",
            "--2017-01-01",
            "2017-12-31Z",
            " 2017-12-31",
            "２017-12-31",
            "2017-1",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn parts_must_exist() {
        assert_eq!(Date::new(2017, 12, 31), Some(date("2017-12-31")));
        assert_eq!(Date::new(-999_999_999, 12, 31), Some(date("-999999999-12-31")));
        for (year, month, day) in [
            (2017, 13, 31),
            (2017, 12, 32),
            (2017, -8, 2),
            (2017, 8, -2),
            (2017, 8, 0),
            (-1_000_999_999, 12, 1),
            (1_000_000_000, 1, 1),
            (i64::MAX, 1, 1),
            (2017, 257, 1),
            (2017, 1, 257),
        ] {
            assert_eq!(Date::new(year, month, day), None, "{year} {month} {day}");
        }
    }

    #[test]
    fn properties_count_as_iso_does() {
        assert_eq!(date("2018-12-10").weekday(), 1);
        assert_eq!(date("2019-09-17").weekday(), 2);
        assert_eq!(date("2021-01-17").weekday(), 7);
        for (text, day) in
            [("1970-01-01", 1), ("2019-12-31", 365), ("2020-12-31", 366), ("2019-09-17", 260)]
        {
            assert_eq!(date(text).day_of_year(), day, "{text}");
        }
        for (text, week) in [
            ("2019-09-17", 38),
            ("2003-12-29", 1),
            ("2003-12-31", 1),
            ("1970-01-01", 1),
            ("2005-01-01", 53),
            ("2004-01-04", 1),
            ("2020-12-31", 53),
            ("2021-01-04", 1),
            ("2010-01-03", 53),
            ("2008-12-28", 52),
        ] {
            assert_eq!(date(text).week_of_year(), week, "{text}");
        }
        assert!((52..=53).contains(&date("999999999-12-31").week_of_year()));
        assert!((1..=53).contains(&date("-999999999-01-01").week_of_year()));
    }

    #[test]
    fn durations_move_by_whole_days_downwards() {
        let plus = |text: &str, by: &str| {
            date(text).plus(DayTime::parse(by).expect(by)).expect(by).to_string()
        };
        for (from, by, to) in [
            ("2021-01-01", "P1D", "2021-01-02"),
            ("2021-01-01", "PT36H", "2021-01-02"),
            ("2021-01-01", "PT48H", "2021-01-03"),
            ("2021-01-02", "-PT1M", "2021-01-01"),
            ("2021-01-02", "-PT1S", "2021-01-01"),
            ("2021-01-02", "PT1S", "2021-01-02"),
            ("2021-01-02", "-PT24H", "2021-01-01"),
            ("2021-01-02", "-PT25H", "2020-12-31"),
            ("2021-01-02", "PT25H", "2021-01-03"),
            ("2020-03-01", "-PT24H", "2020-02-29"),
        ] {
            assert_eq!(plus(from, by), to, "{from} {by}");
        }
        assert_eq!(date("999999999-12-31").plus_days(1), None);
        assert_eq!(date("-999999999-01-01").plus_days(-1), None);
        assert_eq!(date("2021-01-02").minus(date("1995-01-01")).to_string(), "P9498D");
    }
}

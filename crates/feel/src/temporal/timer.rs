//! ISO-8601 as BPMN's timers write it: wider than FEEL's texts.
//!
//! In:  durations that mix months and time (`P1M2DT3H`) or count weeks (`P2W`); dates and times
//! that leave out seconds or the offset.
//! Out: milliseconds since 1970, in the years -9999 to 9999.
//! Absent: repetitions and cron (see the crate `bpmn`), and the clock.

use std::fmt;

use super::text::Scanner;
use super::{DAY_SECONDS, Date, DateTime, DayTime, Time, Zone};

/// Timers know the years -9999 to 9999: what lies beyond is a mistake, not a plan.
const YEARS: std::ops::RangeInclusive<i32> = -9999..=9999;

/// Milliseconds of a day.
const DAY_MS: i64 = DAY_SECONDS * 1000;

/// A duration: whole months by the calendar, then an exact amount of days and time. Both have one
/// sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IsoDuration {
    /// Years and months, in months.
    pub months: i64,
    /// Weeks, days and time, in milliseconds.
    pub ms: i64,
}

impl fmt::Display for IsoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months == 0 && self.ms == 0 {
            return f.write_str("PT0S");
        }
        let (months, ms) = (self.months.unsigned_abs(), self.ms.unsigned_abs());
        let part = |f: &mut fmt::Formatter<'_>, value: u64, unit: char| {
            if value > 0 { write!(f, "{value}{unit}") } else { Ok(()) }
        };
        f.write_str(if self.months < 0 || self.ms < 0 { "-P" } else { "P" })?;
        part(f, months / 12, 'Y')?;
        part(f, months % 12, 'M')?;
        // The rest is as a days and time duration has it, without its sign and `P`.
        let time = DayTime::from_nanos(i128::from(ms) * 1_000_000).filter(|_| ms > 0);
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        f.write_str(time.trim_start_matches('P'))
    }
}

/// Parses an ISO-8601 duration: `P1Y2M`, `P3DT4H`, `P2W`, mixed. `None` if it is none. What is
/// finer than a millisecond is left out.
pub fn parse_duration(text: &str) -> Option<IsoDuration> {
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let body = body.strip_prefix('P')?;
    let (date, time) = body.split_once('T').map_or((body, None), |(date, time)| (date, Some(time)));
    let (months, days) = date.split_at(date.rfind(['Y', 'M']).map_or(0, |last| last + 1));
    if date.is_empty() && time.is_none() || time.is_some_and(str::is_empty) {
        return None;
    }
    let (months, _) = sum(months, &[('Y', 12), ('M', 1)])?;
    let (days, _) = sum(days, &[('W', 7 * DAY_MS), ('D', DAY_MS)])?;
    let (time, fraction) =
        sum(time.unwrap_or_default(), &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?;
    let fraction: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let ms = days.checked_add(time)?.checked_add(fraction)?;
    Some(IsoDuration { months: months * sign, ms: ms * sign })
}

/// The parts of a text that holds nothing else, added up, and the digits after the point.
fn sum<'a>(text: &'a str, units: &[(char, i64)]) -> Option<(i64, &'a str)> {
    let mut text = Scanner::new(text);
    let amounts = text.amounts(units)?;
    text.end()?;
    Some((i64::try_from(amounts.total).ok()?, amounts.fraction))
}

/// `now_ms` plus a duration, months by the calendar of UTC. `None` beyond the calendar.
pub fn add_to_epoch_ms(now_ms: i64, duration: &IsoDuration) -> Option<i64> {
    let now = in_years(DateTime::from_epoch_ms(now_ms))?;
    // The day first: its months' ends clamp it before the exact amount is added.
    let day = now.date().plus_months(duration.months)?;
    let from = in_years(DateTime::new(day, now.time().clone()))?.epoch_ms();
    let due_ms = from.checked_add(duration.ms)?;
    in_years(DateTime::from_epoch_ms(due_ms)).map(|_| due_ms)
}

fn in_years(at: DateTime) -> Option<DateTime> {
    YEARS.contains(&at.date().year()).then_some(at)
}

/// Milliseconds since 1970 of an ISO-8601 date and time; without an offset it is UTC, and a date
/// alone is its midnight. Seconds and minutes may be left out, as may the separators of the date
/// or of the time; a named zone follows as in FEEL (`2026-11-23T09:00:00@Europe/Paris`).
pub fn parse_date_time_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let date = parse_date(date)?;
    let time = time.map_or_else(|| Some(Time::midnight(None)), parse_time)?;
    let at = in_years(DateTime::new(date, time))?;
    // What is finer than a millisecond is left out, before 1970 as well.
    i64::try_from(at.epoch_nanos() / 1_000_000).ok()
}

/// `2026-11-23`, `20261123`, `+002026-11-23`.
fn parse_date(text: &str) -> Option<Date> {
    if let Some(date) = Date::parse(text) {
        return Some(date);
    }
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => (1, text),
    };
    let year_digits = if digits == text { 4 } else { 6 };
    let year = digits.get(..year_digits).filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?;
    if sign < 0 && year == "000000" {
        return None;
    }
    let mut rest = Scanner::new(&digits[year_digits..]);
    let separated = rest.eat('-');
    let month = rest.two_digits()?;
    if separated {
        rest.expect('-')?;
    }
    let day = rest.two_digits()?;
    rest.end()?;
    Date::new(sign * year.parse::<i64>().ok()?, month, day)
}

/// `09:00:00.5Z`, `09:00:00,5`, `09:00`, `0900`, `09`; a leap second is the second before it.
fn parse_time(text: &str) -> Option<Time> {
    let text = text.replacen(',', ".", 1);
    let mut text = Scanner::new(&text);
    let hour = text.two_digits()?;
    let separated = text.eat(':');
    let minute = if separated { Some(text.two_digits()?) } else { text.two_digits() };
    let second = match minute {
        Some(_) if separated && !text.eat(':') => None,
        Some(_) if separated => Some(text.two_digits()?),
        Some(_) => text.two_digits(),
        None => None,
    };
    let nano = if second.is_some() { text.fraction()? } else { 0 };
    let zone = match text.rest() {
        "" => None,
        "z" => Some(Zone::UTC),
        zone => Some(Zone::parse(zone)?),
    };
    Time::new(hour, minute.unwrap_or(0), second.unwrap_or(0).min(59), nano, zone)
}

/// `2026-11-23T00:00:00.000Z`; empty beyond the calendar.
pub fn format_date_time_ms(ms: i64) -> String {
    let Some(at) = in_years(DateTime::from_epoch_ms(ms)) else { return String::new() };
    let time = at.time();
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", at.date(), time.nano() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_may_mix_months_weeks_and_time() {
        for (text, months, ms, printed) in [
            ("P1Y2M", 14, 0, "P1Y2M"),
            ("P3DT4H", 0, 273_600_000, "P3DT4H"),
            ("P2W", 0, 1_209_600_000, "P14D"),
            ("-P1M2W3DT4H5M6.789S", -1, -1_483_506_789, "-P1M17DT4H5M6.789S"),
            ("PT0.0019S", 0, 1, "PT0.001S"),
            ("PT1.S", 0, 1000, "PT1S"),
            ("P0M", 0, 0, "PT0S"),
            ("P1M", 1, 0, "P1M"),
        ] {
            let duration = parse_duration(text).expect(text);
            assert_eq!(duration, IsoDuration { months, ms }, "{text}");
            assert_eq!(duration.to_string(), printed, "{text}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1MT",
            "1D",
            "P1H",
            "PT1M1H",
            "P-1D",
            "P1D1M",
            "P1M1Y",
            "P1D1W",
            "P99999999999999999999D",
            "P9223372036854775807W",
            "P1Y2",
            "PT1.5H",
            "P1.D",
            " P1D",
        ] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn months_move_by_the_calendar_before_the_rest() {
        let add = |from: &str, by: &str| {
            let duration = parse_duration(by).expect(by);
            add_to_epoch_ms(parse_date_time_ms(from).expect(from), &duration)
                .map(format_date_time_ms)
        };
        let leap = "2024-02-29T10:00:00.000Z";
        assert_eq!(add("2024-01-31T10:00:00Z", "P1M").as_deref(), Some(leap));
        assert_eq!(
            add("2024-01-31T10:00:00Z", "P1MT0.5S").as_deref(),
            Some("2024-02-29T10:00:00.500Z")
        );
        assert_eq!(add("2024-03-31T10:00:00Z", "-P1M").as_deref(), Some(leap));
        assert_eq!(add("2026-11-23T00:00:00Z", "P999999Y"), None);
        assert_eq!(add("9999-12-31T23:59:59Z", "PT1S"), None);
        assert_eq!(add_to_epoch_ms(i64::MAX, &IsoDuration { months: 0, ms: 1 }), None);
        assert_eq!(add_to_epoch_ms(0, &IsoDuration { months: i64::MAX, ms: i64::MAX }), None);
        assert_eq!(format_date_time_ms(i64::MIN), "");
    }

    #[test]
    fn texts_are_wider_than_feels() {
        let nine = 1_795_424_400_000;
        for (text, ms) in [
            ("2026-11-23T09:00:00Z", nine),
            ("2026-11-23T09:00:00", nine),
            ("2026-11-23T09:00", nine),
            ("2026-11-23T09", nine),
            ("20261123T090000z", nine),
            ("+002026-11-23T09:00Z", nine),
            (" 2026-11-23T09:00:00.0019 ", nine + 1),
            ("2026-11-23T09:00:00,5Z", nine + 500),
            ("2026-11-23T10:00:00+01:00", nine),
            ("2026-11-23T10:00@Europe/Paris", nine),
            ("2026-11-23", nine - 32_400_000),
            ("2026-11-23T08:59:60Z", nine - 1000),
            ("1969-12-31T23:59:59.9999Z", 0),
            ("-009999-01-01", -377_705_116_800_000),
        ] {
            assert_eq!(parse_date_time_ms(text), Some(ms), "{text}");
        }
        for bad in [
            "",
            "T09:00",
            "09:00:00",
            "2026-11-23T",
            "2026-11-23T9:00",
            "2026-11-23T09:00:00+19:00",
            "2026-13-23",
            "2026-1123",
            "202611-23",
            "10000-01-01",
            "-000000-01-01",
            "+2026-11-23",
            "2026-11-23T12:00:00-767161:17",
            "2026-11-23T24:00:00",
            "2026-11-23T09:00.5",
            "2026-11-23T09:00:00@Nowhere/Else",
            "é",
            "2026-11-23é",
        ] {
            assert_eq!(parse_date_time_ms(bad), None, "{bad}");
        }
    }
}

//! Dates, times and durations: ISO-8601 text, values, calendar arithmetic. UTC offsets are
//! understood, names of zones not yet.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span};

/// A date, a time, or both, with the offset from UTC if one was said.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Moment {
    /// `2026-11-23`
    Date(Date),
    /// `09:00:00` with the offset in seconds.
    Time(Time, Option<i32>),
    /// `2026-11-23T09:00:00` with the offset in seconds.
    DateTime(DateTime, Option<i32>),
}

/// A duration: whole months, and milliseconds of days and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IsoDuration {
    /// Years and months, in months.
    pub months: i64,
    /// Days and time, in milliseconds.
    pub ms: i64,
    /// Written with years or months: a "years and months duration" when `ms` is 0.
    pub calendar: bool,
}

impl Moment {
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Date(_) => "date",
            Self::Time(..) => "time",
            Self::DateTime(..) => "date and time",
        }
    }

    /// Milliseconds since 1970; what says no offset is UTC. `None` for a time of day.
    pub fn epoch_ms(self) -> Option<i64> {
        let (at, offset) = match self {
            Self::Date(date) => (date.to_datetime(Time::midnight()), 0),
            Self::DateTime(at, offset) => (at, offset.unwrap_or(0)),
            Self::Time(..) => return None,
        };
        let ms = at.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_millis();
        i64::try_from(ms).ok()?.checked_sub(i64::from(offset) * 1000)
    }

    /// The moment of milliseconds since 1970, in UTC.
    pub fn from_epoch_ms(ms: i64) -> Option<Self> {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        epoch
            .checked_add(SignedDuration::from_millis(ms))
            .ok()
            .map(|at| Self::DateTime(at, Some(0)))
    }

    /// Parses any of the three forms.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((date, time)) = text.split_once('T').filter(|(date, _)| !date.is_empty()) {
            let (time, offset) = split_offset(time)?;
            let date: Date = date.parse().ok()?;
            return Some(Self::DateTime(date.to_datetime(time.parse().ok()?), offset));
        }
        if text.contains(':') {
            let (time, offset) = split_offset(text.trim_start_matches('T'))?;
            return Some(Self::Time(time.parse().ok()?, offset));
        }
        text.parse().ok().map(Self::Date)
    }

    pub(crate) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(a, x), Self::Time(b, y)) => {
                let seconds = |time: Time, offset: Option<i32>| {
                    time.duration_since(Time::midnight()).as_millis()
                        - i128::from(offset.unwrap_or(0)) * 1000
                };
                Some(seconds(a, x).cmp(&seconds(b, y)))
            }
            (Self::Date(_), Self::Date(_)) | (Self::DateTime(..), Self::DateTime(..)) => {
                Some(self.epoch_ms()?.cmp(&other.epoch_ms()?))
            }
            (Self::Date(_) | Self::DateTime(..) | Self::Time(..), _) => None,
        }
    }

    pub(crate) fn plus(self, duration: IsoDuration, sign: i64) -> Option<Self> {
        let months = Span::new().try_months(duration.months.checked_mul(sign)?).ok()?;
        let time = SignedDuration::from_millis(duration.ms.checked_mul(sign)?);
        Some(match self {
            Self::Date(date) => {
                let at = date.to_datetime(Time::midnight()).checked_add(months).ok()?;
                Self::Date(at.checked_add(time).ok()?.date())
            }
            Self::Time(at, offset) => Self::Time(at.wrapping_add(time), offset),
            Self::DateTime(at, offset) => {
                Self::DateTime(at.checked_add(months).ok()?.checked_add(time).ok()?, offset)
            }
        })
    }
}

fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, None)) };
    let (time, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=18).contains(&hours) && (0..60).contains(&minutes))
        .then(|| (time, Some(sign * (hours * 3600 + minutes * 60))))
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = match self {
            Self::Date(date) => {
                write!(f, "{date}")?;
                None
            }
            Self::Time(time, offset) => {
                write!(f, "{time}")?;
                *offset
            }
            Self::DateTime(at, offset) => {
                write!(f, "{at}")?;
                *offset
            }
        };
        match offset {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(seconds) => {
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.abs() / 60;
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl IsoDuration {
    pub(crate) fn type_name(self) -> &'static str {
        if self.calendar && self.ms == 0 {
            "years and months duration"
        } else {
            "days and time duration"
        }
    }
}

impl fmt::Display for IsoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months == 0 && self.ms == 0 {
            return f.write_str(if self.calendar { "P0M" } else { "PT0S" });
        }
        if self.months < 0 || self.ms < 0 {
            f.write_str("-")?;
        }
        f.write_str("P")?;
        let part = |f: &mut fmt::Formatter<'_>, value: u64, unit: char| {
            if value > 0 { write!(f, "{value}{unit}") } else { Ok(()) }
        };
        let (months, ms) = (self.months.unsigned_abs(), self.ms.unsigned_abs());
        part(f, months / 12, 'Y')?;
        part(f, months % 12, 'M')?;
        part(f, ms / 86_400_000, 'D')?;
        let time = ms % 86_400_000;
        if time > 0 {
            f.write_str("T")?;
            part(f, time / 3_600_000, 'H')?;
            part(f, time / 60_000 % 60, 'M')?;
            let (seconds, rest) = (time / 1000 % 60, time % 1000);
            if rest > 0 {
                let text = format!("{seconds}.{rest:03}");
                write!(f, "{}S", text.trim_end_matches('0'))?;
            } else {
                part(f, seconds, 'S')?;
            }
        }
        Ok(())
    }
}

/// Parses an ISO-8601 duration: `P1Y2M`, `P3DT4H`, `P2W`, mixed. `None` if it is none.
pub fn parse_duration(text: &str) -> Option<IsoDuration> {
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let body = body.strip_prefix('P')?;
    let (date, time) = body.split_once('T').map_or((body, None), |(date, time)| (date, Some(time)));
    let (mut months, mut ms, mut calendar, mut any) = (0_i64, 0_i64, false, false);
    let mut read = |mut rest: &str, units: &[(char, i64, bool)]| -> Option<()> {
        let mut units = units.iter();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (digits, unit) = (&rest[..end], rest[end..].chars().next()?);
            let (_, factor, is_months) = units.find(|(known, ..)| *known == unit)?;
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            if !fraction.is_empty() && unit != 'S' {
                return None;
            }
            let mut value = whole.parse::<i64>().ok()?.checked_mul(*factor)?;
            if !fraction.is_empty() {
                value = value.checked_add(format!("{fraction:0<3}").get(..3)?.parse().ok()?)?;
            }
            let total = if *is_months { &mut months } else { &mut ms };
            *total = total.checked_add(value)?;
            calendar |= *is_months;
            any = true;
            rest = &rest[end + 1..];
        }
        Some(())
    };
    read(
        date,
        &[('Y', 12, true), ('M', 1, true), ('W', 604_800_000, false), ('D', 86_400_000, false)],
    )?;
    if let Some(time) = time {
        if time.is_empty() {
            return None;
        }
        read(time, &[('H', 3_600_000, false), ('M', 60_000, false), ('S', 1000, false)])?;
    }
    any.then_some(IsoDuration { months: months * sign, ms: ms * sign, calendar })
}

/// `now_ms` plus a duration, months by the calendar of UTC. `None` beyond the calendar.
pub fn add_to_epoch_ms(now_ms: i64, duration: &IsoDuration) -> Option<i64> {
    if duration.months == 0 {
        let ms = now_ms.checked_add(duration.ms)?;
        return Moment::from_epoch_ms(ms).map(|_| ms);
    }
    Moment::from_epoch_ms(now_ms)?.plus(*duration, 1)?.epoch_ms()
}

/// Milliseconds since 1970 of an ISO-8601 date and time; without an offset it is UTC.
pub fn parse_date_time_ms(text: &str) -> Option<i64> {
    match Moment::parse(text)? {
        moment @ (Moment::DateTime(..) | Moment::Date(_)) => moment.epoch_ms(),
        Moment::Time(..) => None,
    }
}

/// `2026-11-23T00:00:00.000Z`
pub fn format_date_time_ms(ms: i64) -> String {
    match Moment::from_epoch_ms(ms) {
        Some(Moment::DateTime(at, _)) => at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        _ => String::new(),
    }
}

//! A date and a time of day, with or without a zone (DMN 1.5, 10.3.2.3.6).
//!
//! In:  a date and a time; an instant and a zone; or text.
//! Out: a wall time that exists in its zone, its instant, and arithmetic on either.
//! Absent: the choice between the two, which is the duration's: days and time move the instant,
//! years and months move the wall time.

use std::cmp::Ordering;
use std::fmt;

use super::{DAY_NANOS, DAY_SECONDS, Date, DayTime, SECOND_NANOS, Time, YearMonth, Zone};

/// A date and time. It has no `==`: whether two are the same is [`DateTime::compare`] for FEEL's
/// operators and [`DateTime::is_same`] for its function `is`.
#[derive(Clone, Debug)]
pub struct DateTime {
    date: Date,
    time: Time,
    /// Seconds east of UTC at this moment, 0 without a zone. A named zone alone would not say
    /// which of the two hours it is when clocks go back.
    offset: i32,
}

impl DateTime {
    /// That time on that day. In a named zone whose clocks skip it, later by what they skip; of
    /// the two when clocks go back, the first.
    pub fn new(date: Date, time: Time) -> Self {
        let wall = wall_seconds(date, &time);
        let resolved = time.zone().map(|zone| zone.resolve(wall));
        let (offset, shift) = resolved.map_or((0, 0), |wall| (wall.offset, wall.shift));
        if shift != 0 {
            let nanos = (i128::from(wall) + i128::from(shift)) * i128::from(SECOND_NANOS)
                + i128::from(time.nano());
            if let Some(later) = Self::from_wall(nanos, time.zone().cloned(), offset) {
                return later;
            }
        }
        Self { date, time, offset }
    }

    /// What the clocks of `zone` show at an instant, in nanoseconds since 1970; of UTC if there
    /// is no zone. `None` beyond the calendar.
    pub fn from_epoch_nanos(nanos: i128, zone: Option<Zone>) -> Option<Self> {
        let seconds = i64::try_from(nanos.div_euclid(i128::from(SECOND_NANOS))).ok()?;
        let offset = zone.as_ref().map_or(0, |zone| zone.offset_at(seconds));
        Self::from_wall(nanos + i128::from(offset) * i128::from(SECOND_NANOS), zone, offset)
    }

    /// The instant of milliseconds since 1970, in UTC (`Z`).
    pub fn from_epoch_ms(ms: i64) -> Self {
        let nanos = i128::from(ms) * 1_000_000;
        // Every i64 of milliseconds lies within the calendar.
        Self::from_epoch_nanos(nanos, Some(Zone::UTC)).unwrap_or_else(Self::epoch)
    }

    fn epoch() -> Self {
        Self { date: Date::EPOCH, time: Time::midnight(Some(Zone::UTC)), offset: 0 }
    }

    /// From nanoseconds since 1970-01-01T00:00:00 of the wall.
    fn from_wall(nanos: i128, zone: Option<Zone>, offset: i32) -> Option<Self> {
        let day = i128::from(DAY_NANOS);
        let date = Date::from_days(i64::try_from(nanos.div_euclid(day)).ok()?)?;
        let time = Time::from_nanos_of_day(i64::try_from(nanos.rem_euclid(day)).ok()?, zone);
        Some(Self { date, time, offset })
    }

    /// The day on the wall.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The time on the wall, with the zone.
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// The zone, if it was said; [`Zone::name`] is the property `timezone`.
    pub fn zone(&self) -> Option<&Zone> {
        self.time.zone()
    }

    /// Seconds east of UTC at this moment, if a zone was said.
    pub fn offset_seconds(&self) -> Option<i32> {
        self.zone().map(|_| self.offset)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z; without a zone it is taken for UTC.
    pub fn epoch_nanos(&self) -> i128 {
        let seconds = wall_seconds(self.date, &self.time) - i64::from(self.offset);
        i128::from(seconds) * i128::from(SECOND_NANOS) + i128::from(self.time.nano())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down; without a zone it is taken for UTC.
    /// Beyond 292,000,000 years the least or greatest number.
    pub fn epoch_ms(&self) -> i64 {
        let ms = self.epoch_nanos().div_euclid(1_000_000);
        i64::try_from(ms).unwrap_or(if ms < 0 { i64::MIN } else { i64::MAX })
    }

    /// What clocks in `zone` show at this moment; without a zone it is taken for UTC. `None`
    /// beyond the calendar.
    pub fn in_zone(&self, zone: Zone) -> Option<Self> {
        Self::from_epoch_nanos(self.epoch_nanos(), Some(zone))
    }

    /// The moment exactly so much later: with a named zone the wall may change by more or less,
    /// and a day is 24 hours. `None` beyond the calendar.
    pub fn plus(&self, amount: DayTime) -> Option<Self> {
        Self::from_epoch_nanos(self.epoch_nanos() + amount.total_nanos(), self.zone().cloned())
    }

    /// The same day and time of a later month, or its last day; then as [`DateTime::new`]. `None`
    /// beyond the calendar.
    pub fn plus_months(&self, months: YearMonth) -> Option<Self> {
        if months.total_months() == 0 {
            return Some(self.clone());
        }
        let date = self.date.plus_months(months.total_months())?;
        Some(Self::new(date, self.time.clone()))
    }

    /// The time from `earlier` to this moment; `None` if only one of them has a zone.
    pub fn minus(&self, earlier: &Self) -> Option<DayTime> {
        self.comparable(earlier)?;
        DayTime::from_nanos(self.epoch_nanos() - earlier.epoch_nanos())
    }

    /// FEEL's order: of the instants. `None` if only one of them has a zone.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        self.comparable(other)?;
        Some(self.epoch_nanos().cmp(&other.epoch_nanos()))
    }

    /// FEEL's `=`: the same second (DMN 1.5, 10.3.2.13; the kit holds fractions not to count).
    pub fn is_same_second(&self, other: &Self) -> bool {
        let second = |at: &Self| at.epoch_nanos().div_euclid(i128::from(SECOND_NANOS));
        self.comparable(other).is_some() && second(self) == second(other)
    }

    /// FEEL's function `is`: the same moment, written the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let written = self.date == other.date && self.time.is_same(&other.time);
        written && self.offset == other.offset
    }

    fn comparable(&self, other: &Self) -> Option<()> {
        (self.zone().is_some() == other.zone().is_some()).then_some(())
    }

    /// Reads a date and a time joined by `T`, or a date alone, which is its midnight without a
    /// zone (the kit's 1117). `24:00:00` is the beginning of the next day.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((date, time)) = text.split_once('T') else {
            return Some(Self::new(Date::parse(text)?, Time::midnight(None)));
        };
        let date = Date::parse(date)?;
        let (time, carry) = Time::parse_with_carry(time)?;
        Some(Self::new(if carry { date.plus_days(1)? } else { date }, time))
    }
}

impl From<Date> for DateTime {
    /// A day beside a date and time is its midnight in UTC (DMN 1.5, 10.3.2.3.5; the kit's 0100).
    fn from(date: Date) -> Self {
        Self { date, time: Time::midnight(Some(Zone::UTC)), offset: 0 }
    }
}

impl fmt::Display for DateTime {
    /// A text that reads as the same moment; but in a named zone the second of two equal hours,
    /// when clocks go back, has no text of its own and reads as the first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

/// Seconds since 1970-01-01T00:00:00 of the wall.
fn wall_seconds(date: Date, time: &Time) -> i64 {
    date.days() * DAY_SECONDS + time.nanos_of_day() / SECOND_NANOS
}

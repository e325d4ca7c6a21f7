//! A time of day, with or without a zone (DMN 1.5, 10.3.2.3.4).
//!
//! In:  hour, minute, second, nanoseconds and zone; or text.
//! Out: a time that exists, its parts, its order among times.
//! Absent: the date, and with it the true offset of a named zone (see [`Zone::standard_offset`]).

use std::cmp::Ordering;
use std::fmt;

use super::text::{Scanner, fraction_text};
use super::{DAY_NANOS, DayTime, SECOND_NANOS, Zone};

/// A time of day. It has no `==`: whether times are the same is [`Time::compare`] for FEEL's
/// operators and [`Time::is_same`] for its function `is`.
#[derive(Clone, Debug)]
pub struct Time {
    zone: Option<Zone>,
    nano: u32,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Time {
    /// The time of these parts; `None` if there is no such time. Hour 24 and second 60 are none.
    pub fn new(hour: i64, minute: i64, second: i64, nano: u32, zone: Option<Zone>) -> Option<Self> {
        let part = |value: i64, limit: u8| u8::try_from(value).ok().filter(|value| *value < limit);
        Some(Self {
            zone,
            nano: (i64::from(nano) < SECOND_NANOS).then_some(nano)?,
            hour: part(hour, 24)?,
            minute: part(minute, 60)?,
            second: part(second, 60)?,
        })
    }

    /// 00:00:00
    pub fn midnight(zone: Option<Zone>) -> Self {
        Self { zone, nano: 0, hour: 0, minute: 0, second: 0 }
    }

    /// So many nanoseconds after midnight; whole days are left out.
    pub fn from_nanos_of_day(nanos: i64, zone: Option<Zone>) -> Self {
        let nanos = nanos.rem_euclid(DAY_NANOS);
        let seconds = nanos / SECOND_NANOS;
        let part = |value: i64| u8::try_from(value).unwrap_or(0);
        Self {
            zone,
            nano: u32::try_from(nanos % SECOND_NANOS).unwrap_or(0),
            hour: part(seconds / 3600),
            minute: part(seconds / 60 % 60),
            second: part(seconds % 60),
        }
    }

    /// 0 to 23.
    pub fn hour(&self) -> u8 {
        self.hour
    }

    /// 0 to 59.
    pub fn minute(&self) -> u8 {
        self.minute
    }

    /// 0 to 59.
    pub fn second(&self) -> u8 {
        self.second
    }

    /// 0 to 999,999,999.
    pub fn nano(&self) -> u32 {
        self.nano
    }

    /// The zone, if it was said; [`Zone::name`] is the property `timezone`.
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// The same wall time in that zone, or in none.
    #[must_use]
    pub fn with_zone(self, zone: Option<Zone>) -> Self {
        Self { zone, ..self }
    }

    /// Seconds east of UTC, if a zone was said; of a named one as [`Zone::standard_offset`].
    pub fn offset_seconds(&self) -> Option<i32> {
        self.zone.as_ref().map(Zone::standard_offset)
    }

    /// Nanoseconds since midnight on the wall.
    pub fn nanos_of_day(&self) -> i64 {
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute);
        (minutes * 60 + i64::from(self.second)) * SECOND_NANOS + i64::from(self.nano)
    }

    /// Nanoseconds since midnight in UTC; below zero or above a day where UTC has another day
    /// (XML Schema compares times so, as those of one day). Without a zone: of the wall.
    pub fn utc_nanos_of_day(&self) -> i64 {
        self.nanos_of_day() - i64::from(self.offset_seconds().unwrap_or(0)) * SECOND_NANOS
    }

    /// So much later, around the clock; days change nothing, the zone stays.
    #[must_use]
    pub fn plus(&self, amount: DayTime) -> Self {
        let later = amount.total_nanos() % i128::from(DAY_NANOS);
        let later = i64::try_from(later).unwrap_or(0);
        Self::from_nanos_of_day(self.nanos_of_day() + later, self.zone.clone())
    }

    /// How much later it is than `other`, below zero if it is earlier; `None` if only one of them
    /// has a zone.
    pub fn minus(&self, other: &Self) -> Option<DayTime> {
        self.comparable(other)?;
        DayTime::from_nanos(i128::from(self.utc_nanos_of_day() - other.utc_nanos_of_day()))
    }

    /// FEEL's order: in UTC. `None` if only one of them has a zone.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        self.comparable(other)?;
        Some(self.utc_nanos_of_day().cmp(&other.utc_nanos_of_day()))
    }

    /// FEEL's `=`: the same second in UTC (DMN 1.5, 10.3.2.13; the kit holds fractions not to
    /// count).
    pub fn is_same_second(&self, other: &Self) -> bool {
        let second = |time: &Self| time.utc_nanos_of_day().div_euclid(SECOND_NANOS);
        self.comparable(other).is_some() && second(self) == second(other)
    }

    /// FEEL's function `is`: the same wall time in the same zone. 20:00Z is not 21:00+01:00.
    pub fn is_same(&self, other: &Self) -> bool {
        self.nanos_of_day() == other.nanos_of_day() && self.zone == other.zone
    }

    fn comparable(&self, other: &Self) -> Option<()> {
        (self.zone.is_some() == other.zone.is_some()).then_some(())
    }

    /// Reads `09:30:00`, `09:30:00.5Z`, `09:30:00+01:00`, `09:30:00@Europe/Paris`. `24:00:00` is
    /// 00:00:00, as in XML Schema.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_with_carry(text).map(|(time, _)| time)
    }

    /// The time, and whether it was `24:00:00`, which is the next day's beginning.
    pub(super) fn parse_with_carry(text: &str) -> Option<(Self, bool)> {
        let mut text = Scanner::new(text);
        let hour = text.two_digits()?;
        text.expect(':')?;
        let minute = text.two_digits()?;
        text.expect(':')?;
        let second = text.two_digits()?;
        let nano = text.fraction()?;
        let zone = match text.rest() {
            "" => None,
            zone => Some(Zone::parse(zone)?),
        };
        let carry = (hour, minute, second, nano) == (24, 0, 0, 0);
        let time = Self::new(if carry { 0 } else { hour }, minute, second, nano, zone)?;
        Some((time, carry))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        f.write_str(&fraction_text(self.nano))?;
        self.zone.as_ref().map_or(Ok(()), |zone| zone.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).expect(text)
    }

    #[test]
    fn texts_are_xml_schemas_with_zones() {
        for (text, printed) in [
            ("01:02:03", "01:02:03"),
            ("11:22:33.444", "11:22:33.444"),
            ("11:22:33.123456789", "11:22:33.123456789"),
            ("10:30:00.0000", "10:30:00"),
            ("00:00:00Z", "00:00:00Z"),
            ("13:20:00-05:00", "13:20:00-05:00"),
            ("11:22:33-00:00", "11:22:33Z"),
            ("00:01:00@Europe/Paris", "00:01:00@Europe/Paris"),
            ("00:01:00@Etc/UTC", "00:01:00@Etc/UTC"),
            ("24:00:00", "00:00:00"),
            ("24:00:00.000Z", "00:00:00Z"),
            ("11:59:45.5+02:45:55", "11:59:45.5+02:45:55"),
        ] {
            assert_eq!(time(text).to_string(), printed, "{text}");
        }
        for bad in [
            "",
            "24:00:01",
            "24:01:00",
            "25:00:00",
            "00:60:00",
            "00:00:61",
            "23:59:60",
            "7:00:00",
            "07:1:00",
            "07:01:2",
            "7:20",
            "07:2",
            "07:20",
            "11:30:00T",
            "T11:30:00",
            "11:00:00.",
            "2012T-12-2511:00:00Z",
            "13:20:00@xyz/abc",
            "13:20:00+19:00",
            "13:20:00+5:00",
            "13:20:00+02:00@Europe/Paris",
            "11:00:00 Z",
            "11:00:00.0000000001",
            "24:00:00.1",
        ] {
            assert!(Time::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parts_must_exist() {
        let none =
            |hour, minute, second, nano| Time::new(hour, minute, second, nano, None).is_none();
        assert!(none(24, 0, 0, 0) && none(-24, 59, 45, 0) && none(23, 60, 45, 0));
        assert!(none(23, 59, 60, 0) && none(0, 0, 0, 1_000_000_000) && none(256, 0, 0, 0));
        let east = Time::new(11, 59, 0, 0, Zone::from_offset(7260)).expect("east");
        assert_eq!(east.to_string(), "11:59:00+02:01");
        assert_eq!((east.hour(), east.minute(), east.offset_seconds()), (11, 59, Some(7260)));
        assert_eq!(time("10:30:00").offset_seconds(), None);
    }

    #[test]
    fn durations_go_around_the_clock() {
        for (from, by, to) in [
            ("10:15:00", "PT1H", "11:15:00"),
            ("10:15:00", "P1D", "10:15:00"),
            ("10:15:00", "-PT11H", "23:15:00"),
            ("23:59:59.5Z", "PT0.5S", "00:00:00Z"),
            ("10:15:00@Australia/Melbourne", "-PT1H", "09:15:00@Australia/Melbourne"),
            ("10:10:10+11:00", "-P1D", "10:10:10+11:00"),
        ] {
            let by = DayTime::parse(by).expect(by);
            assert_eq!(time(from).plus(by).to_string(), to, "{from}");
        }
        let minus = |a: &str, b: &str| time(a).minus(&time(b)).map(|by| by.to_string());
        assert_eq!(minus("10:10:10", "11:10:10").as_deref(), Some("-PT1H"));
        assert_eq!(minus("10:10:10+11:00", "09:10:10+11:00").as_deref(), Some("PT1H"));
        assert_eq!(minus("10:10:10+01:00", "10:10:10Z").as_deref(), Some("-PT1H"));
        let melbourne = |text: &str| format!("{text}@Australia/Melbourne");
        assert_eq!(minus(&melbourne("10:10:10"), &melbourne("09:10:10")).as_deref(), Some("PT1H"));
        assert_eq!(minus("10:10:10", "10:10:10Z"), None);
    }

    #[test]
    fn comparison_is_in_utc_and_is_looks_closer() {
        let equal = |a: &str, b: &str| time(a).compare(&time(b)).map(Ordering::is_eq);
        assert_eq!(equal("10:30:00.0000", "10:30:00"), Some(true));
        assert_eq!(equal("10:30:00Z", "10:30:00+00:00"), Some(true));
        assert_eq!(equal("20:00:50+00:00", "21:00:50+01:00"), Some(true));
        assert_eq!(equal("10:30:00@Europe/Paris", "10:30:00@Europe/Paris"), Some(true));
        assert_eq!(equal("10:30:00@Europe/Paris", "10:30:00@Asia/Dhaka"), Some(false));
        assert_eq!(equal("11:30:00", "10:30:00"), Some(false));
        assert_eq!(equal("23:00:50", "23:00:50Z"), None);
        let same = |a: &str, b: &str| time(a).is_same(&time(b));
        assert!(same("23:00:50Z", "23:00:50+00:00") && same("23:00:50+11:00", "23:00:50+11:00"));
        assert!(!same("20:00:50+00:00", "21:00:50+01:00") && !same("23:00:50", "23:00:50Z"));
        assert!(!same("23:00:50@Australia/Melbourne", "23:00:50@Australia/Sydney"));
        assert!(!same("23:00:50@Australia/Melbourne", "23:00:50+10:00"));
        assert!(!same("23:00:50@Etc/GMT", "23:00:50Z"));
    }
}

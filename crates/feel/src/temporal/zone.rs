//! Offsets from UTC and named time zones (DMN 1.5, 10.3.2.3.4 and 10.3.2.3.6).
//!
//! In:  an offset in seconds, or the name of a zone in the IANA time zone database.
//! Out: the offset that holds at an instant, or at a wall time.
//! Absent: files: the database is compiled in, so that every machine with one version of Fermata
//! finds the same rules, and a replay finds what the first run found.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Dst, Offset, TimeZone, TimeZoneDatabase};

use super::{DAY_SECONDS, DayTime};

/// Greatest offset to either side: 18 hours, the kit's engine's bound (1116: 19 is refused).
pub const OFFSET_SECONDS_MAX: i32 = 18 * 3600;

/// Seconds of the 400 years after which weekdays and leap years, so also zones' rules, repeat.
const CYCLE_SECONDS: i64 = 146_097 * DAY_SECONDS;
/// Instants beyond it (about the years -4367 and 8307) are moved by whole cycles before the
/// database is asked, which knows the years -9999 to 9999.
const ASKED_SECONDS_MAX: i64 = 200_000_000_000;

/// 2020-01-01 and 2020-07-01, in seconds since 1970: one of them is winter.
const REFERENCE_SECONDS: [i64; 2] = [1_577_836_800, 1_593_561_600];

/// What a time of day is relative to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Zone {
    /// Seconds east of UTC, at most [`OFFSET_SECONDS_MAX`] to either side; `Z` is 0.
    Offset(i32),
    /// A zone by name; its offset depends on the instant.
    Named(NamedZone),
}

/// A zone of the IANA time zone database. Cheap to clone; equal by name, so `Etc/UTC` is not
/// `Etc/GMT`.
#[derive(Clone)]
pub struct NamedZone(TimeZone);

/// What a zone makes of a wall time.
pub(super) struct Resolved {
    /// Seconds east of UTC.
    pub(super) offset: i32,
    /// Seconds by which the wall time moves forward, because the clocks skip it; mostly 0.
    pub(super) shift: i32,
}

impl Zone {
    /// `Z`
    pub const UTC: Self = Self::Offset(0);

    /// The offset of a duration, as the function `time(hour, minute, second, offset)` has it:
    /// whole seconds, at most [`OFFSET_SECONDS_MAX`].
    pub fn from_duration(offset: DayTime) -> Option<Self> {
        if offset.subsecond_nanos() != 0 {
            return None;
        }
        Self::from_offset(offset.total_seconds())
    }

    /// Seconds east of UTC; `None` beyond [`OFFSET_SECONDS_MAX`].
    pub fn from_offset(seconds: i64) -> Option<Self> {
        let seconds = i32::try_from(seconds).ok()?;
        (-OFFSET_SECONDS_MAX..=OFFSET_SECONDS_MAX)
            .contains(&seconds)
            .then_some(Self::Offset(seconds))
    }

    /// The name, if it is a named zone.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Offset(_) => None,
            Self::Named(zone) => Some(zone.name()),
        }
    }

    /// Seconds east of UTC at an instant, given in seconds since 1970.
    pub fn offset_at(&self, epoch_seconds: i64) -> i32 {
        match self {
            Self::Offset(seconds) => *seconds,
            Self::Named(zone) => zone.offset_at(epoch_seconds),
        }
    }

    /// Seconds east of UTC for a time without a date: of a named zone its standard time in 2020.
    /// The standard is silent. Today's offset would need a clock, and that of 1970 would put
    /// London an hour east, which kept summer time all that year.
    pub fn standard_offset(&self) -> i32 {
        match self {
            Self::Offset(seconds) => *seconds,
            Self::Named(zone) => zone.standard_offset(),
        }
    }

    /// What a wall time, in seconds since 1970-01-01T00:00:00 of the wall, means here: of two
    /// offsets the earlier instant's; a wall time that is skipped moves forward by the gap.
    pub(super) fn resolve(&self, wall_seconds: i64) -> Resolved {
        match self {
            Self::Offset(seconds) => Resolved { offset: *seconds, shift: 0 },
            Self::Named(zone) => zone.resolve(wall_seconds),
        }
    }

    /// Reads what may stand after a time: `Z`, `+01:00`, `+01:00:30` or `@Europe/Paris`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "Z" {
            return Some(Self::UTC);
        }
        if let Some(name) = text.strip_prefix('@') {
            return NamedZone::new(name).map(Self::Named);
        }
        let mut text = super::text::Scanner::new(text);
        let sign = if text.eat('+') { 1 } else { text.expect('-').map(|()| -1)? };
        let hours = text.two_digits()?;
        text.expect(':')?;
        let minutes = text.two_digits()?;
        let seconds = if text.eat(':') { text.two_digits()? } else { 0 };
        text.end()?;
        if minutes > 59 || seconds > 59 {
            return None;
        }
        Self::from_offset(sign * (hours * 3600 + minutes * 60 + seconds))
    }
}

impl fmt::Display for Zone {
    /// As it stands after a time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(0) => f.write_str("Z"),
            Self::Offset(offset) => {
                let (sign, seconds) = (if *offset < 0 { '-' } else { '+' }, offset.abs());
                write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
                if seconds % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", seconds % 60) }
            }
            Self::Named(zone) => write!(f, "@{}", zone.name()),
        }
    }
}

impl NamedZone {
    /// The zone of this name, spelled as the database spells it; `None` if it has none.
    pub fn new(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        // The database ignores case, and knows a zone for "unknown".
        (zone.iana_name() == Some(name)).then_some(Self(zone))
    }

    /// `Europe/Paris`
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or_default()
    }

    fn offset_at(&self, epoch_seconds: i64) -> i32 {
        self.0.to_offset(asked(epoch_seconds)).seconds()
    }

    fn standard_offset(&self) -> i32 {
        let standard = REFERENCE_SECONDS
            .into_iter()
            .find(|seconds| self.0.to_offset_info(asked(*seconds)).dst() == Dst::No)
            .unwrap_or(REFERENCE_SECONDS[0]);
        self.offset_at(standard)
    }

    fn resolve(&self, wall_seconds: i64) -> Resolved {
        let wall = Offset::UTC.to_datetime(asked(wall_seconds));
        match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                Resolved { offset: offset.seconds(), shift: 0 }
            }
            AmbiguousOffset::Fold { before, .. } => Resolved { offset: before.seconds(), shift: 0 },
            AmbiguousOffset::Gap { before, after } => {
                let shift = after.seconds() - before.seconds();
                Resolved { offset: after.seconds(), shift }
            }
        }
    }
}

/// The instant that the database is asked about instead of `seconds`.
fn asked(seconds: i64) -> Timestamp {
    let seconds = if seconds > ASKED_SECONDS_MAX {
        seconds.rem_euclid(CYCLE_SECONDS) + 8 * CYCLE_SECONDS
    } else if seconds < -ASKED_SECONDS_MAX {
        seconds.rem_euclid(CYCLE_SECONDS) - 10 * CYCLE_SECONDS
    } else {
        seconds
    };
    // Within the database's years by the bounds above.
    Timestamp::from_second(seconds).unwrap_or_default()
}

impl PartialEq for NamedZone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for NamedZone {}

impl fmt::Debug for NamedZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedZone").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_offsets_or_names() {
        for (text, printed) in [
            ("Z", "Z"),
            ("+00:00", "Z"),
            ("-00:00", "Z"),
            ("+02:00", "+02:00"),
            ("-02:01", "-02:01"),
            ("+02:45:55", "+02:45:55"),
            ("-02:45:55", "-02:45:55"),
            ("+18:00", "+18:00"),
            ("@Europe/Paris", "@Europe/Paris"),
            ("@Etc/UTC", "@Etc/UTC"),
            ("@UTC", "@UTC"),
            ("@Asia/Dhaka", "@Asia/Dhaka"),
            ("@Etc/GMT+5", "@Etc/GMT+5"),
            ("@Asia/Calcutta", "@Asia/Calcutta"),
        ] {
            assert_eq!(Zone::parse(text).expect(text).to_string(), printed, "{text}");
        }
        for bad in [
            "",
            "z",
            "+19:00",
            "-19:00",
            "+18:00:01",
            "+5:00",
            "+5",
            "+05:0",
            "+05",
            "+0500",
            "+05:60",
            "+02:00@Europe/Paris",
            "Z@Europe/Paris",
            "@Europe/Paris+02:00",
            "@xyz/abc",
            "@",
            "@europe/paris",
            "@Etc/Unknown",
            "@+02:00",
            "@../etc/passwd",
            "+ 2:00",
            "ZZ",
        ] {
            assert_eq!(Zone::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_offsets_within_bounds() {
        let offset = |text: &str| Zone::from_duration(DayTime::parse(text).expect(text));
        assert_eq!(offset("-PT0H"), Some(Zone::UTC));
        assert_eq!(offset("PT2H45M55S"), Zone::parse("+02:45:55"));
        assert_eq!(offset("-PT18H"), Some(Zone::Offset(-64_800)));
        for bad in ["PT18H1S", "P1D", "PT0.5S", "-P99999999999D"] {
            assert_eq!(offset(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_zone_is_its_name() {
        let zone = |name: &str| NamedZone::new(name).expect(name);
        assert_eq!(zone("Australia/Melbourne"), zone("Australia/Melbourne"));
        assert_ne!(zone("Australia/Melbourne"), zone("Australia/Sydney"));
        assert_ne!(zone("Asia/Calcutta"), zone("Asia/Kolkata"));
        assert_ne!(Zone::Named(zone("Etc/UTC")), Zone::UTC);
    }

    #[test]
    fn a_time_without_a_date_has_standard_time() {
        for (name, hours) in
            [("Europe/Paris", 1), ("Europe/London", 0), ("Australia/Melbourne", 10), ("Etc/UTC", 0)]
        {
            let zone = Zone::Named(NamedZone::new(name).expect(name));
            assert_eq!(zone.standard_offset(), hours * 3600, "{name}");
        }
    }
}

//! The values of FEEL that are about time: dates, times, date-times and both kinds of durations
//! (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8), and the ISO-8601 texts of BPMN's timers.
//!
//! In:  parts, or the lexical forms of XML Schema with DMN's `@Zone/Name`.
//! Out: values over the years -999,999,999 to 999,999,999 in nanoseconds, with their arithmetic.
//! Absent: a clock (`now()` is the input's time), files of time zones (the tables are compiled in),
//! and FEEL's values: which operator takes which types is decided by the evaluator.

mod date;
mod date_time;
mod day_time;
mod literal;
mod text;
mod time_of_day;
mod timer;
mod year_month;
mod zone;

#[cfg(test)]
mod tests;

pub use date::{Date, YEAR_MAX};
pub use date_time::DateTime;
pub use day_time::DayTime;
pub use literal::Literal;
pub use time_of_day::Time;
pub use timer::{
    IsoDuration, add_to_epoch_ms, format_date_time_ms, parse_date_time_ms, parse_duration,
};
pub use year_month::YearMonth;
pub use zone::{NamedZone, OFFSET_SECONDS_MAX, Zone};

/// Seconds of a day; FEEL knows no leap seconds.
const DAY_SECONDS: i64 = 86_400;
/// Nanoseconds of a second.
const SECOND_NANOS: i64 = 1_000_000_000;
/// Nanoseconds of a day.
const DAY_NANOS: i64 = DAY_SECONDS * SECOND_NANOS;

//! Dates, times and durations: making them, and asking them (DMN 1.5, tables 75, 81 and 82).

use std::sync::Arc;

use super::{Answer, Args, Trouble};
use crate::machine::Machine;
use crate::temporal::{Date, DateTime, NamedZone, Time, YearMonth, Zone};
use crate::value::Value;
use crate::{Number, Round};

fn at(date_time: DateTime) -> Value {
    Value::DateTime(Arc::new(date_time))
}

pub(super) fn date(_: &mut Machine, args: &Args<'_>) -> Answer {
    if args.len() == 3 {
        let date = Date::new(args.whole(0)?, args.whole(1)?, args.whole(2)?);
        return date.map(Value::Date).ok_or_else(|| "knows no such day of the calendar".into());
    }
    match args.get(0) {
        Value::Date(date) => Ok(Value::Date(*date)),
        Value::DateTime(at) => Ok(Value::Date(at.date())),
        _ => {
            let text = args.string(0)?;
            // The text of a date and time has a date too.
            let date = Date::parse(text);
            date.map(Value::Date).ok_or_else(|| args.unfit(0, "a date such as 2026-11-23"))
        }
    }
}

pub(super) fn time(_: &mut Machine, args: &Args<'_>) -> Answer {
    if args.len() >= 3 {
        return time_of_parts(args, 0).map(|time| Value::Time(Arc::new(time)));
    }
    let time = match args.get(0) {
        Value::Time(time) => return Ok(Value::Time(time.clone())),
        Value::DateTime(at) => at.time().clone(),
        Value::Date(_) => Time::midnight(Some(Zone::UTC)),
        _ => {
            let text = args.string(0)?;
            Time::parse(text).ok_or_else(|| args.unfit(0, "a time such as 09:30:00"))?
        }
    };
    Ok(Value::Time(Arc::new(time)))
}

/// Hour, minute, second with a fraction, and an offset if there is one, from `first` on.
fn time_of_parts(args: &Args<'_>, first: usize) -> Result<Time, Trouble> {
    let (hour, minute) = (args.whole(first)?, args.whole(first + 1)?);
    let second = args.number(first + 2)?;
    let whole = second.round(0, Round::Floor).and_then(Number::as_i64);
    let nano = whole
        .and_then(|whole| second.minus(Number::from(whole)))
        .and_then(|fraction| fraction.times(Number::from(1_000_000_000)))
        .and_then(|nanos| nanos.round(0, Round::Down))
        .and_then(Number::as_i64)
        .and_then(|nanos| u32::try_from(nanos).ok());
    let zone = match args.get(first + 3) {
        Value::Null(_) => None,
        Value::DayTime(offset) => Some(
            Zone::from_duration(*offset)
                .ok_or_else(|| args.unfit(first + 3, "an offset of at most 18 hours"))?,
        ),
        _ => return Err(args.unfit(first + 3, "an offset such as duration(\"PT2H\")")),
    };
    whole
        .zip(nano)
        .and_then(|(whole, nano)| Time::new(hour, minute, whole, nano, zone))
        .ok_or_else(|| "knows no such time of day".into())
}

/// From a text, a date and a time, a date and time in another zone, or from parts.
pub(super) fn date_and_time(_: &mut Machine, args: &Args<'_>) -> Answer {
    match args.len() {
        1 => match args.get(0) {
            Value::DateTime(_) => Ok(args.get(0).clone()),
            Value::Date(date) => Ok(at(DateTime::from(*date))),
            _ => {
                let text = args.string(0)?;
                let parsed = DateTime::parse(text);
                parsed
                    .map(at)
                    .ok_or_else(|| args.unfit(0, "a date and time such as 2026-11-23T09:30:00Z"))
            }
        },
        2 => {
            let date = match args.get(0) {
                Value::Date(date) => *date,
                Value::DateTime(at_time) => match args.get(1) {
                    Value::String(zone) => return in_zone(args, at_time, zone),
                    _ => at_time.date(),
                },
                _ => return Err(args.unfit(0, "a date")),
            };
            match args.get(1) {
                Value::Time(time) => Ok(at(DateTime::new(date, (**time).clone()))),
                _ => Err(args.unfit(1, "a time")),
            }
        }
        _ => {
            let date = Date::new(args.whole(0)?, args.whole(1)?, args.whole(2)?);
            let date = date.ok_or_else(|| Trouble::from("knows no such day of the calendar"))?;
            if let Value::String(zone) = args.get(6) {
                let zone = zone_named(args, 6, zone)?;
                let without = Args::new(&args.all()[..6], args.form, None);
                let time = time_of_parts(&without, 3)?.with_zone(Some(zone));
                return Ok(at(DateTime::new(date, time)));
            }
            Ok(at(DateTime::new(date, time_of_parts(args, 3)?)))
        }
    }
}

fn zone_named(args: &Args<'_>, place: usize, name: &str) -> Result<Zone, Trouble> {
    let zone = NamedZone::new(name).map(Zone::Named).or_else(|| Zone::parse(name));
    zone.ok_or_else(|| args.unfit(place, "the name of a time zone such as Europe/Paris"))
}

fn in_zone(args: &Args<'_>, moment: &DateTime, zone: &str) -> Answer {
    let zone = zone_named(args, 1, zone)?;
    moment.in_zone(zone).map(at).ok_or_else(|| "leaves the calendar".into())
}

pub(super) fn years_and_months_duration(_: &mut Machine, args: &Args<'_>) -> Answer {
    let date = |place: usize| match args.get(place) {
        Value::Date(date) => Ok(*date),
        Value::DateTime(at) => Ok(at.date()),
        _ => Err(args.unfit(place, "a date")),
    };
    Ok(Value::YearMonth(YearMonth::between(date(0)?, date(1)?)))
}

pub(super) fn now(machine: &mut Machine, _: &Args<'_>) -> Answer {
    Ok(at(DateTime::from_epoch_ms(machine.now_ms())))
}

pub(super) fn today(machine: &mut Machine, _: &Args<'_>) -> Answer {
    Ok(Value::Date(DateTime::from_epoch_ms(machine.now_ms()).date()))
}

fn day(args: &Args<'_>) -> Result<Date, Trouble> {
    match args.get(0) {
        Value::Date(date) => Ok(*date),
        Value::DateTime(at) => Ok(at.date()),
        Value::List(items) if items.len() == 1 => match &items[0] {
            Value::Date(date) => Ok(*date),
            Value::DateTime(at) => Ok(at.date()),
            _ => Err(args.unfit(0, "a date")),
        },
        _ => Err(args.unfit(0, "a date")),
    }
}

pub(super) fn day_of_year(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::from(i64::from(day(args)?.day_of_year())))
}

pub(super) fn week_of_year(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::from(i64::from(day(args)?.week_of_year())))
}

pub(super) fn day_of_week(_: &mut Machine, args: &Args<'_>) -> Answer {
    const DAYS: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    Ok(Value::text(DAYS[usize::from(day(args)?.weekday() - 1)]))
}

pub(super) fn month_of_year(_: &mut Machine, args: &Args<'_>) -> Answer {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    Ok(Value::text(MONTHS[usize::from(day(args)?.month() - 1)]))
}

pub(super) fn last_day_of_month(_: &mut Machine, args: &Args<'_>) -> Answer {
    let date = day(args)?;
    let last = Date::new(
        i64::from(date.year()),
        i64::from(date.month()),
        i64::from(date.last_day_of_month()),
    );
    Ok(last.map_or(Value::NULL, Value::Date))
}

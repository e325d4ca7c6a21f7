//! When timers are due: ISO-8601 dates, durations and repetitions, and cron.

use chrono::DateTime;
use croner::parser::{CronParser, Seconds};
use feel::temporal;

use crate::graph::{Timer, Value};

/// A repetition: how often still (-1 is for ever), and the next time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Next {
    /// Milliseconds since 1970.
    pub due_ms: i64,
    /// What remains after this one; -1 is for ever.
    pub repeats: i32,
}

/// Refuses a fixed text that can never be a timer. Expressions are checked when they are evaluated.
pub(crate) fn check(timer: &Timer) -> Result<(), String> {
    let text = |value: &Value| match value {
        Value::Fixed(text) => Some(text.to_string()),
        Value::Feel(_) => None,
    };
    match timer {
        Timer::Date(value) => text(value).map_or(Ok(()), |text| date_ms(&text).map(|_| ())),
        Timer::Duration(value) => text(value).map_or(Ok(()), |text| after(&text, 0).map(|_| ())),
        Timer::Cycle(value) => text(value).map_or(Ok(()), |text| first(&text, 0).map(|_| ())),
    }
}

/// The time of an ISO-8601 date-time, in milliseconds since 1970.
pub fn date_ms(text: &str) -> Result<i64, String> {
    temporal::parse_date_time_ms(text.trim()).ok_or_else(|| {
        format!("expected a date and time like 2026-11-23T09:00:00Z, but found `{text}`")
    })
}

/// The time `text` (an ISO-8601 duration) after `now_ms`.
pub fn after(text: &str, now_ms: i64) -> Result<i64, String> {
    let duration = temporal::parse_duration(text.trim())
        .ok_or_else(|| format!("expected a duration like PT15M or P2D, but found `{text}`"))?;
    temporal::add_to_epoch_ms(now_ms, &duration)
        .ok_or_else(|| format!("the duration `{text}` ends beyond the calendar"))
}

/// A date, or the time a duration after `now_ms`.
pub fn moment(text: &str, now_ms: i64) -> Result<i64, String> {
    if text.trim_start().starts_with(['P', '-']) { after(text, now_ms) } else { date_ms(text) }
}

/// The first time of a cycle: `R3/PT10S`, `R/2026-11-23T09:00:00Z/P1D`, or cron. `None` when the
/// cycle has no time left.
pub fn first(text: &str, now_ms: i64) -> Result<Option<Next>, String> {
    let text = text.trim();
    let Some(repetition) = text.strip_prefix('R').filter(|_| text.contains('/')) else {
        return Ok(cron(text, now_ms)?.map(|due_ms| Next { due_ms, repeats: -1 }));
    };
    let mut parts = repetition.split('/');
    let count = parts.next().unwrap_or_default();
    let times = if count.is_empty() {
        -1
    } else {
        count.parse::<i32>().ok().filter(|count| *count >= 0).ok_or_else(|| {
            format!("expected a count of repetitions after R, but found `{count}`")
        })?
    };
    let (start, interval) = match (parts.next(), parts.next()) {
        (Some(start), Some(interval)) => (Some(date_ms(start)?), interval),
        (Some(interval), None) => (None, interval),
        (None, _) => {
            return Err(format!("expected a repetition like R3/PT10S, but found `{text}`"));
        }
    };
    let due_ms = match start {
        Some(start) => start.max(now_ms),
        None => after(interval, now_ms)?,
    };
    after(interval, now_ms)?;
    Ok((times != 0).then_some(Next { due_ms, repeats: if times < 0 { -1 } else { times - 1 } }))
}

/// The time after the one that was due at `due_ms`. `None` when none is left.
pub fn next(text: &str, due_ms: i64, now_ms: i64, repeats: i32) -> Result<Option<Next>, String> {
    let text = text.trim();
    if repeats == 0 {
        return Ok(None);
    }
    if text.starts_with('R') && text.contains('/') {
        let interval = text.rsplit('/').next().unwrap_or_default();
        let due_ms = after(interval, due_ms)?.max(now_ms);
        return Ok(Some(Next { due_ms, repeats: if repeats < 0 { -1 } else { repeats - 1 } }));
    }
    Ok(cron(text, now_ms.max(due_ms))?.map(|due_ms| Next { due_ms, repeats: -1 }))
}

/// Cron with seconds first (six fields), as Camunda 8 has it; five fields are accepted too. UTC.
fn cron(text: &str, after_ms: i64) -> Result<Option<i64>, String> {
    // A field without any value matches no time, which would be searched for second by second.
    if text.split_whitespace().any(|field| field.split(',').any(str::is_empty)) {
        return Err(format!(
            "expected cron like `0 0 9 * * *`, but in `{text}` there is nothing before or behind a \
             comma; write the value, or remove the comma"
        ));
    }
    let cron =
        CronParser::builder().seconds(Seconds::Optional).build().parse(text).map_err(|error| {
            format!("expected R3/PT10S or cron like `0 0 9 * * *`, but found `{text}`: {error}")
        })?;
    let from =
        DateTime::from_timestamp_millis(after_ms).ok_or("the time is beyond the calendar")?;
    Ok(cron.find_next_occurrence(&from, false).ok().map(|time| time.timestamp_millis()))
}

/// When the timer of a start event is due first. It belongs to no instance, so its expressions see
/// no variables. `None` when it is never due.
pub fn start_first(timer: &Timer, now_ms: i64) -> Result<Option<Next>, String> {
    match timer {
        Timer::Date(value) => {
            let due_ms = date_ms(&start_text(value, now_ms)?)?;
            Ok(Some(Next { due_ms, repeats: 0 }))
        }
        Timer::Duration(value) => {
            let due_ms = after(&start_text(value, now_ms)?, now_ms)?;
            Ok(Some(Next { due_ms, repeats: 0 }))
        }
        Timer::Cycle(value) => first(&start_text(value, now_ms)?, now_ms),
    }
}

/// When it is due again after `due_ms`. `None` when it is not.
pub fn start_next(
    timer: &Timer,
    due_ms: i64,
    now_ms: i64,
    repeats: i32,
) -> Result<Option<Next>, String> {
    match timer {
        Timer::Date(_) | Timer::Duration(_) => Ok(None),
        Timer::Cycle(value) => next(&start_text(value, now_ms)?, due_ms, now_ms, repeats),
    }
}

fn start_text(value: &Value, now_ms: i64) -> Result<String, String> {
    match value {
        Value::Fixed(text) => Ok(text.to_string()),
        Value::Feel(expression) => {
            let nothing = std::collections::BTreeMap::<String, feel::Value>::new();
            let outcome = expression.evaluate(&nothing, now_ms);
            match &outcome.value {
                feel::Value::Null(_) | feel::Value::List(_) | feel::Value::Context(_) => {
                    Err(format!(
                        "expected `{}` to give a time without any variables, but it gave {}",
                        expression.source().trim(),
                        outcome.value.to_json()
                    ))
                }
                value => Ok(value.as_str().map_or_else(
                    || value.to_json().trim_matches('"').to_string(),
                    ToString::to_string,
                )),
            }
        }
    }
}

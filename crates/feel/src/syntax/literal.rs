//! `@"..."`: dates, times and durations.

use std::sync::Arc;

use super::ast::Span;
use crate::Diagnostic;
use crate::temporal::{Date, DateTime, DayTime, Time, YearMonth};
use crate::value::Value;

/// The value of an at-literal (DMN 1.5, grammar rule 62).
pub(crate) fn at(text: &str) -> Option<Value> {
    if text.contains('P') && !text.contains(':') {
        return duration(text);
    }
    if let Some(date) = Date::parse(text) {
        return Some(Value::Date(date));
    }
    if let Some(at) = DateTime::parse(text) {
        return Some(Value::DateTime(Arc::new(at)));
    }
    Time::parse(text).map(|time| Value::Time(Arc::new(time)))
}

/// The value of a duration's text.
pub(crate) fn duration(text: &str) -> Option<Value> {
    YearMonth::parse(text)
        .map(Value::YearMonth)
        .or_else(|| DayTime::parse(text).map(Value::DayTime))
}

pub(crate) fn unreadable(span: Span, text: &str) -> Diagnostic {
    Diagnostic {
        span: span.range(),
        message: format!("expected a date, a time, a date and time or a duration, but found `{text}`"),
        help: Some(
            "write it as @\"2026-11-23\", @\"09:30:00\", @\"2026-11-23T09:30:00Z\", @\"P1DT2H\" or @\"P1Y2M\""
                .into(),
        ),
    }
}

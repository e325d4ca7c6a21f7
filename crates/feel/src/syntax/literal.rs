//! `@"..."`: dates, times and durations.

use std::sync::Arc;

use super::ast::Span;
use crate::Diagnostic;
use crate::temporal::Literal;
use crate::value::Value;

/// The value of an at-literal (DMN 1.5, grammar rule 62).
pub(crate) fn at(text: &str) -> Option<Value> {
    Literal::parse(text).map(value_of)
}

pub(crate) fn value_of(literal: Literal) -> Value {
    match literal {
        Literal::Date(date) => Value::Date(date),
        Literal::Time(time) => Value::Time(Arc::new(time)),
        Literal::DateTime(at) => Value::DateTime(Arc::new(at)),
        Literal::DayTime(duration) => Value::DayTime(duration),
        Literal::YearMonth(duration) => Value::YearMonth(duration),
    }
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

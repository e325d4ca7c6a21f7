//! Inputs that came as JSON, which has no dates: texts become what the model declares.
//!
//! In:  a value and the declared type.
//! Out: the value, each text that reads as the declared date, time or duration replaced by it.
//! Absent: refusals; what does not read is left for `feel::Type::coerce`.

use std::sync::Arc;

use feel::temporal::Literal;
use feel::{Context, Type, Value};

/// Reads texts where the type wants something about time.
pub(super) fn with_dates(of: &Type, value: &Value) -> Value {
    match (of, value) {
        (Type::Constrained(of), value) => with_dates(&of.base, value),
        (Type::List(of), Value::List(items)) if mentions_time(of) => {
            Value::list(items.iter().map(|item| with_dates(of, item)).collect())
        }
        (Type::Context(entries), Value::Context(context)) if mentions_time(of) => {
            let mut read: Context = (**context).clone();
            for (name, of) in entries.iter() {
                if let Some(entry) = context.get(name) {
                    read.set(name.clone(), with_dates(of, entry));
                }
            }
            Value::context(read)
        }
        (
            Type::Date | Type::Time | Type::DateTime | Type::DayTime | Type::YearMonth,
            Value::String(text),
        ) => Literal::parse(text).map_or_else(|| value.clone(), literal),
        _ => value.clone(),
    }
}

/// Types are small: limits stand in `compile::types`.
fn mentions_time(of: &Type) -> bool {
    match of {
        Type::Date | Type::Time | Type::DateTime | Type::DayTime | Type::YearMonth => true,
        Type::List(of) => mentions_time(of),
        Type::Context(entries) => entries.iter().any(|(_, of)| mentions_time(of)),
        Type::Constrained(of) => mentions_time(&of.base),
        Type::Any
        | Type::Null
        | Type::Bool
        | Type::Number
        | Type::String
        | Type::Range(_)
        | Type::Function(_) => false,
    }
}

fn literal(literal: Literal) -> Value {
    match literal {
        Literal::Date(date) => Value::Date(date),
        Literal::Time(time) => Value::Time(Arc::new(time)),
        Literal::DateTime(at) => Value::DateTime(Arc::new(at)),
        Literal::DayTime(duration) => Value::DayTime(duration),
        Literal::YearMonth(duration) => Value::YearMonth(duration),
        _ => Value::NULL,
    }
}

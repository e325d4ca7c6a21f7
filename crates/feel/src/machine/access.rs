//! Reading: variables, entries, properties, filters.

use std::sync::Arc;

use super::{Frame, Global, Machine};
use crate::Number;
use crate::code::{Code, Filter, Kind};
use crate::nearest::{listed, meant};
use crate::notes::Why;
use crate::value::{Context, Value};

impl Machine {
    pub(super) fn global(&mut self, frame: &Frame<'_>, code: &Code, at: u32) -> Value {
        match self.fetched(frame, at) {
            Some(value) => value,
            None => self.missing(frame, code, at),
        }
    }

    /// The variable, asked for once an evaluation; `None` if there is none of that name.
    fn fetched(&mut self, frame: &Frame<'_>, at: u32) -> Option<Value> {
        let slot = frame.globals + at as usize;
        match &self.globals[slot] {
            Global::Found(value) => return Some(value.clone()),
            Global::Missing => return None,
            Global::Unread => {}
        }
        let value = frame.scope.get(&frame.names[at as usize]);
        self.globals[slot] = value.clone().map_or(Global::Missing, Global::Found);
        value
    }

    #[cold]
    fn missing(&mut self, frame: &Frame<'_>, code: &Code, at: u32) -> Value {
        let name = &frame.names[at as usize];
        self.null(code.span, Why::NONE, false, || {
            let names = frame.scope.names();
            let help = meant(name, names.iter().map(String::as_str));
            match help {
                Some(help) => format!("there is no variable `{name}`; {help}"),
                None => format!("there is no variable `{name}`"),
            }
        })
    }

    /// A name in a filter: an entry of the item, or what the name is outside.
    pub(super) fn entry(
        &mut self,
        frame: &Frame<'_>,
        items: &[Code],
        name: &str,
        otherwise: &Code,
    ) -> Value {
        for item in items {
            if let Kind::Local(slot) = item.kind
                && let Value::Context(context) = &self.stack[frame.base + slot as usize]
                && let Some(value) = context.get(name)
            {
                return value.clone();
            }
        }
        self.eval(frame, otherwise)
    }

    pub(super) fn path(&mut self, frame: &Frame<'_>, code: &Code, of: &Code, name: &str) -> Value {
        let value = self.eval(frame, of);
        self.entry_of(frame, code, of, &value, name)
    }

    fn entry_of(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        of: &Code,
        value: &Value,
        name: &str,
    ) -> Value {
        match value {
            Value::Context(context) => match context.get(name) {
                Some(value) => value.clone(),
                None => self.no_entry(frame, code, of, context, name),
            },
            Value::List(items) => {
                if !self.charge(items.len()) {
                    return Value::Null(self.exhausted.clone().unwrap_or_default());
                }
                let items = items.iter().map(|item| self.entry_of(frame, code, of, item, name));
                Value::list(items.collect())
            }
            Value::Null(why) => self.null(code.span, why.clone(), false, || {
                format!("`{}` is null", Self::text(frame, code))
            }),
            other => property(other, name).unwrap_or_else(|| {
                self.null(code.span, Why::NONE, true, || {
                    format!(
                        "`{}` is null because `{}` is a {}, which has no `{name}`",
                        Self::text(frame, code),
                        Self::text(frame, of),
                        other.type_name()
                    )
                })
            }),
        }
    }

    #[cold]
    fn no_entry(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        of: &Code,
        context: &Context,
        name: &str,
    ) -> Value {
        self.null(code.span, Why::NONE, false, || {
            let has = if context.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("it has {}", listed(context.iter().map(|(name, _)| &**name)))
            };
            format!(
                "`{}` is null because `{}` has no entry `{name}`; {has}",
                Self::text(frame, code),
                Self::text(frame, of),
            )
        })
    }

    /// A variable or entry is there, be it null.
    pub(super) fn is_defined(&mut self, frame: &Frame<'_>, code: &Code) -> bool {
        match &code.kind {
            Kind::Global(at) => self.fetched(frame, *at).is_some(),
            Kind::Entry { items, name, otherwise } => {
                let found = items.iter().any(|item| match item.kind {
                    Kind::Local(slot) => match &self.stack[frame.base + slot as usize] {
                        Value::Context(context) => context.get(name).is_some(),
                        _ => false,
                    },
                    _ => false,
                });
                found || self.is_defined(frame, otherwise)
            }
            Kind::Path(of, name) => match self.eval(frame, of) {
                Value::Context(context) => context.get(name).is_some(),
                Value::List(_) => true,
                other => property(&other, name).is_some(),
            },
            _ => match self.eval(frame, code) {
                Value::Null(why) => why.is_none(),
                _ => true,
            },
        }
    }

    pub(super) fn filter(&mut self, frame: &Frame<'_>, code: &Code, filter: &Filter) -> Value {
        let list = self.eval(frame, &filter.list);
        let single;
        let items: &[Value] = match &list {
            Value::Null(why) => {
                let why = why.clone();
                return self.null(code.span, why, false, || {
                    format!("`{}` is null", Self::text(frame, code))
                });
            }
            Value::List(items) => items,
            other => {
                single = [other.clone()];
                &single
            }
        };
        if let Kind::Constant(Value::Number(index)) = &filter.condition.kind {
            return self.nth(frame, code, items, *index);
        }
        let item = frame.base + filter.item as usize;
        let mut kept = Vec::new();
        // An index is the same whatever the item is; of an empty list it may be asked for too.
        if items.is_empty() {
            self.stack[item] = Value::NULL;
            if let Value::Number(index) = self.eval(frame, &filter.condition) {
                return self.nth(frame, code, items, index);
            }
        }
        for (at, value) in items.iter().enumerate() {
            self.stack[item] = value.clone();
            match self.eval(frame, &filter.condition) {
                Value::Bool(true) => kept.push(value.clone()),
                Value::Number(index) if at == 0 => return self.nth(frame, code, items, index),
                Value::Bool(false) | Value::Null(_) => {}
                other => {
                    return self.null(filter.condition.span, Why::NONE, true, || {
                        format!(
                            "`{}` is null: a filter is a condition or a position, and `{}` is a {}",
                            Self::text(frame, code),
                            Self::text(frame, &filter.condition),
                            other.type_name()
                        )
                    });
                }
            }
            if self.exhausted.is_some() {
                break;
            }
        }
        self.stack[item] = Value::NULL;
        Value::list(kept)
    }

    /// The item at a position from 1, or from the end if negative (DMN 1.5, 10.3.2.5).
    fn nth(&mut self, frame: &Frame<'_>, code: &Code, items: &[Value], index: Number) -> Value {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let place = match index.as_i64() {
            Some(index) if index > 0 => Some(index - 1),
            Some(index) if index < 0 => Some(count.saturating_add(index)),
            Some(_) | None => None,
        };
        let found =
            place.and_then(|place| usize::try_from(place).ok()).and_then(|at| items.get(at));
        match found {
            Some(value) => value.clone(),
            None => self.null(code.span, Why::NONE, false, || {
                format!(
                    "`{}` is null: there is no item {index} in a list of {count}",
                    Self::text(frame, code)
                )
            }),
        }
    }
}

/// A part of a date, time, duration or range (DMN 1.5, table 65).
pub(crate) fn property(value: &Value, name: &str) -> Option<Value> {
    let whole = |value: i64| Some(Value::Number(value.into()));
    match value {
        Value::Date(date) => match name {
            "year" => whole(i64::from(date.year())),
            "month" => whole(i64::from(date.month())),
            "day" => whole(i64::from(date.day())),
            "weekday" => whole(i64::from(date.weekday())),
            _ => None,
        },
        Value::Time(time) => time_property(time, time.offset_seconds(), name),
        Value::DateTime(at) => property(&Value::Date(at.date()), name)
            .or_else(|| time_property(at.time(), at.offset_seconds(), name)),
        Value::DayTime(duration) => match name {
            "days" => whole(duration.days()),
            "hours" => whole(duration.hours()),
            "minutes" => whole(duration.minutes()),
            "seconds" => seconds(duration.seconds(), duration.subsecond_nanos()),
            "years" | "months" => Some(Value::NULL),
            _ => None,
        },
        Value::YearMonth(duration) => match name {
            "years" => whole(duration.years()),
            "months" => whole(duration.months()),
            "days" | "hours" | "minutes" | "seconds" => Some(Value::NULL),
            _ => None,
        },
        Value::Range(range) => match name {
            "start" => Some(range.low.clone().unwrap_or_default()),
            "end" => Some(range.high.clone().unwrap_or_default()),
            "start included" => Some(Value::Bool(range.low_included)),
            "end included" => Some(Value::Bool(range.high_included)),
            _ => None,
        },
        Value::Null(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::List(_)
        | Value::Context(_)
        | Value::Function(_) => None,
    }
}

fn time_property(time: &crate::temporal::Time, offset: Option<i32>, name: &str) -> Option<Value> {
    let whole = |value: i64| Some(Value::Number(value.into()));
    match name {
        "hour" => whole(i64::from(time.hour())),
        "minute" => whole(i64::from(time.minute())),
        "second" => seconds(i64::from(time.second()), i64::from(time.nano())),
        "time offset" => Some(offset.map_or(Value::NULL, |seconds| {
            crate::temporal::DayTime::from_seconds(i64::from(seconds))
                .map_or(Value::NULL, Value::DayTime)
        })),
        "timezone" => Some(
            time.zone()
                .and_then(|zone| zone.name())
                .map_or(Value::NULL, |name| Value::String(Arc::from(name))),
        ),
        _ => None,
    }
}

fn seconds(whole: i64, nanos: i64) -> Option<Value> {
    if nanos == 0 {
        return Some(Value::Number(whole.into()));
    }
    let fraction = Number::from(nanos).over(Number::from(1_000_000_000))?;
    Number::from(whole).plus(fraction).map(Value::Number)
}

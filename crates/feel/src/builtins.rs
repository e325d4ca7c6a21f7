//! Functions that every expression has, arithmetic, and properties of dates and durations.

use std::sync::Arc;

use crate::Number;
use crate::ast::{Node, Op};
use crate::eval::{Env, distance, order};
use crate::number::Round;
use crate::temporal::{self, IsoDuration, Moment};
use crate::value::{Context, Value};

/// A function, by its place in [`TABLE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Builtin(usize);

/// Name, least and most arguments.
const TABLE: &[(&str, usize, usize)] = &[
    ("not", 1, 1),
    ("contains", 2, 2),
    ("starts with", 2, 2),
    ("ends with", 2, 2),
    ("substring", 2, 3),
    ("substring before", 2, 2),
    ("substring after", 2, 2),
    ("string length", 1, 1),
    ("upper case", 1, 1),
    ("lower case", 1, 1),
    ("trim", 1, 1),
    ("string", 1, 1),
    ("number", 1, 1),
    ("string join", 1, 2),
    ("split", 2, 2),
    ("floor", 1, 2),
    ("ceiling", 1, 2),
    ("abs", 1, 1),
    ("modulo", 2, 2),
    ("decimal", 2, 2),
    ("round up", 2, 2),
    ("round down", 2, 2),
    ("round half up", 2, 2),
    ("round half down", 2, 2),
    ("even", 1, 1),
    ("odd", 1, 1),
    ("min", 1, 255),
    ("max", 1, 255),
    ("sum", 1, 255),
    ("mean", 1, 255),
    ("count", 1, 1),
    ("append", 2, 255),
    ("concatenate", 1, 255),
    ("list contains", 2, 2),
    ("index of", 2, 2),
    ("distinct values", 1, 1),
    ("flatten", 1, 1),
    ("reverse", 1, 1),
    ("all", 1, 255),
    ("any", 1, 255),
    ("get value", 2, 2),
    ("get entries", 1, 1),
    ("context put", 3, 3),
    ("now", 0, 0),
    ("today", 0, 0),
    ("date", 1, 1),
    ("time", 1, 1),
    ("date and time", 1, 1),
    ("duration", 1, 1),
    ("is defined", 1, 1),
    ("get or else", 2, 2),
];

impl Builtin {
    pub fn named(name: &str) -> Result<Self, String> {
        if let Some(at) = TABLE.iter().position(|(known, ..)| *known == name) {
            return Ok(Self(at));
        }
        let near = TABLE
            .iter()
            .map(|(known, ..)| (distance(known, name), *known))
            .filter(|(d, _)| *d <= 3)
            .min();
        let help = near.map_or(String::new(), |(_, known)| format!("; did you mean `{known}`?"));
        Err(format!("this version has no function `{name}`{help}"))
    }

    pub fn check_count(self, count: usize) -> Result<(), String> {
        let (name, least, most) = TABLE[self.0];
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        Err(format!("`{name}` takes {wanted} arguments, but found {count}"))
    }
}

pub(crate) fn call(env: &mut Env<'_>, node: &Node, builtin: Builtin, arguments: &[Node]) -> Value {
    let (name, ..) = TABLE[builtin.0];
    match name {
        "is defined" => return Value::Bool(env.probe(&arguments[0]) != Value::Null),
        "get or else" => {
            let value = env.probe(&arguments[0]);
            return if value == Value::Null { env.eval(&arguments[1]) } else { value };
        }
        _ => {}
    }
    let values: Vec<Value> = arguments.iter().map(|argument| env.eval(argument)).collect();
    let result = match name {
        "now" => Moment::from_epoch_ms(env.now_ms).map(Value::Moment),
        "today" => match Moment::from_epoch_ms(env.now_ms) {
            Some(Moment::DateTime(at, _)) => Some(Value::Moment(Moment::Date(at.date()))),
            _ => None,
        },
        _ => text(name, &values)
            .or_else(|| numbers(name, &values))
            .or_else(|| lists(name, &values))
            .or_else(|| others(name, &values)),
    };
    if let Some(value) = result {
        value
    } else {
        let types: Vec<_> = values.iter().map(Value::type_name).collect();
        env.fail(node, format!("`{name}` cannot be applied to ({})", types.join(", ")))
    }
}

fn text(name: &str, values: &[Value]) -> Option<Value> {
    let subject = values.first()?.as_str()?;
    let other = values.get(1).and_then(Value::as_str);
    Some(match (name, other) {
        ("contains", Some(other)) => Value::Bool(subject.contains(other)),
        ("starts with", Some(other)) => Value::Bool(subject.starts_with(other)),
        ("ends with", Some(other)) => Value::Bool(subject.ends_with(other)),
        ("substring before", Some(other)) => {
            Value::text(subject.split_once(other).map_or("", |(before, _)| before))
        }
        ("substring after", Some(other)) => {
            Value::text(subject.split_once(other).map_or("", |(_, after)| after))
        }
        ("split", Some("")) => {
            Value::list(subject.chars().map(|c| Value::text(c.to_string())).collect())
        }
        ("split", Some(other)) => Value::list(subject.split(other).map(Value::text).collect()),
        ("substring", None) => {
            substring(subject, values.get(1)?.as_i64()?, values.get(2).map(Value::as_i64))?
        }
        ("string length", _) => Value::Number(i64::try_from(subject.chars().count()).ok()?.into()),
        ("upper case", _) => Value::text(subject.to_uppercase()),
        ("lower case", _) => Value::text(subject.to_lowercase()),
        ("trim", _) => Value::text(subject.trim()),
        ("number", _) => Value::Number(Number::parse(subject.trim())?),
        ("string", _) => values[0].clone(),
        ("duration", _) => Value::Duration(temporal::parse_duration(subject)?),
        ("date", _) => match Moment::parse(subject)? {
            Moment::Date(date) => Value::Moment(Moment::Date(date)),
            Moment::DateTime(at, _) => Value::Moment(Moment::Date(at.date())),
            Moment::Time(..) => return None,
        },
        ("time", _) => match Moment::parse(subject)? {
            time @ Moment::Time(..) => Value::Moment(time),
            Moment::DateTime(at, offset) => Value::Moment(Moment::Time(at.time(), offset)),
            Moment::Date(_) => return None,
        },
        ("date and time", _) => match Moment::parse(subject)? {
            at @ Moment::DateTime(..) => Value::Moment(at),
            _ => return None,
        },
        _ => return None,
    })
}

fn substring(subject: &str, start: i64, length: Option<Option<i64>>) -> Option<Value> {
    let chars: Vec<char> = subject.chars().collect();
    let count = i64::try_from(chars.len()).ok()?;
    let from = if start > 0 {
        start - 1
    } else if start < 0 {
        (count.checked_add(start)?).max(0)
    } else {
        return None;
    };
    let length = match length {
        None => count,
        Some(length) => length.filter(|length| *length >= 0)?,
    };
    let (from, length) = (usize::try_from(from).ok()?, usize::try_from(length).ok()?);
    Some(Value::text(chars.into_iter().skip(from).take(length).collect::<String>()))
}

fn numbers(name: &str, values: &[Value]) -> Option<Value> {
    let number = values.first()?.as_number()?;
    let second = values.get(1).and_then(Value::as_number);
    let scale = || second.map_or(Some(0), Number::as_i64);
    let shifted = |round: fn(Number) -> Number| -> Option<Number> {
        let factor = Number::from(10).pow(Number::from(scale()?))?;
        round(number.times(factor)?).over(factor)
    };
    let result = match name {
        "floor" => shifted(Number::floor)?,
        "ceiling" => shifted(Number::ceiling)?,
        "abs" => number.abs(),
        "modulo" => number.modulo(second?)?,
        "decimal" => number.round(scale()?, Round::HalfEven)?,
        "round up" => number.round(scale()?, Round::Up)?,
        "round down" => number.round(scale()?, Round::Down)?,
        "round half up" => number.round(scale()?, Round::HalfUp)?,
        "round half down" => number.round(scale()?, Round::HalfDown)?,
        "number" => number,
        "even" | "odd" => {
            let even = number.modulo(2.into())? == 0.into();
            return Some(Value::Bool(even == (name == "even")));
        }
        "string" => return Some(Value::text(number.to_string())),
        _ => return None,
    };
    Some(Value::Number(result))
}

/// Functions of a list take its items as arguments too.
fn items(values: &[Value]) -> &[Value] {
    match values {
        [Value::List(items)] => items,
        values => values,
    }
}

fn lists(name: &str, values: &[Value]) -> Option<Value> {
    let all = items(values);
    let sum = || all.iter().try_fold(Number::from(0), |sum, item| sum.plus(item.as_number()?));
    let size = || Number::from(i64::try_from(all.len()).unwrap_or(i64::MAX));
    let extreme = |wanted: std::cmp::Ordering| {
        let mut best = all.first()?;
        for item in all {
            if order(item, best)? == wanted {
                best = item;
            }
        }
        Some(best.clone())
    };
    Some(match name {
        "min" => extreme(std::cmp::Ordering::Less)?,
        "max" => extreme(std::cmp::Ordering::Greater)?,
        "sum" if !all.is_empty() => Value::Number(sum()?),
        "mean" => Value::Number(sum()?.over(size())?),
        "all" if all.contains(&Value::Bool(false)) => Value::Bool(false),
        "any" if all.contains(&Value::Bool(true)) => Value::Bool(true),
        "all" | "any" => {
            let decided = all.iter().all(|item| item.as_bool().is_some());
            if decided { Value::Bool(name == "all") } else { Value::Null }
        }
        "concatenate" => {
            let mut joined = Vec::new();
            for value in values {
                joined.extend_from_slice(value.as_list()?);
            }
            Value::list(joined)
        }
        "count" => Value::Number(i64::try_from(values[0].as_list()?.len()).ok()?.into()),
        "append" => {
            let mut list = values[0].as_list()?.to_vec();
            list.extend_from_slice(&values[1..]);
            Value::list(list)
        }
        "reverse" => Value::list(values[0].as_list()?.iter().rev().cloned().collect()),
        "list contains" => Value::Bool(values[0].as_list()?.contains(&values[1])),
        "index of" => {
            let places =
                values[0].as_list()?.iter().zip(1_i64..).filter(|(item, _)| **item == values[1]);
            Value::list(places.map(|(_, at)| Value::Number(at.into())).collect())
        }
        "distinct values" => {
            let mut seen: Vec<Value> = Vec::new();
            for item in values[0].as_list()? {
                if !seen.contains(item) {
                    seen.push(item.clone());
                }
            }
            Value::list(seen)
        }
        "flatten" => {
            let mut flat = Vec::new();
            flatten(values[0].as_list()?, &mut flat);
            Value::list(flat)
        }
        "string join" => {
            let separator = values.get(1).map_or(Some(""), Value::as_str)?;
            let parts: Option<Vec<&str>> = values[0]
                .as_list()?
                .iter()
                .filter(|item| **item != Value::Null)
                .map(Value::as_str)
                .collect();
            Value::text(parts?.join(separator))
        }
        _ => return None,
    })
}

fn flatten(items: &[Value], out: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flatten(inner, out),
            other => out.push(other.clone()),
        }
    }
}

fn others(name: &str, values: &[Value]) -> Option<Value> {
    Some(match (name, values) {
        ("not", [Value::Bool(value)]) => Value::Bool(!value),
        ("not" | "string", [Value::Null]) => Value::Null,
        ("string", [value @ (Value::Moment(_) | Value::Duration(_))]) => {
            Value::text(value.to_json().trim_matches('"'))
        }
        ("string", [value]) => Value::text(value.to_json()),
        ("date", [Value::Moment(Moment::DateTime(at, _))]) => {
            Value::Moment(Moment::Date(at.date()))
        }
        ("date", [date @ Value::Moment(Moment::Date(_))]) => date.clone(),
        ("duration", [duration @ Value::Duration(_)]) => duration.clone(),
        ("get value", [Value::Context(context), Value::String(name)]) => {
            context.get(name).cloned().unwrap_or(Value::Null)
        }
        ("get entries", [Value::Context(context)]) => Value::list(
            context
                .iter()
                .map(|(name, value)| {
                    let mut entry = Context::default();
                    entry.set("key".into(), Value::String(name.clone()));
                    entry.set("value".into(), value.clone());
                    Value::Context(Arc::new(entry))
                })
                .collect(),
        ),
        ("context put", [Value::Context(context), Value::String(name), value]) => {
            let mut context = (**context).clone();
            context.set(name.clone(), value.clone());
            Value::Context(Arc::new(context))
        }
        _ => return None,
    })
}

/// DMN 1.5, 10.3.2.7: numbers, strings (`+`), dates and durations.
pub(crate) fn arithmetic(op: Op, a: &Value, b: &Value) -> Option<Value> {
    let sign = if op == Op::Sub { -1 } else { 1 };
    Some(match (a, b) {
        (Value::Number(a), Value::Number(b)) => Value::Number(match op {
            Op::Add => a.plus(*b)?,
            Op::Sub => a.minus(*b)?,
            Op::Mul => a.times(*b)?,
            Op::Div => a.over(*b)?,
            _ => a.pow(*b)?,
        }),
        (Value::String(a), Value::String(b)) if op == Op::Add => Value::text(format!("{a}{b}")),
        (Value::Moment(at), Value::Duration(by)) if matches!(op, Op::Add | Op::Sub) => {
            Value::Moment(at.plus(*by, sign)?)
        }
        (Value::Duration(by), Value::Moment(at)) if op == Op::Add => {
            Value::Moment(at.plus(*by, 1)?)
        }
        (Value::Moment(a), Value::Moment(b)) if op == Op::Sub => Value::Duration(IsoDuration {
            months: 0,
            ms: a.epoch_ms()?.checked_sub(b.epoch_ms()?)?,
            calendar: false,
        }),
        (Value::Duration(a), Value::Duration(b))
            if matches!(op, Op::Add | Op::Sub) && a.calendar == b.calendar =>
        {
            Value::Duration(IsoDuration {
                months: a.months.checked_add(b.months.checked_mul(sign)?)?,
                ms: a.ms.checked_add(b.ms.checked_mul(sign)?)?,
                calendar: a.calendar,
            })
        }
        (Value::Duration(d), Value::Number(n)) | (Value::Number(n), Value::Duration(d))
            if op == Op::Mul =>
        {
            scaled(*d, *n, Number::times)?
        }
        (Value::Duration(d), Value::Number(n)) if op == Op::Div => scaled(*d, *n, Number::over)?,
        _ => return None,
    })
}

fn scaled(d: IsoDuration, by: Number, op: fn(Number, Number) -> Option<Number>) -> Option<Value> {
    let part = |value: i64| op(value.into(), by).map(Number::floor).and_then(Number::as_i64);
    Some(Value::Duration(IsoDuration {
        months: part(d.months)?,
        ms: part(d.ms)?,
        calendar: d.calendar,
    }))
}

/// `date.year` and the like (DMN 1.5, table 64).
pub(crate) fn property(value: &Value, name: &str) -> Option<Value> {
    let number = |n: i64| Some(Value::Number(n.into()));
    match value {
        Value::Moment(moment) => {
            let (date, time) = match moment {
                Moment::Date(date) => (Some(*date), None),
                Moment::Time(time, _) => (None, Some(*time)),
                Moment::DateTime(at, _) => (Some(at.date()), Some(at.time())),
            };
            match (name, date, time) {
                ("year", Some(date), _) => number(date.year().into()),
                ("month", Some(date), _) => number(date.month().into()),
                ("day", Some(date), _) => number(date.day().into()),
                ("weekday", Some(date), _) => number(date.weekday().to_monday_one_offset().into()),
                ("hour", _, Some(time)) => number(time.hour().into()),
                ("minute", _, Some(time)) => number(time.minute().into()),
                ("second", _, Some(time)) => number(time.second().into()),
                _ => None,
            }
        }
        Value::Duration(d) => match name {
            "years" => number(d.months / 12),
            "months" => number(d.months % 12),
            "days" => number(d.ms / 86_400_000),
            "hours" => number(d.ms / 3_600_000 % 24),
            "minutes" => number(d.ms / 60_000 % 60),
            "seconds" => number(d.ms / 1000 % 60),
            _ => None,
        },
        _ => None,
    }
}

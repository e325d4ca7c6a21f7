//! Values: what an expression reads and gives.
//!
//! In:  JSON, literals, results.
//! Out: immutable values, shared by counting references.
//! Absent: values of unbounded shape. Each list and context knows its depth and size; what would
//!         pass [`DEPTH_MAX`] or [`SIZE_MAX`] is null with that reason, so that comparing, printing
//!         and dropping a value always end.

mod context;
mod json;
pub(crate) mod print;

use std::ops::Deref;
use std::sync::Arc;

pub use context::Context;
pub use json::quote_json;

use crate::Number;
use crate::function::Function;
use crate::notes::Why;
use crate::temporal::{self, Date, DateTime, DayTime, Time, YearMonth};

/// Deepest nesting of a value.
pub const DEPTH_MAX: u32 = 512;
/// Largest value: its leaves, and one more for every eight bytes of text.
pub const SIZE_MAX: u64 = 16 << 20;

/// A FEEL value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, or nothing that could be said, with the reason. Nulls are equal whatever the reason.
    Null(Why),
    /// True or false.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// A text.
    String(Arc<str>),
    /// A list.
    List(Arc<List>),
    /// Names with values, in the order they were written.
    Context(Arc<Context>),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Arc<Time>),
    /// A date and time.
    DateTime(Arc<DateTime>),
    /// A days and time duration.
    DayTime(DayTime),
    /// A years and months duration.
    YearMonth(YearMonth),
    /// A range of values with its ends.
    Range(Arc<Range>),
    /// A function.
    Function(Function),
}

/// The items of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct List {
    items: Vec<Value>,
    depth: u32,
    size: u64,
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl List {
    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: Value) {
        self.depth = self.depth.max(item.depth() + 1);
        self.size = self.size.saturating_add(item.size());
        self.items.push(item);
    }

    pub(crate) fn within_limits(&self) -> bool {
        self.depth <= DEPTH_MAX && self.size <= SIZE_MAX
    }
}

/// A range: `[1..5]`, with one end only: `< 5`, or of one value: `= 5`.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// It was written `= end`: both ends are that one, but it is not the interval `[end..end]`.
    pub equal: bool,
    /// The low end; `None` when it has none.
    pub low: Option<Value>,
    /// The low end belongs to the range.
    pub low_included: bool,
    /// The high end; `None` when it has none.
    pub high: Option<Value>,
    /// The high end belongs to the range.
    pub high_included: bool,
}

impl PartialEq for Value {
    /// The same kind and content (DMN 1.5, 10.3.2.13): times and date-times are moments of whole
    /// seconds, the order of a context's entries does not matter.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null(_), Self::Null(_)) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b) || a.items == b.items,
            (Self::Context(a), Self::Context(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a.is_same_second(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.is_same_second(b),
            (Self::DayTime(a), Self::DayTime(b)) => a == b,
            (Self::YearMonth(a), Self::YearMonth(b)) => a == b,
            (Self::Range(a), Self::Range(b)) => a == b,
            (Self::Function(a), Self::Function(b)) => a == b,
            (
                Self::Null(_)
                | Self::Bool(_)
                | Self::Number(_)
                | Self::String(_)
                | Self::List(_)
                | Self::Context(_)
                | Self::Date(_)
                | Self::Time(_)
                | Self::DateTime(_)
                | Self::DayTime(_)
                | Self::YearMonth(_)
                | Self::Range(_)
                | Self::Function(_),
                _,
            ) => false,
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::NULL
    }
}

impl Value {
    /// Null without a reason.
    pub const NULL: Self = Self::Null(Why::NONE);

    /// It is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null(_))
    }

    /// It is true, and not merely something.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Why it is null.
    pub fn why(&self) -> Why {
        if let Self::Null(why) = self { why.clone() } else { Why::NONE }
    }

    /// FEEL's name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null(_) => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Context(_) => "context",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::DateTime(_) => "date and time",
            Self::DayTime(_) => "days and time duration",
            Self::YearMonth(_) => "years and months duration",
            Self::Range(_) => "range",
            Self::Function(_) => "function",
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        if let Self::Number(value) = self { Some(*value) } else { None }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The entries, if it is a context.
    pub fn as_context(&self) -> Option<&Context> {
        if let Self::Context(context) = self { Some(context) } else { None }
    }

    /// A string.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list; null if it would be nested too deep or too large.
    pub fn list(items: Vec<Value>) -> Self {
        let (mut depth, mut size) = (0, 1_u64);
        for item in &items {
            depth = depth.max(item.depth());
            size = size.saturating_add(item.size());
        }
        if depth >= DEPTH_MAX || size > SIZE_MAX {
            return Self::Null(Why::TOO_LARGE);
        }
        Self::List(Arc::new(List { items, depth: depth + 1, size }))
    }

    /// A context; null if it would be nested too deep or too large.
    pub fn context(context: Context) -> Self {
        if context.depth() > DEPTH_MAX || context.size() > SIZE_MAX {
            return Self::Null(Why::TOO_LARGE);
        }
        Self::Context(Arc::new(context))
    }

    /// Levels of lists and contexts in it.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Self::List(list) => list.depth,
            Self::Context(context) => context.depth(),
            Self::Function(function) => function.depth(),
            Self::Null(_)
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::DateTime(_)
            | Self::DayTime(_)
            | Self::YearMonth(_)
            | Self::Range(_) => 0,
        }
    }

    /// Its leaves, and one more for every eight bytes of text.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::String(text) => 1 + text.len() as u64 / 8,
            Self::List(list) => list.size,
            Self::Context(context) => context.size(),
            Self::Function(function) => function.size(),
            Self::Null(_)
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::DateTime(_)
            | Self::DayTime(_)
            | Self::YearMonth(_)
            | Self::Range(_) => 1,
        }
    }

    /// This value with `value` under a path of names; what is not a context becomes one.
    #[must_use]
    pub fn with_path<T: AsRef<str>>(&self, path: &[T], value: Value) -> Value {
        let Some((first, rest)) = path.split_first() else { return value };
        let mut context = self.as_context().cloned().unwrap_or_default();
        let inner = context.get(first.as_ref()).unwrap_or(&Value::NULL).with_path(rest, value);
        context.set(first.as_ref().into(), inner);
        Self::context(context)
    }

    /// Milliseconds since 1970 of a date and time (a date is its midnight, UTC).
    pub fn as_epoch_ms(&self) -> Option<i64> {
        match self {
            Self::DateTime(at) => Some(at.epoch_ms()),
            Self::Date(_) => temporal::parse_date_time_ms(&self.to_text()),
            Self::String(text) => temporal::parse_date_time_ms(text),
            Self::Null(_)
            | Self::Bool(_)
            | Self::Number(_)
            | Self::List(_)
            | Self::Context(_)
            | Self::Time(_)
            | Self::DayTime(_)
            | Self::YearMonth(_)
            | Self::Range(_)
            | Self::Function(_) => None,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

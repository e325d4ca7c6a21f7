//! Sets of kinds of values: what a value may be, as far as a text tells without running it.

use std::ops::{BitAnd, BitOr};

use crate::value::Value;

/// Kinds of values, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kinds(u16);

/// The kinds with FEEL's names of them.
const NAMED: [(Kinds, &str); 13] = [
    (Kinds::BOOL, "boolean"),
    (Kinds::NUMBER, "number"),
    (Kinds::STRING, "string"),
    (Kinds::DATE, "date"),
    (Kinds::TIME, "time"),
    (Kinds::DATE_TIME, "date and time"),
    (Kinds::DAY_TIME, "days and time duration"),
    (Kinds::YEAR_MONTH, "years and months duration"),
    (Kinds::LIST, "list"),
    (Kinds::CONTEXT, "context"),
    (Kinds::RANGE, "range"),
    (Kinds::FUNCTION, "function"),
    (Kinds::NULL, "null"),
];

impl Kinds {
    pub const NONE: Self = Self(0);
    pub const NULL: Self = Self(1);
    pub const BOOL: Self = Self(1 << 1);
    pub const NUMBER: Self = Self(1 << 2);
    pub const STRING: Self = Self(1 << 3);
    pub const LIST: Self = Self(1 << 4);
    pub const CONTEXT: Self = Self(1 << 5);
    pub const DATE: Self = Self(1 << 6);
    pub const TIME: Self = Self(1 << 7);
    pub const DATE_TIME: Self = Self(1 << 8);
    pub const DAY_TIME: Self = Self(1 << 9);
    pub const YEAR_MONTH: Self = Self(1 << 10);
    pub const RANGE: Self = Self(1 << 11);
    pub const FUNCTION: Self = Self(1 << 12);
    pub const ALL: Self = Self((1 << 13) - 1);
    /// Kinds whose values have an order.
    pub const ORDERED: Self = Self(
        Self::NUMBER.0
            | Self::STRING.0
            | Self::DATE.0
            | Self::TIME.0
            | Self::DATE_TIME.0
            | Self::DAY_TIME.0
            | Self::YEAR_MONTH.0,
    );

    /// The kind of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null(_) => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::List(_) => Self::LIST,
            Value::Context(_) => Self::CONTEXT,
            Value::Date(_) => Self::DATE,
            Value::Time(_) => Self::TIME,
            Value::DateTime(_) => Self::DATE_TIME,
            Value::DayTime(_) => Self::DAY_TIME,
            Value::YearMonth(_) => Self::YEAR_MONTH,
            Value::Range(_) => Self::RANGE,
            Value::Function(_) => Self::FUNCTION,
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// It is one kind, not several.
    pub fn is_one(self) -> bool {
        self.0.is_power_of_two()
    }

    pub fn has(self, other: Self) -> bool {
        !(self & other).is_none()
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each kind alone.
    pub fn each(self) -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(kind, _)| *kind).filter(move |kind| self.has(*kind))
    }

    /// What values of these kinds can be put in an order with.
    pub fn orderable(self) -> Self {
        let moments = Self::DATE | Self::DATE_TIME;
        let ordered = self & Self::ORDERED;
        if ordered.has(moments) { ordered | moments } else { ordered }
    }

    /// Two kinds of them have no order with each other.
    pub fn disagree(self) -> bool {
        self.each().next().is_some_and(|first| !self.without(first.orderable()).is_none())
    }

    /// `a string or a number`, for messages.
    pub fn described(self) -> String {
        let names = NAMED.iter().filter(|(kind, _)| self.has(*kind));
        either(names.map(|(kind, name)| match *kind {
            Self::NULL => (*name).to_owned(),
            _ => format!("a {name}"),
        }))
    }

    /// `strings or numbers`, for messages.
    pub fn plural(self) -> String {
        let names = NAMED.iter().filter(|(kind, _)| self.has(*kind));
        either(names.map(|(kind, name)| match *kind {
            Self::NULL => "nulls".to_owned(),
            Self::DATE_TIME => "dates and times".to_owned(),
            _ => format!("{name}s"),
        }))
    }
}

impl BitOr for Kinds {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitAnd for Kinds {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// `a, b or c`.
pub(crate) fn either(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} or {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

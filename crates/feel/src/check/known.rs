//! What is known of a value before there is one.

use crate::functions::{Gives, Wanted};
use crate::kinds::Kinds;
use crate::types::Type;
use crate::value::Value;

/// What a value may be; every value that can come is within it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub kinds: Kinds,
    /// What the items of a list, or the ends of a range, may be.
    pub items: Kinds,
    /// For each of these kinds a list surely has an item that is of it, or null.
    pub certain: Kinds,
    /// What the item of a list may be, if that may be the only one.
    pub single: Kinds,
    /// What it was declared as: tells its entries.
    pub declared: Option<&'a Type>,
}

impl<'a> Known<'a> {
    pub const ANYTHING: Self = Self::new(Kinds::ALL);

    /// Of these kinds, with any items.
    pub const fn new(kinds: Kinds) -> Self {
        let (items, certain) = (Kinds::ALL, Kinds::NONE);
        Self { kinds, items, certain, single: Kinds::ALL, declared: None }
    }

    pub fn with_items(kinds: Kinds, items: Kinds) -> Self {
        Self { items, single: items, ..Self::new(kinds) }
    }

    pub fn given(gives: Gives) -> Self {
        Self::with_items(gives.kinds, gives.items)
    }

    pub fn value(value: &Value) -> Self {
        let kinds = Kinds::of(value);
        match value {
            Value::List(items) => Self::list(kinds, items.iter().map(Kinds::of)),
            Value::Range(range) => {
                let ends = [&range.low, &range.high].into_iter().flatten();
                Self::with_items(kinds, ends.map(Kinds::of).fold(Kinds::NONE, |all, end| all | end))
            }
            _ => Self::new(kinds),
        }
    }

    /// A list of these items.
    pub fn list(kinds: Kinds, of: impl ExactSizeIterator<Item = Kinds>) -> Self {
        let alone = of.len() == 1;
        let (mut items, mut certain) = (Kinds::NONE, Kinds::NONE);
        for item in of {
            items = items | item;
            let rest = item.without(Kinds::NULL);
            if rest.is_one() {
                certain = certain | rest;
            } else if rest.is_none() {
                certain = certain | item;
            }
        }
        let single = if alone { items } else { Kinds::NONE };
        Self { kinds, items, certain, single, declared: None }
    }

    /// A value that was coerced to a type, or null.
    pub fn declared(of: &'a Type) -> Self {
        let kinds = kinds(of);
        let known = match base(of) {
            Type::List(items) => Self::with_items(kinds, self::kinds(items)),
            Type::Range(ends) => Self::with_items(kinds, self::kinds(ends)),
            _ => Self::new(kinds),
        };
        Self { declared: Some(of), ..known }
    }

    /// One or the other.
    pub fn or(self, other: Self) -> Self {
        Self {
            kinds: self.kinds | other.kinds,
            items: self.items | other.items,
            certain: self.certain & other.certain,
            single: self.single | other.single,
            declared: None,
        }
    }

    /// What comes out of it one by one: its items, or itself.
    pub fn item(self) -> Self {
        if let Some(Type::List(of)) = self.declared.map(base) {
            return Self::declared(of);
        }
        let itself = self.kinds.without(Kinds::LIST);
        let items = if self.kinds.has(Kinds::LIST) { self.items } else { Kinds::NONE };
        let kinds = itself | items;
        if kinds.is_none() { Self::ANYTHING } else { Self::new(kinds) }
    }

    /// An entry of it, or of each of its items.
    pub fn entry(self, name: &str) -> Self {
        let find = |of: &'a Type| match base(of) {
            Type::Context(entries) => {
                entries.iter().find(|(known, _)| **known == *name).map(|(_, of)| of)
            }
            _ => None,
        };
        let Some(of) = self.declared.map(base) else { return Self::ANYTHING };
        match of {
            Type::List(items) => find(items).map_or(Self::ANYTHING, |entry| {
                Self::with_items(Kinds::LIST | Kinds::NULL, kinds(entry))
            }),
            of => find(of).map_or(Self::ANYTHING, Self::declared),
        }
    }

    /// It may be null.
    pub fn or_null(self) -> Self {
        Self { kinds: self.kinds | Kinds::NULL, ..self }
    }

    /// It may be what is wanted, as it is or coerced. `exact`: a list of one item does not stand for
    /// its item.
    pub fn may_be(&self, wanted: &Wanted, exact: bool) -> bool {
        if self.kinds.without(Kinds::LIST).has(wanted.kinds) {
            return true;
        }
        if !self.kinds.has(Kinds::LIST) {
            return false;
        }
        if !wanted.kinds.has(Kinds::LIST) {
            return !exact && self.single.has(wanted.kinds);
        }
        let surely_some = !self.certain.is_none();
        if wanted.some {
            return !surely_some || self.items.has(wanted.items);
        }
        if wanted.filled && !self.items.has(wanted.items) {
            return false;
        }
        let bad = self.certain.without(wanted.items);
        let excused = wanted.items.has(Kinds::NULL) && self.items.has(Kinds::NULL);
        let agree = !wanted.comparable || !self.certain.disagree();
        agree && (bad.is_none() || excused)
    }

    /// `a list of strings`, for messages.
    pub fn described(&self) -> String {
        let kinds = self.kinds.without(Kinds::NULL);
        let of = self.items.without(Kinds::NULL);
        match kinds {
            Kinds::NONE => "null".into(),
            Kinds::LIST if self.items.is_none() => "an empty list".into(),
            Kinds::LIST if of.is_none() => "a list of nulls".into(),
            Kinds::LIST | Kinds::RANGE if self.items != Kinds::ALL => {
                format!("{} of {}", kinds.described(), of.plural())
            }
            kinds => kinds.described(),
        }
    }
}

fn base(of: &Type) -> &Type {
    match of {
        Type::Constrained(of) => base(&of.base),
        other => other,
    }
}

/// The kinds of a type's values; null conforms to every type.
fn kinds(of: &Type) -> Kinds {
    let kind = match base(of) {
        Type::Any | Type::Constrained(_) => Kinds::ALL,
        Type::Null => Kinds::NULL,
        Type::Bool => Kinds::BOOL,
        Type::Number => Kinds::NUMBER,
        Type::String => Kinds::STRING,
        Type::Date => Kinds::DATE,
        Type::Time => Kinds::TIME,
        Type::DateTime => Kinds::DATE_TIME,
        Type::DayTime => Kinds::DAY_TIME,
        Type::YearMonth => Kinds::YEAR_MONTH,
        Type::List(_) => Kinds::LIST,
        Type::Range(_) => Kinds::RANGE,
        Type::Context(_) => Kinds::CONTEXT,
        Type::Function(_) => Kinds::FUNCTION,
    };
    kind | Kinds::NULL
}

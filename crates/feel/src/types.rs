//! Types (DMN 1.5, 10.3.2.9): what conforms to them, and how a value is coerced.

use std::sync::Arc;

use crate::machine::Machine;
use crate::unary::UnaryTests;
use crate::value::{Context, Value};

/// A FEEL type, or an item definition of a decision model.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Type {
    /// Anything.
    #[default]
    Any,
    /// Only null.
    Null,
    /// `boolean`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `date and time`
    DateTime,
    /// `days and time duration`
    DayTime,
    /// `years and months duration`
    YearMonth,
    /// `list<T>`
    List(Arc<Type>),
    /// `range<T>`
    Range(Arc<Type>),
    /// `context<name: T>`: at least these entries.
    Context(Arc<Vec<(Arc<str>, Type)>>),
    /// `function<A, B> -> T`
    Function(Arc<FunctionType>),
    /// A type with allowed values.
    Constrained(Arc<Constrained>),
}

/// The type of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct FunctionType {
    /// Types of the parameters, in order.
    pub parameters: Vec<Type>,
    /// Type of the result.
    pub result: Type,
}

/// A type and the tests that its values pass.
#[derive(Clone, Debug)]
pub struct Constrained {
    /// The type without the tests.
    pub base: Type,
    /// Which values are allowed.
    pub tests: UnaryTests,
    /// For a list: each item is tested (`allowedValues`), not the list (`typeConstraint`).
    pub each_item: bool,
}

impl PartialEq for Constrained {
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base
            && self.each_item == other.each_item
            && self.tests.source() == other.tests.source()
    }
}

impl Type {
    /// The type of FEEL's own that has this name.
    pub fn built_in(name: &str) -> Option<Self> {
        Some(match name {
            "Any" | "any" => Self::Any,
            "Null" | "null" => Self::Null,
            "boolean" => Self::Bool,
            "number" => Self::Number,
            "string" => Self::String,
            "date" => Self::Date,
            "time" => Self::Time,
            "date and time" | "dateTime" => Self::DateTime,
            "days and time duration" | "dayTimeDuration" => Self::DayTime,
            "years and months duration" | "yearMonthDuration" => Self::YearMonth,
            "list" => Self::List(Arc::new(Self::Any)),
            "range" => Self::Range(Arc::new(Self::Any)),
            "context" => Self::Context(Arc::default()),
            _ => return None,
        })
    }

    /// The type as messages name it.
    pub fn name(&self) -> String {
        match self {
            Self::Any => "Any".into(),
            Self::Null => "Null".into(),
            Self::Bool => "boolean".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::Date => "date".into(),
            Self::Time => "time".into(),
            Self::DateTime => "date and time".into(),
            Self::DayTime => "days and time duration".into(),
            Self::YearMonth => "years and months duration".into(),
            Self::List(of) => format!("list<{}>", of.name()),
            Self::Range(of) => format!("range<{}>", of.name()),
            Self::Context(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(name, of)| format!("{name}: {}", of.name())).collect();
                format!("context<{}>", entries.join(", "))
            }
            Self::Function(function) => {
                let parameters: Vec<_> = function.parameters.iter().map(Self::name).collect();
                format!("function<{}> -> {}", parameters.join(", "), function.result.name())
            }
            Self::Constrained(constrained) => {
                format!("{} ({})", constrained.base.name(), constrained.tests.source().trim())
            }
        }
    }

    /// Every name of an entry in it, at any depth.
    pub(crate) fn entry_names(&self, found: &mut dyn FnMut(&Arc<str>)) {
        match self {
            Self::List(of) | Self::Range(of) => of.entry_names(found),
            Self::Context(entries) => {
                for (name, of) in entries.iter() {
                    found(name);
                    of.entry_names(found);
                }
            }
            Self::Function(function) => function.result.entry_names(found),
            Self::Constrained(constrained) => constrained.base.entry_names(found),
            Self::Any
            | Self::Null
            | Self::Bool
            | Self::Number
            | Self::String
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::DayTime
            | Self::YearMonth => {}
        }
    }

    /// The value is of this type (`instance of`): null is only an instance of `Null` and `Any`.
    pub fn is_instance(&self, value: &Value, machine: &mut Machine) -> bool {
        if value.is_null() { *self == Self::Null } else { self.allows(value, machine) }
    }

    /// The value conforms to this type; null conforms to every type.
    pub fn allows(&self, value: &Value, machine: &mut Machine) -> bool {
        if !machine.step_free() {
            return false;
        }
        match (self, value) {
            (Self::Any, _)
            | (_, Value::Null(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Date, Value::Date(_))
            | (Self::Time, Value::Time(_))
            | (Self::DateTime, Value::DateTime(_))
            | (Self::DayTime, Value::DayTime(_))
            | (Self::YearMonth, Value::YearMonth(_)) => true,
            (Self::List(of), Value::List(items)) => {
                items.iter().all(|item| of.allows(item, machine))
            }
            (Self::Range(of), Value::Range(range)) => {
                [&range.low, &range.high].into_iter().flatten().all(|end| of.allows(end, machine))
            }
            (Self::Context(entries), Value::Context(context)) => entries
                .iter()
                .all(|(name, of)| context.get(name).is_some_and(|value| of.allows(value, machine))),
            (Self::Function(of), Value::Function(function)) => function.conforms(of),
            (Self::Constrained(of), value) => {
                of.base.allows(value, machine) && of.passes(value, machine)
            }
            (
                Self::Null
                | Self::Bool
                | Self::Number
                | Self::String
                | Self::Date
                | Self::Time
                | Self::DateTime
                | Self::DayTime
                | Self::YearMonth
                | Self::List(_)
                | Self::Range(_)
                | Self::Context(_)
                | Self::Function(_),
                _,
            ) => false,
        }
    }

    /// A value that is used where this type is wanted (DMN 1.5, 10.3.2.9.4): a list of one item
    /// for the item, an item for a list of it, a date for a date and time; anything else that
    /// does not conform is null with a reason.
    pub fn coerce(&self, value: Value, machine: &mut Machine) -> Value {
        let fits = match self {
            // A context is rebuilt anyway, so its entries are coerced one by one.
            Self::Context(_) | Self::List(_) => false,
            _ => self.allows(&value, machine),
        };
        if fits {
            return value;
        }
        let base = self.base();
        let coerced = match (base, &value) {
            (Self::DateTime, Value::Date(date)) => {
                Some(Value::DateTime(Arc::new(crate::temporal::DateTime::from(*date))))
            }
            (Self::Context(entries), Value::Context(context)) => {
                Self::coerce_entries(entries, context, machine)
            }
            (Self::List(of), Value::List(items)) => Self::coerce_items(of, items, machine),
            (Self::List(_) | Self::Context(_), Value::Null(_)) | (Self::Any, _) => {
                Some(value.clone())
            }
            (Self::List(of), single) => {
                let item = of.coerce(single.clone(), machine);
                (!item.is_null()).then(|| Value::list(vec![item]))
            }
            (single, Value::List(items)) if items.len() == 1 => {
                let item = single.coerce(items[0].clone(), machine);
                (!item.is_null()).then_some(item)
            }
            _ => None,
        };
        match coerced {
            Some(coerced) if self.allows(&coerced, machine) => coerced,
            Some(_) | None => machine.fail(
                format!(
                    "expected a value of the type {}, but got the {} {}",
                    self.name(),
                    value.type_name(),
                    crate::notes::shortened(&value)
                ),
                value.why(),
            ),
        }
    }

    /// The type without allowed values at any depth: `instance of` does not ask for them.
    pub(crate) fn unconstrained(&self) -> Self {
        match self {
            Self::Constrained(of) => of.base.unconstrained(),
            Self::List(of) => Self::List(Arc::new(of.unconstrained())),
            Self::Range(of) => Self::Range(Arc::new(of.unconstrained())),
            Self::Context(entries) => Self::Context(Arc::new(
                entries.iter().map(|(name, of)| (name.clone(), of.unconstrained())).collect(),
            )),
            other => other.clone(),
        }
    }

    fn base(&self) -> &Self {
        match self {
            Self::Constrained(of) => of.base.base(),
            other => other,
        }
    }

    fn coerce_entries(
        entries: &[(Arc<str>, Type)],
        context: &Context,
        machine: &mut Machine,
    ) -> Option<Value> {
        let mut coerced: Option<Context> = None;
        for (name, of) in entries {
            let value = context.get(name)?;
            let entry = of.coerce(value.clone(), machine);
            if entry.is_null() && !value.is_null() {
                return None;
            }
            if entry != *value || entry.type_name() != value.type_name() {
                coerced.get_or_insert_with(|| context.clone()).set(name.clone(), entry);
            }
        }
        Some(Value::context(coerced.unwrap_or_else(|| context.clone())))
    }

    fn coerce_items(of: &Type, items: &[Value], machine: &mut Machine) -> Option<Value> {
        let mut coerced = Vec::with_capacity(items.len());
        for item in items {
            let value = of.coerce(item.clone(), machine);
            if value.is_null() && !item.is_null() {
                return None;
            }
            coerced.push(value);
        }
        Some(Value::list(coerced))
    }
}

impl Constrained {
    fn passes(&self, value: &Value, machine: &mut Machine) -> bool {
        match value {
            Value::List(items) if self.each_item => {
                items.iter().all(|item| self.tests.run(machine, item, &crate::NOTHING).is_true())
            }
            value => self.tests.run(machine, value, &crate::NOTHING).is_true(),
        }
    }
}

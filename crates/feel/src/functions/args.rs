//! Arguments: taken by kind, a list of one item standing for its item where one is wanted
//! (DMN 1.5, 10.3.2.9.4).

use super::Pattern;
use crate::Number;
use crate::notes::{Why, shortened};
use crate::value::{Context, Value};

/// Why a function gives no value, to be read behind "it".
pub(crate) struct Trouble {
    pub message: String,
    pub cause: Why,
}

pub(crate) type Answer = Result<Value, Trouble>;

impl<T: Into<String>> From<T> for Trouble {
    fn from(message: T) -> Self {
        Self { message: message.into(), cause: Why::NONE }
    }
}

/// The arguments of one call.
pub(crate) struct Args<'a> {
    values: &'a [Value],
    /// Which of the function's lists of parameters they belong to.
    pub form: u8,
    pub pattern: Option<&'a Pattern>,
}

impl<'a> Args<'a> {
    pub fn new(values: &'a [Value], form: u8, pattern: Option<&'a Pattern>) -> Self {
        Self { values, form, pattern }
    }

    pub fn all(&self) -> &'a [Value] {
        self.values
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument; null if it was left out.
    pub fn get(&self, at: usize) -> &'a Value {
        self.values.get(at).unwrap_or(&Value::NULL)
    }

    /// It was given.
    pub fn given(&self, at: usize) -> bool {
        at < self.values.len()
    }

    /// The argument, or its only item.
    fn single(&self, at: usize) -> &'a Value {
        match self.get(at) {
            Value::List(items) if items.len() == 1 => &items[0],
            other => other,
        }
    }

    pub fn unfit(&self, at: usize, wanted: &str) -> Trouble {
        const PLACES: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
        let place = PLACES.get(at).copied().unwrap_or("last");
        let got = self.get(at);
        let found = match got {
            Value::Null(_) => "null".to_owned(),
            other => format!("the {} {}", other.type_name(), shortened(other)),
        };
        Trouble {
            message: format!("expects {wanted} as its {place} argument, but got {found}"),
            cause: got.why(),
        }
    }

    pub fn number(&self, at: usize) -> Result<Number, Trouble> {
        self.single(at).as_number().ok_or_else(|| self.unfit(at, "a number"))
    }

    pub fn whole(&self, at: usize) -> Result<i64, Trouble> {
        let whole = self.single(at).as_number().and_then(Number::as_i64);
        whole.ok_or_else(|| self.unfit(at, "a whole number"))
    }

    pub fn string(&self, at: usize) -> Result<&'a str, Trouble> {
        self.single(at).as_str().ok_or_else(|| self.unfit(at, "a string"))
    }

    pub fn context(&self, at: usize) -> Result<&'a Context, Trouble> {
        self.single(at).as_context().ok_or_else(|| self.unfit(at, "a context"))
    }

    /// The items of a list; what is no list is the only item of one.
    pub fn list(&self, at: usize) -> Result<&'a [Value], Trouble> {
        match self.get(at) {
            Value::List(items) => Ok(items),
            Value::Null(_) => Err(self.unfit(at, "a list")),
            single => Ok(std::slice::from_ref(single)),
        }
    }

    /// The items of the one list, or all arguments as items.
    pub fn items(&self) -> Result<&'a [Value], Trouble> {
        match self.values {
            [Value::List(items)] => Ok(items),
            [Value::Null(_)] => Err(self.unfit(0, "a list")),
            values => Ok(values),
        }
    }
}

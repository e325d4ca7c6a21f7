//! Values, and their JSON.

use std::sync::Arc;

use crate::Number;
use crate::temporal::{self, IsoDuration, Moment};

/// Deepest nesting of a JSON value that is read.
const JSON_DEPTH_MAX: u32 = 512;

/// A FEEL value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing, or nothing that could be said.
    Null,
    /// True or false.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// A text.
    String(Arc<str>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// Names with values, in the order they were written.
    Context(Arc<Context>),
    /// A date, a time, or both.
    Moment(Moment),
    /// Years and months, or days and time.
    Duration(IsoDuration),
    /// A range of values with its ends.
    Range(Arc<RangeValue>),
}

/// A range: `[1..5]`.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeValue {
    /// The low end is not in the range.
    pub low_open: bool,
    /// The low end.
    pub low: Value,
    /// The high end.
    pub high: Value,
    /// The high end is not in the range.
    pub high_open: bool,
}

/// The entries of a context.
#[derive(Clone, Debug, Default)]
pub struct Context(Vec<(Arc<str>, Value)>);

impl PartialEq for Context {
    /// Order does not matter (DMN 1.5, 10.3.2.13).
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Context {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Sets an entry, in its place or at the end.
    pub fn set(&mut self, name: Arc<str>, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl Value {
    /// FEEL's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Context(_) => "context",
            Self::Moment(moment) => moment.type_name(),
            Self::Duration(duration) => duration.type_name(),
            Self::Range(_) => "range",
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

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }

    /// This value with `value` under a path of names; what is not a context becomes one.
    #[must_use]
    pub fn with_path<T: AsRef<str>>(&self, path: &[T], value: Value) -> Value {
        let Some((first, rest)) = path.split_first() else { return value };
        let mut context = if let Self::Context(context) = self {
            (**context).clone()
        } else {
            Context::default()
        };
        let inner = context.get(first.as_ref()).unwrap_or(&Value::Null).with_path(rest, value);
        context.set(first.as_ref().into(), inner);
        Self::Context(Arc::new(context))
    }

    /// Reads JSON without loss: numbers stay decimal, entries keep their order.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blank();
        if reader.at == text.len() { Ok(value) } else { Err(reader.error("the end")) }
    }

    /// The JSON text. Dates and durations are their ISO-8601 strings.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends the JSON text.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null | Self::Range(_) => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(&value.to_string()),
            Self::String(text) => write_string(text, out),
            Self::Moment(moment) => write_string(&moment.to_string(), out),
            Self::Duration(duration) => write_string(&duration.to_string(), out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Context(context) => {
                out.push('{');
                for (at, (name, value)) in context.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Milliseconds since 1970 of a date and time (a date is its midnight, UTC).
    pub fn as_epoch_ms(&self) -> Option<i64> {
        match self {
            Self::Moment(moment) => moment.epoch_ms(),
            Self::String(text) => temporal::parse_date_time_ms(text),
            _ => None,
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    // Writing a string as JSON cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, wanted: &str) -> String {
        format!("expected {wanted} at byte {} of the JSON value", self.at)
    }

    fn blank(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blank();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self, depth: u32) -> Result<Value, String> {
        if depth > JSON_DEPTH_MAX {
            return Err(self.error("less nesting"));
        }
        self.blank();
        match self.text.as_bytes().get(self.at) {
            Some(b'"') => self.string().map(Value::text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.context(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.eat("true") => Ok(Value::Bool(true)),
            _ if self.eat("false") => Ok(Value::Bool(false)),
            _ if self.eat("null") => Ok(Value::Null),
            _ => Err(self.error("a value")),
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let number = Number::parse(&rest[..end]).ok_or_else(|| self.error("a number in range"))?;
        self.at += end;
        Ok(Value::Number(number))
    }

    fn string(&mut self) -> Result<String, String> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        let mut plain = true;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    end += 2;
                }
                Some(_) => end += 1,
                None => return Err(self.error("the end of the string")),
            }
        }
        let quoted = &self.text[self.at..=end];
        self.at = end + 1;
        if plain {
            return Ok(quoted[1..quoted.len() - 1].into());
        }
        serde_json::from_str(quoted).map_err(|_| self.error("a valid escape"))
    }

    fn list(&mut self, depth: u32) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat("]") {
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat("]") {
                return Ok(Value::list(items));
            }
            if !self.eat(",") {
                return Err(self.error("`,` or `]`"));
            }
        }
    }

    fn context(&mut self, depth: u32) -> Result<Value, String> {
        self.at += 1;
        let mut context = Context::default();
        if self.eat("}") {
            return Ok(Value::Context(Arc::new(context)));
        }
        loop {
            self.blank();
            if !self.text[self.at..].starts_with('"') {
                return Err(self.error("a name"));
            }
            let name = self.string()?;
            if !self.eat(":") {
                return Err(self.error("`:`"));
            }
            let value = self.value(depth + 1)?;
            context.set(name.into(), value);
            if self.eat("}") {
                return Ok(Value::Context(Arc::new(context)));
            }
            if !self.eat(",") {
                return Err(self.error("`,` or `}`"));
            }
        }
    }
}

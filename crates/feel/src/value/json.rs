//! JSON without loss: numbers stay decimal, entries keep their order, dates become the text that
//! FEEL reads back.

use std::sync::Arc;

use super::{Context, DEPTH_MAX, Value};
use crate::Number;

impl Value {
    /// Reads JSON. Integers and fractions keep up to 34 significant digits; what has more is
    /// rounded half to even. Of entries with one name the last counts.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blank();
        if reader.at == text.len() { Ok(value) } else { Err(reader.error("the end")) }
    }

    /// The JSON text. Dates, times and durations are their ISO-8601 strings; ranges and functions
    /// their FEEL text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends the JSON text.
    pub fn write_json(&self, out: &mut String) {
        use std::fmt::Write as _;
        match self {
            Self::Null(_) => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => {
                // Writing into a string cannot fail.
                let _ = write!(out, "{value}");
            }
            Self::String(text) => quote_json(text, out),
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
                    quote_json(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
            Self::Date(_)
            | Self::Time(_)
            | Self::DateTime(_)
            | Self::DayTime(_)
            | Self::YearMonth(_)
            | Self::Range(_)
            | Self::Function(_) => quote_json(&self.to_text(), out),
        }
    }
}

/// Appends a text as a JSON string.
pub fn quote_json(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0C => "\\f",
            0..=0x1F => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, wanted: &str) -> String {
        format!("expected {wanted} at byte {} of the JSON value", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blank();
        let found = self.text.as_bytes()[self.at..].starts_with(token.as_bytes());
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self, depth: u32) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(self.error(&format!("at most {DEPTH_MAX} levels of nesting")));
        }
        self.blank();
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.context(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.eat("true") => Ok(Value::Bool(true)),
            _ if self.eat("false") => Ok(Value::Bool(false)),
            _ if self.eat("null") => Ok(Value::NULL),
            _ => Err(self.error("a value")),
        }
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?` (RFC 8259, 6).
    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits();
        let zero_first = self.text.as_bytes().get(self.at - whole) == Some(&b'0');
        let mut well = whole == 1 || (whole > 1 && !zero_first);
        if self.peek() == Some(b'.') {
            self.at += 1;
            well &= self.digits() > 0;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            well &= self.digits() > 0;
        }
        let text = &self.text[start..self.at];
        let number = if well { Number::parse(text) } else { None };
        number.map(Value::Number).ok_or_else(|| {
            self.at = start;
            self.error("a number below 1E+6145")
        })
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<Arc<str>, String> {
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
                Some(0..=0x1F) => {
                    self.at = end;
                    return Err(self.error("control characters in strings to be escaped"));
                }
                Some(_) => end += 1,
                None => return Err(self.error("the end of the string")),
            }
        }
        let quoted = &self.text[self.at..=end];
        let start = self.at;
        self.at = end + 1;
        if plain {
            return Ok(quoted[1..quoted.len() - 1].into());
        }
        serde_json::from_str::<String>(quoted).map(Into::into).map_err(|_| {
            self.at = start;
            self.error("valid escapes in the string")
        })
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
                return self.whole(Value::list(items));
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
            return Ok(Value::context(context));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.error("a name"));
            }
            let name = self.string()?;
            if !self.eat(":") {
                return Err(self.error("`:`"));
            }
            let value = self.value(depth + 1)?;
            context.set(name, value);
            if self.eat("}") {
                return self.whole(Value::context(context));
            }
            if !self.eat(",") {
                return Err(self.error("`,` or `}`"));
            }
        }
    }

    fn whole(&self, value: Value) -> Result<Value, String> {
        if value.is_null() { Err(self.error("a smaller value to end")) } else { Ok(value) }
    }
}

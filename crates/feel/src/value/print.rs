//! Values as text: what `string()` gives, and FEEL literals.

use std::fmt;

use super::Value;

impl Value {
    /// What FEEL's `string()` gives: a string as it is, dates and durations in ISO-8601, lists
    /// and contexts as FEEL literals (DMN 1.5, table 75).
    pub fn to_text(&self) -> String {
        if let Self::String(text) = self {
            return text.to_string();
        }
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = write(self, &mut out, false);
        out
    }
}

impl fmt::Display for Value {
    /// A FEEL literal that reads back to an equal value; functions are only named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, true)
    }
}

/// `literal`: dates and durations as `@"..."`.
fn write(value: &Value, out: &mut dyn fmt::Write, literal: bool) -> fmt::Result {
    let (open, close) = if literal { ("@\"", "\"") } else { ("", "") };
    match value {
        Value::Null(_) => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(value) => write!(out, "{value}"),
        Value::String(text) => write_string(text, out),
        Value::Date(value) => write!(out, "{open}{value}{close}"),
        Value::Time(value) => write!(out, "{open}{value}{close}"),
        Value::DateTime(value) => write!(out, "{open}{value}{close}"),
        Value::DayTime(value) => write!(out, "{open}{value}{close}"),
        Value::YearMonth(value) => write!(out, "{open}{value}{close}"),
        Value::Function(function) => write!(out, "{function}"),
        Value::List(items) => {
            out.write_char('[')?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.write_str(", ")?;
                }
                write(item, out, literal)?;
            }
            out.write_char(']')
        }
        Value::Context(context) => {
            out.write_char('{')?;
            for (at, (name, value)) in context.iter().enumerate() {
                if at > 0 {
                    out.write_str(", ")?;
                }
                if crate::syntax::is_plain_name(name) {
                    out.write_str(name)?;
                } else {
                    write_string(name, out)?;
                }
                out.write_str(": ")?;
                write(value, out, literal)?;
            }
            out.write_char('}')
        }
        Value::Range(range) => {
            match (&range.low, &range.high) {
                (Some(end), Some(_)) if range.equal => {
                    out.write_str("(=")?;
                    write(end, out, literal)?;
                    return out.write_char(')');
                }
                (None, Some(high)) => {
                    out.write_str(if range.high_included { "(<=" } else { "(<" })?;
                    write(high, out, literal)?;
                    return out.write_char(')');
                }
                (Some(low), None) => {
                    out.write_str(if range.low_included { "(>=" } else { "(>" })?;
                    write(low, out, literal)?;
                    return out.write_char(')');
                }
                (None, None) | (Some(_), Some(_)) => {}
            }
            out.write_char(if range.low_included { '[' } else { '(' })?;
            write(range.low.as_ref().unwrap_or(&Value::NULL), out, literal)?;
            out.write_str("..")?;
            write(range.high.as_ref().unwrap_or(&Value::NULL), out, literal)?;
            out.write_char(if range.high_included { ']' } else { ')' })
        }
    }
}

/// Writes a FEEL string literal.
pub(crate) fn write_string(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

//! JSON as text: variables are split into their top-level entries and otherwise passed on as they
//! came, never parsed into a tree on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde_json::value::RawValue;

use crate::limits::{JSON_DEPTH_MAX, VARIABLES_BYTES_MAX};

/// One JSON value as valid, compact-as-sent text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json(Arc<str>);

impl Json {
    /// JSON's `null`.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// Text that is JSON already because our own code wrote it.
    pub fn trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A JSON string with this content.
    pub fn string(content: &str) -> Self {
        Self(quote(content).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<C> Encode<C> for Json {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Json {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        d.str().map(|text| Self(text.into()))
    }
}

fn quote(content: &str) -> String {
    serde_json::to_string(content).unwrap_or_default()
}

/// Why a text is not an object of variables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, or not an object.
    #[error("expected variables as a JSON object like {{\"total\": 42}}, but {problem}")]
    NotAnObject {
        /// What was found, with its place.
        problem: String,
    },
    /// Nested deeper than [`JSON_DEPTH_MAX`].
    #[error("variables are nested {depth} deep, over the limit of {JSON_DEPTH_MAX}")]
    TooDeep {
        /// Depth at which reading stopped.
        depth: usize,
    },
    /// Larger than [`VARIABLES_BYTES_MAX`].
    #[error(
        "variables are {bytes} bytes, over the limit of {VARIABLES_BYTES_MAX}; keep large data outside and pass a reference"
    )]
    TooLarge {
        /// Size of the text.
        bytes: usize,
    },
}

/// The variables of one scope or one command: names to JSON texts, sorted by name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables(Vec<(Arc<str>, Json)>);

impl Variables {
    /// No variables.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Splits the text of a JSON object. Empty text is an empty object, as clients send it. Of a
    /// repeated name the last value counts, as JSON parsers do.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        if text.len() > VARIABLES_BYTES_MAX {
            return Err(JsonError::TooLarge { bytes: text.len() });
        }
        if text.trim().is_empty() || text == "{}" {
            return Ok(Self::new());
        }
        check_depth(text)?;
        let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text)
            .map_err(|error| JsonError::NotAnObject { problem: error.to_string() })?;
        Ok(Self(
            entries
                .into_iter()
                .map(|(name, value)| (name.into(), Json(value.get().into())))
                .collect(),
        ))
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.position(name).ok().map(|at| &self.0[at].1)
    }

    /// Sets one variable.
    pub fn set(&mut self, name: Arc<str>, value: Json) {
        match self.position(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Sets every variable of `other` here.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else {
            for (name, value) in &other.0 {
                self.set(name.clone(), value.clone());
            }
        }
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Json)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON object.
    pub fn to_json(&self) -> String {
        let bytes: usize = self.0.iter().map(|(n, v)| n.len() + v.0.len() + 4).sum();
        let mut out = String::with_capacity(bytes + 2);
        out.push('{');
        for (at, (name, value)) in self.0.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&quote(name));
            out.push(':');
            out.push_str(&value.0);
        }
        out.push('}');
        out
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

impl FromIterator<(Arc<str>, Json)> for Variables {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Json)>>(entries: I) -> Self {
        let mut variables = Self::new();
        for (name, value) in entries {
            variables.set(name, value);
        }
        variables
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// `serde_json` skips raw values without recursion, so depth is bounded here, for whoever parses
/// the value later.
fn check_depth(text: &str) -> Result<(), JsonError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => {
                depth += 1;
                if depth > JSON_DEPTH_MAX {
                    return Err(JsonError::TooDeep { depth });
                }
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (true | false, _) => {}
        }
    }
    Ok(())
}

impl<C> Encode<C> for Variables {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.map(self.0.len() as u64)?;
        for (name, value) in &self.0 {
            e.str(name)?.str(&value.0)?;
        }
        e.ok()
    }
}

impl<'b, C> Decode<'b, C> for Variables {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let entries =
            d.map()?.ok_or_else(|| decode::Error::message("expected a map of known length"))?;
        let mut variables = Self::new();
        for _ in 0..entries {
            let name = d.str()?.into();
            variables.set(name, Json(d.str()?.into()));
        }
        Ok(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_pass_through_as_they_were_written() {
        let variables =
            Variables::parse(r#"{"b": 12345678901234567890.10, "a":{"x":[1, "}"]}}"#).unwrap();
        assert_eq!(variables.get("b").unwrap().as_str(), "12345678901234567890.10");
        assert_eq!(variables.to_json(), r#"{"a":{"x":[1, "}"]},"b":12345678901234567890.10}"#);
    }

    #[test]
    fn what_is_not_an_object_is_refused_with_its_place() {
        for text in ["[1]", "7", "{\"a\":}", "{\"a\":1} x", "nul"] {
            let error = Variables::parse(text).unwrap_err().to_string();
            assert!(error.contains("line 1 column"), "{text}: {error}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(Variables::parse(&deep), Err(JsonError::TooDeep { .. })));
    }
}

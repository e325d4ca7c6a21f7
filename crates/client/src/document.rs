//! A JSON document as the server wrote it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// One JSON document, kept as text: decimals are not rounded, fields keep their order.
#[derive(Clone, Debug)]
pub struct Document(Box<RawValue>);

impl Document {
    pub(crate) fn new(raw: Box<RawValue>) -> Self {
        Self(raw)
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The document to look into. Numbers become what [`serde_json::Number`] can hold: take
    /// [`Document::text`] or [`Document::read`] where decimals must stay exact.
    pub fn value(&self) -> Value {
        self.read().unwrap_or(Value::Null)
    }

    /// The document as a type of the caller's; `None` where it does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.text()).ok()
    }
}

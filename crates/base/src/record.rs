//! The rows of an instance's log.

use minicbor::{Decode, Encode};

use crate::{Event, InstanceKey, KeyBase};

/// What one batch decided about one instance: one row of its log.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Record {
    /// When, in milliseconds since 1970 (UTC), as the input said.
    #[n(0)]
    pub at_ms: i64,
    /// The facts, in order.
    #[n(1)]
    pub events: Vec<Event>,
}

impl Record {
    /// The bytes of the log row; keys are relative to `instance`.
    pub fn to_bytes(&self, instance: InstanceKey) -> Vec<u8> {
        let mut ctx = instance;
        // Writing into a `Vec` cannot fail.
        minicbor::to_vec_with(self, &mut ctx).unwrap_or_default()
    }

    /// Reads a log row back.
    pub fn from_bytes(bytes: &[u8], instance: InstanceKey) -> Result<Self, String> {
        let mut ctx = instance;
        minicbor::decode_with(bytes, &mut ctx).map_err(|error| error.to_string())
    }
}

//! Mail: a durable message from one shard to another, delivered exactly once.

use minicbor::{Decode, Encode};

use crate::{InstanceKey, KeyBase, MessageKey, SubscriptionKey, Text, Variables};

/// What one shard tells another. Numbers as in [`crate::Event`].
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and values named by their types; the variant says what they mean"
)]
pub enum Mail {
    /// An instance waits for a message, at the shard of its name and correlation key.
    #[n(0)]
    Subscribe {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        instance: InstanceKey,
        #[n(2)]
        process_id: Text,
        #[n(3)]
        name: Text,
        #[n(4)]
        correlation_key: Text,
        #[n(5)]
        once: bool,
    },
    /// It waits no longer.
    #[n(1)]
    Unsubscribe {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        name: Text,
        #[n(2)]
        correlation_key: Text,
    },
    /// A message for an instance, to the instance's shard.
    #[n(2)]
    Correlate {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        instance: InstanceKey,
        #[n(2)]
        message: MessageKey,
        #[n(3)]
        name: Text,
        #[n(4)]
        correlation_key: Text,
        #[n(5)]
        variables: Variables,
    },
    /// The instance had stopped waiting when the message came: correlate it again elsewhere.
    #[n(3)]
    Refused {
        #[n(0)]
        message: MessageKey,
        #[n(1)]
        process_id: Text,
        #[n(2)]
        name: Text,
        #[n(3)]
        correlation_key: Text,
    },
    /// An instance has thrown a signal, to the shard of the signal's slot.
    #[n(4)]
    Broadcast {
        #[n(0)]
        signal: Text,
        #[n(1)]
        variables: Variables,
    },
}

impl Mail {
    /// The bytes of the mail row.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads a mail row back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        minicbor::decode(bytes).map_err(|error| error.to_string())
    }
}

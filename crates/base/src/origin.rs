//! What started an instance, other than a person.

use minicbor::{Decode, Encode};

use crate::{ElementKey, InstanceKey, KeyBase, MessageKey, Text};

/// The call activity that an instance was started by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Parent {
    /// The calling instance.
    #[n(0)]
    pub instance: InstanceKey,
    /// The call activity in it.
    #[n(1)]
    pub element: ElementKey,
    /// The instance at the beginning of the chain of calls, which nobody has called.
    #[n(2)]
    pub root: InstanceKey,
}

/// The message by which an instance was started; holds the place of its name and correlation key
/// until the instance ends.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct CorrelationSource {
    /// The message.
    #[n(0)]
    pub message: MessageKey,
    /// Its name.
    #[n(1)]
    pub name: Text,
    /// Its correlation key; empty ones hold no place.
    #[n(2)]
    pub correlation_key: Text,
}

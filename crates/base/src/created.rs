//! The first fact about an instance: how it began. A part of [`crate::Event`], with the same rules.

use minicbor::{Decode, Encode};

use crate::{DefinitionKey, ElementKey, InstanceKey, KeyBase, MessageKey, Text};

/// How an instance began.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct InstanceCreated {
    /// The new instance.
    #[n(0)]
    pub instance: InstanceKey,
    /// What it is a run of.
    #[n(1)]
    pub definition: DefinitionKey,
    /// The definition's id (`bpmnProcessId`).
    #[n(2)]
    pub process_id: Text,
    /// The definition's version, from 1.
    #[n(3)]
    pub version: i32,
    /// The caller's own name for the instance.
    #[n(4)]
    pub business_id: Option<Text>,
    /// Labels from the caller.
    #[n(5)]
    pub tags: Vec<Text>,
    /// The message that started it, if one did.
    #[n(6)]
    pub message: Option<CorrelationSource>,
    /// The call activity that started it, if one did.
    #[n(7)]
    pub parent: Option<Parent>,
    /// How many instances are above it in the chain of calls, if there are any.
    #[n(8)]
    pub depth: Option<u32>,
    /// The completed instance of the same definition that it compensates, if it was started for that.
    #[n(9)]
    pub undoes: Option<InstanceKey>,
    /// Elements after whose first end the instance is ended, by their position in the definition's
    /// element table.
    #[n(10)]
    pub ends_after: Option<Vec<u32>>,
}

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

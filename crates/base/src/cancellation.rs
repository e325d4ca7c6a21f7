//! What is ended for all but those who listen to that, and what waits for them.

use minicbor::{Decode, Encode};

use crate::{ElementKey, InstanceKey, KeyBase, Variables};

/// A fact about who hears of a cancellation. Numbers as in [`crate::Event`].
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and values named by their types; the variant says what they mean"
)]
pub enum Cancellation {
    /// Somebody may listen to the cancellation of the instance that this activity has called.
    #[n(0)]
    CallHeard {
        #[n(0)]
        owner: ElementKey,
    },
    /// Such a call is cancelled: its activity has ended for all but the end of the called instance, and
    /// goes to the root scope.
    #[n(1)]
    CallAwaited {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
    },
    /// A call is cancelled, and nobody in the called instance is asked.
    #[n(2)]
    CallUnheard {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
    },
    /// What has ended for all but that goes to this scope, which waits for it.
    #[n(3)]
    Moved {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        elements: Vec<ElementKey>,
    },
    /// The owner has interrupted something: what follows, with these variables of its trigger, waits
    /// for what went into it.
    #[n(4)]
    Held {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        variables: Variables,
    },
    /// That has ended: it follows.
    #[n(5)]
    Released {
        #[n(0)]
        owner: ElementKey,
    },
}

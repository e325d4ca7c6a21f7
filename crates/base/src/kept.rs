//! Steps that were not taken, because one input had caused too many already.

use minicbor::{Decode, Encode};

use crate::{ElementKey, KeyBase};

/// What remains to be done. Numbers as in [`crate::Event`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and numbers named by their types; the variant says what they mean"
)]
pub enum KeptStep {
    /// A token reaches an element.
    #[n(0)]
    Enter {
        #[n(0)]
        element: u32,
        #[n(1)]
        scope: ElementKey,
        #[n(2)]
        via: Option<u32>,
    },
    /// A scope may be done.
    #[n(1)]
    Check {
        #[n(0)]
        scope: ElementKey,
    },
    /// A loop may have a next turn.
    #[n(2)]
    Turn {
        #[n(0)]
        body: ElementKey,
    },
    /// The next handler of a compensation that `by` asked for.
    #[n(3)]
    Compensate {
        #[n(0)]
        by: ElementKey,
        #[n(1)]
        scope: ElementKey,
    },
    /// What was entered without a token goes to work.
    #[n(4)]
    Work {
        #[n(0)]
        key: ElementKey,
    },
}

impl KeptStep {
    /// The scope in which something begins.
    pub fn begins(&self) -> Option<ElementKey> {
        match self {
            Self::Enter { scope, .. } | Self::Compensate { scope, .. } => Some(*scope),
            Self::Check { .. } | Self::Turn { .. } | Self::Work { .. } => None,
        }
    }
}

//! What the timers of a step's policy are for.

use minicbor::{Decode, Encode};

/// What a policy's timer is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// The step as a whole takes too long.
    #[n(0)]
    Timeout,
    /// A worker has an attempt for too long.
    #[n(1)]
    Attempt,
    /// The step should be done.
    #[n(2)]
    DueDate,
    /// Somebody is to be reminded of the step.
    #[n(3)]
    Reminder,
    /// The step takes longer than it usually does.
    #[n(4)]
    Expected,
}

impl Purpose {
    /// The word for people and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Attempt => "attemptTimeout",
            Self::DueDate => "dueDate",
            Self::Reminder => "reminder",
            Self::Expected => "expectedDuration",
        }
    }
}

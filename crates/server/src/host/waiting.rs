//! Callers that wait, and their places among what is under way.

use std::sync::{Arc, Weak};

use tokio::sync::OwnedSemaphorePermit;

use super::outbox::Answer;

/// A caller that waits, and its place among those under way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) reply: Answer,
    pub(super) place: Place,
}

/// Who keeps a caller's place free for others when it is done.
#[derive(Debug)]
pub(super) enum Place {
    /// The command: it is under way until it is answered, also when nobody waits any more.
    Command { _permit: OwnedSemaphorePermit },
    /// The caller, which may wait as long as an instance lives: gone with it.
    Caller(Weak<OwnedSemaphorePermit>),
}

/// A caller's place among those that wait for an instance's result. To be dropped when the answer
/// has come or the caller goes away; none if the command needs no such place.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    _permit: Option<Arc<OwnedSemaphorePermit>>,
}

impl Waiting {
    /// Whether nobody waits any more.
    pub(super) fn is_gone(&self) -> bool {
        match &self.place {
            Place::Command { .. } => false,
            Place::Caller(permit) => permit.strong_count() == 0,
        }
    }
}

/// A place for a caller that waits for an instance's result, or for a command.
pub(super) fn shared(permit: OwnedSemaphorePermit, waits: bool) -> (Caller, Place) {
    if !waits {
        return (Caller::default(), Place::Command { _permit: permit });
    }
    let permit = Arc::new(permit);
    let place = Place::Caller(Arc::downgrade(&permit));
    (Caller { _permit: Some(permit) }, place)
}

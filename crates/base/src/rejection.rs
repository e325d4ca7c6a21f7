//! Rejections: an input that was refused. Nothing changed; the caller is told why.

use std::fmt;

/// What kind of refusal it is; faces map it to a gRPC status or an HTTP status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The input itself can never be accepted (`INVALID_ARGUMENT`, 400).
    InvalidArgument,
    /// What it names does not exist (any more) (`NOT_FOUND`, 404).
    NotFound,
    /// What it would create exists (`ALREADY_EXISTS`, 409).
    AlreadyExists,
    /// It does not fit the present state (`FAILED_PRECONDITION`, 409).
    InvalidState,
    /// A bound of the server is reached; try later (`RESOURCE_EXHAUSTED`, 503).
    Exhausted,
    /// This server cannot do it (`UNIMPLEMENTED`, 501).
    Unsupported,
    /// The instance was cancelled while the caller waited for its result (`CANCELLED`, 409).
    Cancelled,
    /// The server is stopping or cannot write (`UNAVAILABLE`, 503).
    Unavailable,
}

/// Why an input was refused. The text says what was expected, what was found and what to do, and
/// may be shown to the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// For the status code.
    pub kind: RejectionKind,
    /// For the person.
    pub message: String,
}

impl Rejection {
    /// A refusal of this kind with this text.
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The input can never be accepted.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(RejectionKind::InvalidArgument, message)
    }

    /// What it names does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(RejectionKind::NotFound, message)
    }

    /// It does not fit the present state.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(RejectionKind::InvalidState, message)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}

impl From<crate::JsonError> for Rejection {
    fn from(error: crate::JsonError) -> Self {
        Self::invalid(error.to_string())
    }
}

//! Why a call did not succeed.

use std::fmt;

use serde::Deserialize;

/// Why a call did not succeed. The text is for people and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be one.
    #[error("expected a server's address like http://127.0.0.1:8080, but found `{found}`: {why}")]
    Address {
        /// What was given.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing answers there, or not in time.
    #[error("cannot reach a Fermata server at {server} ({cause}); {hint}")]
    Unreachable {
        /// The address.
        server: String,
        /// What the system said.
        cause: String,
        /// What to do.
        hint: &'static str,
    },
    /// Something answers there, but not as Fermata does.
    #[error("expected Fermata at {server} to answer {call}, but {found}; {hint}")]
    Unexpected {
        /// The address.
        server: String,
        /// Method and path.
        call: String,
        /// What came.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// The server said no.
    #[error("{0}")]
    Refused(Problem),
}

impl Error {
    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }

    pub(crate) fn unreachable(server: &str, cause: impl Into<String>) -> Self {
        let hint = if crate::address::is_local(server) {
            "is `fermata dev` running?"
        } else {
            "check the address, and that the server is up"
        };
        Self::Unreachable { server: server.to_owned(), cause: cause.into(), hint }
    }
}

/// A refusal in the server's own words (RFC 9457's problem document).
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The kind of problem, in a word or two.
    pub title: String,
    /// What was expected, what was found, what to do.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.detail.is_empty(), self.title.is_empty()) {
            (false, _) => f.write_str(&self.detail),
            (true, false) => write!(f, "{} (status {})", self.title, self.status),
            (true, true) => write!(f, "the server refused with status {}", self.status),
        }
    }
}

/// The innermost cause: what the system said, without the layers between.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

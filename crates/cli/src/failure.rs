//! Why a command ends without having done what it was asked, and its exit code.

use std::process::ExitCode;

/// The answer is no: refused, or not found.
pub(crate) const NO: u8 = 1;
/// The call was wrong, or a file cannot be read.
pub(crate) const WRONG_CALL: u8 = 2;
/// No Fermata server answers at the address.
pub(crate) const NO_SERVER: u8 = 3;

/// A text for people, which says what to do, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self { code: NO, text: text.into() }
    }

    pub(crate) fn wrong_call(text: impl Into<String>) -> Self {
        Self { code: WRONG_CALL, text: text.into() }
    }

    /// The same failure, with what was being done before its text.
    pub(crate) fn while_doing(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) -> ExitCode {
        eprintln!("fermata: {}", crate::screen::clean_lines(&self.text));
        ExitCode::from(self.code)
    }

    /// Whether trying the next of several things makes sense.
    pub(crate) fn is_no(&self) -> bool {
        self.code == NO
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        let code = match error {
            client::Error::Refused(_) => NO,
            client::Error::Address { .. } => WRONG_CALL,
            _ => NO_SERVER,
        };
        Self { code, text: error.to_string() }
    }
}

//! What a check has to say.

use std::fmt;

/// Something to mend, at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the checkout.
    pub file: String,
    /// Counted from 1; 0 when the finding is about the whole file.
    pub line: usize,
    pub what: String,
    pub mend: String,
}

impl Finding {
    pub fn new(
        file: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, mend } = self;
        match line {
            0 => write!(out, "{file}: {what}\n    mend: {mend}"),
            _ => write!(out, "{file}:{line}: {what}\n    mend: {mend}"),
        }
    }
}

//! Why something is null.
//!
//! In:  messages of operations that could not be done, names that were not there.
//! Out: a reason that travels inside the null, with the reason before it.
//! Absent: control flow. A reason never changes what an expression gives.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

/// Longest chain of reasons that is kept.
const CHAIN_MAX: u32 = 8;

/// The reason of a null, if there is one to tell: a null that was written or read has none.
#[derive(Clone, Default)]
pub struct Why(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Nothing,
    TooLarge,
    Note(Arc<Note>),
}

/// Why something became null.
#[derive(Clone, Debug)]
pub struct Note {
    /// Bytes of the expression that it is about.
    pub span: Range<usize>,
    /// What happened, with the text it is about.
    pub message: String,
    /// Why the operand was null already, if that is why.
    pub cause: Why,
    failure: bool,
    chain: u32,
}

impl Note {
    /// An operation could not be done; false when a name or entry is merely missing.
    pub fn is_failure(&self) -> bool {
        self.failure
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.cause.0 {
            Kind::Nothing => Ok(()),
            Kind::TooLarge | Kind::Note(_) => write!(f, ", because {}", self.cause),
        }
    }
}

impl Why {
    /// No reason to tell.
    pub const NONE: Self = Self(Kind::Nothing);
    /// A value over the limits of nesting or size.
    pub const TOO_LARGE: Self = Self(Kind::TooLarge);

    pub(crate) fn new(span: Range<usize>, message: String, cause: Self, failure: bool) -> Self {
        let chain = match &cause.0 {
            Kind::Nothing | Kind::TooLarge => 1,
            Kind::Note(note) => note.chain + 1,
        };
        if chain > CHAIN_MAX {
            return cause;
        }
        Self(Kind::Note(Arc::new(Note { span, message, cause, failure, chain })))
    }

    /// The note, if it is one of an expression.
    pub fn note(&self) -> Option<&Arc<Note>> {
        match &self.0 {
            Kind::Note(note) => Some(note),
            Kind::Nothing | Kind::TooLarge => None,
        }
    }

    /// An operation could not be done; false when a name or entry is merely missing.
    pub fn is_failure(&self) -> bool {
        match &self.0 {
            Kind::Nothing => false,
            Kind::TooLarge => true,
            Kind::Note(note) => note.failure,
        }
    }

    /// There is nothing to tell.
    pub fn is_none(&self) -> bool {
        matches!(self.0, Kind::Nothing)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Nothing => Ok(()),
            Kind::TooLarge => write!(
                f,
                "a value would be over the limits of {} levels of nesting and {} items",
                crate::value::DEPTH_MAX,
                crate::value::SIZE_MAX
            ),
            Kind::Note(note) => write!(f, "{note}"),
        }
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        write!(f, "{self}")?;
        f.write_char(')')
    }
}

/// A value's text for a message, cut where it becomes long.
pub(crate) fn shortened(value: &crate::Value) -> String {
    let mut short = Short { text: String::new(), room: 60 };
    // It stops writing where the room ends.
    if write!(short, "{value}").is_err() {
        short.text.push('…');
    }
    short.text
}

struct Short {
    text: String,
    room: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

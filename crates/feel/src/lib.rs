//! FEEL (DMN 1.5, chapter 10.3): text to a tree with spans to a value.
//!
//! In:  the text of an expression; later a scope with variables and the time of the input.
//! Out: a value, and for what became null the reason.
//! Absent: a clock (`now()` is the input's time), randomness, and anything without a bound.

mod ast;
mod builtins;
mod eval;
mod lexer;
mod number;
mod parser;
pub mod temporal;
mod value;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use number::Number;
pub use value::{Context, Value};

/// Longest text of an expression, in bytes.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of an expression's tree.
pub const TREE_DEPTH_MAX: u32 = 200;
/// Most steps of one evaluation.
pub const EVALUATION_STEPS_MAX: u32 = 1_000_000;

/// What is wrong with the text of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Bytes of the text that it is about.
    pub span: Range<usize>,
    /// What was expected and what was found.
    pub message: String,
    /// What to do, if that is known.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.span.start, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for Diagnostic {}

/// A compiled expression. Shared, immutable, evaluated without parsing.
#[derive(Clone, Debug)]
pub struct Expression(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: Box<str>,
    names: Vec<Arc<str>>,
    slots: usize,
    root: ast::Node,
}

/// Compiles the text of an expression (without the `=` that model attributes begin with).
pub fn compile(source: &str) -> Result<Expression, Diagnostic> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Diagnostic {
            span: 0..0,
            message: format!(
                "the expression is {} bytes, over the limit of {SOURCE_BYTES_MAX}",
                source.len()
            ),
            help: None,
        });
    }
    let (root, mut names) = parser::parse(source)?;
    let slots = names.len();
    names.sort();
    Ok(Expression(Arc::new(Compiled { source: source.into(), names, slots, root })))
}

/// Where an expression finds its variables.
pub trait Scope {
    /// The value under a name; `None` if there is none.
    fn get(&self, name: &str) -> Option<Value>;
    /// All names, to say which one may have been meant.
    fn names(&self) -> Vec<String>;
}

impl Scope for std::collections::BTreeMap<String, Value> {
    fn get(&self, name: &str) -> Option<Value> {
        Self::get(self, name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// The result of an evaluation.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// The value.
    pub value: Value,
    /// Why something became null on the way, in order.
    pub notes: Vec<Note>,
}

/// Why something became null.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Bytes of the text that it is about.
    pub span: Range<usize>,
    /// The reason.
    pub message: String,
    pub(crate) failure: bool,
}

impl Note {
    /// An operation could not be done; false when a name or entry is merely missing.
    pub fn is_failure(&self) -> bool {
        self.failure
    }
}

impl Expression {
    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Names of variables that it may read, sorted.
    pub fn names(&self) -> &[Arc<str>] {
        &self.0.names
    }

    /// Evaluates. `now_ms` is the input's time, milliseconds since 1970.
    pub fn evaluate(&self, scope: &dyn Scope, now_ms: i64) -> Outcome {
        eval::evaluate(&self.0.root, &self.0.source, self.0.slots, scope, now_ms)
    }
}

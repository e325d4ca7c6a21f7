//! FEEL (DMN 1.5, chapter 10.3): text to a tree with spans, to code, to a value.
//!
//! In:  the text of an expression and what is known around it; later a scope with variables, and
//!      the time and seed of the input.
//! Out: a value, and for what became null the reason.
//! Absent: a clock (`now()` is the input's time), randomness (`random number()` is drawn from the
//!         input's seed), I/O, and anything without a bound.

mod check;
mod code;
mod compile;
mod environment;
mod function;
mod functions;
mod kinds;
mod machine;
mod nearest;
mod notes;
mod number;
mod syntax;
mod tagged;
pub mod temporal;
mod types;
mod unary;
pub mod value;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use environment::Environment;
pub use function::{Callable, Function, Parameter};
pub use functions::{FunctionInfo, functions};
pub use machine::{DEPTH_MAX, Machine, Now, STEPS_MAX};
pub use notes::{Note, Why};
pub use number::{DIGITS_MAX, Number, Round};
pub use tagged::FromAi;
pub use types::{Constrained, FunctionType, Type};
pub use unary::{Constant, UnaryTests, compile_tests_in};
pub use value::{Context, Value};

use machine::Unit;

/// Longest text of an expression, in bytes.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;
/// Longest text that an expression may make, in bytes.
pub const STRING_BYTES_MAX: usize = 16 << 20;

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
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.source())
    }
}

struct Compiled {
    source: Arc<str>,
    /// Variables of the outside, by their numbers.
    globals: Vec<Arc<str>>,
    slots: u32,
    code: code::Code,
    warnings: Box<[Diagnostic]>,
}

/// Compiles the text of an expression (without the `=` that model attributes begin with). Every
/// name that is not its own is a variable of the outside.
pub fn compile(source: &str) -> Result<Expression, Diagnostic> {
    compile_in(source, &Environment::open())
}

/// Compiles the text of an expression with what is known around it.
pub fn compile_in(source: &str, environment: &Environment) -> Result<Expression, Diagnostic> {
    too_long(source)?;
    let types = environment.type_names();
    let tree = syntax::Parser::new(source, environment.known(), types)?.whole()?;
    let source: Arc<str> = source.into();
    let mut compiler = compile::Compiler::new(environment, source.clone());
    let code = compiler.node(&tree)?;
    let slots = compiler.slots();
    let globals = compiler.globals;
    let warnings = check::expression(&code, environment, &globals);
    Ok(Expression(Arc::new(Compiled { source, globals, slots, code, warnings })))
}

/// The text of an expression in one spelling: what it prints compiles to the same tree.
pub fn format(source: &str) -> Result<String, Diagnostic> {
    too_long(source)?;
    let environment = Environment::open();
    let tree = syntax::Parser::new(source, environment.known(), &[])?.whole()?;
    Ok(tree.to_string())
}

fn too_long(source: &str) -> Result<(), Diagnostic> {
    if source.len() <= SOURCE_BYTES_MAX {
        return Ok(());
    }
    Err(Diagnostic {
        span: 0..0,
        message: format!(
            "the expression is {} bytes, over the limit of {SOURCE_BYTES_MAX}",
            source.len()
        ),
        help: Some("split it into several mappings, or decisions".into()),
    })
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

impl Scope for Context {
    fn get(&self, name: &str) -> Option<Value> {
        Self::get(self, name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.iter().map(|(name, _)| name.to_string()).collect()
    }
}

/// A scope without variables.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

pub(crate) const NOTHING: Nothing = Nothing;

impl Scope for Nothing {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The result of an evaluation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value.
    pub value: Value,
    /// Why something became null on the way, in order; the first twenty.
    pub notes: Vec<Arc<Note>>,
}

impl Outcome {
    /// Why the value is null, in words; `None` if it is not, or was null to begin with.
    pub fn reason(&self) -> Option<String> {
        let why = self.value.why();
        (!why.is_none()).then(|| why.to_string())
    }
}

impl Expression {
    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Names of variables that it may read, in the order of the text.
    pub fn names(&self) -> &[Arc<str>] {
        &self.0.globals
    }

    /// What is null whatever the variables are, because of a type: calls of FEEL's own functions
    /// and operations. It runs all the same; in the order of the text.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.0.warnings
    }

    /// The value, if it is the same whatever the variables are.
    pub fn constant(&self) -> Option<&Value> {
        if let code::Kind::Constant(value) = &self.0.code.kind { Some(value) } else { None }
    }

    /// Evaluates. `now` is the input's time, milliseconds since 1970, with its seed.
    pub fn evaluate(&self, scope: &dyn Scope, now: impl Into<Now>) -> Outcome {
        let mut machine = Machine::new(now);
        let value = self.run(&mut machine, scope);
        Outcome { value, notes: machine.notes().to_vec() }
    }

    /// Evaluates as a part of something larger, within its budget.
    pub fn run(&self, machine: &mut Machine, scope: &dyn Scope) -> Value {
        let Compiled { source, globals, slots, code, .. } = &*self.0;
        let unit = Unit { source, names: globals, slots: *slots };
        let value = machine.enter(&unit, scope, None, |machine, frame| machine.eval(frame, code));
        match machine.exhausted() {
            Some(why) => Value::Null(why.clone()),
            None => value,
        }
    }
}

//! Functions as values.

use std::fmt;
use std::sync::Arc;

use crate::code::FunctionCode;
use crate::functions::Builtin;
use crate::machine::Machine;
use crate::types::{FunctionType, Type};
use crate::value::Value;

/// A function: FEEL's own, one that an expression defines, or one from outside of FEEL, as a
/// business knowledge model is.
#[derive(Clone)]
pub struct Function(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Builtin(&'static Builtin),
    Lambda(Arc<Lambda>),
    Native(Arc<dyn Callable>),
}

/// A parameter of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// What its arguments are coerced to.
    pub of: Type,
}

/// A function that is not written in FEEL.
pub trait Callable: fmt::Debug + Send + Sync {
    /// Its name, for messages.
    fn name(&self) -> &str;
    /// Its parameters in order.
    fn parameters(&self) -> &[Parameter];
    /// Type of its result.
    fn result(&self) -> &Type;
    /// What it keeps, for the limits of nesting and size: a function that keeps a function that
    /// keeps a function is as deep as lists in lists are.
    fn kept(&self) -> &Value {
        static NOTHING: Value = Value::NULL;
        &NOTHING
    }
    /// Calls it. As many arguments come as there are parameters, coerced to their types.
    fn call(&self, machine: &mut Machine, arguments: Vec<Value>) -> Value;
}

/// A function that an expression defines, with the values that it took from around it.
pub(crate) struct Lambda {
    pub code: Arc<FunctionCode>,
    pub captured: Vec<Value>,
    pub depth: u32,
    pub size: u64,
}

impl Function {
    /// A function from outside of FEEL.
    pub fn native(callable: Arc<dyn Callable>) -> Self {
        Self(Kind::Native(callable))
    }

    /// How many arguments it takes; `None` if that varies.
    pub fn arity(&self) -> Option<usize> {
        match &self.0 {
            Kind::Builtin(_) => None,
            Kind::Lambda(lambda) => Some(lambda.code.parameters.len()),
            Kind::Native(callable) => Some(callable.parameters().len()),
        }
    }

    pub(crate) fn depth(&self) -> u32 {
        match &self.0 {
            Kind::Builtin(_) => 0,
            Kind::Lambda(lambda) => lambda.depth,
            Kind::Native(callable) => callable.kept().depth(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.0 {
            Kind::Builtin(_) => 1,
            Kind::Lambda(lambda) => lambda.size,
            Kind::Native(callable) => callable.kept().size() + 1,
        }
    }

    /// It can stand where a function of this type is wanted: as many parameters, each taking at
    /// least what the type gives, and no wider result (DMN 1.5, 10.3.2.9.3).
    pub(crate) fn conforms(&self, of: &FunctionType) -> bool {
        let wider = |mine: &Type, theirs: &Type| *mine == Type::Any || mine == theirs;
        match &self.0 {
            Kind::Builtin(_) => true,
            Kind::Lambda(lambda) => {
                lambda.code.parameters.len() == of.parameters.len()
                    && lambda
                        .code
                        .parameters
                        .iter()
                        .zip(&of.parameters)
                        .all(|(mine, theirs)| wider(&mine.of, theirs) || *theirs == Type::Any)
            }
            Kind::Native(callable) => {
                callable.parameters().len() == of.parameters.len()
                    && callable
                        .parameters()
                        .iter()
                        .zip(&of.parameters)
                        .all(|(mine, theirs)| wider(&mine.of, theirs) || *theirs == Type::Any)
                    && (of.result == Type::Any
                        || *callable.result() == Type::Any
                        || of.result == *callable.result())
            }
        }
    }
}

impl PartialEq for Function {
    /// The very same function.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Builtin(a), Kind::Builtin(b)) => a.name == b.name,
            (Kind::Lambda(a), Kind::Lambda(b)) => Arc::ptr_eq(a, b),
            (Kind::Native(a), Kind::Native(b)) => Arc::ptr_eq(a, b),
            (Kind::Builtin(_) | Kind::Lambda(_) | Kind::Native(_), _) => false,
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Builtin(builtin) => f.write_str(builtin.name),
            Kind::Native(callable) => f.write_str(callable.name()),
            Kind::Lambda(lambda) => {
                let names: Vec<_> =
                    lambda.code.parameters.iter().map(|parameter| &*parameter.name).collect();
                write!(f, "function({}) ...", names.join(", "))
            }
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

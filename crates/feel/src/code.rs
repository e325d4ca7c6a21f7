//! What is evaluated: a tree without names to look up, but those that the outside gives.
//!
//! In:  a checked tree (`compile`).
//! Out: nodes for the machine, with numbered slots for variables.
//! Absent: text. A node knows where it stands, for messages only.

use std::sync::Arc;

use crate::function::Parameter;
use crate::functions::Builtin;
use crate::syntax::ast::{Op, Span};
use crate::types::Type;
use crate::value::Value;

#[derive(Debug)]
pub(crate) struct Code {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Constant(Value),
    /// A slot of the frame.
    Local(u32),
    /// A value that the function took with it.
    Captured(u32),
    /// A variable of the outside, by its number among those of the expression.
    Global(u32),
    /// An entry of the item that a filter is at, innermost first; else what the name is without.
    Entry {
        items: Box<[Code]>,
        name: Arc<str>,
        otherwise: Box<Code>,
    },
    List(Box<[Code]>),
    Context(Box<[ContextEntry]>),
    Range(Box<RangeCode>),
    Path(Box<Code>, Arc<str>),
    Filter(Box<Filter>),
    Negate(Box<Code>),
    Arithmetic(Box<Code>, Box<[(Op, Code)]>),
    Compare(Op, Box<(Code, Code)>),
    And(Box<[Code]>),
    Or(Box<[Code]>),
    Between(Box<(Code, Code, Code)>),
    In(Box<Code>, Box<[Test]>),
    InstanceOf(Box<Code>, Type),
    If(Box<(Code, Code, Code)>),
    For(Box<Iteration>),
    Quantified {
        every: bool,
        iteration: Box<Iteration>,
    },
    Function(Arc<FunctionCode>),
    Builtin(Box<BuiltinCall>),
    IsDefined(Box<Code>),
    Call(Box<Call>),
}

#[derive(Debug)]
pub(crate) struct ContextEntry {
    pub name: Arc<str>,
    pub value: Code,
    /// Where later entries find it; `None` if none asks.
    pub slot: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct RangeCode {
    /// `= low`: the high end is the same.
    pub equal: bool,
    pub low: Option<Code>,
    pub low_included: bool,
    pub high: Option<Code>,
    pub high_included: bool,
}

#[derive(Debug)]
pub(crate) struct Filter {
    pub list: Code,
    pub condition: Code,
    pub item: u32,
}

#[derive(Debug)]
pub(crate) struct Iteration {
    pub bindings: Box<[BindingCode]>,
    /// Where `partial` is; `None` if the body does not ask.
    pub partial: Option<u32>,
    pub body: Code,
}

#[derive(Debug)]
pub(crate) struct BindingCode {
    pub slot: u32,
    pub of: Code,
    pub to: Option<Code>,
}

#[derive(Debug)]
pub(crate) struct FunctionCode {
    pub parameters: Vec<Parameter>,
    pub captures: Box<[Code]>,
    pub body: Code,
    /// Slots of a call: parameters first.
    pub slots: u32,
    /// The text that spans are about.
    pub source: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct BuiltinCall {
    pub builtin: &'static Builtin,
    /// Which of its parameter lists is used.
    pub form: u8,
    pub arguments: Box<[Code]>,
    /// A regular expression that was known when the expression was compiled.
    pub pattern: Option<crate::functions::Pattern>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub function: Code,
    pub arguments: Box<[Code]>,
    /// Names of the arguments, if they have any.
    pub names: Option<Box<[Arc<str>]>>,
    /// What is called if the variable of that name is no function.
    pub otherwise: Option<&'static Builtin>,
}

/// One test of a value.
#[derive(Debug)]
pub(crate) enum Test {
    Any,
    /// `< 5`
    Compare(Op, Code),
    /// Equal to it, in it, or true.
    Value(Code),
    /// A test that says itself whether it holds: it asks for `?`.
    Condition(Code),
    Not(Box<[Test]>),
}

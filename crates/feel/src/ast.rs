//! The tree of an expression. Every node knows its bytes.

use std::ops::Range;
use std::sync::Arc;

use crate::builtins::Builtin;
use crate::value::Value;

#[derive(Debug)]
pub(crate) struct Node {
    pub span: Range<u32>,
    pub depth: u32,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Value),
    /// A variable; `slot` caches what the outer scope gave.
    Name {
        name: Arc<str>,
        slot: usize,
    },
    /// The value that a unary test is about.
    List(Vec<Node>),
    Context(Vec<(Arc<str>, Node)>),
    Range {
        low_open: bool,
        low: Box<Node>,
        high: Box<Node>,
        high_open: bool,
    },
    Path(Box<Node>, Arc<str>),
    Filter(Box<Node>, Box<Node>),
    Negate(Box<Node>),
    Binary(Op, Box<Node>, Box<Node>),
    Between(Box<Node>, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Test>),
    If(Box<Node>, Box<Node>, Box<Node>),
    For(Vec<(Arc<str>, Node)>, Box<Node>),
    Quantified {
        every: bool,
        bindings: Vec<(Arc<str>, Node)>,
        condition: Box<Node>,
    },
    Call(Builtin, Vec<Node>),
}

/// One test of `in`.
#[derive(Debug)]
pub(crate) enum Test {
    /// `< 5`
    Compare(Op, Node),
    /// A value, a range or a list.
    Value(Node),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

impl Op {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "**",
        }
    }
}

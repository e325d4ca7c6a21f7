//! The tree of an expression as it was written. Every node knows its bytes.

use std::sync::Arc;

use crate::Number;
use crate::value::Value;

/// Bytes of the source. All are equal: where a tree stands is not part of what it means.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl Span {
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub span: Span,
    /// Levels of the tree below and with it.
    pub depth: u32,
    pub kind: Kind,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    /// `@"..."`, with the value that the text stands for.
    At(Arc<str>, Value),
    Name(Arc<str>),
    /// `?`: the value that a unary test is about.
    Input,
    List(Vec<Node>),
    Context(Vec<(Arc<str>, Node)>),
    Range(Box<RangeNode>),
    Path(Box<Node>, Arc<str>),
    Filter(Box<Node>, Box<Node>),
    Negate(Box<Node>),
    /// Two or more operands of one level: `a + b - c`.
    Arithmetic(Box<Node>, Vec<(Op, Node)>),
    Compare(Op, Box<Node>, Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Between(Box<Node>, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
    /// `< 5` where a test may stand.
    Test(Op, Box<Node>),
    /// `-` where a test may stand: anything.
    Any,
    /// `not(...)` around tests.
    Not(Vec<Node>),
    InstanceOf(Box<Node>, TypeNode),
    If(Box<Node>, Box<Node>, Box<Node>),
    For(Vec<Binding>, Box<Node>),
    Quantified {
        every: bool,
        bindings: Vec<Binding>,
        condition: Box<Node>,
    },
    Function {
        parameters: Vec<(Arc<str>, Option<TypeNode>)>,
        body: Box<Node>,
        external: bool,
    },
    Call(Box<Node>, Vec<Node>),
    CallNamed(Box<Node>, Vec<(Arc<str>, Node)>),
}

impl Kind {
    /// Levels of the deepest child.
    pub fn children_depth(&self) -> u32 {
        let mut deepest = 0;
        self.each_child(&mut |child| deepest = deepest.max(child.depth));
        deepest
    }

    /// The nodes directly below, in the order of the text.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::At(..)
            | Self::Name(_)
            | Self::Input
            | Self::Any => {}
            Self::List(nodes) | Self::And(nodes) | Self::Or(nodes) | Self::Not(nodes) => {
                nodes.iter().for_each(visit);
            }
            Self::Context(entries) => entries.iter().for_each(|(_, node)| visit(node)),
            Self::Range(range) => range.low.iter().chain(&range.high).for_each(visit),
            Self::Path(node, _)
            | Self::Negate(node)
            | Self::Test(_, node)
            | Self::InstanceOf(node, _)
            | Self::Function { body: node, .. } => visit(node),
            Self::Filter(a, b) | Self::Compare(_, a, b) => {
                [a, b].into_iter().for_each(|it| visit(it))
            }
            Self::Arithmetic(first, rest) => {
                visit(first);
                rest.iter().for_each(|(_, node)| visit(node));
            }
            Self::Between(a, b, c) | Self::If(a, b, c) => {
                [a, b, c].into_iter().for_each(|it| visit(it));
            }
            Self::In(node, nodes) | Self::Call(node, nodes) => {
                visit(node);
                nodes.iter().for_each(visit);
            }
            Self::CallNamed(node, nodes) => {
                visit(node);
                nodes.iter().for_each(|(_, node)| visit(node));
            }
            Self::For(bindings, node) | Self::Quantified { bindings, condition: node, .. } => {
                for binding in bindings {
                    std::iter::once(&binding.of).chain(&binding.to).for_each(&mut *visit);
                }
                visit(node);
            }
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RangeNode {
    /// `= low`: the high end is the same, and not written.
    pub equal: bool,
    pub low: Option<Node>,
    pub low_included: bool,
    pub high: Option<Node>,
    pub high_included: bool,
}

/// `name in list`, or `name in low..high`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Binding {
    pub name: Arc<str>,
    pub of: Node,
    /// `of` is the low end, this the high one.
    pub to: Option<Node>,
}

/// A type as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TypeNode {
    Named(Span, Arc<str>),
    List(Box<TypeNode>),
    Range(Box<TypeNode>),
    Context(Vec<(Arc<str>, TypeNode)>),
    Function(Vec<TypeNode>, Box<TypeNode>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
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

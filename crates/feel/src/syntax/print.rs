//! A tree back to text. What it prints parses to the same tree.

use std::fmt::{self, Write as _};

use super::ast::{Binding, Kind, Node, RangeNode, TypeNode};
use super::names::is_plain_name;
use super::parser::KEYWORDS;
use crate::value::print::write_string;

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Number(value) => write!(f, "{value}"),
            Kind::String(text) => write_string(text, f),
            Kind::At(text, _) => {
                f.write_char('@')?;
                write_string(text, f)
            }
            Kind::Name(name) => write_name(name, f),
            Kind::Input => f.write_char('?'),
            Kind::Any => f.write_char('-'),
            Kind::List(items) => write_all("[", items, "]", f),
            Kind::Not(tests) => write_all("not(", tests, ")", f),
            Kind::Context(entries) => {
                f.write_char('{')?;
                for (at, (name, value)) in entries.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    write_string(name, f)?;
                    write!(f, ": {value}")?;
                }
                f.write_char('}')
            }
            Kind::Range(range) => write_range(range, f),
            Kind::Path(of, name) => {
                write!(f, "{}.", Operand(of))?;
                write_name(name, f)
            }
            Kind::Filter(list, filter) => write!(f, "{}[{filter}]", Operand(list)),
            Kind::Negate(operand) => write!(f, "-{}", Operand(operand)),
            Kind::Arithmetic(first, rest) => {
                write!(f, "{}", Operand(first))?;
                rest.iter().try_for_each(|(op, operand)| {
                    write!(f, " {} {}", op.symbol(), Operand(operand))
                })
            }
            Kind::Compare(op, left, right) => {
                write!(f, "{} {} {}", Operand(left), op.symbol(), Operand(right))
            }
            Kind::And(operands) => write_joined(operands, " and ", f),
            Kind::Or(operands) => write_joined(operands, " or ", f),
            Kind::Between(value, low, high) => {
                write!(f, "{} between {} and {}", Operand(value), Operand(low), Operand(high))
            }
            Kind::In(value, tests) => {
                write!(f, "{} in ", Operand(value))?;
                write_all("(", tests, ")", f)
            }
            Kind::Test(op, operand) => write!(f, "{} {}", op.symbol(), Operand(operand)),
            Kind::InstanceOf(value, of) => write!(f, "{} instance of {of}", Operand(value)),
            Kind::If(..)
            | Kind::For(..)
            | Kind::Quantified { .. }
            | Kind::Function { .. }
            | Kind::Call(..)
            | Kind::CallNamed(..) => write_words(&self.kind, f),
        }
    }
}

/// What begins with a keyword, or calls; of anything else nothing.
fn write_words(kind: &Kind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match kind {
        Kind::If(condition, then, other) => {
            write!(f, "if {condition} then {then} else {other}")
        }
        Kind::For(bindings, body) => {
            f.write_str("for ")?;
            write_bindings(bindings, f)?;
            write!(f, " return {body}")
        }
        Kind::Quantified { every, bindings, condition } => {
            f.write_str(if *every { "every " } else { "some " })?;
            write_bindings(bindings, f)?;
            write!(f, " satisfies {condition}")
        }
        Kind::Function { parameters, body, external } => {
            f.write_str("function(")?;
            for (at, (name, typed)) in parameters.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                write_name(name, f)?;
                if let Some(typed) = typed {
                    write!(f, ": {typed}")?;
                }
            }
            f.write_str(if *external { ") external " } else { ") " })?;
            write!(f, "{body}")
        }
        Kind::Call(function, arguments) => {
            write!(f, "{}", Operand(function))?;
            write_all("(", arguments, ")", f)
        }
        Kind::CallNamed(function, arguments) => {
            write!(f, "{}(", Operand(function))?;
            for (at, (name, value)) in arguments.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                write_name(name, f)?;
                write!(f, ": {value}")?;
            }
            f.write_char(')')
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::At(..)
        | Kind::Name(_)
        | Kind::Input
        | Kind::Any
        | Kind::List(_)
        | Kind::Not(_)
        | Kind::Context(_)
        | Kind::Range(_)
        | Kind::Path(..)
        | Kind::Filter(..)
        | Kind::Negate(_)
        | Kind::Arithmetic(..)
        | Kind::Compare(..)
        | Kind::And(_)
        | Kind::Or(_)
        | Kind::Between(..)
        | Kind::In(..)
        | Kind::Test(..)
        | Kind::InstanceOf(..) => Ok(()),
    }
}

/// A node where an operand stands: in brackets, unless it is one piece.
struct Operand<'a>(&'a Node);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = matches!(
            self.0.kind,
            Kind::Null
                | Kind::Bool(_)
                | Kind::Number(_)
                | Kind::String(_)
                | Kind::At(..)
                | Kind::Name(_)
                | Kind::Input
                | Kind::List(_)
                | Kind::Context(_)
                | Kind::Path(..)
                | Kind::Filter(..)
                | Kind::Range(_)
                | Kind::Call(..)
                | Kind::CallNamed(..)
        );
        if whole { write!(f, "{}", self.0) } else { write!(f, "({})", self.0) }
    }
}

/// A name, in backticks unless it is one word and no keyword.
fn write_name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_plain_name(name) && !KEYWORDS.contains(&name) {
        f.write_str(name)
    } else {
        write!(f, "`{name}`")
    }
}

fn write_all(open: &str, nodes: &[Node], close: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(open)?;
    for (at, node) in nodes.iter().enumerate() {
        write!(f, "{}{node}", if at > 0 { ", " } else { "" })?;
    }
    f.write_str(close)
}

fn write_joined(nodes: &[Node], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, node) in nodes.iter().enumerate() {
        write!(f, "{}{}", if at > 0 { between } else { "" }, Operand(node))?;
    }
    Ok(())
}

fn write_range(range: &RangeNode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (&range.low, &range.high) {
        (Some(end), None) if range.equal => write!(f, "(= {})", Operand(end)),
        (Some(low), Some(high)) => write!(
            f,
            "{}{low}..{high}{}",
            if range.low_included { '[' } else { '(' },
            if range.high_included { ']' } else { ')' }
        ),
        (None, Some(high)) => {
            write!(f, "({} {})", if range.high_included { "<=" } else { "<" }, Operand(high))
        }
        (Some(low), None) => {
            write!(f, "({} {})", if range.low_included { ">=" } else { ">" }, Operand(low))
        }
        (None, None) => f.write_str("[null..null]"),
    }
}

fn write_bindings(bindings: &[Binding], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, binding) in bindings.iter().enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        write_name(&binding.name, f)?;
        write!(f, " in {}", binding.of)?;
        if let Some(to) = &binding.to {
            write!(f, "..{to}")?;
        }
    }
    Ok(())
}

impl fmt::Display for TypeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(_, name) => f.write_str(name),
            Self::List(of) => write!(f, "list<{of}>"),
            Self::Range(of) => write!(f, "range<{of}>"),
            Self::Context(entries) => {
                f.write_str("context<")?;
                for (at, (name, of)) in entries.iter().enumerate() {
                    write!(f, "{}{name}: {of}", if at > 0 { ", " } else { "" })?;
                }
                f.write_char('>')
            }
            Self::Function(parameters, result) => {
                f.write_str("function<")?;
                for (at, of) in parameters.iter().enumerate() {
                    write!(f, "{}{of}", if at > 0 { ", " } else { "" })?;
                }
                write!(f, "> -> {result}")
            }
        }
    }
}

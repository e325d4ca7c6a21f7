//! What an expression says of the values that somebody outside makes for it: its calls of `fromAi`.
//!
//! In:  the tree of an expression.
//! Out: each call's name, description, type, schema and options, in the order of the text.
//! Absent: the value itself. At run time `fromAi` gives what it was given.

use std::sync::Arc;

use crate::syntax::ast::{Kind, Node};
use crate::value::{Context, Value};
use crate::{Diagnostic, Environment, Expression, syntax};

/// The name of the function.
const FUNCTION: &str = "fromAi";
/// Its parameters behind the value, as the entries of a tag are named.
const TAGS: [&str; 4] = ["description", "type", "schema", "options"];

/// A call of `fromAi(value, description?, type?, schema?, options?)`.
#[derive(Clone, PartialEq, Debug)]
pub struct FromAi {
    /// What the value is called: the last name of its path, `query` of `toolCall.query`.
    pub name: Arc<str>,
    /// What is said of it, under the names of the parameters; what is null is not there.
    pub tags: Vec<(&'static str, Value)>,
}

impl Expression {
    /// The calls of `fromAi` in it, in the order of the text. An error is a call of which nothing
    /// can be said before it runs: its value has no name, or a part of its description is computed.
    pub fn ai_parameters(&self) -> Result<Vec<FromAi>, Diagnostic> {
        let mut found = Vec::new();
        if self.source().contains(FUNCTION) {
            let environment = Environment::open();
            let tree = syntax::Parser::new(self.source(), environment.known(), &[])?.whole()?;
            collect(&tree, &mut found)?;
        }
        Ok(found)
    }
}

/// The parser bounds the depth of a tree.
fn collect(node: &Node, found: &mut Vec<FromAi>) -> Result<(), Diagnostic> {
    let of_name = |callee: &Node| matches!(&callee.kind, Kind::Name(name) if &**name == FUNCTION);
    match &node.kind {
        Kind::Call(callee, arguments) if of_name(callee) => {
            let named = std::iter::once("value").chain(TAGS).zip(arguments);
            found.push(tagged(node, named)?);
        }
        Kind::CallNamed(callee, arguments) if of_name(callee) => {
            found.push(tagged(node, arguments.iter().map(|(name, of)| (&**name, of)))?);
        }
        _ => {}
    }
    let mut result = Ok(());
    node.kind.each_child(&mut |child| {
        if result.is_ok() {
            result = collect(child, found);
        }
    });
    result
}

fn tagged<'a>(
    call: &Node,
    arguments: impl Iterator<Item = (&'a str, &'a Node)>,
) -> Result<FromAi, Diagnostic> {
    let mut name = None;
    let mut said: [Option<Value>; TAGS.len()] = [const { None }; TAGS.len()];
    for (parameter, node) in arguments {
        if parameter == "value" {
            name = name_of(node);
        } else if let Some(at) = TAGS.iter().position(|tag| *tag == parameter) {
            said[at] = Some(constant(parameter, node)?);
        }
    }
    let name = name.ok_or_else(|| Diagnostic {
        span: call.span.range(),
        message: "the value of fromAi has no name to ask for it by".into(),
        help: Some("write a variable or a path, for example fromAi(toolCall.query)".into()),
    })?;
    let tags = TAGS.into_iter().zip(said);
    let tags = tags.filter_map(|(tag, value)| Some((tag, value.filter(|it| !it.is_null())?)));
    Ok(FromAi { name, tags: tags.collect() })
}

fn name_of(node: &Node) -> Option<Arc<str>> {
    match &node.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Path(of, name) => name_of(of).and(Some(name.clone())),
        _ => None,
    }
}

fn constant(parameter: &str, node: &Node) -> Result<Value, Diagnostic> {
    let wanted = if matches!(parameter, "schema" | "options") { "context" } else { "string" };
    let fits = |value: &Value| match value {
        Value::Null(_) => true,
        Value::String(_) => wanted == "string",
        Value::Context(_) => wanted == "context",
        _ => false,
    };
    literal(node).filter(fits).ok_or_else(|| Diagnostic {
        span: node.span.range(),
        message: format!("the {parameter} of fromAi is read before the process runs"),
        help: Some(format!("write a constant {wanted}, or null")),
    })
}

/// The value of what is written out; `None` of what is computed.
fn literal(node: &Node) -> Option<Value> {
    Some(match &node.kind {
        Kind::Null => Value::NULL,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(number) => Value::Number(*number),
        Kind::String(text) => Value::String(text.clone()),
        Kind::Negate(of) => match literal(of)? {
            Value::Number(number) => Value::Number(number.negated()),
            _ => return None,
        },
        Kind::List(items) => {
            Value::list(items.iter().map(literal).collect::<Option<Vec<Value>>>()?)
        }
        Kind::Context(entries) => {
            let mut context = Context::default();
            for (name, of) in entries {
                context.set(name.clone(), literal(of)?);
            }
            Value::context(context)
        }
        _ => return None,
    })
}

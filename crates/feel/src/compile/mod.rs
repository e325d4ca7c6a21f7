//! A tree to code: names become slots, types are looked up, what is constant is computed.
//!
//! In:  a tree and the environment around it.
//! Out: code, the variables that it asks the outside for, the size of its frame.
//! Absent: the values of variables.

mod calls;
mod fold;
mod names;

use std::sync::Arc;

use names::Unit;

use crate::Diagnostic;
use crate::code::{
    BindingCode, Code, ContextEntry, Filter, FunctionCode, Iteration, Kind, RangeCode, Test,
};
use crate::environment::Environment;
use crate::function::Parameter;
use crate::syntax::Parsed;
use crate::syntax::ast::{Binding, Kind as Tree, Node, Op, RangeNode, Span, TypeNode};
use crate::types::{FunctionType, Type};
use crate::value::Value;

pub(crate) struct Compiler<'a> {
    environment: &'a Environment,
    source: Arc<str>,
    /// Variables that the outside gives, in the order of their numbers.
    pub globals: Vec<Arc<str>>,
    units: Vec<Unit>,
}

impl<'a> Compiler<'a> {
    pub fn new(environment: &'a Environment, source: Arc<str>) -> Self {
        Self { environment, source, globals: Vec::new(), units: vec![Unit::default()] }
    }

    /// Slots of the outermost frame.
    pub fn slots(&self) -> u32 {
        self.units[0].slots_max
    }

    pub fn node(&mut self, node: &Node) -> Parsed<Code> {
        let span = node.span;
        let kind = match &node.kind {
            Tree::Null => Kind::Constant(Value::NULL),
            Tree::Bool(value) => Kind::Constant(Value::Bool(*value)),
            Tree::Number(value) => Kind::Constant(Value::Number(*value)),
            Tree::String(text) => Kind::Constant(Value::String(text.clone())),
            Tree::At(_, value) => Kind::Constant(value.clone()),
            Tree::Name(name) => return self.name(name, span),
            Tree::Input => return self.input(span),
            Tree::List(items) => Kind::List(self.all(items)?),
            Tree::Context(entries) => self.context(entries)?,
            Tree::Range(range) => self.range(range)?,
            Tree::Path(of, name) => Kind::Path(self.boxed(of)?, name.clone()),
            Tree::Filter(list, filter) => self.filter(list, filter)?,
            Tree::Negate(operand) => Kind::Negate(self.boxed(operand)?),
            Tree::Arithmetic(first, rest) => {
                let first = self.boxed(first)?;
                let rest: Parsed<Box<[(Op, Code)]>> =
                    rest.iter().map(|(op, operand)| Ok((*op, self.node(operand)?))).collect();
                Kind::Arithmetic(first, rest?)
            }
            Tree::Compare(op, left, right) => {
                Kind::Compare(*op, Box::new((self.node(left)?, self.node(right)?)))
            }
            Tree::And(operands) => Kind::And(self.all(operands)?),
            Tree::Or(operands) => Kind::Or(self.all(operands)?),
            Tree::Between(value, low, high) => {
                Kind::Between(Box::new((self.node(value)?, self.node(low)?, self.node(high)?)))
            }
            Tree::In(value, tests) => Kind::In(self.boxed(value)?, self.tests(tests)?),
            Tree::Test(..) | Tree::Any | Tree::Not(_) => return Err(misplaced(node)),
            Tree::InstanceOf(value, of) => {
                Kind::InstanceOf(self.boxed(value)?, self.type_of(of)?.unconstrained())
            }
            Tree::If(condition, then, other) => {
                Kind::If(Box::new((self.node(condition)?, self.node(then)?, self.node(other)?)))
            }
            Tree::For(bindings, body) => self.iteration(bindings, body)?,
            Tree::Quantified { every, bindings, condition } => {
                self.quantified(*every, bindings, condition)?
            }
            Tree::Function { parameters, body, external } => {
                if *external {
                    return Err(external_function(span));
                }
                self.function(parameters, body)?
            }
            Tree::Call(function, arguments) => return self.call(span, function, arguments),
            Tree::CallNamed(function, arguments) => {
                return self.call_named(span, function, arguments);
            }
        };
        Ok(fold::folded(Code { span, kind }))
    }

    fn boxed(&mut self, node: &Node) -> Parsed<Box<Code>> {
        self.node(node).map(Box::new)
    }

    fn all(&mut self, nodes: &[Node]) -> Parsed<Box<[Code]>> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    fn unit(&mut self) -> &mut Unit {
        // There is always the outermost one.
        let last = self.units.len() - 1;
        &mut self.units[last]
    }

    fn context(&mut self, entries: &[(Arc<str>, Node)]) -> Parsed<Kind> {
        let mark = self.unit().mark();
        let mut compiled = Vec::with_capacity(entries.len());
        for (at, (name, value)) in entries.iter().enumerate() {
            let value = self.node(value)?;
            // The last entry has nobody after it who could ask.
            let later = at + 1 < entries.len();
            let slot = later.then(|| self.unit().declare(name.clone()));
            compiled.push(ContextEntry { name: name.clone(), value, slot });
        }
        self.unit().forget(&mark);
        Ok(Kind::Context(compiled.into()))
    }

    fn range(&mut self, range: &RangeNode) -> Parsed<Kind> {
        let mut end = |node: &Option<Node>| node.as_ref().map(|node| self.node(node)).transpose();
        let (low, high) = (end(&range.low)?, end(&range.high)?);
        Ok(Kind::Range(Box::new(RangeCode {
            equal: range.equal,
            low,
            low_included: range.low_included,
            high,
            high_included: range.high_included,
        })))
    }

    fn filter(&mut self, list: &Node, filter: &Node) -> Parsed<Kind> {
        let list = self.node(list)?;
        let mark = self.unit().mark();
        let item = self.unit().declare("item".into());
        self.unit().declare_item(item);
        let filter = self.node(filter)?;
        self.unit().forget(&mark);
        Ok(Kind::Filter(Box::new(Filter { list, condition: filter, item })))
    }

    fn bindings(&mut self, bindings: &[Binding]) -> Parsed<Box<[BindingCode]>> {
        let mut compiled = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let of = self.node(&binding.of)?;
            let to = binding.to.as_ref().map(|to| self.node(to)).transpose()?;
            let slot = self.unit().declare(binding.name.clone());
            compiled.push(BindingCode { slot, of, to });
        }
        Ok(compiled.into())
    }

    fn iteration(&mut self, bindings: &[Binding], body: &Node) -> Parsed<Kind> {
        let mark = self.unit().mark();
        let partial = self.unit().declare("partial".into());
        let bindings = self.bindings(bindings)?;
        let body = self.node(body)?;
        let partial = self.unit().asked(partial).then_some(partial);
        self.unit().forget(&mark);
        Ok(Kind::For(Box::new(Iteration { bindings, partial, body })))
    }

    fn quantified(&mut self, every: bool, bindings: &[Binding], condition: &Node) -> Parsed<Kind> {
        let mark = self.unit().mark();
        let bindings = self.bindings(bindings)?;
        let body = self.node(condition)?;
        self.unit().forget(&mark);
        let iteration = Box::new(Iteration { bindings, partial: None, body });
        Ok(Kind::Quantified { every, iteration })
    }

    fn function(
        &mut self,
        parameters: &[(Arc<str>, Option<TypeNode>)],
        body: &Node,
    ) -> Parsed<Kind> {
        let mut typed = Vec::with_capacity(parameters.len());
        let mut unit = Unit::default();
        for (name, of) in parameters {
            let of = of.as_ref().map_or(Ok(Type::Any), |of| self.type_of(of))?;
            unit.declare(name.clone());
            typed.push(Parameter { name: name.clone(), of });
        }
        self.units.push(unit);
        let body = self.node(body);
        let unit = self.units.pop().unwrap_or_default();
        Ok(Kind::Function(Arc::new(FunctionCode {
            parameters: typed,
            captures: unit.captures.into(),
            body: body?,
            slots: unit.slots_max,
            source: self.source.clone(),
        })))
    }

    /// Tests behind `in`, or of an input entry.
    pub fn tests(&mut self, tests: &[Node]) -> Parsed<Box<[Test]>> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    fn test(&mut self, test: &Node) -> Parsed<Test> {
        Ok(match &test.kind {
            Tree::Any => Test::Any,
            Tree::Not(tests) => Test::Not(self.tests(tests)?),
            Tree::Test(op, operand) => Test::Compare(*op, self.node(operand)?),
            _ => {
                let asked = std::mem::take(&mut self.unit().input_asked);
                let code = self.node(test)?;
                let condition = self.unit().input_asked;
                self.unit().input_asked |= asked;
                if condition { Test::Condition(code) } else { Test::Value(code) }
            }
        })
    }

    fn type_of(&self, node: &TypeNode) -> Parsed<Type> {
        Ok(match node {
            TypeNode::Named(span, name) => self.named_type(*span, name)?,
            TypeNode::List(of) => Type::List(Arc::new(self.type_of(of)?)),
            TypeNode::Range(of) => Type::Range(Arc::new(self.type_of(of)?)),
            TypeNode::Context(entries) => {
                let entries: Parsed<Vec<_>> = entries
                    .iter()
                    .map(|(name, of)| Ok((name.clone(), self.type_of(of)?)))
                    .collect();
                Type::Context(Arc::new(entries?))
            }
            TypeNode::Function(parameters, result) => {
                let parameters: Parsed<Vec<_>> =
                    parameters.iter().map(|of| self.type_of(of)).collect();
                Type::Function(Arc::new(FunctionType {
                    parameters: parameters?,
                    result: self.type_of(result)?,
                }))
            }
        })
    }

    fn named_type(&self, span: Span, name: &str) -> Parsed<Type> {
        if let Some(of) = self.environment.types.get(name) {
            return Ok(of.clone());
        }
        Type::built_in(name).ok_or_else(|| {
            let known = self.environment.types.keys().map(|name| &**name).chain(TYPE_NAMES);
            Diagnostic {
                span: span.range(),
                message: format!("expected the name of a type, but there is no type `{name}`"),
                help: crate::nearest::meant(name, known),
            }
        })
    }
}

const TYPE_NAMES: [&str; 12] = [
    "Any",
    "boolean",
    "number",
    "string",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "list<Any>",
    "range<Any>",
    "context<>",
];

fn misplaced(node: &Node) -> Diagnostic {
    Diagnostic {
        span: node.span.range(),
        message: format!("the test `{node}` stands where a value is expected"),
        help: Some("a test may stand behind `in`, or in an input entry of a decision table".into()),
    }
}

fn external_function(span: Span) -> Diagnostic {
    Diagnostic {
        span: span.range(),
        message: "functions of Java or PMML are not run".into(),
        help: Some("write the function in FEEL, or let a worker do the work".into()),
    }
}

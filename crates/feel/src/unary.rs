//! Unary tests, compiled: an input entry of a decision table, allowed values.

use std::sync::Arc;

use crate::check;
use crate::code::{Code, Kind, Test};
use crate::compile::Compiler;
use crate::environment::Environment;
use crate::machine::{Machine, Unit, contains, order};
use crate::syntax::Parser;
use crate::syntax::ast::Op;
use crate::value::Value;
use crate::{Diagnostic, Scope, too_long};

/// Compiled unary tests. Shared, immutable, evaluated without parsing.
#[derive(Clone)]
pub struct UnaryTests(Arc<Compiled>);

impl std::fmt::Debug for UnaryTests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnaryTests({:?})", self.source())
    }
}

struct Compiled {
    source: Arc<str>,
    names: Vec<Arc<str>>,
    slots: u32,
    tests: Box<[Test]>,
    warnings: Box<[Diagnostic]>,
}

/// A test that can be looked up instead of run.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    /// `-`: every value passes.
    Any,
    /// One of these values passes, and no other.
    OneOf(Vec<Value>),
    /// What is in this range passes, and nothing else.
    In(crate::value::Range),
}

/// Compiles unary tests: `-`, `not(...)`, or tests with commas between; `?` is the value under test.
pub fn compile_tests_in(source: &str, environment: &Environment) -> Result<UnaryTests, Diagnostic> {
    too_long(source)?;
    let types = environment.type_names();
    let tests = Parser::new(source, environment.known(), types)?.whole_tests()?;
    let source: Arc<str> = source.into();
    let mut compiler = Compiler::new(environment, source.clone());
    compiler.declare_input();
    let tests = compiler.tests(&tests)?;
    let slots = compiler.slots();
    let names = compiler.globals;
    let warnings = check::tests(&tests, environment, &names);
    Ok(UnaryTests(Arc::new(Compiled { source, names, slots, tests, warnings })))
}

impl UnaryTests {
    /// The text that they were compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Names of variables that they may read, in the order of the text.
    pub fn names(&self) -> &[Arc<str>] {
        &self.0.names
    }

    /// What is null whatever the variables are, because of a type, in the order of the text. The
    /// value under test is known by its type if the environment declares `?`.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.0.warnings
    }

    /// Tests a value: true, false, or null with the reason why that cannot be said.
    pub fn run(&self, machine: &mut Machine, input: &Value, scope: &dyn Scope) -> Value {
        // Most tests compare with a constant: those need no frame.
        if let [test] = &*self.0.tests
            && let Some(holds) = quick(test, input)
        {
            machine.charge(1);
            return Value::Bool(holds);
        }
        let Compiled { source, names, slots, tests, .. } = &*self.0;
        let unit = Unit { source, names, slots: *slots };
        machine.enter(&unit, scope, Some(input), |machine, frame| {
            machine.any_test(frame, tests, input)
        })
    }

    /// What the tests are, if they compare with constants only.
    pub fn constant(&self) -> Option<Constant> {
        let mut values = Vec::new();
        for test in &*self.0.tests {
            match test {
                Test::Any => return Some(Constant::Any),
                Test::Compare(op, Code { kind: Kind::Constant(end), .. }) => {
                    let range = half_range(*op, end)?;
                    return (self.0.tests.len() == 1).then_some(Constant::In(range));
                }
                Test::Value(Code { kind: Kind::Constant(Value::Range(range)), .. }) => {
                    return (self.0.tests.len() == 1).then(|| Constant::In((**range).clone()));
                }
                Test::Value(Code { kind: Kind::Constant(value), .. }) => match value {
                    Value::Number(_) | Value::String(_) | Value::Bool(_) | Value::Date(_) => {
                        values.push(value.clone());
                    }
                    _ => return None,
                },
                Test::Compare(..) | Test::Value(_) | Test::Condition(_) | Test::Not(_) => {
                    return None;
                }
            }
        }
        Some(Constant::OneOf(values))
    }
}

fn half_range(op: Op, end: &Value) -> Option<crate::value::Range> {
    let (low, high, included) = match op {
        Op::Lt => (None, Some(end.clone()), false),
        Op::Le => (None, Some(end.clone()), true),
        Op::Gt => (Some(end.clone()), None, false),
        Op::Ge => (Some(end.clone()), None, true),
        Op::Eq | Op::Ne | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => return None,
    };
    Some(crate::value::Range {
        equal: false,
        low,
        low_included: included,
        high,
        high_included: included,
    })
}

/// Tests with a constant of the same kind; `None` where it takes more.
fn quick(test: &Test, input: &Value) -> Option<bool> {
    match test {
        Test::Any => Some(true),
        Test::Value(Code { kind: Kind::Constant(constant), .. }) => match (constant, input) {
            (Value::String(a), Value::String(b)) => Some(a == b),
            (Value::Number(a), Value::Number(b)) => Some(a == b),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::Range(range), input) => contains(range, input),
            _ => None,
        },
        Test::Compare(op, Code { kind: Kind::Constant(constant), .. }) => {
            let order = order(input, constant)?;
            match op {
                Op::Lt => Some(order.is_lt()),
                Op::Le => Some(order.is_le()),
                Op::Gt => Some(order.is_gt()),
                Op::Ge => Some(order.is_ge()),
                Op::Eq | Op::Ne | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => None,
            }
        }
        Test::Compare(..) | Test::Value(_) | Test::Condition(_) | Test::Not(_) => None,
    }
}

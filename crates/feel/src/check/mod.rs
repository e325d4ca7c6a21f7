//! Warnings: operations that are null whatever the variables are, because of a type.
//!
//! In:  code, and the declared types of variables.
//! Out: a warning for each operation that no value of the known types has a result for.
//! Absent: refusals. FEEL says that a wrong type makes null (DMN 1.5, 10.3.2.9), so the code runs
//!         as it is. Absent too: values. What is not known by its type is taken for anything.

mod calls;
mod known;
mod operators;

use std::sync::Arc;

use known::Known;

use crate::Diagnostic;
use crate::code::{BindingCode, Call, Code, Filter, FunctionCode, Iteration, Kind, Test};
use crate::environment::Environment;
use crate::kinds::Kinds;
use crate::syntax::ast::Span;

/// Goes over code once, each piece after its parts, with the slots that the machine would use.
pub(crate) struct Checker<'a> {
    environment: &'a Environment,
    globals: &'a [Arc<str>],
    slots: Vec<Known<'a>>,
    captured: Vec<Known<'a>>,
    warnings: Vec<Diagnostic>,
}

/// Warnings of an expression, in the order of its text.
pub(crate) fn expression(
    code: &Code,
    environment: &Environment,
    globals: &[Arc<str>],
) -> Box<[Diagnostic]> {
    let mut checker = Checker::new(environment, globals);
    checker.code(code);
    checker.sorted()
}

/// Warnings of tests, whose value is in the first slot.
pub(crate) fn tests(
    tests: &[Test],
    environment: &Environment,
    globals: &[Arc<str>],
) -> Box<[Diagnostic]> {
    let mut checker = Checker::new(environment, globals);
    let input = environment.type_of("?").map_or(Known::ANYTHING, Known::declared);
    checker.set(0, input);
    checker.tests(tests, input);
    checker.sorted()
}

impl<'a> Checker<'a> {
    fn new(environment: &'a Environment, globals: &'a [Arc<str>]) -> Self {
        let (slots, captured, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { environment, globals, slots, captured, warnings }
    }

    fn sorted(mut self) -> Box<[Diagnostic]> {
        self.warnings.sort_by_key(|warning| warning.span.start);
        self.warnings.into()
    }

    fn warn(&mut self, span: Span, message: String, help: Option<String>) {
        self.warnings.push(Diagnostic { span: span.range(), message, help });
    }

    fn set(&mut self, slot: u32, known: Known<'a>) {
        let slot = slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, Known::ANYTHING);
        }
        self.slots[slot] = known;
    }

    fn code(&mut self, code: &'a Code) -> Known<'a> {
        match &code.kind {
            Kind::Constant(value) => Known::value(value),
            Kind::Local(slot) => self.slots.get(*slot as usize).copied().unwrap_or(Known::ANYTHING),
            Kind::Captured(at) => {
                self.captured.get(*at as usize).copied().unwrap_or(Known::ANYTHING)
            }
            Kind::Global(at) => self.global(*at),
            Kind::Entry { .. } => Known::ANYTHING,
            Kind::List(items) => {
                let items: Vec<Kinds> = items.iter().map(|item| self.code(item).kinds).collect();
                Known::list(Kinds::LIST | Kinds::NULL, items.into_iter())
            }
            Kind::Context(entries) => {
                for entry in entries {
                    let known = self.code(&entry.value);
                    if let Some(slot) = entry.slot {
                        self.set(slot, known);
                    }
                }
                // Only values from outside make it too large.
                let own = entries.iter().all(|entry| matches!(entry.value.kind, Kind::Constant(_)));
                Known::new(if own { Kinds::CONTEXT } else { Kinds::CONTEXT | Kinds::NULL })
            }
            Kind::Range(range) => self.range(code.span, range.low.as_ref(), range.high.as_ref()),
            Kind::Path(of, name) => self.path(code.span, of, name),
            Kind::Filter(filter) => self.filter(filter),
            Kind::Negate(operand) => self.negated(code.span, operand),
            Kind::Arithmetic(first, rest) => self.arithmetic(first, rest),
            Kind::Compare(op, sides) => self.comparison(code.span, *op, sides),
            Kind::And(operands) => self.connected(operands, false),
            Kind::Or(operands) => self.connected(operands, true),
            Kind::Between(parts) => self.between(code.span, parts),
            Kind::In(value, tests) => {
                let value = self.code(value);
                self.tests(tests, value);
                Known::new(Kinds::BOOL | Kinds::NULL)
            }
            Kind::InstanceOf(value, _) | Kind::IsDefined(value) => {
                self.code(value);
                Known::new(Kinds::BOOL)
            }
            Kind::If(parts) => {
                self.code(&parts.0);
                let then = self.code(&parts.1);
                then.or(self.code(&parts.2))
            }
            Kind::For(iteration) => self.iteration(iteration),
            Kind::Quantified { iteration, .. } => {
                self.bindings(&iteration.bindings);
                self.code(&iteration.body);
                Known::new(Kinds::BOOL | Kinds::NULL)
            }
            Kind::Function(function) => self.function(function),
            Kind::Builtin(call) => self.builtin(call),
            Kind::Call(call) => self.call(code.span, call),
        }
    }

    fn global(&self, at: u32) -> Known<'a> {
        let declared =
            self.globals.get(at as usize).and_then(|name| self.environment.type_of(name));
        declared.map_or(Known::ANYTHING, Known::declared)
    }

    fn filter(&mut self, filter: &'a Filter) -> Known<'a> {
        let list = self.code(&filter.list);
        let filled = !list.certain.is_none() || !list.kinds.has(Kinds::LIST);
        // Of an empty list the condition is asked for an item that is null.
        self.set(filter.item, if filled { list.item() } else { list.item().or_null() });
        let condition = self.code(&filter.condition);
        if filled && !condition.kinds.has(Kinds::BOOL | Kinds::NUMBER | Kinds::NULL) {
            let message = format!(
                "a filter is a condition or a position, but found {}; the result is null",
                condition.described()
            );
            self.warn(filter.condition.span, message, None);
        }
        let item = list.item();
        if condition.kinds == Kinds::NUMBER {
            item.or_null()
        } else if condition.kinds.has(Kinds::NUMBER) {
            Known::ANYTHING
        } else {
            let declared = list.declared.filter(|_| list.kinds.without(Kinds::NULL) == Kinds::LIST);
            let kept = Known::with_items(Kinds::LIST | Kinds::NULL, item.kinds);
            Known { declared, ..kept }
        }
    }

    fn path(&mut self, span: Span, of: &'a Code, name: &str) -> Known<'a> {
        let known = self.code(of);
        let bare = Kinds::BOOL | Kinds::NUMBER | Kinds::STRING | Kinds::FUNCTION;
        if known.kinds.has(bare) && known.kinds.without(bare | Kinds::NULL).is_none() {
            let message =
                format!("{} has no entry `{name}`; the result is null", known.described());
            self.warn(span, message, None);
        }
        known.entry(name)
    }

    fn call(&mut self, span: Span, call: &'a Call) -> Known<'a> {
        let function = self.code(&call.function);
        for argument in &call.arguments {
            self.code(argument);
        }
        if !function.kinds.has(Kinds::FUNCTION) && call.otherwise.is_none() {
            let message = format!("{} is not a function; the result is null", function.described());
            self.warn(span, message, None);
        }
        Known::ANYTHING
    }

    fn bindings(&mut self, bindings: &'a [BindingCode]) {
        for binding in bindings {
            let of = self.code(&binding.of);
            let steps = Known::new(Kinds::NUMBER | Kinds::DATE | Kinds::NULL);
            let item = match &binding.to {
                Some(to) => {
                    let to = self.code(to);
                    self.steps(binding.of.span, of, to);
                    steps
                }
                None if of.kinds.has(Kinds::RANGE) => of.item().or(steps),
                None => of.item(),
            };
            self.set(binding.slot, item);
        }
    }

    fn steps(&mut self, span: Span, from: Known<'a>, to: Known<'a>) {
        if !(from.kinds & to.kinds).has(Kinds::NUMBER | Kinds::DATE) {
            let (a, b) = (from.described(), to.described());
            self.warn(
                span,
                format!("there are no steps from {a} to {b}; the result is null"),
                None,
            );
        }
    }

    fn iteration(&mut self, iteration: &'a Iteration) -> Known<'a> {
        if let Some(partial) = iteration.partial {
            self.set(partial, Known::new(Kinds::LIST | Kinds::NULL));
        }
        self.bindings(&iteration.bindings);
        let body = self.code(&iteration.body);
        Known::with_items(Kinds::LIST | Kinds::NULL, body.kinds)
    }

    /// Its body has slots of its own, and its arguments are coerced to their types.
    fn function(&mut self, function: &'a Arc<FunctionCode>) -> Known<'a> {
        let taken: Vec<Known<'a>> =
            function.captures.iter().map(|capture| self.code(capture)).collect();
        let captured = std::mem::replace(&mut self.captured, taken);
        let slots = std::mem::take(&mut self.slots);
        for (slot, parameter) in (0..).zip(&function.parameters) {
            self.set(slot, Known::declared(&parameter.of));
        }
        self.code(&function.body);
        self.slots = slots;
        self.captured = captured;
        let own = function.captures.is_empty();
        Known::new(if own { Kinds::FUNCTION } else { Kinds::FUNCTION | Kinds::NULL })
    }
}

/// What makes a value of one of these kinds of its text.
fn made_of_text(kinds: Kinds) -> Option<&'static str> {
    match kinds {
        Kinds::NUMBER => Some("`number(...)` makes a number of a text"),
        Kinds::DATE => Some("`date(...)` makes a date of a text"),
        Kinds::TIME => Some("`time(...)` makes a time of a text"),
        Kinds::DATE_TIME => Some("`date and time(...)` makes a date and time of a text"),
        Kinds::DAY_TIME | Kinds::YEAR_MONTH => Some("`duration(...)` makes a duration of a text"),
        _ if kinds == Kinds::DATE | Kinds::DATE_TIME => Some("`date(...)` makes a date of a text"),
        _ => None,
    }
}

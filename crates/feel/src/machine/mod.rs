//! Code and variables to a value.
//!
//! In:  code, a scope, the time and the seed of the input.
//! Out: a value; a null carries its reason.
//! Absent: failure and waiting. Every evaluation ends within its budget of steps and its depth.

mod access;
mod call;
mod iterate;
mod operators;

use std::sync::Arc;

pub(crate) use operators::{contains, equal, order, range_of};

use crate::Scope;
use crate::code::{Code, Kind, Test};
use crate::notes::{Note, Why};
use crate::syntax::ast::{Op, Span};
use crate::value::{Context, Range, Value};

/// Most steps of one evaluation, all functions and decisions in it together.
pub const STEPS_MAX: u32 = 2_000_000;
/// Deepest nesting of operations and calls while evaluating.
pub const DEPTH_MAX: u32 = 600;
/// Most reasons that one evaluation words.
const REASONS_MAX: usize = 1_000;
/// Most notes that are listed beside a result; the first ones matter.
const NOTES_MAX: usize = 20;

/// Steps of what takes far longer than one: a step stands for about a microsecond at most.
pub(crate) mod cost {
    pub(crate) const WHOLE_POWER: usize = 40;
    pub(crate) const ROOT: usize = 200;
    pub(crate) const EXPONENTIAL: usize = 250;
    pub(crate) const LOGARITHM: usize = 1_500;
    pub(crate) const POWER: usize = 1_500;
}

/// The time and the seed that came with the input: what `now()` and `random number()` see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// Where random numbers begin; the same seed gives the same numbers.
    pub seed: u64,
}

impl From<i64> for Now {
    /// The time in milliseconds since 1970, with a seed of its own.
    fn from(ms: i64) -> Self {
        Self { ms, seed: ms.cast_unsigned() }
    }
}

/// One evaluation: its budget, its reasons, the values it is at.
#[derive(Debug)]
pub struct Machine {
    now: Now,
    steps_max: u32,
    steps_left: u32,
    depth: u32,
    exhausted: Option<Why>,
    reasons: usize,
    notes: Vec<Arc<Note>>,
    stack: Vec<Value>,
    globals: Vec<Global>,
    drawn: u64,
}

/// A variable of the outside, fetched when it is asked for first.
#[derive(Clone, Debug)]
enum Global {
    Unread,
    Missing,
    Found(Value),
}

/// Where code runs: its slots, and what is around it.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    base: usize,
    globals: usize,
    names: &'a [Arc<str>],
    scope: &'a dyn Scope,
    captured: &'a [Value],
    source: &'a str,
}

/// What a unit of code needs around it.
pub(crate) struct Unit<'a> {
    pub source: &'a str,
    pub names: &'a [Arc<str>],
    pub slots: u32,
}

impl Machine {
    /// Begins an evaluation.
    pub fn new(now: impl Into<Now>) -> Self {
        Self::with_steps(now, STEPS_MAX)
    }

    /// Begins an evaluation that ends after so many steps, at most [`STEPS_MAX`].
    pub fn with_steps(now: impl Into<Now>, steps_max: u32) -> Self {
        let steps_max = steps_max.min(STEPS_MAX);
        Self {
            now: now.into(),
            steps_max,
            steps_left: steps_max,
            depth: 0,
            exhausted: None,
            reasons: 0,
            notes: Vec::new(),
            stack: Vec::new(),
            globals: Vec::new(),
            drawn: 0,
        }
    }

    /// The time that came with the input.
    pub fn now_ms(&self) -> i64 {
        self.now.ms
    }

    /// It ran over its budget: every value since is null.
    pub fn exhausted(&self) -> Option<&Why> {
        self.exhausted.as_ref()
    }

    /// What became null, in order; the first twenty.
    pub fn notes(&self) -> &[Arc<Note>] {
        &self.notes
    }

    /// Steps that were used.
    pub fn steps(&self) -> u32 {
        self.steps_max - self.steps_left
    }

    /// The next number of the seed's sequence (`SplitMix64`).
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut z = self.now.seed.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Takes steps off the budget; false when it is used up.
    pub fn charge(&mut self, steps: usize) -> bool {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        if let Some(left) = self.steps_left.checked_sub(steps) {
            self.steps_left = left;
            return self.exhausted.is_none();
        }
        self.steps_left = 0;
        self.exhaust(format!("the evaluation took more than {} steps", self.steps_max))
    }

    pub(crate) fn step_free(&mut self) -> bool {
        self.charge(1)
    }

    fn exhaust(&mut self, message: String) -> bool {
        if self.exhausted.is_none() {
            let why = Why::new(0..0, message, Why::NONE, true);
            self.notes.extend(why.note().cloned());
            self.exhausted = Some(why);
        }
        false
    }

    /// Ends the evaluation: its value is null for this reason.
    pub(crate) fn abort(&mut self, message: String, cause: Why) {
        if self.exhausted.is_none() {
            let why = Why::new(0..0, message, cause, true);
            self.notes.extend(why.note().cloned());
            self.exhausted = Some(why);
        }
    }

    /// A null because an operation could not be done; `cause` is why its operand was null.
    pub fn fail(&mut self, message: String, cause: Why) -> Value {
        self.null(Span::default(), cause, true, || message)
    }

    fn null(
        &mut self,
        span: Span,
        cause: Why,
        failure: bool,
        message: impl FnOnce() -> String,
    ) -> Value {
        if let Some(exhausted) = &self.exhausted {
            return Value::Null(exhausted.clone());
        }
        if self.reasons == REASONS_MAX {
            return Value::Null(cause);
        }
        self.reasons += 1;
        let why = Why::new(span.range(), message(), cause, failure);
        if self.notes.len() < NOTES_MAX {
            self.notes.extend(why.note().cloned());
        }
        Value::Null(why)
    }

    /// Runs code in a frame of its own. `input` is put into the first slot, if there is one.
    pub(crate) fn enter<T>(
        &mut self,
        unit: &Unit<'_>,
        scope: &dyn Scope,
        input: Option<&Value>,
        run: impl FnOnce(&mut Self, &Frame<'_>) -> T,
    ) -> T {
        let (base, globals) = (self.stack.len(), self.globals.len());
        self.stack.resize(base + unit.slots as usize, Value::NULL);
        self.globals.resize(globals + unit.names.len(), Global::Unread);
        if let Some(input) = input
            && unit.slots > 0
        {
            self.stack[base] = input.clone();
        }
        let frame =
            Frame { base, globals, names: unit.names, scope, captured: &[], source: unit.source };
        let result = run(self, &frame);
        self.stack.truncate(base);
        self.globals.truncate(globals);
        result
    }

    pub(crate) fn eval(&mut self, frame: &Frame<'_>, code: &Code) -> Value {
        match &code.kind {
            Kind::Constant(value) => return value.clone(),
            Kind::Local(slot) => return self.stack[frame.base + *slot as usize].clone(),
            _ => {}
        }
        if !self.charge(1) || self.depth >= DEPTH_MAX {
            if self.depth >= DEPTH_MAX {
                self.exhaust(format!("the evaluation is nested deeper than {DEPTH_MAX} levels"));
            }
            return Value::Null(self.exhausted.clone().unwrap_or_default());
        }
        self.depth += 1;
        let value = self.eval_kind(frame, code);
        self.depth -= 1;
        value
    }

    fn eval_kind(&mut self, frame: &Frame<'_>, code: &Code) -> Value {
        match &code.kind {
            Kind::Constant(value) => value.clone(),
            Kind::Local(slot) => self.stack[frame.base + *slot as usize].clone(),
            Kind::Captured(at) => frame.captured.get(*at as usize).cloned().unwrap_or_default(),
            Kind::Global(at) => self.global(frame, code, *at),
            Kind::Entry { items, name, otherwise } => self.entry(frame, items, name, otherwise),
            Kind::List(items) => {
                let items = items.iter().map(|item| self.eval(frame, item)).collect();
                Value::list(items)
            }
            Kind::Context(entries) => self.context(frame, entries),
            Kind::Range(range) => self.range(frame, code, range),
            Kind::Path(of, name) => self.path(frame, code, of, name),
            Kind::Filter(filter) => self.filter(frame, code, filter),
            Kind::Negate(operand) => self.negate(frame, code, operand),
            Kind::Arithmetic(first, rest) => self.arithmetic(frame, first, rest),
            Kind::Compare(op, sides) => self.comparison(frame, code, *op, sides),
            Kind::And(operands) => self.connected(frame, operands, false),
            Kind::Or(operands) => self.connected(frame, operands, true),
            Kind::Between(operands) => self.between(frame, code, operands),
            Kind::In(value, tests) => {
                let value = self.eval(frame, value);
                self.any_test(frame, tests, &value)
            }
            Kind::InstanceOf(value, of) => {
                let value = self.eval(frame, value);
                Value::Bool(of.is_instance(&value, self))
            }
            Kind::If(parts) => {
                let holds = self.eval(frame, &parts.0).is_true();
                self.eval(frame, if holds { &parts.1 } else { &parts.2 })
            }
            Kind::For(iteration) => self.iteration(frame, iteration),
            Kind::Quantified { every, iteration } => self.quantified(frame, *every, iteration),
            Kind::Function(function) => self.closure(frame, function),
            Kind::Builtin(call) => self.builtin(frame, code, call),
            Kind::IsDefined(of) => Value::Bool(self.is_defined(frame, of)),
            Kind::Call(call) => self.dynamic_call(frame, code, call),
        }
    }

    fn text<'f>(frame: &Frame<'f>, code: &Code) -> &'f str {
        frame.source.get(code.span.range()).unwrap_or_default()
    }

    fn range(&mut self, frame: &Frame<'_>, code: &Code, range: &crate::code::RangeCode) -> Value {
        let low = range.low.as_ref().map(|low| self.eval(frame, low));
        let high = match &range.high {
            None if range.equal => low.clone(),
            high => high.as_ref().map(|high| self.eval(frame, high)),
        };
        let cause = [&low, &high]
            .into_iter()
            .flatten()
            .find(|end| end.is_null())
            .map_or(Why::NONE, Value::why);
        let built = range_of(Range {
            equal: range.equal,
            low,
            low_included: range.low_included,
            high,
            high_included: range.high_included,
        });
        built.unwrap_or_else(|reason| {
            self.null(code.span, cause, true, || {
                format!("`{}` is no range: {reason}", Self::text(frame, code))
            })
        })
    }

    fn context(&mut self, frame: &Frame<'_>, entries: &[crate::code::ContextEntry]) -> Value {
        let mut context = Context::default();
        for entry in entries {
            let value = self.eval(frame, &entry.value);
            if let Some(slot) = entry.slot {
                self.stack[frame.base + slot as usize] = value.clone();
            }
            context.set(entry.name.clone(), value);
        }
        Value::context(context)
    }

    fn negate(&mut self, frame: &Frame<'_>, code: &Code, operand: &Code) -> Value {
        match self.eval(frame, operand) {
            Value::Number(number) => Value::Number(number.negated()),
            Value::DayTime(duration) => Value::DayTime(duration.negated()),
            Value::YearMonth(duration) => Value::YearMonth(duration.negated()),
            other => self.null(code.span, other.why(), true, || {
                format!(
                    "`{}` is null: a {} has no negative",
                    Self::text(frame, code),
                    other.type_name()
                )
            }),
        }
    }

    /// `and`, `or` of three values: the one that decides ends it (DMN 1.5, table 50).
    fn connected(&mut self, frame: &Frame<'_>, operands: &[Code], decides: bool) -> Value {
        let mut unknown = None;
        for operand in operands {
            match self.eval(frame, operand) {
                Value::Bool(value) if value == decides => return Value::Bool(decides),
                Value::Bool(_) => {}
                Value::Null(why) => {
                    unknown.get_or_insert(why);
                }
                other => {
                    let Value::Null(why) = self.null(operand.span, Why::NONE, true, || {
                        format!(
                            "`{}` is a {} where a boolean is expected",
                            Self::text(frame, operand),
                            other.type_name()
                        )
                    }) else {
                        continue;
                    };
                    unknown.get_or_insert(why);
                }
            }
        }
        unknown.map_or(Value::Bool(!decides), Value::Null)
    }

    /// One of the tests holds; null when none holds and one could not be decided.
    pub(crate) fn any_test(&mut self, frame: &Frame<'_>, tests: &[Test], value: &Value) -> Value {
        let mut unknown = None;
        for test in tests {
            match self.test(frame, test, value) {
                Value::Bool(true) => return Value::Bool(true),
                Value::Null(why) => {
                    unknown.get_or_insert(why);
                }
                _ => {}
            }
        }
        unknown.map_or(Value::Bool(false), Value::Null)
    }

    fn test(&mut self, frame: &Frame<'_>, test: &Test, value: &Value) -> Value {
        match test {
            Test::Any => Value::Bool(true),
            Test::Not(tests) => match self.any_test(frame, tests, value) {
                Value::Bool(holds) => Value::Bool(!holds),
                other => other,
            },
            Test::Compare(op, with) => {
                let with_value = self.eval(frame, with);
                self.compared(frame, with, *op, value, &with_value)
            }
            Test::Condition(code) => {
                let verdict = self.eval(frame, code);
                if let Value::Bool(_) | Value::Null(_) = verdict {
                    verdict
                } else {
                    self.member(frame, code, value, &verdict)
                }
            }
            Test::Value(code) => {
                let with = self.eval(frame, code);
                if with.is_null() && matches!(code.kind, Kind::Range(_)) {
                    return with;
                }
                self.member(frame, code, value, &with)
            }
        }
    }

    /// `value in with` for one test (DMN 1.5, 10.3.2.8).
    fn member(&mut self, frame: &Frame<'_>, code: &Code, value: &Value, with: &Value) -> Value {
        match with {
            Value::Range(range) => match contains(range, value) {
                Some(holds) => Value::Bool(holds),
                None => self.null(code.span, value.why(), true, || {
                    format!(
                        "a {} cannot be compared with the ends of `{}`",
                        value.type_name(),
                        Self::text(frame, code)
                    )
                }),
            },
            Value::List(items) => {
                let found = value == with
                    || items.iter().any(|item| match item {
                        Value::Range(range) => contains(range, value) == Some(true),
                        item => value == item,
                    });
                self.charge(items.len());
                Value::Bool(found)
            }
            // A condition that does not ask for the value.
            Value::Bool(holds) if !matches!(value, Value::Bool(_)) => Value::Bool(*holds),
            with => self.compared(frame, code, Op::Eq, value, with),
        }
    }
}

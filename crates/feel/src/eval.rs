//! A tree and a scope to a value. Bounded in steps; nothing here can fail, only become null with
//! a note that says why.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::ast::{Kind, Node, Op, Test};
use crate::value::{Context, RangeValue, Value};
use crate::{EVALUATION_STEPS_MAX, Note, Outcome, Scope, builtins};

/// Most notes that are kept; the first ones matter.
const NOTES_MAX: usize = 20;

pub(crate) struct Env<'a> {
    source: &'a str,
    scope: &'a dyn Scope,
    slots: Vec<OnceCell<Option<Value>>>,
    frames: Vec<Frame>,
    notes: Vec<Note>,
    steps: u32,
    pub now_ms: i64,
}

enum Frame {
    Binding(Arc<str>, Value),
    Entries(Arc<Context>),
}

pub(crate) fn evaluate(
    root: &Node,
    source: &str,
    slots: usize,
    scope: &dyn Scope,
    now_ms: i64,
) -> Outcome {
    let slots = (0..slots).map(|_| OnceCell::new()).collect();
    let mut env =
        Env { source, scope, slots, frames: Vec::new(), notes: Vec::new(), steps: 0, now_ms };
    let value = env.eval(root);
    Outcome { value, notes: env.notes }
}

impl Env<'_> {
    /// Becomes null because an operation could not be done.
    pub fn fail(&mut self, node: &Node, message: String) -> Value {
        self.note(node, message, true)
    }

    fn note(&mut self, node: &Node, message: String, failure: bool) -> Value {
        if self.notes.len() < NOTES_MAX {
            let span = node.span.start as usize..node.span.end as usize;
            self.notes.push(Note { span, message, failure });
        }
        Value::Null
    }

    fn text(&self, node: &Node) -> &str {
        self.source.get(node.span.start as usize..node.span.end as usize).unwrap_or_default()
    }

    /// Counts a step; false when the budget is used up.
    pub fn step(&mut self, node: &Node) -> bool {
        self.steps = self.steps.saturating_add(1);
        if self.steps == EVALUATION_STEPS_MAX {
            self.notes.clear();
            self.fail(node, format!("the evaluation took more than {EVALUATION_STEPS_MAX} steps"));
        }
        self.steps < EVALUATION_STEPS_MAX
    }

    pub fn eval(&mut self, node: &Node) -> Value {
        if !self.step(node) {
            return Value::Null;
        }
        match &node.kind {
            Kind::Literal(value) => value.clone(),
            Kind::Name { name, slot } => match self.lookup(name, *slot) {
                Some(value) => value,
                None => self.missing(node, name),
            },
            Kind::List(items) => Value::list(items.iter().map(|item| self.eval(item)).collect()),
            Kind::Context(entries) => self.context(entries),
            Kind::Range { low_open, low, high, high_open } => Value::Range(Arc::new(RangeValue {
                low_open: *low_open,
                low: self.eval(low),
                high: self.eval(high),
                high_open: *high_open,
            })),
            Kind::Path(of, name) => {
                let value = self.eval(of);
                self.path(node, of, &value, name)
            }
            Kind::Filter(list, filter) => self.filter(list, filter),
            Kind::Negate(operand) => match self.eval(operand) {
                Value::Number(number) => Value::Number(number.negated()),
                Value::Duration(mut duration) => {
                    duration.months = -duration.months;
                    duration.ms = -duration.ms;
                    Value::Duration(duration)
                }
                other => self.fail(node, format!("a {} cannot be negated", other.type_name())),
            },
            Kind::Binary(op, left, right) => self.binary(node, *op, left, right),
            Kind::Between(value, low, high) => {
                let (value, low, high) = (self.eval(value), self.eval(low), self.eval(high));
                let low = self.compare(node, Op::Ge, &value, &low);
                let high = self.compare(node, Op::Le, &value, &high);
                conjunction(low.as_bool(), high.as_bool())
            }
            Kind::In(value, tests) => {
                let value = self.eval(value);
                let found = tests.iter().any(|test| self.test(node, &value, test));
                Value::Bool(found)
            }
            Kind::If(condition, then, other) => {
                let holds = self.eval(condition).as_bool() == Some(true);
                self.eval(if holds { then } else { other })
            }
            Kind::For(bindings, body) => {
                let mut results = Vec::new();
                self.each(bindings, &mut |env| {
                    let value = env.eval(body);
                    results.push(value);
                    true
                });
                Value::list(results)
            }
            Kind::Quantified { every, bindings, condition } => {
                let mut verdict = Some(*every);
                self.each(bindings, &mut |env| match env.eval(condition).as_bool() {
                    Some(holds) if holds == *every => true,
                    Some(_) => {
                        verdict = Some(!*every);
                        false
                    }
                    None => {
                        verdict = None;
                        true
                    }
                });
                verdict.map_or(Value::Null, Value::Bool)
            }
            Kind::Call(builtin, arguments) => builtins::call(self, node, *builtin, arguments),
        }
    }

    /// The variable of an argument node, without a note when it is missing.
    pub fn probe(&mut self, node: &Node) -> Value {
        let before = self.notes.len();
        let value = self.eval(node);
        self.notes.truncate(before);
        value
    }

    fn lookup(&mut self, name: &str, slot: usize) -> Option<Value> {
        for frame in self.frames.iter().rev() {
            match frame {
                Frame::Binding(known, value) if **known == *name => return Some(value.clone()),
                Frame::Entries(context) => {
                    if let Some(value) = context.get(name) {
                        return Some(value.clone());
                    }
                }
                Frame::Binding(..) => {}
            }
        }
        self.slots[slot].get_or_init(|| self.scope.get(name)).clone()
    }

    fn missing(&mut self, node: &Node, name: &str) -> Value {
        // Which name may have been meant is a long search, and a loop may ask a million times.
        if self.notes.len() >= NOTES_MAX {
            return Value::Null;
        }
        let names = self.scope.names();
        let near =
            names.iter().map(|known| (distance(known, name), known)).filter(|(d, _)| *d <= 2).min();
        let help = match near {
            Some((_, known)) => format!("; did you mean `{known}`?"),
            None if names.is_empty() => String::new(),
            None => format!("; there are {}", listed(names.iter().map(String::as_str))),
        };
        self.note(node, format!("there is no variable `{name}`{help}"), false)
    }

    fn context(&mut self, entries: &[(Arc<str>, Node)]) -> Value {
        let mut context = Context::default();
        let depth = self.frames.len();
        for (name, entry) in entries {
            let value = self.eval(entry);
            self.frames.push(Frame::Binding(name.clone(), value.clone()));
            context.set(name.clone(), value);
        }
        self.frames.truncate(depth);
        Value::Context(Arc::new(context))
    }

    fn path(&mut self, node: &Node, of: &Node, value: &Value, name: &str) -> Value {
        match value {
            Value::Context(context) => {
                if let Some(value) = context.get(name) {
                    value.clone()
                } else {
                    let message = format!(
                        "`{}` is null because `{}` has no entry `{name}`; it has {}",
                        self.text(node),
                        self.text(of),
                        listed(context.iter().map(|(name, _)| &**name))
                    );
                    self.note(node, message, false)
                }
            }
            Value::List(items) => {
                Value::list(items.iter().map(|item| self.path(node, of, item, name)).collect())
            }
            Value::Null => Value::Null,
            other => {
                if let Some(value) = builtins::property(other, name) {
                    value
                } else {
                    let message = format!(
                        "`{}` is a {} and has no `{name}`",
                        self.text(of),
                        other.type_name()
                    );
                    self.fail(node, message)
                }
            }
        }
    }

    fn filter(&mut self, list: &Node, filter: &Node) -> Value {
        let items: Vec<Value> = match self.eval(list) {
            Value::Null => return Value::Null,
            Value::List(items) => items.to_vec(),
            single => vec![single],
        };
        if let Kind::Literal(Value::Number(_)) | Kind::Negate(_) = &filter.kind {
            let index = self.eval(filter);
            return nth(&items, &index);
        }
        let mut kept = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let depth = self.frames.len();
            if let Value::Context(context) = item {
                self.frames.push(Frame::Entries(context.clone()));
            }
            self.frames.push(Frame::Binding("item".into(), item.clone()));
            let verdict = self.eval(filter);
            self.frames.truncate(depth);
            match verdict {
                Value::Bool(true) => kept.push(item.clone()),
                // An index that is computed does not depend on the item.
                Value::Number(_) if at == 0 => return nth(&items, &verdict),
                _ => {}
            }
        }
        Value::list(kept)
    }

    /// Runs `body` for every combination; `body` says whether to go on.
    fn each(
        &mut self,
        bindings: &[(Arc<str>, Node)],
        body: &mut dyn FnMut(&mut Self) -> bool,
    ) -> bool {
        let Some(((name, list), rest)) = bindings.split_first() else { return body(self) };
        let values = match self.eval(list) {
            Value::List(items) => items,
            Value::Range(range) => match self.whole_numbers(list, &range) {
                Some(items) => Arc::new(items),
                None => return true,
            },
            Value::Null => return true,
            single => Arc::new(vec![single]),
        };
        for value in values.iter() {
            if !self.step(list) {
                return false;
            }
            self.frames.push(Frame::Binding(name.clone(), value.clone()));
            let go_on = self.each(rest, body);
            self.frames.pop();
            if !go_on {
                return false;
            }
        }
        true
    }

    fn whole_numbers(&mut self, node: &Node, range: &RangeValue) -> Option<Vec<Value>> {
        let (low, high) = (range.low.as_i64()?, range.high.as_i64()?);
        if low.abs_diff(high) > u64::from(EVALUATION_STEPS_MAX) {
            self.steps = EVALUATION_STEPS_MAX - 1;
            self.step(node);
            return None;
        }
        let number = |n: i64| Value::Number(n.into());
        Some(if low <= high {
            (low..=high).map(number).collect()
        } else {
            (high..=low).rev().map(number).collect()
        })
    }

    fn test(&mut self, node: &Node, value: &Value, test: &Test) -> bool {
        match test {
            Test::Compare(op, with) => {
                let with = self.eval(with);
                self.compare(node, *op, value, &with).as_bool() == Some(true)
            }
            Test::Value(with) => {
                let with = self.eval(with);
                Self::is_in(value, &with)
            }
        }
    }

    fn is_in(value: &Value, with: &Value) -> bool {
        match with {
            Value::Range(range) => {
                let low = order(value, &range.low);
                let high = order(value, &range.high);
                let above = low.is_some_and(|o| {
                    o == Ordering::Greater || (o == Ordering::Equal && !range.low_open)
                });
                let below = high.is_some_and(|o| {
                    o == Ordering::Less || (o == Ordering::Equal && !range.high_open)
                });
                above && below
            }
            Value::List(items) => {
                value == with || items.iter().any(|item| Self::is_in(value, item))
            }
            other => value == other,
        }
    }

    fn binary(&mut self, node: &Node, op: Op, left: &Node, right: &Node) -> Value {
        let a = self.eval(left);
        match (op, a.as_bool()) {
            (Op::And, Some(false)) => return Value::Bool(false),
            (Op::Or, Some(true)) => return Value::Bool(true),
            _ => {}
        }
        let b = self.eval(right);
        match op {
            Op::And => conjunction(a.as_bool(), b.as_bool()),
            Op::Or => match (a.as_bool(), b.as_bool()) {
                (_, Some(true)) => Value::Bool(true),
                (Some(false), Some(false)) => Value::Bool(false),
                _ => Value::Null,
            },
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => self.compare(node, op, &a, &b),
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => {
                if let Some(value) = builtins::arithmetic(op, &a, &b) {
                    value
                } else {
                    let message = format!(
                        "`{}` cannot be computed: {} {} {}",
                        self.text(node),
                        a.type_name(),
                        op.symbol(),
                        b.type_name()
                    );
                    self.fail(node, message)
                }
            }
        }
    }

    fn compare(&mut self, node: &Node, op: Op, a: &Value, b: &Value) -> Value {
        let null = matches!(a, Value::Null) || matches!(b, Value::Null);
        let same = std::mem::discriminant(a) == std::mem::discriminant(b);
        match op {
            Op::Eq | Op::Ne if null || same => {
                return Value::Bool(
                    (a == b || order(a, b) == Some(Ordering::Equal)) == (op == Op::Eq),
                );
            }
            _ => {}
        }
        let verdict = order(a, b).map(|order| match op {
            Op::Lt => order.is_lt(),
            Op::Le => order.is_le(),
            Op::Gt => order.is_gt(),
            _ => order.is_ge(),
        });
        match verdict {
            Some(verdict) if same => Value::Bool(verdict),
            _ => {
                let message = format!(
                    "a {} cannot be compared with a {} by `{}`",
                    a.type_name(),
                    b.type_name(),
                    op.symbol()
                );
                self.fail(node, message)
            }
        }
    }
}

impl Value {
    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }
}

pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Moment(a), Value::Moment(b)) => a.order(*b),
        (Value::Duration(a), Value::Duration(b)) if a.calendar == b.calendar => {
            Some((a.months, a.ms).cmp(&(b.months, b.ms)))
        }
        _ => None,
    }
}

fn conjunction(a: Option<bool>, b: Option<bool>) -> Value {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Value::Bool(false),
        (Some(true), Some(true)) => Value::Bool(true),
        _ => Value::Null,
    }
}

fn nth(items: &[Value], index: &Value) -> Value {
    let Some(index) = index.as_i64() else { return Value::Null };
    let at = if index > 0 {
        usize::try_from(index - 1).ok()
    } else {
        usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back))
    };
    at.filter(|_| index != 0).and_then(|at| items.get(at)).cloned().unwrap_or(Value::Null)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    if names.is_empty() {
        return "none".into();
    }
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Edits between two words, for "did you mean".
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

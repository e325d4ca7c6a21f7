//! Boxed expressions (DMN 1.5, 10.2 and 7.3).

use std::sync::Arc;

use feel::{Context, Value};

use super::{Evaluator, Frame, Trace, function};
use crate::model::IteratorKind;
use crate::program::{ContextEntry, EACH, FILTERED, Iterator, Logic, LogicKind, Matching, SOURCE};

/// Levels of the machine's nesting that a boxed expression stands for.
const LEVELS: u32 = 4;

impl Evaluator<'_, '_> {
    /// The value, coerced to the expression's own type.
    pub fn logic(&mut self, logic: &Logic, frame: &Frame<'_>) -> Value {
        self.deeper(logic, frame, None)
    }

    /// As [`Self::logic`]; a table leaves its trace.
    pub fn traced(&mut self, logic: &Logic, frame: &Frame<'_>, trace: &mut Trace) -> Value {
        self.deeper(logic, frame, Some(trace))
    }

    fn deeper(&mut self, logic: &Logic, frame: &Frame<'_>, trace: Option<&mut Trace>) -> Value {
        if !self.machine.descend(LEVELS) {
            return self.null("");
        }
        let value = self.kind(logic, frame, trace);
        self.machine.leave(LEVELS);
        logic.of.coerce(value, self.machine)
    }

    fn kind(&mut self, logic: &Logic, frame: &Frame<'_>, trace: Option<&mut Trace>) -> Value {
        match &logic.kind {
            LogicKind::Nothing => Value::NULL,
            LogicKind::Broken(reason) => {
                self.violation.get_or_insert_with(|| reason.clone());
                self.null(reason.clone())
            }
            LogicKind::Literal(expression) => expression.run(self.machine, frame),
            LogicKind::Table(table) => self.table(table, frame, trace),
            LogicKind::Context(entries) => self.context(entries, frame),
            LogicKind::List(items) => {
                Value::list(items.iter().map(|item| self.logic(item, frame)).collect())
            }
            LogicKind::Relation { columns, rows } => {
                let mut contexts = Vec::with_capacity(rows.len());
                for row in rows {
                    let mut context = Context::default();
                    for ((name, of), cell) in columns.iter().zip(row) {
                        let value = self.logic(cell, frame);
                        context.set(name.clone(), of.coerce(value, self.machine));
                    }
                    contexts.push(Value::context(context));
                }
                Value::list(contexts)
            }
            LogicKind::Invocation { callee, bindings } => self.invocation(callee, bindings, frame),
            LogicKind::Function(function) => function::closure(self.program, function, frame),
            LogicKind::Conditional { condition, then, otherwise } => {
                match self.logic(condition, frame) {
                    Value::Bool(true) => self.logic(then, frame),
                    Value::Bool(false) | Value::Null(_) => self.logic(otherwise, frame),
                    other => self.expected("the condition to be true or false", &other),
                }
            }
            LogicKind::Filter { source, matching } => {
                let source = self.logic(source, frame);
                self.filter(source, matching, frame)
            }
            LogicKind::Iterator(iterator) => self.iterator(iterator, frame),
        }
    }

    pub(super) fn null(&mut self, message: impl Into<String>) -> Value {
        self.machine.fail(message.into(), feel::Why::NONE)
    }

    fn expected(&mut self, what: &str, found: &Value) -> Value {
        let message = format!("expected {what}, but found a {}", found.type_name());
        self.machine.fail(message, found.why())
    }

    fn context(&mut self, entries: &[ContextEntry], outer: &Frame<'_>) -> Value {
        let mut frame = outer.inner(Context::default());
        for entry in entries {
            let value = self.logic(&entry.value, &frame);
            let Some(name) = &entry.name else { return value };
            frame.bind(name.clone(), entry.of.coerce(value, self.machine));
        }
        Value::context(frame.into_own())
    }

    fn invocation(
        &mut self,
        callee: &Logic,
        bindings: &[(Arc<str>, Logic)],
        frame: &Frame<'_>,
    ) -> Value {
        let function = match self.logic(callee, frame) {
            Value::Function(function) => function,
            other => return self.expected("the invocation to name a function", &other),
        };
        let mut arguments = Vec::with_capacity(bindings.len());
        for (name, value) in bindings {
            arguments.push((name.clone(), self.logic(value, frame)));
        }
        self.machine.call_named(&function, arguments)
    }

    fn filter(&mut self, source: Value, matching: &Matching, frame: &Frame<'_>) -> Value {
        let items = match source {
            Value::List(items) => items.to_vec(),
            Value::Null(why) => return Value::Null(why),
            single => vec![single],
        };
        let mut kept = Vec::new();
        for item in items {
            match self.matches(&item, matching, frame) {
                Value::Bool(true) => kept.push(item),
                Value::Bool(false) | Value::Null(_) => {}
                other => return self.expected("each match to be true or false", &other),
            }
        }
        Value::list(kept)
    }

    fn matches(&mut self, item: &Value, matching: &Matching, outer: &Frame<'_>) -> Value {
        match matching {
            Matching::Feel(expression) => {
                let list = Value::list(vec![item.clone()]);
                let frame = outer.inner(Context::from_iter([(FILTERED, list)]));
                match expression.run(self.machine, &frame) {
                    Value::List(kept) => Value::Bool(!kept.is_empty()),
                    // Not a test, but a position or something else that filters nothing.
                    _ => Value::text("no truth value"),
                }
            }
            Matching::Boxed(logic) => {
                let mut bindings = item.as_context().cloned().unwrap_or_default();
                bindings.set("item".into(), item.clone());
                self.logic(logic, &outer.inner(bindings))
            }
        }
    }

    fn iterator(&mut self, iterator: &Iterator, outer: &Frame<'_>) -> Value {
        let source = self.logic(&iterator.source, outer);
        if let Some(collect) = &iterator.collect {
            let each = function::closure(self.program, &iterator.body, outer);
            let frame = Frame::new(Context::from_iter([(SOURCE, source), (EACH, each)]), None);
            return collect.run(self.machine, &frame);
        }
        let items = match source {
            Value::List(items) => items.to_vec(),
            Value::Null(why) => return Value::Null(why),
            single => vec![single],
        };
        self.quantify(iterator, items, outer, iterator.kind == IteratorKind::Some)
    }

    /// Ends at the first `decisive` answer; else null if any is null (DMN 1.5, 10.3.2.11).
    fn quantify(
        &mut self,
        iterator: &Iterator,
        items: Vec<Value>,
        outer: &Frame<'_>,
        decisive: bool,
    ) -> Value {
        let mut result = Value::Bool(!decisive);
        let variable = iterator.body.parameters.first().map(|it| it.name.clone());
        let variable = variable.unwrap_or_default();
        let mut frame = outer.inner(Context::default());
        for item in items {
            frame.bind(variable.clone(), item);
            match self.logic(&iterator.body.body, &frame) {
                Value::Bool(answer) if answer == decisive => return Value::Bool(decisive),
                Value::Bool(_) => {}
                null @ Value::Null(_) => result = null,
                other => return self.expected("each answer to be true or false", &other),
            }
        }
        result
    }
}

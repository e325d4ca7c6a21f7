//! `for`, `some`, `every`.

use std::sync::Arc;

use super::{Frame, Machine, STEPS_MAX};
use crate::Number;
use crate::code::{BindingCode, Code, Iteration};
use crate::notes::Why;
use crate::temporal::Date;
use crate::value::{Range, Value};

/// What a binding goes over.
enum Domain {
    Items(Value),
    Numbers { from: i64, to: i64 },
    Dates { from: i64, to: i64 },
}

impl Machine {
    pub(super) fn iteration(&mut self, frame: &Frame<'_>, iteration: &Iteration) -> Value {
        if let Some(partial) = iteration.partial {
            return self.with_partial(frame, iteration, frame.base + partial as usize);
        }
        let mut results = Vec::new();
        let refused = self.each(frame, &iteration.bindings, &mut |machine| {
            let value = machine.eval(frame, &iteration.body);
            results.push(value);
            true
        });
        refused.unwrap_or_else(|| Value::list(results))
    }

    /// The body sees the results so far. They are extended in place unless it keeps them.
    fn with_partial(&mut self, frame: &Frame<'_>, iteration: &Iteration, slot: usize) -> Value {
        self.stack[slot] = Value::list(Vec::new());
        let refused = self.each(frame, &iteration.bindings, &mut |machine| {
            let value = machine.eval(frame, &iteration.body);
            match std::mem::take(&mut machine.stack[slot]) {
                Value::List(mut results) => {
                    if Arc::get_mut(&mut results).is_none() {
                        machine.charge(results.len());
                    }
                    Arc::make_mut(&mut results).push(value);
                    let whole = results.within_limits();
                    machine.stack[slot] =
                        if whole { Value::List(results) } else { Value::Null(Why::TOO_LARGE) };
                    whole
                }
                other => {
                    machine.stack[slot] = other;
                    false
                }
            }
        });
        let results = std::mem::take(&mut self.stack[slot]);
        refused.unwrap_or(results)
    }

    pub(super) fn quantified(
        &mut self,
        frame: &Frame<'_>,
        every: bool,
        iteration: &Iteration,
    ) -> Value {
        let mut verdict = Value::Bool(every);
        let refused = self.each(frame, &iteration.bindings, &mut |machine| match machine
            .eval(frame, &iteration.body)
        {
            Value::Bool(holds) if holds == every => true,
            Value::Bool(_) => {
                verdict = Value::Bool(!every);
                false
            }
            Value::Null(why) => {
                if let Value::Bool(_) = verdict {
                    verdict = Value::Null(why);
                }
                true
            }
            other => {
                let body = &iteration.body;
                verdict = machine.null(body.span, Why::NONE, true, || {
                    format!(
                        "`{}` is a {} where a condition is expected",
                        Self::text(frame, body),
                        other.type_name()
                    )
                });
                true
            }
        });
        refused.unwrap_or(verdict)
    }

    /// Runs `body` for every combination, the last binding fastest; `body` says whether to go on.
    /// Gives a null when one of the bindings has nothing to go over.
    fn each(
        &mut self,
        frame: &Frame<'_>,
        bindings: &[BindingCode],
        body: &mut dyn FnMut(&mut Self) -> bool,
    ) -> Option<Value> {
        let mut refused = None;
        self.each_from(frame, bindings, &mut refused, body);
        refused
    }

    fn each_from(
        &mut self,
        frame: &Frame<'_>,
        bindings: &[BindingCode],
        refused: &mut Option<Value>,
        body: &mut dyn FnMut(&mut Self) -> bool,
    ) -> bool {
        let Some((binding, rest)) = bindings.split_first() else { return body(self) };
        let domain = match self.domain(frame, binding) {
            Ok(domain) => domain,
            Err(null) => {
                *refused = Some(null);
                return false;
            }
        };
        let slot = frame.base + binding.slot as usize;
        let mut one = |machine: &mut Self, value: Value| {
            machine.stack[slot] = value;
            machine.charge(1) && machine.each_from(frame, rest, refused, body)
        };
        match domain {
            Domain::Items(Value::List(items)) => items.iter().all(|item| one(self, item.clone())),
            Domain::Items(single) => one(self, single),
            Domain::Numbers { from, to } => {
                whole_steps(from, to).all(|number| one(self, Value::from(number)))
            }
            Domain::Dates { from, to } => whole_steps(from, to)
                .all(|days| one(self, Date::from_days(days).map_or(Value::NULL, Value::Date))),
        }
    }

    fn domain(&mut self, frame: &Frame<'_>, binding: &BindingCode) -> Result<Domain, Value> {
        let of = self.eval(frame, &binding.of);
        if let Some(to) = &binding.to {
            let to_value = self.eval(frame, to);
            return self.steps_between(frame, &binding.of, &of, &to_value, (true, true));
        }
        match &of {
            Value::Range(range) => {
                let Range { low: Some(low), high: Some(high), .. } = &**range else {
                    return Err(self.endless(frame, &binding.of));
                };
                let included = (range.low_included, range.high_included);
                self.steps_between(frame, &binding.of, low, high, included)
            }
            Value::Null(why) => {
                let why = why.clone();
                Err(self.null(binding.of.span, why, true, || {
                    format!(
                        "there is nothing to go over: `{}` is null",
                        Self::text(frame, &binding.of)
                    )
                }))
            }
            _ => Ok(Domain::Items(of)),
        }
    }

    fn endless(&mut self, frame: &Frame<'_>, code: &Code) -> Value {
        self.null(code.span, Why::NONE, true, || {
            format!("`{}` has no end to go to", Self::text(frame, code))
        })
    }

    fn steps_between(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        low: &Value,
        high: &Value,
        included: (bool, bool),
    ) -> Result<Domain, Value> {
        let whole = |value: &Value| value.as_number().and_then(Number::as_i64);
        let bounds = match (low, high) {
            (Value::Date(low), Value::Date(high)) => Some((low.days(), high.days(), true)),
            _ => whole(low).zip(whole(high)).map(|(low, high)| (low, high, false)),
        };
        let Some((low_at, high_at, dates)) = bounds else {
            let cause = if low.is_null() { low.why() } else { high.why() };
            return Err(self.null(code.span, cause, true, || {
                format!(
                    "`{}` cannot be gone over: its ends are a {} and a {}, not whole numbers or dates",
                    Self::text(frame, code),
                    low.type_name(),
                    high.type_name()
                )
            }));
        };
        let inward: i64 = if low_at <= high_at { 1 } else { -1 };
        let from = if included.0 { low_at } else { low_at.saturating_add(inward) };
        let to = if included.1 { high_at } else { high_at.saturating_sub(inward) };
        if (inward > 0) != (from <= to) && from != to {
            return Ok(Domain::Items(Value::list(Vec::new())));
        }
        if from.abs_diff(to) > u64::from(STEPS_MAX) {
            self.charge(STEPS_MAX as usize + 1);
        }
        Ok(if dates { Domain::Dates { from, to } } else { Domain::Numbers { from, to } })
    }
}

/// From one to the other, both included, upwards or downwards.
fn whole_steps(from: i64, to: i64) -> impl Iterator<Item = i64> {
    let count = from.abs_diff(to).saturating_add(1);
    let up = from <= to;
    (0..count).map(move |step| {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        if up { from.saturating_add(step) } else { from.saturating_sub(step) }
    })
}

//! Decision tables (DMN 1.5, 8 and 10.3.2.10).

use std::cmp::Reverse;

use feel::{Context, Value};

use super::{Evaluator, Frame, Trace};
use crate::explain::{EvaluatedInput, EvaluatedOutput, MatchedRule};
use crate::program::{
    COLLECTED, Condition, InputClause, LISTED, OUTPUT, Order, OutputClause, Policy, Rule, Table,
};

/// Rules that are looked through for one step of the budget.
const RULES_PER_STEP: usize = 8;

/// A rule that matched, by its place, and its outputs.
struct Hit {
    rule: usize,
    outputs: Vec<Value>,
}

impl Evaluator<'_, '_> {
    pub(super) fn table(
        &mut self,
        table: &Table,
        frame: &Frame<'_>,
        trace: Option<&mut Trace>,
    ) -> Value {
        let inputs: Vec<Value> = table
            .inputs
            .iter()
            .map(|input| {
                let value = input.expression.run(self.machine, frame);
                input.of.coerce(value, self.machine)
            })
            .collect();
        let matched = self.matched(table, &inputs, frame);
        let hits: Vec<Hit> = matched
            .into_iter()
            .map(|rule| Hit { rule, outputs: self.outputs(table, &table.rules[rule], frame) })
            .collect();
        if let Some(trace) = trace {
            trace.inputs = table.inputs.iter().zip(inputs).map(evaluated_input).collect();
            trace.rules = hits.iter().map(|hit| matched_rule(table, hit)).collect();
        }
        if hits.is_empty() {
            return self.default(table, frame);
        }
        self.hits(table, hits, frame)
    }

    /// The rules that count before the hit policy is applied, in their order.
    fn matched(&mut self, table: &Table, inputs: &[Value], frame: &Frame<'_>) -> Vec<usize> {
        let candidates = table.index.candidates(inputs);
        // Comparing with constants costs the machine nothing, and a table may be asked in a loop.
        let rules = candidates.map_or(table.rules.len(), <[u32]>::len);
        self.machine.charge(1 + rules / RULES_PER_STEP);
        let most = if matches!(table.policy, Policy::First) { 1 } else { usize::MAX };
        let mut matches = |place: &usize| {
            let rule = &table.rules[*place];
            self.matches_rule(table, rule, inputs, frame)
        };
        match candidates {
            Some(rules) => {
                let places = rules.iter().map(|rule| *rule as usize);
                places.filter(&mut matches).take(most).collect()
            }
            None => (0..table.rules.len()).filter(&mut matches).take(most).collect(),
        }
    }

    fn matches_rule(
        &mut self,
        table: &Table,
        rule: &Rule,
        inputs: &[Value],
        frame: &Frame<'_>,
    ) -> bool {
        let cells = rule.conditions.iter().zip(&table.inputs).zip(inputs);
        for ((condition, clause), input) in cells {
            let holds = match condition {
                Condition::Any => match &clause.values {
                    Some(values) => values.run(self.machine, input, frame).is_true(),
                    None => true,
                },
                Condition::OneOf(values, tests) => match input {
                    Value::Number(_) | Value::String(_) => values.contains(input),
                    _ => tests.run(self.machine, input, frame).is_true(),
                },
                Condition::Within(within, tests) => match input {
                    Value::Number(number) => within.contains(*number),
                    _ => tests.run(self.machine, input, frame).is_true(),
                },
                Condition::Tests(tests) => tests.run(self.machine, input, frame).is_true(),
            };
            if !holds {
                return false;
            }
        }
        true
    }

    fn outputs(&mut self, table: &Table, rule: &Rule, frame: &Frame<'_>) -> Vec<Value> {
        let cells = rule.outputs.iter().zip(&table.outputs);
        cells
            .map(|(cell, clause)| {
                let Some(expression) = &cell.expression else { return Value::NULL };
                let value = expression.run(self.machine, frame);
                let value = cell.of.coerce(value, self.machine);
                clause.of.coerce(value, self.machine)
            })
            .collect()
    }

    fn default(&mut self, table: &Table, frame: &Frame<'_>) -> Value {
        if table.outputs.iter().all(|output| output.default.is_none()) {
            return self
                .null("no rule of the decision table matches, and it has no default output");
        }
        let outputs = table
            .outputs
            .iter()
            .map(|output| {
                let Some(default) = &output.default else { return Value::NULL };
                let value = default.run(self.machine, frame);
                output.of.coerce(value, self.machine)
            })
            .collect();
        result(table, outputs)
    }

    fn hits(&mut self, table: &Table, mut hits: Vec<Hit>, frame: &Frame<'_>) -> Value {
        match &table.policy {
            Policy::Unique => {
                if hits.len() > 1 {
                    return self.violated("UNIQUE", "only one rule to match", &hits);
                }
                single(table, hits)
            }
            Policy::Any => {
                if hits.iter().any(|hit| hit.outputs != hits[0].outputs) {
                    let what = "all rules that match to have the same outputs";
                    return self.violated("ANY", what, &hits);
                }
                single(table, hits)
            }
            Policy::First => single(table, hits),
            Policy::Priority => {
                self.sort(table, &mut hits, frame);
                single(table, hits)
            }
            Policy::OutputOrder => {
                self.sort(table, &mut hits, frame);
                several(table, hits)
            }
            Policy::RuleOrder | Policy::Collect => several(table, hits),
            Policy::Aggregate(call) => {
                let collected = several(table, hits);
                let frame = frame.inner(Context::from_iter([(COLLECTED, collected)]));
                call.run(self.machine, &frame)
            }
        }
    }

    fn violated(&mut self, policy: &str, expected: &str, hits: &[Hit]) -> Value {
        const RULES_MAX: usize = 10;
        let rules: Vec<String> =
            hits.iter().take(RULES_MAX).map(|hit| (hit.rule + 1).to_string()).collect();
        let more = if hits.len() > RULES_MAX { ", ..." } else { "" };
        let message = format!(
            "expected {expected} (hit policy {policy}), but the rules {}{more} match; make their \
             conditions exclude each other, or choose another hit policy",
            rules.join(", ")
        );
        self.violation.get_or_insert_with(|| message.clone());
        self.null(message)
    }

    /// By the place of each output in its output values, the first output counting most; what is
    /// not listed comes last, equals stay in the order of the rules.
    fn sort(&mut self, table: &Table, hits: &mut [Hit], frame: &Frame<'_>) {
        let mut orders = Vec::with_capacity(table.outputs.len());
        for output in &table.outputs {
            let order = output.order.as_ref();
            orders.push(order.map(|order| (order, order.values.run(self.machine, frame))));
        }
        hits.sort_by_cached_key(|hit| {
            let columns = orders.iter().zip(&hit.outputs);
            let ranks = columns.map(|(order, output)| {
                let (order, values) = order.as_ref()?;
                self.place(order, values.as_list()?, output).map(Reverse)
            });
            // `None` is less than any place, and so comes last in reverse.
            Reverse(ranks.collect::<Vec<_>>())
        });
    }

    fn place(&mut self, order: &Order, values: &[Value], output: &Value) -> Option<usize> {
        self.machine.charge(1 + values.len() / RULES_PER_STEP);
        values.iter().position(|listed| match listed {
            Value::Range(_) => {
                let names = [(OUTPUT, output.clone()), (LISTED, listed.clone())];
                let frame = Frame::new(Context::from_iter(names), None);
                order.is_in.run(self.machine, &frame).is_true()
            }
            listed => listed == output,
        })
    }
}

fn single(table: &Table, mut hits: Vec<Hit>) -> Value {
    result(table, hits.swap_remove(0).outputs)
}

fn several(table: &Table, hits: Vec<Hit>) -> Value {
    Value::list(hits.into_iter().map(|hit| result(table, hit.outputs)).collect())
}

/// The value of a single output, or a context of several.
fn result(table: &Table, mut outputs: Vec<Value>) -> Value {
    if outputs.len() == 1 {
        return outputs.swap_remove(0);
    }
    let keys = table.outputs.iter().map(|output| output.key.clone());
    Value::context(keys.zip(outputs).collect::<Context>())
}

fn evaluated_input((clause, value): (&InputClause, Value)) -> EvaluatedInput {
    EvaluatedInput { id: clause.id.clone(), name: clause.name.clone(), value }
}

fn matched_rule(table: &Table, hit: &Hit) -> MatchedRule {
    let outputs = table.outputs.iter().zip(&hit.outputs);
    let output = |(clause, value): (&OutputClause, &Value)| EvaluatedOutput {
        id: clause.id.clone(),
        name: clause.name.clone(),
        value: value.clone(),
    };
    MatchedRule {
        id: table.rules[hit.rule].id.clone(),
        index: u32::try_from(hit.rule + 1).unwrap_or(u32::MAX),
        outputs: outputs.map(output).collect(),
    }
}

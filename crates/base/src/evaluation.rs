//! Evaluations of decisions: what was decided, and how it came about.

use minicbor::{Decode, Encode};

use crate::limits::{EVALUATION_BYTES_MAX, EVALUATION_VALUE_BYTES_MAX};
use crate::{DecisionGraphKey, DecisionKey, EvaluationKey, Json, KeyBase, Text};

/// One evaluation of one decision, with its explanation. Numbers as in [`crate::Event`].
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Evaluation {
    /// Names it.
    #[n(0)]
    pub key: EvaluationKey,
    /// The version of the decision that was chosen.
    #[n(1)]
    pub decision: DecisionKey,
    /// Its id.
    #[n(2)]
    pub id: Text,
    /// Its name.
    #[n(3)]
    pub name: Text,
    /// Its version.
    #[n(4)]
    pub version: i32,
    /// The requirements graph that it is in.
    #[n(5)]
    pub graph: DecisionGraphKey,
    /// Id of the graph.
    #[n(6)]
    pub graph_id: Text,
    /// What it gave; `None` if it failed, or if that was too large to be kept here.
    #[n(7)]
    pub output: Option<Json>,
    /// Why it failed.
    #[n(8)]
    pub failure: Option<EvaluationFailure>,
    /// It and those that it required, in the order of evaluation.
    #[n(9)]
    pub decisions: Vec<EvaluatedDecision>,
}

/// Why an evaluation failed.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub struct EvaluationFailure {
    /// The decision that failed.
    #[n(0)]
    pub decision_id: Text,
    /// Why, and what to do.
    #[n(1)]
    pub message: Text,
}

/// A decision that was evaluated on the way.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct EvaluatedDecision {
    /// Its version; absent if it is not of the requirements graph itself.
    #[n(0)]
    pub decision: Option<DecisionKey>,
    /// Its id.
    #[n(1)]
    pub id: Text,
    /// Its name.
    #[n(2)]
    pub name: Text,
    /// Its version.
    #[n(3)]
    pub version: i32,
    /// What kind of logic it has, as Camunda 8's API names it: `DECISION_TABLE` for example.
    #[n(4)]
    pub kind: Text,
    /// As [`Evaluation::output`].
    #[n(5)]
    pub output: Option<Json>,
    /// Inputs of a decision table.
    #[n(6)]
    pub inputs: Vec<EvaluatedValue>,
    /// Rules of a decision table that matched.
    #[n(7)]
    pub rules: Vec<MatchedRule>,
    /// Why something became null.
    #[n(8)]
    pub reasons: Vec<Text>,
    /// Rules that matched, inputs and reasons that are not kept here: there were too many.
    #[n(9)]
    pub left_out: u32,
}

/// An input or output of a decision table.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub struct EvaluatedValue {
    /// Id of its column.
    #[n(0)]
    pub id: Text,
    /// Name of its column.
    #[n(1)]
    pub name: Text,
    /// As [`Evaluation::output`].
    #[n(2)]
    pub value: Option<Json>,
}

/// A rule that matched.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub struct MatchedRule {
    /// Its id.
    #[n(0)]
    pub id: Text,
    /// Its place in the table, from 1.
    #[n(1)]
    pub index: u32,
    /// What it gives.
    #[n(2)]
    pub outputs: Vec<EvaluatedValue>,
}

impl Evaluation {
    /// As much of it as a log keeps: values above [`EVALUATION_VALUE_BYTES_MAX`] are left out, and
    /// from [`EVALUATION_BYTES_MAX`] on everything but the names of decisions.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let mut room = Room(EVALUATION_BYTES_MAX);
        // What was asked for comes last and says most.
        for decision in self.decisions.iter_mut().rev() {
            room.fit(&mut decision.output);
            let before = decision.rules.len() + decision.inputs.len() + decision.reasons.len();
            decision.inputs.retain_mut(|input| room.fit_value(input));
            decision.rules.retain_mut(|rule| {
                room.take(rule.id.len() + 8)
                    && rule.outputs.iter_mut().all(|output| room.fit_value(output))
            });
            decision.reasons.retain(|reason| room.take(reason.len()));
            let after = decision.rules.len() + decision.inputs.len() + decision.reasons.len();
            decision.left_out += u32::try_from(before - after).unwrap_or(u32::MAX);
        }
        room.fit(&mut self.output);
        if let Some(failure) = &mut self.failure {
            failure.message = failure.message.cut(crate::limits::MESSAGE_BYTES_MAX);
        }
        self
    }
}

/// How many bytes may still be kept.
struct Room(usize);

impl Room {
    fn take(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.0;
        self.0 = if fits { self.0 - bytes } else { 0 };
        fits
    }

    fn fit(&mut self, value: &mut Option<Json>) {
        let fits = value.as_ref().is_some_and(|value| {
            let bytes = value.as_str().len();
            bytes <= EVALUATION_VALUE_BYTES_MAX && self.take(bytes)
        });
        if !fits {
            *value = None;
        }
    }

    fn fit_value(&mut self, value: &mut EvaluatedValue) -> bool {
        let fits = self.take(value.id.len() + value.name.len());
        self.fit(&mut value.value);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, ShardId};

    fn evaluation(rules: u32, value: &str) -> Evaluation {
        let key = Key::of_block(ShardId(0), 1);
        let output = |number: u32| EvaluatedValue {
            id: format!("out-{number}").into(),
            name: "rate".into(),
            value: Some(Json::trusted(value)),
        };
        let rule = |number: u32| MatchedRule {
            id: format!("rule-{number}").into(),
            index: number,
            outputs: vec![output(number)],
        };
        let decision = EvaluatedDecision {
            decision: Some(key.into()),
            id: "rate".into(),
            name: "Rate".into(),
            version: 1,
            kind: "DECISION_TABLE".into(),
            output: Some(Json::trusted(value)),
            inputs: Vec::new(),
            rules: (1..=rules).map(rule).collect(),
            reasons: Vec::new(),
            left_out: 0,
        };
        Evaluation {
            key: key.into(),
            decision: key.into(),
            id: "rate".into(),
            name: "Rate".into(),
            version: 1,
            graph: key.into(),
            graph_id: "rates".into(),
            output: Some(Json::trusted(value)),
            failure: None,
            decisions: vec![decision],
        }
    }

    #[test]
    fn an_evaluation_of_common_size_is_kept_whole() {
        let whole = evaluation(10, "0.25");
        assert_eq!(whole.clone().bounded(), whole);
    }

    #[test]
    fn a_large_value_is_left_out_and_a_small_one_beside_it_is_not() {
        let large = evaluation(1, &format!("\"{}\"", "x".repeat(EVALUATION_VALUE_BYTES_MAX)));
        let kept = large.bounded();
        assert_eq!(kept.output, None);
        assert_eq!(kept.decisions[0].rules[0].outputs[0].value, None);
        assert_eq!(kept.decisions[0].rules[0].index, 1);
    }

    #[test]
    fn of_many_rules_as_many_are_kept_as_there_is_room_for() {
        let kept = evaluation(100_000, "0.25").bounded();
        let decision = &kept.decisions[0];
        let left = decision.rules.len();
        assert!(left > 1_000, "{left}");
        assert_eq!(usize::try_from(decision.left_out).unwrap() + left, 100_000);
        let bytes = minicbor::to_vec(&kept).unwrap().len();
        assert!(bytes < 2 * EVALUATION_BYTES_MAX, "{bytes} bytes");
    }
}

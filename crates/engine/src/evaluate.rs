//! Evaluating decisions: for business rule tasks, and for callers outside.
//!
//! In:  what a task or a caller asks for; the graphs that are deployed.
//! Out: the evaluation as an event of the instance, or as a reply.
//! Absent: what follows in the instance (see `bpmn`). Replay never comes here: the event says which
//! version was chosen and what it gave.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use base::{
    DecisionGraphRow, DecisionKey, ElementKey, EvaluateDecision, EvaluatedDecision, EvaluatedValue,
    Evaluation, EvaluationFailure, EvaluationKey, IncidentKind, InstanceKey, Json, Key,
    MatchedRule, Outcome, Rejection, RejectionKind, Reply, Text, Variables,
};
use bpmn::{Kind, Run};

use crate::decisions::DecisionPlace;
use crate::input::Read;
use crate::shard::Shard;

/// Why there is no evaluation at all.
struct NotEvaluated {
    kind: IncidentKind,
    message: String,
}

impl Shard {
    /// What must be read before a task's decision can be evaluated.
    pub(crate) fn evaluation_need(
        &self,
        instance: InstanceKey,
        owner: ElementKey,
        decision_id: &Text,
    ) -> Option<Read> {
        let place = self.called(instance, owner, decision_id)?.ok()?;
        self.graph_need(place)
    }

    /// What must be read before this decision can be evaluated.
    pub(crate) fn graph_need(&self, place: DecisionPlace) -> Option<Read> {
        let loaded = self.catalog.decisions.is_loaded(place.graph);
        (!loaded).then_some(Read::DecisionGraph(place.graph))
    }

    /// The decision that a task means. `None` if the task has ended meanwhile.
    fn called(
        &self,
        instance: InstanceKey,
        owner: ElementKey,
        decision_id: &Text,
    ) -> Option<Result<DecisionPlace, NotEvaluated>> {
        let entry = self.cache.get(instance).filter(|entry| !entry.poisoned)?;
        let element = entry.state.element(owner)?.element;
        let Kind::Decision(called) = &entry.definition.process.node(element).kind else {
            return None;
        };
        let deployment = Some(entry.definition.row.deployment);
        let place = self.catalog.decisions.bound(decision_id, &called.binding, deployment);
        let kind = IncidentKind::CalledDecisionError;
        Some(place.map_err(|message| NotEvaluated { kind, message }))
    }

    /// Evaluates what a task asks for, and lets the task go on.
    pub(crate) fn evaluate_for(
        &mut self,
        instance: InstanceKey,
        owner: ElementKey,
        decision_id: &Text,
        seed: u64,
    ) {
        let Some(place) = self.called(instance, owner, decision_id) else { return };
        let Some(entry) = self.cache.get(instance) else { return };
        let variables = entry.state.visible_variables(owner);
        let evaluated = place.and_then(|place| self.evaluate(place, &variables, owner.0, seed));
        // A panic has quarantined the instance.
        let _ = self.decide_after(self.steps, instance, |_, decision, process| match evaluated {
            Ok(mut evaluation) => {
                evaluation.key = EvaluationKey(decision.next_key());
                Run::new(process, decision).decision_evaluated(owner, evaluation);
            }
            Err(NotEvaluated { kind, message }) => {
                Run::new(process, decision).decision_missing(owner, kind, &message);
            }
        });
    }

    /// Evaluates for a caller outside.
    pub(crate) fn evaluate_decision(&mut self, evaluate: &EvaluateDecision) -> Outcome {
        let place = self.catalog.decisions.resolve(&evaluate.decision)?;
        let key = self.own_key();
        // A key is given once.
        let seed = key.raw().rotate_left(32) ^ self.now_ms.cast_unsigned();
        let evaluation = self
            .evaluate(place, &evaluate.variables, key, seed)
            .map_err(|not| Rejection::new(RejectionKind::Unavailable, not.message))?;
        Ok(Reply::Evaluated(Box::new(evaluation)))
    }

    /// Evaluates a decision of a graph in memory; `seed` is for what is random in it.
    fn evaluate(
        &self,
        place: DecisionPlace,
        variables: &Variables,
        key: Key,
        seed: u64,
    ) -> Result<Evaluation, NotEvaluated> {
        let broken =
            |message| NotEvaluated { kind: IncidentKind::DecisionEvaluationError, message };
        let graph = self.catalog.decisions.usable(place.graph).map_err(broken)?;
        let Some((row, decision)) = self.catalog.decisions.at(place) else {
            return Err(broken("the decision is gone; please report this".into()));
        };
        // Variables were checked to be JSON when they came.
        let value = |json: &Json| feel::Value::from_json(json.as_str()).unwrap_or_default();
        let context: feel::Context =
            variables.iter().map(|(name, json)| (&**name, value(json))).collect();
        let context = feel::Value::context(context);
        let now = feel::Now { ms: self.now_ms, seed };
        let evaluated = catch_unwind(AssertUnwindSafe(|| {
            graph.definitions.evaluate(&decision.id, &context, now)
        }));
        let evaluated = evaluated.map_err(|panic| {
            let why = crate::shard::panic_text(panic.as_ref());
            broken(format!("Fermata failed on this decision ({why}); please report this"))
        })?;
        let (failure, output) = match evaluated.failure {
            None => (None, Some(json(&evaluated.output))),
            Some(failure) => {
                let (decision_id, message) = (failure.decision_id.into(), failure.message.into());
                (Some(EvaluationFailure { decision_id, message }), None)
            }
        };
        Ok(Evaluation {
            key: EvaluationKey(key),
            decision: decision.key,
            id: decision.id.clone(),
            name: decision.name.clone(),
            version: decision.version,
            graph: row.key,
            graph_id: row.id.clone(),
            output,
            failure,
            decisions: evaluated.decisions.into_iter().map(|one| told(one, row)).collect(),
        })
    }
}

fn told(one: dmn::EvaluatedDecision, graph: &DecisionGraphRow) -> EvaluatedDecision {
    let deployed = graph.decisions.iter().find(|row| row.id == *one.id);
    let rule = |rule: dmn::MatchedRule| MatchedRule {
        id: rule.id.into(),
        index: rule.index,
        outputs: rule.outputs.into_iter().map(|out| value(out.id, out.name, &out.value)).collect(),
    };
    EvaluatedDecision {
        decision: deployed.map(|row| -> DecisionKey { row.key }),
        version: deployed.map_or(graph.version, |row| row.version),
        id: one.id.into(),
        name: one.name.into(),
        kind: one.kind.api_name().into(),
        output: Some(json(&one.output)),
        inputs: one
            .inputs
            .into_iter()
            .map(|input| value(input.id, input.name, &input.value))
            .collect(),
        rules: one.rules.into_iter().map(rule).collect(),
        reasons: one.reasons.into_iter().map(Text::from).collect(),
        left_out: 0,
    }
}

fn value(id: Arc<str>, name: Arc<str>, value: &feel::Value) -> EvaluatedValue {
    EvaluatedValue { id: id.into(), name: name.into(), value: Some(json(value)) }
}

fn json(value: &feel::Value) -> Json {
    Json::trusted(value.to_json())
}

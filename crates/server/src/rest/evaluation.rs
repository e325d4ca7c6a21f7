//! Evaluating a decision outside of any instance, and evaluations as the wire has them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{
    Command, DecisionRef, EvaluateDecision, EvaluatedDecision, EvaluatedValue, Evaluation, Json,
    MatchedRule, Reply,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::instances::unexpected;
use super::problem::Problem;
use super::wire::{self, Body, WireKey, json, key, tenant};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/decision-definitions/evaluation", post(evaluate))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EvaluateBody {
    decision_definition_key: Option<WireKey>,
    decision_definition_id: Option<String>,
    variables: Option<Box<RawValue>>,
    tenant_id: Option<String>,
}

/// The evaluation of a decision as the wire has it. Values are JSON as text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEvaluation {
    decision_definition_id: Arc<str>,
    decision_definition_key: WireKey,
    decision_definition_name: Arc<str>,
    decision_definition_version: i32,
    decision_evaluation_key: WireKey,
    decision_instance_key: WireKey,
    decision_requirements_id: Arc<str>,
    decision_requirements_key: WireKey,
    evaluated_decisions: Vec<WireDecision>,
    failed_decision_definition_id: Option<Arc<str>>,
    failure_message: Option<Arc<str>>,
    output: String,
    tenant_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDecision {
    decision_definition_id: Arc<str>,
    decision_definition_key: Option<WireKey>,
    decision_definition_name: Arc<str>,
    decision_definition_type: Arc<str>,
    decision_definition_version: i32,
    decision_evaluation_instance_key: String,
    evaluated_inputs: Vec<WireInput>,
    matched_rules: Vec<WireRule>,
    output: String,
    tenant_id: &'static str,
    /// Our own: why something became null.
    reasons: Vec<Arc<str>>,
}

#[derive(Serialize)]
pub(super) struct WireInput {
    #[serde(rename = "inputId")]
    id: Arc<str>,
    #[serde(rename = "inputName")]
    name: Arc<str>,
    #[serde(rename = "inputValue")]
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireRule {
    rule_id: Arc<str>,
    rule_index: u32,
    evaluated_outputs: Vec<WireOutput>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOutput {
    output_id: Arc<str>,
    output_name: Arc<str>,
    output_value: String,
    rule_id: Arc<str>,
    rule_index: u32,
}

/// The evaluation of one decision on the way to another one: its key and its place there, from 1.
pub(super) fn instance_key(evaluation: &Evaluation, place: usize) -> String {
    format!("{}-{place}", evaluation.key)
}

/// What is not kept because it was too large shows as null, as what failed does.
pub(super) fn value(value: Option<&Json>) -> String {
    value.map_or("null", Json::as_str).to_owned()
}

pub(super) fn inputs(decision: &EvaluatedDecision) -> Vec<WireInput> {
    let input = |input: &EvaluatedValue| WireInput {
        id: input.id.shared(),
        name: input.name.shared(),
        value: value(input.value.as_ref()),
    };
    decision.inputs.iter().map(input).collect()
}

pub(super) fn rules(decision: &EvaluatedDecision) -> Vec<WireRule> {
    let rule = |rule: &MatchedRule| WireRule {
        rule_id: rule.id.shared(),
        rule_index: rule.index,
        evaluated_outputs: rule
            .outputs
            .iter()
            .map(|output| WireOutput {
                output_id: output.id.shared(),
                output_name: output.name.shared(),
                output_value: value(output.value.as_ref()),
                rule_id: rule.id.shared(),
                rule_index: rule.index,
            })
            .collect(),
    };
    decision.rules.iter().map(rule).collect()
}

/// An evaluation for the wire.
pub(super) fn wire_evaluation(evaluation: &Evaluation) -> WireEvaluation {
    let decision = |(decision, place): (&EvaluatedDecision, usize)| WireDecision {
        decision_definition_id: decision.id.shared(),
        decision_definition_key: decision.decision.map(key),
        decision_definition_name: decision.name.shared(),
        decision_definition_type: decision.kind.shared(),
        decision_definition_version: decision.version,
        decision_evaluation_instance_key: instance_key(evaluation, place),
        evaluated_inputs: inputs(decision),
        matched_rules: rules(decision),
        output: value(decision.output.as_ref()),
        tenant_id: DEFAULT_TENANT,
        reasons: wire::shared(&decision.reasons),
    };
    let failure = evaluation.failure.as_ref();
    WireEvaluation {
        decision_definition_id: evaluation.id.shared(),
        decision_definition_key: key(evaluation.decision),
        decision_definition_name: evaluation.name.shared(),
        decision_definition_version: evaluation.version,
        decision_evaluation_key: key(evaluation.key),
        decision_instance_key: key(evaluation.key),
        decision_requirements_id: evaluation.graph_id.shared(),
        decision_requirements_key: key(evaluation.graph),
        evaluated_decisions: evaluation.decisions.iter().zip(1..).map(decision).collect(),
        failed_decision_definition_id: failure.map(|why| why.decision_id.shared()),
        failure_message: failure.map(|why| why.message.shared()),
        output: value(evaluation.output.as_ref()),
        tenant_id: DEFAULT_TENANT,
    }
}

async fn evaluate(
    State(host): State<Arc<Host>>,
    Body(body, bytes): Body<EvaluateBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    let id = body.decision_definition_id.filter(|id| !id.is_empty());
    let decision = match (body.decision_definition_key, id) {
        (Some(WireKey(key)), None) => DecisionRef::Key(key.into()),
        (None, Some(id)) => DecisionRef::Id(id.into()),
        (key, _) => {
            return Err(Problem::invalid(format!(
                "expected a decisionDefinitionKey or a decisionDefinitionId, but found {}",
                if key.is_some() { "both" } else { "neither" }
            )));
        }
    };
    let variables = wire::variables(body.variables.as_deref())?;
    let command = Command::Evaluate(EvaluateDecision { decision, variables });
    let Reply::Evaluated(evaluation) = host.command(command, bytes).await? else {
        return Err(unexpected());
    };
    Ok(json(&wire_evaluation(&evaluation)))
}

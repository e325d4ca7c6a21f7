//! Deployments and evaluations of decisions as the gateway's messages.

use base::{
    Command, DecisionGraphRow, DecisionRef, DeployedDefinition, EvaluateDecision,
    EvaluatedDecision, EvaluatedValue, Evaluation, Json, MatchedRule, Rejection, Reply,
};
use proto::gateway as wire;
use tonic::Status;
use wire::deployment::Metadata;

use super::convert::{Asked, unexpected};
use super::status::{key, status, tenant, variables};
use crate::DEFAULT_TENANT;

/// The answer to `DeployResource`.
pub(super) fn deployed(reply: &Reply) -> Result<wire::DeployResourceResponse, Status> {
    let Reply::Deployed { deployment, definitions, graphs } = reply else {
        return Err(unexpected());
    };
    let processes = definitions.iter().map(|definition| Metadata::Process(process(definition)));
    let deployments = processes.chain(graphs.iter().flat_map(graph));
    let deployments = deployments.map(|one| wire::Deployment { metadata: Some(one) }).collect();
    let (key, tenant_id) = (deployment.0.as_i64(), DEFAULT_TENANT.into());
    Ok(wire::DeployResourceResponse { key, deployments, tenant_id })
}

/// A process in a deployment.
pub(super) fn process(definition: &DeployedDefinition) -> wire::ProcessMetadata {
    wire::ProcessMetadata {
        bpmn_process_id: definition.id.to_string(),
        version: definition.version,
        process_definition_key: definition.key.0.as_i64(),
        resource_name: definition.resource_name.to_string(),
        tenant_id: DEFAULT_TENANT.into(),
    }
}

/// The decisions of a graph, then the graph.
fn graph(row: &DecisionGraphRow) -> impl Iterator<Item = Metadata> {
    let decision = |decision: &base::DecisionRow| {
        Metadata::Decision(wire::DecisionMetadata {
            dmn_decision_id: decision.id.to_string(),
            dmn_decision_name: decision.name.to_string(),
            version: decision.version,
            decision_key: decision.key.0.as_i64(),
            dmn_decision_requirements_id: row.id.to_string(),
            decision_requirements_key: row.key.0.as_i64(),
            tenant_id: DEFAULT_TENANT.into(),
        })
    };
    let graph = Metadata::DecisionRequirements(wire::DecisionRequirementsMetadata {
        dmn_decision_requirements_id: row.id.to_string(),
        dmn_decision_requirements_name: row.name.to_string(),
        version: row.version,
        decision_requirements_key: row.key.0.as_i64(),
        resource_name: row.resource_name.to_string(),
        tenant_id: DEFAULT_TENANT.into(),
    });
    row.decisions.iter().map(decision).collect::<Vec<_>>().into_iter().chain([graph])
}

/// `EvaluateDecision`.
pub(super) fn evaluate(request: wire::EvaluateDecisionRequest) -> Asked {
    tenant(&request.tenant_id)?;
    let by_key = request.decision_key != 0;
    let decision = match (by_key, request.decision_id.is_empty()) {
        (true, true) => DecisionRef::Key(key("a decision", request.decision_key)?.into()),
        (false, false) => DecisionRef::Id(request.decision_id.into()),
        (true, false) | (false, true) => {
            return Err(status(Rejection::invalid(format!(
                "expected a decision key or a decision id, but found {}",
                if by_key { "both" } else { "neither" }
            ))));
        }
    };
    let variables = variables(&request.variables)?;
    let command = Command::Evaluate(EvaluateDecision { decision, variables });
    Ok((command, request.variables.len()))
}

/// The answer to [`evaluate`]. Also a failed evaluation is one.
pub(super) fn evaluated(reply: &Reply) -> Result<wire::EvaluateDecisionResponse, Status> {
    let Reply::Evaluated(evaluation) = reply else { return Err(unexpected()) };
    let Evaluation { key, decision, id, name, version, graph, graph_id, .. } = &**evaluation;
    let failure = evaluation.failure.as_ref();
    Ok(wire::EvaluateDecisionResponse {
        decision_key: decision.0.as_i64(),
        decision_id: id.to_string(),
        decision_name: name.to_string(),
        decision_version: *version,
        decision_requirements_id: graph_id.to_string(),
        decision_requirements_key: graph.0.as_i64(),
        decision_output: json(evaluation.output.as_ref()),
        evaluated_decisions: evaluation.decisions.iter().map(decision_of).collect(),
        failed_decision_id: failure.map(|why| why.decision_id.to_string()).unwrap_or_default(),
        failure_message: failure.map(|why| why.message.to_string()).unwrap_or_default(),
        tenant_id: DEFAULT_TENANT.into(),
        decision_instance_key: key.0.as_i64(),
    })
}

fn decision_of(decision: &EvaluatedDecision) -> wire::EvaluatedDecision {
    wire::EvaluatedDecision {
        decision_key: decision.decision.map_or(0, |key| key.0.as_i64()),
        decision_id: decision.id.to_string(),
        decision_name: decision.name.to_string(),
        decision_version: decision.version,
        decision_type: decision.kind.to_string(),
        decision_output: json(decision.output.as_ref()),
        matched_rules: decision.rules.iter().map(rule).collect(),
        evaluated_inputs: decision.inputs.iter().map(input).collect(),
        tenant_id: DEFAULT_TENANT.into(),
    }
}

fn input(input: &EvaluatedValue) -> wire::EvaluatedDecisionInput {
    wire::EvaluatedDecisionInput {
        input_id: input.id.to_string(),
        input_name: input.name.to_string(),
        input_value: json(input.value.as_ref()),
    }
}

fn rule(rule: &MatchedRule) -> wire::MatchedDecisionRule {
    let output = |output: &EvaluatedValue| wire::EvaluatedDecisionOutput {
        output_id: output.id.to_string(),
        output_name: output.name.to_string(),
        output_value: json(output.value.as_ref()),
    };
    wire::MatchedDecisionRule {
        rule_id: rule.id.to_string(),
        rule_index: i32::try_from(rule.index).unwrap_or(i32::MAX),
        evaluated_outputs: rule.outputs.iter().map(output).collect(),
    }
}

fn json(value: Option<&Json>) -> String {
    value.map_or("null", Json::as_str).to_owned()
}

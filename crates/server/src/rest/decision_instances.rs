//! Decision instances: the evaluations of business rule tasks, found in the log of their instance.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use base::{ElementKey, EvaluatedDecision, Evaluation, Event};
use serde::Serialize;
use store::Value;

use super::evaluation::{WireInput, WireRule, inputs, instance_key, rules, value};
use super::filter::{Field, Kind};
use super::history::{self, Past};
use super::problem::Problem;
use super::search::{self, SearchBody};
use super::wire::{Body, WireKey, WireTime, json, key, parse_key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/decision-instances/search", post(find))
        .route("/decision-instances/{key}", get(one))
}

/// An evaluation of a business rule task.
pub(super) struct FoundEvaluation<'a> {
    /// When.
    pub(super) at_ms: i64,
    /// The task.
    pub(super) owner: ElementKey,
    /// What the log says of it.
    pub(super) evaluation: &'a Evaluation,
}

impl Past {
    /// All evaluations, in order.
    pub(super) fn evaluations(&self) -> impl Iterator<Item = FoundEvaluation<'_>> {
        self.history.timeline.iter().filter_map(|entry| match &entry.event {
            Event::DecisionEvaluated { owner, evaluation } => {
                Some(FoundEvaluation { at_ms: entry.at_ms, owner: *owner, evaluation })
            }
            _ => None,
        })
    }
}

/// One decision of an evaluation.
#[derive(Clone, Copy)]
struct Row<'a> {
    past: &'a Past,
    at_ms: i64,
    owner: ElementKey,
    evaluation: &'a Evaluation,
    decision: &'a EvaluatedDecision,
    /// From 1.
    place: usize,
}

fn rows(past: &Past) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for FoundEvaluation { at_ms, owner, evaluation } in past.evaluations() {
        for (decision, place) in evaluation.decisions.iter().zip(1..) {
            rows.push(Row { past, at_ms, owner, evaluation, decision, place });
        }
    }
    rows
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireInstance {
    decision_evaluation_instance_key: String,
    decision_evaluation_key: WireKey,
    state: &'static str,
    evaluation_date: WireTime,
    evaluation_failure: Option<Arc<str>>,
    process_definition_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    element_instance_key: WireKey,
    decision_definition_key: Option<WireKey>,
    decision_definition_id: Arc<str>,
    decision_definition_name: Arc<str>,
    decision_definition_version: i32,
    decision_definition_type: &'static str,
    decision_requirements_id: Arc<str>,
    decision_requirements_key: WireKey,
    root_decision_definition_key: WireKey,
    result: String,
    business_id: Option<Arc<str>>,
    tenant_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluated_inputs: Option<Vec<WireInput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_rules: Option<Vec<WireRule>>,
}

impl Row<'_> {
    fn failure(&self) -> Option<&base::Text> {
        let failure = self.evaluation.failure.as_ref();
        failure.filter(|why| why.decision_id == self.decision.id).map(|why| &why.message)
    }

    fn state(&self) -> &'static str {
        if self.failure().is_some() { "FAILED" } else { "EVALUATED" }
    }

    /// Clients refuse kinds that they do not know.
    fn kind(&self) -> &'static str {
        TYPES.iter().find(|known| self.decision.kind == **known).unwrap_or(&"UNKNOWN")
    }

    fn wire(&self, whole: bool) -> WireInstance {
        WireInstance {
            decision_evaluation_instance_key: instance_key(self.evaluation, self.place),
            decision_evaluation_key: key(self.evaluation.key),
            state: self.state(),
            evaluation_date: WireTime(self.at_ms),
            evaluation_failure: self.failure().map(base::Text::shared),
            process_definition_key: key(self.past.row.definition),
            process_instance_key: key(self.past.row.instance),
            root_process_instance_key: key(self.past.row.root()),
            element_instance_key: key(self.owner),
            decision_definition_key: self.decision.decision.map(key),
            decision_definition_id: self.decision.id.shared(),
            decision_definition_name: self.decision.name.shared(),
            decision_definition_version: self.decision.version,
            decision_definition_type: self.kind(),
            decision_requirements_id: self.evaluation.graph_id.shared(),
            decision_requirements_key: key(self.evaluation.graph),
            root_decision_definition_key: key(self.evaluation.decision),
            result: value(self.decision.output.as_ref()),
            business_id: self.past.row.business_id.as_ref().map(base::Text::shared),
            tenant_id: DEFAULT_TENANT,
            evaluated_inputs: whole.then(|| inputs(self.decision)),
            matched_rules: whole.then(|| rules(self.decision)),
        }
    }

    fn values(&self, field: &str) -> Vec<Value> {
        let text = |text: &str| vec![Value::Text(text.to_owned())];
        let number = |number: i64| vec![Value::Number(number)];
        match field {
            "decisionEvaluationInstanceKey" => text(&instance_key(self.evaluation, self.place)),
            "decisionEvaluationKey" => number(self.evaluation.key.0.as_i64()),
            "state" => text(self.state()),
            "evaluationDate" => number(self.at_ms),
            "evaluationFailure" => self.failure().map(|why| text(why)).unwrap_or_default(),
            "decisionDefinitionKey" => {
                self.decision.decision.map(|key| number(key.0.as_i64())).unwrap_or_default()
            }
            "decisionDefinitionId" => text(&self.decision.id),
            "decisionDefinitionName" => text(&self.decision.name),
            "decisionDefinitionVersion" => number(self.decision.version.into()),
            "decisionDefinitionType" => text(self.kind()),
            "businessId" => self.past.row.business_id.as_deref().map(text).unwrap_or_default(),
            "decisionRequirementsKey" => number(self.evaluation.graph.0.as_i64()),
            "rootDecisionDefinitionKey" => number(self.evaluation.decision.0.as_i64()),
            "processDefinitionKey" => number(self.past.row.definition.0.as_i64()),
            "processInstanceKey" => number(self.past.row.instance.0.as_i64()),
            "rootProcessInstanceKey" => number(self.past.row.root().0.as_i64()),
            "elementInstanceKey" => number(self.owner.0.as_i64()),
            _ => text(DEFAULT_TENANT),
        }
    }
}

/// The kinds of logic that Camunda 8 knows.
const TYPES: &[&str] = &["DECISION_TABLE", "LITERAL_EXPRESSION", "UNKNOWN", "UNSPECIFIED"];

const FIELDS: &[Field] = &[
    ("decisionEvaluationInstanceKey", Kind::Text),
    ("decisionEvaluationKey", Kind::Key),
    ("state", Kind::Name(&["EVALUATED", "FAILED", "UNSPECIFIED"])),
    ("evaluationDate", Kind::Time),
    ("evaluationFailure", Kind::Text),
    ("decisionDefinitionKey", Kind::Key),
    ("decisionDefinitionId", Kind::Text),
    ("decisionDefinitionName", Kind::Text),
    ("decisionDefinitionVersion", Kind::Integer),
    ("decisionDefinitionType", Kind::Name(TYPES)),
    ("businessId", Kind::Text),
    ("decisionRequirementsKey", Kind::Key),
    ("rootDecisionDefinitionKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processInstanceKey", Kind::Key),
    ("rootProcessInstanceKey", Kind::Key),
    ("elementInstanceKey", Kind::Key),
    ("tenantId", Kind::Text),
];

const SORTS: &[&str] = &[
    "decisionEvaluationInstanceKey",
    "decisionEvaluationKey",
    "state",
    "evaluationDate",
    "evaluationFailure",
    "decisionDefinitionKey",
    "decisionDefinitionId",
    "decisionDefinitionName",
    "decisionDefinitionVersion",
    "decisionDefinitionType",
    "businessId",
    "rootDecisionDefinitionKey",
    "processDefinitionKey",
    "processInstanceKey",
    "elementInstanceKey",
    "tenantId",
];

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let owner = ["processInstanceKey", "elementInstanceKey", "decisionEvaluationKey"];
    let Some(owner) = owner.iter().find_map(|field| search.key(field)) else {
        return Err(Problem::invalid(
            "expected the filter to name a processInstanceKey, an elementInstanceKey or a \
             decisionEvaluationKey: evaluations are kept in the log of their instance; those that \
             were asked for without an instance are not kept",
        ));
    };
    let past = history::of_key(&host, owner).await?;
    let rows = past.as_ref().map(rows).unwrap_or_default();
    let found = search::pick(rows, &search, Row::values);
    Ok(found.body(|row| row.wire(false)))
}

async fn one(
    State(host): State<Arc<Host>>,
    Path(asked): Path<String>,
) -> Result<Response, Problem> {
    let none = || {
        Problem::not_found(format!(
            "expected `{asked}` to be the decisionEvaluationInstanceKey of an evaluation in a \
             process instance, but there is none with this key"
        ))
    };
    let (evaluation, _) = asked.split_once('-').ok_or_else(none)?;
    let evaluation = parse_key(evaluation).map_err(|_| none())?;
    let past = history::of_key(&host, evaluation).await?.ok_or_else(none)?;
    let rows = rows(&past);
    let row = rows.iter().find(|row| instance_key(row.evaluation, row.place) == asked);
    Ok(json(&row.ok_or_else(none)?.wire(true)))
}

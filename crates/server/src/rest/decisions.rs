//! Decision definitions and decision requirements: find, read the model.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base::{DecisionGraphKey, DecisionGraphRow, DecisionRef, DecisionRow, Key, Text};
use serde::Serialize;
use store::Value;

use super::filter::{Field, Kind};
use super::problem::Problem;
use super::search::{self, SearchBody};
use super::wire::{Body, PathKey, WireKey, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/decision-definitions/search", post(find_decisions))
        .route("/decision-definitions/{key}", get(decision))
        .route("/decision-definitions/{key}/xml", get(decision_xml))
        .route("/decision-requirements/search", post(find_graphs))
        .route("/decision-requirements/{key}", get(graph))
        .route("/decision-requirements/{key}/xml", get(graph_xml))
}

/// A decision as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDecision {
    decision_definition_id: Arc<str>,
    name: Arc<str>,
    version: i32,
    version_tag: Option<Arc<str>>,
    decision_requirements_id: Arc<str>,
    decision_requirements_name: Arc<str>,
    decision_requirements_version: i32,
    tenant_id: &'static str,
    decision_definition_key: WireKey,
    decision_requirements_key: WireKey,
}

fn wire_decision(graph: &DecisionGraphRow, row: &DecisionRow) -> WireDecision {
    WireDecision {
        decision_definition_id: row.id.shared(),
        name: row.name.shared(),
        version: row.version,
        version_tag: row.version_tag.as_ref().map(Text::shared),
        decision_requirements_id: graph.id.shared(),
        decision_requirements_name: graph.name.shared(),
        decision_requirements_version: graph.version,
        tenant_id: DEFAULT_TENANT,
        decision_definition_key: key(row.key),
        decision_requirements_key: key(graph.key),
    }
}

/// A decision requirements graph as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGraph {
    decision_requirements_id: Arc<str>,
    decision_requirements_name: Arc<str>,
    version: i32,
    resource_name: Arc<str>,
    tenant_id: &'static str,
    decision_requirements_key: WireKey,
}

fn wire_graph(row: &DecisionGraphRow) -> WireGraph {
    WireGraph {
        decision_requirements_id: row.id.shared(),
        decision_requirements_name: row.name.shared(),
        version: row.version,
        resource_name: row.resource_name.shared(),
        tenant_id: DEFAULT_TENANT,
        decision_requirements_key: key(row.key),
    }
}

/// The decision with this key, and its graph.
fn one(host: &Host, key: Key) -> Result<(DecisionGraphRow, DecisionRow), Problem> {
    host.with_decisions(|decisions| {
        let place = decisions.resolve(&DecisionRef::Key(key.into()))?;
        let (graph, row) = decisions
            .at(place)
            .ok_or_else(|| Problem::not_found(format!("the decision {key} is gone")))?;
        Ok((graph.clone(), row.clone()))
    })
}

async fn decision(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    let (graph, row) = one(&host, key)?;
    Ok(json(&wire_decision(&graph, &row)))
}

async fn decision_xml(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    let (graph, _) = one(&host, key)?;
    file(&host, graph.key).await
}

async fn graph(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let row = host.with_decisions(|decisions| decisions.graph(key.into()).cloned())?;
    Ok(json(&wire_graph(&row)))
}

async fn graph_xml(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    let key = DecisionGraphKey(key);
    host.with_decisions(|decisions| decisions.graph(key).map(drop))?;
    file(&host, key).await
}

async fn file(host: &Host, key: DecisionGraphKey) -> Result<Response, Problem> {
    let row = host.read(move |reader| reader.decision_graph(key)).await?;
    let row = row.ok_or_else(|| Problem::not_found(format!("the model of {key} is gone")))?;
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    Ok((headers, row.resource.to_vec()).into_response())
}

const DECISION_FIELDS: &[Field] = &[
    ("decisionDefinitionKey", Kind::Key),
    ("decisionDefinitionId", Kind::Text),
    ("name", Kind::Text),
    ("version", Kind::Integer),
    ("versionTag", Kind::Text),
    ("isLatestVersion", Kind::Flag),
    ("decisionRequirementsId", Kind::Text),
    ("decisionRequirementsKey", Kind::Key),
    ("decisionRequirementsName", Kind::Text),
    ("decisionRequirementsVersion", Kind::Integer),
    ("tenantId", Kind::Text),
];

const DECISION_SORTS: &[&str] = &[
    "decisionDefinitionKey",
    "decisionDefinitionId",
    "name",
    "version",
    "decisionRequirementsId",
    "decisionRequirementsKey",
    "decisionRequirementsName",
    "decisionRequirementsVersion",
    "tenantId",
];

fn text(text: &str) -> Vec<Value> {
    vec![Value::Text(text.to_owned())]
}

fn number(number: impl Into<i64>) -> Vec<Value> {
    vec![Value::Number(number.into())]
}

fn decision_values(
    graph: &DecisionGraphRow,
    row: &DecisionRow,
    newest: &HashMap<Text, i32>,
    field: &str,
) -> Vec<Value> {
    match field {
        "decisionDefinitionKey" => number(row.key.0.as_i64()),
        "decisionDefinitionId" => text(&row.id),
        "name" => text(&row.name),
        "version" => number(row.version),
        "versionTag" => row.version_tag.as_deref().map(text).unwrap_or_default(),
        "isLatestVersion" => number(newest.get(&row.id) == Some(&row.version)),
        "decisionRequirementsId" => text(&graph.id),
        "decisionRequirementsKey" => number(graph.key.0.as_i64()),
        "decisionRequirementsName" => text(&graph.name),
        "decisionRequirementsVersion" => number(graph.version),
        _ => text(DEFAULT_TENANT),
    }
}

async fn find_decisions(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(DECISION_FIELDS, DECISION_SORTS)?;
    let mut graphs = host.read(|reader| reader.decision_graphs()).await?;
    graphs.retain(|graph| graph.deleted_ms.is_none());
    let mut newest: HashMap<Text, i32> = HashMap::new();
    let mut rows = Vec::new();
    for (at, graph) in graphs.iter().enumerate() {
        for row in &graph.decisions {
            let known = newest.entry(row.id.clone()).or_default();
            *known = row.version.max(*known);
            rows.push((at, row.clone()));
        }
    }
    rows.sort_by_key(|(_, row)| row.key);
    let found = search::pick(rows, &search, |(at, row), field| {
        decision_values(&graphs[*at], row, &newest, field)
    });
    Ok(found.body(|(at, row)| wire_decision(&graphs[at], &row)))
}

const GRAPH_FIELDS: &[Field] = &[
    ("decisionRequirementsKey", Kind::Key),
    ("decisionRequirementsId", Kind::Text),
    ("decisionRequirementsName", Kind::Text),
    ("resourceName", Kind::Text),
    ("version", Kind::Integer),
    ("tenantId", Kind::Text),
];

const GRAPH_SORTS: &[&str] = &[
    "decisionRequirementsKey",
    "decisionRequirementsId",
    "decisionRequirementsName",
    "version",
    "tenantId",
];

fn graph_values(row: &DecisionGraphRow, field: &str) -> Vec<Value> {
    match field {
        "decisionRequirementsKey" => number(row.key.0.as_i64()),
        "decisionRequirementsId" => text(&row.id),
        "decisionRequirementsName" => text(&row.name),
        "resourceName" => text(&row.resource_name),
        "version" => number(row.version),
        _ => text(DEFAULT_TENANT),
    }
}

async fn find_graphs(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(GRAPH_FIELDS, GRAPH_SORTS)?;
    let mut rows = host.read(|reader| reader.decision_graphs()).await?;
    rows.retain(|row| row.deleted_ms.is_none());
    let found = search::pick(rows, &search, graph_values);
    Ok(found.body(|row| wire_graph(&row)))
}

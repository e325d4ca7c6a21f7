//! Element instances: found in the log of their instance; their variables are set.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use base::{Command, ElementKey, Key};
use instance::{ElementRecord, ElementState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::Value;

use super::filter::{Field, Kind};
use super::history::{self, Past};
use super::problem::Problem;
use super::search::{self, Search, SearchBody};
use super::wire::{self, Body, PathKey, WireKey, WireTime, done, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/element-instances/search", post(find))
        .route("/element-instances/{key}", get(one))
        .route("/element-instances/{key}/variables", put(set_variables))
}

/// An element instance as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireElement {
    process_definition_id: Arc<str>,
    start_date: WireTime,
    end_date: Option<WireTime>,
    element_id: String,
    element_name: String,
    r#type: &'static str,
    state: &'static str,
    has_incident: bool,
    tenant_id: &'static str,
    element_instance_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    process_definition_key: WireKey,
    incident_key: Option<WireKey>,
}

/// The elements that have an open incident, or in which there is one.
fn with_incident(past: &Past) -> HashSet<ElementKey> {
    let open = past.history.elements.iter().filter(|element| element.incident.is_some());
    open.flat_map(|element| past.scopes(element.key)).map(|scope| scope.key).collect()
}

/// How an element stands, in the words of the API.
pub(super) fn state(element: &ElementRecord) -> &'static str {
    match element.state {
        ElementState::Active => "ACTIVE",
        ElementState::Completed => "COMPLETED",
        ElementState::Terminated => "TERMINATED",
    }
}

fn wire_element(
    past: &Past,
    incidents: &HashSet<ElementKey>,
    element: &ElementRecord,
) -> WireElement {
    WireElement {
        process_definition_id: past.process_id(element.definition).shared(),
        start_date: WireTime(element.started_ms),
        end_date: element.ended_ms.map(WireTime),
        element_id: past.id(element).to_owned(),
        element_name: past.name(element).to_owned(),
        r#type: past.kind(element),
        state: state(element),
        has_incident: incidents.contains(&element.key),
        tenant_id: DEFAULT_TENANT,
        element_instance_key: key(element.key),
        process_instance_key: key(past.row.instance),
        root_process_instance_key: key(past.row.root()),
        process_definition_key: key(element.definition),
        incident_key: element.incident.map(key),
    }
}

/// Why a key names no element instance.
pub(super) fn no_element(key: Key) -> Problem {
    Problem::not_found(format!(
        "expected {key} to be an element instance, but there is none with this key"
    ))
}

async fn one(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let past = history::of_key(&host, key).await?.ok_or_else(|| no_element(key))?;
    let element = past.element(ElementKey(key)).ok_or_else(|| no_element(key))?;
    Ok(json(&wire_element(&past, &with_incident(&past), element)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VariablesBody {
    variables: Box<RawValue>,
    local: Option<bool>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

async fn set_variables(
    State(host): State<Arc<Host>>,
    PathKey(scope): PathKey,
    Body(body, bytes): Body<VariablesBody>,
) -> Result<Response, Problem> {
    let command = Command::SetVariables {
        scope: scope.into(),
        variables: wire::variables(Some(&body.variables))?,
        local: body.local.unwrap_or(false),
    };
    host.command(command, bytes).await?;
    Ok(done())
}

/// The element types that Camunda 8 knows.
const TYPES: &[&str] = &[
    "UNSPECIFIED",
    "PROCESS",
    "SUB_PROCESS",
    "EVENT_SUB_PROCESS",
    "TRANSACTION",
    "AD_HOC_SUB_PROCESS",
    "AD_HOC_SUB_PROCESS_INNER_INSTANCE",
    "START_EVENT",
    "INTERMEDIATE_CATCH_EVENT",
    "INTERMEDIATE_THROW_EVENT",
    "BOUNDARY_EVENT",
    "END_EVENT",
    "SERVICE_TASK",
    "RECEIVE_TASK",
    "USER_TASK",
    "MANUAL_TASK",
    "TASK",
    "EXCLUSIVE_GATEWAY",
    "INCLUSIVE_GATEWAY",
    "PARALLEL_GATEWAY",
    "EVENT_BASED_GATEWAY",
    "SEQUENCE_FLOW",
    "MULTI_INSTANCE_BODY",
    "CALL_ACTIVITY",
    "BUSINESS_RULE_TASK",
    "SCRIPT_TASK",
    "SEND_TASK",
    "UNKNOWN",
];

const FIELDS: &[Field] = &[
    ("elementInstanceKey", Kind::Key),
    ("processInstanceKey", Kind::Key),
    ("elementInstanceScopeKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("elementId", Kind::Text),
    ("elementName", Kind::Text),
    ("type", Kind::Name(TYPES)),
    ("state", Kind::Name(&["ACTIVE", "COMPLETED", "TERMINATED"])),
    ("hasIncident", Kind::Flag),
    ("incidentKey", Kind::Key),
    ("startDate", Kind::Time),
    ("endDate", Kind::Time),
    ("tenantId", Kind::Text),
    ("$or", Kind::Later),
];

const SORTS: &[&str] = &[
    "elementInstanceKey",
    "processInstanceKey",
    "processDefinitionKey",
    "processDefinitionId",
    "startDate",
    "endDate",
    "elementId",
    "elementName",
    "type",
    "state",
    "incidentKey",
    "tenantId",
];

fn values(
    past: &Past,
    incidents: &HashSet<ElementKey>,
    element: &ElementRecord,
    field: &str,
) -> Vec<Value> {
    let number = |key: Key| vec![Value::Number(key.as_i64())];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    match field {
        "elementInstanceKey" => number(element.key.0),
        "processInstanceKey" => number(past.row.instance.0),
        // The root is in no scope.
        "elementInstanceScopeKey" if element.scope == element.key => Vec::new(),
        "elementInstanceScopeKey" => number(element.scope.0),
        "processDefinitionKey" => number(element.definition.0),
        "processDefinitionId" => text(&past.process_id(element.definition)),
        "elementId" => text(past.id(element)),
        "elementName" => text(past.name(element)),
        "type" => text(past.kind(element)),
        "state" => text(state(element)),
        "hasIncident" => vec![Value::Number(incidents.contains(&element.key).into())],
        "incidentKey" => element.incident.map(|key| number(key.0)).unwrap_or_default(),
        "startDate" => vec![Value::Number(element.started_ms)],
        "endDate" => element.ended_ms.map(Value::Number).into_iter().collect(),
        _ => text(DEFAULT_TENANT),
    }
}

/// The one instance that a search is about: these fields of its filter say which.
pub(super) async fn searched(
    host: &Host,
    search: &Search,
    what: &str,
    fields: &[&str],
) -> Result<Option<Past>, Problem> {
    if let Some(instance) = search.instance() {
        return history::of_instance(host, instance).await;
    }
    match fields.iter().find_map(|field| search.key(field)) {
        Some(key) => history::of_key(host, key).await,
        None => Err(Problem::invalid(format!(
            "expected the filter to name one processInstanceKey (or {}): {what} are kept in the \
             log of their instance",
            fields.join(" or ")
        ))),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let by = ["elementInstanceScopeKey", "elementInstanceKey"];
    let Some(past) = searched(&host, &search, "element instances", &by).await? else {
        let none = search::pick(Vec::<WireElement>::new(), &search, |_, _| Vec::new());
        return Ok(none.body(|element| element));
    };
    let incidents = with_incident(&past);
    let elements: Vec<_> = past.history.elements.iter().collect();
    let found =
        search::pick(elements, &search, |element, field| values(&past, &incidents, element, field));
    Ok(found.body(|element| wire_element(&past, &incidents, element)))
}

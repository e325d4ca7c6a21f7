//! Incidents: find, resolve. Open ones are rows of the store; resolved ones are in the log of their
//! instance.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base::{Command, ElementKey, InstanceKey, Key};
use serde::{Deserialize, Serialize};
use store::{Condition, IncidentColumn, Query, Test, Value};

use super::filter::{Field, Kind};
use super::history;
use super::instances::no_instance;
use super::names::roots;
use super::past::FoundIncident;
use super::problem::Problem;
use super::search::{self, Reach, Search, SearchBody, Source};
use super::wire::{Body, PathKey, WireKey, WireTime, done, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/incidents/search", post(find))
        .route("/incidents/{key}", get(one))
        .route("/incidents/{key}/resolution", post(resolve))
        .route("/process-instances/{key}/incidents/search", post(find_of_instance))
        .route("/element-instances/{key}/incidents/search", post(find_of_element))
}

/// An incident as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireIncident {
    process_definition_id: Arc<str>,
    error_type: &'static str,
    error_message: Arc<str>,
    element_id: Arc<str>,
    creation_time: WireTime,
    state: &'static str,
    tenant_id: &'static str,
    incident_key: WireKey,
    process_definition_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    element_instance_key: WireKey,
    job_key: Option<WireKey>,
}

/// An incident; `root` is the instance at the beginning of the chain of calls that its instance is in.
pub(super) fn wire_incident(found: FoundIncident, root: InstanceKey) -> WireIncident {
    let row = found.row;
    WireIncident {
        process_definition_id: row.process_id.shared(),
        error_type: error_type(row.kind.name()),
        error_message: row.message.shared(),
        element_id: row.element_id.shared(),
        creation_time: WireTime(row.created_ms),
        state: found.state,
        tenant_id: DEFAULT_TENANT,
        incident_key: key(row.incident),
        process_definition_key: key(row.definition),
        process_instance_key: key(row.instance),
        root_process_instance_key: key(root),
        element_instance_key: key(row.owner),
        job_key: row.job.map(key),
    }
}

/// Our names of incidents' kinds, and the API's: clients refuse words that they do not know.
const ERROR_TYPES: &[(&str, &str)] = &[
    ("JOB_NO_RETRIES", "JOB_NO_RETRIES"),
    ("CONDITION_ERROR", "CONDITION_ERROR"),
    ("EXTRACT_VALUE_ERROR", "EXTRACT_VALUE_ERROR"),
    ("IO_MAPPING_ERROR", "IO_MAPPING_ERROR"),
    ("UNHANDLED_ERROR_EVENT", "UNHANDLED_ERROR_EVENT"),
    ("CALLED_DECISION_ERROR", "CALLED_DECISION_ERROR"),
    ("CALLED_ELEMENT_ERROR", "CALLED_ELEMENT_ERROR"),
    ("DECISION_EVALUATION_ERROR", "DECISION_EVALUATION_ERROR"),
    ("EXECUTION_LISTENER_NO_RETRIES", "EXECUTION_LISTENER_NO_RETRIES"),
    ("TASK_LISTENER_NO_RETRIES", "TASK_LISTENER_NO_RETRIES"),
    ("AD_HOC_SUB_PROCESS_NO_RETRIES", "AD_HOC_SUB_PROCESS_NO_RETRIES"),
    ("STEP_LIMIT", "UNKNOWN"),
    ("DEADLOCK", "UNKNOWN"),
    ("UNKNOWN", "UNKNOWN"),
];

fn error_type(kind: &str) -> &'static str {
    ERROR_TYPES.iter().find(|(ours, _)| *ours == kind).map_or("UNKNOWN", |(_, theirs)| theirs)
}

async fn one(
    State(host): State<Arc<Host>>,
    PathKey(incident): PathKey,
) -> Result<Response, Problem> {
    let test = Test::Is(Value::Number(incident.as_i64()));
    let condition = Condition { column: IncidentColumn::Key, test };
    let query = Query { conditions: vec![condition], ..Query::default() };
    let open = host.read(move |reader| reader.find_incidents(&query)).await?;
    if let Some(row) = open.rows.into_iter().next() {
        let instance = super::instances::row(&host, row.instance).await?;
        return Ok(json(&wire_incident(row.into(), instance.root())));
    }
    let past = history::of_key(&host, incident).await?;
    let resolved =
        past.iter().flat_map(|past| past.incidents().into_iter().map(|one| (one, past.row.root())));
    let mut resolved = resolved.filter(|(found, _)| found.row.incident.0 == incident);
    let (found, root) = resolved.next().ok_or_else(|| {
        Problem::not_found(format!(
            "expected {incident} to be an incident, but there is none with this key"
        ))
    })?;
    Ok(json(&wire_incident(found, root)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResolutionBody {
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

async fn resolve(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(ResolutionBody { .. }, bytes): Body<ResolutionBody>,
) -> Result<Response, Problem> {
    host.command(Command::ResolveIncident { incident: key.into() }, bytes).await?;
    Ok(done())
}

const FIELDS: &[Field] = &[
    ("incidentKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("processInstanceKey", Kind::Key),
    (
        "errorType",
        Kind::Name(&[
            "AD_HOC_SUB_PROCESS_NO_RETRIES",
            "CALLED_DECISION_ERROR",
            "CALLED_ELEMENT_ERROR",
            "CONDITION_ERROR",
            "DECISION_EVALUATION_ERROR",
            "EXECUTION_LISTENER_NO_RETRIES",
            "EXTRACT_VALUE_ERROR",
            "FORM_NOT_FOUND",
            "IO_MAPPING_ERROR",
            "JOB_NO_RETRIES",
            "MESSAGE_SIZE_EXCEEDED",
            "RESOURCE_NOT_FOUND",
            "SECRET_RESOLUTION_ERROR",
            "TASK_LISTENER_NO_RETRIES",
            "UNHANDLED_ERROR_EVENT",
            "UNKNOWN",
            "UNSPECIFIED",
        ]),
    ),
    ("errorMessage", Kind::Text),
    ("elementId", Kind::Text),
    ("elementInstanceKey", Kind::Key),
    ("jobKey", Kind::Key),
    ("creationTime", Kind::Time),
    ("state", Kind::Name(&["ACTIVE", "MIGRATED", "PENDING", "RESOLVED", "UNKNOWN"])),
    ("tenantId", Kind::Text),
];

const SORTS: &[&str] = &[
    "incidentKey",
    "processDefinitionKey",
    "processDefinitionId",
    "processInstanceKey",
    "errorType",
    "elementId",
    "elementInstanceKey",
    "creationTime",
    "state",
    "jobKey",
    "tenantId",
];

fn source(field: &str) -> Source<IncidentColumn> {
    match field {
        "incidentKey" => Source::Column(IncidentColumn::Key),
        "processDefinitionKey" => Source::Column(IncidentColumn::Definition),
        "processDefinitionId" => Source::Column(IncidentColumn::ProcessId),
        "processInstanceKey" => Source::Column(IncidentColumn::Instance),
        "errorType" => Source::Renamed(IncidentColumn::Kind, ERROR_TYPES),
        "errorMessage" => Source::Column(IncidentColumn::Message),
        "elementId" => Source::Column(IncidentColumn::ElementId),
        "elementInstanceKey" => Source::Column(IncidentColumn::ElementKey),
        "jobKey" => Source::Column(IncidentColumn::Job),
        "creationTime" => Source::Column(IncidentColumn::CreatedMs),
        "state" => Source::Constant(Some(Value::Text("ACTIVE".into()))),
        _ => search::tenant(),
    }
}

fn values(found: &FoundIncident, field: &str) -> Vec<Value> {
    let number = |key: Key| vec![Value::Number(key.as_i64())];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    let row = &found.row;
    match field {
        "incidentKey" => number(row.incident.0),
        "processDefinitionKey" => number(row.definition.0),
        "processDefinitionId" => text(&row.process_id),
        "processInstanceKey" => number(row.instance.0),
        "errorType" => text(error_type(row.kind.name())),
        "errorMessage" => text(&row.message),
        "elementId" => text(&row.element_id),
        "elementInstanceKey" => number(row.owner.0),
        "jobKey" => row.job.map(|job| number(job.0)).unwrap_or_default(),
        "creationTime" => vec![Value::Number(row.created_ms)],
        "state" => text(found.state),
        _ => text(DEFAULT_TENANT),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    match search.reach("incidents", &["ACTIVE"])? {
        Reach::Live => {
            let found =
                search::ask(&host, search, source, |reader, query| reader.find_incidents(query));
            let found = found.await?;
            let instances = found.rows.iter().map(|row| row.instance).collect();
            let roots = roots(&host, instances).await?;
            let root = |instance| roots.get(&instance).copied().unwrap_or(instance);
            Ok(found.body(|row| {
                let root = root(row.instance);
                wire_incident(row.into(), root)
            }))
        }
        Reach::Log(instance) => {
            let past = history::of_instance(&host, instance).await?;
            let root = past.as_ref().map_or(instance, |past| past.row.root());
            let incidents = past.map(|past| past.incidents()).unwrap_or_default();
            Ok(pick(incidents, root, &search))
        }
    }
}

/// Incidents of one instance, in the chain of calls that begins with `root`.
fn pick(incidents: Vec<FoundIncident>, root: InstanceKey, search: &Search) -> Response {
    search::pick(incidents, search, values).body(|found| wire_incident(found, root))
}

async fn find_of_instance(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let instance = InstanceKey(key);
    let past = history::of_instance(&host, instance).await?;
    let past = past.ok_or_else(|| no_instance(instance))?;
    Ok(pick(past.incidents(), past.row.root(), &search))
}

/// The incidents of an element instance and of what is in it.
async fn find_of_element(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let past = history::of_key(&host, key).await?;
    let past = past.filter(|past| past.element(ElementKey(key)).is_some());
    let past = past.ok_or_else(|| super::elements::no_element(key))?;
    let mut incidents = past.incidents();
    incidents.retain(|found| past.scopes(found.row.owner).any(|scope| scope.key.0 == key));
    Ok(pick(incidents, past.row.root(), &search))
}

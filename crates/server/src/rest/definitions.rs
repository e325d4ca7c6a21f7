//! Process definitions: find, read the model.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base::{DefinitionKey, DefinitionRef, DefinitionRow, Text};
use serde::Serialize;
use store::Value;

use super::filter::{Field, Kind};
use super::problem::Problem;
use super::search::{self, SearchBody};
use super::wire::{Body, PathKey, WireKey, done, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-definitions/search", post(find))
        .route("/process-definitions/{key}", get(one))
        .route("/process-definitions/{key}/xml", get(xml))
        .route("/process-definitions/{key}/form", get(form))
}

/// A definition as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDefinition {
    name: Option<Arc<str>>,
    resource_name: Arc<str>,
    version: i32,
    version_tag: Option<Arc<str>>,
    process_definition_id: Arc<str>,
    tenant_id: &'static str,
    process_definition_key: WireKey,
    has_start_form: bool,
    state: &'static str,
}

fn wire_definition(row: &DefinitionRow) -> WireDefinition {
    WireDefinition {
        name: row.name.as_ref().map(Text::shared),
        resource_name: row.resource_name.shared(),
        version: row.version,
        version_tag: row.version_tag.as_ref().map(Text::shared),
        process_definition_id: row.id.shared(),
        tenant_id: DEFAULT_TENANT,
        process_definition_key: key(row.key),
        has_start_form: false,
        state: "ACTIVE",
    }
}

async fn one(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let row = host.definition(&DefinitionRef::Key(key.into()))?;
    Ok(json(&wire_definition(&row)))
}

async fn xml(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let key = DefinitionKey(key);
    host.definition(&DefinitionRef::Key(key))?;
    let row = host.read(move |reader| reader.definition(key)).await?;
    let row = row.ok_or_else(|| Problem::not_found(format!("the model of {key} is gone")))?;
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    Ok((headers, row.resource.to_vec()).into_response())
}

/// Forms cannot be deployed yet, so no process has one.
async fn form(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    host.definition(&DefinitionRef::Key(key.into()))?;
    Ok(done())
}

const FIELDS: &[Field] = &[
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("name", Kind::Text),
    ("resourceName", Kind::Text),
    ("version", Kind::Integer),
    ("versionTag", Kind::Text),
    ("isLatestVersion", Kind::Flag),
    ("hasStartForm", Kind::Flag),
    ("state", Kind::Name(&["ACTIVE", "DRAINING", "DELETED"])),
    ("tenantId", Kind::Text),
];

const SORTS: &[&str] = &[
    "processDefinitionKey",
    "name",
    "resourceName",
    "version",
    "versionTag",
    "processDefinitionId",
    "tenantId",
];

fn values(row: &DefinitionRow, latest: &HashMap<Text, i32>, field: &str) -> Vec<Value> {
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    match field {
        "processDefinitionKey" => vec![Value::Number(row.key.0.as_i64())],
        "processDefinitionId" => text(&row.id),
        "name" => row.name.as_deref().map(text).unwrap_or_default(),
        "resourceName" => text(&row.resource_name),
        "version" => vec![Value::Number(row.version.into())],
        "versionTag" => row.version_tag.as_deref().map(text).unwrap_or_default(),
        "isLatestVersion" => {
            vec![Value::Number((latest.get(&row.id) == Some(&row.version)).into())]
        }
        "hasStartForm" => vec![Value::Number(0)],
        "state" => text("ACTIVE"),
        _ => text(DEFAULT_TENANT),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let mut rows = host.read(|reader| reader.definitions()).await?;
    rows.retain(|row| row.deleted_ms.is_none());
    let mut latest: HashMap<Text, i32> = HashMap::new();
    for row in &rows {
        let newest = latest.entry(row.id.clone()).or_default();
        *newest = row.version.max(*newest);
    }
    let found = search::pick(rows, &search, |row, field| values(row, &latest, field));
    Ok(found.body(|row| wire_definition(&row)))
}

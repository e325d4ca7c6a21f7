//! Process instances: start, cancel, find.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base::{
    Command, CreateInstance, CreatedInstance, DefinitionKey, DefinitionRef, DefinitionRow,
    InstanceKey, InstanceRow, InstanceState, Reply, Text, Variables,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{InstanceColumn, Value};

use super::filter::{Field, Kind};
use super::problem::Problem;
use super::search::{self, SearchBody, Source};
use super::wire::{
    self, Body, PathKey, WireKey, WireTime, done, json, key, raw, shared, tenant, texts,
};
use crate::DEFAULT_TENANT;
use crate::host::Host;

/// How long a caller waits for a result when it does not say: as Camunda 8's gateway does.
const RESULT_DEFAULT: Duration = Duration::from_secs(15);
/// Longest tag, in characters.
const TAG_CHARS_MAX: usize = 100;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-instances", post(create))
        .route("/process-instances/search", post(find))
        .route("/process-instances/{key}", get(one))
        .route("/process-instances/{key}/cancellation", post(cancel))
        .merge(super::suspension::router())
        .merge(super::deletion::router())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateBody {
    process_definition_key: Option<WireKey>,
    process_definition_id: Option<String>,
    process_definition_version: Option<i32>,
    process_definition_version_tag: Option<String>,
    variables: Option<Box<RawValue>>,
    tenant_id: Option<String>,
    await_completion: Option<bool>,
    request_timeout: Option<i64>,
    fetch_variables: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    business_id: Option<String>,
    /// Our own: refuse when an active instance of the process has the business id.
    business_id_unique: Option<bool>,
    start_instructions: Option<Vec<StartBody>>,
    runtime_instructions: Option<Vec<RuntimeBody>>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StartBody {
    element_id: String,
}

/// What happens while it runs: the instance is ended after an element.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuntimeBody {
    #[serde(rename = "type")]
    _kind: RuntimeKind,
    after_element_id: String,
}

#[derive(Debug, Deserialize)]
enum RuntimeKind {
    #[serde(rename = "TERMINATE_PROCESS_INSTANCE")]
    Terminate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    process_definition_id: Arc<str>,
    process_definition_version: i32,
    tenant_id: &'static str,
    variables: Box<RawValue>,
    process_definition_key: WireKey,
    process_instance_key: WireKey,
    tags: Vec<Arc<str>>,
    business_id: Option<Arc<str>>,
}

fn wire_created(created: CreatedInstance, variables: &Variables) -> Result<Response, Problem> {
    Ok(json(&Created {
        process_definition_id: created.process_id.shared(),
        process_definition_version: created.version,
        tenant_id: DEFAULT_TENANT,
        variables: raw(variables.to_json())?,
        process_definition_key: key(created.definition),
        process_instance_key: key(created.instance),
        tags: shared(&created.tags),
        business_id: created.business_id.map(|id| id.shared()),
    }))
}

async fn create(
    State(host): State<Arc<Host>>,
    Body(mut body, bytes): Body<CreateBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    let end_after = body.runtime_instructions.take().unwrap_or_default().into_iter();
    let start_at = body.start_instructions.take().unwrap_or_default().into_iter();
    let definition = definition(&host, &body).await?;
    let waits = body.await_completion.unwrap_or(false);
    let create = CreateInstance {
        definition,
        variables: wire::variables(body.variables.as_deref())?,
        start_at: start_at.map(|start| start.element_id.into()).collect(),
        end_after: end_after.map(|end| end.after_element_id.into()).collect(),
        business_id: body.business_id.filter(|id| !id.is_empty()).map(Text::from),
        business_id_unique: body.business_id_unique.unwrap_or(false),
        tags: tags(body.tags.take().unwrap_or_default())?,
        await_result: waits.then(|| texts(body.fetch_variables)),
    };
    let command = host.command(Command::Create(create), bytes);
    if !waits {
        let Reply::Created(created) = command.await? else { return Err(unexpected()) };
        return wire_created(created, &Variables::new());
    }
    let wait = body.request_timeout.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
    let wait = wait.map_or(RESULT_DEFAULT, Duration::from_millis);
    let Ok(reply) = tokio::time::timeout(wait, command).await else {
        return Err(Problem::timed_out(format!(
            "there was no result yet after {} ms; if the instance was started it goes on, so look for \
             it before you start another",
            wait.as_millis()
        )));
    };
    let Reply::Ended(result) = reply? else { return Err(unexpected()) };
    wire_created(result.created, &result.variables)
}

/// What a body names: a key, or an id with a version, a version tag or neither.
async fn definition(host: &Host, body: &CreateBody) -> Result<DefinitionRef, Problem> {
    let version = match body.process_definition_version {
        None | Some(-1) => None,
        Some(version) if version > 0 => Some(version),
        Some(found) => {
            return Err(Problem::invalid(format!(
                "expected a processDefinitionVersion of 1 or more, or -1 for the latest, but found \
                 {found}"
            )));
        }
    };
    let tag = body.process_definition_version_tag.clone().filter(|tag| !tag.is_empty());
    let id = body.process_definition_id.as_deref().filter(|id| !id.is_empty());
    match (body.process_definition_key, id, tag) {
        (Some(WireKey(key)), None, None) => {
            let reference = DefinitionRef::Key(key.into());
            let found = host.definition(&reference)?.version;
            match version {
                Some(version) if version != found => Err(Problem::invalid(format!(
                    "expected the definition {key} to be version {version}, but it is {found}; \
                     leave the version away"
                ))),
                _ => Ok(reference),
            }
        }
        (None, Some(id), None) => Ok(DefinitionRef::Id { id: id.into(), version }),
        (None, Some(id), Some(tag)) if version.is_none() => by_tag(host, id.into(), tag).await,
        _ => Err(Problem::invalid(
            "expected a processDefinitionKey, or a processDefinitionId with at most one of \
             processDefinitionVersion and processDefinitionVersionTag",
        )),
    }
}

/// The newest definition of an id that has a version tag.
async fn by_tag(host: &Host, id: Text, tag: String) -> Result<DefinitionRef, Problem> {
    let why = format!(
        "expected a version of the process `{id}` with the tag `{tag}`, but none is deployed"
    );
    let found = host.read(move |reader| {
        let heads = reader.definitions()?.into_iter();
        let tagged = heads.filter(|head| {
            head.id == id && head.version_tag.as_deref() == Some(&tag) && head.deleted_ms.is_none()
        });
        Ok(tagged.max_by_key(|head| head.version).map(|head| head.key))
    });
    found.await?.map(DefinitionRef::Key).ok_or_else(|| Problem::not_found(why))
}

fn tags(tags: Vec<String>) -> Result<Vec<Text>, Problem> {
    for (at, tag) in tags.iter().enumerate() {
        let fits = |char: char| char.is_ascii_alphanumeric() || "_-:.".contains(char);
        if !tag.starts_with(|char: char| char.is_ascii_alphabetic())
            || !tag.chars().all(fits)
            || tag.len() > TAG_CHARS_MAX
        {
            return Err(Problem::invalid(format!(
                "expected a tag of a letter, then letters, digits, `_`, `-`, `:` and `.`, at most \
                 {TAG_CHARS_MAX} characters, but found `{tag}`"
            )));
        }
        if tags[..at].contains(tag) {
            return Err(Problem::invalid(format!(
                "expected every tag once, but found `{tag}` twice"
            )));
        }
    }
    Ok(texts(Some(tags)))
}

/// A reply that answers another command.
pub(super) fn unexpected() -> Problem {
    Problem::internal("the server gave a reply to another question; please report this")
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CancelBody {
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

async fn cancel(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(CancelBody { .. }, bytes): Body<CancelBody>,
) -> Result<Response, Problem> {
    host.command(Command::Cancel { instance: key.into() }, bytes).await?;
    Ok(done())
}

/// An instance as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireInstance {
    process_definition_id: Arc<str>,
    process_definition_name: Option<Arc<str>>,
    process_definition_version: i32,
    process_definition_version_tag: Option<Arc<str>>,
    start_date: WireTime,
    end_date: Option<WireTime>,
    state: &'static str,
    has_incident: bool,
    tenant_id: &'static str,
    process_instance_key: WireKey,
    process_definition_key: WireKey,
    parent_process_instance_key: Option<WireKey>,
    parent_element_instance_key: Option<WireKey>,
    root_process_instance_key: WireKey,
    tags: Vec<Arc<str>>,
    business_id: Option<Arc<str>>,
    suspended_date: Option<WireTime>,
    /// Our own: as whoever suspended it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_reason: Option<Arc<str>>,
    /// Our own: it was cancelled and ends when the canceling listeners of so many user tasks are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    canceling_listeners: Option<u32>,
}

fn reason(said: &Text) -> Option<Arc<str>> {
    (!said.is_empty()).then(|| said.shared())
}

/// An instance with the names of its definition.
pub(super) fn wire_instance(host: &Host, row: InstanceRow) -> WireInstance {
    let head = head(host, row.definition);
    WireInstance {
        process_definition_id: row.process_id.shared(),
        process_definition_name: head.as_ref().and_then(|head| Some(head.name.as_ref()?.shared())),
        process_definition_version: row.version,
        process_definition_version_tag: head.and_then(|head| Some(head.version_tag?.shared())),
        start_date: WireTime(row.started_ms),
        end_date: row.ended_ms.map(WireTime),
        state: match row.state {
            InstanceState::Active => "ACTIVE",
            InstanceState::Completed => "COMPLETED",
            InstanceState::Terminated => "TERMINATED",
            InstanceState::Suspended => "SUSPENDED",
        },
        has_incident: row.incidents > 0,
        tenant_id: DEFAULT_TENANT,
        process_instance_key: key(row.instance),
        process_definition_key: key(row.definition),
        parent_process_instance_key: row.parent.map(|parent| key(parent.instance)),
        parent_element_instance_key: row.parent.map(|parent| key(parent.element)),
        root_process_instance_key: key(row.root()),
        tags: shared(&row.tags),
        business_id: row.business_id.map(|id| id.shared()),
        suspended_date: row.suspended.as_ref().map(|at| WireTime(at.since_ms)),
        suspended_reason: row.suspended.and_then(|at| reason(&at.reason)),
        canceling_listeners: row.canceling,
    }
}

/// A definition without its graph, if it is known.
pub(super) fn head(host: &Host, key: DefinitionKey) -> Option<DefinitionRow> {
    host.head(key)
}

/// The row of an instance, or why there is none.
pub(super) async fn row(host: &Host, instance: InstanceKey) -> Result<InstanceRow, Problem> {
    let found = host.read(move |reader| reader.instance(instance)).await?;
    found.ok_or_else(|| no_instance(instance))
}

pub(super) fn no_instance(instance: InstanceKey) -> Problem {
    Problem::not_found(format!(
        "expected {instance} to be a process instance, but there is none with this key"
    ))
}

async fn one(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let row = row(&host, key.into()).await?;
    Ok(json(&wire_instance(&host, row)))
}

const STATES: &[(i64, &str)] =
    &[(0, "ACTIVE"), (1, "COMPLETED"), (2, "TERMINATED"), (3, "SUSPENDED")];

const FIELDS: &[Field] = &[
    ("processInstanceKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("processDefinitionName", Kind::Text),
    ("processDefinitionVersion", Kind::Integer),
    ("processDefinitionVersionTag", Kind::Text),
    ("startDate", Kind::Time),
    ("endDate", Kind::Time),
    ("suspendedDate", Kind::Time),
    ("state", Kind::Name(&["ACTIVE", "COMPLETED", "TERMINATED", "SUSPENDED"])),
    ("hasIncident", Kind::Flag),
    ("tags", Kind::Texts),
    ("businessId", Kind::Text),
    ("tenantId", Kind::Text),
    ("parentProcessInstanceKey", Kind::Key),
    ("parentElementInstanceKey", Kind::Key),
    ("batchOperationId", Kind::Text),
    ("batchOperationKey", Kind::Text),
    ("variables", Kind::Later),
    ("errorMessage", Kind::Later),
    ("hasRetriesLeft", Kind::Later),
    ("elementInstanceState", Kind::Later),
    ("elementId", Kind::Later),
    ("hasElementInstanceIncident", Kind::Later),
    ("incidentErrorHashCode", Kind::Later),
    ("$or", Kind::Later),
];

const SORTS: &[&str] = &[
    "processInstanceKey",
    "processDefinitionId",
    "processDefinitionName",
    "processDefinitionVersion",
    "processDefinitionVersionTag",
    "processDefinitionKey",
    "parentProcessInstanceKey",
    "parentElementInstanceKey",
    "startDate",
    "endDate",
    "state",
    "hasIncident",
    "tenantId",
    "businessId",
];

fn source(field: &str) -> Source<InstanceColumn> {
    match field {
        "processInstanceKey" => Source::Column(InstanceColumn::Key),
        "processDefinitionKey" => Source::Column(InstanceColumn::Definition),
        "processDefinitionId" => Source::Column(InstanceColumn::ProcessId),
        "processDefinitionName" => Source::Definition(InstanceColumn::Definition, |head| {
            head.name.as_deref().map(|name| Value::Text(name.to_owned()))
        }),
        "processDefinitionVersion" => Source::Column(InstanceColumn::Version),
        "processDefinitionVersionTag" => Source::Definition(InstanceColumn::Definition, |head| {
            head.version_tag.as_deref().map(|tag| Value::Text(tag.to_owned()))
        }),
        "startDate" => Source::Column(InstanceColumn::StartedMs),
        "endDate" => Source::Column(InstanceColumn::EndedMs),
        "suspendedDate" => Source::Column(InstanceColumn::SuspendedMs),
        "state" => Source::Named(InstanceColumn::State, STATES),
        "hasIncident" => Source::Column(InstanceColumn::HasIncident),
        "tags" => Source::Column(InstanceColumn::Tag),
        "businessId" => Source::Column(InstanceColumn::BusinessId),
        "tenantId" => search::tenant(),
        "parentProcessInstanceKey" => Source::Column(InstanceColumn::Parent),
        "parentElementInstanceKey" => Source::Column(InstanceColumn::ParentElement),
        // Nothing here was part of a batch.
        _ => Source::Constant(None),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let found = search::ask(&host, search, source, |reader, query| reader.find_instances(query));
    Ok(found.await?.body(|row| wire_instance(&host, row)))
}

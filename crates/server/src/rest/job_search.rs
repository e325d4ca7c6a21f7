//! Finding jobs. Live ones are rows of the store; ended ones are in the log of their instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{Key, Text};
use bpmn::{AdHoc, Kind as NodeKind};
use serde::Serialize;
use store::{JobColumn, Value};

use super::filter::{Field, Kind};
use super::history;
use super::names::{NameBook, Names};
use super::past::FoundJob;
use super::problem::Problem;
use super::search::{self, Reach, SearchBody, Source};
use super::wire::{Body, WireKey, WireTime, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/jobs/search", post(find))
}

/// A job as people find it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireJob {
    custom_headers: BTreeMap<Arc<str>, Arc<str>>,
    deadline: Option<WireTime>,
    denied_reason: Option<()>,
    element_id: Arc<str>,
    element_instance_key: WireKey,
    end_time: Option<WireTime>,
    error_code: Option<Arc<str>>,
    error_message: Option<Arc<str>>,
    has_failed_with_retries_left: bool,
    is_denied: Option<()>,
    job_key: WireKey,
    kind: &'static str,
    listener_event_type: &'static str,
    process_definition_id: Arc<str>,
    process_definition_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    retries: i32,
    state: &'static str,
    tenant_id: &'static str,
    r#type: Arc<str>,
    worker: Arc<str>,
    creation_time: Option<WireTime>,
    last_update_time: Option<WireTime>,
    business_id: Option<Arc<str>>,
    priority: i32,
}

/// A job with the names of its definition.
pub(super) fn wire_job(found: &FoundJob, book: &NameBook) -> WireJob {
    let row = &found.row;
    let names = book.names(row.definition);
    let business_id = book.instance(row.instance).and_then(|row| row.business_id.as_ref());
    WireJob {
        custom_headers: headers(names, &row.element_id),
        deadline: deadline_ms(found).map(WireTime),
        denied_reason: None,
        element_id: row.element_id.shared(),
        element_instance_key: key(row.owner),
        end_time: found.ended_ms.map(WireTime),
        error_code: not_empty(&row.error_code),
        error_message: not_empty(&row.error_message),
        has_failed_with_retries_left: failed_with_retries_left(found),
        is_denied: None,
        job_key: key(row.job),
        kind: row.role.kind(),
        listener_event_type: row.role.listener_event_type(),
        process_definition_id: process_id(names),
        process_definition_key: key(row.definition),
        process_instance_key: key(row.instance),
        root_process_instance_key: key(book.root(row.instance)),
        retries: row.retries,
        state: found.state,
        tenant_id: DEFAULT_TENANT,
        r#type: row.job_type.shared(),
        worker: row.worker.shared(),
        creation_time: found.created_ms.map(WireTime),
        last_update_time: found.updated_ms.map(WireTime),
        business_id: business_id.map(Text::shared),
        priority: 0,
    }
}

fn not_empty(text: &Text) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| text.shared())
}

/// The end of the lease, while a worker has the job.
fn deadline_ms(found: &FoundJob) -> Option<i64> {
    let leased = found.row.state == base::JobState::Leased && found.ended_ms.is_none();
    // While its instance is suspended the row does not say it.
    leased.then_some(found.row.available_ms).filter(|until_ms| *until_ms < i64::MAX)
}

fn failed_with_retries_left(found: &FoundJob) -> bool {
    found.row.state == base::JobState::Failed && found.ended_ms.is_none()
}

fn process_id(names: Option<&Names>) -> Arc<str> {
    let head = names.and_then(|names| names.head.as_ref());
    head.map(|head| head.id.shared()).unwrap_or_default()
}

/// The headers of the model.
fn headers(names: Option<&Names>, element_id: &str) -> BTreeMap<Arc<str>, Arc<str>> {
    let node = names.and_then(|names| names.node_by_id(element_id));
    match node.map(|node| &node.kind) {
        Some(NodeKind::Job(spec) | NodeKind::AdHoc(AdHoc { job: Some(spec), .. })) => {
            spec.headers.iter().map(|(name, value)| (name.shared(), value.shared())).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// States that a live job can have.
const LIVE: &[&str] = &["CREATED", "FAILED", "ERROR_THROWN"];
/// [`base::JobState`] by number: created, leased, failed, exhausted, error thrown.
const STATES: &[(i64, &str)] =
    &[(0, "CREATED"), (1, "CREATED"), (2, "FAILED"), (3, "FAILED"), (4, "ERROR_THROWN")];
/// The kind of a job by [`base::JobRole::number`].
const KINDS: &[(i64, &str)] = &[
    (JobColumn::WORK, "BPMN_ELEMENT"),
    (0, "EXECUTION_LISTENER"),
    (1, "EXECUTION_LISTENER"),
    (2, "TASK_LISTENER"),
    (3, "TASK_LISTENER"),
    (4, "TASK_LISTENER"),
    (5, "TASK_LISTENER"),
    (6, "TASK_LISTENER"),
    (base::JobRole::AD_HOC, "AD_HOC_SUB_PROCESS"),
];
/// What a job listens to, by [`base::JobRole::number`].
const LISTENERS: &[(i64, &str)] = &[
    (JobColumn::WORK, "UNSPECIFIED"),
    (base::JobRole::AD_HOC, "UNSPECIFIED"),
    (0, "START"),
    (1, "END"),
    (2, "CREATING"),
    (3, "ASSIGNING"),
    (4, "UPDATING"),
    (5, "COMPLETING"),
    (6, "CANCELING"),
];

const FIELDS: &[Field] = &[
    ("jobKey", Kind::Key),
    ("processInstanceKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("elementId", Kind::Text),
    ("elementInstanceKey", Kind::Key),
    ("type", Kind::Text),
    ("worker", Kind::Text),
    ("retries", Kind::Integer),
    (
        "state",
        Kind::Name(&[
            "CANCELED",
            "COMPLETED",
            "CREATED",
            "ERROR_THROWN",
            "FAILED",
            "MIGRATED",
            "PRIORITY_UPDATED",
            "RETRIES_UPDATED",
            "TIMED_OUT",
            "TIMEOUT_UPDATED",
        ]),
    ),
    (
        "kind",
        Kind::Name(&["BPMN_ELEMENT", "EXECUTION_LISTENER", "TASK_LISTENER", "AD_HOC_SUB_PROCESS"]),
    ),
    (
        "listenerEventType",
        Kind::Name(&[
            "ASSIGNING",
            "BEFORE_ALL",
            "CANCEL",
            "CANCELING",
            "COMPLETING",
            "CREATING",
            "END",
            "START",
            "UNSPECIFIED",
            "UPDATING",
        ]),
    ),
    ("hasFailedWithRetriesLeft", Kind::Flag),
    ("tenantId", Kind::Text),
    ("priority", Kind::Integer),
    ("isDenied", Kind::Flag),
    ("deniedReason", Kind::Text),
    ("deadline", Kind::Time),
    ("endTime", Kind::Time),
    ("errorCode", Kind::Text),
    ("errorMessage", Kind::Text),
    ("creationTime", Kind::Time),
    ("lastUpdateTime", Kind::Time),
];

const SORTS: &[&str] = &[
    "elementId",
    "elementInstanceKey",
    "hasFailedWithRetriesLeft",
    "isDenied",
    "jobKey",
    "kind",
    "listenerEventType",
    "processDefinitionId",
    "processDefinitionKey",
    "processInstanceKey",
    "retries",
    "state",
    "tenantId",
    "type",
    "worker",
    "deniedReason",
    "deadline",
    "endTime",
    "errorCode",
    "errorMessage",
];

fn source(field: &str) -> Source<JobColumn> {
    match field {
        "jobKey" => Source::Column(JobColumn::Key),
        "processInstanceKey" => Source::Column(JobColumn::Instance),
        "processDefinitionKey" => Source::Column(JobColumn::Definition),
        "processDefinitionId" => {
            Source::Definition(JobColumn::Definition, |head| Some(Value::Text(head.id.to_string())))
        }
        "elementId" => Source::Column(JobColumn::ElementId),
        "elementInstanceKey" => Source::Column(JobColumn::ElementKey),
        "type" => Source::Column(JobColumn::Type),
        "worker" => Source::Column(JobColumn::Worker),
        "retries" => Source::Column(JobColumn::Retries),
        "state" => Source::Named(JobColumn::State, STATES),
        "hasFailedWithRetriesLeft" => Source::Flags(
            JobColumn::State,
            &[(0, false), (1, false), (2, true), (3, false), (4, false)],
        ),
        "kind" => Source::Named(JobColumn::Role, KINDS),
        "listenerEventType" => Source::Named(JobColumn::Role, LISTENERS),
        "priority" => Source::Constant(Some(Value::Number(0))),
        "tenantId" => search::tenant(),
        "isDenied" | "deniedReason" => Source::Constant(None),
        _ => Source::Log,
    }
}

fn values(found: &FoundJob, process_id: &str, field: &str) -> Vec<Value> {
    let number = |key: Key| vec![Value::Number(key.as_i64())];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    let time = |ms: Option<i64>| ms.map(Value::Number).into_iter().collect();
    let row = &found.row;
    match field {
        "jobKey" => number(row.job.0),
        "processInstanceKey" => number(row.instance.0),
        "processDefinitionKey" => number(row.definition.0),
        "processDefinitionId" => text(process_id),
        "elementId" => text(&row.element_id),
        "elementInstanceKey" => number(row.owner.0),
        "type" => text(&row.job_type),
        "worker" => text(&row.worker),
        "retries" => vec![Value::Number(row.retries.into())],
        "state" => text(found.state),
        "hasFailedWithRetriesLeft" => {
            vec![Value::Number(failed_with_retries_left(found).into())]
        }
        "kind" => text(row.role.kind()),
        "listenerEventType" => text(row.role.listener_event_type()),
        "priority" => vec![Value::Number(0)],
        "tenantId" => text(DEFAULT_TENANT),
        "deadline" => time(deadline_ms(found)),
        "endTime" => time(found.ended_ms),
        "creationTime" => time(found.created_ms),
        "lastUpdateTime" => time(found.updated_ms),
        "errorCode" => not_empty(&row.error_code).map(|code| text(&code)).unwrap_or_default(),
        "errorMessage" => not_empty(&row.error_message).map(|why| text(&why)).unwrap_or_default(),
        // isDenied, deniedReason: there are no listeners.
        _ => Vec::new(),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let answer = match search.reach("jobs", LIVE)? {
        Reach::Live => {
            let find = search::ask(&host, search, source, |reader, query| reader.find_jobs(query));
            find.await?.map(FoundJob::from)
        }
        Reach::Log(instance) => {
            let past = history::of_instance(&host, instance).await?;
            let id = past.as_ref().map(|past| past.row.process_id.clone()).unwrap_or_default();
            let jobs = past.map(|past| past.jobs()).unwrap_or_default();
            search::pick(jobs, &search, |job, field| values(job, &id, field))
        }
    };
    let rows = answer.rows.iter().map(|found| (found.row.definition, found.row.instance));
    let book = NameBook::of(&host, rows).await?;
    Ok(answer.body(|found| wire_job(&found, &book)))
}

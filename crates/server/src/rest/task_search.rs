//! Finding user tasks. Live ones are rows of the store; ended ones are in the log of their instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base::{DefinitionRow, Key, Text};
use bpmn::{Kind as NodeKind, Node};
use serde::Serialize;
use store::{Condition, Query, TaskColumn, Test, Value};

use super::filter::{Field, Kind};
use super::history::{self, Past};
use super::names::NameBook;
use super::past::FoundTask;
use super::problem::Problem;
use super::search::{self, Reach, SearchBody, Source};
use super::wire::{Body, PathKey, WireKey, WireTime, done, json, key, shared};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/user-tasks/search", post(find))
        .route("/user-tasks/{key}", get(one))
        .route("/user-tasks/{key}/form", get(form))
}

/// A user task as the wire has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTask {
    name: Option<Arc<str>>,
    state: &'static str,
    assignee: Option<Arc<str>>,
    element_id: Arc<str>,
    candidate_groups: Vec<Arc<str>>,
    candidate_users: Vec<Arc<str>>,
    process_definition_id: Arc<str>,
    creation_date: WireTime,
    completion_date: Option<WireTime>,
    follow_up_date: Option<WireTime>,
    due_date: Option<WireTime>,
    tenant_id: &'static str,
    external_form_reference: Option<Arc<str>>,
    process_definition_version: i32,
    custom_headers: BTreeMap<Arc<str>, Arc<str>>,
    priority: i32,
    user_task_key: WireKey,
    element_instance_key: WireKey,
    process_name: Option<Arc<str>>,
    process_definition_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    form_key: Option<WireKey>,
    tags: Vec<Arc<str>>,
    business_id: Option<Arc<str>>,
}

pub(super) fn wire_task(found: FoundTask, book: &NameBook) -> WireTask {
    let row = found.row;
    let names = book.names(row.definition);
    let head = names.and_then(|names| names.head.as_ref());
    let instance = book.instance(row.instance);
    let spec = match names.and_then(|names| names.node_by_id(&row.element_id)) {
        Some(Node { kind: NodeKind::UserTask(spec), .. }) => Some(spec),
        _ => None,
    };
    let headers = spec.iter().flat_map(|spec| &spec.headers);
    let details = row.details;
    WireTask {
        name: task_name(book, row.definition, &row.element_id),
        state: found.state,
        assignee: details.assignee.map(|assignee| assignee.shared()),
        element_id: row.element_id.shared(),
        candidate_groups: shared(&details.candidate_groups),
        candidate_users: shared(&details.candidate_users),
        process_definition_id: row.process_id.shared(),
        creation_date: WireTime(row.created_ms),
        completion_date: found.ended_ms.map(WireTime),
        follow_up_date: details.follow_up_ms.map(WireTime),
        due_date: details.due_ms.map(WireTime),
        tenant_id: DEFAULT_TENANT,
        external_form_reference: spec.and_then(|spec| Some(spec.form.as_ref()?.shared())),
        process_definition_version: head.map_or(-1, |head| head.version),
        custom_headers: headers.map(|(name, value)| (name.shared(), value.shared())).collect(),
        priority: details.priority,
        user_task_key: key(row.task),
        element_instance_key: key(row.owner),
        process_name: head.and_then(|head: &DefinitionRow| Some(head.name.as_ref()?.shared())),
        process_definition_key: key(row.definition),
        process_instance_key: key(row.instance),
        root_process_instance_key: key(book.root(row.instance)),
        form_key: None,
        tags: instance.map(|row| shared(&row.tags)).unwrap_or_default(),
        business_id: instance.and_then(|row| row.business_id.as_ref()).map(Text::shared),
    }
}

fn task_name(
    book: &NameBook,
    definition: base::DefinitionKey,
    element_id: &str,
) -> Option<Arc<str>> {
    let node = book.names(definition)?.node_by_id(element_id)?;
    Some(node.name.as_ref()?.shared())
}

/// A task, live or ended, or why there is none.
pub(super) async fn task(host: &Host, task: Key) -> Result<FoundTask, Problem> {
    let test = Test::Is(Value::Number(task.as_i64()));
    let condition = Condition { column: TaskColumn::Key, test };
    let query = Query { conditions: vec![condition], ..Query::default() };
    let live = host.read(move |reader| reader.find_tasks(&query)).await?;
    if let Some(row) = live.rows.into_iter().next() {
        return Ok(row.into());
    }
    let past = history::of_key(host, task).await?;
    let mut ended = past.iter().flat_map(Past::tasks).filter(|found| found.row.task.0 == task);
    ended.next().ok_or_else(|| {
        Problem::not_found(format!(
            "expected {task} to be a user task, but there is none with this key"
        ))
    })
}

async fn one(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let found = task(&host, key).await?;
    let rows = std::iter::once((found.row.definition, found.row.instance));
    let book = NameBook::of(&host, rows).await?;
    Ok(json(&wire_task(found, &book)))
}

/// Forms cannot be deployed yet, so no task has one; a reference to a form elsewhere is in the task.
async fn form(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    task(&host, key).await?;
    Ok(done())
}

const FIELDS: &[Field] = &[
    ("userTaskKey", Kind::Key),
    ("processInstanceKey", Kind::Key),
    ("processDefinitionKey", Kind::Key),
    ("processDefinitionId", Kind::Text),
    ("elementId", Kind::Text),
    ("elementInstanceKey", Kind::Key),
    (
        "state",
        Kind::Name(&[
            "CREATING",
            "CREATED",
            "ASSIGNING",
            "UPDATING",
            "COMPLETING",
            "COMPLETED",
            "CANCELING",
            "CANCELED",
            "FAILED",
        ]),
    ),
    ("assignee", Kind::Text),
    ("candidateGroup", Kind::Text),
    ("candidateUser", Kind::Text),
    ("priority", Kind::Integer),
    ("creationDate", Kind::Time),
    ("completionDate", Kind::Time),
    ("followUpDate", Kind::Time),
    ("dueDate", Kind::Time),
    ("tenantId", Kind::Text),
    ("name", Kind::Text),
    ("tags", Kind::Texts),
    ("businessId", Kind::Text),
    ("processInstanceVariables", Kind::Later),
    ("localVariables", Kind::Later),
    ("$or", Kind::Later),
];

const SORTS: &[&str] =
    &["creationDate", "completionDate", "followUpDate", "dueDate", "priority", "name"];

fn source(field: &str) -> Source<TaskColumn> {
    match field {
        "userTaskKey" => Source::Column(TaskColumn::Key),
        "processInstanceKey" => Source::Column(TaskColumn::Instance),
        "processDefinitionKey" => Source::Column(TaskColumn::Definition),
        "processDefinitionId" => Source::Column(TaskColumn::ProcessId),
        "elementId" => Source::Column(TaskColumn::ElementId),
        "elementInstanceKey" => Source::Column(TaskColumn::ElementKey),
        "state" => Source::Constant(Some(Value::Text("CREATED".into()))),
        "assignee" => Source::Column(TaskColumn::Assignee),
        "candidateGroup" => Source::Column(TaskColumn::CandidateGroup),
        "candidateUser" => Source::Column(TaskColumn::CandidateUser),
        "priority" => Source::Column(TaskColumn::Priority),
        "creationDate" => Source::Column(TaskColumn::CreatedMs),
        "followUpDate" => Source::Column(TaskColumn::FollowUpMs),
        "dueDate" => Source::Column(TaskColumn::DueMs),
        "tenantId" => search::tenant(),
        // A live task was not completed.
        "completionDate" => Source::Constant(None),
        _ => Source::Log,
    }
}

fn values(found: &FoundTask, past: &Past, field: &str) -> Vec<Value> {
    let number = |key: Key| vec![Value::Number(key.as_i64())];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    let texts = |all: &[Text]| all.iter().map(|one| Value::Text(one.to_string())).collect();
    let time = |ms: Option<i64>| ms.map(Value::Number).into_iter().collect();
    let (row, details) = (&found.row, &found.row.details);
    match field {
        "userTaskKey" => number(row.task.0),
        "processInstanceKey" => number(row.instance.0),
        "processDefinitionKey" => number(row.definition.0),
        "processDefinitionId" => text(&row.process_id),
        "elementId" => text(&row.element_id),
        "elementInstanceKey" => number(row.owner.0),
        "state" => text(found.state),
        "assignee" => details.assignee.as_deref().map(text).unwrap_or_default(),
        "candidateGroup" => texts(&details.candidate_groups),
        "candidateUser" => texts(&details.candidate_users),
        "priority" => vec![Value::Number(details.priority.into())],
        "creationDate" => time(Some(row.created_ms)),
        "completionDate" => time(found.ended_ms),
        "followUpDate" => time(details.follow_up_ms),
        "dueDate" => time(details.due_ms),
        "tags" => texts(&past.row.tags),
        "businessId" => past.row.business_id.as_deref().map(text).unwrap_or_default(),
        "name" => {
            let node = past.names.node_by_id(&row.element_id);
            node.and_then(|node| node.name.as_deref()).map(text).unwrap_or_default()
        }
        _ => text(DEFAULT_TENANT),
    }
}

async fn find(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = body.read(FIELDS, SORTS)?;
    let answer = match search.reach("user tasks", &["CREATED"])? {
        Reach::Live => {
            let find = search::ask(&host, search, source, |reader, query| reader.find_tasks(query));
            find.await?.map(FoundTask::from)
        }
        Reach::Log(instance) => match history::of_instance(&host, instance).await? {
            Some(past) => {
                search::pick(past.tasks(), &search, |task, field| values(task, &past, field))
            }
            None => search::pick(Vec::new(), &search, |_, _| Vec::new()),
        },
    };
    let rows = answer.rows.iter().map(|found| (found.row.definition, found.row.instance));
    let book = NameBook::of(&host, rows).await?;
    Ok(answer.body(|found| wire_task(found, &book)))
}

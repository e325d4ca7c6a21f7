//! What people say about user tasks: assignment, completion, updates.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, patch, post};
use base::{Command, TaskPatch, Text, UserTaskKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::wire::{self, Body, PathKey, done, parse_time, texts};
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/user-tasks/{key}", patch(update))
        .route("/user-tasks/{key}/assignment", post(assign))
        .route("/user-tasks/{key}/assignee", delete(unassign))
        .route("/user-tasks/{key}/completion", post(complete))
}

async fn change(
    host: &Host,
    task: UserTaskKey,
    patch: TaskPatch,
    bytes: usize,
) -> Result<Response, Problem> {
    host.command(Command::UpdateTask { task, patch }, bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssignmentBody {
    assignee: Option<String>,
    allow_override: Option<bool>,
    action: Option<String>,
}

async fn assign(
    State(host): State<Arc<Host>>,
    PathKey(task): PathKey,
    Body(body, bytes): Body<AssignmentBody>,
) -> Result<Response, Problem> {
    let Some(assignee) = body.assignee.filter(|assignee| !assignee.is_empty()) else {
        return Err(Problem::invalid(
            "expected an assignee, but found none; DELETE /user-tasks/{key}/assignee unassigns",
        ));
    };
    let patch = TaskPatch {
        assignee: Some(Some(assignee.into())),
        allow_override: body.allow_override.unwrap_or(true),
        action: action(body.action),
        ..TaskPatch::default()
    };
    change(&host, task.into(), patch, bytes).await
}

async fn unassign(
    State(host): State<Arc<Host>>,
    PathKey(task): PathKey,
) -> Result<Response, Problem> {
    let patch = TaskPatch { assignee: Some(None), ..TaskPatch::default() };
    change(&host, task.into(), patch, 0).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CompletionBody {
    variables: Option<Box<RawValue>>,
    action: Option<String>,
}

async fn complete(
    State(host): State<Arc<Host>>,
    PathKey(task): PathKey,
    Body(body, bytes): Body<CompletionBody>,
) -> Result<Response, Problem> {
    let variables = wire::variables(body.variables.as_deref())?;
    let action = action(body.action);
    host.command(Command::CompleteTask { task: task.into(), variables, action }, bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateBody {
    changeset: Option<Changeset>,
    action: Option<String>,
}

/// Absent or `null` keeps a value; an empty list or text resets it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changeset {
    due_date: Option<String>,
    follow_up_date: Option<String>,
    candidate_users: Option<Vec<String>>,
    candidate_groups: Option<Vec<String>>,
    priority: Option<i32>,
}

async fn update(
    State(host): State<Arc<Host>>,
    PathKey(task): PathKey,
    Body(body, bytes): Body<UpdateBody>,
) -> Result<Response, Problem> {
    if body.changeset.is_none() && body.action.is_none() {
        return Err(Problem::invalid("expected a changeset or an action, but found neither"));
    }
    let changeset = body.changeset.unwrap_or_default();
    let patch = TaskPatch {
        assignee: None,
        allow_override: false,
        candidate_groups: changeset.candidate_groups.map(|groups| texts(Some(groups))),
        candidate_users: changeset.candidate_users.map(|users| texts(Some(users))),
        due_ms: date("dueDate", changeset.due_date.as_deref())?,
        follow_up_ms: date("followUpDate", changeset.follow_up_date.as_deref())?,
        priority: changeset.priority,
        action: action(body.action),
    };
    change(&host, task.into(), patch, bytes).await
}

fn date(name: &str, text: Option<&str>) -> Result<Option<Option<i64>>, Problem> {
    match text {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match parse_time(text) {
            Ok(ms) => Ok(Some(Some(ms))),
            Err(why) => Err(Problem::invalid(format!("in `{name}`: {why}"))),
        },
    }
}

/// What the caller calls it; empty leaves it to the engine.
fn action(action: Option<String>) -> Text {
    action.unwrap_or_default().into()
}

//! What workers say: activation (a long poll), completion, failure, errors, updates.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{patch, post};
use base::{ActivateJobs, ActivatedJob, Command, FailJob, ListenedTask, Text, ThrowError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::job_result::ResultBody;
use super::problem::Problem;
use super::wire::{
    self, Body, PathKey, WireKey, WireTime, absent, done, json, key, raw, shared, tenant, texts,
};
use crate::host::Host;
use crate::{DEFAULT_TENANT, work};

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/jobs/activation", post(activate))
        .route("/jobs/{key}", patch(update))
        .route("/jobs/{key}/completion", post(complete))
        .route("/jobs/{key}/failure", post(fail))
        .route("/jobs/{key}/error", post(throw))
}

#[derive(Debug, Deserialize)]
enum TenantFilter {
    #[serde(rename = "PROVIDED")]
    Provided,
    #[serde(rename = "ASSIGNED")]
    Assigned,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActivationBody {
    r#type: String,
    worker: Option<String>,
    timeout: i64,
    max_jobs_to_activate: i64,
    fetch_variable: Option<Vec<String>>,
    request_timeout: Option<i64>,
    tenant_ids: Option<Vec<String>>,
    #[serde(rename = "tenantFilter")]
    _tenant_filter: Option<TenantFilter>,
    with_lease: Option<bool>,
}

#[derive(Serialize)]
struct Activated {
    jobs: Vec<WireJob>,
}

/// A job as a worker gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireJob {
    r#type: Arc<str>,
    process_definition_id: Arc<str>,
    process_definition_version: i32,
    element_id: Arc<str>,
    custom_headers: Box<RawValue>,
    worker: Arc<str>,
    retries: i32,
    /// The only instant of the API that is a number.
    deadline: i64,
    variables: Box<RawValue>,
    tenant_id: &'static str,
    job_key: WireKey,
    process_instance_key: WireKey,
    process_definition_key: WireKey,
    element_instance_key: WireKey,
    kind: &'static str,
    listener_event_type: &'static str,
    user_task: Option<WireListened>,
    tags: Vec<Arc<str>>,
    root_process_instance_key: WireKey,
    physical_tenant_id: &'static str,
    business_id: Option<Arc<str>>,
    priority: i32,
    job_lease_token: Option<()>,
}

/// A user task as its listeners see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireListened {
    action: Arc<str>,
    assignee: Option<Arc<str>>,
    candidate_groups: Vec<Arc<str>>,
    candidate_users: Vec<Arc<str>>,
    changed_attributes: Vec<&'static str>,
    due_date: Option<WireTime>,
    follow_up_date: Option<WireTime>,
    /// Forms are not deployed here.
    form_key: Option<()>,
    priority: i32,
    user_task_key: WireKey,
}

fn wire_listened(listened: &ListenedTask) -> WireListened {
    let details = &listened.details;
    WireListened {
        action: listened.action.shared(),
        assignee: details.assignee.as_ref().map(Text::shared),
        candidate_groups: shared(&details.candidate_groups),
        candidate_users: shared(&details.candidate_users),
        changed_attributes: listened.changed.clone(),
        due_date: details.due_ms.map(WireTime),
        follow_up_date: details.follow_up_ms.map(WireTime),
        form_key: None,
        priority: details.priority,
        user_task_key: key(listened.task),
    }
}

fn wire_job(job: &ActivatedJob) -> Result<WireJob, Problem> {
    Ok(WireJob {
        r#type: job.job_type.shared(),
        process_definition_id: job.process_id.shared(),
        process_definition_version: job.version,
        element_id: job.element_id.shared(),
        custom_headers: raw(&*job.headers)?,
        worker: job.worker.shared(),
        retries: job.retries,
        deadline: job.deadline_ms,
        variables: raw(&*job.variables)?,
        tenant_id: DEFAULT_TENANT,
        job_key: key(job.job),
        process_instance_key: key(job.instance),
        process_definition_key: key(job.definition),
        element_instance_key: key(job.element),
        kind: job.role.kind(),
        listener_event_type: job.role.listener_event_type(),
        user_task: job.user_task.as_deref().map(wire_listened),
        tags: shared(&job.tags),
        root_process_instance_key: key(job.root),
        physical_tenant_id: "default",
        business_id: job.business_id.as_ref().map(Text::shared),
        priority: 0,
        job_lease_token: None,
    })
}

async fn activate(
    State(host): State<Arc<Host>>,
    Body(body, _): Body<ActivationBody>,
) -> Result<Response, Problem> {
    for id in body.tenant_ids.iter().flatten() {
        tenant(Some(id))?;
    }
    absent("job lease tokens (withLease)", body.with_lease.filter(|asked| *asked).as_ref())?;
    let poll = match body.request_timeout.unwrap_or(0) {
        0 => Some(work::POLL_DEFAULT),
        ms => u64::try_from(ms).ok().map(Duration::from_millis),
    };
    let activate = ActivateJobs {
        job_type: body.r#type.into(),
        worker: body.worker.unwrap_or_default().into(),
        timeout_ms: body.timeout,
        jobs_max: u32::try_from(body.max_jobs_to_activate).unwrap_or(0),
        fetch_variables: texts(body.fetch_variable),
    };
    let deadline = poll.map(|poll| Instant::now() + poll);
    let jobs = work::activate(&host, activate, deadline).await?;
    Ok(json(&Activated { jobs: jobs.iter().map(wire_job).collect::<Result<_, _>>()? }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CompletionBody {
    variables: Option<Box<RawValue>>,
    result: Option<ResultBody>,
    job_lease_token: Option<String>,
    business_id: Option<String>,
}

async fn complete(
    State(host): State<Arc<Host>>,
    PathKey(job): PathKey,
    Body(body, bytes): Body<CompletionBody>,
) -> Result<Response, Problem> {
    absent("job lease tokens", body.job_lease_token.as_ref())?;
    absent("business ids of completions", body.business_id.as_ref())?;
    let variables = wire::variables(body.variables.as_deref())?;
    let job = job.into();
    let command = match body.result {
        None => Command::CompleteJob { job, variables },
        Some(result) => result.command(job, variables)?,
    };
    host.command(command, bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FailureBody {
    retries: Option<i32>,
    error_message: Option<String>,
    retry_back_off: Option<i64>,
    variables: Option<Box<RawValue>>,
    job_lease_token: Option<String>,
}

async fn fail(
    State(host): State<Arc<Host>>,
    PathKey(job): PathKey,
    Body(body, bytes): Body<FailureBody>,
) -> Result<Response, Problem> {
    absent("job lease tokens", body.job_lease_token.as_ref())?;
    let fail = FailJob {
        job: job.into(),
        retries: body.retries.unwrap_or(0),
        message: body.error_message.unwrap_or_default().into(),
        backoff_ms: body.retry_back_off.unwrap_or(0),
        variables: wire::variables(body.variables.as_deref())?,
    };
    host.command(Command::FailJob(fail), bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ErrorBody {
    error_code: String,
    error_message: Option<String>,
    variables: Option<Box<RawValue>>,
    job_lease_token: Option<String>,
}

async fn throw(
    State(host): State<Arc<Host>>,
    PathKey(job): PathKey,
    Body(body, bytes): Body<ErrorBody>,
) -> Result<Response, Problem> {
    absent("job lease tokens", body.job_lease_token.as_ref())?;
    let throw = ThrowError {
        job: job.into(),
        code: body.error_code.into(),
        message: body.error_message.unwrap_or_default().into(),
        variables: wire::variables(body.variables.as_deref())?,
    };
    host.command(Command::ThrowError(throw), bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateBody {
    changeset: Changeset,
    job_lease_token: Option<String>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changeset {
    retries: Option<i32>,
    timeout: Option<i64>,
    priority: Option<i32>,
}

async fn update(
    State(host): State<Arc<Host>>,
    PathKey(job): PathKey,
    Body(body, bytes): Body<UpdateBody>,
) -> Result<Response, Problem> {
    absent("job lease tokens", body.job_lease_token.as_ref())?;
    absent("priorities of jobs", body.changeset.priority.as_ref())?;
    let Changeset { retries, timeout: timeout_ms, priority: _ } = body.changeset;
    host.command(Command::UpdateJob { job: job.into(), retries, timeout_ms }, bytes).await?;
    Ok(done())
}

//! What requests mean and what replies say, the same for every road that a call comes by.

use std::time::Duration;

use base::{
    ActivateElement, ActivateJobs, ActivatedJob, AdHocResult, Command, CreateInstance,
    DefinitionRef, FailJob, JobKey, ListenerResult, PublishMessage, Rejection, RejectionKind,
    Reply, TaskPatch, Text, ThrowError, Variables,
};
use http::HeaderMap;
use proto::gateway as wire;
use proto::gateway::process_instance_creation_runtime_instruction::Instruction;
use tokio::time::Instant;
use tonic::Status;

use super::listened::{kind, listened, listener_event_type};
use super::status::{key, tenant, texts, timeout, variables};
use super::stream::{self, Pushes};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(crate) use super::status::status;

/// What an answer's way back may take: polls and streams end so long before the caller's deadline.
const BEFORE_DEADLINE: Duration = Duration::from_millis(500);

/// A command and the bytes that the caller sent for it.
pub(crate) type Asked = Result<(Command, usize), Status>;

/// When an answer must be on its way: the caller's own deadline, less what that takes.
/// `None` if the caller names none, or one beyond all clocks.
pub(super) fn end_of_call(headers: &HeaderMap) -> Result<Option<Instant>, Status> {
    let end = timeout(headers)?.and_then(|timeout| {
        // Short deadlines keep at least half of their time.
        let early = BEFORE_DEADLINE.min(timeout / 2);
        Instant::now().checked_add(timeout.saturating_sub(early))
    });
    Ok(end)
}

pub(super) fn unsupported(what: &str) -> Status {
    status(Rejection::new(
        RejectionKind::Unsupported,
        format!("this release of Fermata does not support {what} yet"),
    ))
}

/// A reply of another command: a mistake of ours.
pub(super) fn unexpected() -> Status {
    Status::internal("Fermata answered another question than this one; please report this")
}

/// `CreateProcessInstance`.
pub(crate) fn create(request: wire::CreateProcessInstanceRequest) -> Asked {
    start(request, None)
}

/// `CreateProcessInstanceWithResult`.
pub(crate) fn create_and_wait(request: wire::CreateProcessInstanceWithResultRequest) -> Asked {
    let inner = request.request.ok_or_else(|| {
        status(Rejection::invalid("expected the request to name a process, but it is empty"))
    })?;
    start(inner, Some(request.fetch_variables))
}

fn start(request: wire::CreateProcessInstanceRequest, await_result: Option<Vec<String>>) -> Asked {
    tenant(&request.tenant_id)?;
    let bytes = request.variables.len();
    let definition = if request.process_definition_key > 0 {
        DefinitionRef::Key(key("a process definition", request.process_definition_key)?.into())
    } else if request.bpmn_process_id.is_empty() {
        return Err(status(Rejection::invalid(
            "expected a process definition key or a process id, but found neither",
        )));
    } else {
        let version = (request.version > 0).then_some(request.version);
        DefinitionRef::Id { id: request.bpmn_process_id.into(), version }
    };
    let create = CreateInstance {
        definition,
        variables: variables(&request.variables)?,
        start_at: request.start_instructions.into_iter().map(|at| at.element_id.into()).collect(),
        end_after: request
            .runtime_instructions
            .into_iter()
            .map(end_after)
            .collect::<Result<_, _>>()?,
        business_id: None,
        business_id_unique: false,
        tags: Vec::new(),
        await_result: await_result.map(texts),
    };
    Ok((Command::Create(create), bytes))
}

fn end_after(wish: wire::ProcessInstanceCreationRuntimeInstruction) -> Result<Text, Status> {
    let Some(Instruction::Terminate(terminate)) = wish.instruction else {
        return Err(status(Rejection::invalid(
            "expected a runtime instruction to say what happens (`terminate`), but it is empty",
        )));
    };
    Ok(terminate.after_element_id.into())
}

/// The answer to [`create`].
pub(crate) fn created(reply: Reply) -> Result<wire::CreateProcessInstanceResponse, Status> {
    let Reply::Created(created) = reply else { return Err(unexpected()) };
    Ok(wire::CreateProcessInstanceResponse {
        process_definition_key: created.definition.0.as_i64(),
        bpmn_process_id: created.process_id.to_string(),
        version: created.version,
        process_instance_key: created.instance.0.as_i64(),
        tenant_id: DEFAULT_TENANT.into(),
    })
}

/// The answer to [`create_and_wait`].
pub(crate) fn ended(reply: Reply) -> Result<wire::CreateProcessInstanceWithResultResponse, Status> {
    let Reply::Ended(result) = reply else { return Err(unexpected()) };
    let created = result.created;
    Ok(wire::CreateProcessInstanceWithResultResponse {
        process_definition_key: created.definition.0.as_i64(),
        bpmn_process_id: created.process_id.to_string(),
        version: created.version,
        process_instance_key: created.instance.0.as_i64(),
        variables: result.variables.to_json(),
        tenant_id: DEFAULT_TENANT.into(),
    })
}

/// [`create_and_wait`] and its answer. It is waited for until `end`, and no longer than the request
/// itself says; the instance goes on.
pub(crate) async fn run_to_end(
    host: &Host,
    request: wire::CreateProcessInstanceWithResultRequest,
    end: Option<Instant>,
) -> Result<wire::CreateProcessInstanceWithResultResponse, Status> {
    let wait = u64::try_from(request.request_timeout).ok().filter(|ms| *ms > 0);
    let wait = wait.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
    let (command, bytes) = create_and_wait(request)?;
    let done = host.command(command, bytes);
    let outcome = match [end, wait].into_iter().flatten().min() {
        None => done.await,
        Some(until) => tokio::time::timeout_at(until, done).await.map_err(|_| {
            Status::deadline_exceeded(
                "there was no result yet when the request's time was over; if the instance was \
                 started it goes on, so look for it before you start another",
            )
        })?,
    };
    ended(outcome.map_err(status)?)
}

/// `CompleteJob`.
pub(crate) fn complete_job(request: &wire::CompleteJobRequest) -> Asked {
    let job = key("a job", request.job_key)?.into();
    let variables = variables(&request.variables)?;
    let Some(result) = &request.result else {
        return Ok((Command::CompleteJob { job, variables }, request.variables.len()));
    };
    match result.r#type.as_deref() {
        None | Some("userTask") => {}
        Some("adHocSubProcess") => return ad_hoc_answer(job, variables, request, result),
        Some(_) => return Err(unsupported("results of jobs of other types")),
    }
    let of_ad_hoc = !result.activate_elements.is_empty()
        || result.is_completion_condition_fulfilled.is_some()
        || result.is_cancel_remaining_instances.is_some();
    if of_ad_hoc {
        return Err(status(Rejection::invalid(
            "expected the result of a listener, but found what an ad-hoc sub-process is told; say \
             `adHocSubProcess` as the type of the result",
        )));
    }
    if !variables.is_empty() {
        return Err(status(Rejection::invalid(
            "expected a result or variables, but found both: a listener of a user task sets none",
        )));
    }
    let reason = result.denied_reason.clone().unwrap_or_default();
    let denied = result.denied.unwrap_or(false).then(|| reason.into());
    let corrections = corrections(result.corrections.clone().unwrap_or_default())?;
    let result = Box::new(ListenerResult { denied, corrections });
    Ok((Command::AnswerListener { job, result }, 0))
}

/// What the job of an ad-hoc sub-process says.
fn ad_hoc_answer(
    job: JobKey,
    variables: Variables,
    request: &wire::CompleteJobRequest,
    result: &wire::JobResult,
) -> Asked {
    if result.denied.unwrap_or(false) || result.corrections.is_some() {
        return Err(unsupported("denials and corrections in the result of an ad-hoc sub-process"));
    }
    let mut bytes = request.variables.len();
    let mut activate = Vec::with_capacity(result.activate_elements.len());
    for wanted in &result.activate_elements {
        bytes += wanted.variables.len();
        let variables = self::variables(&wanted.variables)?;
        activate.push(ActivateElement { element_id: wanted.element_id.as_str().into(), variables });
    }
    let result = Box::new(AdHocResult {
        activate,
        fulfilled: result.is_completion_condition_fulfilled.unwrap_or(false),
        cancel_remaining: result.is_cancel_remaining_instances.unwrap_or(false),
    });
    Ok((Command::AnswerAdHoc { job, variables, result }, bytes))
}

/// Absent keeps a value, an empty one clears it.
fn corrections(wire: wire::JobResultCorrections) -> Result<TaskPatch, Status> {
    let date = |what: &str, text: Option<String>| {
        crate::work::date_correction(what, text.as_deref())
            .map_err(|why| status(Rejection::invalid(why)))
    };
    Ok(TaskPatch {
        assignee: wire.assignee.map(|who| (!who.is_empty()).then(|| who.into())),
        candidate_groups: wire.candidate_groups.map(|list| texts(list.values)),
        candidate_users: wire.candidate_users.map(|list| texts(list.values)),
        due_ms: date("dueDate", wire.due_date)?,
        follow_up_ms: date("followUpDate", wire.follow_up_date)?,
        priority: wire.priority,
        ..TaskPatch::default()
    })
}

/// `FailJob`.
pub(crate) fn fail_job(request: wire::FailJobRequest) -> Asked {
    let bytes = request.variables.len();
    let fail = FailJob {
        job: key("a job", request.job_key)?.into(),
        retries: request.retries,
        message: request.error_message.into(),
        backoff_ms: request.retry_back_off,
        variables: variables(&request.variables)?,
    };
    Ok((Command::FailJob(fail), bytes))
}

/// `ThrowError`.
pub(crate) fn throw_error(request: wire::ThrowErrorRequest) -> Asked {
    let bytes = request.variables.len();
    let throw = ThrowError {
        job: key("a job", request.job_key)?.into(),
        code: request.error_code.into(),
        message: request.error_message.into(),
        variables: variables(&request.variables)?,
    };
    Ok((Command::ThrowError(throw), bytes))
}

/// `PublishMessage`.
pub(crate) fn publish(request: wire::PublishMessageRequest) -> Asked {
    tenant(&request.tenant_id)?;
    let bytes = request.variables.len();
    let publish = PublishMessage {
        name: request.name.into(),
        correlation_key: request.correlation_key.into(),
        time_to_live_ms: request.time_to_live,
        message_id: request.message_id.into(),
        variables: variables(&request.variables)?,
        await_correlation: false,
    };
    Ok((Command::Publish(publish), bytes))
}

/// The answer to [`publish`].
pub(crate) fn published(reply: &Reply) -> Result<wire::PublishMessageResponse, Status> {
    let Reply::Published { message, .. } = reply else { return Err(unexpected()) };
    Ok(wire::PublishMessageResponse { key: message.0.as_i64(), tenant_id: DEFAULT_TENANT.into() })
}

/// `BroadcastSignal`.
pub(crate) fn broadcast(request: wire::BroadcastSignalRequest) -> Asked {
    tenant(&request.tenant_id)?;
    let bytes = request.variables.len();
    let variables = variables(&request.variables)?;
    Ok((Command::Broadcast { signal: request.signal_name.into(), variables }, bytes))
}

/// The answer to [`broadcast`].
pub(crate) fn broadcasted(reply: &Reply) -> Result<wire::BroadcastSignalResponse, Status> {
    let Reply::Broadcast { signal } = reply else { return Err(unexpected()) };
    Ok(wire::BroadcastSignalResponse { key: signal.0.as_i64(), tenant_id: DEFAULT_TENANT.into() })
}

/// `StreamActivatedJobs`.
pub(crate) fn open_stream(
    host: &Host,
    request: wire::StreamActivatedJobsRequest,
    headers: &HeaderMap,
) -> Result<Pushes, Status> {
    for id in &request.tenant_ids {
        tenant(id)?;
    }
    let activate = ActivateJobs {
        job_type: request.r#type.into(),
        worker: request.worker.into(),
        timeout_ms: request.timeout,
        jobs_max: stream::WINDOW,
        fetch_variables: texts(request.fetch_variable),
    };
    stream::start(host, &activate, end_of_call(headers)?).map_err(status)
}

/// A job as the wire has it.
pub(crate) fn wire_job(job: &ActivatedJob) -> wire::ActivatedJob {
    wire::ActivatedJob {
        key: job.job.0.as_i64(),
        r#type: job.job_type.to_string(),
        process_instance_key: job.instance.0.as_i64(),
        bpmn_process_id: job.process_id.to_string(),
        process_definition_version: job.version,
        process_definition_key: job.definition.0.as_i64(),
        element_id: job.element_id.to_string(),
        element_instance_key: job.element.0.as_i64(),
        custom_headers: job.headers.to_string(),
        worker: job.worker.to_string(),
        retries: job.retries,
        deadline: job.deadline_ms,
        variables: job.variables.to_string(),
        tenant_id: DEFAULT_TENANT.into(),
        user_task: job.user_task.as_deref().map(listened),
        kind: kind(job.role).into(),
        listener_event_type: listener_event_type(job.role).into(),
    }
}

//! One type of jobs: polls for as many as there is room for, and starts them.

use std::sync::Arc;
use std::time::Duration;

use proto::gateway as wire;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tonic::{Code, Request, Status};

use super::backoff::Backoff;
use super::{Handler, Job, Notice, Shared, Stop, lease};
use crate::error::root_cause;
use crate::{Error, Problem};

/// How long the server holds a poll while there is no job.
const POLL: Duration = Duration::from_secs(10);
/// How much longer an answer may take before the poll counts as lost.
const POLL_GRACE: Duration = Duration::from_secs(5);

/// Works on jobs of one type until `stop` says so and all that was begun is done.
pub(super) async fn run<H: Handler>(
    shared: Arc<Shared<H>>,
    job_type: String,
    mut stop: Stop,
) -> Result<(), Error> {
    let slots = Arc::new(Semaphore::new(shared.options.jobs.max(1)));
    let mut running = JoinSet::new();
    let mut backoff = Backoff::new();
    let mut away = false;
    let result = loop {
        while running.try_join_next().is_some() {}
        let first = tokio::select! {
            biased;
            () = stop.draining() => break Ok(()),
            permit = Arc::clone(&slots).acquire_owned() => permit,
        };
        // The semaphore is never closed.
        let Ok(first) = first else { break Ok(()) };
        let polled = tokio::select! {
            biased;
            polled = poll(&shared, &job_type, 1 + slots.available_permits()) => polled,
            () = stop.draining() => break Ok(()),
        };
        match polled {
            Ok(jobs) => {
                backoff.reset();
                if std::mem::take(&mut away) {
                    shared.handler.notice(Notice::ServerBack);
                }
                start(&shared, &stop, &slots, first, jobs, &mut running);
            }
            Err(status) if is_final(&status) => break Err(refused(&status)),
            Err(status) => {
                if !std::mem::replace(&mut away, true) {
                    let server = shared.server.clone();
                    let cause = cause(&status);
                    shared.handler.notice(Notice::ServerAway { server, cause });
                }
                tokio::select! {
                    () = tokio::time::sleep(backoff.pause()) => {}
                    () = stop.draining() => break Ok(()),
                }
            }
        }
    };
    while running.join_next().await.is_some() {}
    result
}

/// Only this feed takes permits, so there is one for each job of an answer.
fn start<H: Handler>(
    shared: &Arc<Shared<H>>,
    stop: &Stop,
    slots: &Arc<Semaphore>,
    first: OwnedSemaphorePermit,
    jobs: Vec<Job>,
    running: &mut JoinSet<()>,
) {
    let mut first = Some(first);
    for job in jobs {
        let permit = first.take().or_else(|| Arc::clone(slots).try_acquire_owned().ok());
        let (shared, stop) = (Arc::clone(shared), stop.clone());
        running.spawn(async move {
            lease::work(&shared, job, stop).await;
            drop(permit);
        });
    }
}

async fn poll<H>(shared: &Shared<H>, job_type: &str, room: usize) -> Result<Vec<Job>, Status> {
    let options = &shared.options;
    let mut request = Request::new(wire::ActivateJobsRequest {
        r#type: job_type.to_owned(),
        worker: options.name.clone(),
        timeout: ms(options.lease),
        max_jobs_to_activate: i32::try_from(room).unwrap_or(i32::MAX),
        fetch_variable: options.fetch.clone(),
        request_timeout: ms(POLL),
        tenant_ids: Vec::new(),
    });
    request.set_timeout(POLL + POLL_GRACE);
    let mut answer = shared.gateway.clone().activate_jobs(request).await?.into_inner();
    let mut jobs = Vec::new();
    while let Some(part) = answer.message().await? {
        jobs.extend(part.jobs.into_iter().map(Job::from));
    }
    Ok(jobs)
}

/// A duration as the wire has it.
pub(super) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What the system said, where the call did not get through; else the server's own words.
fn cause(status: &Status) -> String {
    std::error::Error::source(status).map_or_else(|| status.message().to_owned(), root_cause)
}

/// Whether the same poll would be refused for ever.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::Unimplemented
            | Code::PermissionDenied
            | Code::Unauthenticated
    )
}

fn refused(status: &Status) -> Error {
    let http = match status.code() {
        Code::InvalidArgument => 400,
        Code::PermissionDenied => 403,
        Code::Unauthenticated => 401,
        _ => 501,
    };
    let title = format!("{:?}", status.code());
    Error::Refused(Problem { status: http, title, detail: status.message().to_owned() })
}

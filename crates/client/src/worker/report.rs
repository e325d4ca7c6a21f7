//! Tells the server what became of a job, through restarts of the server.

use std::time::Duration;

use proto::gateway as wire;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::backoff::Backoff;
use super::feed::ms;
use super::lease::{CALL_TIMEOUT, is_gone};
use super::{Handler, Job, Notice, Outcome, Shared, Stop};

/// Reports an outcome. While the server is away it is tried for as long as one lease: after that
/// the job may be another worker's. What the server refuses for its content becomes a failure.
pub(super) async fn report<H: Handler>(
    shared: &Shared<H>,
    job: &Job,
    outcome: Outcome,
    mut stop: Stop,
) {
    let until = Instant::now() + shared.options.lease.max(Duration::from_secs(1));
    let refused = match send_until(shared, job.key, &outcome, until, &mut stop).await {
        Ok(()) => return shared.handler.notice(Notice::Reported { key: job.key }),
        Err(status) => status,
    };
    let why = refused.message().to_owned();
    if refused.code() == Code::InvalidArgument {
        // The outcome itself cannot be taken (say, its variables are too large): unless the job
        // fails, it would come back for ever.
        let retries = match &outcome {
            Outcome::Fail { retries, .. } => *retries,
            Outcome::Complete { .. } | Outcome::Error { .. } => job.retries - 1,
        };
        let message = why.clone();
        let failure = Outcome::Fail { retries: retries.max(0), message, backoff: Duration::ZERO };
        let _ = send_until(shared, job.key, &failure, until, &mut stop).await;
    }
    shared.handler.notice(Notice::NotReported { key: job.key, why });
}

async fn send_until<H>(
    shared: &Shared<H>,
    key: i64,
    outcome: &Outcome,
    until: Instant,
    stop: &mut Stop,
) -> Result<(), Status> {
    let mut backoff = Backoff::new();
    loop {
        let Err(status) = send(shared, key, outcome).await else { return Ok(()) };
        let pause = backoff.pause();
        let hopeless = is_gone(&status) || !may_pass(&status) || Instant::now() + pause > until;
        if hopeless {
            return Err(status);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.now() => return Err(status),
        }
    }
}

/// Whether the same call may succeed a moment later.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Internal
            | Code::Aborted
            | Code::Unknown
    )
}

async fn send<H>(shared: &Shared<H>, job_key: i64, outcome: &Outcome) -> Result<(), Status> {
    let mut gateway = shared.gateway.clone();
    match outcome.clone() {
        Outcome::Complete { variables } => {
            let call = wire::CompleteJobRequest { job_key, variables, result: None };
            gateway.complete_job(timed(call)).await.map(drop)
        }
        Outcome::Fail { retries, message, backoff } => {
            let call = wire::FailJobRequest {
                job_key,
                retries,
                error_message: message,
                retry_back_off: ms(backoff),
                variables: String::new(),
            };
            gateway.fail_job(timed(call)).await.map(drop)
        }
        Outcome::Error { code, message, variables } => {
            let call = wire::ThrowErrorRequest {
                job_key,
                error_code: code,
                error_message: message,
                variables,
            };
            gateway.throw_error(timed(call)).await.map(drop)
        }
    }
}

fn timed<T>(call: T) -> Request<T> {
    let mut request = Request::new(call);
    request.set_timeout(CALL_TIMEOUT);
    request
}

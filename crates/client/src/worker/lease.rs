//! One job under lease: the handler runs, the lease is kept, the outcome is reported.

use std::time::Duration;

use proto::gateway as wire;
use tonic::{Code, Request, Status};

use super::feed::ms;
use super::{Handler, Job, Notice, Outcome, Shared, Stop, report};

/// How long a call about one job may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Shortest pause between two prolongations.
const PROLONG_PAUSE_MIN: Duration = Duration::from_millis(50);
/// How long giving back may take: the worker is on its way out.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(1);

/// How the handler's run ended.
enum Run {
    Done(Outcome),
    Gone(String),
    Stopped,
}

/// Does one job from its lease to its report.
pub(super) async fn work<H: Handler>(shared: &Shared<H>, job: Job, mut stop: Stop) {
    let key = job.key;
    let run = tokio::select! {
        biased;
        outcome = shared.handler.handle(job.clone()) => Run::Done(outcome),
        why = keep(shared, key) => Run::Gone(why),
        () = stop.now() => Run::Stopped,
    };
    match run {
        Run::Done(outcome) => report::report(shared, &job, outcome, stop).await,
        Run::Gone(why) => shared.handler.notice(Notice::Gone { key, why }),
        Run::Stopped => {
            // If it fails, the lease ends by itself.
            let _ = prolong(shared, key, Duration::ZERO, GIVE_BACK_TIMEOUT).await;
            shared.handler.notice(Notice::GivenBack { key });
        }
    }
}

/// Prolongs the lease at every third of it; ends when the job is no longer there to be leased.
async fn keep<H: Handler>(shared: &Shared<H>, key: i64) -> String {
    let lease = shared.options.lease;
    loop {
        tokio::time::sleep((lease / 3).max(PROLONG_PAUSE_MIN)).await;
        match prolong(shared, key, lease, CALL_TIMEOUT).await {
            Err(status) if is_gone(&status) => return status.message().to_owned(),
            // A server that is away for a moment: the next third tries again.
            Ok(()) | Err(_) => {}
        }
    }
}

/// Whether a status says that the job is not open any more.
pub(super) fn is_gone(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::FailedPrecondition)
}

async fn prolong<H>(
    shared: &Shared<H>,
    job_key: i64,
    lease: Duration,
    timeout: Duration,
) -> Result<(), Status> {
    let timeout_ms = ms(lease);
    let mut request = Request::new(wire::UpdateJobTimeoutRequest {
        job_key,
        timeout: timeout_ms,
        operation_reference: None,
    });
    request.set_timeout(timeout);
    shared.gateway.clone().update_job_timeout(request).await.map(drop)
}

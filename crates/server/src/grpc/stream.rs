//! `StreamActivatedJobs`: jobs are pushed as they come up.

use std::sync::Arc;

use base::{ActivateJobs, ActivatedJob};
use proto::gateway as wire;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

use super::gateway::wire_job;
use super::status::status;
use crate::host::Host;
use crate::work;

/// Jobs on their way to one worker that it has not read yet: what it leaves unread makes the
/// stream stop leasing.
const UNREAD_MAX: usize = 32;

/// Leases jobs for one stream until its client goes away or `deadline` comes.
pub(super) fn start(
    host: Arc<Host>,
    activate: ActivateJobs,
    deadline: Option<Instant>,
) -> mpsc::Receiver<Result<wire::ActivatedJob, Status>> {
    let (sender, receiver) = mpsc::channel(UNREAD_MAX);
    tokio::spawn(async move {
        let end = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = end => {}
            () = sender.closed() => {}
            rejection = push(&host, &activate, &sender) => {
                let _ = sender.send(Err(status(rejection))).await;
            }
        }
    });
    receiver
}

async fn push(
    host: &Arc<Host>,
    activate: &ActivateJobs,
    sender: &mpsc::Sender<Result<wire::ActivatedJob, Status>>,
) -> base::Rejection {
    let wait = host.hints().wait(&activate.job_type);
    loop {
        // One place at least; the channel closes this future's task, not this call.
        let Ok(first) = sender.reserve().await else { std::future::pending().await };
        drop(first);
        let free = u32::try_from(sender.capacity().max(1)).unwrap_or(1);
        let ask = ActivateJobs { jobs_max: free, ..activate.clone() };
        // In a task of its own: an activation that is under way must not be forgotten when the
        // client goes away, or its jobs would wait for the end of their leases.
        let delivery = tokio::spawn(deliver(Arc::clone(host), ask, sender.clone()));
        match delivery.await {
            Ok(Ok(0)) => wait.hint().await,
            Ok(Ok(_)) => wait.pass_on(),
            Ok(Err(rejection)) => return rejection,
            Err(panic) => {
                let why = format!("the stream failed: {panic}");
                return base::Rejection::new(base::RejectionKind::Unavailable, why);
            }
        }
    }
}

/// Leases and sends; what the client does not take any more is given back. Answers how many.
async fn deliver(
    host: Arc<Host>,
    activate: ActivateJobs,
    sender: mpsc::Sender<Result<wire::ActivatedJob, Status>>,
) -> Result<usize, base::Rejection> {
    let jobs: Vec<ActivatedJob> = work::try_activate(&host, &activate).await?;
    let count = jobs.len();
    let mut left = Vec::new();
    for job in jobs {
        let key = job.job;
        if !left.is_empty() || sender.send(Ok(wire_job(job))).await.is_err() {
            left.push(key);
        }
    }
    work::give_back(&host, left).await;
    Ok(count)
}

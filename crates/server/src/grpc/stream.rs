//! `StreamActivatedJobs`: jobs are pushed as they come up.

use std::collections::HashMap;

use base::{ActivateJobs, Rejection, ShardId};
use proto::gateway as wire;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

use super::gateway::wire_job;
use crate::host::{Host, JobStream};

/// Jobs that one shard may have on their way to one worker that has not read them yet: what it
/// leaves unread makes the stream stop leasing.
pub(super) const WINDOW: u32 = 64;
/// Jobs that stand ready for the connection to take.
const UNREAD_MAX: usize = 32;

/// Leases jobs for one stream until its client goes away or `deadline` comes.
pub(super) fn start(
    host: &Host,
    activate: &ActivateJobs,
    deadline: Option<Instant>,
) -> Result<mpsc::Receiver<Result<wire::ActivatedJob, Status>>, Rejection> {
    engine::check_activation(activate)?;
    let jobs = host.open_stream(activate)?;
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
            () = forward(jobs, &sender) => {}
        }
    });
    Ok(receiver)
}

/// Hands jobs to the connection and gives the shards credit for what it took.
async fn forward(mut jobs: JobStream, sender: &mpsc::Sender<Result<wire::ActivatedJob, Status>>) {
    let mut taken: HashMap<ShardId, u32> = HashMap::new();
    // The place first: no job is in hand while this waits, so none is lost when the client goes away.
    while let Ok(place) = sender.reserve().await {
        let Some(job) = jobs.next().await else { return };
        let shard = job.job.0.shard();
        place.send(Ok(wire_job(&job)));
        let taken = taken.entry(shard).or_default();
        *taken += 1;
        if *taken >= WINDOW / 2 {
            jobs.credit(shard, *taken);
            *taken = 0;
        }
    }
}

//! `StreamActivatedJobs`: jobs are pushed as they come up.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use base::{ActivateJobs, ActivatedJob, Rejection, ShardId};
use tokio::time::Instant;
use tokio_stream::Stream;

use crate::host::{Host, JobStream};

/// Jobs that one shard may have on their way to one worker whose connection has not taken them
/// yet: a worker that does not read makes its stream stop leasing.
pub(super) const WINDOW: u32 = 128;

/// The jobs of one worker. Dropped when its client goes away: then what the connection has not
/// taken is given back.
pub(crate) struct Pushes {
    jobs: JobStream,
    /// Taken by the connection since the shard last got credit.
    taken: HashMap<ShardId, u32>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Leases jobs for one stream until its client goes away or `deadline` comes.
pub(super) fn start(
    host: &Host,
    activate: &ActivateJobs,
    deadline: Option<Instant>,
) -> Result<Pushes, Rejection> {
    engine::check_activation(activate)?;
    let jobs = host.open_stream(activate)?;
    let stopping = host.stopping();
    let end = Box::pin(async move {
        match deadline {
            None => stopping.await,
            Some(deadline) => tokio::select! {
                () = stopping => {}
                () = tokio::time::sleep_until(deadline) => {}
            },
        }
    });
    Ok(Pushes { jobs, taken: HashMap::new(), end })
}

impl Stream for Pushes {
    type Item = ActivatedJob;

    /// The next job; `None` when the server stops or the time is over.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.jobs.poll_next(context) {
            Poll::Ready(Some(job)) => {
                let shard = job.job.0.shard();
                let taken = self.taken.entry(shard).or_default();
                *taken += 1;
                if *taken >= WINDOW / 2 {
                    let credit = std::mem::take(taken);
                    self.jobs.credit(shard, credit);
                }
                Poll::Ready(Some(job))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.end.as_mut().poll(context).map(|()| None),
        }
    }
}

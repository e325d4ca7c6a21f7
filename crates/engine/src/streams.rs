//! Streams of jobs: a job is leased for a waiting worker in the batch that creates it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use base::limits::JOBS_PER_ACTIVATION_MAX;
use base::{ActivateJobs, Text};

use crate::input::StreamId;
use crate::shard::Shard;

#[derive(Debug)]
struct Stream {
    activate: Arc<ActivateJobs>,
    credit: u32,
}

/// The open streams of a shard.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: BTreeMap<StreamId, Stream>,
    /// Streams of a type, the next to get a job first.
    by_type: BTreeMap<Text, VecDeque<StreamId>>,
    /// Types to look at before the batch ends.
    pumps: BTreeSet<Text>,
}

impl Streams {
    pub(crate) fn open(&mut self, stream: StreamId, activate: ActivateJobs) {
        let job_type = activate.job_type.clone();
        let credit = activate.jobs_max;
        self.by_type.entry(job_type.clone()).or_default().push_back(stream);
        self.open.insert(stream, Stream { activate: Arc::new(activate), credit });
        self.pumps.insert(job_type);
    }

    pub(crate) fn credit(&mut self, stream: StreamId, jobs: u32) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.credit = open.credit.saturating_add(jobs);
            self.pumps.insert(open.activate.job_type.clone());
        }
    }

    pub(crate) fn close(&mut self, stream: StreamId) {
        let Some(closed) = self.open.remove(&stream) else { return };
        let job_type = &closed.activate.job_type;
        if let Some(streams) = self.by_type.get_mut(job_type) {
            streams.retain(|other| *other != stream);
            if streams.is_empty() {
                self.by_type.remove(job_type);
            }
        }
    }

    /// The type has something: it is looked at if a stream wants it.
    pub(crate) fn wake(&mut self, job_type: &Text) {
        if self.by_type.contains_key(job_type) && !self.pumps.contains(job_type) {
            self.pumps.insert(job_type.clone());
        }
    }

    pub(crate) fn next_pump(&mut self) -> Option<Text> {
        self.pumps.pop_first()
    }

    /// How many jobs of a type the streams want, up to what one activation may lease.
    pub(crate) fn credit_of(&self, job_type: &str) -> u32 {
        let Some(streams) = self.by_type.get(job_type) else { return 0 };
        let credit = |stream: &StreamId| self.open.get(stream).map_or(0, |open| open.credit);
        streams.iter().map(credit).fold(0, u32::saturating_add).min(JOBS_PER_ACTIVATION_MAX)
    }

    /// The stream that gets the next job of a type: those with credit in turn.
    fn take_turn(&mut self, job_type: &str) -> Option<(StreamId, Arc<ActivateJobs>)> {
        let streams = self.by_type.get_mut(job_type)?;
        for _ in 0..streams.len() {
            let stream = streams.pop_front()?;
            streams.push_back(stream);
            if let Some(open) = self.open.get_mut(&stream).filter(|open| open.credit > 0) {
                open.credit -= 1;
                return Some((stream, Arc::clone(&open.activate)));
            }
        }
        None
    }
}

impl Shard {
    /// Leases what is available of a type for the streams that want it.
    pub(crate) fn pump(&mut self, job_type: &Text) {
        let credit = self.streams.credit_of(job_type) as usize;
        let Some(queue) = self.queues.get(job_type) else { return };
        let due: Vec<_> = queue.due(self.now_ms).take(credit).collect();
        let all = due.len() == credit;
        for (at_ms, job, instance) in due {
            let Some((stream, activate)) = self.streams.take_turn(job_type) else { return };
            if let Some(leased) = self.lease(instance, job, &activate) {
                self.effects.pushes.push((stream, leased));
            } else {
                // Its instance cannot be used; the place would block the queue.
                self.streams.credit(stream, 1);
                if let Some(queue) = self.queues.get_mut(job_type) {
                    queue.remove(at_ms, job);
                }
            }
        }
        let left = self.queues.get(job_type).is_some_and(|queue| {
            queue.due(self.now_ms).next().is_some() || queue.wants_page(self.now_ms, 1)
        });
        if !left {
            // Nothing for those who poll.
            self.ready.remove(job_type);
        } else if all && self.streams.credit_of(job_type) > 0 {
            self.streams.wake(job_type);
        }
    }
}

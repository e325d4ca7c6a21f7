//! The writer's thread, and whom a commit tells in the server.
//!
//! Under load this thread commits, while the shards decide on. A shard that has little to do and
//! nothing under way is committed by who works at its desk.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use base::{ActivatedJob, JobKey, Outcome, Text};
use engine::{Catalog, Definition};
use host::{Committer, Outside};
use store::Fault;
use tokio::sync::mpsc::UnboundedSender;

use super::desk::Desk;
use super::{Decided, Hints, Message, Waiting, lock};

/// Until all shards are gone, or a commit fails: then nothing more is answered.
pub(super) fn run(
    committer: &Mutex<Committer<Faces>>,
    from_shards: &Receiver<Decided>,
) -> Result<(), Fault> {
    while let Ok(first) = from_shards.recv() {
        let mut committer = lock(committer);
        let mut group = vec![first];
        while let Ok(next) = from_shards.try_recv() {
            group.push(next);
        }
        committer.commit(group)?;
    }
    Ok(())
}

/// The shards' threads and the callers. Who is gone needs nothing.
#[derive(Debug)]
pub(super) struct Faces {
    pub(super) acks: Vec<Sender<u64>>,
    pub(super) desks: Vec<Arc<Desk>>,
    pub(super) hints: Arc<Hints>,
    pub(super) definitions: Arc<Mutex<Catalog>>,
}

impl Outside for Faces {
    type Reply = Waiting;
    type Push = UnboundedSender<ActivatedJob>;

    fn durable(&mut self, shard: usize, number: u64) {
        let _ = self.acks[shard].send(number);
    }

    fn deliver(&mut self, shard: usize, message: Message) {
        if let Some(desk) = self.desks.get(shard) {
            // A shard that has ended needs nothing.
            drop(desk.put(message));
            desk.ring();
        }
    }

    fn deployed(&mut self, definition: &Arc<Definition>) {
        lock(&self.definitions).add(Arc::clone(definition));
    }

    fn reply(&mut self, waiting: Waiting, outcome: Outcome) {
        waiting.reply.send(outcome);
    }

    fn push(&mut self, stream: Self::Push, job: ActivatedJob) -> Result<(), JobKey> {
        stream.send(job).map_err(|unsent| unsent.0.job)
    }

    fn ready(&mut self, job_type: &Text) {
        self.hints.ready(job_type);
    }

    fn note(&mut self, note: &str) {
        eprintln!("fermata: {note}");
    }
}

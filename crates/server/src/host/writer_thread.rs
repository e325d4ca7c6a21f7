//! The writer's thread, and whom a commit tells in the server.
//!
//! Under load this thread commits, while the shards decide on. A shard that has little to do and
//! nothing under way is committed by who works at its desk.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use base::{ActivatedJob, JobKey, Outcome, Text};
use engine::{Catalog, Deployed};
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
        if let Some(ack) = self.acks.get(shard) {
            let _ = ack.send(number);
        }
    }

    fn broken(&mut self) {
        // Hangs up: a shard that waits for a commit of its own would wait for ever.
        self.acks.clear();
    }

    fn deliver(&mut self, shard: usize, message: Message) {
        if let Some(desk) = self.desks.get(shard) {
            // A shard that has ended needs nothing.
            drop(desk.put(message));
            desk.ring();
        }
    }

    fn deployed(&mut self, deployed: &Deployed) {
        lock(&self.definitions).add_deployed(deployed);
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, TryRecvError};

    use base::{Batch, Command, PublishMessage, Variables};
    use engine::{Input, ShardOptions, Ticket};
    use host::Step;
    use store::{MemoryStore, Writer};

    use super::*;
    use crate::host::ShardLoop;

    struct FullDisk;

    impl Writer for FullDisk {
        fn commit(&mut self, _: &[Batch]) -> Result<(), Fault> {
            Err(Fault::Failed { place: "the disk".into(), what: "full".into() })
        }
    }

    fn publish() -> Message {
        let publish = PublishMessage {
            name: "paid".into(),
            correlation_key: "a".into(),
            time_to_live_ms: 1_000,
            message_id: "".into(),
            variables: Variables::new(),
            await_correlation: false,
        };
        Message::Input(Input::Command(Ticket(1), Command::Publish(publish)))
    }

    /// Found by tests/chaos: the server did not end after a failed sync, because one shard's commit
    /// failed while another waited for the commit of its own that stood behind it.
    #[test]
    fn a_failed_commit_ends_the_waiting_of_every_shard() {
        let options = ShardOptions { shards: 2, ..ShardOptions::default() };
        let (mut shards, _): (Vec<ShardLoop>, _) =
            host::loops(&MemoryStore::new(2), options).unwrap();
        let (acks, acked): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel()).unzip();
        let faces = Faces {
            acks,
            desks: Vec::new(),
            hints: Arc::default(),
            definitions: Arc::new(Mutex::new(Catalog::default())),
        };
        let mut committer = Committer::new(Box::new(FullDisk), 2, faces);
        shards[0].take(publish());
        let Step::Commit { decided, .. } = shards[0].step(0).unwrap() else {
            panic!("a message is stored")
        };
        assert_eq!(acked[1].try_recv(), Err(TryRecvError::Empty));
        committer.commit(vec![decided]).unwrap_err();
        assert_eq!(acked[1].try_recv(), Err(TryRecvError::Disconnected));
    }
}

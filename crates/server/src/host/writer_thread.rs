//! Commits: what all shards have decided becomes durable as one transaction, then what rests on it
//! is carried out.
//!
//! Under load the writer's own thread does it, while the shards decide on. A shard that has little
//! to do and nothing under way commits on its own thread: that spares the change of threads, which
//! costs about as much as the sync.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

use base::Batch;
use engine::{Catalog, Input};
use store::{Fault, Writer};

use super::shard_thread::Decided;
use super::{Hints, Message, lock};

/// The one writer, and whom it tells.
pub(super) struct Committer {
    pub(super) writer: Box<dyn Writer>,
    /// The first fault: after it nothing is committed, by no shard.
    pub(super) broken: Option<Fault>,
    pub(super) acks: Vec<Sender<u64>>,
    pub(super) inboxes: Vec<Sender<Message>>,
    pub(super) hints: Arc<Hints>,
    pub(super) definitions: Arc<Mutex<Catalog>>,
}

/// Until all shards are gone, or a commit fails: then nothing more is answered.
pub(super) fn run(
    committer: &Mutex<Committer>,
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

impl Committer {
    /// Commits a group and carries out its effects, in order.
    pub(super) fn commit(&mut self, mut group: Vec<Decided>) -> Result<(), Fault> {
        if let Some(first) = &self.broken {
            return Err(first.clone());
        }
        let batches: Vec<Batch> = group
            .iter_mut()
            .filter(|decided| !decided.commit.batch.ops.is_empty())
            .map(|decided| std::mem::take(&mut decided.commit.batch))
            .collect();
        if !batches.is_empty()
            && let Err(fault) = self.writer.commit(&batches)
        {
            self.broken = Some(fault.clone());
            return Err(fault);
        }
        for decided in group {
            self.carry_out(decided);
        }
        Ok(())
    }

    /// The batch is durable.
    fn carry_out(&self, decided: Decided) {
        let Decided { commit, shard, replies, pushes } = decided;
        // A thread that is gone needs nothing: the server is stopping.
        let _ = self.acks[shard].send(commit.number);
        let effects = commit.effects;
        for definition in &effects.definitions {
            lock(&self.definitions).add(Arc::clone(definition));
        }
        if !effects.definitions.is_empty() {
            for (number, inbox) in self.inboxes.iter().enumerate() {
                if number != shard {
                    let definitions = effects.definitions.clone();
                    let _ = inbox.send(Message::Input(Input::Definitions(definitions)));
                }
            }
        }
        for mail in effects.mail {
            if let Some(inbox) = self.inboxes.get(usize::from(mail.to.0)) {
                let _ = inbox.send(Message::Input(Input::Mail(mail)));
            }
        }
        for (waiting, outcome) in replies {
            waiting.reply.send(outcome);
        }
        for (stream, job) in pushes {
            if let Err(unsent) = stream.send(job) {
                let _ = self.inboxes[shard].send(Message::GiveBack(unsent.0.job));
            }
        }
        for job_type in &effects.ready {
            self.hints.ready(job_type);
        }
        for note in &effects.notes {
            eprintln!("fermata: {note}");
        }
    }
}

//! The commit: what shards have decided becomes durable as one transaction, then what rests on it
//! is carried out.

use base::{ActivatedJob, Batch, JobKey, Outcome, Text};
use engine::{Deployed, Input};
use store::{Fault, Writer};

use crate::shard_loop::{Decided, Message};

/// Whom the commit tells. What it calls has become durable.
pub trait Outside {
    /// A caller that waits for a reply.
    type Reply;
    /// A stream of jobs.
    type Push;

    /// Everything up to this commit of the shard is durable.
    fn durable(&mut self, shard: usize, number: u64);
    /// A message for a shard, in order with the others from here.
    fn deliver(&mut self, shard: usize, message: Message<Self::Reply, Self::Push>);
    /// Definitions were deployed.
    fn deployed(&mut self, deployed: &Deployed);
    /// Answers a caller, if it is still there.
    fn reply(&mut self, reply: Self::Reply, outcome: Outcome);
    /// Pushes a job. The job comes back as an error when the stream is gone.
    fn push(&mut self, push: Self::Push, job: ActivatedJob) -> Result<(), JobKey>;
    /// A job type has (or may have) something to hand out.
    fn ready(&mut self, job_type: &Text);
    /// For the operator's log.
    fn note(&mut self, note: &str);
    /// Nothing becomes durable any more: whoever waits for that must not.
    fn broken(&mut self) {}
}

/// The one writer, and whom it tells.
pub struct Committer<O> {
    writer: Box<dyn Writer>,
    shards: usize,
    /// The first fault: after it nothing is committed, by no shard.
    broken: Option<Fault>,
    under_way: bool,
    outside: O,
}

impl<O> std::fmt::Debug for Committer<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Committer").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl<O: Outside> Committer<O> {
    /// Commits for this many shards.
    pub fn new(writer: Box<dyn Writer>, shards: u16, outside: O) -> Self {
        Self { writer, shards: usize::from(shards), broken: None, under_way: false, outside }
    }

    /// Whom it tells.
    pub fn outside(&mut self) -> &mut O {
        &mut self.outside
    }

    /// Commits a group and carries out its effects, in order.
    pub fn commit(&mut self, group: Vec<Decided<O::Reply, O::Push>>) -> Result<(), Fault> {
        if self.under_way {
            // A panic left the last one half done: nothing may be built on it.
            return Err(Fault::Panicked);
        }
        self.under_way = true;
        let done = self.commit_group(group);
        self.under_way = false;
        done
    }

    fn commit_group(&mut self, mut group: Vec<Decided<O::Reply, O::Push>>) -> Result<(), Fault> {
        if let Some(first) = &self.broken {
            return Err(first.clone());
        }
        let batches: Vec<Batch> = group
            .iter_mut()
            .filter(|decided| decided.commit.keys_drawn || !decided.commit.batch.ops.is_empty())
            .map(|decided| std::mem::take(&mut decided.commit.batch))
            .collect();
        if !batches.is_empty()
            && let Err(fault) = self.writer.commit(&batches)
        {
            self.broken = Some(fault.clone());
            self.outside.broken();
            return Err(fault);
        }
        for decided in group {
            self.carry_out(decided);
        }
        Ok(())
    }

    /// The batch is durable.
    fn carry_out(&mut self, decided: Decided<O::Reply, O::Push>) {
        let Decided { commit, shard, replies, pushes } = decided;
        let outside = &mut self.outside;
        outside.durable(shard, commit.number);
        let effects = commit.effects;
        if !effects.deployed.is_empty() {
            outside.deployed(&effects.deployed);
            for other in (0..self.shards).filter(|other| *other != shard) {
                let deployed = effects.deployed.clone();
                outside.deliver(other, Message::Input(Input::Deployed(deployed)));
            }
        }
        for mail in effects.mail {
            outside.deliver(usize::from(mail.to.0), Message::Input(Input::Mail(mail)));
        }
        for (reply, outcome) in replies {
            outside.reply(reply, outcome);
        }
        for (push, job) in pushes {
            if let Err(unsent) = outside.push(push, job) {
                outside.deliver(shard, Message::GiveBack(unsent));
            }
        }
        for job_type in &effects.ready {
            outside.ready(job_type);
        }
        for note in &effects.notes {
            outside.note(note);
        }
    }
}

//! One shard's loop: takes what has come, lets the shard decide, answers its questions.

use std::collections::{BTreeSet, HashMap};

use base::{ActivateJobs, ActivatedJob, Command, DefinitionTimerRow, JobKey, Outcome, ShardId};
use engine::{Catalog, Commit, Input, Poll, Read, Resource, Shard, ShardOptions, StreamId, Ticket};
use store::{Fault, Reader, Store};

use crate::answer;

/// Inputs of one batch.
pub const INPUTS_PER_BATCH_MAX: usize = 1_024;
/// Inputs of a batch that its shard commits on its own thread when nothing else is under way.
const INPUTS_COMMITTED_HERE_MAX: usize = 8;
/// Callers that may wait before it is looked who of them is gone.
const WAITING_LOOK_MIN: usize = 64;

/// What reaches a shard's loop.
#[derive(Debug)]
pub enum Message<R, P> {
    /// A command and who waits for its reply.
    Command(Command, R),
    /// Checked models; for the first shard only.
    Deploy(Vec<Resource>, R),
    /// What nobody waits for.
    Input(Input),
    /// A worker wants jobs pushed.
    OpenStream(StreamId, ActivateJobs, P),
    /// The worker is gone.
    CloseStream(StreamId),
    /// A leased job that its stream did not take.
    GiveBack(JobKey),
}

/// What a shard has decided, on its way to the commit.
#[derive(Debug)]
pub struct Decided<R, P> {
    pub(crate) commit: Commit,
    pub(crate) shard: usize,
    pub(crate) replies: Vec<(R, Outcome)>,
    pub(crate) pushes: Vec<(P, ActivatedJob)>,
}

/// What the driver does next.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a batch, moved once")]
pub enum Step<R, P> {
    /// Commit this, then step again. With `here` it is small and nothing of this shard is under
    /// way, so that no order is lost if the driver commits it at once.
    Commit {
        /// What is to be committed.
        decided: Decided<R, P>,
        /// Whether it may be committed past the queue of commits.
        here: bool,
    },
    /// Step again when all that was handed over is durable ([`ShardLoop::all_durable`]).
    AwaitCommits,
    /// Wait for messages, or for the time of [`ShardLoop::wake_ms`].
    Idle,
}

/// A shard with its reader and those who wait for it.
pub struct ShardLoop<R, P> {
    shard: Shard,
    reader: Box<dyn Reader>,
    /// Inputs of the batch that is being decided.
    inputs: usize,
    /// A question whose answer must have everything in it that was decided.
    behind_commit: Option<Read>,
    waiting: HashMap<Ticket, R>,
    /// With so many waiting it is looked who is gone.
    look_at: usize,
    streams: HashMap<StreamId, P>,
    next_ticket: u64,
    /// Number of the last commit that was handed over.
    handed_over: u64,
}

impl<R, P> std::fmt::Debug for ShardLoop<R, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardLoop").field("shard", &self.shard.id()).finish_non_exhaustive()
    }
}

/// The loops of all shards, and the heads of all definitions.
pub type Loops<R, P> = (Vec<ShardLoop<R, P>>, Catalog);

/// The loops as the store has them.
pub fn loops<R, P: Clone>(store: &dyn Store, options: ShardOptions) -> Result<Loops<R, P>, Fault> {
    let mut reader = store.reader()?;
    let catalog = Catalog::new(reader.definitions()?, reader.decision_graphs()?);
    let mut start_timers = reader.definition_timers()?;
    let mut loops = Vec::new();
    for number in 0..options.shards {
        // Those of start events are the first shard's.
        let timers = std::mem::take(&mut start_timers);
        loops.push(ShardLoop::open(store, ShardId(number), catalog.clone(), timers, options)?);
    }
    Ok((loops, catalog))
}

impl<R, P: Clone> ShardLoop<R, P> {
    fn open(
        store: &dyn Store,
        id: ShardId,
        catalog: Catalog,
        start_timers: Vec<DefinitionTimerRow>,
        options: ShardOptions,
    ) -> Result<Self, Fault> {
        let mut reader = store.reader()?;
        let mut shard = Shard::new(&reader.shard(id)?, catalog, start_timers, options);
        for mail in reader.mail(id)? {
            shard.submit(Input::Mail(mail));
        }
        Ok(Self {
            shard,
            reader,
            inputs: 0,
            behind_commit: None,
            waiting: HashMap::new(),
            look_at: WAITING_LOOK_MIN,
            streams: HashMap::new(),
            next_ticket: 0,
            handed_over: 0,
        })
    }

    /// The shard, to look at.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// When to step although no message has come; see [`Shard::wake_ms`].
    pub fn wake_ms(&self) -> i64 {
        self.shard.wake_ms()
    }

    /// Takes a message; nothing is decided before the next step.
    pub fn take(&mut self, message: Message<R, P>) {
        self.inputs += 1;
        match message {
            Message::Command(command, waiting) => {
                let ticket = self.ticket(waiting);
                self.shard.submit(Input::Command(ticket, command));
            }
            Message::Deploy(resources, waiting) => {
                let ticket = self.ticket(waiting);
                self.shard.submit(Input::Deploy(ticket, resources));
            }
            Message::Input(input) => self.shard.submit(input),
            Message::OpenStream(stream, activate, push) => {
                self.streams.insert(stream, push);
                self.shard.submit(Input::OpenStream(stream, activate));
            }
            Message::CloseStream(stream) => {
                self.streams.remove(&stream);
                self.shard.submit(Input::CloseStream(stream));
            }
            Message::GiveBack(job) => {
                // Nobody waits for the answer: if it is refused, the lease ends by itself.
                let ticket = self.next_ticket();
                let command = Command::UpdateJob { job, retries: None, timeout_ms: Some(0) };
                self.shard.submit(Input::Command(ticket, command));
            }
        }
    }

    fn next_ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    fn ticket(&mut self, waiting: R) -> Ticket {
        let ticket = self.next_ticket();
        self.waiting.insert(ticket, waiting);
        ticket
    }

    /// Lets go of callers that are gone. It looks at them only when they have doubled since the last
    /// look, so that a look costs each that comes no more than a constant.
    pub fn forget(&mut self, gone: impl Fn(&R) -> bool) {
        if self.waiting.len() < self.look_at {
            return;
        }
        let left = self.waiting.iter().filter(|(_, waiting)| gone(waiting));
        let left: BTreeSet<Ticket> = left.map(|(ticket, _)| *ticket).collect();
        self.waiting.retain(|ticket, _| !left.contains(ticket));
        self.look_at = (self.waiting.len() * 2).max(WAITING_LOOK_MIN);
        if !left.is_empty() {
            self.shard.submit(Input::Forget(left));
        }
    }

    /// To be called before the first step after a wait.
    pub fn tick_if_due(&mut self, now_ms: i64) {
        if self.shard.wake_ms() <= now_ms {
            self.shard.submit(Input::Tick);
        }
    }

    /// Everything up to this commit of the shard is durable.
    pub fn durable(&mut self, number: u64) {
        self.shard.committed(number);
    }

    /// Whether all that was handed over is durable.
    pub fn all_durable(&self) -> bool {
        self.shard.committed_number() >= self.handed_over
    }

    /// Decides as far as it goes.
    pub fn step(&mut self, now_ms: i64) -> Result<Step<R, P>, Fault> {
        loop {
            if let Some(read) = &self.behind_commit {
                if self.shard.committed_number() < self.handed_over {
                    return Ok(Step::AwaitCommits);
                }
                let loaded = answer(&mut *self.reader, self.shard.id(), read)?;
                self.behind_commit = None;
                self.shard.supply(loaded);
            }
            match self.shard.poll(now_ms) {
                Poll::Idle => return Ok(self.hand_over().unwrap_or(Step::Idle)),
                Poll::Read(read) => {
                    let loaded = answer(&mut *self.reader, self.shard.id(), &read)?;
                    self.shard.supply(loaded);
                }
                Poll::ReadCommitted(read) => {
                    self.behind_commit = Some(read);
                    if let Some(step) = self.hand_over() {
                        return Ok(step);
                    }
                }
            }
        }
    }

    /// What was decided since the last time, if anything.
    fn hand_over(&mut self) -> Option<Step<R, P>> {
        let inputs = std::mem::take(&mut self.inputs);
        let mut commit = self.shard.take_commit()?;
        let before = self.handed_over;
        self.handed_over = commit.number;
        let replies = std::mem::take(&mut commit.effects.replies)
            .into_iter()
            .filter_map(|(ticket, outcome)| Some((self.waiting.remove(&ticket)?, outcome)))
            .collect();
        let pushes = std::mem::take(&mut commit.effects.pushes)
            .into_iter()
            .filter_map(|(stream, job)| Some((self.streams.get(&stream)?.clone(), job)))
            .collect();
        let shard = usize::from(self.shard.id().0);
        // Batches of one shard are committed in order: here only when none is on its way.
        let here = inputs <= INPUTS_COMMITTED_HERE_MAX && self.shard.committed_number() == before;
        Some(Step::Commit { decided: Decided { commit, shard, replies, pushes }, here })
    }
}

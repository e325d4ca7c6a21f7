//! The server of a run: the shipped loops and commit, with chance in the place of the scheduler.
//!
//! In:  messages for shards, the host's clock, what goes wrong with the disk.
//! Out: replies and pushed jobs, each with what it was for; crashes.
//! Absent: clients, and what must hold (see `clients` and `check`).

use std::collections::{BTreeSet, VecDeque};

use base::{ActivatedJob, JobKey, Outcome, ShardId, Text};
use engine::{Catalog, Deployed, ShardOptions, StreamId};
use host::{Committer, Outside, ShardLoop, Step};
use store::{Fault, Store};

use crate::disk::{Disk, Strike};
use crate::rng::Rng;
use crate::script::Setting;

/// The clients' name of one request.
pub(crate) type Call = u64;
pub(crate) type Message = host::Message<Call, StreamId>;
type Decided = host::Decided<Call, StreamId>;

/// What a commit tells, in order, until the run carries it on.
#[derive(Debug)]
enum Effect {
    Durable(usize, u64),
    Deliver(usize, Message),
    Deployed(Deployed),
    Out(Out),
}

/// What reaches clients.
#[derive(Debug)]
pub(crate) enum Out {
    Reply(Call, Outcome),
    Push(StreamId, ActivatedJob),
}

#[derive(Debug, Default)]
struct Wire {
    effects: VecDeque<Effect>,
    open: BTreeSet<StreamId>,
    notes: Vec<String>,
}

impl Outside for Wire {
    type Reply = Call;
    type Push = StreamId;

    fn durable(&mut self, shard: usize, number: u64) {
        self.effects.push_back(Effect::Durable(shard, number));
    }

    fn deliver(&mut self, shard: usize, message: Message) {
        self.effects.push_back(Effect::Deliver(shard, message));
    }

    fn deployed(&mut self, deployed: &Deployed) {
        self.effects.push_back(Effect::Deployed(deployed.clone()));
    }

    fn reply(&mut self, call: Call, outcome: Outcome) {
        self.effects.push_back(Effect::Out(Out::Reply(call, outcome)));
    }

    fn push(&mut self, stream: StreamId, job: ActivatedJob) -> Result<(), JobKey> {
        if !self.open.contains(&stream) {
            return Err(job.job);
        }
        self.effects.push_back(Effect::Out(Out::Push(stream, job)));
        Ok(())
    }

    fn ready(&mut self, _: &Text) {}

    fn note(&mut self, note: &str) {
        self.notes.push(note.into());
    }
}

/// A shard's thread.
struct Node {
    shard: ShardLoop<Call, StreamId>,
    inbox: VecDeque<Message>,
    acks: VecDeque<u64>,
    /// The time of the step that waits for commits.
    waits: Option<i64>,
}

/// The running server.
pub(crate) struct Machine {
    setting: Setting,
    disk: Option<Disk>,
    running: Option<Running>,
    /// The host's clock, milliseconds since 1970.
    pub(crate) now_ms: i64,
    pub(crate) rng: Rng,
    pub(crate) out: VecDeque<Out>,
    /// How often the server was started.
    pub(crate) starts: u64,
    pub(crate) struck: Vec<Strike>,
    turn: u16,
}

struct Running {
    nodes: Vec<Node>,
    committer: Committer<Wire>,
    queue: VecDeque<Decided>,
    catalog: Catalog,
}

/// Something that no run may see.
pub(crate) type Wrong = String;

impl Machine {
    pub(crate) fn new(setting: Setting, now_ms: i64) -> Result<Self, Wrong> {
        let mut machine = Self {
            setting,
            disk: Some(Disk::new(setting.shards, setting.sqlite)),
            running: None,
            now_ms,
            rng: Rng::of(setting.seed, 2),
            out: VecDeque::new(),
            starts: 0,
            struck: Vec::new(),
            turn: 0,
        };
        machine.start()?;
        Ok(machine)
    }

    pub(crate) fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("a disk is there but while it crashes")
    }

    fn start(&mut self) -> Result<(), Wrong> {
        self.starts += 1;
        let shards = self.setting.shards;
        let options = ShardOptions {
            shards,
            cache_bytes_max: if self.setting.evict { 1 } else { 64 * 1024 * 1024 },
            business_id_unique: false,
        };
        let started = || {
            let (loops, catalog) = host::loops::<Call, StreamId>(self.disk(), options)?;
            let committer = Committer::new(self.disk().writer()?, shards, Wire::default());
            Ok::<_, Fault>((loops, catalog, committer))
        };
        let (loops, catalog, committer) = match started() {
            Ok(started) => started,
            // A read that was to fail has: whoever started it starts it again.
            Err(_) if self.took_strike() => return self.start(),
            Err(fault) => return Err(format!("the server does not start: {fault}")),
        };
        let node =
            |shard| Node { shard, inbox: VecDeque::new(), acks: VecDeque::new(), waits: None };
        let nodes = loops.into_iter().map(node).collect();
        self.running = Some(Running { nodes, committer, queue: VecDeque::new(), catalog });
        Ok(())
    }

    /// Notes what the disk did. True if it did something.
    fn took_strike(&mut self) -> bool {
        let strike = self.disk().control().struck.take();
        self.struck.extend(strike);
        strike.is_some()
    }

    /// The server is gone, with all that is in its queues, and starts again from the disk.
    pub(crate) fn crash(&mut self) -> Result<(), Wrong> {
        self.running = None;
        self.took_strike();
        if let Some(wrong) = self.disk().control().wrong.take() {
            return Err(wrong);
        }
        let disk = self.disk.take().expect("a disk");
        let disk = disk.crash(&mut self.rng);
        self.disk = Some(disk.map_err(|fault| format!("the store does not open: {fault}"))?);
        self.start()
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("it runs but while it crashes")
    }

    /// Hands a message to a shard's inbox.
    pub(crate) fn send(&mut self, shard: usize, message: Message) {
        self.running().nodes[shard].inbox.push_back(message);
    }

    pub(crate) fn open_stream(&mut self, stream: StreamId) {
        self.running().committer.outside().open.insert(stream);
    }

    pub(crate) fn close_stream(&mut self, stream: StreamId) {
        self.running().committer.outside().open.remove(&stream);
    }

    /// The shard of a command, by the shipped rule.
    pub(crate) fn route(&mut self, command: &base::Command) -> Result<usize, base::Rejection> {
        self.turn = (self.turn + 1) % self.setting.shards;
        let (turn, shards) = (ShardId(self.turn), self.setting.shards);
        let catalog = || &self.running.as_ref().expect("it runs").catalog;
        Ok(usize::from(host::route(command, shards, || turn, catalog)?.0))
    }

    pub(crate) fn shards(&self) -> usize {
        usize::from(self.setting.shards)
    }

    /// When the next shard wants to be woken.
    pub(crate) fn wake_ms(&mut self) -> i64 {
        self.running().nodes.iter().map(|node| node.shard.wake_ms()).min().unwrap_or(i64::MAX)
    }

    /// Lets one thread run a while: which one is chance's. False when none has anything to do.
    pub(crate) fn act(&mut self) -> Result<bool, Wrong> {
        if self.disk().control().armed == Some((0, Strike::Kill)) {
            self.disk().control().armed = None;
            self.struck.push(Strike::Kill);
            self.crash()?;
            return Ok(true);
        }
        let now_ms = self.now_ms;
        let running = self.running.as_mut().expect("it runs");
        let can = |node: &Node| {
            !node.acks.is_empty()
                || (node.waits.is_none()
                    && (!node.inbox.is_empty() || node.shard.wake_ms() <= now_ms))
        };
        let ready: Vec<usize> =
            (0..running.nodes.len()).filter(|at| can(&running.nodes[*at])).collect();
        let writes = !running.queue.is_empty();
        if ready.is_empty() && !writes {
            return Ok(false);
        }
        if writes && (ready.is_empty() || self.rng.chance(self.setting.disk, 10)) {
            self.write()?;
        } else {
            let node = *self.rng.pick(&ready);
            self.run(node)?;
        }
        Ok(true)
    }

    /// Until nothing is left to be done now. What can go on goes on: the turns are bounded.
    pub(crate) fn settle(&mut self) -> Result<(), Wrong> {
        for _ in 0..50_000 {
            if !self.act()? {
                return Ok(());
            }
        }
        Err("the shards never come to rest".into())
    }

    /// The writer's thread: some or all of what waits, as one transaction.
    fn write(&mut self) -> Result<(), Wrong> {
        let most = self.running().queue.len();
        let count = 1 + self.rng.index(most);
        let group: Vec<Decided> = self.running().queue.drain(..count).collect();
        self.commit(group).map(|_| ())
    }

    /// False when the server crashed over it.
    fn commit(&mut self, group: Vec<Decided>) -> Result<bool, Wrong> {
        let outcome = self.running().committer.commit(group);
        let strike = self.disk().control().struck;
        self.took_strike();
        if let Some(wrong) = self.disk().control().wrong.take() {
            return Err(wrong);
        }
        let told = if strike == Some(Strike::AmidEffects) {
            let effects = self.running().committer.outside().effects.len();
            self.rng.index(effects.max(1))
        } else {
            usize::MAX
        };
        self.tell(told)?;
        match (outcome, strike) {
            (Ok(()), None) => Ok(true),
            (Err(fault), None) => Err(format!("a commit failed unasked: {fault}")),
            (_, Some(Strike::Error | Strike::Full)) => {
                // The other threads go on until they find out.
                for _ in 0..self.rng.below(4) {
                    self.find_out()?;
                }
                self.crash()?;
                Ok(false)
            }
            (_, Some(_)) => {
                self.crash()?;
                Ok(false)
            }
        }
    }

    /// A thread tries to commit after another's commit has failed. It must be refused.
    fn find_out(&mut self) -> Result<(), Wrong> {
        let now_ms = self.now_ms;
        let at = self.rng.index(self.shards());
        let running = self.running();
        let node = &mut running.nodes[at];
        if node.waits.is_some() {
            return Ok(());
        }
        while let Some(message) = node.inbox.pop_front() {
            node.shard.take(message);
        }
        if let Ok(Step::Commit { decided, here: _ }) = node.shard.step(now_ms)
            && running.committer.commit(vec![decided]).is_ok()
        {
            return Err("a commit was taken after one that had failed".into());
        }
        self.tell(usize::MAX)
    }

    /// Carries on what a commit tells: at most so much of it.
    fn tell(&mut self, most: usize) -> Result<(), Wrong> {
        let running = self.running.as_mut().expect("it runs");
        let wire = running.committer.outside();
        if let Some(note) = wire.notes.iter().find(|note| !is_harmless(note)) {
            return Err(format!("the operator was told: {note}"));
        }
        wire.notes.clear();
        let effects: Vec<Effect> = wire.effects.drain(..).take(most).collect();
        for effect in effects {
            match effect {
                Effect::Durable(shard, number) => running.nodes[shard].acks.push_back(number),
                Effect::Deliver(shard, message) => running.nodes[shard].inbox.push_back(message),
                Effect::Deployed(deployed) => running.catalog.add_deployed(&deployed),
                Effect::Out(out) => self.out.push_back(out),
            }
        }
        Ok(())
    }

    /// A shard's thread: takes some of what has come, and decides until it waits.
    fn run(&mut self, at: usize) -> Result<(), Wrong> {
        let now_ms = self.now_ms;
        let most =
            if self.rng.chance(1, 3) { host::INPUTS_PER_BATCH_MAX } else { 1 + self.rng.index(6) };
        let node = &mut self.running().nodes[at];
        while let Some(number) = node.acks.pop_front() {
            node.shard.durable(number);
        }
        let now_ms = match node.waits {
            Some(_) if !node.shard.all_durable() => return Ok(()),
            Some(then_ms) => then_ms,
            None => {
                for message in node.inbox.drain(..most.min(node.inbox.len())) {
                    node.shard.take(message);
                }
                node.shard.tick_if_due(now_ms);
                now_ms
            }
        };
        node.waits = None;
        self.decide(at, now_ms)
    }

    fn decide(&mut self, at: usize, now_ms: i64) -> Result<(), Wrong> {
        loop {
            let node = &mut self.running().nodes[at];
            let step = match node.shard.step(now_ms) {
                Ok(step) => step,
                Err(_) if self.took_strike() => return self.crash(),
                Err(fault) => return Err(format!("a read failed unasked: {fault}")),
            };
            match step {
                Step::Idle => return Ok(()),
                Step::AwaitCommits => {
                    self.running().nodes[at].waits = Some(now_ms);
                    return Ok(());
                }
                Step::Commit { decided, here } => {
                    let starts = self.starts;
                    if here && self.rng.chance(self.setting.here, 10) {
                        if !self.commit(vec![decided])? {
                            return Ok(());
                        }
                        let node = &mut self.running().nodes[at];
                        while let Some(number) = node.acks.pop_front() {
                            node.shard.durable(number);
                        }
                        continue;
                    }
                    // As the server's channel: one place a shard, then it waits for the writer.
                    while self.running().queue.len() >= self.shards() {
                        self.write()?;
                        if self.starts != starts {
                            return Ok(());
                        }
                    }
                    self.running().queue.push_back(decided);
                }
            }
        }
    }

    /// How many instances are in memory.
    pub(crate) fn instances_in_memory(&mut self) -> usize {
        self.running().nodes.iter().map(|node| node.shard.shard().instances_in_memory()).sum()
    }
}

/// Notes that a model may cause; all others speak of damage.
fn is_harmless(note: &str) -> bool {
    note.contains("could not start an instance")
}

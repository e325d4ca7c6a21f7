//! The world: shards, their store, one clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{
    ActivateJobs, ActivatedJob, Command, CreateInstance, CreatedInstance, DefinitionRef,
    DeployedDefinition, InstanceKey, JobKey, Outcome, PublishMessage, Record, Rejection, Reply,
    ShardId, UserTaskKey, Variables,
};
use engine::{
    Catalog, Commit, Definition, Input, Poll, Resource, Shard, ShardOptions, StreamId, Ticket,
};
use instance::History;
use store::{MemoryStore, Reader, Store, Writer};

use crate::answer;

/// When the world loses its memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crash {
    /// It does not.
    Never,
    /// After each commit, before its mail is delivered; replies were just sent.
    EachCommit,
}

/// Shards on a store in memory.
pub struct World {
    store: MemoryStore,
    writer: Box<dyn Writer>,
    reader: Box<dyn Reader>,
    shards: Vec<Shard>,
    options: ShardOptions,
    crash: Crash,
    now_ms: i64,
    next_ticket: u64,
    replies: BTreeMap<Ticket, Outcome>,
    turn: u16,
    /// Jobs that were pushed, with their streams, in order.
    pub pushed: Vec<(StreamId, ActivatedJob)>,
    /// What shards have said for the operator.
    pub notes: Vec<String>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World at {} ms with {} shards", self.now_ms, self.shards.len())
    }
}

impl World {
    /// Begins 2026-11-23T09:00:00Z.
    pub fn new(shards: u16, crash: Crash) -> Self {
        Self::with(ShardOptions { shards, ..ShardOptions::default() }, crash)
    }

    /// As [`World::new`], with options.
    pub fn with(options: ShardOptions, crash: Crash) -> Self {
        let store = MemoryStore::new(options.shards);
        let writer = store.writer().expect("the first writer");
        let reader = store.reader().expect("a reader");
        let mut world = Self {
            store,
            writer,
            reader,
            shards: Vec::new(),
            options,
            crash,
            now_ms: 1_795_424_400_000,
            next_ticket: 0,
            replies: BTreeMap::new(),
            turn: 0,
            pushed: Vec::new(),
            notes: Vec::new(),
        };
        world.crash();
        world
    }

    /// The present, milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The store.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Loses all that is in memory, and starts again from the store.
    pub fn crash(&mut self) {
        let heads = self.reader.definitions().expect("the store reads");
        let mut timers = self.reader.definition_timers().expect("the store reads");
        self.shards.clear();
        for number in 0..self.options.shards {
            let id = ShardId(number);
            let row = self.reader.shard(id).expect("the store reads");
            let timers = std::mem::take(&mut timers);
            let mut shard = Shard::new(&row, Catalog::new(heads.clone()), timers, self.options);
            for mail in self.reader.mail(id).expect("the store reads") {
                shard.submit(Input::Mail(mail));
            }
            self.shards.push(shard);
        }
    }

    /// Lets every shard do what it can, until nothing is left to be done now.
    pub fn settle(&mut self) {
        let mut number = 0;
        let mut quiet = 0;
        while quiet < self.shards.len() {
            if self.shards[number].wake_ms() <= self.now_ms {
                self.shards[number].submit(Input::Tick);
            }
            quiet = if self.run(number) { 0 } else { quiet + 1 };
            number = (number + 1) % self.shards.len();
        }
    }

    /// Runs one shard until it is idle. True if it committed something.
    fn run(&mut self, number: usize) -> bool {
        let mut committed = false;
        loop {
            match self.shards[number].poll(self.now_ms) {
                Poll::Idle => return self.commit(number) || committed,
                Poll::Read(read) => self.supply(number, &read),
                Poll::ReadCommitted(read) => {
                    committed |= self.commit_quietly(number);
                    self.supply(number, &read);
                }
            }
        }
    }

    fn supply(&mut self, number: usize, read: &engine::Read) {
        let id = self.shards[number].id();
        let loaded = answer(&mut *self.reader, id, read).expect("the store reads");
        self.shards[number].supply(loaded);
    }

    fn commit(&mut self, number: usize) -> bool {
        let committed = self.commit_quietly(number);
        if committed && self.crash == Crash::EachCommit {
            self.crash();
        }
        committed
    }

    fn commit_quietly(&mut self, number: usize) -> bool {
        let Some(commit) = self.shards[number].take_commit() else { return false };
        let Commit { number: commit_number, batch, effects } = commit;
        let something = !batch.ops.is_empty();
        if something {
            self.writer.commit(&[batch]).expect("the store commits");
        }
        self.shards[number].committed(commit_number);
        self.replies.extend(effects.replies);
        self.notes.extend(effects.notes);
        self.pushed.extend(effects.pushes);
        for (other, shard) in self.shards.iter_mut().enumerate() {
            if other != number && !effects.definitions.is_empty() {
                shard.submit(Input::Definitions(effects.definitions.clone()));
            }
        }
        for mail in effects.mail {
            self.shards[usize::from(mail.to.0)].submit(Input::Mail(mail));
        }
        something
    }

    /// Sends a command to a shard and lets the world settle. `None` when it is not answered yet.
    pub fn send(&mut self, shard: ShardId, command: Command) -> (Ticket, Option<Outcome>) {
        let ticket = self.ticket();
        self.shards[usize::from(shard.0)].submit(Input::Command(ticket, command));
        self.settle();
        (ticket, self.replies.remove(&ticket))
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// The reply to an earlier [`World::send`], if it has come.
    pub fn reply(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.replies.remove(&ticket)
    }

    /// Sends a command to the shard of what it names.
    pub fn command(&mut self, command: Command) -> Outcome {
        let shard = self.route(&command);
        self.send(shard, command).1.expect("an answer at once")
    }

    fn route(&mut self, command: &Command) -> ShardId {
        match command {
            Command::Create(create) => match (&create.business_id, &create.definition) {
                (Some(business_id), DefinitionRef::Id { id, version: _ }) => {
                    ShardId::of_business_id(id, business_id, self.options.shards)
                }
                _ => self.next_shard(),
            },
            Command::ActivateJobs(_) => self.next_shard(),
            Command::Publish(publish) => {
                let shards = self.options.shards;
                ShardId::of_message(&publish.name, &publish.correlation_key, shards)
            }
            Command::Cancel { instance } => instance.0.shard(),
            Command::CompleteJob { job, .. } | Command::UpdateJob { job, .. } => job.0.shard(),
            Command::FailJob(fail) => fail.job.0.shard(),
            Command::ThrowError(throw) => throw.job.0.shard(),
            Command::ResolveIncident { incident } => incident.0.shard(),
            Command::SetVariables { scope, .. } => scope.0.shard(),
            Command::UpdateTask { task, .. } | Command::CompleteTask { task, .. } => task.0.shard(),
        }
    }

    fn next_shard(&mut self) -> ShardId {
        self.turn = (self.turn + 1) % self.options.shards;
        ShardId(self.turn)
    }

    /// Deploys models, each as a file of its own.
    pub fn deploy(&mut self, models: &[&str]) -> Result<Vec<DeployedDefinition>, Rejection> {
        let resources = models
            .iter()
            .enumerate()
            .map(|(number, model)| Resource {
                name: format!("{number}.bpmn").into(),
                bytes: Arc::from(model.as_bytes()),
                processes: bpmn::read(model).unwrap_or_else(|problems| {
                    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
                    panic!("{}", lines.join("\n"))
                }),
            })
            .collect();
        let ticket = self.ticket();
        self.shards[0].submit(Input::Deploy(ticket, resources));
        self.settle();
        match self.replies.remove(&ticket).expect("an answer at once")? {
            Reply::Deployed { definitions, .. } => Ok(definitions),
            other => panic!("{other:?} does not answer a deployment"),
        }
    }

    /// Puts a definition into every shard's memory, past every check.
    pub fn inject(&mut self, definition: &Arc<Definition>) {
        for shard in &mut self.shards {
            shard.submit(Input::Definitions(vec![Arc::clone(definition)]));
        }
        self.settle();
    }

    /// Starts an instance of the latest version.
    pub fn create(&mut self, process: &str, variables: &str) -> InstanceKey {
        self.try_create(new_instance(process, variables)).expect("the instance starts").instance
    }

    /// Starts an instance, or says why not.
    pub fn try_create(&mut self, create: CreateInstance) -> Result<CreatedInstance, Rejection> {
        match self.command(Command::Create(create))? {
            Reply::Created(created) => Ok(created),
            other => panic!("{other:?} does not answer a creation"),
        }
    }

    /// Leases up to `max` jobs of a type for a minute, from all shards.
    pub fn activate(&mut self, job_type: &str, max: u32) -> Vec<ActivatedJob> {
        let mut jobs = Vec::new();
        for _ in 0..self.options.shards {
            let left = max.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            let ask = Command::ActivateJobs(ActivateJobs {
                job_type: job_type.into(),
                worker: "w".into(),
                timeout_ms: 60_000,
                jobs_max: left,
                fetch_variables: Vec::new(),
            });
            match self.command(ask) {
                Ok(Reply::Jobs { jobs: leased }) => jobs.extend(leased),
                other => panic!("{other:?} does not answer an activation"),
            }
        }
        jobs
    }

    /// Opens a stream at every shard, with this much credit at each.
    pub fn open_stream(&mut self, stream: StreamId, job_type: &str, credit: u32) {
        for shard in &mut self.shards {
            let activate = ActivateJobs {
                job_type: job_type.into(),
                worker: "s".into(),
                timeout_ms: 60_000,
                jobs_max: credit,
                fetch_variables: Vec::new(),
            };
            shard.submit(Input::OpenStream(stream, activate));
        }
        self.settle();
    }

    /// Hands an input to every shard.
    pub fn tell_all(&mut self, input: impl Fn() -> Input) {
        for shard in &mut self.shards {
            shard.submit(input());
        }
        self.settle();
    }

    /// Leases the one job of a type that there must be.
    pub fn job(&mut self, job_type: &str) -> ActivatedJob {
        let mut jobs = self.activate(job_type, 10);
        assert_eq!(jobs.len(), 1, "jobs of type {job_type}: {jobs:?}");
        jobs.remove(0)
    }

    /// Completes a job.
    pub fn complete(&mut self, job: JobKey, variables: &str) -> Outcome {
        let variables = Variables::parse(variables).expect("JSON");
        self.command(Command::CompleteJob { job, variables })
    }

    /// Completes a user task.
    pub fn complete_task(&mut self, task: UserTaskKey, variables: &str) -> Outcome {
        let variables = Variables::parse(variables).expect("JSON");
        self.command(Command::CompleteTask { task, variables, action: "".into() })
    }

    /// Publishes a message.
    pub fn publish(&mut self, name: &str, key: &str, ttl_ms: i64, variables: &str) -> Outcome {
        self.command(Command::Publish(PublishMessage {
            name: name.into(),
            correlation_key: key.into(),
            time_to_live_ms: ttl_ms,
            message_id: "".into(),
            variables: Variables::parse(variables).expect("JSON"),
            await_correlation: false,
        }))
    }

    /// Lets time pass, stopping wherever a shard wants to be woken.
    pub fn advance(&mut self, ms: i64) {
        let end = self.now_ms + ms;
        self.settle();
        loop {
            let wake = self.shards.iter().map(Shard::wake_ms).min().unwrap_or(i64::MAX);
            if wake > end {
                break;
            }
            self.now_ms = self.now_ms.max(wake);
            self.settle();
        }
        self.now_ms = end;
        self.settle();
    }

    /// Everything that the log of an instance says.
    pub fn history(&mut self, instance: InstanceKey) -> History {
        let log = self.reader.log(instance, 0, u32::MAX).expect("the store reads");
        let records: Vec<Record> = log
            .iter()
            .map(|row| Record::from_bytes(&row.bytes, instance).expect("a record"))
            .collect();
        History::fold(&records).expect("a log that begins with a creation")
    }

    /// Questions to the store.
    pub fn reader(&mut self) -> &mut dyn Reader {
        &mut *self.reader
    }

    /// How many instances are in memory.
    pub fn instances_in_memory(&self) -> usize {
        self.shards.iter().map(Shard::instances_in_memory).sum()
    }
}

/// A start of the latest version.
pub(crate) fn new_instance(process: &str, variables: &str) -> CreateInstance {
    CreateInstance {
        definition: DefinitionRef::Id { id: process.into(), version: None },
        variables: Variables::parse(variables).expect("JSON"),
        business_id: None,
        business_id_unique: false,
        tags: Vec::new(),
        await_result: None,
    }
}

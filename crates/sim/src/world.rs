//! The world: shards, their store, one clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{
    ActivateJobs, ActivatedJob, Command, CreateInstance, CreatedInstance, DecisionGraphRow,
    DefinitionRef, DeployedDefinition, InstanceKey, JobKey, Outcome, PublishMessage, Record,
    Rejection, Reply, ShardId, Text, UserTaskKey, Variables,
};
use engine::{
    Catalog, Definition, Deployed, Input, Model, Resource, ShardOptions, StreamId, Ticket,
};
use host::{Committer, Message, Outside, ShardLoop, Step};
use instance::History;
use store::{MemoryStore, Reader, Store};

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
    committer: Committer<Inside>,
    reader: Box<dyn Reader>,
    shards: Vec<ShardLoop<Ticket, StreamId>>,
    options: ShardOptions,
    crash: Crash,
    now_ms: i64,
    next_ticket: u64,
    turn: u16,
    /// Jobs that were pushed, with their streams, in order.
    pub pushed: Vec<(StreamId, ActivatedJob)>,
    /// What shards have said for the operator.
    pub notes: Vec<String>,
}

/// What commits have told since it was looked at.
#[derive(Debug, Default)]
struct Inside {
    durable: Vec<(usize, u64)>,
    messages: Vec<(usize, Message<Ticket, StreamId>)>,
    replies: BTreeMap<Ticket, Outcome>,
    pushed: Vec<(StreamId, ActivatedJob)>,
    notes: Vec<String>,
}

impl Outside for Inside {
    type Reply = Ticket;
    type Push = StreamId;

    fn durable(&mut self, shard: usize, number: u64) {
        self.durable.push((shard, number));
    }

    fn deliver(&mut self, shard: usize, message: Message<Ticket, StreamId>) {
        self.messages.push((shard, message));
    }

    fn deployed(&mut self, _: &Deployed) {}

    fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        self.replies.insert(ticket, outcome);
    }

    fn push(&mut self, stream: StreamId, job: ActivatedJob) -> Result<(), JobKey> {
        self.pushed.push((stream, job));
        Ok(())
    }

    fn ready(&mut self, _: &Text) {}

    fn note(&mut self, note: &str) {
        self.notes.push(note.into());
    }
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
            committer: Committer::new(writer, options.shards, Inside::default()),
            reader,
            shards: Vec::new(),
            options,
            crash,
            now_ms: 1_795_424_400_000,
            next_ticket: 0,
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
        let started = host::loops(&self.store, self.options);
        self.shards = started.expect("the store reads").0;
    }

    /// Lets every shard do what it can, until nothing is left to be done now.
    pub fn settle(&mut self) {
        let mut number = 0;
        let mut quiet = 0;
        while quiet < self.shards.len() {
            self.shards[number].tick_if_due(self.now_ms);
            quiet = if self.run(number) { 0 } else { quiet + 1 };
            number = (number + 1) % self.shards.len();
        }
    }

    /// Runs one shard until it is idle. True if it committed something.
    fn run(&mut self, number: usize) -> bool {
        let mut committed = false;
        loop {
            match self.shards[number].step(self.now_ms).expect("the store reads") {
                Step::Idle => break,
                Step::AwaitCommits => panic!("every commit is durable at once"),
                Step::Commit { decided, here: _ } => {
                    self.committer.commit(vec![decided]).expect("the store commits");
                    committed = true;
                    self.carry_out();
                }
            }
        }
        if committed && self.crash == Crash::EachCommit {
            self.crash();
        }
        committed
    }

    fn carry_out(&mut self) {
        let inside = self.committer.outside();
        for (shard, number) in inside.durable.drain(..) {
            self.shards[shard].durable(number);
        }
        for (shard, message) in inside.messages.drain(..) {
            self.shards[shard].take(message);
        }
        self.pushed.append(&mut inside.pushed);
        self.notes.append(&mut inside.notes);
    }

    /// Sends a command to a shard and lets the world settle. `None` when it is not answered yet.
    pub fn send(&mut self, shard: ShardId, command: Command) -> (Ticket, Option<Outcome>) {
        let ticket = self.ticket();
        self.shards[usize::from(shard.0)].take(Message::Command(command, ticket));
        self.settle();
        (ticket, self.reply(ticket))
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// The reply to an earlier [`World::send`], if it has come.
    pub fn reply(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.committer.outside().replies.remove(&ticket)
    }

    /// Sends a command to the shard of what it names.
    pub fn command(&mut self, command: Command) -> Outcome {
        let turn = (self.turn + 1) % self.options.shards;
        let any = || {
            self.turn = turn;
            ShardId(turn)
        };
        let no_catalog = || -> Box<Catalog> { panic!("stories name definitions by id") };
        let shard = host::route(&command, self.options.shards, any, no_catalog)?;
        self.send(shard, command).1.expect("an answer at once")
    }

    /// Sends commands to the shard of what the first one names, before it decides about any.
    pub fn commands(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let mut tickets = Vec::new();
        let mut shard = None;
        for command in commands {
            let no_catalog = || -> Box<Catalog> { panic!("stories name definitions by id") };
            let shards = self.options.shards;
            let of = host::route(&command, shards, || ShardId(0), no_catalog).expect("a key of it");
            let shard = usize::from(shard.get_or_insert(of).0);
            let ticket = self.ticket();
            self.shards[shard].take(Message::Command(command, ticket));
            tickets.push(ticket);
        }
        self.settle();
        tickets.into_iter().map(|ticket| self.reply(ticket).expect("an answer at once")).collect()
    }

    /// Deploys models, each as a file of its own; answers the processes.
    pub fn deploy(&mut self, models: &[&str]) -> Result<Vec<DeployedDefinition>, Rejection> {
        match self.try_deploy(models)? {
            Reply::Deployed { definitions, .. } => Ok(definitions),
            other => panic!("{other:?} does not answer a deployment"),
        }
    }

    /// As [`World::deploy`]; answers the decisions.
    pub fn deploy_decisions(
        &mut self,
        models: &[&str],
    ) -> Result<Vec<DecisionGraphRow>, Rejection> {
        match self.try_deploy(models)? {
            Reply::Deployed { graphs, .. } => Ok(graphs),
            other => panic!("{other:?} does not answer a deployment"),
        }
    }

    fn try_deploy(&mut self, models: &[&str]) -> Outcome {
        let numbered = models.iter().enumerate();
        let resources = numbered.map(|(number, model)| resource(number, model)).collect();
        let ticket = self.ticket();
        self.shards[0].take(Message::Deploy(resources, ticket));
        self.settle();
        self.reply(ticket).expect("an answer at once")
    }

    /// Puts a definition into every shard's memory, past every check.
    pub fn inject(&mut self, definition: &Arc<Definition>) {
        for shard in &mut self.shards {
            let deployed =
                Deployed { definitions: vec![Arc::clone(definition)], ..Deployed::default() };
            shard.take(Message::Input(Input::Deployed(deployed)));
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
            shard.take(Message::OpenStream(stream, activate, stream));
        }
        self.settle();
    }

    /// Hands an input to every shard.
    pub fn tell_all(&mut self, input: impl Fn() -> Input) {
        for shard in &mut self.shards {
            shard.take(Message::Input(input()));
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
            let wake = self.shards.iter().map(ShardLoop::wake_ms).min().unwrap_or(i64::MAX);
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
        self.shards.iter().map(|shard| shard.shard().instances_in_memory()).sum()
    }
}

/// A start of the latest version.
pub(crate) fn new_instance(process: &str, variables: &str) -> CreateInstance {
    CreateInstance {
        definition: DefinitionRef::Id { id: process.into(), version: None },
        variables: Variables::parse(variables).expect("JSON"),
        start_at: Vec::new(),
        end_after: Vec::new(),
        business_id: None,
        business_id_unique: false,
        tags: Vec::new(),
        await_result: None,
    }
}

/// A file of a deployment, by its content.
fn resource(number: usize, text: &str) -> Resource {
    fn checked<T, P: ToString>(read: Result<T, Vec<P>>) -> T {
        read.unwrap_or_else(|problems| {
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        })
    }
    let (ending, model) = if text.contains("<decision") {
        let definitions = checked(dmn::compile(text));
        ("dmn", Model::Dmn { definitions, imports: Vec::new() })
    } else {
        ("bpmn", Model::Bpmn(checked(bpmn::read(text)).processes))
    };
    let bytes = Arc::from(text.as_bytes());
    Resource { name: format!("{number}.{ending}").into(), bytes, model }
}

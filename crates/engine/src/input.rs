//! What goes into a shard and what comes out.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{
    ActivateJobs, ActivatedJob, Batch, Command, DecisionGraphKey, DecisionGraphRow, DefinitionKey,
    DefinitionRow, ImportedFile, InstanceKey, JobKey, Key, LogRow, MailRow, MessageRow, Outcome,
    SnapshotRow, StartLockRow, SubscriptionRow, Text, TimerKey, TimerRow,
};
use bpmn::{Binding, Kind, Process};

use crate::catalog::Definition;
use crate::decisions::DecisionGraph;

/// The host's name for a caller that waits for a reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// The host's name for an open stream of jobs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamId(pub u64);

/// What reaches a shard.
#[derive(Debug)]
pub enum Input {
    /// A command from outside that the host has routed here.
    Command(Ticket, Command),
    /// Checked models, for [`base::ShardId::FIRST`] only.
    Deploy(Ticket, Vec<Resource>),
    /// What the first shard has deployed; sent to every other one before the deployment is
    /// acknowledged.
    Deployed(Deployed),
    /// Mail from another shard, after its commit, in the sender's order.
    Mail(MailRow),
    /// A worker wants jobs pushed as they come up: `jobs_max` of them, and later as many as it
    /// gets [`Input::Credit`] for.
    OpenStream(StreamId, ActivateJobs),
    /// The worker behind the stream can take so many more.
    Credit(StreamId, u32),
    /// The worker is gone. What it has leased stays leased.
    CloseStream(StreamId),
    /// These callers are gone: who of them waits for the end of an instance waits no longer.
    Forget(BTreeSet<Ticket>),
    /// The time of [`Shard::wake_ms`](crate::Shard::wake_ms) has come.
    Tick,
}

/// A file of a deployment.
#[derive(Debug)]
pub struct Resource {
    /// Its name.
    pub name: Text,
    /// Its content.
    pub bytes: Arc<[u8]>,
    /// What is in it.
    pub model: Model,
}

/// A checked model.
#[derive(Debug)]
pub enum Model {
    /// Processes.
    Bpmn(Vec<Process>),
    /// A decision requirements graph.
    Dmn {
        /// What evaluates.
        definitions: dmn::Definitions,
        /// The files of the deployment that it imports.
        imports: Vec<ImportedFile>,
    },
}

impl Resource {
    /// The processes in it.
    pub(crate) fn processes(&self) -> &[Process] {
        match &self.model {
            Model::Bpmn(processes) => processes,
            Model::Dmn { .. } => &[],
        }
    }

    /// Whether a process in it calls decisions or processes of its own deployment.
    pub(crate) fn binds_deployment(&self) -> bool {
        let nodes = self.processes().iter().flat_map(|process| &process.nodes);
        nodes.map(|node| &node.kind).any(|kind| match kind {
            Kind::Decision(called) => called.binding == Binding::Deployment,
            Kind::Call(called) => called.binding == Binding::Deployment,
            _ => false,
        })
    }

    /// The decision requirements graph in it, and the files that it imports.
    pub(crate) fn graph(&self) -> Option<(&dmn::Definitions, &[ImportedFile])> {
        match &self.model {
            Model::Bpmn(_) => None,
            Model::Dmn { definitions, imports } => Some((definitions, imports)),
        }
    }
}

/// What is new after a deployment or a deletion.
#[derive(Clone, Debug, Default)]
pub struct Deployed {
    /// Processes.
    pub definitions: Vec<Arc<Definition>>,
    /// Decision requirements graphs.
    pub graphs: Vec<Arc<DecisionGraph>>,
    /// Definitions and graphs that were deleted, and when.
    pub retired: Vec<(Key, i64)>,
}

impl Deployed {
    /// Nothing is.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty() && self.graphs.is_empty() && self.retired.is_empty()
    }
}

/// What a shard asks its host.
#[derive(Debug)]
pub enum Poll {
    /// Read this and [`supply`](crate::Shard::supply) it, then poll again.
    Read(Read),
    /// First commit everything that was decided, then as [`Poll::Read`].
    ReadCommitted(Read),
    /// Nothing is left to be done.
    Idle,
}

/// What is to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// Snapshot and log of the instance that owns the key.
    Owner(Key),
    /// Snapshot and log of this instance.
    Instance(InstanceKey),
    /// A definition, whole.
    Definition(DefinitionKey),
    /// A decision requirements graph, whole.
    DecisionGraph(DecisionGraphKey),
    /// A page of the queue of a job type.
    Queue {
        /// The type.
        job_type: Text,
        /// Strictly after this place.
        after: Option<(i64, JobKey)>,
        /// At most so many.
        limit: u32,
    },
    /// A page of the timers.
    Timers {
        /// Strictly after this place.
        after: Option<(i64, TimerKey)>,
        /// At most so many.
        limit: u32,
    },
    /// What is kept under a message name and correlation key.
    Slot {
        /// Name.
        name: Text,
        /// Correlation key.
        correlation_key: Text,
    },
    /// The active instance under a business id.
    BusinessId {
        /// Process.
        process_id: Text,
        /// Business id.
        business_id: Text,
    },
    /// An instance that lives, among all that this one and what it has called have called.
    LiveCalled(InstanceKey),
    /// Messages whose time is over.
    OldMessages {
        /// At or before this time.
        until_ms: i64,
        /// At most so many.
        limit: u32,
    },
}

/// What was read: the answer to the [`Read`] of the same name.
#[derive(Debug)]
pub enum Loaded {
    /// To [`Read::Owner`] and [`Read::Instance`]; `None` if there is none.
    Instance(Option<(InstanceKey, Option<SnapshotRow>, Vec<LogRow>)>),
    /// To [`Read::Definition`].
    Definition(Option<DefinitionRow>),
    /// To [`Read::DecisionGraph`].
    DecisionGraph(Option<DecisionGraphRow>),
    /// To [`Read::Queue`]: place and instance.
    Queue(Vec<(i64, JobKey, InstanceKey)>),
    /// To [`Read::Timers`].
    Timers(Vec<TimerRow>),
    /// To [`Read::Slot`].
    Slot(SlotRows),
    /// To [`Read::BusinessId`].
    BusinessId(Option<InstanceKey>),
    /// To [`Read::LiveCalled`].
    LiveCalled(Option<InstanceKey>),
    /// To [`Read::OldMessages`].
    OldMessages(Vec<MessageRow>),
}

/// The rows of a correlation slot.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SlotRows {
    /// Open subscriptions.
    pub subscriptions: Vec<SubscriptionRow>,
    /// Messages.
    pub messages: Vec<MessageRow>,
    /// Instances that hold a place.
    pub locks: Vec<StartLockRow>,
}

/// What was decided since the last one.
#[derive(Debug, Default)]
pub struct Commit {
    /// Its number, ascending by one.
    pub number: u64,
    /// To be made durable, if there is something in it or keys were drawn.
    pub batch: Batch,
    /// Keys were drawn that no operation speaks of: without the shard's row they would be drawn
    /// again after a crash.
    pub keys_drawn: bool,
    /// To be carried out once it is.
    pub effects: Effects,
}

/// What may happen once a batch is durable, and not before.
#[derive(Debug, Default)]
pub struct Effects {
    /// Replies to callers.
    pub replies: Vec<(Ticket, Outcome)>,
    /// Jobs that were leased for a stream.
    pub pushes: Vec<(StreamId, ActivatedJob)>,
    /// Mail to other shards, in order.
    pub mail: Vec<MailRow>,
    /// Job types that have (or may have) something to hand out.
    pub ready: Vec<Text>,
    /// For the operator's log: what stands still and why.
    pub notes: Vec<String>,
    /// For the other shards.
    pub deployed: Deployed,
}

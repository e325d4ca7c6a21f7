//! Rows: what the rest of the world needs to find. A row per live thing, a blob per past.
//!
//! Every row is a function of its instance's state (or of a correlation slot); the engine writes
//! and deletes them in the batch that holds the events.

use crate::{
    DecisionGraphKey, DecisionKey, DefinitionKey, ElementKey, IncidentKey, IncidentKind,
    InstanceKey, JobKey, JobRole, MessageKey, Parent, ShardId, SubscriptionKey, Text, TimerKey,
    UserTaskDetails, UserTaskKey, Variables,
};

/// What a shard must remember between batches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShardRow {
    /// Which shard.
    pub shard: ShardId,
    /// The next block of keys to hand out, from 1.
    pub next_block: u64,
    /// The next mail's number.
    pub next_mail: u64,
}

/// A deployed definition. Kept as long as instances of it may exist.
#[derive(Clone, PartialEq, Debug)]
pub struct DefinitionRow {
    /// Its key.
    pub key: DefinitionKey,
    /// The deployment it came with.
    pub deployment: DefinitionKey,
    /// `bpmnProcessId`.
    pub id: Text,
    /// From 1, by id.
    pub version: i32,
    /// The model's own version label.
    pub version_tag: Option<Text>,
    /// The model's name of it.
    pub name: Option<Text>,
    /// File name at deployment.
    pub resource_name: Text,
    /// The file.
    pub resource: std::sync::Arc<[u8]>,
    /// Ids of elements and flows; events name them by position here.
    pub elements: Vec<Text>,
    /// Names of the messages that start it.
    pub message_starts: Vec<Text>,
    /// When, milliseconds since 1970.
    pub deployed_ms: i64,
    /// When it was deleted: nothing is started of it, and what lives of it goes on.
    pub deleted_ms: Option<i64>,
}

/// A deployed decision requirements graph: a DMN file and its decisions.
#[derive(Clone, PartialEq, Debug)]
pub struct DecisionGraphRow {
    /// Its key.
    pub key: DecisionGraphKey,
    /// The deployment it came with.
    pub deployment: DefinitionKey,
    /// The file's own id of it.
    pub id: Text,
    /// From 1, by id.
    pub version: i32,
    /// The file's name of it.
    pub name: Text,
    /// File name at deployment.
    pub resource_name: Text,
    /// The file.
    pub resource: std::sync::Arc<[u8]>,
    /// The files that it imports, and those that they import.
    pub imports: Vec<ImportedFile>,
    /// In the order of the file.
    pub decisions: Vec<DecisionRow>,
    /// When, milliseconds since 1970.
    pub deployed_ms: i64,
    /// When it was deleted: nothing of it is evaluated any more.
    pub deleted_ms: Option<i64>,
}

/// A file that another one imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportedFile {
    /// File name at deployment.
    pub name: Text,
    /// The file.
    pub resource: std::sync::Arc<[u8]>,
}

impl DecisionGraphRow {
    /// The row without its files.
    #[must_use]
    pub fn head(&self) -> Self {
        Self {
            key: self.key,
            deployment: self.deployment,
            id: self.id.clone(),
            version: self.version,
            name: self.name.clone(),
            resource_name: self.resource_name.clone(),
            resource: [].into(),
            imports: Vec::new(),
            decisions: self.decisions.clone(),
            deployed_ms: self.deployed_ms,
            deleted_ms: self.deleted_ms,
        }
    }
}

/// A deployed decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionRow {
    /// Its key.
    pub key: DecisionKey,
    /// Its id.
    pub id: Text,
    /// From 1, by id.
    pub version: i32,
    /// The model's own version label.
    pub version_tag: Option<Text>,
    /// The model's name of it.
    pub name: Text,
}

/// The timer of a start event of a definition's latest version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionTimerRow {
    /// Which version.
    pub definition: DefinitionKey,
    /// Which start event.
    pub element: u32,
    /// When, milliseconds since 1970.
    pub due_ms: i64,
    /// What remains after this one; -1 is for ever.
    pub repeats: i32,
}

/// One row an instance, live or ended.
#[derive(Clone, PartialEq, Debug)]
pub struct InstanceRow {
    /// Which.
    pub instance: InstanceKey,
    /// Of what.
    pub definition: DefinitionKey,
    /// Id of the definition.
    pub process_id: Text,
    /// Version of the definition.
    pub version: i32,
    /// Live, or how it ended.
    pub state: InstanceState,
    /// The caller's own name for it.
    pub business_id: Option<Text>,
    /// Labels.
    pub tags: Vec<Text>,
    /// When it began, milliseconds since 1970.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Open incidents.
    pub incidents: u32,
    /// The call activity that started it, if one did.
    pub parent: Option<Parent>,
    /// Since when and why, if it is suspended.
    pub suspended: Option<SuspendedRow>,
    /// If it was cancelled and lives on: how many user tasks' canceling listeners it waits for.
    pub canceling: Option<u32>,
}

/// Since when and why an instance is suspended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SuspendedRow {
    /// Milliseconds since 1970.
    pub since_ms: i64,
    /// As whoever suspended it said; may be empty.
    pub reason: Text,
}

impl InstanceRow {
    /// The instance at the beginning of the chain of calls: itself if nobody has called it.
    pub fn root(&self) -> InstanceKey {
        self.parent.map_or(self.instance, |parent| parent.root)
    }
}

/// How an instance stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum InstanceState {
    /// Lives.
    Active,
    /// Ended in the normal way.
    Completed,
    /// Was cancelled.
    Terminated,
    /// Lives, and nothing goes on in it until it is resumed.
    Suspended,
}

impl InstanceState {
    /// Whether it has not ended.
    pub fn is_live(self) -> bool {
        match self {
            Self::Active | Self::Suspended => true,
            Self::Completed | Self::Terminated => false,
        }
    }
}

/// A live job.
#[derive(Clone, PartialEq, Debug)]
pub struct JobRow {
    /// Which.
    pub job: JobKey,
    /// Whose.
    pub instance: InstanceKey,
    /// Definition of the instance.
    pub definition: DefinitionKey,
    /// Element in the model.
    pub element_id: Text,
    /// Its activation.
    pub owner: ElementKey,
    /// Type.
    pub job_type: Text,
    /// When a worker may have it, milliseconds since 1970: the past when it waits for one, the end
    /// of the lease, the end of the backoff; `i64::MAX` when no attempts are left, or while its instance
    /// is suspended.
    pub available_ms: i64,
    /// How it stands.
    pub state: JobState,
    /// Attempts left.
    pub retries: i32,
    /// Who has (or had) it.
    pub worker: Text,
    /// Why the last attempt failed.
    pub error_message: Text,
    /// Code of an error that nothing caught.
    pub error_code: Text,
    /// What it is to its element.
    pub role: JobRole,
}

/// How a live job stands.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, minicbor::Encode, minicbor::Decode,
)]
#[cbor(index_only)]
pub enum JobState {
    /// Waits for a worker.
    #[n(0)]
    Created,
    /// A worker has it (or had: compare `available_ms` with the clock).
    #[n(1)]
    Leased,
    /// An attempt failed, others are left.
    #[n(2)]
    Failed,
    /// No attempts are left; there is an incident.
    #[n(3)]
    Exhausted,
    /// It threw an error that nothing caught; there is an incident.
    #[n(4)]
    ErrorThrown,
}

/// A live timer of an instance that is not suspended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimerRow {
    /// Which.
    pub timer: TimerKey,
    /// Whose.
    pub instance: InstanceKey,
    /// When, milliseconds since 1970.
    pub due_ms: i64,
}

/// An open subscription, kept by the shard of its name and correlation key.
#[derive(Clone, PartialEq, Debug)]
pub struct SubscriptionRow {
    /// Which; its bits name the instance's shard, not this one.
    pub subscription: SubscriptionKey,
    /// The shard that keeps it.
    pub shard: ShardId,
    /// Message name.
    pub name: Text,
    /// Correlation key.
    pub correlation_key: Text,
    /// Who waits.
    pub instance: InstanceKey,
    /// Id of the instance's definition: a message goes to each process once.
    pub process_id: Text,
    /// The first message closes it.
    pub once: bool,
}

/// A published message that still lives, or whose id is still remembered.
#[derive(Clone, PartialEq, Debug)]
pub struct MessageRow {
    /// Which; drawn by the shard that keeps it.
    pub message: MessageKey,
    /// Name.
    pub name: Text,
    /// Correlation key.
    pub correlation_key: Text,
    /// The publisher's id; empty if none.
    pub message_id: Text,
    /// Until when it may be correlated, milliseconds since 1970.
    pub expires_ms: i64,
    /// Until when the row is kept (for its id), at least `expires_ms`.
    pub kept_until_ms: i64,
    /// What it carries.
    pub variables: Variables,
    /// Processes that had it.
    pub correlated_to: Vec<Text>,
}

/// An instance that was started by a message holds the place of (process, name, correlation key).
#[derive(Clone, PartialEq, Debug)]
pub struct StartLockRow {
    /// The shard that keeps it.
    pub shard: ShardId,
    /// Process.
    pub process_id: Text,
    /// Message name.
    pub name: Text,
    /// Correlation key.
    pub correlation_key: Text,
    /// Who holds it.
    pub instance: InstanceKey,
}

/// A live user task.
#[derive(Clone, PartialEq, Debug)]
pub struct UserTaskRow {
    /// Which.
    pub task: UserTaskKey,
    /// Whose.
    pub instance: InstanceKey,
    /// Definition of the instance.
    pub definition: DefinitionKey,
    /// Id of the definition.
    pub process_id: Text,
    /// Element in the model.
    pub element_id: Text,
    /// Its activation.
    pub owner: ElementKey,
    /// Who, when, how urgent.
    pub details: UserTaskDetails,
    /// When it came up, milliseconds since 1970.
    pub created_ms: i64,
}

/// An open incident.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentRow {
    /// Which.
    pub incident: IncidentKey,
    /// Whose.
    pub instance: InstanceKey,
    /// Definition of the instance.
    pub definition: DefinitionKey,
    /// Id of the definition.
    pub process_id: Text,
    /// Element in the model.
    pub element_id: Text,
    /// Its activation.
    pub owner: ElementKey,
    /// The job that is its cause.
    pub job: Option<JobKey>,
    /// Kind.
    pub kind: IncidentKind,
    /// What, where and what to do.
    pub message: Text,
    /// When, milliseconds since 1970.
    pub created_ms: i64,
}

/// One row of an instance's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRow {
    /// Whose.
    pub instance: InstanceKey,
    /// Its number within the instance, from 0, without gaps.
    pub seq: u64,
    /// A [`crate::Record`].
    pub bytes: Vec<u8>,
}

/// The state of an instance after a row of its log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotRow {
    /// Whose.
    pub instance: InstanceKey,
    /// The first log row that is not in it.
    pub next_seq: u64,
    /// The state.
    pub bytes: Vec<u8>,
}

/// Mail that was sent and not yet taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailRow {
    /// Receiver.
    pub to: ShardId,
    /// Sender.
    pub from: ShardId,
    /// The sender's number of it, ascending.
    pub number: u64,
    /// A [`crate::Mail`].
    pub bytes: Vec<u8>,
}

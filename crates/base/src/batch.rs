//! A batch: what one shard decided since its last batch, to be committed as a whole.

use crate::{
    DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentKey, IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, KeyRange, LogRow, MailRow,
    MessageKey, MessageRow, ShardId, ShardRow, SnapshotRow, StartLockRow, SubscriptionKey,
    SubscriptionRow, Text, TimerKey, TimerRow, UserTaskKey, UserTaskRow,
};

/// Operations of one shard that become durable together or not at all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    /// The shard's own row after the batch.
    pub shard: ShardRow,
    /// In order. A row is written whole; of several operations on one row the last counts.
    pub ops: Vec<Op>,
}

/// One change of the store. `Put` inserts or replaces by key; deleting what is absent is no error.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// Append to an instance's log. `(instance, seq)` must be new: if not, the commit is a fault.
    Append(LogRow),
    /// Write the instance's summary.
    PutInstance(InstanceRow),
    /// Nothing is left of an ended instance, and of what it has called: summaries, logs, snapshots, key
    /// ranges. Of several operations on it in a group of batches this one is the last.
    DeleteInstance(InstanceKey),
    /// Write a job. A key seen before is an update.
    PutJob(JobRow),
    /// The job is gone.
    DeleteJob(JobKey),
    /// Write a timer.
    PutTimer(TimerRow),
    /// The timer is gone.
    DeleteTimer(TimerKey),
    /// Write a user task.
    PutUserTask(UserTaskRow),
    /// The user task is gone.
    DeleteUserTask(UserTaskKey),
    /// Write an incident.
    PutIncident(IncidentRow),
    /// The incident is gone.
    DeleteIncident(IncidentKey),
    /// Write a subscription.
    PutSubscription(SubscriptionRow),
    /// The subscription is gone from this shard.
    DeleteSubscription(SubscriptionKey),
    /// Write a message.
    PutMessage(MessageRow),
    /// The message is gone.
    DeleteMessage(MessageKey),
    /// An instance takes the place of (process, name, correlation key).
    PutStartLock(StartLockRow),
    /// The place is free.
    DeleteStartLock {
        /// The shard that keeps it.
        shard: ShardId,
        /// Process.
        process_id: Text,
        /// Message name.
        name: Text,
        /// Correlation key.
        correlation_key: Text,
    },
    /// Replace the instance's snapshot.
    PutSnapshot(SnapshotRow),
    /// The instance owns further keys.
    PutKeyRange(KeyRange),
    /// Send mail.
    PutMail(MailRow),
    /// Mail was taken: same transaction as its effect.
    DeleteMail {
        /// Receiver.
        to: ShardId,
        /// Sender.
        from: ShardId,
        /// The sender's number of it.
        number: u64,
    },
    /// A definition was deployed.
    PutDefinition(DefinitionRow),
    /// A decision requirements graph was deployed.
    PutDecisionGraph(DecisionGraphRow),
    /// A definition was deleted. Its row stays, for what lives of it and for the past.
    RetireDefinition {
        /// Which.
        definition: DefinitionKey,
        /// When, milliseconds since 1970.
        at_ms: i64,
    },
    /// A decision requirements graph was deleted. Its row stays, so that its version is not given again.
    RetireDecisionGraph {
        /// Which.
        graph: DecisionGraphKey,
        /// When, milliseconds since 1970.
        at_ms: i64,
    },
    /// Write the timer of a start event (by definition and element).
    PutDefinitionTimer(DefinitionTimerRow),
    /// The timers of this version's start events are gone.
    DeleteDefinitionTimers(DefinitionKey),
    /// One of them is.
    DeleteDefinitionTimer {
        /// Which version.
        definition: DefinitionKey,
        /// Which start event.
        element: u32,
    },
}

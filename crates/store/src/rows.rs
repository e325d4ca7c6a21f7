//! What readers answer beside the rows of [`base`].

use base::{InstanceKey, JobKey, LogRow, MessageRow, SnapshotRow, StartLockRow, SubscriptionRow};

/// A place in the queue of a job type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct QueueEntry {
    /// As [`base::JobRow::available_ms`].
    pub available_ms: i64,
    /// Which job.
    pub job: JobKey,
    /// Whose.
    pub instance: InstanceKey,
}

/// What one shard keeps under one message name and correlation key.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Slot {
    /// Open subscriptions, by key.
    pub subscriptions: Vec<SubscriptionRow>,
    /// Messages, by key.
    pub messages: Vec<MessageRow>,
    /// Instances that hold a place, by process.
    pub locks: Vec<StartLockRow>,
}

/// From what an instance's state is folded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// The state to begin with.
    pub snapshot: Option<SnapshotRow>,
    /// The log after it (the whole log without one), by `seq`.
    pub log: Vec<LogRow>,
}

//! The store: what is durable. In memory for tests, in one SQLite file for a server.
//!
//! In:  batches of operations ([`base::Batch`]); questions about rows and logs.
//! Out: rows and logs as they were committed; a [`Fault`] when the disk or the file fails.
//! Absent: decisions, state, the meaning of an event, and any repair of what is damaged.

mod columns;
mod fault;
mod memory;
mod pattern;
mod query;
mod rows;
mod sqlite;

pub use fault::Fault;
pub use memory::MemoryStore;
pub use query::{
    Condition, Direction, Found, IncidentColumn, InstanceColumn, JobColumn, Page, Query,
    TaskColumn, Test, Value,
};
pub use rows::{QueueEntry, Slot, Stored};
pub use sqlite::{SqliteOptions, SqliteStore};

use base::{
    Batch, DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, Key, LogRow, MailRow, MessageRow,
    ShardId, ShardRow, TimerKey, TimerRow, UserTaskRow,
};

/// One durable store with a fixed number of shards.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// How many shards it has; fixed when it was created.
    fn shards(&self) -> u16;
    /// The one writer. A second call while the first one lives is a [`Fault`].
    fn writer(&self) -> Result<Box<dyn Writer>, Fault>;
    /// A reader. It sees every commit that had returned when a method of it is called.
    fn reader(&self) -> Result<Box<dyn Reader>, Fault>;
}

/// Commits.
pub trait Writer: Send {
    /// Makes the batches durable, together or not at all, in their order. When it returns `Ok`
    /// they survive a crash of the process and of the machine. After an `Err` nothing of them is
    /// visible, and every later call is refused: a failed sync is never retried.
    fn commit(&mut self, batches: &[Batch]) -> Result<(), Fault>;
}

/// Reads. Every list is in ascending order of what its method names.
pub trait Reader: Send {
    /// The shard's own row; the default row (with its id) before its first batch.
    fn shard(&mut self, shard: ShardId) -> Result<ShardRow, Fault>;
    /// All definitions by key, without `resource` and `elements` (both empty).
    fn definitions(&mut self) -> Result<Vec<DefinitionRow>, Fault>;
    /// One definition, whole.
    fn definition(&mut self, key: DefinitionKey) -> Result<Option<DefinitionRow>, Fault>;
    /// All decision requirements graphs by key, without `resource` (empty).
    fn decision_graphs(&mut self) -> Result<Vec<DecisionGraphRow>, Fault>;
    /// One decision requirements graph, whole.
    fn decision_graph(&mut self, key: DecisionGraphKey) -> Result<Option<DecisionGraphRow>, Fault>;
    /// The timers of all start events, by definition and element.
    fn definition_timers(&mut self) -> Result<Vec<DefinitionTimerRow>, Fault>;
    /// The instance that owns a key: the one whose first block it is in, or whose further range.
    fn owner(&mut self, key: Key) -> Result<Option<InstanceKey>, Fault>;
    /// An instance's summary.
    fn instance(&mut self, instance: InstanceKey) -> Result<Option<InstanceRow>, Fault>;
    /// The instance's snapshot (if any) and the log after it. `None` if there is no such instance;
    /// one with a summary but no log is damaged.
    fn state(&mut self, instance: InstanceKey) -> Result<Option<Stored>, Fault>;
    /// At most `limit` rows of the log from `seq` on, by `seq`.
    fn log(&mut self, instance: InstanceKey, seq: u64, limit: u32) -> Result<Vec<LogRow>, Fault>;
    /// The queue of one job type in one shard, by `(available_ms, job)`, strictly after `after`.
    fn queue(
        &mut self,
        shard: ShardId,
        job_type: &str,
        after: Option<(i64, JobKey)>,
        limit: u32,
    ) -> Result<Vec<QueueEntry>, Fault>;
    /// The live timers of one shard, by `(due_ms, timer)`, strictly after `after`.
    fn timers(
        &mut self,
        shard: ShardId,
        after: Option<(i64, TimerKey)>,
        limit: u32,
    ) -> Result<Vec<TimerRow>, Fault>;
    /// Everything that the shard keeps under a message name and correlation key.
    fn slot(&mut self, shard: ShardId, name: &str, correlation_key: &str) -> Result<Slot, Fault>;
    /// Messages of the shard with `kept_until_ms <= until_ms`, by that time.
    fn messages_kept_until(
        &mut self,
        shard: ShardId,
        until_ms: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, Fault>;
    /// The mail that waits for a shard, by sender and number.
    fn mail(&mut self, to: ShardId) -> Result<Vec<MailRow>, Fault>;
    /// The live instance of a process with this business id that was started first.
    fn business_id(
        &mut self,
        process_id: &str,
        business_id: &str,
    ) -> Result<Option<InstanceKey>, Fault>;
    /// An instance that lives, among all that this one and what it has called have called.
    fn live_called(&mut self, caller: InstanceKey) -> Result<Option<InstanceKey>, Fault>;

    /// Instances, live and ended.
    fn find_instances(
        &mut self,
        query: &Query<InstanceColumn>,
    ) -> Result<Found<InstanceRow>, Fault>;
    /// Live jobs.
    fn find_jobs(&mut self, query: &Query<JobColumn>) -> Result<Found<JobRow>, Fault>;
    /// Live user tasks.
    fn find_tasks(&mut self, query: &Query<TaskColumn>) -> Result<Found<UserTaskRow>, Fault>;
    /// Open incidents.
    fn find_incidents(
        &mut self,
        query: &Query<IncidentColumn>,
    ) -> Result<Found<IncidentRow>, Fault>;
}

//! The store in memory: for tests of the engine and of the server. Nothing outlives the process.
//!
//! In:  batches, as every store.
//! Out: clones of the rows.
//! Absent: indexes. Questions walk over all rows of a kind.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{
    Batch, DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentKey, IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, Key, KeyRange, LogRow,
    MailRow, MessageKey, MessageRow, Op, ShardId, ShardRow, SnapshotRow, StartLockRow,
    SubscriptionKey, SubscriptionRow, Text, TimerKey, TimerRow, UserTaskKey, UserTaskRow,
};

use crate::{Fault, Reader, Store, Writer};

/// A store in memory. Clones are handles of the same store.
#[derive(Clone)]
pub struct MemoryStore {
    shards: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    tables: Tables,
    has_writer: bool,
    /// The first fault of a commit.
    broken: Option<String>,
}

/// All rows by their keys.
#[derive(Default)]
struct Tables {
    shards: BTreeMap<ShardId, ShardRow>,
    definitions: BTreeMap<DefinitionKey, DefinitionRow>,
    decision_graphs: BTreeMap<DecisionGraphKey, DecisionGraphRow>,
    definition_timers: BTreeMap<(DefinitionKey, u32), DefinitionTimerRow>,
    instances: BTreeMap<InstanceKey, InstanceRow>,
    snapshots: BTreeMap<InstanceKey, SnapshotRow>,
    log: BTreeMap<(InstanceKey, u64), Vec<u8>>,
    key_ranges: BTreeMap<Key, KeyRange>,
    jobs: BTreeMap<JobKey, JobRow>,
    timers: BTreeMap<TimerKey, TimerRow>,
    tasks: BTreeMap<UserTaskKey, UserTaskRow>,
    incidents: BTreeMap<IncidentKey, IncidentRow>,
    subscriptions: BTreeMap<SubscriptionKey, SubscriptionRow>,
    messages: BTreeMap<MessageKey, MessageRow>,
    /// By shard, name, correlation key, process.
    start_locks: BTreeMap<(ShardId, Text, Text, Text), StartLockRow>,
    /// By receiver, sender, number.
    mail: BTreeMap<(ShardId, ShardId, u64), MailRow>,
}

impl MemoryStore {
    /// An empty store with this many shards.
    pub fn new(shards: u16) -> Self {
        Self { shards, shared: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic while it is locked leaves the tables as they are: rows are swapped in whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("shards", &self.shards).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn shards(&self) -> u16 {
        self.shards
    }

    fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        let mut shared = self.lock();
        if let Some(first) = &shared.broken {
            return Err(Fault::Broken { first: first.clone() });
        }
        if shared.has_writer {
            return Err(Fault::SecondWriter);
        }
        shared.has_writer = true;
        Ok(Box::new(MemoryWriter(self.clone())))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(read::MemoryReader(self.clone())))
    }
}

struct MemoryWriter(MemoryStore);

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.0.lock().has_writer = false;
    }
}

impl Writer for MemoryWriter {
    fn commit(&mut self, batches: &[Batch]) -> Result<(), Fault> {
        let mut shared = self.0.lock();
        if let Some(first) = &shared.broken {
            return Err(Fault::Broken { first: first.clone() });
        }
        if let Err(fault) = shared.tables.check(batches, self.0.shards) {
            shared.broken = Some(fault.to_string());
            return Err(fault);
        }
        for batch in batches {
            shared.tables.shards.insert(batch.shard.shard, batch.shard.clone());
            for op in &batch.ops {
                shared.tables.apply(op);
            }
        }
        Ok(())
    }
}

impl Tables {
    /// All that can be wrong with batches, before anything of them is applied.
    fn check(&self, batches: &[Batch], shards: u16) -> Result<(), Fault> {
        let failed = |what: String| Fault::Failed { place: "in memory".to_owned(), what };
        let mut appended = BTreeSet::new();
        for batch in batches {
            if batch.shard.shard.0 >= shards {
                let shard = batch.shard.shard;
                return Err(failed(format!("a batch is of shard {shard}, there are {shards}")));
            }
            for op in &batch.ops {
                let Op::Append(LogRow { instance, seq, .. }) = op else { continue };
                let at = (*instance, *seq);
                if self.log.contains_key(&at) || !appended.insert(at) {
                    return Err(failed(format!("instance {instance} has a log row {seq} already")));
                }
            }
        }
        Ok(())
    }

    fn delete_instance(&mut self, key: InstanceKey) {
        let mut gone = vec![key];
        while let Some(key) = gone.pop() {
            let called = |row: &&InstanceRow| row.parent.is_some_and(|at| at.instance == key);
            gone.extend(self.instances.values().filter(called).map(|row| row.instance));
            self.instances.remove(&key);
            self.snapshots.remove(&key);
            self.log.retain(|(instance, _), _| *instance != key);
            self.key_ranges.retain(|_, range| range.instance != key);
        }
    }

    fn apply(&mut self, op: &Op) {
        match op.clone() {
            Op::Append(row) => drop(self.log.insert((row.instance, row.seq), row.bytes)),
            Op::PutInstance(row) => drop(self.instances.insert(row.instance, row)),
            Op::DeleteInstance(key) => self.delete_instance(key),
            Op::PutJob(row) => drop(self.jobs.insert(row.job, row)),
            Op::DeleteJob(key) => drop(self.jobs.remove(&key)),
            Op::PutTimer(row) => drop(self.timers.insert(row.timer, row)),
            Op::DeleteTimer(key) => drop(self.timers.remove(&key)),
            Op::PutUserTask(row) => drop(self.tasks.insert(row.task, row)),
            Op::DeleteUserTask(key) => drop(self.tasks.remove(&key)),
            Op::PutIncident(row) => drop(self.incidents.insert(row.incident, row)),
            Op::DeleteIncident(key) => drop(self.incidents.remove(&key)),
            Op::PutSubscription(row) => drop(self.subscriptions.insert(row.subscription, row)),
            Op::DeleteSubscription(key) => drop(self.subscriptions.remove(&key)),
            Op::PutMessage(row) => drop(self.messages.insert(row.message, row)),
            Op::DeleteMessage(key) => drop(self.messages.remove(&key)),
            Op::PutStartLock(row) => {
                let (name, key) = (row.name.clone(), row.correlation_key.clone());
                let at = (row.shard, name, key, row.process_id.clone());
                self.start_locks.insert(at, row);
            }
            Op::DeleteStartLock { shard, process_id, name, correlation_key } => {
                self.start_locks.remove(&(shard, name, correlation_key, process_id));
            }
            Op::PutSnapshot(row) => drop(self.snapshots.insert(row.instance, row)),
            Op::PutKeyRange(range) => drop(self.key_ranges.insert(range.first, range)),
            Op::PutMail(row) => drop(self.mail.insert((row.to, row.from, row.number), row)),
            Op::DeleteMail { to, from, number } => drop(self.mail.remove(&(to, from, number))),
            Op::PutDefinition(row) => drop(self.definitions.insert(row.key, row)),
            Op::PutDecisionGraph(row) => drop(self.decision_graphs.insert(row.key, row)),
            Op::RetireDefinition { definition, at_ms } => {
                if let Some(row) = self.definitions.get_mut(&definition) {
                    row.deleted_ms = Some(at_ms);
                }
            }
            Op::RetireDecisionGraph { graph, at_ms } => {
                if let Some(row) = self.decision_graphs.get_mut(&graph) {
                    row.deleted_ms = Some(at_ms);
                }
            }
            Op::PutDefinitionTimer(row) => {
                self.definition_timers.insert((row.definition, row.element), row);
            }
            Op::DeleteDefinitionTimers(key) => {
                self.definition_timers.retain(|(definition, _), _| *definition != key);
            }
            Op::DeleteDefinitionTimer { definition, element } => {
                self.definition_timers.remove(&(definition, element));
            }
        }
    }
}

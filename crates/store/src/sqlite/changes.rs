//! What a group of batches changes, each row once.
//!
//! In:  batches, in order.
//! Out: per kind of row the last thing that happens to each, by key, so that neighbours are
//!      written together.
//! Absent: what is already in the file.

use std::collections::BTreeMap;

use base::{
    Batch, IncidentKey, IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, LogRow, MailRow,
    MessageKey, MessageRow, Op, ShardId, ShardRow, SnapshotRow, StartLockRow, SubscriptionKey,
    SubscriptionRow, TimerKey, TimerRow, UserTaskKey, UserTaskRow,
};

/// A row is written (`Some`) or deleted (`None`).
pub(super) type Rows<'a, K, R> = BTreeMap<K, Option<&'a R>>;

#[derive(Default)]
pub(super) struct Changes<'a> {
    /// The last row of each shard and how many batches it has here.
    pub(super) shards: BTreeMap<ShardId, (&'a ShardRow, u64)>,
    /// In order: two under one key are a fault.
    pub(super) appends: Vec<&'a LogRow>,
    pub(super) instances: BTreeMap<InstanceKey, &'a InstanceRow>,
    pub(super) snapshots: BTreeMap<InstanceKey, &'a SnapshotRow>,
    pub(super) jobs: Rows<'a, JobKey, JobRow>,
    pub(super) timers: Rows<'a, TimerKey, TimerRow>,
    pub(super) tasks: Rows<'a, UserTaskKey, UserTaskRow>,
    pub(super) incidents: Rows<'a, IncidentKey, IncidentRow>,
    pub(super) subscriptions: Rows<'a, SubscriptionKey, SubscriptionRow>,
    pub(super) messages: Rows<'a, MessageKey, MessageRow>,
    /// By shard, name, correlation key, process.
    pub(super) start_locks: Rows<'a, (ShardId, &'a str, &'a str, &'a str), StartLockRow>,
    /// By receiver, sender, number.
    pub(super) mail: Rows<'a, (ShardId, ShardId, u64), MailRow>,
    /// The rare ones, in order.
    pub(super) others: Vec<&'a Op>,
}

impl<'a> Changes<'a> {
    pub(super) fn of(batches: &'a [Batch]) -> Self {
        let mut changes = Self::default();
        for batch in batches {
            let shard = changes.shards.entry(batch.shard.shard).or_insert((&batch.shard, 0));
            *shard = (&batch.shard, shard.1 + 1);
            for op in &batch.ops {
                changes.add(op);
            }
        }
        // Stable: a duplicate stays behind the row that it repeats.
        changes.appends.sort_by_key(|row| (row.instance, row.seq));
        changes
    }

    fn add(&mut self, op: &'a Op) {
        match op {
            Op::Append(row) => self.appends.push(row),
            Op::PutInstance(row) => drop(self.instances.insert(row.instance, row)),
            Op::PutSnapshot(row) => drop(self.snapshots.insert(row.instance, row)),
            Op::PutJob(row) => drop(self.jobs.insert(row.job, Some(row))),
            Op::DeleteJob(key) => drop(self.jobs.insert(*key, None)),
            Op::PutTimer(row) => drop(self.timers.insert(row.timer, Some(row))),
            Op::DeleteTimer(key) => drop(self.timers.insert(*key, None)),
            Op::PutUserTask(row) => drop(self.tasks.insert(row.task, Some(row))),
            Op::DeleteUserTask(key) => drop(self.tasks.insert(*key, None)),
            Op::PutIncident(row) => drop(self.incidents.insert(row.incident, Some(row))),
            Op::DeleteIncident(key) => drop(self.incidents.insert(*key, None)),
            Op::PutSubscription(row) => {
                self.subscriptions.insert(row.subscription, Some(row));
            }
            Op::DeleteSubscription(key) => drop(self.subscriptions.insert(*key, None)),
            Op::PutMessage(row) => drop(self.messages.insert(row.message, Some(row))),
            Op::DeleteMessage(key) => drop(self.messages.insert(*key, None)),
            Op::PutStartLock(row) => {
                let at = (row.shard, &*row.name, &*row.correlation_key, &*row.process_id);
                self.start_locks.insert(at, Some(row));
            }
            Op::DeleteStartLock { shard, process_id, name, correlation_key } => {
                self.start_locks.insert((*shard, name, correlation_key, process_id), None);
            }
            Op::PutMail(row) => {
                self.mail.insert((row.to, row.from, row.number), Some(row));
            }
            Op::DeleteMail { to, from, number } => {
                self.mail.insert((*to, *from, *number), None);
            }
            Op::PutKeyRange(_)
            | Op::DeleteInstance(_)
            | Op::PutDefinition(_)
            | Op::PutDecisionGraph(_)
            | Op::RetireDefinition { .. }
            | Op::RetireDecisionGraph { .. }
            | Op::PutDefinitionTimer(_)
            | Op::DeleteDefinitionTimers(_)
            | Op::DeleteDefinitionTimer { .. } => self.others.push(op),
        }
    }
}

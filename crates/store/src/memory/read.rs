//! Reading the store in memory.

use std::collections::BTreeSet;

use base::{
    DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, Key, LogRow, MailRow, MessageRow,
    ShardId, ShardRow, TimerKey, TimerRow, UserTaskRow,
};

use super::{MemoryStore, Tables};
use crate::columns::find;
use crate::{
    Fault, Found, IncidentColumn, InstanceColumn, JobColumn, Query, QueueEntry, Reader, Slot,
    Stored, TaskColumn,
};

pub(super) struct MemoryReader(pub(super) MemoryStore);

impl Tables {
    fn log_from(&self, instance: InstanceKey, seq: u64) -> impl Iterator<Item = LogRow> {
        self.log.range((instance, seq)..=(instance, u64::MAX)).map(|((instance, seq), bytes)| {
            LogRow { instance: *instance, seq: *seq, bytes: bytes.clone() }
        })
    }

    fn is_instance(&self, key: InstanceKey) -> bool {
        self.instances.contains_key(&key) || self.log_from(key, 0).next().is_some()
    }
}

/// The first `limit` by `order`, strictly after `after`.
fn page<T, O: Ord>(
    rows: impl Iterator<Item = T>,
    order: impl Fn(&T) -> O,
    after: Option<&O>,
    limit: u32,
) -> Vec<T> {
    let mut page: Vec<T> =
        rows.filter(|row| after.is_none_or(|after| order(row) > *after)).collect();
    page.sort_by_key(order);
    page.truncate(limit as usize);
    page
}

impl Reader for MemoryReader {
    fn shard(&mut self, shard: ShardId) -> Result<ShardRow, Fault> {
        let row = self.0.lock().tables.shards.get(&shard).cloned();
        Ok(row.unwrap_or(ShardRow { shard, ..ShardRow::default() }))
    }

    fn definitions(&mut self) -> Result<Vec<DefinitionRow>, Fault> {
        let head = |row: &DefinitionRow| {
            let mut row = row.clone();
            row.resource = [].into();
            row.elements.clear();
            row
        };
        Ok(self.0.lock().tables.definitions.values().map(head).collect())
    }

    fn definition(&mut self, key: DefinitionKey) -> Result<Option<DefinitionRow>, Fault> {
        Ok(self.0.lock().tables.definitions.get(&key).cloned())
    }

    fn decision_graphs(&mut self) -> Result<Vec<DecisionGraphRow>, Fault> {
        Ok(self.0.lock().tables.decision_graphs.values().map(DecisionGraphRow::head).collect())
    }

    fn decision_graph(&mut self, key: DecisionGraphKey) -> Result<Option<DecisionGraphRow>, Fault> {
        Ok(self.0.lock().tables.decision_graphs.get(&key).cloned())
    }

    fn definition_timers(&mut self) -> Result<Vec<DefinitionTimerRow>, Fault> {
        Ok(self.0.lock().tables.definition_timers.values().cloned().collect())
    }

    fn owner(&mut self, key: Key) -> Result<Option<InstanceKey>, Fault> {
        let tables = &self.0.lock().tables;
        let first = InstanceKey(key.block_start());
        if tables.is_instance(first) {
            return Ok(Some(first));
        }
        let range = tables.key_ranges.range(..=key).next_back().map(|(_, range)| range);
        Ok(range.filter(|range| key < range.end).map(|range| range.instance))
    }

    fn instance(&mut self, instance: InstanceKey) -> Result<Option<InstanceRow>, Fault> {
        Ok(self.0.lock().tables.instances.get(&instance).cloned())
    }

    fn state(&mut self, instance: InstanceKey) -> Result<Option<Stored>, Fault> {
        let tables = &self.0.lock().tables;
        if tables.log_from(instance, 0).next().is_none() {
            let (place, what) = ("in memory".to_owned(), format!("instance {instance} has no log"));
            let missing = || Fault::Damaged { place, what };
            return tables.instances.get(&instance).map_or(Ok(None), |_| Err(missing()));
        }
        let snapshot = tables.snapshots.get(&instance).cloned();
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.next_seq);
        Ok(Some(Stored { snapshot, log: tables.log_from(instance, from).collect() }))
    }

    fn log(&mut self, instance: InstanceKey, seq: u64, limit: u32) -> Result<Vec<LogRow>, Fault> {
        let tables = &self.0.lock().tables;
        Ok(tables.log_from(instance, seq).take(limit as usize).collect())
    }

    fn queue(
        &mut self,
        shard: ShardId,
        job_type: &str,
        after: Option<(i64, JobKey)>,
        limit: u32,
    ) -> Result<Vec<QueueEntry>, Fault> {
        let tables = &self.0.lock().tables;
        let queue = tables
            .jobs
            .values()
            .filter(|row| row.job.0.shard() == shard && row.job_type == *job_type)
            .map(|row| QueueEntry {
                available_ms: row.available_ms,
                job: row.job,
                instance: row.instance,
            });
        Ok(page(queue, |entry| (entry.available_ms, entry.job), after.as_ref(), limit))
    }

    fn timers(
        &mut self,
        shard: ShardId,
        after: Option<(i64, TimerKey)>,
        limit: u32,
    ) -> Result<Vec<TimerRow>, Fault> {
        let tables = &self.0.lock().tables;
        let timers = tables.timers.values().filter(|row| row.timer.0.shard() == shard).copied();
        Ok(page(timers, |row| (row.due_ms, row.timer), after.as_ref(), limit))
    }

    fn slot(&mut self, shard: ShardId, name: &str, correlation_key: &str) -> Result<Slot, Fault> {
        let tables = &self.0.lock().tables;
        let subscriptions = tables.subscriptions.values().filter(|row| {
            row.shard == shard && row.name == *name && row.correlation_key == *correlation_key
        });
        let messages = tables.messages.values().filter(|row| {
            row.message.0.shard() == shard
                && row.name == *name
                && row.correlation_key == *correlation_key
        });
        let locks = tables.start_locks.values().filter(|row| {
            row.shard == shard && row.name == *name && row.correlation_key == *correlation_key
        });
        Ok(Slot {
            subscriptions: subscriptions.cloned().collect(),
            messages: messages.cloned().collect(),
            locks: locks.cloned().collect(),
        })
    }

    fn messages_kept_until(
        &mut self,
        shard: ShardId,
        until_ms: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, Fault> {
        let tables = &self.0.lock().tables;
        let over = tables
            .messages
            .values()
            .filter(|row| row.message.0.shard() == shard && row.kept_until_ms <= until_ms);
        Ok(page(over, |row| (row.kept_until_ms, row.message), None, limit)
            .into_iter()
            .cloned()
            .collect())
    }

    fn mail(&mut self, to: ShardId) -> Result<Vec<MailRow>, Fault> {
        let tables = &self.0.lock().tables;
        Ok(tables.mail.values().filter(|row| row.to == to).cloned().collect())
    }

    fn business_id(
        &mut self,
        process_id: &str,
        business_id: &str,
    ) -> Result<Option<InstanceKey>, Fault> {
        let tables = &self.0.lock().tables;
        let named = tables.instances.values().filter(|row| {
            row.state.is_live()
                && row.process_id == *process_id
                && row.business_id.as_deref() == Some(business_id)
        });
        Ok(named.min_by_key(|row| (row.started_ms, row.instance)).map(|row| row.instance))
    }

    fn live_called(&mut self, caller: InstanceKey) -> Result<Option<InstanceKey>, Fault> {
        let tables = &self.0.lock().tables;
        let mut below: BTreeSet<InstanceKey> = BTreeSet::new();
        let mut open = vec![caller];
        while let Some(above) = open.pop() {
            let by = |row: &&InstanceRow| row.parent.is_some_and(|it| it.instance == above);
            let rows = tables.instances.values().filter(by).map(|row| row.instance);
            open.extend(rows.filter(|instance| below.insert(*instance)));
        }
        let lives =
            |key: &InstanceKey| tables.instances.get(key).is_some_and(|it| it.state.is_live());
        Ok(below.into_iter().find(lives))
    }

    fn find_instances(
        &mut self,
        query: &Query<InstanceColumn>,
    ) -> Result<Found<InstanceRow>, Fault> {
        Ok(find(self.0.lock().tables.instances.values(), query))
    }

    fn find_jobs(&mut self, query: &Query<JobColumn>) -> Result<Found<JobRow>, Fault> {
        Ok(find(self.0.lock().tables.jobs.values(), query))
    }

    fn find_tasks(&mut self, query: &Query<TaskColumn>) -> Result<Found<UserTaskRow>, Fault> {
        Ok(find(self.0.lock().tables.tasks.values(), query))
    }

    fn find_incidents(
        &mut self,
        query: &Query<IncidentColumn>,
    ) -> Result<Found<IncidentRow>, Fault> {
        Ok(find(self.0.lock().tables.incidents.values(), query))
    }
}

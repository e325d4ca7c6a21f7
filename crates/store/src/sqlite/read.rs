//! A reader: its own connection, a new view of the file at each call.

use std::sync::Arc;

use base::{
    DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, Key, LogRow, MailRow, MessageRow,
    ShardId, ShardRow, SnapshotRow, TimerKey, TimerRow, UserTaskRow,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::failure::Place;
use super::query::{self, INCIDENTS, INSTANCES, JOBS, TASKS};
use super::rows::{self, Fields};
use super::write_rows::sql;
use super::{Shared, decisions, open};
use crate::{
    Fault, Found, IncidentColumn, InstanceColumn, JobColumn, Query, QueueEntry, Reader, Slot,
    Stored, TaskColumn,
};

pub(super) struct SqliteReader {
    connection: Connection,
    /// Dropped last: it may hold the lock.
    shared: Arc<Shared>,
}

impl SqliteReader {
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self, Fault> {
        Ok(Self { connection: open::reader(&shared.place)?, shared })
    }

    fn view(&self) -> View<'_> {
        View { connection: &self.connection, place: &self.shared.place }
    }

    /// Several questions to one state of the file.
    fn one_view<T>(&self, ask: impl FnOnce(View) -> Result<T, Fault>) -> Result<T, Fault> {
        let place = &self.shared.place;
        let transaction =
            self.connection.unchecked_transaction().map_err(|error| place.fault(&error))?;
        ask(View { connection: &transaction, place })
    }
}

/// What questions are put to.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    connection: &'a Connection,
    pub(super) place: &'a Place,
}

impl View<'_> {
    pub(super) fn all<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        let ask = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(params, read)?.collect::<rusqlite::Result<_>>()
        };
        ask().map_err(|error| self.place.fault(&error))
    }

    /// As `all`, for statements that are written anew for each question.
    pub(super) fn all_once<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        let ask = || {
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map(params, read)?.collect::<rusqlite::Result<_>>()
        };
        ask().map_err(|error| self.place.fault(&error))
    }

    pub(super) fn one<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Fault> {
        let ask = || self.connection.prepare_cached(sql)?.query_row(params, read).optional();
        ask().map_err(|error| self.place.fault(&error))
    }

    fn log(self, instance: InstanceKey, seq: u64, limit: i64) -> Result<Vec<LogRow>, Fault> {
        self.all(
            "SELECT instance, seq, bytes FROM log WHERE instance = ? AND seq >= ?
             ORDER BY seq LIMIT ?",
            params![sql(instance.0), stored(seq), limit],
            rows::log,
        )
    }

    fn snapshot(self, instance: InstanceKey) -> Result<Option<SnapshotRow>, Fault> {
        self.one(
            "SELECT instance, next_seq, bytes FROM snapshots WHERE instance = ?",
            [sql(instance.0)],
            rows::snapshot,
        )
    }

    fn has_log(self, instance: InstanceKey) -> Result<bool, Fault> {
        let found = self.one(
            "SELECT 1 FROM log WHERE instance = ? LIMIT 1",
            [sql(instance.0)],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn instance(self, instance: InstanceKey) -> Result<Option<InstanceRow>, Fault> {
        let select = select(rows::INSTANCE, &query::from(&INSTANCES, ""), "WHERE instance = ?");
        self.one(&select, [sql(instance.0)], rows::instance)
    }
}

fn select(select: &str, from: &str, rest: &str) -> String {
    format!("{select} FROM {from} {rest}")
}

/// Numbers beyond what is ever stored ask for nothing, rather than for negative ones.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Reader for SqliteReader {
    fn shard(&mut self, shard: ShardId) -> Result<ShardRow, Fault> {
        let row = self.view().one(
            "SELECT shard, next_block, next_mail FROM shards WHERE shard = ?",
            [shard.0],
            rows::shard,
        )?;
        Ok(row.unwrap_or(ShardRow { shard, ..ShardRow::default() }))
    }

    fn definitions(&mut self) -> Result<Vec<DefinitionRow>, Fault> {
        let select = select(rows::DEFINITION, "definitions", "ORDER BY definition");
        self.view().all(&select, [], rows::definition)
    }

    fn definition(&mut self, key: DefinitionKey) -> Result<Option<DefinitionRow>, Fault> {
        self.one_view(|view| {
            let of = "WHERE definition = ?";
            let head = select(rows::DEFINITION, "definitions", of);
            let Some(head) = view.one(&head, [sql(key.0)], rows::definition)? else {
                return Ok(None);
            };
            let rest = select(rows::MODEL_FILE, "resources", of);
            let rest = view.one(&rest, [sql(key.0)], rows::model_file)?;
            let (resource, elements) = rest.ok_or_else(|| {
                view.place.damaged(format!("the file of definition {key} is missing"))
            })?;
            Ok(Some(DefinitionRow { resource, elements, ..head }))
        })
    }

    fn decision_graphs(&mut self) -> Result<Vec<DecisionGraphRow>, Fault> {
        self.one_view(decisions::heads)
    }

    fn decision_graph(&mut self, key: DecisionGraphKey) -> Result<Option<DecisionGraphRow>, Fault> {
        self.one_view(|view| decisions::whole(view, key))
    }

    fn definition_timers(&mut self) -> Result<Vec<DefinitionTimerRow>, Fault> {
        self.view().all(
            "SELECT definition, element, due_ms, repeats FROM definition_timers
             ORDER BY definition, element",
            [],
            rows::definition_timer,
        )
    }

    fn owner(&mut self, key: Key) -> Result<Option<InstanceKey>, Fault> {
        self.one_view(|view| {
            let first = InstanceKey(key.block_start());
            let exists =
                view.one("SELECT 1 FROM instances WHERE instance = ?", [sql(first.0)], |_| Ok(()))?;
            if exists.is_some() || view.has_log(first)? {
                return Ok(Some(first));
            }
            let range = view.one(
                "SELECT after, instance FROM key_ranges WHERE first <= ?
                 ORDER BY first DESC LIMIT 1",
                [sql(key)],
                |row| {
                    let mut fields = Fields::new(row);
                    Ok((fields.key::<Key>()?, fields.key()?))
                },
            )?;
            Ok(range.filter(|(after, _)| key < *after).map(|(_, instance)| instance))
        })
    }

    fn instance(&mut self, instance: InstanceKey) -> Result<Option<InstanceRow>, Fault> {
        self.view().instance(instance)
    }

    fn state(&mut self, instance: InstanceKey) -> Result<Option<Stored>, Fault> {
        self.one_view(|view| {
            if !view.has_log(instance)? {
                let missing = || view.place.damaged(format!("instance {instance} has no log"));
                return view.instance(instance)?.map_or(Ok(None), |_| Err(missing()));
            }
            let snapshot = view.snapshot(instance)?;
            let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.next_seq);
            let log = view.log(instance, from, i64::MAX)?;
            if let Some((seq, _)) = (from..).zip(&log).find(|(seq, row)| row.seq != *seq) {
                return Err(view
                    .place
                    .damaged(format!("log row {seq} of instance {instance} is missing")));
            }
            Ok(Some(Stored { snapshot, log }))
        })
    }

    fn log(&mut self, instance: InstanceKey, seq: u64, limit: u32) -> Result<Vec<LogRow>, Fault> {
        self.view().log(instance, seq, limit.into())
    }

    fn queue(
        &mut self,
        shard: ShardId,
        job_type: &str,
        after: Option<(i64, JobKey)>,
        limit: u32,
    ) -> Result<Vec<QueueEntry>, Fault> {
        let (available_ms, job) = position(after);
        self.view().all(
            // Two parts, since a comparison of pairs would walk over all of equal time.
            "WITH asked AS (SELECT queue FROM queues WHERE shard = ?1 AND job_type = ?2)
             SELECT available_ms, job, instance FROM jobs
             WHERE queue = (SELECT queue FROM asked) AND available_ms = ?3 AND job > ?4
             UNION ALL
             SELECT available_ms, job, instance FROM jobs
             WHERE queue = (SELECT queue FROM asked) AND available_ms > ?3
             ORDER BY available_ms, job LIMIT ?5",
            params![shard.0, job_type, available_ms, job, limit],
            rows::queue_entry,
        )
    }

    fn timers(
        &mut self,
        shard: ShardId,
        after: Option<(i64, TimerKey)>,
        limit: u32,
    ) -> Result<Vec<TimerRow>, Fault> {
        let (due_ms, timer) = position(after);
        self.view().all(
            "SELECT timer, instance, due_ms FROM timers
             WHERE timer >> 50 = ?1 AND due_ms = ?2 AND timer > ?3
             UNION ALL
             SELECT timer, instance, due_ms FROM timers
             WHERE timer >> 50 = ?1 AND due_ms > ?2
             ORDER BY due_ms, timer LIMIT ?4",
            params![shard.0, due_ms, timer, limit],
            rows::timer,
        )
    }

    fn slot(&mut self, shard: ShardId, name: &str, correlation_key: &str) -> Result<Slot, Fault> {
        let slot = params![shard.0, name, correlation_key];
        self.one_view(|view| {
            Ok(Slot {
                subscriptions: view.all(
                    "SELECT subscription, shard, name, correlation_key, instance, process_id, once
                     FROM subscriptions WHERE shard = ? AND name = ? AND correlation_key = ?
                     ORDER BY subscription",
                    slot,
                    rows::subscription,
                )?,
                messages: view.all(
                    &select(
                        rows::MESSAGE,
                        "messages",
                        "WHERE message >> 50 = ? AND name = ? AND correlation_key = ?
                         ORDER BY message",
                    ),
                    slot,
                    rows::message,
                )?,
                locks: view.all(
                    "SELECT shard, process_id, name, correlation_key, instance
                     FROM start_locks WHERE shard = ? AND name = ? AND correlation_key = ?
                     ORDER BY process_id",
                    slot,
                    rows::start_lock,
                )?,
            })
        })
    }

    fn messages_kept_until(
        &mut self,
        shard: ShardId,
        until_ms: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, Fault> {
        let select = select(
            rows::MESSAGE,
            "messages",
            "WHERE message >> 50 = ? AND kept_until_ms <= ? ORDER BY kept_until_ms, message LIMIT ?",
        );
        self.view().all(&select, params![shard.0, until_ms, limit], rows::message)
    }

    fn mail(&mut self, to: ShardId) -> Result<Vec<MailRow>, Fault> {
        self.view().all(
            "SELECT receiver, sender, number, bytes FROM mail WHERE receiver = ?
             ORDER BY sender, number",
            [to.0],
            rows::mail,
        )
    }

    fn business_id(
        &mut self,
        process_id: &str,
        business_id: &str,
    ) -> Result<Option<InstanceKey>, Fault> {
        self.view().one(
            "SELECT instance FROM instances
             WHERE business_id = ? AND state IN (0, 3)
                 AND model IN (SELECT model FROM models WHERE process_id = ?)
             ORDER BY started_ms, instance LIMIT 1",
            [business_id, process_id],
            |row| Fields::new(row).key(),
        )
    }

    fn live_called(&mut self, caller: InstanceKey) -> Result<Option<InstanceKey>, Fault> {
        self.view().one(
            "WITH RECURSIVE called (instance) AS (
                 SELECT instance FROM instances WHERE parent = ?
                 UNION
                 SELECT of_it.instance FROM instances AS of_it
                     JOIN called ON of_it.parent = called.instance
             )
             SELECT instance FROM called JOIN instances USING (instance)
             WHERE state IN (0, 3) ORDER BY instance LIMIT 1",
            [sql(caller.0)],
            |row| Fields::new(row).key(),
        )
    }

    fn find_instances(
        &mut self,
        query: &Query<InstanceColumn>,
    ) -> Result<Found<InstanceRow>, Fault> {
        self.one_view(|view| query::find(view, &INSTANCES, query))
    }

    fn find_jobs(&mut self, query: &Query<JobColumn>) -> Result<Found<JobRow>, Fault> {
        self.one_view(|view| query::find(view, &JOBS, query))
    }

    fn find_tasks(&mut self, query: &Query<TaskColumn>) -> Result<Found<UserTaskRow>, Fault> {
        self.one_view(|view| query::find(view, &TASKS, query))
    }

    fn find_incidents(
        &mut self,
        query: &Query<IncidentColumn>,
    ) -> Result<Found<IncidentRow>, Fault> {
        self.one_view(|view| query::find(view, &INCIDENTS, query))
    }
}

/// Where a page begins: keys are positive, so that nothing is before the smallest time and key 0.
fn position(after: Option<(i64, impl Into<Key>)>) -> (i64, i64) {
    after.map_or((i64::MIN, -1), |(time_ms, key)| (time_ms, sql(key.into())))
}

//! The one writer: each group of batches is one synced transaction.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base::{Batch, DefinitionKey, ShardId, Text};
use rusqlite::{CachedStatement, Connection, Params, TransactionBehavior};

use super::changes::Changes;
use super::failure::Place;
use super::files::Mark;
use super::{Shared, checkpoint, unpoisoned, write_rows};
use crate::{Fault, Writer};

/// What the writer works with.
pub(super) struct Session {
    connection: Connection,
    mark: Mark,
    /// How many batches are durable.
    batches: u64,
    names: Names,
    log: checkpoint::Log,
}

/// The small numbers that stand for what many rows repeat. After a rollback they may name rows
/// that do not exist; no commit comes after one.
#[derive(Default)]
pub(super) struct Names {
    pub(super) models: BTreeMap<(DefinitionKey, Text, i32), i64>,
    pub(super) queues: BTreeMap<(ShardId, Text), i64>,
}

/// Beyond this many of a kind they are looked up again: job types may be computed.
const NAMES_MAX: usize = 10_000;

impl Session {
    pub(super) fn new(
        mut connection: Connection,
        mark: Mark,
        batches: u64,
        place: &Place,
    ) -> Result<Self, Fault> {
        let log = checkpoint::Log::watch(&mut connection).map_err(|error| place.fault(&error))?;
        Ok(Self { connection, mark, batches, names: Names::default(), log })
    }

    fn commit(&mut self, batches: &[Batch], place: &Place) -> Result<(), Fault> {
        let changes = Changes::of(batches);
        if self.names.models.len() + self.names.queues.len() > NAMES_MAX {
            self.names = Names::default();
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| place.fault(&error))?;
        let tables = Tables { connection: &transaction, place };
        write_rows::write(&tables, &changes, &mut self.names)?;
        transaction.commit().map_err(|error| place.fault(&error))?;
        self.batches += batches.len() as u64;
        Ok(())
    }

    /// What follows a commit that is durable.
    fn settle(&mut self, place: &Place) -> Result<(), Fault> {
        self.mark.set(self.batches)?;
        self.log.copy_if_long(&self.connection).map_err(|error| place.fault(&error))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("batches", &self.batches).finish_non_exhaustive()
    }
}

/// The tables within a transaction.
pub(super) struct Tables<'a> {
    pub(super) connection: &'a Connection,
    pub(super) place: &'a Place,
}

impl Tables<'_> {
    /// Runs a statement that is prepared once in the connection's life.
    pub(super) fn run(&self, sql: &'static str, params: impl Params) -> Result<(), Fault> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(drop)
            .map_err(|error| self.place.fault(&error))
    }
}

/// A statement that runs for many rows in a row: it is looked up once.
pub(super) struct Repeated<'a> {
    tables: &'a Tables<'a>,
    sql: &'static str,
    statement: Option<CachedStatement<'a>>,
}

impl<'a> Repeated<'a> {
    /// Nothing is prepared before the first row.
    pub(super) fn new(tables: &'a Tables<'a>, sql: &'static str) -> Self {
        Self { tables, sql, statement: None }
    }

    /// Answers how many rows it changed.
    pub(super) fn run(&mut self, params: impl Params) -> Result<usize, Fault> {
        let statement = match &mut self.statement {
            Some(statement) => statement,
            none => none.insert(
                self.tables
                    .connection
                    .prepare_cached(self.sql)
                    .map_err(|error| self.tables.place.fault(&error))?,
            ),
        };
        statement.execute(params).map_err(|error| self.tables.place.fault(&error))
    }
}

pub(super) struct SqliteWriter {
    shared: Arc<Shared>,
    /// There until the writer is dropped.
    session: Option<Session>,
}

impl SqliteWriter {
    pub(super) fn new(shared: Arc<Shared>, session: Session) -> Self {
        Self { shared, session: Some(session) }
    }
}

impl Writer for SqliteWriter {
    fn commit(&mut self, batches: &[Batch]) -> Result<(), Fault> {
        self.shared.refuse_if_broken()?;
        let Some(session) = &mut self.session else { return Err(Fault::SecondWriter) };
        if batches.is_empty() {
            return Ok(());
        }
        let broken = |fault: &Fault| {
            unpoisoned(&self.shared.broken).get_or_insert_with(|| fault.to_string());
        };
        refuse_foreign_shards(batches, self.shared.shards, &self.shared.place)
            .and_then(|()| session.commit(batches, &self.shared.place))
            .inspect_err(broken)?;
        // These batches are durable and so acknowledged; after a fault here there are no more.
        let _ = session.settle(&self.shared.place).inspect_err(broken);
        Ok(())
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // A mark that is behind is as good, only later.
            let _ = session.mark.sync();
            *unpoisoned(&self.shared.session) = Some(session);
        }
    }
}

fn refuse_foreign_shards(batches: &[Batch], shards: u16, place: &Place) -> Result<(), Fault> {
    match batches.iter().map(|batch| batch.shard.shard).find(|shard| shard.0 >= shards) {
        None => Ok(()),
        Some(shard) => {
            Err(place.failed(format!("a batch is of shard {shard}, there are {shards}")))
        }
    }
}

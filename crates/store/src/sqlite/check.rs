//! Reading everything, to find damage before it is met.

use std::path::Path;

use base::Record;
use rusqlite::{Connection, OptionalExtension, Row};

use super::failure::Place;
use super::files::{self, Lock, Marked};
use super::schema::FileState;
use super::{decisions, open, rows};
use crate::Fault;

pub(super) fn check(dir: &Path) -> Result<(), Fault> {
    let place = Place::new(files::database(dir));
    if !place.path().exists() {
        return Err(place.failed("there is no such file"));
    }
    let _lock = Lock::take(dir)?;
    let fault = |error: rusqlite::Error| place.fault(&error);
    let marked = Marked::read(dir)?;
    let (connection, schema) = open::inspect(dir, &place)?;
    if open::is_empty(&connection, schema, &place)? {
        marked.map_or(Ok(()), |marked| marked.refuse_empty(dir))?;
    }
    if schema == FileState::New {
        return Err(place.failed("it is empty"));
    }
    if let Some(marked) = marked {
        let header = open::header(&connection, &place)?;
        marked.refuse_fewer(dir, header.id, header.batches)?;
    }
    connection.pragma_update(None, "query_only", true).map_err(fault)?;
    let found: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fault)?;
    if found != "ok" {
        return Err(place.damaged(found));
    }
    check_log(&connection, &place)?;
    check_rows(&connection, schema).map_err(fault)?;
    let orphan = "SELECT definition FROM definitions EXCEPT SELECT definition FROM resources";
    let found: Option<i64> =
        connection.query_row(orphan, [], |row| row.get(0)).optional().map_err(fault)?;
    if let Some(key) = found {
        return Err(place.damaged(format!("the file of definition {key} is missing")));
    }
    if schema < FileState::Schema(2) {
        return Ok(());
    }
    check_decisions(&connection, schema).map_err(fault)?;
    let found: Option<i64> =
        connection.query_row(decisions::ORPHAN, [], |row| row.get(0)).optional().map_err(fault)?;
    found.map_or(Ok(()), |key| Err(decisions::missing_file(&place, key)))
}

fn check_decisions(connection: &Connection, schema: FileState) -> rusqlite::Result<()> {
    let graphs = if schema < FileState::Schema(5) {
        decisions::GRAPH.replace("deleted_ms", "NULL")
    } else {
        decisions::GRAPH.to_owned()
    };
    read_all(connection, &graphs, decisions::graph)?;
    read_all(connection, decisions::DECISION, decisions::decision)?;
    read_all(connection, decisions::IMPORT, decisions::import)?;
    read_all(connection, decisions::FILE, decisions::file)
}

/// Every row can be read; those with a checksum are what was written.
fn check_rows(connection: &Connection, schema: FileState) -> rusqlite::Result<()> {
    let all = |columns: &str, tables: &str| format!("{columns} FROM {tables}");
    // Nobody was called before schema 3, nor suspended before schema 4, nor waited for listeners
    // before schema 6.
    let tables = if schema < FileState::Schema(3) {
        "(SELECT *, NULL AS parent, NULL AS parent_element, NULL AS root,
              NULL AS suspended_ms, NULL AS suspended_why, NULL AS canceling FROM instances)
         JOIN models USING (model)"
    } else if schema < FileState::Schema(4) {
        "(SELECT *, NULL AS suspended_ms, NULL AS suspended_why, NULL AS canceling FROM instances)
         JOIN models USING (model)"
    } else if schema < FileState::Schema(6) {
        "(SELECT *, NULL AS canceling FROM instances) JOIN models USING (model)"
    } else {
        "instances JOIN models USING (model)"
    };
    let instances = all(rows::INSTANCE, tables);
    // Nobody listened before schema 4.
    let tables = if schema < FileState::Schema(4) {
        "(SELECT *, NULL AS listener FROM jobs) JOIN queues USING (queue)"
    } else {
        "jobs JOIN queues USING (queue)"
    };
    let jobs = all(rows::JOB, tables);
    let subscriptions = "SELECT subscription, shard, name, correlation_key, instance, process_id, \
        once FROM subscriptions";
    let start_locks = "SELECT shard, process_id, name, correlation_key, instance FROM start_locks";
    let definition_timers = "SELECT definition, element, due_ms, repeats FROM definition_timers";
    read_all(connection, "SELECT instance, next_seq, bytes FROM snapshots", rows::snapshot)?;
    read_all(connection, "SELECT receiver, sender, number, bytes FROM mail", rows::mail)?;
    read_all(connection, "SELECT shard, next_block, next_mail FROM shards", rows::shard)?;
    // Nothing was deleted before schema 5.
    let definitions = if schema < FileState::Schema(5) {
        "(SELECT *, NULL AS deleted_ms FROM definitions)"
    } else {
        "definitions"
    };
    read_all(connection, &all(rows::DEFINITION, definitions), rows::definition)?;
    read_all(connection, &all(rows::MODEL_FILE, "resources"), rows::model_file)?;
    read_all(connection, &instances, rows::instance)?;
    read_all(connection, &jobs, rows::job)?;
    read_all(connection, "SELECT timer, instance, due_ms FROM timers", rows::timer)?;
    read_all(connection, &all(rows::TASK, "tasks"), rows::task)?;
    read_all(connection, &all(rows::INCIDENT, "incidents"), rows::incident)?;
    read_all(connection, subscriptions, rows::subscription)?;
    read_all(connection, &all(rows::MESSAGE, "messages"), rows::message)?;
    read_all(connection, start_locks, rows::start_lock)?;
    read_all(connection, definition_timers, rows::definition_timer)
}

fn read_all<R>(
    connection: &Connection,
    select: &str,
    read: fn(&Row) -> rusqlite::Result<R>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(select)?;
    statement.query_map([], read)?.try_for_each(|row| row.map(drop))
}

/// Every row has its checksum, can be read as a record, and follows the one before it.
fn check_log(connection: &Connection, place: &Place) -> Result<(), Fault> {
    let fault = |error: rusqlite::Error| place.fault(&error);
    let mut statement = connection
        .prepare("SELECT instance, seq, bytes FROM log ORDER BY instance, seq")
        .map_err(fault)?;
    let mut before = None;
    for row in statement.query_map([], rows::log).map_err(fault)? {
        let row = row.map_err(fault)?;
        let (instance, seq) = (row.instance, row.seq);
        let expected = match before {
            Some((of, seq)) if of == instance => seq + 1,
            Some(_) | None => 0,
        };
        if seq != expected {
            return Err(
                place.damaged(format!("log row {expected} of instance {instance} is missing"))
            );
        }
        Record::from_bytes(&row.bytes, instance).map_err(|why| {
            place.damaged(format!("log row {seq} of instance {instance} is no record: {why}"))
        })?;
        before = Some((instance, seq));
    }
    Ok(())
}

//! Deleting an instance that has ended, with all that it has called.
//!
//! In:  its key.
//! Out: no row that names one of them; what the rows held is overwritten with zeros.
//! Absent: what lies elsewhere for a while: the write-ahead log until it is written over, pages that
//!         SQLite had moved rows out of before, and every copy of the file.

use base::{InstanceKey, Key};
use rusqlite::OptionalExtension;

use super::write::Tables;
use super::write_rows::sql;
use crate::Fault;

pub(super) fn instance(tables: &Tables, key: InstanceKey) -> Result<(), Fault> {
    let pragma = |name: &str, value: &str| {
        tables
            .connection
            .pragma_update_and_check(None, name, value, |_| Ok(()))
            .optional()
            .map(drop)
            .map_err(|error| tables.place.fault(&error))
    };
    // On for this alone: every other row that goes would cost writes.
    pragma("secure_delete", "ON")?;
    let deleted = of_chain(tables, key);
    pragma("secure_delete", "OFF")?;
    deleted
}

fn of_chain(tables: &Tables, key: InstanceKey) -> Result<(), Fault> {
    let mut gone: Vec<InstanceKey> = vec![key];
    while let Some(key) = gone.pop() {
        gone.extend(called(tables, key)?);
        let key = [sql(key.0)];
        tables.run("DELETE FROM log WHERE instance = ?", key)?;
        tables.run("DELETE FROM snapshots WHERE instance = ?", key)?;
        tables.run("DELETE FROM key_ranges WHERE instance = ?", key)?;
        tables.run("DELETE FROM instances WHERE instance = ?", key)?;
    }
    Ok(())
}

fn called(tables: &Tables, key: InstanceKey) -> Result<Vec<InstanceKey>, Fault> {
    let read = || {
        let mut select =
            tables.connection.prepare_cached("SELECT instance FROM instances WHERE parent = ?")?;
        let found = select.query_map([sql(key.0)], |row| row.get::<_, i64>(0))?;
        found.collect::<rusqlite::Result<Vec<i64>>>()
    };
    let found = read().map_err(|error| tables.place.fault(&error))?;
    Ok(found.into_iter().map(|key| InstanceKey(Key::from_raw(key.cast_unsigned()))).collect())
}

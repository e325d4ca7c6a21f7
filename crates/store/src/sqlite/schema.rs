//! The schema of the file and how an older file is brought up to it.
//!
//! In:  a connection to a file that is new or that an older release wrote.
//! Out: the file with the newest schema, or a [`Fault`].
//! Absent: going back; a file that a newer release wrote is left alone.

use rusqlite::{Connection, TransactionBehavior};

use super::failure::Place;
use crate::Fault;

/// Marks a file as ours: "Ferm".
const APPLICATION_ID: i64 = 0x4665_726d;

/// What brings the file from schema n to schema n + 1. Released ones never change.
const MIGRATIONS: &[&str] = &[include_str!("schema-1.sql")];

/// The newest schema that this release knows.
fn newest() -> i64 {
    number(MIGRATIONS)
}

fn number(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// What kind of file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FileState {
    /// Nothing is in it.
    New,
    /// Ours, with this schema.
    Schema(i64),
}

/// Looks at the header and at nothing else. A file of another program, or of a newer release, is
/// a fault.
pub(super) fn inspect(connection: &Connection, place: &Place) -> Result<FileState, Fault> {
    let pragma = |name: &str| -> Result<i64, Fault> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|error| place.fault(&error))
    };
    let (application_id, schema) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| place.fault(&error))?;
    if application_id == APPLICATION_ID {
        if schema > newest() {
            let (path, known) = (place.path().to_owned(), newest());
            return Err(Fault::TooNew { path, found: schema, known });
        }
        return Ok(FileState::Schema(schema));
    }
    if application_id == 0 && schema == 0 && tables == 0 {
        return Ok(FileState::New);
    }
    Err(place.failed(format!(
        "it is an SQLite file of another program (application id {application_id:#x}, expected \
         {APPLICATION_ID:#x}); name another directory"
    )))
}

/// Brings the file to the newest schema.
pub(super) fn migrate(
    connection: &mut Connection,
    found: FileState,
    place: &Place,
) -> Result<(), Fault> {
    run(connection, found, MIGRATIONS).map_err(|error| place.fault(&error))
}

/// Each migration is one transaction: after a crash between two the next start goes on.
fn run(connection: &mut Connection, found: FileState, migrations: &[&str]) -> rusqlite::Result<()> {
    let done = match found {
        FileState::New => 0,
        FileState::Schema(schema) => schema,
    };
    for (schema, migration) in (1..).zip(migrations).skip_while(|(schema, _)| *schema <= done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema)?;
        transaction.commit()?;
    }
    Ok(())
}

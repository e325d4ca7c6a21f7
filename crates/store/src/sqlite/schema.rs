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
const MIGRATIONS: &[&str] = &[
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
];

/// The newest schema that this release knows.
fn newest() -> i64 {
    number(MIGRATIONS)
}

fn number(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// What kind of file it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    fn names(connection: &Connection) -> Vec<String> {
        let mut select =
            connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn migrations_run_in_order_and_each_once() {
        let steps = [
            "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
            "UPDATE a SET x = x * 10",
            "ALTER TABLE a RENAME TO b; UPDATE b SET x = x + 5",
        ];
        // From every older schema.
        for older in 0..=steps.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            run(&mut connection, FileState::New, &steps[..older]).unwrap();
            let found =
                if older == 0 { FileState::New } else { FileState::Schema(schema(&connection)) };
            run(&mut connection, found, &steps).unwrap();
            assert_eq!(schema(&connection), 3);
            let x: i64 = connection.query_row("SELECT x FROM b", [], |row| row.get(0)).unwrap();
            assert_eq!(x, 15, "from schema {older}");
            run(&mut connection, FileState::Schema(3), &steps).unwrap();
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_the_one_before_it_made_it() {
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)", "SELECT 1"];
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, FileState::New, &steps).unwrap_err();
        assert_eq!((schema(&connection), names(&connection)), (1, vec!["a".to_owned()]));
    }

    #[test]
    fn a_new_file_gets_the_newest_schema_and_our_mark() {
        let place = Place::new("memory".into());
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(inspect(&connection, &place), Ok(FileState::New));
        migrate(&mut connection, FileState::New, &place).unwrap();
        assert_eq!(inspect(&connection, &place), Ok(FileState::Schema(newest())));
        let before = names(&connection);
        migrate(&mut connection, FileState::Schema(newest()), &place).unwrap();
        assert_eq!(names(&connection), before);
    }
}

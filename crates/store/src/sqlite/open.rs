//! Opening the file: lock, header, schema, number of shards, mark.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use base::ShardId;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use super::failure::Place;
use super::files::{self, Lock, Mark, Marked};
use super::schema::{self, FileState};
use super::write::Session;
use super::{Shared, SqliteOptions};
use crate::{Fault, pattern};

/// SQLite's default; rows of logs are small, so that larger pages would only make the write-ahead
/// log larger.
const PAGE_BYTES: u64 = 4096;
/// Of each connection, filled as pages are used. Beyond it the system's page cache serves.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;
/// Commits never meet another writer; a checkpoint may wait this long for readers.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// More than all statements of one connection.
const STATEMENTS_MAX: usize = 128;

/// What is known of the store when it is open.
pub(super) struct Header {
    shards: u16,
    pub(super) id: i64,
    pub(super) batches: u64,
}

pub(super) fn open(dir: &Path, options: SqliteOptions) -> Result<Shared, Fault> {
    let place = Place::new(files::database(dir));
    let shards_when_new = options.shards.unwrap_or(options.shards_when_new);
    if !(1..=ShardId::COUNT_MAX).contains(&shards_when_new) {
        let max = ShardId::COUNT_MAX;
        return Err(place.failed(format!("expected 1 to {max} shards, not {shards_when_new}")));
    }
    files::create_dir(dir)?;
    let lock = Lock::take(dir)?;
    files::create_private(&place)?;
    let marked = Marked::read(dir)?;
    let (mut connection, found) = inspect(dir, &place)?;
    if is_empty(&connection, found, &place)? {
        marked.map_or(Ok(()), |marked| marked.refuse_empty(dir))?;
    }
    files::rewrite_log(dir)?;
    configure(&connection, found, options.file_bytes_max, &place)?;
    if found == FileState::New {
        schema::migrate(&mut connection, found, &place)?;
    }
    create_header(&connection, shards_when_new).map_err(|error| place.fault(&error))?;
    let header = header(&connection, &place)?;
    if let Some(asked) = options.shards.filter(|asked| *asked != header.shards) {
        return Err(Fault::Shards { path: place.path().to_owned(), found: header.shards, asked });
    }
    marked.map_or(Ok(()), |marked| marked.refuse_fewer(dir, header.id, header.batches))?;
    // Only now that nothing is refused any more.
    let found = schema::inspect(&connection, &place)?;
    schema::migrate(&mut connection, found, &place)?;
    let mark = Mark::open(dir, marked, header.id, header.batches)?;
    files::sync_dir(dir)?;
    keep_log_on_close(&connection, false).map_err(|error| place.fault(&error))?;
    let session = Session::new(connection, mark, header.batches, &place)?;
    Ok(Shared {
        place,
        shards: header.shards,
        session: Mutex::new(Some(session)),
        broken: Mutex::new(None),
        _lock: lock,
    })
}

/// Opens the file and looks at what it is, without a change to it.
pub(super) fn inspect(dir: &Path, place: &Place) -> Result<(Connection, FileState), Fault> {
    let (file_bytes, log_bytes) = files::sizes(dir);
    let connection = connect(place)?;
    keep_log_on_close(&connection, true).map_err(|error| place.fault(&error))?;
    let found = schema::inspect(&connection, place)?;
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .map_err(|error| place.fault(&error))?;
    // With a write-ahead log the last pages may be there only.
    let expected = pages.cast_unsigned() * PAGE_BYTES;
    if log_bytes == 0 && file_bytes < expected {
        return Err(place.damaged(format!(
            "it was cut: it has {file_bytes} bytes, its header says {expected}"
        )));
    }
    Ok((connection, found))
}

/// A connection that reads only.
pub(super) fn reader(place: &Place) -> Result<Connection, Fault> {
    // Opened for writing as far as the system goes: reading a write-ahead log needs its index.
    let connection = connect(place)?;
    let setup = || {
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.create_scalar_function(
            "matches_pattern",
            2,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
            |context| {
                let (asked, text) = (context.get_raw(0), context.get_raw(1));
                let Some(text) = text.as_str_or_null()? else { return Ok(false) };
                Ok(pattern::matches(asked.as_str()?, text))
            },
        )
    };
    setup().map_err(|error| place.fault(&error))?;
    Ok(connection)
}

fn connect(place: &Place) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(place.path(), flags).map_err(|error| place.fault(&error))?;
    let setup = || {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Finds a page whose cells overlap when it is read, not when it is changed.
        connection.pragma_update(None, "cell_size_check", true)?;
        // What a damaged schema says is not run.
        connection.pragma_update(None, "trusted_schema", false)
    };
    setup().map_err(|error| place.fault(&error))?;
    Ok(connection)
}

/// While it is kept, a fault at the start leaves all files as they were found.
fn keep_log_on_close(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(drop)
}

fn configure(
    connection: &Connection,
    found: FileState,
    file_bytes_max: Option<u64>,
    place: &Place,
) -> Result<(), Fault> {
    let setup = || {
        if found == FileState::New {
            connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
            // Pages that become free are used again by the next rows. Giving them back to the
            // system would cost every commit a page of bookkeeping; a copy made with VACUUM is
            // small as well.
            connection.pragma_update(None, "auto_vacuum", "NONE")?;
        }
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        if let Some(bytes) = file_bytes_max {
            let pages = (bytes / PAGE_BYTES).max(1).cast_signed();
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(mode)
    };
    let mode = setup().map_err(|error| place.fault(&error))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(place.failed(format!(
            "its file system cannot hold a write-ahead log (journal mode is {mode}); put it on a \
             local disk"
        )));
    }
    Ok(())
}

/// Whether nothing was ever committed: there is no schema, or none with the row that makes it a store.
pub(super) fn is_empty(
    connection: &Connection,
    found: FileState,
    place: &Place,
) -> Result<bool, Fault> {
    if found == FileState::New {
        return Ok(true);
    }
    let select = "SELECT NOT EXISTS (SELECT 1 FROM store UNION ALL SELECT 1 FROM shards)";
    connection.query_row(select, [], |row| row.get(0)).map_err(|error| place.fault(&error))
}

/// Writes the row that makes a schema a store, also when the process ended between the two.
fn create_header(connection: &Connection, shards: u16) -> rusqlite::Result<()> {
    let insert = "INSERT INTO store (shards, id) SELECT ?1, random() WHERE NOT EXISTS
        (SELECT 1 FROM store UNION ALL SELECT 1 FROM shards)";
    connection.execute(insert, [shards]).map(drop)
}

pub(super) fn header(connection: &Connection, place: &Place) -> Result<Header, Fault> {
    let select = "SELECT shards, id, (SELECT coalesce(sum(batches), 0) FROM shards) FROM store";
    let header = connection.query_row(select, [], |row| {
        let batches: i64 = row.get(2)?;
        Ok(Header { shards: row.get(0)?, id: row.get(1)?, batches: batches.cast_unsigned() })
    });
    header.map_err(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => {
            place.damaged("the row with the number of shards is missing")
        }
        error => place.fault(&error),
    })
}

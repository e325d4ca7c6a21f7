//! The store in one SQLite file, with its write-ahead log beside it.
//!
//! In:  batches, each group of them one transaction that is synced before it is acknowledged.
//! Out: rows; a [`Fault`] for what is damaged or failed, naming the file.
//! Absent: repair, and memory-mapped reads (a file that is cut would then kill the process).
//!
//! What was damaged on the disk is found by checksums when it is read (rows of logs, snapshots,
//! mail; a log with a gap), by SQLite where a page makes no sense, and at the start where a file
//! was cut or acknowledged commits are gone. Not found by a read: a changed byte in the columns of
//! other rows (they can be derived from the log again), and an index that no longer names the last
//! rows of a log. [`SqliteStore::check`] finds the latter.
//!
//! One connection writes, each reader has its own and sees the last commit at each call. The
//! directory holds `fermata.db` with SQLite's `-wal` and `-shm`, `fermata.lock` (held while a
//! server runs) and `fermata.mark` (what was acknowledged; see `files`).

mod changes;
mod check;
mod checkpoint;
mod checksum;
mod decisions;
mod delete;
mod failure;
mod files;
mod open;
mod query;
mod read;
mod rows;
mod schema;
mod write;
mod write_rows;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Fault, Reader, Store, Writer};
use failure::Place;
use write::Session;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SqliteOptions {
    /// How many shards the store must have; `None` takes what it has.
    pub shards: Option<u16>,
    /// How many shards a new store gets when `shards` is `None`.
    pub shards_when_new: u16,
    /// The largest size of the file in bytes (without the write-ahead log); a commit that needs
    /// more fails as if the disk were full.
    pub file_bytes_max: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { shards: None, shards_when_new: 1, file_bytes_max: None }
    }
}

/// A store in one SQLite file. Clones are handles of the same store; the file is free for another
/// server when all handles, the writer and the readers are gone.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Place,
    shards: u16,
    /// What the one writer works with; it takes it and brings it back.
    session: Mutex<Option<Session>>,
    /// The first fault of a commit.
    broken: Mutex<Option<String>>,
    /// Dropped last, so that the file is closed before another server may open it.
    _lock: files::Lock,
}

impl SqliteStore {
    /// Opens the store in a directory; creates both if they are not there. Reads the header, a few
    /// small rows and the write-ahead log, whatever the size of the file.
    pub fn open(dir: &Path, options: SqliteOptions) -> Result<Self, Fault> {
        open::open(dir, options).map(|shared| Self(Arc::new(shared)))
    }

    /// Reads the whole store in a directory and reports the first damage that it finds: SQLite's
    /// own check of every page and index, then that every row can be read, the checksum of those
    /// that have one, and the order of every log. Changes nothing. A server that runs there is
    /// [`Fault::InUse`].
    pub fn check(dir: &Path) -> Result<(), Fault> {
        check::check(dir)
    }
}

impl Store for SqliteStore {
    fn shards(&self) -> u16 {
        self.0.shards
    }

    fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        self.0.refuse_if_broken()?;
        let session = unpoisoned(&self.0.session).take().ok_or(Fault::SecondWriter)?;
        Ok(Box::new(write::SqliteWriter::new(self.0.clone(), session)))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(read::SqliteReader::open(self.0.clone())?))
    }
}

impl Shared {
    fn refuse_if_broken(&self) -> Result<(), Fault> {
        let broken = unpoisoned(&self.broken).clone();
        broken.map_or(Ok(()), |first| Err(Fault::Broken { first }))
    }
}

/// What the locks guard is swapped in whole, so a panic elsewhere cannot leave it half done.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

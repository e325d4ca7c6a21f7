//! The files beside the database: the lock, and the mark of what was acknowledged.
//!
//! SQLite takes a write-ahead log up to the first frame that does not check out and drops the
//! rest: that is how a torn commit disappears. But a log that lost frames of acknowledged commits
//! (cut by a broken file system, deleted, not copied along) looks the same. So the number of
//! committed batches is also written to `fermata.mark`, after the commit and before its
//! acknowledgement, and a start that finds fewer batches in the database than in the mark is a
//! fault. The mark is not synced with each commit, which would double the cost: after a crash of
//! the machine it may be some seconds behind, and it is never ahead. So it finds every loss after a
//! crash of the process and every lost or foreign file, and of a loss in a crash of the machine
//! all but what the last seconds added.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::failure::Place;
use crate::Fault;

const DATABASE: &str = "fermata.db";
const WAL: &str = "fermata.db-wal";
const LOCK: &str = "fermata.lock";
const MARK: &str = "fermata.mark";
/// Of the write-ahead log at once.
const REWRITTEN_BYTES: usize = 1024 * 1024;

/// The database in a directory.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// How many bytes the database and its write-ahead log have.
pub(super) fn sizes(dir: &Path) -> (u64, u64) {
    let size = |name: &str| std::fs::metadata(dir.join(name)).map_or(0, |file| file.len());
    (size(DATABASE), size(WAL))
}

/// Creates the directory for this user alone, if it is not there.
pub(super) fn create_dir(dir: &Path) -> Result<(), Fault> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| Place::new(dir.to_owned()).io("the directory cannot be created", &error))
}

/// Opens a file for writing; one that is not there is created for this user alone. SQLite gives
/// its own files the permissions of the database.
pub(super) fn create_private(place: &Place) -> Result<File, Fault> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(place.path()).map_err(|error| place.io("it cannot be opened", &error))
}

/// Writes what the write-ahead log holds once more, and syncs it.
///
/// After a failed sync the system takes the pages for written though they are not: they can be
/// read, no later sync writes them, and they are gone when the power goes. A server that failed so
/// has ended; the next one finds their commits in the log, and what it acknowledges comes behind
/// them. Writing the same bytes makes the pages dirty again.
pub(super) fn rewrite_log(dir: &Path) -> Result<(), Fault> {
    let place = Place::new(dir.join(WAL));
    let mut file = match OpenOptions::new().read(true).write(true).open(place.path()) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(place.io("it cannot be opened", &error)),
    };
    let mut rewrite = || {
        let mut bytes = vec![0; REWRITTEN_BYTES];
        let mut at = 0;
        loop {
            file.seek(SeekFrom::Start(at))?;
            let read = file.read(&mut bytes)?;
            if read == 0 {
                return file.sync_data();
            }
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&bytes[..read])?;
            at += read as u64;
        }
    };
    rewrite().map_err(|error| place.io("it cannot be made durable", &error))
}

/// Makes new names in the directory durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), Fault> {
    // Only Unix lets a directory be opened as a file.
    #[cfg(unix)]
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| Place::new(dir.to_owned()).io("the directory cannot be synced", &error))?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Holds the lock of a directory while it lives.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file ends the lock")] File);

impl Lock {
    pub(super) fn take(dir: &Path) -> Result<Self, Fault> {
        let place = Place::new(dir.join(LOCK));
        let file = create_private(&place)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Fault::InUse { path: database(dir) }),
            Err(TryLockError::Error(error)) => Err(place.io("the lock cannot be taken", &error)),
        }
    }
}

/// What a mark says: how many batches of which database were acknowledged at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Marked {
    id: i64,
    batches: u64,
}

impl Marked {
    /// What the mark of the directory says, if there is one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, Fault> {
        let place = Place::new(dir.join(MARK));
        let found = match std::fs::read(place.path()) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(place.io("the mark cannot be read", &error)),
        };
        if found.is_empty() {
            return Ok(None);
        }
        decode(&found).map(Some).ok_or_else(|| {
            place.damaged("its checksum is wrong; delete it to start without this check")
        })
    }

    /// A database without any batch must not have been marked.
    pub(super) fn refuse_empty(self, dir: &Path) -> Result<(), Fault> {
        if self.batches == 0 { Ok(()) } else { Err(self.lost(dir, 0)) }
    }

    /// The database `id` must not have fewer batches than were marked. The mark of another
    /// database says nothing about this one.
    pub(super) fn refuse_fewer(self, dir: &Path, id: i64, batches: u64) -> Result<(), Fault> {
        if self.id != id || self.batches <= batches { Ok(()) } else { Err(self.lost(dir, batches)) }
    }

    fn lost(self, dir: &Path, batches: u64) -> Fault {
        Place::new(database(dir)).damaged(format!(
            "{} batches were acknowledged, it has {batches}: its -wal file was cut or lost, or an \
             older copy was put in its place (to go on from the older one and lose what came \
             later, delete {})",
            self.batches,
            dir.join(MARK).display()
        ))
    }
}

/// The mark of an open database.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    place: Place,
    id: i64,
}

/// Database id, batches, checksum; little endian.
const MARK_BYTES: usize = 20;

impl Mark {
    /// Takes over the mark for the database `id`, which has `batches`.
    pub(super) fn open(
        dir: &Path,
        marked: Option<Marked>,
        id: i64,
        batches: u64,
    ) -> Result<Self, Fault> {
        let place = Place::new(dir.join(MARK));
        let file = create_private(&place)?;
        let mut mark = Self { file, place, id };
        if marked != Some(Marked { id, batches }) {
            mark.set(batches)?;
        }
        Ok(mark)
    }

    /// Remembers what is durable in the database already.
    pub(super) fn set(&mut self, batches: u64) -> Result<(), Fault> {
        let bytes = encode(Marked { id: self.id, batches });
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&bytes))
            .map_err(|error| self.place.io("the mark cannot be written", &error))
    }

    pub(super) fn sync(&self) -> Result<(), Fault> {
        self.file.sync_data().map_err(|error| self.place.io("the mark cannot be synced", &error))
    }
}

fn encode(marked: Marked) -> [u8; MARK_BYTES] {
    let mut bytes = [0; MARK_BYTES];
    bytes[..8].copy_from_slice(&marked.id.to_le_bytes());
    bytes[8..16].copy_from_slice(&marked.batches.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Marked> {
    let bytes: &[u8; MARK_BYTES] = bytes.try_into().ok()?;
    let id = i64::from_le_bytes(bytes[..8].try_into().ok()?);
    let batches = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
    let marked = Marked { id, batches };
    (*bytes == encode(marked)).then_some(marked)
}

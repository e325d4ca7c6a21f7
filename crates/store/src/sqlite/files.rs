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
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::failure::Place;
use crate::Fault;

const DATABASE: &str = "fermata.db";
const LOCK: &str = "fermata.lock";
const MARK: &str = "fermata.mark";

/// The database in a directory.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
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
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(place.path())
            .map_err(|error| place.io("the lock cannot be opened", &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Fault::InUse { path: database(dir) }),
            Err(TryLockError::Error(error)) => Err(place.io("the lock cannot be taken", &error)),
        }
    }
}

/// How many batches of which database were acknowledged at least.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    place: Place,
    id: i64,
}

/// Database id, batches, checksum; little endian.
const MARK_BYTES: usize = 20;

impl Mark {
    /// Opens the mark of the database `id` that has `batches`; fewer than marked is damage.
    /// A mark that is missing or of another database says nothing about this one.
    pub(super) fn open(dir: &Path, id: i64, batches: u64) -> Result<Self, Fault> {
        let place = Place::new(dir.join(MARK));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(place.path())
            .map_err(|error| place.io("the mark cannot be opened", &error))?;
        let mut found = Vec::new();
        file.read_to_end(&mut found).map_err(|error| place.io("cannot read the mark", &error))?;
        let unreadable =
            || place.damaged("its checksum is wrong; delete it to start without this check");
        let marked =
            if found.is_empty() { None } else { Some(decode(&found).ok_or_else(unreadable)?) };
        if let Some((_, marked)) = marked.filter(|(of, marked)| *of == id && *marked > batches) {
            return Err(Place::new(database(dir)).damaged(format!(
                "{marked} batches were acknowledged, it has {batches}: its -wal file was cut or \
                 lost, or an older copy was put in its place (to go on from the older one and lose \
                 what came later, delete {})",
                place.path().display()
            )));
        }
        let mut mark = Self { file, place, id };
        if marked != Some((id, batches)) {
            mark.set(batches)?;
        }
        Ok(mark)
    }

    /// Remembers what is durable in the database already.
    pub(super) fn set(&mut self, batches: u64) -> Result<(), Fault> {
        let bytes = encode(self.id, batches);
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&bytes))
            .map_err(|error| self.place.io("the mark cannot be written", &error))
    }

    pub(super) fn sync(&self) -> Result<(), Fault> {
        self.file.sync_data().map_err(|error| self.place.io("the mark cannot be synced", &error))
    }
}

fn encode(id: i64, batches: u64) -> [u8; MARK_BYTES] {
    let mut bytes = [0; MARK_BYTES];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    bytes[8..16].copy_from_slice(&batches.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(i64, u64)> {
    let bytes: &[u8; MARK_BYTES] = bytes.try_into().ok()?;
    let id = i64::from_le_bytes(bytes[..8].try_into().ok()?);
    let batches = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
    (*bytes == encode(id, batches)).then_some((id, batches))
}

//! Checkpoints: what the write-ahead log holds is copied into the database, so that the log can
//! begin again and stays short.
//!
//! The writer does it between commits. Pages that change often are copied less often from a longer
//! log, but a start after a crash reads all of it.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME, ErrorCode, Result};

/// Pages of the log at which they are copied: 16 MiB.
const COPY_PAGES: u32 = 4096;
/// Pages of the log at which readers are waited for, since a log that always has a reader in it
/// would never begin again; and after how many more that is tried again.
const WAIT_PAGES: u32 = 4 * COPY_PAGES;

/// The length of the write-ahead log.
#[derive(Debug)]
pub(super) struct Log {
    /// As of the last commit, told by SQLite.
    pages: Arc<AtomicU32>,
    wait_at: u32,
}

impl Log {
    pub(super) fn watch(connection: &mut Connection) -> Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = pages.clone();
        // Takes the place of SQLite's own checkpoints, which hide their errors.
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: c_int| {
            told.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages, wait_at: WAIT_PAGES })
    }

    /// Copies the log if it is long. That readers are in it or that the disk is full is no error:
    /// nothing is lost, and the next commit finds out whether it has room.
    pub(super) fn copy_if_long(&mut self, connection: &Connection) -> Result<()> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < COPY_PAGES {
            self.wait_at = WAIT_PAGES;
            return Ok(());
        }
        let mode = if pages < self.wait_at {
            CheckpointMode::PASSIVE
        } else {
            self.wait_at = pages + WAIT_PAGES;
            CheckpointMode::RESTART
        };
        match connection.wal_checkpoint_v2(DEFAULT_NAME, mode) {
            Ok(_) => Ok(()),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => {
                    Ok(())
                }
                Some(_) | None => Err(error),
            },
        }
    }
}

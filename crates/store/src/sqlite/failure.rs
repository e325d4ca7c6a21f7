//! What SQLite, the disk and unreadable rows say, as [`Fault`]s.

use std::path::{Path, PathBuf};

use rusqlite::{Error, ErrorCode};

use crate::Fault;

/// The file that faults name.
#[derive(Clone, Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn failed(&self, what: impl Into<String>) -> Fault {
        Fault::Failed { place: self.0.display().to_string(), what: what.into() }
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> Fault {
        Fault::Damaged { place: self.0.display().to_string(), what: what.into() }
    }

    /// A file operation failed.
    pub(super) fn io(&self, doing: &str, error: &std::io::Error) -> Fault {
        self.failed(format!("{doing}: {error}; check the disk and the permissions, then restart"))
    }

    /// Rows that do not have the shape that we wrote are damage, as are SQLite's own findings.
    pub(super) fn fault(&self, error: &Error) -> Fault {
        match error {
            Error::SqliteFailure(failure, _) => self.sqlite_fault(failure.code, error),
            Error::FromSqlConversionFailure(_, _, why) => {
                self.damaged(format!("a row cannot be read: {why}"))
            }
            Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => self.damaged(format!("a row cannot be read: {error}")),
            // The library's list of errors grows; all others are failures of a call.
            _ => self.failed(error.to_string()),
        }
    }

    fn sqlite_fault(&self, code: ErrorCode, error: &Error) -> Fault {
        let what_to_do = match code {
            ErrorCode::DatabaseCorrupt => return self.damaged(error.to_string()),
            ErrorCode::NotADatabase => {
                return self.damaged(format!("{error} (its first bytes are not SQLite's)"));
            }
            ErrorCode::DiskFull => "free space on the disk (or allow a larger file), then restart",
            // Without room the index beside the write-ahead log cannot grow.
            ErrorCode::SystemIoFailure => {
                "check the disk, also whether it is full, and the system's log, then restart"
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another program has the file open; stop it, then restart"
            }
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => {
                "check that this user may read and write the directory and its files"
            }
            ErrorCode::OutOfMemory => "give the server more memory, then restart",
            // The library's list of codes grows; what they ask for is not known here.
            _ => return self.failed(error.to_string()),
        };
        self.failed(format!("{error}; {what_to_do}"))
    }
}

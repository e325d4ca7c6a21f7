//! Faults: our own failure, of the disk, of the file or of our code. Never the caller's.

use std::path::PathBuf;

/// What went wrong with the store or around it. The text names the file and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another server has the file.
    #[error(
        "the store {path} is in use by another server; stop that one, or start this one on another \
         directory", path = path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer release wrote the file.
    #[error(
        "the store {path} has schema {found}, but this release knows schemas up to {known}; start \
         the release that wrote it, or a newer one", path = path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema of this release.
        known: i64,
    },
    /// The file was created with another number of shards.
    #[error(
        "the store {path} has {found} shards and their number is fixed, but {asked} were asked \
         for; start without that option", path = path.display()
    )]
    Shards {
        /// The file.
        path: PathBuf,
        /// How many it has.
        found: u16,
        /// How many were asked for.
        asked: u16,
    },
    /// What was read cannot be right.
    #[error(
        "the store {place} is damaged: {what}; nothing was repaired: restore a backup, or copy the \
         file away and ask for help"
    )]
    Damaged {
        /// The file, or what part of the store.
        place: String,
        /// What was found.
        what: String,
    },
    /// The disk or the library failed.
    #[error("the store {place} failed: {what}")]
    Failed {
        /// The file, or what part of the store.
        place: String,
        /// What the library said, and what to do where we know it.
        what: String,
    },
    /// A commit failed before; this store takes no more.
    #[error(
        "the store takes no more after a failed commit ({first}); restart the server, it goes on \
         from the last acknowledged state"
    )]
    Broken {
        /// What failed first.
        first: String,
    },
    /// Our own code panicked outside of an instance: what it holds in memory is not trusted.
    #[error(
        "Fermata failed in its own code, its words stand above; please report this, then start it \
         again: nothing acknowledged is lost"
    )]
    Panicked,
    /// A writer exists already.
    #[error("the store has its one writer already")]
    SecondWriter,
}

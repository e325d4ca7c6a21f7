//! The disk of a run: a real store, and what goes wrong with a commit.
//!
//! A commit is lost or survives as a whole. In memory that is decided before anything is applied;
//! with files, the server is gone and its files are copied as they stand, and what was not synced
//! is cut off the copy's write-ahead log.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{
    Batch, DecisionGraphKey, DecisionGraphRow, DefinitionKey, DefinitionRow, DefinitionTimerRow,
    IncidentRow, InstanceKey, InstanceRow, JobKey, JobRow, Key, LogRow, MailRow, MessageRow,
    ShardId, ShardRow, TimerKey, TimerRow, UserTaskRow,
};
use store::{
    Fault, Found, IncidentColumn, InstanceColumn, JobColumn, MemoryStore, Query, QueueEntry,
    Reader, Slot, SqliteOptions, SqliteStore, Store, Stored, TaskColumn, Writer,
};

use crate::rng::Rng;

/// What happens to a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strike {
    /// The server is killed before anything reached the disk.
    BeforeWrite,
    /// It is killed when all was written and nothing synced: that survives or does not.
    BeforeSync,
    /// It is killed when the commit is durable and nobody was told.
    AfterSync,
    /// It is killed while callers and shards are being told.
    AmidEffects,
    /// The disk says that the write or the sync failed; nothing is on it.
    Error,
    /// The disk is full; so it is once more after the restart.
    Full,
    /// It is killed between two commits, with what is in its queues.
    Kill,
    /// A read fails.
    Read,
}

impl Strike {
    pub(crate) const ALL: &[Self] = &[
        Self::BeforeWrite,
        Self::BeforeSync,
        Self::AfterSync,
        Self::AmidEffects,
        Self::Error,
        Self::Full,
        Self::Kill,
        Self::Read,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BeforeWrite => "killed before the write",
            Self::BeforeSync => "killed before the sync",
            Self::AfterSync => "killed after the sync",
            Self::AmidEffects => "killed amid the effects",
            Self::Error => "write error",
            Self::Full => "disk full",
            Self::Kill => "killed between commits",
            Self::Read => "read error",
        }
    }
}

/// What the run sets and sees; shared with the writer and the readers.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// What happens to the commit after so many more.
    pub(crate) armed: Option<(u64, Strike)>,
    /// What has happened, until the run looks.
    pub(crate) struck: Option<Strike>,
    /// The first fault; nothing may be committed after it.
    failed: bool,
    /// What no run may see: a fault that was not asked for, a commit after a fault.
    pub(crate) wrong: Option<String>,
    /// Written and not synced.
    unsynced: Option<Unsynced>,
}

#[derive(Debug)]
enum Unsynced {
    Memory(Vec<Batch>),
    /// Length of the log and the mark as they were before.
    Files {
        log_bytes: u64,
        mark: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
enum Inner {
    Memory(MemoryStore),
    Sqlite(SqliteStore, Arc<tempfile::TempDir>),
}

/// A store whose commits can be made to fail.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    inner: Inner,
    control: Arc<Mutex<Control>>,
}

const FILES: &[&str] = &["fermata.db", LOG, MARK];
const LOG: &str = "fermata.db-wal";
const MARK: &str = "fermata.mark";

impl Disk {
    pub(crate) fn new(shards: u16, sqlite: bool) -> Self {
        let inner = if sqlite {
            let dir = directory();
            let options = SqliteOptions { shards: Some(shards), ..SqliteOptions::default() };
            let store = SqliteStore::open(dir.path(), options).expect("an empty store");
            Inner::Sqlite(store, Arc::new(dir))
        } else {
            Inner::Memory(MemoryStore::new(shards))
        };
        Self { inner, control: Arc::default() }
    }

    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> &dyn Store {
        match &self.inner {
            Inner::Memory(store) => store,
            Inner::Sqlite(store, _) => store,
        }
    }

    /// A reader that never fails, for those who look on.
    pub(crate) fn onlooker(&self) -> Result<Box<dyn Reader>, Fault> {
        self.store().reader()
    }

    /// The server is gone: what remains is what is on the disk. Nothing may use the old one now.
    pub(crate) fn crash(self, rng: &mut Rng) -> Result<Self, Fault> {
        let Self { inner, control } = self;
        let mut state = control.lock().unwrap_or_else(PoisonError::into_inner);
        let survives = rng.chance(1, 2);
        let unsynced = state.unsynced.take();
        *state = Control { armed: state.armed, ..Control::default() };
        let inner = match inner {
            Inner::Memory(store) => {
                if let Some(Unsynced::Memory(batches)) = unsynced.filter(|_| survives) {
                    store.writer()?.commit(&batches)?;
                }
                Inner::Memory(store)
            }
            Inner::Sqlite(store, dir) => {
                let copy = directory();
                for name in FILES {
                    let from = dir.path().join(name);
                    if from.exists() {
                        std::fs::copy(from, copy.path().join(name)).expect("a copy");
                    }
                }
                if let Some(Unsynced::Files { log_bytes, mark }) = unsynced {
                    std::fs::write(copy.path().join(MARK), mark).expect("a copy");
                    if !survives {
                        cut(&copy.path().join(LOG), log_bytes, rng);
                    }
                }
                drop((store, dir));
                let store = SqliteStore::open(copy.path(), SqliteOptions::default())?;
                Inner::Sqlite(store, Arc::new(copy))
            }
        };
        drop(state);
        Ok(Self { inner, control })
    }
}

/// A directory for one life of the server: in memory where the system has such, since what a crash
/// leaves is decided here and not by the real disk.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

/// Cuts a log somewhere within what was written after `bytes`, but for its last byte.
fn cut(log: &Path, bytes: u64, rng: &mut Rng) {
    let Ok(file) = std::fs::OpenOptions::new().write(true).open(log) else { return };
    let whole = file.metadata().map_or(0, |data| data.len());
    let more = whole.saturating_sub(bytes);
    let kept = if rng.chance(1, 2) { 0 } else { rng.below(more.max(1)) };
    file.set_len(bytes + kept).expect("a shorter copy");
}

impl Store for Disk {
    fn shards(&self) -> u16 {
        self.store().shards()
    }

    fn writer(&self) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(DiskWriter { writer: self.store().writer()?, disk: self.clone() }))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(DiskReader { reader: self.store().reader()?, disk: self.clone() }))
    }
}

/// A shard's reader: it fails when it is told to.
struct DiskReader {
    reader: Box<dyn Reader>,
    disk: Disk,
}

impl DiskReader {
    fn fails(&self) -> Result<(), Fault> {
        let mut control = self.disk.control();
        if control.armed == Some((0, Strike::Read)) {
            control.armed = None;
            control.struck = Some(Strike::Read);
            return Err(fault("Input/output error"));
        }
        Ok(())
    }
}

macro_rules! forward {
    ($($name:ident ($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl Reader for DiskReader {
            $(fn $name(&mut self, $($arg: $type),*) -> Result<$out, Fault> {
                self.fails()?;
                self.reader.$name($($arg),*)
            })*
        }
    };
}

forward! {
    shard(shard: ShardId) -> ShardRow;
    definitions() -> Vec<DefinitionRow>;
    definition(key: DefinitionKey) -> Option<DefinitionRow>;
    decision_graphs() -> Vec<DecisionGraphRow>;
    decision_graph(key: DecisionGraphKey) -> Option<DecisionGraphRow>;
    definition_timers() -> Vec<DefinitionTimerRow>;
    owner(key: Key) -> Option<InstanceKey>;
    instance(instance: InstanceKey) -> Option<InstanceRow>;
    state(instance: InstanceKey) -> Option<Stored>;
    log(instance: InstanceKey, seq: u64, limit: u32) -> Vec<LogRow>;
    queue(shard: ShardId, job_type: &str, after: Option<(i64, JobKey)>, limit: u32) -> Vec<QueueEntry>;
    timers(shard: ShardId, after: Option<(i64, TimerKey)>, limit: u32) -> Vec<TimerRow>;
    slot(shard: ShardId, name: &str, correlation_key: &str) -> Slot;
    messages_kept_until(shard: ShardId, until_ms: i64, limit: u32) -> Vec<MessageRow>;
    mail(to: ShardId) -> Vec<MailRow>;
    business_id(process_id: &str, business_id: &str) -> Option<InstanceKey>;
    live_called(caller: InstanceKey) -> Option<InstanceKey>;
    find_instances(query: &Query<InstanceColumn>) -> Found<InstanceRow>;
    find_jobs(query: &Query<JobColumn>) -> Found<JobRow>;
    find_tasks(query: &Query<TaskColumn>) -> Found<UserTaskRow>;
    find_incidents(query: &Query<IncidentColumn>) -> Found<IncidentRow>;
}

struct DiskWriter {
    writer: Box<dyn Writer>,
    disk: Disk,
}

impl DiskWriter {
    fn write(&mut self, batches: &[Batch]) -> Result<(), Fault> {
        self.writer.commit(batches).inspect_err(|fault| {
            self.disk.control().wrong = Some(format!("a commit failed unasked: {fault}"));
        })
    }

    fn unsynced(&mut self, batches: &[Batch]) -> Result<(), Fault> {
        let Inner::Sqlite(_, dir) = &self.disk.inner else {
            self.disk.control().unsynced = Some(Unsynced::Memory(batches.to_vec()));
            return Ok(());
        };
        let log_bytes = std::fs::metadata(dir.path().join(LOG)).map_or(0, |file| file.len());
        let mark = std::fs::read(dir.path().join(MARK)).unwrap_or_default();
        self.write(batches)?;
        self.disk.control().unsynced = Some(Unsynced::Files { log_bytes, mark });
        Ok(())
    }
}

impl Writer for DiskWriter {
    fn commit(&mut self, batches: &[Batch]) -> Result<(), Fault> {
        let strike = {
            let mut control = self.disk.control();
            if control.failed {
                control.wrong = Some("a commit was tried after one that failed".into());
                return Err(fault("it failed before"));
            }
            let strike = match &mut control.armed {
                Some((0, strike)) if !matches!(strike, Strike::Kill | Strike::Read) => {
                    let strike = *strike;
                    // The disk stays full until somebody has made room.
                    control.armed = (strike == Strike::Full).then_some((0, Strike::Error));
                    Some(strike)
                }
                Some((after, _)) => {
                    *after = after.saturating_sub(1);
                    None
                }
                None => None,
            };
            control.failed = strike.is_some_and(|strike| strike != Strike::AmidEffects);
            control.struck = strike;
            strike
        };
        match strike {
            None | Some(Strike::Kill | Strike::Read | Strike::AmidEffects) => self.write(batches),
            Some(Strike::BeforeWrite | Strike::Error) => Err(fault("Input/output error")),
            Some(Strike::Full) => Err(fault("No space left on device")),
            Some(Strike::BeforeSync) => {
                self.unsynced(batches)?;
                Err(fault("killed"))
            }
            Some(Strike::AfterSync) => {
                self.write(batches)?;
                Err(fault("killed"))
            }
        }
    }
}

fn fault(what: &str) -> Fault {
    Fault::Failed { place: "the simulated disk".into(), what: what.into() }
}

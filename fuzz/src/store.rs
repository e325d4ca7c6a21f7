//! A store's file that was damaged: it is refused, or what can be read of it is read.
//!
//! The input is a list of patches: where (three bytes), how many bytes, and the bytes.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use ::store::{Query, Reader, SqliteOptions, SqliteStore, Store};
use base::{InstanceKey, Key, Record, ShardId};
use instance::Instance;
use server::host::{Host, HostOptions};
use tempfile::TempDir;

const FILE: &str = "fermata.db";

pub(crate) fn run(input: &[u8]) {
    let mut bytes = sound().to_vec();
    let mut rest = input;
    while let Some(([a, b, c, length], after)) = rest.split_first_chunk::<4>() {
        let at = u32::from_le_bytes([*a, *b, *c, 0]) as usize % bytes.len();
        let length = usize::from(*length).min(after.len()).min(bytes.len() - at);
        bytes[at..at + length].copy_from_slice(&after[..length]);
        rest = &after[length..];
    }
    let dir = fresh();
    std::fs::write(dir.path().join(FILE), &bytes).expect("a file");
    let whole = SqliteStore::check(dir.path()).is_ok();
    let Ok(store) = SqliteStore::open(dir.path(), SqliteOptions::default()) else { return };
    let Ok(mut reader) = store.reader() else { return };
    let read = read_all(&mut *reader);
    assert!(read.is_ok() || !whole, "what the check calls sound can be read: {read:?}");
    drop(reader);
    let store: Arc<dyn Store> = Arc::new(store);
    // It starts on it, or says why not.
    let _ = Host::start(&store, HostOptions::default()).map(drop);
}

fn read_all(reader: &mut dyn Reader) -> Result<(), String> {
    let text = |fault: ::store::Fault| fault.to_string();
    for row in reader.find_instances(&Query::default()).map_err(text)?.rows {
        instance(reader, row.instance)?;
    }
    reader.find_jobs(&Query::default()).map_err(text)?;
    reader.find_tasks(&Query::default()).map_err(text)?;
    reader.find_incidents(&Query::default()).map_err(text)?;
    reader.mail(ShardId(0)).map_err(text)?;
    reader.timers(ShardId(0), None, 100).map_err(text)?;
    reader.queue(ShardId(0), "work", None, 100).map_err(text)?;
    reader.slot(ShardId(0), "paid", "a").map_err(text)?;
    reader.messages_kept_until(ShardId(0), i64::MAX, 100).map_err(text)?;
    reader.definition_timers().map_err(text)?;
    for row in reader.definitions().map_err(text)? {
        if let Some(row) = reader.definition(row.key).map_err(text)? {
            // What this release does not compile is refused by name.
            let _ = engine::Definition::compile(row);
        }
    }
    reader.owner(Key::from_raw(7_000)).map_err(text).map(drop)
}

fn instance(reader: &mut dyn Reader, key: InstanceKey) -> Result<(), String> {
    // A summary whose log is gone is found here, and not by the check.
    let Ok(Some(stored)) = reader.state(key) else { return Ok(()) };
    let snapshot = match stored.snapshot {
        Some(row) => Some(Instance::from_bytes(&row.bytes, key)?),
        None => None,
    };
    let records = stored.log.iter().map(|row| Record::from_bytes(&row.bytes, key));
    Instance::replay(snapshot, &records.collect::<Result<Vec<_>, _>>()?);
    Ok(())
}

/// In memory where there is such a place: the syncs of a disk would take all the time.
fn fresh() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a fresh directory")
}

/// The file of a store in which something happened.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let dir = fresh();
        let store = SqliteStore::open(dir.path(), SqliteOptions::default()).expect("a store");
        let store: Arc<dyn Store> = Arc::new(store);
        crate::faces::fill(&store);
        drop(store);
        std::fs::read(dir.path().join(FILE)).expect("the file")
    })
}

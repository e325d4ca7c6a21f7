//! Stores to test and rows to put into them.

use std::path::Path;

use base::{
    Batch, DecisionGraphKey, DecisionGraphRow, DecisionRow, DefinitionKey, DefinitionRow,
    ElementKey, ImportedFile, IncidentKey, IncidentKind, IncidentRow, InstanceKey, InstanceRow,
    InstanceState, JobKey, JobRow, Key, LogRow, MessageKey, MessageRow, Op, Record, ShardId,
    ShardRow, SubscriptionKey, SubscriptionRow, Text, TimerKey, TimerRow, UserTaskDetails,
    UserTaskKey, UserTaskRow, Variables,
};
use store::{MemoryStore, Reader, SqliteOptions, SqliteStore, Store};

/// Runs a story over an empty store of each kind, with one shard and with three. The story gets
/// the last shard, so that keys of others are there to be confused with.
pub fn each_store(story: impl Fn(&dyn Store, ShardId)) {
    for shards in [1, 3] {
        let last = ShardId(shards - 1);
        eprintln!("in memory, {shards} shards");
        story(&MemoryStore::new(shards), last);
        eprintln!("in a file, {shards} shards");
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteOptions { shards: Some(shards), ..SqliteOptions::default() };
        story(&SqliteStore::open(dir.path(), options).unwrap(), last);
    }
}

/// Commits as one batch.
pub fn commit(store: &dyn Store, shard: ShardId, ops: Vec<Op>) {
    store.writer().unwrap().commit(&[batch(shard, ops)]).unwrap();
}

pub fn reader(store: &dyn Store) -> Box<dyn Reader> {
    store.reader().unwrap()
}

pub fn batch(shard: ShardId, ops: Vec<Op>) -> Batch {
    Batch { shard: ShardRow { shard, next_block: 1, next_mail: 0 }, ops }
}

/// A key that nothing else in a story has: of block `block`.
pub fn key<K: From<Key>>(shard: ShardId, block: u64) -> K {
    Key::of_block(shard, block).into()
}

pub fn log(instance: InstanceKey, seq: u64) -> LogRow {
    let at_ms = 1_700_000_000_000 + i64::try_from(seq).unwrap();
    let bytes = Record { at_ms, events: Vec::new() }.to_bytes(instance);
    LogRow { instance, seq, bytes }
}

pub fn instance(shard: ShardId, block: u64) -> InstanceRow {
    InstanceRow {
        instance: key(shard, block),
        definition: key(ShardId::FIRST, 900),
        process_id: "order".into(),
        version: 1,
        state: InstanceState::Active,
        business_id: None,
        tags: Vec::new(),
        started_ms: 1_700_000_000_000 + i64::try_from(block).unwrap(),
        ended_ms: None,
        incidents: 0,
        parent: None,
        suspended: None,
        canceling: None,
    }
}

pub fn job(shard: ShardId, block: u64, job_type: &str, available_ms: i64) -> JobRow {
    let instance: InstanceKey = key(shard, block);
    JobRow {
        job: JobKey(instance.0.offset(2)),
        instance,
        definition: key(ShardId::FIRST, 900),
        element_id: "pay".into(),
        owner: ElementKey(instance.0.offset(1)),
        job_type: job_type.into(),
        available_ms,
        state: base::JobState::Created,
        retries: 3,
        worker: Text::default(),
        error_message: Text::default(),
        error_code: Text::default(),
        role: base::JobRole::Work,
    }
}

pub fn timer(shard: ShardId, block: u64, due_ms: i64) -> TimerRow {
    let instance: InstanceKey = key(shard, block);
    TimerRow { timer: TimerKey(instance.0.offset(3)), instance, due_ms }
}

pub fn task(shard: ShardId, block: u64) -> UserTaskRow {
    let instance: InstanceKey = key(shard, block);
    UserTaskRow {
        task: UserTaskKey(instance.0.offset(4)),
        instance,
        definition: key(ShardId::FIRST, 900),
        process_id: "order".into(),
        element_id: "approve".into(),
        owner: ElementKey(instance.0.offset(1)),
        details: UserTaskDetails { priority: 50, ..UserTaskDetails::default() },
        created_ms: 1_700_000_000_000,
    }
}

pub fn incident(shard: ShardId, block: u64) -> IncidentRow {
    let instance: InstanceKey = key(shard, block);
    IncidentRow {
        incident: IncidentKey(instance.0.offset(5)),
        instance,
        definition: key(ShardId::FIRST, 900),
        process_id: "order".into(),
        element_id: "pay".into(),
        owner: ElementKey(instance.0.offset(1)),
        job: None,
        kind: IncidentKind::ConditionError,
        message: "expected true or false, found null".into(),
        created_ms: 1_700_000_000_000,
    }
}

pub fn subscription(
    of: ShardId,
    block: u64,
    shard: ShardId,
    correlation_key: &str,
) -> SubscriptionRow {
    let instance: InstanceKey = key(of, block);
    SubscriptionRow {
        subscription: SubscriptionKey(instance.0.offset(6)),
        shard,
        name: "paid".into(),
        correlation_key: correlation_key.into(),
        instance,
        process_id: "order".into(),
        once: true,
    }
}

pub fn message(shard: ShardId, block: u64, correlation_key: &str) -> MessageRow {
    MessageRow {
        message: key::<MessageKey>(shard, block),
        name: "paid".into(),
        correlation_key: correlation_key.into(),
        message_id: "m-1".into(),
        expires_ms: 1_000,
        kept_until_ms: 2_000,
        variables: Variables::parse(r#"{"total": 12.50, "note": "ü \"x\""}"#).unwrap(),
        correlated_to: vec!["order".into(), "audit, \"old\"".into()],
    }
}

pub fn definition(block: u64) -> DefinitionRow {
    DefinitionRow {
        key: key::<DefinitionKey>(ShardId::FIRST, block),
        deployment: key(ShardId::FIRST, block - 1),
        id: "order".into(),
        version: 3,
        version_tag: Some("v3-hotfix".into()),
        name: None,
        resource_name: "order.bpmn".into(),
        resource: vec![0, 255, b'<', b'>'].into(),
        elements: vec!["start".into(), "pay".into(), "ende \"ü\"".into()],
        message_starts: vec!["order placed".into()],
        deployed_ms: 1_700_000_000_000,
        deleted_ms: None,
    }
}

fn imported(name: &str, resource: &[u8]) -> ImportedFile {
    ImportedFile { name: name.into(), resource: resource.into() }
}

pub fn graph(block: u64) -> DecisionGraphRow {
    let of: DecisionGraphKey = key(ShardId::FIRST, block);
    let decision = |number: u64, version_tag: Option<&str>| DecisionRow {
        key: of.0.offset(number).into(),
        id: format!("rate-{number}").into(),
        version: 3,
        version_tag: version_tag.map(Text::from),
        name: format!("Rate \"{number}\"").into(),
    };
    DecisionGraphRow {
        key: of,
        deployment: key(ShardId::FIRST, block - 1),
        id: "rates".into(),
        version: 2,
        name: "Sätze".into(),
        resource_name: "rates.dmn".into(),
        resource: vec![0, 255, b'<', b'>'].into(),
        // Not in the order of their names.
        imports: vec![imported("types.dmn", b"<a/>"), imported("base.dmn", &[255, 0])],
        // Not in the order of their keys.
        decisions: vec![decision(2, None), decision(1, Some("v3"))],
        deployed_ms: 1_700_000_000_000,
        deleted_ms: None,
    }
}

/// The directory as a process that was killed now would leave it. The index of the write-ahead
/// log (`-shm`) is left out, as the system's crash would.
pub fn copy_as_after_a_crash(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in ["fermata.db", "fermata.db-wal", "fermata.mark"] {
        std::fs::copy(dir.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

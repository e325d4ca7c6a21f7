//! The store in a file: what stays, who may open it, what is refused.

use std::path::Path;

use base::{
    DefinitionTimerRow, InstanceKey, Key, KeyRange, MailRow, Op, ShardId, SnapshotRow, StartLockRow,
};
use rusqlite::Connection;
use store::{Fault, Query, Reader, SqliteOptions, SqliteStore, Store};

use crate::rig::{
    commit, copy_as_after_a_crash, definition, graph, incident, instance, job, key, log, message,
    reader, subscription, task, timer,
};

fn open(dir: &Path) -> Result<SqliteStore, Fault> {
    SqliteStore::open(dir, SqliteOptions::default())
}

fn with_shards(shards: u16) -> SqliteOptions {
    SqliteOptions { shards: Some(shards), ..SqliteOptions::default() }
}

/// One row of every kind.
fn everything() -> Vec<Op> {
    let shard = ShardId::FIRST;
    let of: InstanceKey = key(shard, 1);
    let ends = (Key::of_block(shard, 8), Key::of_block(shard, 9));
    let lock = StartLockRow {
        shard,
        process_id: "order".into(),
        name: "paid".into(),
        correlation_key: "A".into(),
        instance: of,
    };
    let timer_row =
        DefinitionTimerRow { definition: key(shard, 2), element: 1, due_ms: 5, repeats: -1 };
    vec![
        Op::Append(log(of, 0)),
        Op::Append(log(of, 1)),
        Op::PutSnapshot(SnapshotRow { instance: of, next_seq: 1, bytes: vec![9; 100] }),
        Op::PutInstance(instance(shard, 1)),
        Op::PutJob(job(shard, 1, "pay", 10)),
        Op::PutTimer(timer(shard, 1, 20)),
        Op::PutUserTask(task(shard, 1)),
        Op::PutIncident(incident(shard, 1)),
        Op::PutSubscription(subscription(shard, 1, shard, "A")),
        Op::PutMessage(message(shard, 3, "A")),
        Op::PutStartLock(lock),
        Op::PutKeyRange(KeyRange { first: ends.0, end: ends.1, instance: of }),
        Op::PutMail(MailRow { to: shard, from: shard, number: 1, bytes: vec![1, 2] }),
        Op::PutDefinition(definition(2)),
        Op::PutDefinitionTimer(timer_row),
        Op::PutDecisionGraph(graph(5)),
    ]
}

/// What every method of a reader answers.
fn answers(reader: &mut dyn Reader) -> Vec<String> {
    let shard = ShardId::FIRST;
    let of: InstanceKey = key(shard, 1);
    vec![
        format!("{:?}", reader.shard(shard).unwrap()),
        format!("{:?}", reader.definitions().unwrap()),
        format!("{:?}", reader.definition(key(shard, 2)).unwrap().unwrap()),
        format!("{:?}", reader.definition_timers().unwrap()),
        format!("{:?}", reader.decision_graphs().unwrap()),
        format!("{:?}", reader.decision_graph(key(shard, 5)).unwrap().unwrap()),
        format!("{:?}", reader.owner(Key::of_block(shard, 8)).unwrap().unwrap()),
        format!("{:?}", reader.instance(of).unwrap().unwrap()),
        format!("{:?}", reader.state(of).unwrap().unwrap()),
        format!("{:?}", reader.log(of, 0, 10).unwrap()),
        format!("{:?}", reader.queue(shard, "pay", None, 10).unwrap()),
        format!("{:?}", reader.timers(shard, None, 10).unwrap()),
        format!("{:?}", reader.slot(shard, "paid", "A").unwrap()),
        format!("{:?}", reader.messages_kept_until(shard, i64::MAX, 10).unwrap()),
        format!("{:?}", reader.mail(shard).unwrap()),
        format!("{:?}", reader.find_instances(&Query::default()).unwrap()),
        format!("{:?}", reader.find_jobs(&Query::default()).unwrap()),
        format!("{:?}", reader.find_tasks(&Query::default()).unwrap()),
        format!("{:?}", reader.find_incidents(&Query::default()).unwrap()),
    ]
}

#[test]
fn everything_is_there_after_a_restart_and_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    let before = answers(&mut *reader(&store));
    assert!(before.iter().all(|answer| !answer.ends_with("[]")), "{before:#?}");

    let crashed = copy_as_after_a_crash(dir.path());
    assert!(crashed.path().join("fermata.db-wal").exists());
    let after_crash = open(crashed.path()).unwrap();
    assert_eq!(answers(&mut *reader(&after_crash)), before);
    drop(after_crash);
    SqliteStore::check(crashed.path()).unwrap();

    drop(store);
    assert_eq!(answers(&mut *reader(&open(dir.path()).unwrap())), before);
    SqliteStore::check(dir.path()).unwrap();
}

#[test]
fn a_file_of_the_release_before_call_activities_opens_and_takes_called_instances() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    let before = answers(&mut *reader(&store));
    drop(store);
    let file = Connection::open(dir.path().join("fermata.db")).unwrap();
    file.execute_batch(
        "DROP INDEX instances_by_parent; ALTER TABLE instances DROP COLUMN parent;
         ALTER TABLE instances DROP COLUMN parent_element; ALTER TABLE instances DROP COLUMN root;
         ALTER TABLE instances DROP COLUMN suspended_ms;
         ALTER TABLE instances DROP COLUMN suspended_why;
         ALTER TABLE instances DROP COLUMN canceling;
         ALTER TABLE jobs DROP COLUMN listener;
         ALTER TABLE definitions DROP COLUMN deleted_ms;
         ALTER TABLE decision_graphs DROP COLUMN deleted_ms;
         PRAGMA user_version = 2",
    )
    .unwrap();
    drop(file);
    SqliteStore::check(dir.path()).unwrap();

    let store = open(dir.path()).unwrap();
    assert_eq!(answers(&mut *reader(&store)), before);
    let mut called = instance(ShardId::FIRST, 2);
    let of: InstanceKey = key(ShardId::FIRST, 1);
    let element = of.0.offset(4).into();
    called.parent = Some(base::Parent { instance: of, element, root: of });
    let ops = vec![Op::Append(log(called.instance, 0)), Op::PutInstance(called.clone())];
    commit(&store, ShardId::FIRST, ops);
    assert_eq!(reader(&store).instance(called.instance).unwrap(), Some(called));
    drop(store);
    SqliteStore::check(dir.path()).unwrap();
}

#[test]
fn a_file_of_the_release_before_suspensions_opens_and_takes_suspended_instances() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    let before = answers(&mut *reader(&store));
    drop(store);
    let file = Connection::open(dir.path().join("fermata.db")).unwrap();
    file.execute_batch(
        "ALTER TABLE instances DROP COLUMN suspended_ms;
         ALTER TABLE instances DROP COLUMN suspended_why;
         ALTER TABLE instances DROP COLUMN canceling; ALTER TABLE jobs DROP COLUMN listener;
         ALTER TABLE definitions DROP COLUMN deleted_ms;
         ALTER TABLE decision_graphs DROP COLUMN deleted_ms; PRAGMA user_version = 3",
    )
    .unwrap();
    drop(file);
    SqliteStore::check(dir.path()).unwrap();

    let store = open(dir.path()).unwrap();
    assert_eq!(answers(&mut *reader(&store)), before);
    let mut suspended = instance(ShardId::FIRST, 2);
    suspended.state = base::InstanceState::Suspended;
    suspended.suspended = Some(base::SuspendedRow { since_ms: 7, reason: "audit".into() });
    let ops = vec![Op::Append(log(suspended.instance, 0)), Op::PutInstance(suspended.clone())];
    commit(&store, ShardId::FIRST, ops);
    assert_eq!(reader(&store).instance(suspended.instance).unwrap(), Some(suspended));
    drop(store);
    SqliteStore::check(dir.path()).unwrap();
}

#[test]
fn a_file_of_the_release_before_waits_for_listeners_opens_and_takes_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    let before = answers(&mut *reader(&store));
    drop(store);
    let file = Connection::open(dir.path().join("fermata.db")).unwrap();
    let old = "ALTER TABLE instances DROP COLUMN canceling; PRAGMA user_version = 5";
    file.execute_batch(old).unwrap();
    drop(file);
    SqliteStore::check(dir.path()).unwrap();

    let store = open(dir.path()).unwrap();
    assert_eq!(answers(&mut *reader(&store)), before);
    let mut row = instance(ShardId::FIRST, 2);
    // In place, and anew.
    for canceling in [None, Some(2), Some(1), None] {
        row.canceling = canceling;
        row.incidents = u32::from(canceling.is_some());
        commit(&store, ShardId::FIRST, vec![Op::PutInstance(row.clone())]);
        assert_eq!(reader(&store).instance(row.instance).unwrap(), Some(row.clone()));
    }
    drop(store);
    SqliteStore::check(dir.path()).unwrap();
}

#[test]
fn a_file_of_the_release_before_decisions_opens_with_all_that_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let old = everything().into_iter().filter(|op| !matches!(op, Op::PutDecisionGraph(_)));
    commit(&store, ShardId::FIRST, old.collect());
    drop(store);
    // What that release wrote: schema 2 only added these tables, schemas 3 and 4 these columns.
    let file = Connection::open(dir.path().join("fermata.db")).unwrap();
    file.execute_batch(
        "DROP TABLE decision_graphs; DROP TABLE decision_files; DROP TABLE decisions;
         DROP TABLE decision_imports;
         DROP INDEX instances_by_parent; ALTER TABLE instances DROP COLUMN parent;
         ALTER TABLE instances DROP COLUMN parent_element; ALTER TABLE instances DROP COLUMN root;
         ALTER TABLE instances DROP COLUMN suspended_ms;
         ALTER TABLE instances DROP COLUMN suspended_why;
         ALTER TABLE instances DROP COLUMN canceling;
         ALTER TABLE jobs DROP COLUMN listener;
         ALTER TABLE definitions DROP COLUMN deleted_ms;
         PRAGMA user_version = 1",
    )
    .unwrap();
    drop(file);
    SqliteStore::check(dir.path()).unwrap();

    let store = open(dir.path()).unwrap();
    assert_eq!(reader(&store).decision_graphs().unwrap(), []);
    commit(&store, ShardId::FIRST, vec![Op::PutDecisionGraph(graph(5))]);
    let after = answers(&mut *reader(&store));
    drop(store);
    SqliteStore::check(dir.path()).unwrap();

    let new = tempfile::tempdir().unwrap();
    let store = open(new.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    assert_eq!(after, answers(&mut *reader(&store)));
}

#[test]
fn the_log_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let of = key(ShardId::FIRST, 1);
    for seq in 0..5 {
        let store = open(dir.path()).unwrap();
        commit(&store, ShardId::FIRST, vec![Op::Append(log(of, seq))]);
        assert_eq!(reader(&store).log(of, 0, 100).unwrap().len() as u64, seq + 1);
    }
}

#[test]
fn one_server_at_a_time_has_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let in_use = Fault::InUse { path: dir.path().join("fermata.db") };
    assert_eq!(open(dir.path()).err(), Some(in_use.clone()));
    assert_eq!(SqliteStore::check(dir.path()), Err(in_use.clone()));
    // As long as anything of it lives.
    let (clone, writer, reader) = (store.clone(), store.writer().unwrap(), store.reader().unwrap());
    drop(store);
    assert_eq!(open(dir.path()).err(), Some(in_use.clone()));
    drop(clone);
    assert_eq!(open(dir.path()).err(), Some(in_use.clone()));
    drop(writer);
    assert_eq!(open(dir.path()).err(), Some(in_use));
    drop(reader);
    open(dir.path()).unwrap();
}

#[test]
fn the_number_of_shards_is_fixed_when_the_file_is_created() {
    let dir = tempfile::tempdir().unwrap();
    let new = SqliteOptions { shards_when_new: 4, ..SqliteOptions::default() };
    assert_eq!(SqliteStore::open(dir.path(), new).unwrap().shards(), 4);
    assert_eq!(open(dir.path()).unwrap().shards(), 4);
    assert_eq!(SqliteStore::open(dir.path(), with_shards(4)).unwrap().shards(), 4);
    let path = dir.path().join("fermata.db");
    assert_eq!(
        SqliteStore::open(dir.path(), with_shards(8)).err(),
        Some(Fault::Shards { path, found: 4, asked: 8 })
    );
    for shards in [0, ShardId::COUNT_MAX + 1] {
        let dir = tempfile::tempdir().unwrap();
        let fault = SqliteStore::open(dir.path(), with_shards(shards)).unwrap_err();
        assert!(fault.to_string().contains("1 to 8192"), "{fault}");
        assert!(!dir.path().join("fermata.db").exists());
    }
}

#[test]
fn a_file_of_a_newer_release_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let path = dir.path().join("fermata.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(
        open(dir.path()).err(),
        Some(Fault::TooNew { path: path.clone(), found: 99, known: 6 })
    );
    assert!(matches!(SqliteStore::check(dir.path()), Err(Fault::TooNew { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    for setup in
        ["CREATE TABLE notes (text)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fermata.db");
        Connection::open(&path).unwrap().execute_batch(setup).unwrap();
        let before = std::fs::read(&path).unwrap();
        for fault in [open(dir.path()).unwrap_err(), SqliteStore::check(dir.path()).unwrap_err()] {
            assert!(fault.to_string().contains("another program"), "{setup}: {fault}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "{setup}");
    }
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fermata.db");
    let text = "not a database, but someone's notes\n".repeat(1_000);
    std::fs::write(&path, &text).unwrap();
    for fault in [open(dir.path()).unwrap_err(), SqliteStore::check(dir.path()).unwrap_err()] {
        assert!(matches!(fault, Fault::Damaged { .. }), "{fault}");
        assert!(fault.to_string().contains("not a database"), "{fault}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn an_empty_file_is_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("fermata.db"), "").unwrap();
    assert!(SqliteStore::check(dir.path()).is_err());
    drop(open(dir.path()).unwrap());
    SqliteStore::check(dir.path()).unwrap();
}

#[test]
fn a_directory_is_created_for_this_user_alone() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("var").join("fermata");
    assert!(SqliteStore::check(&deep).is_err());
    assert!(!deep.exists(), "a check creates nothing");
    drop(open(&deep).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&deep), 0o700);
        let store = open(&deep).unwrap();
        commit(&store, ShardId::FIRST, everything());
        for file in std::fs::read_dir(&deep).unwrap() {
            let path = file.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn a_directory_that_cannot_be_is_a_fault_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let fault = open(&file).unwrap_err();
    assert!(fault.to_string().contains(&*file.to_string_lossy()), "{fault}");
}

/// What a failed sync left may only look durable: see `rewrite_log`. That it then is can be seen
/// under a disk that fails, in tests/chaos.
#[test]
fn a_start_after_a_crash_writes_the_log_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, ShardId::FIRST, everything());
    let crashed = copy_as_after_a_crash(dir.path());
    let log = crashed.path().join("fermata.db-wal");
    let before = std::fs::read(&log).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&log).unwrap().set_modified(long_ago).unwrap();
    let again = open(crashed.path()).unwrap();
    assert!(std::fs::metadata(&log).unwrap().modified().unwrap() > long_ago);
    assert_eq!(std::fs::read(&log).unwrap(), before);
    drop(again);
}

#[test]
fn the_write_ahead_log_does_not_grow_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut reader = reader(&store);
    let wal = dir.path().join("fermata.db-wal");
    let mut written = 0;
    for seq in 0..60 {
        let bytes = vec![1; 1_000_000];
        written += bytes.len() as u64;
        let row = base::LogRow { instance: key(ShardId::FIRST, 1), seq, bytes };
        writer.commit(&[crate::rig::batch(ShardId::FIRST, vec![Op::Append(row)])]).unwrap();
        reader.log(key(ShardId::FIRST, 1), seq, 1).unwrap();
    }
    let size = std::fs::metadata(wal).unwrap().len();
    assert!(size < written / 2, "{size} bytes of write-ahead log after {written}");
}

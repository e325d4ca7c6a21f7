//! Damage is found and named, never repaired and never passed off as data.

use std::fs::{File, OpenOptions};
use std::path::Path;

use base::{InstanceKey, LogRow, Op, ShardId, SnapshotRow};
use rusqlite::Connection;
use store::{Fault, SqliteOptions, SqliteStore, Store};

use crate::rig::{batch, commit, copy_as_after_a_crash, instance, key, log, reader};

const SHARD: ShardId = ShardId::FIRST;

fn open(dir: &Path) -> Result<SqliteStore, Fault> {
    SqliteStore::open(dir, SqliteOptions::default())
}

fn ours() -> InstanceKey {
    key(SHARD, 1)
}

/// A closed store with a log of `rows` rows.
fn store_with_log(rows: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, SHARD, (0..rows).map(|seq| Op::Append(log(ours(), seq))).collect());
    dir
}

/// Changes the only place in the database where `needle` is.
fn flip(dir: &Path, needle: &[u8]) {
    let path = dir.join("fermata.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let places: Vec<usize> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(needle)).collect();
    assert_eq!(places.len(), 1);
    bytes[places[0] + needle.len() / 2] ^= 0x10;
    std::fs::write(&path, bytes).unwrap();
}

fn change(dir: &Path, sql: &str) {
    Connection::open(dir.join("fermata.db")).unwrap().execute_batch(sql).unwrap();
}

#[track_caller]
fn assert_damaged<T>(result: Result<T, Fault>, what: &str) {
    let fault = result.err().expect("damage was not found");
    assert!(matches!(fault, Fault::Damaged { .. }), "{fault}");
    assert!(fault.to_string().contains(what), "{fault}");
    assert!(fault.to_string().contains("fermata.db"), "{fault}");
}

#[test]
fn a_flipped_byte_in_a_log_is_found_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let needle = b"what was decided about this instance";
    let row = LogRow { instance: ours(), seq: 1, bytes: needle.to_vec() };
    let store = open(dir.path()).unwrap();
    commit(&store, SHARD, vec![Op::Append(log(ours(), 0)), Op::Append(row)]);
    drop(store);
    flip(dir.path(), needle);

    let store = open(dir.path()).unwrap();
    let what = format!("log row 1 of instance {}", ours());
    assert_damaged(reader(&store).log(ours(), 0, 10), &what);
    assert_damaged(reader(&store).state(ours()), &what);
    assert_eq!(reader(&store).log(ours(), 0, 1).unwrap(), [log(ours(), 0)]);
    drop(store);
    assert_damaged(SqliteStore::check(dir.path()), &what);
}

#[test]
fn a_flipped_byte_in_a_snapshot_is_found_when_it_is_read() {
    let dir = store_with_log(1);
    let needle = b"the state after some rows";
    let snapshot = SnapshotRow { instance: ours(), next_seq: 1, bytes: needle.to_vec() };
    commit(&open(dir.path()).unwrap(), SHARD, vec![Op::PutSnapshot(snapshot)]);
    flip(dir.path(), needle);
    assert_damaged(reader(&open(dir.path()).unwrap()).state(ours()), "snapshot");
    assert_damaged(SqliteStore::check(dir.path()), "snapshot");
}

#[test]
fn a_log_row_that_is_missing_or_in_another_s_place_is_found() {
    for (sql, what) in [
        ("DELETE FROM log WHERE seq = 1", "log row 1"),
        ("DELETE FROM log WHERE seq = 0", "log row 0"),
        ("UPDATE log SET seq = 7 WHERE seq = 2", "log row 7"),
        ("UPDATE log SET instance = instance + 256", "checksum of log row 0"),
    ] {
        let dir = store_with_log(3);
        change(dir.path(), sql);
        assert_damaged(SqliteStore::check(dir.path()), what);
        let store = open(dir.path()).unwrap();
        let moved = InstanceKey(key::<base::Key>(SHARD, 2));
        let of = if sql.contains("256") { moved } else { ours() };
        assert_damaged(reader(&store).state(of), what);
    }
}

#[test]
fn rows_of_a_shape_that_we_never_write_are_damage() {
    let dir = store_with_log(1);
    commit(&open(dir.path()).unwrap(), SHARD, vec![Op::PutInstance(instance(SHARD, 1))]);
    for sql in [
        "UPDATE instances SET state = 9",
        "UPDATE instances SET state = 0, tags = '[1'",
        "UPDATE instances SET tags = NULL, incidents = -1",
        "UPDATE instances SET incidents = 0, business_id = CAST(x'ff' AS TEXT)",
    ] {
        change(dir.path(), sql);
        let store = open(dir.path()).unwrap();
        assert_damaged(reader(&store).instance(ours()), "cannot be read");
    }
}

#[test]
fn a_check_reads_records_and_indexes() {
    let dir = store_with_log(1);
    let row = LogRow { instance: ours(), seq: 1, bytes: b"no record".to_vec() };
    commit(&open(dir.path()).unwrap(), SHARD, vec![Op::Append(row)]);
    assert_damaged(SqliteStore::check(dir.path()), "log row 1");

    let dir = store_with_log(3);
    // An index that lost an entry.
    change(
        dir.path(),
        "CREATE TABLE copy AS SELECT * FROM log; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'copy')
         WHERE name = 'log' AND type = 'table'; DELETE FROM sqlite_schema WHERE name = 'copy';",
    );
    change(dir.path(), "PRAGMA writable_schema = ON; DELETE FROM log NOT INDEXED WHERE seq = 2;");
    SqliteStore::check(dir.path()).expect_err("a lost index entry was not found");
}

#[test]
fn a_file_that_was_cut_is_found_at_the_start_and_left_as_it_is() {
    let dir = store_with_log(1_000);
    let path = dir.path().join("fermata.db");
    let whole = std::fs::read(&path).unwrap();
    for len in [whole.len() / 2, whole.len() - 4096, whole.len() - 1, 4096, 50, 0] {
        std::fs::write(&path, &whole[..len]).unwrap();
        let fault = open(dir.path()).err();
        assert!(matches!(fault, Some(Fault::Damaged { .. })), "{len}: {fault:?}");
        assert!(SqliteStore::check(dir.path()).is_err(), "{len}");
        assert_eq!(std::fs::read(&path).unwrap(), whole[..len], "{len}");
    }
    std::fs::write(&path, &whole).unwrap();
    open(dir.path()).unwrap();
}

/// A directory as after a crash, with ten acknowledged commits in the write-ahead log.
fn crashed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    for seq in 0..10 {
        commit(&store, SHARD, vec![Op::Append(log(ours(), seq))]);
    }
    copy_as_after_a_crash(dir.path())
}

fn wal(dir: &Path) -> std::path::PathBuf {
    dir.join("fermata.db-wal")
}

fn len(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn rows(store: &SqliteStore) -> usize {
    reader(store).log(ours(), 0, 100).unwrap().len()
}

#[test]
fn a_write_ahead_log_that_lost_acknowledged_commits_is_found_and_left_as_it_is() {
    let cut = |path: &Path, to: u64| {
        OpenOptions::new().write(true).open(path).unwrap().set_len(to).unwrap();
    };
    let whole = crashed();
    let all = len(&wal(whole.path()));
    for to in [0, 40, all / 2, all - 4096, all - 1] {
        let dir = crashed();
        cut(&wal(dir.path()), to);
        // At each start, not at the first one only.
        for _ in 0..2 {
            // When all is cut, not even the schema is left.
            assert_damaged(SqliteStore::check(dir.path()), "batches were acknowledged");
            assert_damaged(open(dir.path()), "batches were acknowledged");
            assert_eq!(len(&wal(dir.path())), to);
        }
    }
    let dir = crashed();
    std::fs::remove_file(wal(dir.path())).unwrap();
    assert_damaged(open(dir.path()), "10 batches were acknowledged");

    // A flipped byte ends the log there, as SQLite sees it.
    let dir = crashed();
    let mut bytes = std::fs::read(wal(dir.path())).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(wal(dir.path()), bytes).unwrap();
    assert_damaged(open(dir.path()), "10 batches were acknowledged");
}

#[test]
fn who_wants_the_older_state_says_so_by_deleting_the_mark() {
    let dir = crashed();
    let file = OpenOptions::new().write(true).open(wal(dir.path())).unwrap();
    file.set_len(len(&wal(dir.path())) / 4 * 3).unwrap();
    assert_damaged(open(dir.path()), "fermata.mark");
    std::fs::remove_file(dir.path().join("fermata.mark")).unwrap();
    let store = open(dir.path()).unwrap();
    assert!((1..10).contains(&rows(&store)));
}

#[test]
fn a_commit_that_was_torn_by_a_crash_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    commit(&store, SHARD, vec![Op::Append(log(ours(), 0))]);
    let acknowledged = copy_as_after_a_crash(dir.path());
    let row = LogRow { instance: ours(), seq: 1, bytes: vec![1; 20_000] };
    commit(&store, SHARD, vec![Op::Append(row)]);
    let all = std::fs::read(wal(dir.path())).unwrap();
    let first = usize::try_from(len(&wal(acknowledged.path()))).unwrap();
    for len in [first, first + 1, usize::midpoint(first, all.len()), all.len() - 1] {
        let dir = copy_as_after_a_crash(acknowledged.path());
        std::fs::write(wal(dir.path()), &all[..len]).unwrap();
        let store = open(dir.path()).unwrap();
        assert_eq!(rows(&store), 1, "{len}");
        commit(&store, SHARD, vec![Op::Append(log(ours(), 1))]);
        assert_eq!(rows(&store), 2, "{len}");
    }
    // Not acknowledged but whole: it is there.
    let dir = copy_as_after_a_crash(acknowledged.path());
    std::fs::write(wal(dir.path()), &all).unwrap();
    assert_eq!(rows(&open(dir.path()).unwrap()), 2);
}

#[test]
fn an_older_copy_in_the_place_of_the_file_is_found() {
    let dir = store_with_log(1);
    let older = std::fs::read(dir.path().join("fermata.db")).unwrap();
    commit(&open(dir.path()).unwrap(), SHARD, vec![Op::Append(log(ours(), 1))]);
    std::fs::write(dir.path().join("fermata.db"), older).unwrap();
    assert_damaged(open(dir.path()), "2 batches were acknowledged, it has 1");
    // The file of another store is another matter.
    let other = store_with_log(1);
    std::fs::copy(other.path().join("fermata.db"), dir.path().join("fermata.db")).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn a_mark_that_cannot_be_read_is_damage_and_an_empty_one_is_none() {
    let dir = store_with_log(1);
    let mark = dir.path().join("fermata.mark");
    let mut bytes = std::fs::read(&mark).unwrap();
    bytes[9] ^= 1;
    std::fs::write(&mark, &bytes).unwrap();
    let fault = open(dir.path()).unwrap_err();
    assert!(fault.to_string().contains("fermata.mark"), "{fault}");
    // As after a crash between its creation and its first writing.
    File::create(&mark).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn a_full_disk_ends_the_store_and_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions { file_bytes_max: Some(1_000_000), ..SqliteOptions::default() };
    let store = SqliteStore::open(dir.path(), options).unwrap();
    let mut writer = store.writer().unwrap();
    let row = |seq| LogRow { instance: ours(), seq, bytes: vec![1; 3_000] };
    let one =
        |seq| [batch(SHARD, vec![Op::Append(row(seq)), Op::PutInstance(instance(SHARD, seq + 1))])];
    let mut acknowledged = 0;
    let fault = loop {
        match writer.commit(&one(acknowledged)) {
            Ok(()) => acknowledged += 1,
            Err(fault) => break fault,
        }
        assert!(acknowledged < 1_000, "the disk was never full");
    };
    assert!(acknowledged > 100);
    assert!(matches!(fault, Fault::Failed { .. }), "{fault}");
    assert!(fault.to_string().contains("free space"), "{fault}");

    let broken = Fault::Broken { first: fault.to_string() };
    assert_eq!(writer.commit(&[batch(SHARD, vec![])]), Err(broken.clone()));
    assert_eq!(reader(&store).instance(key(SHARD, acknowledged + 1)).unwrap(), None);
    drop(writer);
    assert_eq!(store.writer().err(), Some(broken));
    let crashed = copy_as_after_a_crash(dir.path());
    drop(store);

    for dir in [dir.path(), crashed.path()] {
        let store = open(dir).unwrap();
        let all: Vec<LogRow> = (0..acknowledged).map(row).collect();
        assert_eq!(reader(&store).log(ours(), 0, u32::MAX).unwrap(), all);
        store.writer().unwrap().commit(&one(acknowledged)).unwrap();
    }
}

/// Every so many bytes of the file; every seventh was tried when this was written.
const FLIP_STEP: usize = 701;

/// A read finds what it meets: rows and their order. An index that does not name a row any more
/// is found by a check, which reads the rows as well.
#[test]
fn a_flipped_byte_anywhere_is_found_when_it_is_read_or_by_a_check_or_changes_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let logs = |store: &SqliteStore| -> Result<Vec<Vec<LogRow>>, Fault> {
        let mut reader = store.reader()?;
        (1..=6)
            .map(|block| Ok(reader.state(key(SHARD, block))?.map_or(Vec::new(), |it| it.log)))
            .collect()
    };
    for block in 1..=6 {
        let of: InstanceKey = key(SHARD, block);
        let row = |seq| LogRow { instance: of, seq, bytes: log(of, seq).bytes.repeat(30) };
        let mut ops: Vec<Op> = (0..9).map(|seq| Op::Append(row(seq))).collect();
        ops.push(Op::PutInstance(instance(SHARD, block)));
        commit(&store, SHARD, ops);
    }
    let expected = logs(&store).unwrap();
    drop(store);
    SqliteStore::check(dir.path()).unwrap();
    let path = dir.path().join("fermata.db");
    let whole = std::fs::read(&path).unwrap();
    let mut found = 0;
    for at in (0..whole.len()).step_by(FLIP_STEP) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, flipped).unwrap();
        match open(dir.path()).and_then(|store| logs(&store)) {
            Ok(read) if read == expected => {}
            Ok(_) => {
                SqliteStore::check(dir.path()).expect_err(&format!("byte {at} was not found"));
            }
            Err(_) => found += 1,
        }
        for left in ["fermata.db-wal", "fermata.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(left));
        }
    }
    assert!(found > 0, "no flipped byte was found");
}

//! Logs, snapshots, and who owns a key.

use base::{InstanceKey, Key, KeyRange, LogRow, Op, ShardId, SnapshotRow};
use store::{Fault, Stored};

use crate::rig::{commit, each_store, instance, key, log, reader};

fn appends(instance: InstanceKey, seqs: std::ops::Range<u64>) -> Vec<Op> {
    seqs.map(|seq| Op::Append(log(instance, seq))).collect()
}

#[test]
fn a_log_is_read_from_any_row_on_and_in_pages() {
    each_store(|store, shard| {
        let (ours, other) = (key(shard, 1), key(shard, 2));
        commit(store, shard, appends(other, 0..3));
        commit(store, shard, appends(ours, 0..2));
        // Beyond 256, the number of keys in a block.
        commit(store, shard, appends(ours, 2..300));
        let mut reader = reader(store);
        let rows = |seqs: std::ops::Range<u64>| seqs.map(|seq| log(ours, seq)).collect::<Vec<_>>();
        assert_eq!(reader.log(ours, 0, 1_000).unwrap(), rows(0..300));
        assert_eq!(reader.log(ours, 250, 10).unwrap(), rows(250..260));
        assert_eq!(reader.log(ours, 299, 10).unwrap(), rows(299..300));
        assert_eq!(reader.log(ours, 300, 10).unwrap(), []);
        assert_eq!(reader.log(ours, u64::MAX, 10).unwrap(), []);
        assert_eq!(reader.log(ours, 0, 0).unwrap(), []);
        assert_eq!(reader.log(key(shard, 3), 0, 10).unwrap(), []);
    });
}

#[test]
fn rows_of_any_size_come_back_as_they_were() {
    each_store(|store, shard| {
        let of = key(shard, 1);
        let sizes = [0, 1, 100, 1_000, 1_100, 4_000, 4_100, 100_000, 5_000_000];
        let row = |(seq, size): (u64, usize)| LogRow {
            instance: of,
            seq,
            bytes: (0..size).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect(),
        };
        let rows: Vec<LogRow> = (0..).zip(sizes).map(row).collect();
        commit(store, shard, rows.iter().cloned().map(Op::Append).collect());
        assert_eq!(reader(store).log(of, 0, 100).unwrap(), rows);
        assert_eq!(reader(store).state(of).unwrap(), Some(Stored { snapshot: None, log: rows }));
    });
}

#[test]
fn a_state_is_the_snapshot_and_what_came_after_it() {
    each_store(|store, shard| {
        let of = key(shard, 1);
        let mut reader = reader(store);
        assert_eq!(reader.state(of).unwrap(), None);
        commit(store, shard, appends(of, 0..4));
        let all = Stored { snapshot: None, log: (0..4).map(|seq| log(of, seq)).collect() };
        assert_eq!(reader.state(of).unwrap(), Some(all));
        for (next_seq, bytes) in [(1, vec![1; 10]), (3, vec![3; 5_000]), (4, Vec::new())] {
            let snapshot = SnapshotRow { instance: of, next_seq, bytes };
            commit(store, shard, vec![Op::PutSnapshot(snapshot.clone())]);
            let log = (next_seq..4).map(|seq| log(of, seq)).collect();
            let expected = Stored { snapshot: Some(snapshot), log };
            assert_eq!(reader.state(of).unwrap(), Some(expected));
        }
        assert_eq!(reader.log(of, 0, 100).unwrap().len(), 4, "the past stays");
    });
}

#[test]
fn an_instance_with_a_summary_and_no_log_is_damaged() {
    each_store(|store, shard| {
        commit(store, shard, vec![Op::PutInstance(instance(shard, 1))]);
        let fault = reader(store).state(key(shard, 1)).unwrap_err();
        assert!(matches!(fault, Fault::Damaged { .. }), "{fault}");
    });
}

#[test]
fn a_key_belongs_to_the_instance_of_its_block_or_range() {
    each_store(|store, shard| {
        let (by_row, by_log, by_range) = (key(shard, 1), key(shard, 2), key(shard, 3));
        let block = |block, offset| Key::of_block(shard, block).offset(offset);
        let range = KeyRange { first: block(10, 0), end: block(12, 0), instance: by_range };
        commit(
            store,
            shard,
            vec![
                Op::PutInstance(instance(shard, 1)),
                Op::Append(log(by_log, 0)),
                Op::PutKeyRange(range),
            ],
        );
        let mut reader = reader(store);
        for (key, owner) in [
            (block(1, 0), Some(by_row)),
            (block(1, 255), Some(by_row)),
            (block(2, 7), Some(by_log)),
            (block(10, 0), Some(by_range)),
            (block(11, 255), Some(by_range)),
            (block(12, 0), None),
            (block(9, 255), None),
            (block(3, 0), None),
            (Key::of_block(ShardId(shard.0 + 1), 1), None),
        ] {
            assert_eq!(reader.owner(key).unwrap(), owner, "{key}");
        }
    });
}

#[test]
fn an_instance_is_replaced_whole() {
    each_store(|store, shard| {
        let mut row = instance(shard, 1);
        row.business_id = Some("A-1".into());
        row.tags = vec!["vip".into(), "with \"quotes\", commas\nand ü".into()];
        commit(store, shard, vec![Op::PutInstance(row.clone())]);
        let mut reader = reader(store);
        assert_eq!(reader.instance(row.instance).unwrap(), Some(row.clone()));
        row.state = base::InstanceState::Terminated;
        row.definition = key(shard, 77);
        row.process_id = "other".into();
        row.version = 9;
        row.business_id = None;
        row.tags = Vec::new();
        row.started_ms = -5;
        row.ended_ms = Some(i64::MAX);
        row.incidents = u32::MAX;
        commit(store, shard, vec![Op::PutInstance(row.clone())]);
        assert_eq!(reader.instance(row.instance).unwrap(), Some(row));
        assert_eq!(reader.instance(key(shard, 2)).unwrap(), None);
    });
}

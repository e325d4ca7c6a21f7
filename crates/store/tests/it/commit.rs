//! Commits: together or not at all, one writer, no more after a failed one.

use std::sync::atomic::{AtomicBool, Ordering};

use base::{Batch, Op, ShardId, ShardRow};
use store::{Fault, Query, Store};

use crate::rig::{batch, commit, each_store, instance, job, key, log, reader};

#[test]
fn a_shard_row_is_the_last_batch_s() {
    each_store(|store, shard| {
        let mut reader = reader(store);
        let first = ShardRow { shard, next_block: 0, next_mail: 0 };
        assert_eq!(reader.shard(shard).unwrap(), first);
        let at = |next_block| ShardRow { shard, next_block, next_mail: next_block + 1 };
        let batches = [1, 2].map(|block| Batch { shard: at(block), ops: Vec::new() });
        store.writer().unwrap().commit(&batches).unwrap();
        assert_eq!(reader.shard(shard).unwrap(), at(2));
        let large = Batch { shard: at(1 << 42), ops: Vec::new() };
        store.writer().unwrap().commit(&[large]).unwrap();
        assert_eq!(reader.shard(shard).unwrap(), at(1 << 42));
        let other = ShardId(shard.0 + 1);
        assert_eq!(reader.shard(other).unwrap().shard, other);
    });
}

#[test]
fn a_reader_sees_each_commit_that_returned_and_nothing_before() {
    each_store(|store, shard| {
        let mut reader = reader(store);
        let mut writer = store.writer().unwrap();
        for block in 1..20 {
            let row = instance(shard, block);
            assert_eq!(reader.instance(row.instance).unwrap(), None);
            writer.commit(&[batch(shard, vec![Op::PutInstance(row.clone())])]).unwrap();
            assert_eq!(reader.instance(row.instance).unwrap(), Some(row));
        }
    });
}

#[test]
fn of_several_operations_on_one_row_the_last_counts() {
    each_store(|store, shard| {
        let old = job(shard, 1, "pay", 10);
        let new = job(shard, 1, "pay", 20);
        let (put, delete) = (Op::PutJob, Op::DeleteJob);
        let mut reader = reader(store);
        for (ops, expected) in [
            (vec![put(old.clone()), put(new.clone())], Some(&new)),
            (vec![put(new.clone()), put(old.clone())], Some(&old)),
            (vec![delete(old.job), put(new.clone())], Some(&new)),
            (vec![put(old.clone()), delete(old.job)], None),
            (vec![delete(old.job)], None),
            (vec![put(old.clone()), delete(old.job), put(new.clone())], Some(&new)),
        ] {
            // In one batch, in two of one commit, in two commits.
            let single: Vec<Batch> = ops.iter().map(|op| batch(shard, vec![op.clone()])).collect();
            commit(store, shard, ops);
            assert_eq!(reader.find_jobs(&Query::default()).unwrap().rows.first(), expected);
            store.writer().unwrap().commit(&single).unwrap();
            assert_eq!(reader.find_jobs(&Query::default()).unwrap().rows.first(), expected);
            for one in single {
                store.writer().unwrap().commit(&[one]).unwrap();
            }
            assert_eq!(reader.find_jobs(&Query::default()).unwrap().rows.first(), expected);
        }
    });
}

#[test]
fn nothing_of_a_commit_with_a_duplicate_log_row_is_visible_and_no_other_comes_after_it() {
    // In the store already, twice in one batch, in two batches of one commit.
    for duplicates in [vec![vec![0]], vec![vec![1, 1]], vec![vec![1], vec![1]]] {
        each_store(|store, shard| {
            let of = key(shard, 1);
            commit(store, shard, vec![Op::Append(log(of, 0))]);
            let mut batches = vec![batch(
                shard,
                vec![Op::PutInstance(instance(shard, 7)), Op::Append(log(key(shard, 7), 0))],
            )];
            batches.extend(duplicates.iter().map(|seqs| {
                batch(shard, seqs.iter().map(|seq| Op::Append(log(of, *seq))).collect())
            }));
            let mut writer = store.writer().unwrap();
            let fault = writer.commit(&batches).unwrap_err();
            assert!(matches!(fault, Fault::Failed { .. }), "{fault}");
            assert!(fault.to_string().contains(&of.to_string()), "{fault}");

            let mut reader = reader(store);
            assert_eq!(reader.instance(key(shard, 7)).unwrap(), None);
            assert_eq!(reader.log(key(shard, 7), 0, 9).unwrap(), []);
            assert_eq!(reader.log(of, 0, 9).unwrap(), [log(of, 0)]);

            let broken = Fault::Broken { first: fault.to_string() };
            let good = batch(shard, vec![Op::Append(log(of, 1))]);
            assert_eq!(writer.commit(std::slice::from_ref(&good)).unwrap_err(), broken);
            assert_eq!(writer.commit(&[]).unwrap_err(), broken);
            drop(writer);
            assert_eq!(store.writer().err(), Some(broken));
            assert_eq!(reader.log(of, 0, 9).unwrap(), [log(of, 0)]);
        });
    }
}

#[test]
fn there_is_one_writer_at_a_time() {
    each_store(|store, shard| {
        let writer = store.writer().unwrap();
        assert_eq!(store.writer().err(), Some(Fault::SecondWriter));
        drop(writer);
        commit(store, shard, vec![Op::PutInstance(instance(shard, 1))]);
    });
}

#[test]
fn a_batch_of_a_shard_that_is_not_there_is_a_fault() {
    each_store(|store, shard| {
        let mut writer = store.writer().unwrap();
        let foreign = batch(ShardId(shard.0 + 1), vec![Op::PutInstance(instance(shard, 1))]);
        assert!(matches!(writer.commit(&[foreign]), Err(Fault::Failed { .. })));
        assert_eq!(reader(store).instance(key(shard, 1)).unwrap(), None);
    });
}

#[test]
fn batches_of_several_shards_are_one_commit() {
    let store = store::MemoryStore::new(3);
    let dir = tempfile::tempdir().unwrap();
    let options = store::SqliteOptions { shards: Some(3), ..store::SqliteOptions::default() };
    let file = store::SqliteStore::open(dir.path(), options).unwrap();
    for store in [&store as &dyn Store, &file] {
        let batches: Vec<Batch> = (0..3)
            .map(|shard| {
                let ops = vec![Op::PutInstance(instance(ShardId(shard), 1))];
                batch(ShardId(shard), ops)
            })
            .collect();
        store.writer().unwrap().commit(&batches).unwrap();
        assert_eq!(reader(store).find_instances(&Query::default()).unwrap().total, 3);
    }
}

/// Also when the thread panics, so that no other waits for ever.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn readers_in_other_threads_see_whole_commits_only() {
    const COMMITS: u64 = 30;
    each_store(|store, shard| {
        let of = key(shard, 1);
        let ended = AtomicBool::new(false);
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    let mut reader = reader(store);
                    let mut seen = 0;
                    loop {
                        let last = ended.load(Ordering::Acquire);
                        // Two rows of the log a commit, and the number of commits in the snapshot.
                        if let Some(stored) = reader.state(of).unwrap() {
                            let bytes = stored.snapshot.unwrap().bytes;
                            let commits = u64::from_le_bytes(bytes.try_into().unwrap());
                            assert_eq!(stored.log.len() as u64, 2 * commits);
                            assert!(commits >= seen);
                            seen = commits;
                        }
                        if last {
                            assert_eq!(seen, COMMITS);
                            break;
                        }
                    }
                });
            }
            let _end = SetAtEnd(&ended);
            let mut writer = store.writer().unwrap();
            for at in 0..COMMITS {
                let bytes = (at + 1).to_le_bytes().to_vec();
                let snapshot = base::SnapshotRow { instance: of, next_seq: 0, bytes };
                let ops = vec![
                    Op::Append(log(of, 2 * at)),
                    Op::PutSnapshot(snapshot),
                    Op::Append(log(of, 2 * at + 1)),
                ];
                writer.commit(&[batch(shard, ops)]).unwrap();
            }
        });
    });
}

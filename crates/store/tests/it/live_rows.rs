//! Rows of what lives: each can be put, replaced and deleted, and is found in its order.

use base::{DefinitionTimerRow, JobKey, MailRow, Op, ShardId, StartLockRow, TimerKey};
use store::{Query, QueueEntry, Slot};

use crate::rig::{
    commit, definition, each_store, graph, incident, instance, job, key, message, reader,
    subscription, task, timer,
};

#[test]
fn a_queue_is_of_one_shard_and_type_and_read_in_pages_by_time_then_key() {
    each_store(|store, shard| {
        let times = [(1, 30), (2, 10), (3, 20), (4, 10), (5, i64::MAX), (6, i64::MIN), (7, 0)];
        let ours: Vec<_> = times.iter().map(|(block, ms)| job(shard, *block, "pay", *ms)).collect();
        let mut ops: Vec<Op> = ours.iter().cloned().map(Op::PutJob).collect();
        ops.push(Op::PutJob(job(shard, 8, "pay2", 5)));
        ops.push(Op::PutJob(job(ShardId(shard.0 + 1), 1, "pay", 5)));
        commit(store, shard, ops);
        let mut expected: Vec<QueueEntry> = ours
            .iter()
            .map(|row| QueueEntry {
                available_ms: row.available_ms,
                job: row.job,
                instance: row.instance,
            })
            .collect();
        expected.sort();

        let mut reader = reader(store);
        assert_eq!(reader.queue(shard, "pay", None, 100).unwrap(), expected);
        assert_eq!(reader.queue(shard, "nothing", None, 100).unwrap(), []);
        for size in 1..4 {
            let (mut pages, mut after) = (Vec::new(), None);
            for _ in 0..=expected.len() {
                let page = reader.queue(shard, "pay", after, size).unwrap();
                assert!(page.len() <= size as usize);
                after = page.last().map(|last| (last.available_ms, last.job)).or(after);
                pages.extend(page);
            }
            assert_eq!(pages, expected, "pages of {size}");
        }
        // A place between two entries needs no entry there.
        let after = Some((10, JobKey(key(shard, 3))));
        assert_eq!(reader.queue(shard, "pay", after, 1).unwrap(), expected[3..4]);
    });
}

#[test]
fn a_job_moves_in_its_queue_and_between_queues_and_leaves_it() {
    each_store(|store, shard| {
        let mut row = job(shard, 1, "pay", 10);
        let mut reader = reader(store);
        let mut places = |job_type: &str| -> Vec<i64> {
            let queue = reader.queue(shard, job_type, None, 10).unwrap();
            queue.iter().map(|entry| entry.available_ms).collect()
        };
        commit(store, shard, vec![Op::PutJob(row.clone())]);
        assert_eq!(places("pay"), [10]);
        row.available_ms = 99;
        commit(store, shard, vec![Op::PutJob(row.clone())]);
        assert_eq!(places("pay"), [99]);
        row.job_type = "ship".into();
        commit(store, shard, vec![Op::PutJob(row.clone())]);
        assert_eq!((places("pay"), places("ship")), (vec![], vec![99]));
        commit(store, shard, vec![Op::DeleteJob(row.job)]);
        assert!(places("ship").is_empty());
    });
}

#[test]
fn a_job_is_replaced_whole() {
    each_store(|store, shard| {
        let mut row = job(shard, 1, "pay", 10);
        let mut reader = reader(store);
        for state in [
            base::JobState::Leased,
            base::JobState::Failed,
            base::JobState::Exhausted,
            base::JobState::ErrorThrown,
            base::JobState::Created,
        ] {
            row.state = state;
            // Every column changes each time.
            row.retries -= 2;
            let other = 40 + u64::from(row.retries.unsigned_abs());
            row.instance = key(shard, other);
            row.definition = key(shard, other + 20);
            row.element_id = format!("element {state:?}").into();
            row.owner = key(shard, other + 40);
            row.job_type = format!("type {state:?}").into();
            row.available_ms += 1;
            row.worker = format!("worker {state:?}").into();
            row.error_message = format!("message\n{state:?}").into();
            row.error_code = format!("E\0\"{state:?}").into();
            commit(store, shard, vec![Op::PutJob(row.clone())]);
            assert_eq!(reader.find_jobs(&Query::default()).unwrap().rows, [row.clone()]);
        }
    });
}

#[test]
fn timers_are_of_one_shard_and_read_in_pages_by_time_then_key() {
    each_store(|store, shard| {
        let rows = [timer(shard, 3, 10), timer(shard, 1, 20), timer(shard, 2, 20)];
        let mut ops: Vec<Op> = rows.iter().copied().map(Op::PutTimer).collect();
        ops.push(Op::PutTimer(timer(ShardId(shard.0 + 1), 1, 15)));
        commit(store, shard, ops);
        let mut reader = reader(store);
        assert_eq!(reader.timers(shard, None, 10).unwrap(), rows);
        assert_eq!(reader.timers(shard, None, 2).unwrap(), rows[..2]);
        assert_eq!(reader.timers(shard, Some((20, rows[1].timer)), 2).unwrap(), rows[2..]);
        let between = Some((10, TimerKey(key(shard, 9))));
        assert_eq!(reader.timers(shard, between, 9).unwrap(), rows[1..]);

        let later = timer(shard, 3, 30);
        commit(store, shard, vec![Op::PutTimer(later), Op::DeleteTimer(rows[1].timer)]);
        assert_eq!(reader.timers(shard, None, 10).unwrap(), [rows[2], later]);
    });
}

fn start_lock(shard: ShardId, process: &str, correlation_key: &str) -> StartLockRow {
    StartLockRow {
        shard,
        process_id: process.into(),
        name: "paid".into(),
        correlation_key: correlation_key.into(),
        instance: key(shard, 1),
    }
}

#[test]
fn a_slot_holds_what_has_its_shard_name_and_key() {
    each_store(|store, shard| {
        let other_shard = ShardId(shard.0 + 1);
        let lock = |process, correlation_key| start_lock(shard, process, correlation_key);
        let mut renamed = subscription(shard, 3, shard, "A");
        renamed.name = "shipped".into();
        // The instance's shard is not the slot's.
        let ours = [subscription(shard, 1, shard, "A"), subscription(ShardId(7), 1, shard, "A")];
        let messages = [message(shard, 20, "A"), message(shard, 21, "A")];
        let locks = [lock("a", "A"), lock("b", "A")];
        commit(
            store,
            shard,
            vec![
                Op::PutSubscription(ours[1].clone()),
                Op::PutSubscription(ours[0].clone()),
                Op::PutSubscription(subscription(shard, 2, shard, "B")),
                Op::PutSubscription(subscription(shard, 4, other_shard, "A")),
                Op::PutSubscription(renamed),
                Op::PutMessage(messages[1].clone()),
                Op::PutMessage(messages[0].clone()),
                Op::PutMessage(message(shard, 22, "B")),
                Op::PutMessage(message(other_shard, 23, "A")),
                Op::PutStartLock(locks[1].clone()),
                Op::PutStartLock(locks[0].clone()),
                Op::PutStartLock(lock("a", "B")),
                Op::PutStartLock(StartLockRow { shard: other_shard, ..lock("c", "A") }),
            ],
        );
        let mut reader = reader(store);
        let slot = Slot {
            subscriptions: ours.to_vec(),
            messages: messages.to_vec(),
            locks: locks.to_vec(),
        };
        assert_eq!(reader.slot(shard, "paid", "A").unwrap(), slot);
        assert_eq!(reader.slot(shard, "paid", "C").unwrap(), Slot::default());

        let mut replaced = subscription(shard, 1, shard, "A");
        replaced.once = false;
        let mut corrected = message(shard, 20, "A");
        corrected.correlated_to = Vec::new();
        let moved = StartLockRow { instance: key(shard, 2), ..lock("a", "A") };
        commit(
            store,
            shard,
            vec![
                Op::PutSubscription(replaced.clone()),
                Op::DeleteSubscription(ours[1].subscription),
                Op::PutMessage(corrected.clone()),
                Op::DeleteMessage(messages[1].message),
                Op::PutStartLock(moved.clone()),
                Op::DeleteStartLock {
                    shard,
                    process_id: "b".into(),
                    name: "paid".into(),
                    correlation_key: "A".into(),
                },
            ],
        );
        let slot =
            Slot { subscriptions: vec![replaced], messages: vec![corrected], locks: vec![moved] };
        assert_eq!(reader.slot(shard, "paid", "A").unwrap(), slot);
        assert_eq!(reader.slot(shard, "paid", "B").unwrap().locks, [lock("a", "B")]);
    });
}

#[test]
fn messages_that_are_over_come_by_their_end() {
    each_store(|store, shard| {
        let until = |block, kept_until_ms| {
            let mut row = message(shard, block, "A");
            row.kept_until_ms = kept_until_ms;
            row
        };
        let rows = [until(3, 10), until(1, 20), until(2, 20), until(4, 30)];
        let mut foreign = message(ShardId(shard.0 + 1), 1, "A");
        foreign.kept_until_ms = 5;
        let mut ops: Vec<Op> = rows.iter().rev().cloned().map(Op::PutMessage).collect();
        ops.push(Op::PutMessage(foreign));
        commit(store, shard, ops);
        let mut reader = reader(store);
        assert_eq!(reader.messages_kept_until(shard, 20, 10).unwrap(), rows[..3]);
        assert_eq!(reader.messages_kept_until(shard, 20, 2).unwrap(), rows[..2]);
        assert_eq!(reader.messages_kept_until(shard, 9, 10).unwrap(), []);
    });
}

#[test]
fn mail_waits_for_its_receiver_by_sender_and_number() {
    each_store(|store, shard| {
        let mail = |from, number, size| MailRow {
            to: shard,
            from: ShardId(from),
            number,
            bytes: vec![7; size],
        };
        let rows = [mail(0, 1, 10), mail(0, 2, 0), mail(0, 10, 3), mail(4, 1, 100_000)];
        let elsewhere = MailRow { to: ShardId(shard.0 + 1), ..mail(0, 1, 1) };
        let mut ops: Vec<Op> = rows.iter().rev().cloned().map(Op::PutMail).collect();
        ops.push(Op::PutMail(elsewhere));
        commit(store, shard, ops);
        let mut reader = reader(store);
        assert_eq!(reader.mail(shard).unwrap(), rows);
        let take =
            |row: &MailRow| Op::DeleteMail { to: row.to, from: row.from, number: row.number };
        commit(store, shard, vec![take(&rows[0]), take(&rows[3])]);
        assert_eq!(reader.mail(shard).unwrap(), rows[1..3]);
        assert_eq!(reader.mail(ShardId(shard.0 + 1)).unwrap().len(), 1);
    });
}

#[test]
fn decision_graphs_are_listed_without_their_files_and_read_with_them() {
    each_store(|store, shard| {
        let rows = [graph(10), graph(11)];
        commit(store, shard, rows.iter().rev().cloned().map(Op::PutDecisionGraph).collect());
        let mut reader = reader(store);
        let heads = rows.clone().map(|row| row.head());
        assert_eq!(reader.decision_graphs().unwrap(), heads);
        for row in rows {
            assert_eq!(reader.decision_graph(row.key).unwrap(), Some(row));
        }
        assert_eq!(reader.decision_graph(key(shard, 12)).unwrap(), None);

        let mut fewer = graph(10);
        fewer.decisions.truncate(1);
        commit(store, shard, vec![Op::PutDecisionGraph(fewer.clone())]);
        assert_eq!(reader.decision_graph(fewer.key).unwrap(), Some(fewer));
        assert_eq!(reader.decision_graphs().unwrap().len(), 2);
    });
}

#[test]
fn definitions_are_listed_without_their_files_and_read_with_them() {
    each_store(|store, shard| {
        let rows = [definition(10), definition(11)];
        let ops = rows.iter().rev().cloned().map(Op::PutDefinition).collect();
        commit(store, shard, ops);
        let mut reader = reader(store);
        let heads = rows.clone().map(|mut row| {
            row.resource = [].into();
            row.elements.clear();
            row
        });
        assert_eq!(reader.definitions().unwrap(), heads);
        for row in rows {
            assert_eq!(reader.definition(row.key).unwrap(), Some(row));
        }
        assert_eq!(reader.definition(key(shard, 12)).unwrap(), None);

        let mut bare = definition(10);
        (bare.version_tag, bare.name) = (None, Some("Order".into()));
        (bare.elements, bare.message_starts, bare.resource) = (vec![], vec![], [].into());
        commit(store, shard, vec![Op::PutDefinition(bare.clone())]);
        assert_eq!(reader.definition(bare.key).unwrap(), Some(bare));
        assert_eq!(reader.definitions().unwrap().len(), 2);
    });
}

#[test]
fn timers_of_start_events_are_replaced_one_by_one_and_deleted_together() {
    each_store(|store, shard| {
        let row = |block, element, due_ms| DefinitionTimerRow {
            definition: key(ShardId::FIRST, block),
            element,
            due_ms,
            repeats: -1,
        };
        let put = Op::PutDefinitionTimer;
        let rows = [row(1, 2, 10), row(1, 7, 5), row(2, 2, 1)];
        commit(store, shard, rows.iter().rev().cloned().map(put).collect());
        let mut reader = reader(store);
        assert_eq!(reader.definition_timers().unwrap(), rows);
        let one = Op::DeleteDefinitionTimer { definition: rows[0].definition, element: 2 };
        commit(store, shard, vec![one, put(row(1, 7, 6))]);
        assert_eq!(reader.definition_timers().unwrap(), [row(1, 7, 6), row(2, 2, 1)]);
        // In order: what is put after the deletion stays.
        let all = Op::DeleteDefinitionTimers(rows[0].definition);
        commit(store, shard, vec![put(row(1, 8, 1)), all.clone(), put(row(1, 9, 1))]);
        assert_eq!(reader.definition_timers().unwrap(), [row(1, 9, 1), row(2, 2, 1)]);
        commit(store, shard, vec![put(row(1, 8, 1)), all]);
        assert_eq!(reader.definition_timers().unwrap(), [row(2, 2, 1)]);
    });
}

#[test]
fn tasks_and_incidents_are_replaced_whole_and_deleted() {
    each_store(|store, shard| {
        let (mut row, mut trouble) = (task(shard, 1), incident(shard, 1));
        let puts = |row: &base::UserTaskRow, trouble: &base::IncidentRow| {
            vec![Op::PutUserTask(row.clone()), Op::PutIncident(trouble.clone())]
        };
        commit(store, shard, puts(&row, &trouble));
        let mut reader = reader(store);
        assert_eq!(reader.find_tasks(&Query::default()).unwrap().rows, [row.clone()]);
        assert_eq!(reader.find_incidents(&Query::default()).unwrap().rows, [trouble.clone()]);

        row.details = base::UserTaskDetails {
            assignee: Some("ann".into()),
            candidate_groups: vec!["sales".into(), "a,\"b\"".into()],
            candidate_users: vec!["bob".into()],
            due_ms: Some(7),
            follow_up_ms: Some(-7),
            priority: 100,
        };
        row.element_id = "check".into();
        trouble.job = Some(key(shard, 8));
        trouble.kind = base::IncidentKind::Deadlock;
        trouble.message = "ü".into();
        commit(store, shard, puts(&row, &trouble));
        assert_eq!(reader.find_tasks(&Query::default()).unwrap().rows, [row.clone()]);
        assert_eq!(reader.find_incidents(&Query::default()).unwrap().rows, [trouble.clone()]);

        let deletes = vec![Op::DeleteUserTask(row.task), Op::DeleteIncident(trouble.incident)];
        commit(store, shard, deletes.clone());
        assert_eq!(reader.find_tasks(&Query::default()).unwrap().total, 0);
        assert_eq!(reader.find_incidents(&Query::default()).unwrap().total, 0);
        commit(store, shard, deletes);
    });
}

#[test]
fn every_kind_of_incident_comes_back() {
    use base::IncidentKind as Kind;
    let kinds = [
        Kind::JobNoRetries,
        Kind::ConditionError,
        Kind::ExtractValueError,
        Kind::IoMappingError,
        Kind::UnhandledErrorEvent,
        Kind::StepLimit,
        Kind::Quarantined,
        Kind::Deadlock,
    ];
    each_store(|store, shard| {
        let rows: Vec<_> = (1..)
            .zip(kinds)
            .map(|(block, kind)| {
                let mut row = incident(shard, block);
                row.kind = kind;
                row
            })
            .collect();
        commit(store, shard, rows.iter().cloned().map(Op::PutIncident).collect());
        assert_eq!(reader(store).find_incidents(&Query::default()).unwrap().rows, rows);
    });
}

#[test]
fn a_business_id_names_the_first_live_instance_of_its_process() {
    each_store(|store, shard| {
        let named = |block, process: &str, started_ms| {
            let mut row = instance(shard, block);
            row.business_id = Some("A-1".into());
            row.process_id = process.into();
            row.version = i32::try_from(block).unwrap();
            row.started_ms = started_ms;
            row
        };
        let rows = [named(1, "order", 30), named(2, "order", 20), named(3, "audit", 10)];
        commit(store, shard, rows.iter().cloned().map(Op::PutInstance).collect());
        let mut reader = reader(store);
        let mut first = |process| reader.business_id(process, "A-1").unwrap();
        assert_eq!(first("order"), Some(rows[1].instance));
        assert_eq!(first("audit"), Some(rows[2].instance));
        assert_eq!(first("other"), None);
        let mut ended = rows[1].clone();
        ended.state = base::InstanceState::Completed;
        commit(store, shard, vec![Op::PutInstance(ended)]);
        assert_eq!(first("order"), Some(rows[0].instance));
        let mut suspended = rows[0].clone();
        suspended.state = base::InstanceState::Suspended;
        commit(store, shard, vec![Op::PutInstance(suspended)]);
        assert_eq!(first("order"), Some(rows[0].instance), "it lives");
        let mut unnamed = rows[0].clone();
        unnamed.business_id = None;
        commit(store, shard, vec![Op::PutInstance(unnamed)]);
        assert_eq!(first("order"), None);
    });
}

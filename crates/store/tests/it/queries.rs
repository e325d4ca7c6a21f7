//! Questions: every test on every shape of column, absent values, order, pages, the count.

use base::{InstanceRow, InstanceState, Op, UserTaskRow};
use store::{
    Condition, Direction, Found, IncidentColumn, InstanceColumn, JobColumn, Page, Query, Store,
    TaskColumn, Test, Value,
};

use crate::rig::{commit, each_store, incident, instance, job, reader, task};

fn number(number: i64) -> Value {
    Value::Number(number)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn like(pattern: &str) -> Test {
    Test::Like(pattern.to_owned())
}

fn where_<C>(column: C, test: Test) -> Query<C> {
    Query { conditions: vec![Condition { column, test }], ..Query::default() }
}

/// Tasks 1 to 4: due at 10, 20, never, 20; assigned to ann, nobody, Bob, a*n.
fn tasks(store: &dyn Store, shard: base::ShardId) -> Vec<UserTaskRow> {
    let due = [Some(10), Some(20), None, Some(20)];
    let assignees = [Some("ann"), None, Some("Bob"), Some("a*n")];
    let groups: [&[&str]; 4] = [&["sales"], &["sales", "support"], &[], &["z", "back office"]];
    let rows: Vec<UserTaskRow> = (0..4)
        .map(|at| {
            let mut row = task(shard, at as u64 + 1);
            row.details.due_ms = due[at];
            row.details.assignee = assignees[at].map(Into::into);
            row.details.candidate_groups = groups[at].iter().map(|group| (*group).into()).collect();
            row
        })
        .collect();
    commit(store, shard, rows.iter().cloned().map(Op::PutUserTask).collect());
    rows
}

/// Numbers of the tasks that are found, in their order.
fn found(store: &dyn Store, query: &Query<TaskColumn>) -> Vec<u64> {
    let found = reader(store).find_tasks(query).unwrap();
    found.rows.iter().map(|row| row.task.0.block()).collect()
}

#[test]
fn each_test_on_numbers_texts_and_lists() {
    use TaskColumn::{Assignee, CandidateGroup, DueMs};
    each_store(|store, shard| {
        tasks(store, shard);
        let cases: Vec<(TaskColumn, Test, &[u64])> = vec![
            (DueMs, Test::Is(number(20)), &[2, 4]),
            (DueMs, Test::Not(number(20)), &[1, 3]),
            (DueMs, Test::Exists(true), &[1, 2, 4]),
            (DueMs, Test::Exists(false), &[3]),
            (DueMs, Test::In(vec![number(10), number(7)]), &[1]),
            (DueMs, Test::In(vec![]), &[]),
            (DueMs, Test::NotIn(vec![number(10), number(7)]), &[2, 3, 4]),
            (DueMs, Test::NotIn(vec![]), &[1, 2, 3, 4]),
            (DueMs, Test::Above(number(10)), &[2, 4]),
            (DueMs, Test::AtLeast(number(10)), &[1, 2, 4]),
            (DueMs, Test::Below(number(20)), &[1]),
            (DueMs, Test::AtMost(number(20)), &[1, 2, 4]),
            (DueMs, like("*"), &[]),
            (Assignee, Test::Is(text("ann")), &[1]),
            (Assignee, Test::Is(text("ANN")), &[]),
            (Assignee, Test::Not(text("ann")), &[2, 3, 4]),
            (Assignee, Test::Exists(true), &[1, 3, 4]),
            (Assignee, Test::Exists(false), &[2]),
            (Assignee, Test::In(vec![text("Bob"), text("ann")]), &[1, 3]),
            (Assignee, Test::NotIn(vec![text("Bob"), text("ann")]), &[2, 4]),
            (Assignee, Test::Above(text("a*n")), &[1]),
            (Assignee, Test::AtLeast(text("a*n")), &[1, 4]),
            (Assignee, Test::Below(text("a*n")), &[3]),
            (Assignee, Test::AtMost(text("a*n")), &[3, 4]),
            (Assignee, like("a*"), &[1, 4]),
            (Assignee, like("a?n"), &[1, 4]),
            (Assignee, like(r"a\*n"), &[4]),
            (Assignee, like("b*"), &[]),
            (Assignee, like("*"), &[1, 3, 4]),
            (CandidateGroup, Test::Is(text("sales")), &[1, 2]),
            (CandidateGroup, Test::Not(text("sales")), &[3, 4]),
            (CandidateGroup, Test::Exists(true), &[1, 2, 4]),
            (CandidateGroup, Test::Exists(false), &[3]),
            (CandidateGroup, Test::In(vec![text("support"), text("z")]), &[2, 4]),
            (CandidateGroup, Test::NotIn(vec![text("support"), text("z")]), &[1, 3]),
            (CandidateGroup, Test::Above(text("support")), &[4]),
            (CandidateGroup, Test::AtMost(text("sales")), &[1, 2, 4]),
            (CandidateGroup, like("s*"), &[1, 2]),
            (CandidateGroup, like("*office"), &[4]),
        ];
        for (column, test, expected) in cases {
            let query = where_(column, test);
            assert_eq!(found(store, &query), expected, "{query:?}");
            assert_eq!(
                reader(store).find_tasks(&query).unwrap().total,
                expected.len() as u64,
                "{query:?}"
            );
        }
    });
}

#[test]
fn numbers_and_texts_are_never_taken_for_each_other() {
    use TaskColumn::{Assignee, CandidateGroup, DueMs};
    each_store(|store, shard| {
        let mut rows = tasks(store, shard);
        rows[0].details.assignee = Some("20".into());
        rows[0].details.candidate_groups = vec!["20".into()];
        commit(store, shard, vec![Op::PutUserTask(rows[0].clone())]);
        let cases: Vec<(TaskColumn, Test, &[u64])> = vec![
            (DueMs, Test::Is(text("20")), &[]),
            (DueMs, Test::Not(text("20")), &[1, 2, 3, 4]),
            (DueMs, Test::In(vec![text("20"), number(10)]), &[1]),
            (DueMs, Test::NotIn(vec![text("20")]), &[1, 2, 3, 4]),
            // Numbers are below texts.
            (DueMs, Test::Above(text("5")), &[]),
            (DueMs, Test::Below(text("5")), &[1, 2, 4]),
            (DueMs, Test::AtLeast(text("5")), &[]),
            (DueMs, Test::AtMost(text("5")), &[1, 2, 4]),
            (Assignee, Test::Is(number(20)), &[]),
            (Assignee, Test::In(vec![number(20)]), &[]),
            (Assignee, Test::NotIn(vec![number(20)]), &[1, 2, 3, 4]),
            (Assignee, Test::Above(number(99)), &[1, 3, 4]),
            (Assignee, Test::Below(number(99)), &[]),
            (CandidateGroup, Test::Is(number(20)), &[]),
            (CandidateGroup, Test::AtLeast(number(20)), &[1, 2, 4]),
            (CandidateGroup, Test::AtMost(number(20)), &[]),
        ];
        for (column, test, expected) in cases {
            let query = where_(column, test);
            assert_eq!(found(store, &query), expected, "{query:?}");
        }
    });
}

#[test]
fn texts_that_mean_something_to_sql_or_json_are_only_texts() {
    each_store(|store, shard| {
        let odd = [
            "'; DROP TABLE tasks; --",
            "a\"b\\c",
            "%_",
            "ü\n\t\u{1}",
            "\u{1F600}",
            "[1]",
            "",
            "a\0b",
            "a",
        ];
        let rows: Vec<UserTaskRow> = (1..)
            .zip(odd)
            .map(|(block, odd)| {
                let mut row = task(shard, block);
                row.details.assignee = Some(odd.into());
                row.details.candidate_users = vec!["x".into(), odd.into()];
                row
            })
            .collect();
        commit(store, shard, rows.iter().cloned().map(Op::PutUserTask).collect());
        for (block, odd) in (1..).zip(odd) {
            for column in [TaskColumn::Assignee, TaskColumn::CandidateUser] {
                for test in [Test::Is(text(odd)), Test::In(vec![text(odd)])] {
                    assert_eq!(found(store, &where_(column, test)), [block], "{odd:?}");
                }
            }
        }
        assert_eq!(found(store, &Query::default()).len(), odd.len());
    });
}

#[test]
fn all_conditions_must_hold() {
    each_store(|store, shard| {
        tasks(store, shard);
        let mut query = where_(TaskColumn::DueMs, Test::Is(number(20)));
        query
            .conditions
            .push(Condition { column: TaskColumn::CandidateGroup, test: Test::Is(text("sales")) });
        assert_eq!(found(store, &query), [2]);
        query.conditions.push(Condition { column: TaskColumn::Assignee, test: Test::Exists(true) });
        assert!(found(store, &query).is_empty());
    });
}

type Sort = Vec<(TaskColumn, Direction)>;

#[test]
fn absent_values_come_first_in_ascending_order_and_equal_rows_in_that_of_their_keys() {
    use Direction::{Ascending, Descending};
    use TaskColumn::{Assignee, CandidateGroup, DueMs, Key};
    each_store(|store, shard| {
        tasks(store, shard);
        let cases: Vec<(Sort, [u64; 4])> = vec![
            (vec![], [1, 2, 3, 4]),
            (vec![(Key, Descending)], [4, 3, 2, 1]),
            (vec![(DueMs, Ascending)], [3, 1, 2, 4]),
            (vec![(DueMs, Descending)], [2, 4, 1, 3]),
            (vec![(DueMs, Descending), (Key, Descending)], [4, 2, 1, 3]),
            (vec![(DueMs, Ascending), (Assignee, Descending)], [3, 1, 4, 2]),
            (vec![(Assignee, Ascending)], [2, 3, 4, 1]),
            // A list by its smallest text.
            (vec![(CandidateGroup, Ascending)], [3, 4, 1, 2]),
            (vec![(CandidateGroup, Descending)], [1, 2, 4, 3]),
        ];
        for (sort, expected) in cases {
            let query = Query { sort, ..Query::default() };
            assert_eq!(found(store, &query), expected, "{query:?}");
        }
    });
}

#[test]
fn a_page_is_a_part_of_the_answer_and_the_total_is_of_all_of_it() {
    each_store(|store, shard| {
        let rows: Vec<InstanceRow> = (1..=30).map(|block| instance(shard, block)).collect();
        commit(store, shard, rows.iter().cloned().map(Op::PutInstance).collect());
        let mut reader = reader(store);
        for (from, limit) in [(0, 0), (0, 7), (7, 7), (28, 7), (30, 7), (u32::MAX, u32::MAX)] {
            let page = Page { from, limit };
            let query = Query {
                page,
                ..where_(InstanceColumn::StartedMs, Test::Above(number(rows[4].started_ms)))
            };
            let found = reader.find_instances(&query).unwrap();
            let expected: Vec<_> =
                rows[5..].iter().skip(from as usize).take(limit as usize).cloned().collect();
            assert_eq!(found, Found { rows: expected, total: 25 }, "{page:?}");
        }
    });
}

#[test]
fn counting_ends_at_its_limit() {
    each_store(|store, shard| {
        let most = Found::<InstanceRow>::COUNT_MAX;
        let put = |block| Op::PutInstance(instance(shard, block));
        commit(store, shard, (1..most).map(put).collect());
        let mut reader = reader(store);
        let mut total = || reader.find_instances(&Query::default()).unwrap().total;
        assert_eq!(total(), most - 1);
        commit(store, shard, vec![put(most)]);
        assert_eq!(total(), most);
        commit(store, shard, vec![put(most + 1), put(most + 2)]);
        assert_eq!(total(), most);
    });
}

#[test]
fn every_column_of_instances_holds_what_it_says() {
    use InstanceColumn as C;
    each_store(|store, shard| {
        let mut row = instance(shard, 1);
        row.business_id = Some("A-1".into());
        row.tags = vec!["vip".into(), "eu".into()];
        row.state = InstanceState::Terminated;
        row.ended_ms = Some(77);
        row.incidents = 2;
        row.version = 5;
        let caller: base::Key = crate::rig::key(shard, 7);
        let root = crate::rig::key(shard, 6);
        row.parent =
            Some(base::Parent { instance: caller.into(), element: caller.offset(3).into(), root });
        let mut other = instance(shard, 2);
        other.definition = crate::rig::key(shard, 901);
        other.process_id = "audit".into();
        commit(store, shard, vec![Op::PutInstance(row.clone()), Op::PutInstance(other)]);
        let cases = [
            (C::Key, number(row.instance.0.as_i64())),
            (C::Definition, number(row.definition.0.as_i64())),
            (C::ProcessId, text("order")),
            (C::Version, number(5)),
            (C::State, number(2)),
            (C::BusinessId, text("A-1")),
            (C::Tag, text("vip")),
            (C::Tag, text("eu")),
            (C::StartedMs, number(row.started_ms)),
            (C::EndedMs, number(77)),
            (C::HasIncident, number(1)),
            (C::Parent, number(caller.as_i64())),
            (C::ParentElement, number(caller.offset(3).as_i64())),
        ];
        for (column, value) in cases {
            let found = reader(store).find_instances(&where_(column, Test::Is(value))).unwrap();
            assert_eq!(found.rows, [row.clone()], "{column:?}");
        }
    });
}

#[test]
fn every_column_of_jobs_holds_what_it_says() {
    use JobColumn as C;
    each_store(|store, shard| {
        let mut row = job(shard, 1, "pay", 10);
        row.state = base::JobState::Exhausted;
        row.worker = "w-1".into();
        let mut other = job(shard, 2, "ship", 11);
        (other.definition, other.element_id) = (crate::rig::key(shard, 901), "ship".into());
        other.retries = 1;
        commit(store, shard, vec![Op::PutJob(row.clone()), Op::PutJob(other)]);
        let cases = [
            (C::Key, number(row.job.0.as_i64())),
            (C::Instance, number(row.instance.0.as_i64())),
            (C::Definition, number(row.definition.0.as_i64())),
            (C::ElementId, text("pay")),
            (C::ElementKey, number(row.owner.0.as_i64())),
            (C::Type, text("pay")),
            (C::AvailableMs, number(10)),
            (C::State, number(3)),
            (C::Retries, number(3)),
            (C::Worker, text("w-1")),
        ];
        for (column, value) in cases {
            let found = reader(store).find_jobs(&where_(column, Test::Is(value))).unwrap();
            assert_eq!(found.rows, [row.clone()], "{column:?}");
        }
        // An empty text is there.
        let unworked = where_(C::Worker, Test::Exists(false));
        assert_eq!(reader(store).find_jobs(&unworked).unwrap().total, 0);
    });
}

#[test]
fn every_column_of_tasks_holds_what_it_says() {
    use TaskColumn as C;
    each_store(|store, shard| {
        let mut row = task(shard, 1);
        row.details = base::UserTaskDetails {
            assignee: Some("ann".into()),
            candidate_groups: vec!["sales".into()],
            candidate_users: vec!["bob".into()],
            due_ms: Some(7),
            follow_up_ms: Some(8),
            priority: 51,
        };
        row.created_ms = 9;
        let mut other = task(shard, 2);
        (other.definition, other.process_id) = (crate::rig::key(shard, 901), "audit".into());
        other.element_id = "check".into();
        commit(store, shard, vec![Op::PutUserTask(row.clone()), Op::PutUserTask(other)]);
        let cases = [
            (C::Key, number(row.task.0.as_i64())),
            (C::Instance, number(row.instance.0.as_i64())),
            (C::Definition, number(row.definition.0.as_i64())),
            (C::ProcessId, text("order")),
            (C::ElementId, text("approve")),
            (C::ElementKey, number(row.owner.0.as_i64())),
            (C::Assignee, text("ann")),
            (C::CandidateGroup, text("sales")),
            (C::CandidateUser, text("bob")),
            (C::DueMs, number(7)),
            (C::FollowUpMs, number(8)),
            (C::Priority, number(51)),
            (C::CreatedMs, number(9)),
        ];
        for (column, value) in cases {
            let found = reader(store).find_tasks(&where_(column, Test::Is(value))).unwrap();
            assert_eq!(found.rows, [row.clone()], "{column:?}");
        }
    });
}

#[test]
fn every_column_of_incidents_holds_what_it_says() {
    use IncidentColumn as C;
    each_store(|store, shard| {
        let mut row = incident(shard, 1);
        row.job = Some(crate::rig::key(shard, 1));
        row.created_ms = 9;
        let mut other = incident(shard, 2);
        (other.definition, other.process_id) = (crate::rig::key(shard, 901), "audit".into());
        (other.element_id, other.message) = ("check".into(), "m".into());
        other.kind = base::IncidentKind::Deadlock;
        commit(store, shard, vec![Op::PutIncident(row.clone()), Op::PutIncident(other)]);
        let cases = [
            (C::Key, number(row.incident.0.as_i64())),
            (C::Instance, number(row.instance.0.as_i64())),
            (C::Definition, number(row.definition.0.as_i64())),
            (C::ProcessId, text("order")),
            (C::ElementId, text("pay")),
            (C::ElementKey, number(row.owner.0.as_i64())),
            (C::Job, number(row.job.unwrap().0.as_i64())),
            (C::Kind, text("CONDITION_ERROR")),
            (C::Message, text(&row.message)),
            (C::CreatedMs, number(9)),
        ];
        for (column, value) in cases {
            let found = reader(store).find_incidents(&where_(column, Test::Is(value))).unwrap();
            assert_eq!(found.rows, [row.clone()], "{column:?}");
        }
    });
}

//! Deleting an instance: no row names it, and of what it held nothing is in the file.

use base::{InstanceKey, InstanceState, Key, KeyRange, LogRow, Op, Parent, ShardId, SnapshotRow};
use store::{SqliteOptions, SqliteStore, Store};

use crate::rig::{commit, each_store, instance, key, reader};

const SECRET: &str = "the patient is called Ada";

fn of(block: u64, parent: Option<InstanceKey>) -> Vec<Op> {
    let mut row = instance(ShardId::FIRST, block);
    row.state = InstanceState::Completed;
    row.business_id = Some(SECRET.into());
    let root: InstanceKey = key(ShardId::FIRST, 1);
    row.parent = parent.map(|instance| Parent { instance, element: instance.root(), root });
    let instance = row.instance;
    let first = Key::of_block(ShardId::FIRST, block * 100);
    let bytes = |more: usize| SECRET.repeat(more).into_bytes();
    vec![
        Op::Append(LogRow { instance, seq: 0, bytes: bytes(3) }),
        // Large enough for pages of its own.
        Op::Append(LogRow { instance, seq: 1, bytes: bytes(1_000) }),
        Op::PutSnapshot(SnapshotRow { instance, next_seq: 2, bytes: bytes(1_000) }),
        Op::PutKeyRange(KeyRange { first, end: first.offset(256), instance }),
        Op::PutInstance(row),
    ]
}

/// Three that have called each other, and one beside them.
fn all() -> Vec<Op> {
    let at = |block| key::<InstanceKey>(ShardId::FIRST, block);
    let mut ops = of(1, None);
    ops.extend(of(2, Some(at(1))));
    ops.extend(of(3, Some(at(2))));
    ops.extend(of(4, None));
    ops
}

fn is_left(store: &dyn Store, block: u64) -> bool {
    let mut reader = reader(store);
    let instance: InstanceKey = key(ShardId::FIRST, block);
    let row = reader.instance(instance).unwrap().is_some();
    let log = !reader.log(instance, 0, 10).unwrap().is_empty();
    let state = reader.state(instance).unwrap();
    let snapshot = state.as_ref().is_some_and(|state| state.snapshot.is_some());
    let further = reader.owner(Key::of_block(ShardId::FIRST, block * 100)).unwrap().is_some();
    assert!([log, state.is_some(), snapshot, further].iter().all(|part| *part == row), "{block}");
    row
}

#[test]
fn what_lives_of_all_that_an_instance_has_called_is_known() {
    each_store(|store, _| {
        commit(store, ShardId::FIRST, all());
        let at = |block| key::<InstanceKey>(ShardId::FIRST, block);
        let live = |block| reader(store).live_called(at(block)).unwrap();
        assert_eq!(live(1), None);
        let mut row = reader(store).instance(at(3)).unwrap().unwrap();
        for state in [InstanceState::Active, InstanceState::Suspended] {
            row.state = state;
            commit(store, ShardId::FIRST, vec![Op::PutInstance(row.clone())]);
            assert_eq!((live(1), live(2)), (Some(at(3)), Some(at(3))));
            // Not itself, and nothing of another one.
            assert_eq!((live(3), live(4)), (None, None));
        }
    });
}

#[test]
fn an_instance_goes_with_all_that_it_has_called_and_nothing_else() {
    each_store(|store, _| {
        commit(store, ShardId::FIRST, all());
        assert!((1..=4).all(|block| is_left(store, block)));
        commit(store, ShardId::FIRST, vec![Op::DeleteInstance(key(ShardId::FIRST, 1))]);
        assert!((1..=3).all(|block| !is_left(store, block)));
        assert!(is_left(store, 4));
        // What is not there is no error; and what was written in the same commit goes too.
        commit(store, ShardId::FIRST, vec![Op::DeleteInstance(key(ShardId::FIRST, 1))]);
        let mut ops = of(5, None);
        ops.push(Op::DeleteInstance(key(ShardId::FIRST, 5)));
        commit(store, ShardId::FIRST, ops);
        assert!(!is_left(store, 5));
    });
}

#[test]
fn nothing_of_a_deleted_instance_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(dir.path(), SqliteOptions::default()).unwrap();
    let holds = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| {
                let bytes = std::fs::read(path).unwrap();
                bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
            })
            .count()
    };
    let store = open();
    let mut ops = of(1, None);
    ops.extend(of(2, Some(key(ShardId::FIRST, 1))));
    commit(&store, ShardId::FIRST, ops);
    drop(store);
    assert_eq!(holds(), 1, "or this test finds nothing");
    let store = open();
    commit(&store, ShardId::FIRST, vec![Op::DeleteInstance(key(ShardId::FIRST, 1))]);
    // Closing copies the write-ahead log.
    drop(store);
    assert_eq!(holds(), 0);
    assert!(SqliteStore::check(dir.path()).is_ok());
}

#[test]
fn a_deleted_definition_and_graph_say_when() {
    each_store(|store, _| {
        let (definition, graph) = (crate::rig::definition(3), crate::rig::graph(5));
        let (key, of_decisions) = (definition.key, graph.key);
        commit(
            store,
            ShardId::FIRST,
            vec![Op::PutDefinition(definition), Op::PutDecisionGraph(graph)],
        );
        let retired = vec![
            Op::RetireDefinition { definition: key, at_ms: 7 },
            Op::RetireDecisionGraph { graph: of_decisions, at_ms: 8 },
            // What is not there is no error.
            Op::RetireDefinition { definition: base::DefinitionKey(of_decisions.0), at_ms: 9 },
        ];
        commit(store, ShardId::FIRST, retired);
        let mut reader = reader(store);
        assert_eq!(reader.definition(key).unwrap().unwrap().deleted_ms, Some(7));
        assert_eq!(reader.definitions().unwrap()[0].deleted_ms, Some(7));
        assert_eq!(reader.decision_graph(of_decisions).unwrap().unwrap().deleted_ms, Some(8));
        assert_eq!(reader.decision_graphs().unwrap()[0].deleted_ms, Some(8));
    });
}

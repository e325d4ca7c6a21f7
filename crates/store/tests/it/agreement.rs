//! Both stores answer the same after the same batches, whatever they are: what the one with maps
//! says is what the one with SQL must say.

use base::{
    Batch, DefinitionTimerRow, InstanceState, JobState, Key, KeyRange, MailRow, Op, Parent,
    ShardId, ShardRow, SnapshotRow, StartLockRow, SuspendedRow,
};
use store::{
    Condition, Direction, IncidentColumn, InstanceColumn, JobColumn, MemoryStore, Page, Query,
    Reader, SqliteOptions, SqliteStore, Store, TaskColumn, Test, Value,
};

use std::mem::discriminant;

use crate::rig::{
    definition, graph, incident, instance, job, key, log, message, subscription, task, timer,
};

const SHARDS: u16 = 3;
/// More were run when this was written; each takes about a second on a slow disk.
const SEEDS: u64 = 8;
/// Few blocks, so that rows meet.
const BLOCKS: u64 = 12;

/// Xorshift: a seed is a story.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn number(&mut self) -> i64 {
        *self.one(&[i64::MIN, -1, 0, 1, 2, 3, 20, 1_700_000_000_005, i64::MAX])
    }

    fn text(&mut self) -> &'static str {
        let texts = ["", "a", "b", "ab", "a*b", "A", "order", "pay", "ü", "\"\\", "2", "10"];
        texts[usize::try_from(self.below(texts.len() as u64)).unwrap()]
    }

    fn shard(&mut self) -> ShardId {
        ShardId(u16::try_from(self.below(SHARDS.into())).unwrap())
    }

    fn block(&mut self) -> u64 {
        1 + self.below(BLOCKS)
    }
}

fn instance_op(dice: &mut Dice) -> Op {
    let mut row = instance(dice.shard(), dice.block());
    row.definition = key(ShardId::FIRST, dice.block());
    row.process_id = dice.text().into();
    row.version = i32::try_from(dice.below(3)).unwrap();
    row.state =
        *dice.one(&[InstanceState::Active, InstanceState::Completed, InstanceState::Terminated]);
    if dice.below(3) == 0 {
        row.state = InstanceState::Suspended;
        let reason = dice.text().into();
        row.suspended = Some(SuspendedRow { since_ms: dice.number(), reason });
    }
    row.canceling = (dice.below(3) == 0).then_some(2);
    row.business_id = (dice.below(2) == 0).then(|| dice.text().into());
    row.tags = (0..dice.below(3)).map(|_| dice.text().into()).collect();
    row.started_ms = dice.number();
    row.ended_ms = (dice.below(2) == 0).then(|| dice.number());
    row.incidents = u32::try_from(dice.below(2)).unwrap();
    row.parent = (dice.below(2) == 0).then(|| Parent {
        instance: key(ShardId::FIRST, dice.block()),
        element: key(ShardId::FIRST, dice.block()),
        root: key(ShardId::FIRST, dice.block()),
    });
    Op::PutInstance(row)
}

fn job_op(dice: &mut Dice) -> Op {
    let mut row = job(dice.shard(), dice.block(), "", dice.number());
    if dice.below(3) == 0 {
        return Op::DeleteJob(row.job);
    }
    row.job_type = dice.text().into();
    row.element_id = dice.text().into();
    row.worker = dice.text().into();
    row.state = *dice.one(&[JobState::Created, JobState::Leased, JobState::Exhausted]);
    row.retries = i32::try_from(dice.below(3)).unwrap();
    Op::PutJob(row)
}

fn task_op(dice: &mut Dice) -> Op {
    let mut row = task(dice.shard(), dice.block());
    if dice.below(3) == 0 {
        return Op::DeleteUserTask(row.task);
    }
    row.details.assignee = (dice.below(2) == 0).then(|| dice.text().into());
    row.details.candidate_groups = (0..dice.below(3)).map(|_| dice.text().into()).collect();
    row.details.due_ms = (dice.below(2) == 0).then(|| dice.number());
    row.details.priority = i32::try_from(dice.below(3)).unwrap();
    Op::PutUserTask(row)
}

fn slot_op(dice: &mut Dice) -> Op {
    let shard = dice.shard();
    let mut subscribed = subscription(dice.shard(), dice.block(), shard, dice.text());
    subscribed.name = dice.text().into();
    let mut published = message(shard, dice.block(), dice.text());
    published.name = dice.text().into();
    published.kept_until_ms = dice.number();
    let lock = StartLockRow {
        shard,
        process_id: dice.text().into(),
        name: dice.text().into(),
        correlation_key: dice.text().into(),
        instance: key(shard, dice.block()),
    };
    match dice.below(6) {
        0 => Op::DeleteSubscription(subscribed.subscription),
        1 => Op::PutSubscription(subscribed),
        2 => Op::DeleteMessage(published.message),
        3 => Op::PutMessage(published),
        4 => Op::PutStartLock(lock),
        _ => Op::DeleteStartLock {
            shard,
            process_id: lock.process_id,
            name: lock.name,
            correlation_key: lock.correlation_key,
        },
    }
}

fn other_op(dice: &mut Dice) -> Op {
    let (shard, block) = (dice.shard(), dice.block());
    let element = u32::try_from(dice.below(3)).unwrap();
    let due = DefinitionTimerRow {
        definition: key(ShardId::FIRST, block),
        element,
        due_ms: dice.number(),
        repeats: -1,
    };
    let post = MailRow { to: shard, from: dice.shard(), number: dice.below(4), bytes: vec![1; 9] };
    let first = Key::of_block(shard, 50 + 2 * block);
    let range = KeyRange { first, end: first.offset(512), instance: key(shard, block) };
    match dice.below(13) {
        0 => Op::PutTimer(timer(shard, block, dice.number())),
        1 => Op::DeleteTimer(timer(shard, block, 0).timer),
        2 => Op::PutIncident(incident(shard, block)),
        3 => Op::DeleteIncident(incident(shard, block).incident),
        4 => Op::PutSnapshot(SnapshotRow {
            instance: key(shard, block),
            next_seq: dice.below(2),
            bytes: vec![3; 10],
        }),
        5 => Op::PutKeyRange(range),
        6 => Op::DeleteMail { to: post.to, from: post.from, number: post.number },
        7 => Op::PutMail(post),
        8 => Op::PutDefinition(definition(1 + block)),
        9 => Op::DeleteDefinitionTimers(due.definition),
        11 => Op::PutDecisionGraph(graph(1 + block)),
        10 => Op::DeleteDefinitionTimer { definition: due.definition, element },
        _ => Op::PutDefinitionTimer(due),
    }
}

/// `next` counts the rows of each log, so that no duplicate is written.
fn ops(dice: &mut Dice, next: &mut [u64]) -> Vec<Op> {
    (0..dice.below(20))
        .map(|_| match dice.below(6) {
            0 => {
                let of = dice.below(BLOCKS);
                let seq = &mut next[usize::try_from(of).unwrap()];
                *seq += 1;
                Op::Append(log(key(ShardId(1), 1 + of), *seq - 1))
            }
            1 => instance_op(dice),
            2 => job_op(dice),
            3 => task_op(dice),
            4 => slot_op(dice),
            _ => other_op(dice),
        })
        .collect()
}

fn value(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => Value::Number(dice.number()),
        1 => Value::Number(Key::of_block(dice.shard(), dice.block()).as_i64()),
        _ => Value::Text(dice.text().to_owned()),
    }
}

fn query<C: Copy>(dice: &mut Dice, columns: &[C]) -> Query<C> {
    let test = |dice: &mut Dice| match dice.below(10) {
        0 => Test::Is(value(dice)),
        1 => Test::Not(value(dice)),
        2 => Test::Exists(dice.below(2) == 0),
        3 => Test::In((0..dice.below(4)).map(|_| value(dice)).collect()),
        4 => Test::NotIn((0..dice.below(4)).map(|_| value(dice)).collect()),
        5 => Test::Above(value(dice)),
        6 => Test::AtLeast(value(dice)),
        7 => Test::Below(value(dice)),
        8 => Test::AtMost(value(dice)),
        _ => Test::Like((*dice.one(&["*", "a*", "?", r"a\*b", "*b", "", "o*r"])).to_owned()),
    };
    let conditions = (0..dice.below(3))
        .map(|_| Condition { column: *dice.one(columns), test: test(dice) })
        .collect();
    let sort = (0..dice.below(3))
        .map(|_| (*dice.one(columns), *dice.one(&[Direction::Ascending, Direction::Descending])))
        .collect();
    let number = |dice: &mut Dice| u32::try_from(dice.below(30)).unwrap();
    Query { conditions, sort, page: Page { from: number(dice) / 5, limit: number(dice) } }
}

/// What a question is answered, as text, so that answers of every kind can be compared.
type Question = Box<dyn Fn(&mut dyn Reader) -> String>;

macro_rules! question {
    ($method:ident($($arg:expr),*)) => {
        Box::new(move |reader: &mut dyn Reader| {
            format!("{:?}", reader.$method($($arg),*).map_err(|fault| discriminant(&fault)))
        }) as Question
    };
}

fn questions(dice: &mut Dice) -> Vec<Question> {
    use {IncidentColumn as N, InstanceColumn as I, JobColumn as J, TaskColumn as T};
    let (shard, block, other) = (dice.shard(), dice.block(), dice.block());
    let (number, limit) = (dice.number(), u32::try_from(dice.below(8)).unwrap());
    let (name, text) = (dice.text(), dice.text());
    let place = Key::of_block(shard, 50 + other * 2).offset(dice.below(600));
    let instances = query(
        dice,
        &[
            I::Key,
            I::Definition,
            I::ProcessId,
            I::Version,
            I::State,
            I::BusinessId,
            I::Tag,
            I::StartedMs,
            I::EndedMs,
            I::HasIncident,
            I::Parent,
            I::ParentElement,
        ],
    );
    let jobs = query(
        dice,
        &[
            J::Key,
            J::Instance,
            J::Definition,
            J::ElementId,
            J::ElementKey,
            J::Type,
            J::AvailableMs,
            J::State,
            J::Retries,
            J::Worker,
        ],
    );
    let tasks =
        query(dice, &[T::Key, T::Instance, T::Assignee, T::CandidateGroup, T::DueMs, T::Priority]);
    let incidents = query(dice, &[N::Key, N::Instance, N::Job, N::Kind, N::Message]);
    vec![
        question!(shard(shard)),
        question!(definitions()),
        question!(definition(key(ShardId::FIRST, block))),
        question!(definition_timers()),
        question!(decision_graphs()),
        question!(decision_graph(key(ShardId::FIRST, block))),
        question!(owner(place)),
        question!(owner(Key::of_block(shard, block).offset(5))),
        question!(instance(key(shard, block))),
        question!(state(key(ShardId(1), block))),
        question!(log(key(ShardId(1), block), 1, limit)),
        question!(queue(shard, name, None, 100)),
        question!(queue(shard, name, Some((number, key(shard, block))), limit)),
        question!(timers(shard, None, 100)),
        question!(timers(shard, Some((number, key(shard, block))), limit)),
        question!(slot(shard, name, text)),
        question!(messages_kept_until(shard, number, limit)),
        question!(mail(shard)),
        question!(business_id(name, text)),
        question!(live_called(key(shard, block))),
        question!(find_instances(&instances)),
        question!(find_jobs(&jobs)),
        question!(find_tasks(&tasks)),
        question!(find_incidents(&incidents)),
    ]
}

#[test]
fn both_stores_answer_the_same() {
    for seed in 1..=SEEDS {
        let dice = &mut Dice(seed);
        let dir = tempfile::tempdir().unwrap();
        let memory = MemoryStore::new(SHARDS);
        let options = SqliteOptions { shards: Some(SHARDS), ..SqliteOptions::default() };
        let mut file = SqliteStore::open(dir.path(), options).unwrap();
        let mut next: Vec<u64> = (0..BLOCKS).map(|_| 0).collect();
        for round in 0..40 {
            let batches: Vec<Batch> = (0..dice.below(4))
                .map(|_| {
                    let (shard, next_block) = (dice.shard(), dice.below(100));
                    let ops = ops(dice, &mut next);
                    Batch { shard: ShardRow { shard, next_block, next_mail: 0 }, ops }
                })
                .collect();
            memory.writer().unwrap().commit(&batches).unwrap();
            file.writer().unwrap().commit(&batches).unwrap();
            if round == 20 {
                drop(file);
                file = SqliteStore::open(dir.path(), options).unwrap();
            }
            let (mut ours, mut theirs) = (file.reader().unwrap(), memory.reader().unwrap());
            for (at, ask) in questions(dice).iter().enumerate() {
                let (ours, theirs) = (ask(&mut *ours), ask(&mut *theirs));
                assert_eq!(ours, theirs, "seed {seed}, round {round}, question {at}");
            }
        }
        drop(file);
        SqliteStore::check(dir.path()).unwrap();
    }
}

#[test]
fn both_stores_answer_the_same_about_more_rows_than_are_counted() {
    let dice = &mut Dice(77);
    let dir = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new(1);
    let file = SqliteStore::open(dir.path(), SqliteOptions::default()).unwrap();
    let ops = (1..=10_500).flat_map(|block| {
        let mut row = instance(ShardId::FIRST, block);
        row.process_id = (*dice.one(&["order", "order", "order", "audit"])).into();
        row.definition = key(ShardId::FIRST, if &*row.process_id == "order" { 1 } else { 2 });
        row.started_ms = i64::try_from(dice.below(1_000)).unwrap();
        row.incidents = u32::from(dice.below(50) == 0);
        let mut work = job(ShardId::FIRST, block, "pay", row.started_ms);
        work.retries = i32::try_from(dice.below(3)).unwrap();
        [Op::PutInstance(row), Op::PutJob(work)]
    });
    let batch = crate::rig::batch(ShardId::FIRST, ops.collect());
    memory.writer().unwrap().commit(std::slice::from_ref(&batch)).unwrap();
    file.writer().unwrap().commit(&[batch]).unwrap();

    let (mut ours, mut theirs) = (file.reader().unwrap(), memory.reader().unwrap());
    let tests = [Test::Exists(true), Test::Is(Value::Text("audit".to_owned()))];
    for test in tests {
        for sort in [InstanceColumn::Key, InstanceColumn::StartedMs, InstanceColumn::HasIncident] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let query = Query {
                    conditions: vec![Condition {
                        column: InstanceColumn::ProcessId,
                        test: test.clone(),
                    }],
                    sort: vec![(sort, direction)],
                    page: Page { from: 40, limit: 30 },
                };
                let (ours, theirs) = (ours.find_instances(&query), theirs.find_instances(&query));
                assert_eq!(ours, theirs, "{query:?}");
            }
        }
    }
    for sort in [vec![], vec![(JobColumn::Retries, Direction::Descending)]] {
        let is_pay =
            Condition { column: JobColumn::Type, test: Test::Is(Value::Text("pay".to_owned())) };
        let query = Query { conditions: vec![is_pay], sort, page: Page::default() };
        assert_eq!(ours.find_jobs(&query), theirs.find_jobs(&query), "{query:?}");
    }
}

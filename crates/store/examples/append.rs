//! How fast groups of steps are committed: `cargo run --release -p fermata-store --example append
//! -- [groups] [steps in a group] [live instances] [directory]`.
//!
//! A step is what the engine writes when a job is completed and the next one is created: two rows
//! of a log, 120 bytes each, one job gone, one job new. Instances take eight steps; which one is
//! next is drawn at random, so that writes are as scattered as in life.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base::{
    Batch, DefinitionKey, ElementKey, InstanceKey, JobKey, JobRole, JobRow, JobState, Key, LogRow,
    Op, ShardId, ShardRow, Text,
};
use fermata_store::{SqliteOptions, SqliteStore, Store};

const SHARD: ShardId = ShardId::FIRST;
const STEPS_PER_INSTANCE: u64 = 8;

/// A live instance: its key and how many steps it took.
#[derive(Clone, Copy)]
struct Live {
    instance: InstanceKey,
    steps: u64,
}

struct Load {
    live: Vec<Live>,
    next_block: u64,
    random: u64,
}

impl Load {
    fn new(live: u64) -> Self {
        let live = (1..=live).map(Live::new).collect::<Vec<_>>();
        Self { next_block: live.len() as u64 + 1, live, random: 1 }
    }

    /// Xorshift: the same steps in every run.
    fn draw(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 1).unwrap_or_default() % self.live.len()
    }

    fn step(&mut self, ops: &mut Vec<Op>) {
        let at = self.draw();
        let Live { instance, steps } = self.live[at];
        for seq in [2 * steps, 2 * steps + 1] {
            ops.push(Op::Append(LogRow { instance, seq, bytes: vec![0xa5; 120] }));
        }
        ops.push(Op::DeleteJob(JobKey(instance.0.offset(steps))));
        self.live[at].steps += 1;
        if self.live[at].steps < STEPS_PER_INSTANCE {
            ops.push(Op::PutJob(job(instance, steps + 1)));
        } else {
            self.live[at] = Live::new(self.next_block);
            self.next_block += 1;
        }
    }
}

impl Live {
    fn new(block: u64) -> Self {
        Self { instance: InstanceKey(Key::of_block(SHARD, block)), steps: 0 }
    }
}

fn job(instance: InstanceKey, offset: u64) -> JobRow {
    JobRow {
        job: JobKey(instance.0.offset(offset)),
        instance,
        definition: DefinitionKey(Key::of_block(SHARD, 1)),
        element_id: "collect-money".into(),
        owner: ElementKey(instance.0.offset(offset)),
        job_type: "payment-service".into(),
        available_ms: 1_700_000_000_000,
        state: JobState::Created,
        retries: 3,
        worker: Text::default(),
        error_message: Text::default(),
        error_code: Text::default(),
        role: JobRole::Work,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = |otherwise: u64| args.next().map_or(Ok(otherwise), |arg| arg.parse());
    let (groups, group, live) = (number(1_000)?, number(128)?, number(10_000)?);
    let scratch = std::env::temp_dir().join(format!("fermata-append-{}", std::process::id()));
    let dir = args.next().map_or(scratch, PathBuf::from);
    let store = SqliteStore::open(&dir, SqliteOptions::default())?;
    let mut writer = store.writer()?;
    let mut load = Load::new(live);
    let mut times = Vec::new();
    let began = Instant::now();
    let mut in_commit = Duration::ZERO;
    for _ in 0..groups {
        let mut ops = Vec::new();
        (0..group).for_each(|_| load.step(&mut ops));
        let shard = ShardRow { shard: SHARD, next_block: load.next_block, next_mail: 0 };
        let batch = Batch { shard, ops };
        let commit_began = Instant::now();
        writer.commit(&[batch])?;
        times.push(commit_began.elapsed());
        in_commit += commit_began.elapsed();
    }
    let all = began.elapsed();
    let log_bytes = std::fs::metadata(dir.join("fermata.db-wal"))?.len();
    drop((writer, store));
    let bytes = std::fs::metadata(dir.join("fermata.db"))?.len();
    times.sort();
    let per_mille = |at: usize| times[(times.len() - 1) * at / 1000];
    #[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
    let rate = |count: u64| count as f64 / in_commit.as_secs_f64();
    println!(
        "groups {groups} of {group} steps, {live} live instances: {:.0} commits/s, {:.0} steps/s, \
         {:.0} rows/s; commit p50 {:?} p99 {:?} max {:?}; {} bytes on disk per row of the log; \
         write-ahead log {} KiB; {all:.2?} in all",
        rate(groups),
        rate(groups * group),
        rate(groups * group * 4),
        per_mille(500),
        per_mille(990),
        per_mille(1000),
        bytes / (groups * group * 2),
        log_bytes / 1024,
    );
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

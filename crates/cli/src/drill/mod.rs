//! `fermata demo`: the order process with working workers and people, and a server that is killed
//! in the middle (SIGKILL) and started again; at the end every order is checked.
//!
//! The same drill is the kill test: more orders, more kills, a seed.

mod check;
mod external;
mod orders;
mod people;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use client::{Client, ResourceFile};
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::process::{Launch, ServerProcess};
use orders::Order;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The model, as the examples have it.
const MODEL: &str = include_str!("../../../../examples/order-fulfilment/order-fulfilment.bpmn");
/// How long a lease of the drill's own workers lasts: a job that a kill took away comes back.
const LEASE: Duration = Duration::from_secs(3);
/// How long the whole may stand still before it is given up.
const STANDSTILL_MAX: Duration = Duration::from_secs(90);

/// What can be set.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Orders to start
    #[arg(long, default_value_t = 100)]
    orders: u32,
    /// How often the server is killed with SIGKILL and started again
    #[arg(long, default_value_t = 1)]
    kills: u32,
    /// Where in the work the kills fall
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Shards of the server
    #[arg(long)]
    shards: Option<u16>,
    /// Where the server keeps its data (default: a fresh directory, removed at the end)
    #[arg(long)]
    data: Option<PathBuf>,
    /// Use the workers of this checkout's examples, with this Python that has pyzeebe, instead of
    /// those built in
    #[arg(long, value_name = "PYTHON")]
    example_workers: Option<PathBuf>,
}

/// What clients were told was done.
#[derive(Debug, Default)]
struct Acknowledged {
    /// Instances by order.
    created: BTreeMap<String, String>,
    /// Messages by order.
    published: BTreeSet<String>,
    jobs: BTreeSet<i64>,
    tasks: BTreeSet<String>,
}

/// What all parts of the drill share.
#[derive(Debug)]
struct Drill {
    client: Client,
    grpc: String,
    acknowledged: Mutex<Acknowledged>,
    /// Commands that were acknowledged: the drill's own clock.
    progress: AtomicU64,
}

impl Drill {
    fn acknowledge(&self, note: impl FnOnce(&mut Acknowledged)) {
        note(&mut self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) fn run(args: &DemoArgs, json: bool) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(drill(args, json)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("fermata: the demo failed: {error}");
            ExitCode::from(2)
        }
    }
}

async fn drill(args: &DemoArgs, json: bool) -> Result<bool, Failure> {
    let launch = Launch {
        data: args.data.clone(),
        shards: args.shards,
        // An order whose start was not acknowledged is started again under the same name.
        flags: vec!["--business-id-unique".into()],
    };
    let mut server = ServerProcess::start(launch).await?;
    let client = Client::connect(&server.rest)?;
    let file = ResourceFile { name: "order-fulfilment.bpmn".into(), bytes: MODEL.into() };
    client.deploy(&[file]).await?;
    let drill = Arc::new(Drill {
        client,
        grpc: server.grpc.clone(),
        acknowledged: Mutex::default(),
        progress: AtomicU64::new(0),
    });
    let orders: Arc<Vec<Order>> = Arc::new((0..args.orders).map(Order::numbered).collect());
    let mut tasks = JoinSet::new();
    let external = if let Some(python) = &args.example_workers {
        Some(external::Workers::start(python, &server)?)
    } else {
        workers::start(&drill, &mut tasks);
        None
    };
    people::start(&drill, &mut tasks);
    orders::start(&drill, &orders, &mut tasks);
    let begin = Instant::now();
    let restarts = watch(args, &drill, &mut server, &orders, json).await?;
    let took = begin.elapsed();
    let shown = check::states(&drill).await?;
    tasks.shutdown().await;
    drop(external);
    server.kill().await?;
    let acknowledged =
        std::mem::take(&mut *drill.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
    let report = check::check(server.data(), &orders, &acknowledged, &shown)?;
    server.remove()?;
    report.print(args, took, &restarts, json);
    Ok(report.violations.is_empty())
}

/// Waits for the end of all orders; kills the server on the way. Answers how long each restart
/// took until the server was ready.
async fn watch(
    args: &DemoArgs,
    drill: &Drill,
    server: &mut ServerProcess,
    orders: &[Order],
    json: bool,
) -> Result<Vec<Duration>, Failure> {
    let counted = args.example_workers.is_none();
    let expected: u64 = orders.iter().map(|order| order.commands(counted)).sum();
    let mut kills = kill_points(args, expected);
    let mut restarts = Vec::new();
    let mut last = (0, Instant::now());
    // Drawn on a terminal only.
    let bar = if json { ProgressBar::hidden() } else { ProgressBar::new(expected) };
    loop {
        let progress = drill.progress.load(Ordering::Relaxed);
        bar.set_position(progress.min(expected));
        if progress > last.0 {
            last = (progress, Instant::now());
        }
        if kills.last().is_some_and(|point| progress >= *point) {
            kills.pop();
            server.kill().await?;
            let begin = Instant::now();
            server.restart().await?;
            restarts.push(begin.elapsed());
            if !json {
                let ready = begin.elapsed().as_millis();
                bar.suspend(|| {
                    eprintln!("killed after {progress} commands; ready again in {ready} ms");
                });
            }
        } else if kills.is_empty() && ended(drill).await == Some(orders.len() as u64) {
            bar.finish_and_clear();
            return Ok(restarts);
        }
        if last.1.elapsed() > STANDSTILL_MAX {
            let seconds = STANDSTILL_MAX.as_secs();
            return Err(format!(
                "nothing was acknowledged for {seconds} s; look at what stands still with \
                 `fermata dev --data {}`",
                server.data().display()
            )
            .into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many instances have completed; `None` when the server does not answer now.
async fn ended(drill: &Drill) -> Option<u64> {
    let query = serde_json::json!({"filter": {"state": "COMPLETED"}});
    drill.client.search("process-instances", &query, 1).await.ok().map(|page| page.total)
}

/// After how many commands the server is killed, the last first. In the first 90 percent, so that
/// work is left after each.
fn kill_points(args: &DemoArgs, expected: u64) -> Vec<u64> {
    let mut random = Random(args.seed.max(1));
    let span = (expected * 9 / 10).max(1);
    let mut points: Vec<u64> = (0..args.kills).map(|_| 1 + random.next() % span).collect();
    if args.kills == 1 {
        points = vec![expected / 2];
    }
    points.sort_unstable_by(|a, b| b.cmp(a));
    points
}

/// Xorshift (Marsaglia 2003): the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

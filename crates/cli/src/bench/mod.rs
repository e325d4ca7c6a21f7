//! `fermata bench`: how fast the main job is, on this machine, through the public API.
//!
//! Starts a server of its own (this very binary, on a fresh store) unless one is named, so that
//! its processor time and memory can be told from the load generator's. Beside it runs what the
//! figures are compared with: a gRPC server that does nothing, and bare syncs of a file.

mod call;
mod disk;
mod echo;
mod figures;
mod grpc;
mod post;
mod rest;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::process::{Launch, ServerProcess};
use figures::{Baseline, Figures};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Connections over which the load comes.
const CONNECTIONS: u32 = 4;

/// Which face of the server is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Api {
    Grpc,
    Rest,
}

/// What can be set.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// gRPC address of a running server (default: start one on a fresh store)
    #[arg(long)]
    grpc: Option<String>,
    /// REST address of a running server, for --api rest
    #[arg(long, requires = "grpc")]
    rest: Option<String>,
    /// Which API starts instances and completes jobs
    #[arg(long, value_enum, default_value_t = Api::Grpc)]
    api: Api,
    /// Steps of the process, each a job for a worker
    #[arg(long, default_value_t = 10)]
    steps: u32,
    /// Instances under way at once
    #[arg(long, default_value_t = 256)]
    concurrency: u32,
    /// Instances to run (after a warm-up of a tenth of them)
    #[arg(long, default_value_t = 20_000)]
    instances: u64,
    /// Bytes of the variables that an instance starts with
    #[arg(long, default_value_t = 100)]
    payload: usize,
    /// Workers, each with a stream of jobs (gRPC) or a poll (REST)
    #[arg(long, default_value_t = 4)]
    workers: u32,
    /// Shards of the server that is started
    #[arg(long)]
    shards: Option<u16>,
    /// Where the server that is started keeps its data (default: a fresh directory, removed)
    #[arg(long)]
    data: Option<PathBuf>,
    /// Leave out the comparison with a server that does nothing and with bare syncs
    #[arg(long)]
    no_baseline: bool,
    /// Be the server that does nothing
    #[arg(long, hide = true)]
    echo_server: bool,
}

pub(crate) fn run(args: &BenchArgs, json: bool) -> ExitCode {
    // One caller needs one thread: more would measure their waking.
    let runtime = if args.concurrency == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    };
    let done = match runtime {
        Ok(runtime) if args.echo_server => runtime.block_on(echo::serve()),
        Ok(runtime) => runtime.block_on(bench(args, json)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fermata: the measurement failed: {error}");
            ExitCode::from(2)
        }
    }
}

async fn bench(args: &BenchArgs, json: bool) -> Result<(), Failure> {
    let baseline = if args.no_baseline { None } else { Some(baseline(args).await?) };
    let mut started = if args.grpc.is_some() {
        None
    } else {
        let (data, shards) = (args.data.clone(), args.shards);
        Some(ServerProcess::start(Launch { data, shards, flags: Vec::new() }).await?)
    };
    let (grpc, rest) = match (&args.grpc, &started) {
        (Some(grpc), _) => (grpc.clone(), args.rest.clone().unwrap_or_else(|| grpc.clone())),
        (None, Some(process)) => (process.grpc.clone(), process.rest.clone()),
        (None, None) => unreachable!("a server was named or started"),
    };
    let idle_kb = started.as_ref().and_then(ServerProcess::resident_kb);
    let deployer = call::Caller::connect(&grpc).await?;
    grpc::deploy(&deployer, model(args.steps)).await?;
    let load = match args.api {
        Api::Grpc => Load::Grpc(grpc),
        Api::Rest => Load::Rest(post::Posts::new(&rest)?),
    };
    let count = Arc::new(Count::default());
    let mut workers = JoinSet::new();
    for _ in 0..args.workers {
        load.work(&mut workers, &count);
    }
    let warm_up = (args.instances / 10).max(1);
    load.drive(args, warm_up).await?;
    let disk_before = started.as_ref().and_then(ServerProcess::disk_bytes);
    let cpu_before = started.as_ref().and_then(ServerProcess::cpu);
    let own_before = crate::process::cpu_of(std::process::id());
    let jobs_before = count.jobs.load(Ordering::Relaxed);
    let begin = Instant::now();
    let latencies = load.drive(args, args.instances).await?;
    let took = begin.elapsed();
    let steps = count.jobs.load(Ordering::Relaxed) - jobs_before;
    let spent = |after: Option<Duration>, before: Option<Duration>| {
        after.zip(before).map(|(after, before)| after.saturating_sub(before))
    };
    let cpu = spent(started.as_ref().and_then(ServerProcess::cpu), cpu_before);
    let own_cpu = spent(crate::process::cpu_of(std::process::id()), own_before);
    let disk = started.as_ref().and_then(ServerProcess::disk_bytes).zip(disk_before);
    let load_kb = started.as_ref().and_then(ServerProcess::resident_kb);
    // The answer to the last completion may come after the instance's own.
    count.over.store(true, Ordering::Relaxed);
    workers.abort_all();
    if let Some(process) = &mut started {
        process.stop().await?;
    }
    let figures = Figures {
        steps,
        instances: args.instances,
        took,
        latencies,
        cpu,
        own_cpu,
        disk: disk.map(|(after, before)| after.saturating_sub(before)),
        idle_kb,
        load_kb,
        baseline,
    };
    figures.print(args, json);
    Ok(())
}

/// What the machine does now, with as many calls at once.
async fn baseline(args: &BenchArgs) -> Result<Baseline, Failure> {
    let in_flight = args.concurrency.min(128);
    let calls = if in_flight == 1 { 10_000 } else { 100_000 };
    let sync = disk::sync_time(args.data.as_deref())?;
    Ok(Baseline { in_flight, echo: echo::measure(in_flight, calls).await?, sync })
}

/// What workers have done.
#[derive(Debug, Default)]
struct Count {
    jobs: AtomicU64,
    over: AtomicBool,
}

impl Count {
    fn completed<T>(&self, answer: Result<T, Failure>) {
        match answer {
            Ok(_) => {
                self.jobs.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) if self.over.load(Ordering::Relaxed) => {}
            Err(error) => eprintln!("fermata: a completion failed: {error}"),
        }
    }
}

/// Where the load goes.
enum Load {
    Grpc(String),
    Rest(post::Posts),
}

impl Load {
    fn work(&self, workers: &mut JoinSet<Result<(), Failure>>, count: &Arc<Count>) {
        let count = Arc::clone(count);
        match self {
            Self::Grpc(address) => {
                let address = address.clone();
                workers.spawn(grpc::work(address, count));
            }
            Self::Rest(posts) => {
                workers.spawn(rest::work(posts.clone(), count));
            }
        }
    }

    /// Runs instances from start to end, so many at once. Answers how long each took, sorted.
    async fn drive(&self, args: &BenchArgs, instances: u64) -> Result<Vec<Duration>, Failure> {
        let variables = format!(r#"{{"payload": "{}"}}"#, "x".repeat(args.payload));
        let left = Arc::new(AtomicU64::new(instances));
        let mut runs = JoinSet::new();
        let concurrency = args.concurrency.max(1);
        match self {
            Self::Grpc(address) => {
                let mut callers = Vec::new();
                for _ in 0..CONNECTIONS.min(concurrency) {
                    callers.push(call::Caller::connect(address).await?);
                }
                for caller in callers.iter().cycle().take(concurrency as usize) {
                    let (caller, left) = (caller.clone(), Arc::clone(&left));
                    runs.spawn(grpc::run_instances(caller, variables.clone(), left));
                }
            }
            Self::Rest(posts) => {
                for _ in 0..concurrency {
                    let (posts, left) = (posts.clone(), Arc::clone(&left));
                    runs.spawn(rest::run_instances(posts, variables.clone(), left));
                }
            }
        }
        let mut all = Vec::new();
        while let Some(done) = runs.join_next().await {
            all.extend(done??);
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// Takes one of what is left.
fn take(left: &AtomicU64) -> bool {
    let less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
}

/// Start, so many service tasks of type `bench-step`, end.
fn model(steps: u32) -> String {
    use std::fmt::Write as _;
    let mut xml = String::from(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:fermata:bench"><bpmn:process id="bench" isExecutable="true"><bpmn:startEvent id="n0"/>"#,
    );
    for step in 1..=steps {
        let before = step - 1;
        let _ = write!(
            xml,
            r#"<bpmn:sequenceFlow id="f{step}" sourceRef="n{before}" targetRef="n{step}"/><bpmn:serviceTask id="n{step}"><bpmn:extensionElements><zeebe:taskDefinition type="bench-step"/></bpmn:extensionElements></bpmn:serviceTask>"#
        );
    }
    let _ = write!(
        xml,
        r#"<bpmn:sequenceFlow id="last" sourceRef="n{steps}" targetRef="end"/><bpmn:endEvent id="end"/></bpmn:process></bpmn:definitions>"#
    );
    xml
}

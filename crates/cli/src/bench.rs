//! `fermata bench`: how fast the main job is, on this machine, through the public API.
//!
//! Starts a server of its own (this very binary, on a fresh store) unless one is named, so that
//! its processor time and memory can be told from the load generator's.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proto::gateway as wire;
use proto::gateway::gateway_client::GatewayClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::process::{Launch, ServerProcess};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Gateway = GatewayClient<Channel>;

/// What can be set.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// gRPC address of a running server (default: start one on a fresh store)
    #[arg(long)]
    grpc: Option<String>,
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
    /// Streams of jobs that the worker opens
    #[arg(long, default_value_t = 4)]
    streams: u32,
    /// Shards of the server that is started
    #[arg(long)]
    shards: Option<u16>,
    /// Where the server that is started keeps its data (default: a fresh directory, removed)
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(crate) fn run(args: &BenchArgs, json: bool) -> ExitCode {
    // One caller needs one thread: more would measure their waking.
    let runtime = if args.concurrency == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    };
    let done = match runtime {
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
    let mut started = if args.grpc.is_some() {
        None
    } else {
        let (data, shards) = (args.data.clone(), args.shards);
        Some(ServerProcess::start(Launch { data, shards, flags: Vec::new() }).await?)
    };
    let address = match (&args.grpc, &started) {
        (Some(address), _) => address.clone(),
        (None, Some(process)) => process.grpc.clone(),
        (None, None) => unreachable!("a server was named or started"),
    };
    let channel = || {
        let address = address.clone();
        async move { connect(&address).await }
    };
    let idle_kb = started.as_ref().and_then(ServerProcess::resident_kb);
    let mut client = channel().await?;
    deploy(&mut client, args.steps).await?;
    let jobs = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for _ in 0..args.streams {
        workers.spawn(work(channel().await?, Arc::clone(&jobs), Arc::clone(&over)));
    }
    let warm_up = (args.instances / 10).max(1);
    drive(args, warm_up, &channel).await?;
    let disk_before = started.as_ref().and_then(ServerProcess::disk_bytes);
    let cpu_before = started.as_ref().and_then(ServerProcess::cpu);
    let jobs_before = jobs.load(Ordering::Relaxed);
    let begin = Instant::now();
    let latencies = drive(args, args.instances, &channel).await?;
    let took = begin.elapsed();
    let steps = jobs.load(Ordering::Relaxed) - jobs_before;
    let cpu = started.as_ref().and_then(ServerProcess::cpu).zip(cpu_before);
    let disk = started.as_ref().and_then(ServerProcess::disk_bytes).zip(disk_before);
    let load_kb = started.as_ref().and_then(ServerProcess::resident_kb);
    // The answer to the last completion may come after the instance's own.
    over.store(true, Ordering::Relaxed);
    workers.abort_all();
    if let Some(process) = &mut started {
        process.stop().await?;
    }
    let figures = Figures {
        steps,
        instances: args.instances,
        took,
        latencies,
        cpu: cpu.map(|(after, before)| after.saturating_sub(before)),
        disk: disk.map(|(after, before)| after.saturating_sub(before)),
        idle_kb,
        load_kb,
    };
    figures.print(args, json);
    Ok(())
}

/// What was measured.
struct Figures {
    steps: u64,
    instances: u64,
    took: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
    cpu: Option<Duration>,
    disk: Option<u64>,
    idle_kb: Option<u64>,
    load_kb: Option<u64>,
}

impl Figures {
    fn percentile_ms(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn print(&self, args: &BenchArgs, json: bool) {
        let per_second = self.steps as f64 / self.took.as_secs_f64();
        let cpu_us = self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.steps.max(1) as f64);
        let disk = self.disk.map(|bytes| bytes / self.instances.max(1));
        if json {
            let document = serde_json::json!({
                "steps": self.steps, "instances": self.instances, "concurrency": args.concurrency,
                "seconds": self.took.as_secs_f64(), "stepsPerSecond": per_second,
                "latencyMs": {"p50": self.percentile_ms(50), "p99": self.percentile_ms(99)},
                "serverCpuMicrosPerStep": cpu_us, "diskBytesPerInstance": disk,
                "residentKb": {"idle": self.idle_kb, "load": self.load_kb},
            });
            println!("{document}");
            return;
        }
        println!(
            "{} instances of {} steps, {} at once, {} bytes of variables",
            self.instances, args.steps, args.concurrency, args.payload
        );
        println!("  steps per second       {per_second:>12.0}");
        println!("  start to end, median   {:>12.2} ms", self.percentile_ms(50));
        println!("  start to end, p99      {:>12.2} ms", self.percentile_ms(99));
        if let Some(cpu_us) = cpu_us {
            println!("  server CPU per step    {cpu_us:>12.1} us");
        }
        if let Some(disk) = disk {
            println!("  disk per instance      {disk:>12} bytes");
        }
        if let (Some(idle), Some(load)) = (self.idle_kb, self.load_kb) {
            println!("  resident, idle         {:>12.1} MB", idle as f64 / 1024.0);
            println!("  resident, under load   {:>12.1} MB", load as f64 / 1024.0);
        }
    }
}

async fn connect(address: &str) -> Result<Gateway, Failure> {
    let url = if address.contains("://") { address.into() } else { format!("http://{address}") };
    let endpoint = Channel::from_shared(url)?.tcp_nodelay(true);
    Ok(GatewayClient::new(endpoint.connect().await?))
}

async fn deploy(client: &mut Gateway, steps: u32) -> Result<(), Failure> {
    let resource = wire::Resource { name: "bench.bpmn".into(), content: model(steps).into_bytes() };
    let request =
        wire::DeployResourceRequest { resources: vec![resource], tenant_id: String::new() };
    client.deploy_resource(request).await?;
    Ok(())
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

/// One stream of jobs, each completed at once.
async fn work(
    mut client: Gateway,
    jobs: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
) -> Result<(), tonic::Status> {
    let request = wire::StreamActivatedJobsRequest {
        r#type: "bench-step".into(),
        worker: "bench".into(),
        timeout: 60_000,
        fetch_variable: vec!["none".into()],
        tenant_ids: Vec::new(),
    };
    let mut stream = client.stream_activated_jobs(request).await?.into_inner();
    while let Some(job) = stream.message().await? {
        let (mut client, jobs, over) = (client.clone(), Arc::clone(&jobs), Arc::clone(&over));
        tokio::spawn(async move {
            let request = wire::CompleteJobRequest { job_key: job.key, variables: String::new() };
            match client.complete_job(request).await {
                Ok(_) => {
                    jobs.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) if over.load(Ordering::Relaxed) => {}
                Err(status) => eprintln!("fermata: a completion failed: {status}"),
            }
        });
    }
    Ok(())
}

/// Runs instances from start to end, so many at once. Answers how long each took, sorted.
async fn drive<F>(
    args: &BenchArgs,
    instances: u64,
    channel: &impl Fn() -> F,
) -> Result<Vec<Duration>, Failure>
where
    F: Future<Output = Result<Gateway, Failure>>,
{
    let variables = format!(r#"{{"payload": "{}"}}"#, "x".repeat(args.payload));
    let left = Arc::new(AtomicU64::new(instances));
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(channel().await?);
    }
    let mut runs = JoinSet::new();
    for number in 0..args.concurrency.max(1) {
        let client = clients[number as usize % clients.len()].clone();
        runs.spawn(run_instances(client, variables.clone(), Arc::clone(&left)));
    }
    let mut all = Vec::new();
    while let Some(done) = runs.join_next().await {
        all.extend(done??);
    }
    all.sort_unstable();
    Ok(all)
}

async fn run_instances(
    mut client: Gateway,
    variables: String,
    left: Arc<AtomicU64>,
) -> Result<Vec<Duration>, Failure> {
    let mut latencies = Vec::new();
    let take = |left: u64| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
        let request = wire::CreateProcessInstanceRequest {
            bpmn_process_id: "bench".into(),
            version: -1,
            variables: variables.clone(),
            ..Default::default()
        };
        let request = wire::CreateProcessInstanceWithResultRequest {
            request: Some(request),
            request_timeout: 0,
            fetch_variables: vec!["none".into()],
        };
        let begin = Instant::now();
        client.create_process_instance_with_result(request).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

//! The measure of what gRPC itself costs: a server on tonic whose one call does nothing, called
//! by the same load generator on the same machine in the same minute.

use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proto::health::health_server::{Health, HealthServer};
use proto::health::{HealthCheckRequest, HealthCheckResponse};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

use super::Failure;
use super::call::Caller;
use crate::process::cpu_of;

/// Says its address, then serves until it is killed.
pub(super) async fn serve() -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(HealthServer::new(Nothing));
    Ok(server.serve_with_incoming(incoming).await?)
}

struct Nothing;

#[tonic::async_trait]
impl Health for Nothing {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: 1 }))
    }

    type WatchStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("this server only measures"))
    }
}

/// What a call that does nothing costs.
#[derive(Clone, Copy)]
pub(super) struct Echo {
    /// Calls a second.
    pub(super) per_second: f64,
    /// Server's processor time a call, microseconds.
    pub(super) cpu_us: f64,
    /// Mean time of a call, microseconds.
    pub(super) latency_us: f64,
}

/// Calls the server that does nothing, so many calls at once.
pub(super) async fn measure(in_flight: u32, calls: u64) -> Result<Echo, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "--echo-server"]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let address = BufReader::new(stdout).lines().next_line().await?.ok_or("no address")?;
    let id = child.id().ok_or("the echo server has ended")?;
    run(&address, in_flight, calls / 10).await?;
    let (cpu, begin) = (cpu_of(id), Instant::now());
    run(&address, in_flight, calls).await?;
    let took = begin.elapsed();
    let cpu = cpu_of(id).zip(cpu).map(|(after, before)| after.saturating_sub(before));
    child.kill().await?;
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let count = calls as f64;
    Ok(Echo {
        per_second: count / took.as_secs_f64(),
        cpu_us: cpu.unwrap_or(Duration::ZERO).as_secs_f64() * 1e6 / count,
        latency_us: took.as_secs_f64() * 1e6 * f64::from(in_flight) / count,
    })
}

async fn run(address: &str, in_flight: u32, calls: u64) -> Result<(), Failure> {
    let left = Arc::new(AtomicU64::new(calls));
    let mut callers = Vec::new();
    for _ in 0..in_flight.min(super::CONNECTIONS) {
        callers.push(Caller::connect(address).await?);
    }
    let method = callers[0].method("/grpc.health.v1.Health/Check")?;
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    for caller in callers.iter().cycle().take(in_flight as usize) {
        let (caller, method, left) = (caller.clone(), method.clone(), Arc::clone(&left));
        tasks.spawn(async move {
            let take = |left: u64| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                let request = HealthCheckRequest { service: String::new() };
                caller.unary::<HealthCheckResponse>(&method, &request).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

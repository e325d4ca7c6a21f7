//! `fermata dev`: a server on an embedded store, for this machine alone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use server::{Server, ServerOptions};
use store::{SqliteOptions, SqliteStore, Store};

/// What can be set.
#[derive(Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// Where the data is kept; created when absent
    #[arg(long, default_value = "fermata-data", env = "FERMATA_DATA")]
    data: PathBuf,
    /// Port of REST and gRPC
    #[arg(long, default_value_t = 8080, env = "FERMATA_PORT")]
    port: u16,
    /// Port of gRPC alone, where Camunda 8 workers look for it
    #[arg(long, default_value_t = 26500, env = "FERMATA_GRPC_PORT")]
    grpc_port: u16,
    /// Address to listen on: there is no login, so keep it on this machine
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Shards of a new store; fixed once it is created (default: half the cores)
    #[arg(long)]
    shards: Option<u16>,
    /// Refuse a business id that an active instance of the process has
    #[arg(long)]
    business_id_unique: bool,
}

pub(crate) fn run(args: &DevArgs, json: bool) -> ExitCode {
    match serve(args, json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fermata: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(args: &DevArgs, json: bool) -> Result<(), Box<dyn std::error::Error>> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let options = SqliteOptions {
        shards: args.shards,
        shards_when_new: u16::try_from(cores / 2).unwrap_or(1).max(1),
        ..SqliteOptions::default()
    };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&args.data, options)?);
    let mut server_options = ServerOptions {
        main: SocketAddr::new(args.listen, args.port),
        grpc: SocketAddr::new(args.listen, args.grpc_port),
        host: server::host::HostOptions::default(),
    };
    server_options.host.business_id_unique = args.business_id_unique;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Server::start(&store, &server_options).await?;
        // One line, so that scripts can wait for it.
        if json {
            let ready = serde_json::json!({
                "rest": format!("http://{}", server.main_address()),
                "grpc": server.grpc_address().to_string(),
                "data": args.data.display().to_string(),
                "shards": store.shards(),
            });
            println!("{ready}");
            server.run_until(end_signal()).await?;
            return Ok(());
        }
        println!(
            "fermata is ready: REST and gRPC on http://{}, gRPC on {}, data in {} ({} shards)",
            server.main_address(),
            server.grpc_address(),
            args.data.display(),
            store.shards()
        );
        server.run_until(end_signal()).await?;
        eprintln!("fermata: stopped");
        Ok(())
    })
}

/// Ctrl-C, or SIGTERM from a service manager.
pub(crate) async fn end_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

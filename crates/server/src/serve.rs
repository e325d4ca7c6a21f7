//! The server as a whole: a host, its listeners, their end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proto::gateway::gateway_server::GatewayServer;
use proto::health::health_server::HealthServer;
use store::{Fault, Store};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::grpc::{GRPC_MESSAGE_BYTES_MAX, Gateway, Health};
use crate::host::{Host, HostOptions};
use crate::http2::Services;
use crate::listen;

/// What can be set about a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where REST and gRPC are served together.
    pub main: SocketAddr,
    /// Where gRPC is served too, on the port that workers expect.
    pub grpc: SocketAddr,
    /// The core.
    pub host: HostOptions,
}

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address is taken or not ours.
    #[error("cannot listen on {address}: {error}; stop what listens there, or choose another port")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    host: Arc<Host>,
    main: SocketAddr,
    grpc: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Starts the host on a store and listens.
    pub async fn start(
        store: &Arc<dyn Store>,
        options: &ServerOptions,
    ) -> Result<Self, ServeError> {
        // The ports first: a second server on one machine fails before it touches the store.
        let main = bind(options.main).await?;
        let grpc = bind(options.grpc).await?;
        let address = |listener: &TcpListener, asked| listener.local_addr().unwrap_or(asked);
        let (main_at, grpc_at) = (address(&main, options.main), address(&grpc, options.grpc));
        let host = Arc::new(Host::start(store, options.host)?);
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let (both, calls) = (routes(&host, grpc_at.port()), grpc_routes(&host, grpc_at.port()));
        let services = |router| Services { host: Arc::clone(&host), router };
        tasks.spawn(listen::serve(main, services(both), stopped.clone()));
        tasks.spawn(listen::serve(grpc, services(calls), stopped));
        Ok(Self { host, main: main_at, grpc: grpc_at, stop, tasks })
    }

    /// Where REST and gRPC are served.
    pub fn main_address(&self) -> SocketAddr {
        self.main
    }

    /// Where gRPC is served too.
    pub fn grpc_address(&self) -> SocketAddr {
        self.grpc
    }

    /// The core.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Serves until `end` comes or the store fails.
    pub async fn run_until(mut self, end: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut failed = self.host.failed();
        let fault = tokio::select! {
            () = end => None,
            fault = async {
                match failed.wait_for(Option::is_some).await {
                    Ok(fault) => fault.clone(),
                    Err(_) => None,
                }
            } => fault,
        };
        self.host.stop_waiting();
        let _ = self.stop.send(true);
        // Calls under way get a moment; long polls and streams end by themselves.
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(2), drained).await;
        self.tasks.abort_all();
        let host = Arc::clone(&self.host);
        let _ = tokio::task::spawn_blocking(move || host.stop()).await;
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

/// REST and gRPC together, as a server answers them, without a socket (for fuzzing). `port` is the
/// one that topology names.
#[doc(hidden)]
pub fn routes(host: &Arc<Host>, port: u16) -> axum::Router {
    // What is not a gRPC call is answered in REST's words.
    crate::rest::router(Arc::clone(host)).merge(grpc_routes(host, port).reset_fallback())
}

/// One connection of HTTP/2, on anything that bytes pass through (for fuzzing).
#[doc(hidden)]
pub async fn serve_http2(host: &Arc<Host>, socket: impl AsyncRead + AsyncWrite + Unpin) {
    let services = Services { host: Arc::clone(host), router: routes(host, 0) };
    let (_stop, stopped) = watch::channel(false);
    crate::http2::serve(socket, services, stopped).await;
}

fn grpc_routes(host: &Arc<Host>, port: u16) -> axum::Router {
    let gateway = Gateway { host: Arc::clone(host), port };
    let health = Health { host: Arc::clone(host) };
    tonic::service::Routes::new(
        GatewayServer::new(gateway).max_decoding_message_size(GRPC_MESSAGE_BYTES_MAX),
    )
    .add_service(HealthServer::new(health))
    .into_axum_router()
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Listen { address, error })
}

//! Connections of HTTP/2, spoken without a layer between: gRPC's hot calls cost as little as the
//! protocol allows, everything else goes to the services as a library would hand it to them.
//!
//! In:  a connection whose client speaks HTTP/2.
//! Out: commands of the hot calls to the host, their answers in the order in which they come; any
//!      other request to the router.
//! Absent: TLS, push. A hot call is done on the connection's own task: no task, no boxes and no
//! buffers of its own (ADR 0007).

mod body;
mod frame;
mod general;
mod hot;
mod jobs;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use bytes::Bytes;
use h2::server::{Builder, Connection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::host::Host;
use hot::Hot;

/// Calls that a client may have under way on one connection.
const CALLS_MAX: u32 = 4_096;
/// What a client may send ahead of our reading, a call and a connection.
const WINDOW_BYTES: u32 = 1024 * 1024;
/// What may stand in a call's answer before we wait for the client to read.
const SEND_BUFFER_BYTES: usize = 400 * 1024;
/// Headers of a request.
const HEADER_BYTES_MAX: u32 = 16 * 1024;

/// What connections of one listener share.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    /// Who decides.
    pub(crate) host: Arc<Host>,
    /// All that is not hot.
    pub(crate) router: Router,
}

/// Serves a connection until its client is gone, or until the server stops and its calls ended.
pub(crate) async fn serve(
    socket: impl AsyncRead + AsyncWrite + Unpin,
    services: Services,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(CALLS_MAX)
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX);
    // A client that speaks it wrongly is gone, and has been told so by the protocol.
    let Ok(mut connection) = builder.handshake::<_, Bytes>(socket).await else { return };
    let mut hot = Hot::new(services.host);
    let router = services.router;
    let stop = async {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    tokio::pin!(stop);
    let mut stopping = false;
    poll_fn(|context| {
        if !stopping && stop.as_mut().poll(context).is_ready() {
            stopping = true;
            connection.graceful_shutdown();
        }
        turn(&mut connection, &mut hot, &router, context)
    })
    .await;
}

/// Does all that can be done now: answers that have come, requests that have come.
fn turn<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S, Bytes>,
    hot: &mut Hot,
    router: &Router,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        hot.send_answers(context);
        loop {
            let (request, respond) = match connection.poll_accept(context) {
                Poll::Ready(Some(Ok(accepted))) => accepted,
                // The client is gone, or spoke wrongly and was told.
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => break,
            };
            if let Some((request, respond)) = hot.take(request, respond, context) {
                tokio::spawn(general::serve(router.clone(), request, respond));
            }
        }
        // All that has come goes to the shards at once. If they were quiet, the answers are there.
        match hot.poll_attend(context) {
            Poll::Ready(true) => {}
            Poll::Ready(false) | Poll::Pending => return Poll::Pending,
        }
    }
}

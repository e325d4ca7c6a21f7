//! A listener: connections, and which protocol each speaks.
//!
//! In:  a socket that listens.
//! Out: each connection to [`http2`] or to HTTP/1, by its first bytes.
//! Absent: what is said on them.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http2::{self, Services};

/// What a connection of HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A client that has not said by then which protocol it speaks will not.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(30);
/// After an error of the system (no more descriptors), before the next connection is accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the server stops, then waits for those that there are.
pub(crate) async fn serve(
    listener: TcpListener,
    services: Services,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((socket, _)) => {
                connections.spawn(connection(socket, services.clone(), stopped.clone()));
            }
            Err(error) if is_of_connection(&error) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// True if only the one connection is lost.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(mut socket: TcpStream, services: Services, mut stopped: watch::Receiver<bool>) {
    // Small answers must not wait for larger ones.
    let _ = socket.set_nodelay(true);
    let begin = tokio::select! {
        begin = tokio::time::timeout(PREFACE_TIMEOUT, read_begin(&mut socket)) => begin,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    let Ok(Ok(begin)) = begin else { return };
    let is_http2 = &*begin == PREFACE;
    let socket = Begun { begin, socket };
    if is_http2 {
        http2::serve(socket, services, stopped).await;
    } else {
        http1(socket, services, stopped).await;
    }
}

/// Reads until it is clear whether the client speaks HTTP/2.
async fn read_begin(socket: &mut TcpStream) -> io::Result<Bytes> {
    let mut begin = [0; PREFACE.len()];
    let mut length = 0;
    while length < PREFACE.len() && PREFACE.starts_with(&begin[..length]) {
        match socket.read(&mut begin[length..]).await? {
            0 => break,
            more => length += more,
        }
    }
    Ok(Bytes::copy_from_slice(&begin[..length]))
}

async fn http1(
    socket: impl AsyncRead + AsyncWrite + Unpin,
    services: Services,
    mut stopped: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(services.router);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(socket), service)
    );
    tokio::select! {
        // The client is gone, or spoke wrongly and was told.
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// A socket of which the beginning was read.
struct Begun {
    begin: Bytes,
    socket: TcpStream,
}

impl AsyncRead for Begun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begin.is_empty() {
            return Pin::new(&mut self.socket).poll_read(context, buffer);
        }
        let length = self.begin.len().min(buffer.remaining());
        buffer.put_slice(&self.begin[..length]);
        self.begin.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

//! A gRPC caller with as little in it as the protocol allows: the load generator shares the
//! machine with the server, and what it does not use the server can.
//!
//! In:  messages for a path.
//! Out: the answer's message, or the status that the server gave.
//! Absent: TLS, compression, metadata, deadlines.

use std::future::poll_fn;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header};
use prost::Message;
use proto::frame::{Frames, framed};
use tokio::net::TcpStream;

use super::Failure;

/// What the server may send ahead; large, so that it never waits for us.
const WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// One connection.
#[derive(Clone)]
pub(super) struct Caller {
    send: SendRequest<Bytes>,
    authority: String,
}

impl Caller {
    /// `address` is `host:port`, with or without `http://`.
    pub(super) async fn connect(address: &str) -> Result<Self, Failure> {
        let authority = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let socket = TcpStream::connect(&authority).await?;
        socket.set_nodelay(true)?;
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_concurrent_streams(0)
            .enable_push(false)
            .handshake(socket)
            .await?;
        // Its end is seen by the calls.
        tokio::spawn(connection);
        Ok(Self { send, authority })
    }

    /// The path of a method, prepared once.
    pub(super) fn method(&self, path: &str) -> Result<Uri, Failure> {
        Ok(Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(path)
            .build()?)
    }

    async fn send(&self, method: &Uri, request: &impl Message) -> Result<ResponseFuture, Failure> {
        let mut http = Request::new(());
        *http.method_mut() = Method::POST;
        *http.uri_mut() = method.clone();
        *http.version_mut() = Version::HTTP_2;
        let headers = http.headers_mut();
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let mut send = self.send.clone().ready().await?;
        let (response, mut body) = send.send_request(http, false)?;
        body.send_data(framed(request), true)?;
        Ok(response)
    }

    /// One question, one answer.
    pub(super) async fn unary<A: Message + Default>(
        &self,
        method: &Uri,
        request: &impl Message,
    ) -> Result<A, Failure> {
        let response = self.send(method, request).await?.await?;
        status(response.headers())?;
        let mut messages = Messages::new(response.into_body());
        let answer = messages.next().await?;
        if let Some(trailers) = messages.body.trailers().await? {
            status(&trailers)?;
        }
        answer.ok_or_else(|| "the answer was empty".into())
    }

    /// One question, a stream of answers.
    pub(super) async fn stream(
        &self,
        method: &Uri,
        request: &impl Message,
    ) -> Result<Messages, Failure> {
        let response = self.send(method, request).await?.await?;
        status(response.headers())?;
        Ok(Messages::new(response.into_body()))
    }
}

fn status(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.get("grpc-status").map(HeaderValue::as_bytes) {
        None | Some(b"0") => Ok(()),
        Some(code) => {
            let code = String::from_utf8_lossy(code).into_owned();
            let message = headers.get("grpc-message").and_then(|text| text.to_str().ok());
            Err(format!("status {code}: {}", message.unwrap_or_default()).into())
        }
    }
}

/// The messages of an answer.
pub(super) struct Messages {
    body: RecvStream,
    frames: Frames,
}

impl Messages {
    fn new(body: RecvStream) -> Self {
        // A measurement takes whatever it is answered.
        Self { body, frames: Frames::new(usize::MAX) }
    }

    /// The next message; `None` at the end.
    pub(super) async fn next<A: Message + Default>(&mut self) -> Result<Option<A>, Failure> {
        loop {
            if let Some(message) = self.frames.next_message()? {
                return Ok(Some(A::decode(message)?));
            }
            let Some(data) = poll_fn(|context| self.body.poll_data(context)).await else {
                return Ok(None);
            };
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            self.frames.push(data);
        }
    }
}

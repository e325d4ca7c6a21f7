//! A gRPC caller with as little in it as the protocol allows: the load generator shares the
//! machine with the server, and what it does not use the server can.
//!
//! In:  messages for a path.
//! Out: the answer's message, or the status that the server gave.
//! Absent: TLS, compression, metadata, deadlines.

use std::future::poll_fn;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header};
use prost::Message;
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
        body.send_data(frame(request), true)?;
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
        let mut frames = Frames::new(response.into_body());
        let answer = frames.next().await?;
        if let Some(trailers) = frames.body.trailers().await? {
            status(&trailers)?;
        }
        answer.ok_or_else(|| "the answer was empty".into())
    }

    /// One question, a stream of answers.
    pub(super) async fn stream(
        &self,
        method: &Uri,
        request: &impl Message,
    ) -> Result<Frames, Failure> {
        let response = self.send(method, request).await?.await?;
        status(response.headers())?;
        Ok(Frames::new(response.into_body()))
    }
}

fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(5 + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // The buffer grows: encoding cannot fail.
    let _ = message.encode(&mut frame);
    frame.freeze()
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
pub(super) struct Frames {
    body: RecvStream,
    buffer: BytesMut,
}

impl Frames {
    fn new(body: RecvStream) -> Self {
        Self { body, buffer: BytesMut::new() }
    }

    /// The next message; `None` at the end.
    pub(super) async fn next<A: Message + Default>(&mut self) -> Result<Option<A>, Failure> {
        loop {
            if let Some(prefix) = self.buffer.first_chunk::<5>() {
                let [_, length @ ..] = *prefix;
                let length = u32::from_be_bytes(length) as usize;
                if self.buffer.len() >= 5 + length {
                    self.buffer.advance(5);
                    return Ok(Some(A::decode(self.buffer.split_to(length).freeze())?));
                }
            }
            let Some(data) = poll_fn(|context| self.body.poll_data(context)).await else {
                return Ok(None);
            };
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            self.buffer.extend_from_slice(&data);
        }
    }
}

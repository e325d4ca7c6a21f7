//! gRPC over HTTP/2: the one message of a request; an answer and its status as trailers.

use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response, header};
use proto::frame::Frames;
use tonic::{Code, Status};

/// The one message of a request, as far as it has come.
pub(super) struct Incoming {
    /// Also kept until the call is answered: dropped earlier, the client would be told to stop.
    body: RecvStream,
    frames: Frames,
}

impl Incoming {
    pub(super) fn new(body: RecvStream, bytes_max: usize) -> Self {
        Self { body, frames: Frames::new(bytes_max) }
    }

    /// The whole message when it has come.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        loop {
            let Some(data) = std::task::ready!(self.body.poll_data(context)) else {
                return Poll::Ready(Err(Status::internal(format!(
                    "expected one message, but the request ended after {} bytes",
                    self.frames.pending_bytes()
                ))));
            };
            let gone = |_| Status::cancelled("the client has gone away");
            let data = data.map_err(gone)?;
            self.body.flow_control().release_capacity(data.len()).map_err(gone)?;
            self.frames.push(data);
            if let Some(message) = self.frames.next_message()? {
                return Poll::Ready(Ok(message));
            }
        }
    }
}

/// Head of a good answer.
pub(super) fn head() -> Response<()> {
    let mut response = Response::new(());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    response
}

/// End of a good answer.
pub(super) fn end() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers
}

/// Answers a call with one message, which has its prefix already.
pub(super) fn send(mut respond: SendResponse<Bytes>, message: Bytes) -> Result<(), h2::Error> {
    let mut body = respond.send_response(head(), false)?;
    body.send_data(message, false)?;
    body.send_trailers(end())
}

/// Answers a call with a status.
pub(super) fn refuse(mut respond: SendResponse<Bytes>, status: &Status) -> Result<(), h2::Error> {
    let mut response = head();
    if status.add_header(response.headers_mut()).is_err() {
        // A message that no header can hold.
        let code = HeaderValue::from(Code::Internal as i32);
        response.headers_mut().insert("grpc-status", code);
    }
    respond.send_response(response, true).map(drop)
}

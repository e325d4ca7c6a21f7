//! gRPC's frames: a message behind a flag and its length; a status as trailers.

use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Response, header};
use tonic::{Code, Status};

/// The flag and the length before a message.
pub(super) const PREFIX_BYTES: usize = 5;

/// The one message of a request, as far as it has come.
pub(super) struct Incoming {
    /// Also kept until the call is answered: dropped earlier, the client would be told to stop.
    body: RecvStream,
    come: BytesMut,
    bytes_max: usize,
}

impl Incoming {
    pub(super) fn new(body: RecvStream, bytes_max: usize) -> Self {
        Self { body, come: BytesMut::new(), bytes_max }
    }

    /// The whole message when it has come.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        loop {
            let Some(data) = std::task::ready!(self.body.poll_data(context)) else {
                return Poll::Ready(Err(Status::internal(format!(
                    "expected one message, but the request ended after {} bytes",
                    self.come.len()
                ))));
            };
            let gone = |_| Status::cancelled("the client has gone away");
            let data = data.map_err(gone)?;
            self.body.flow_control().release_capacity(data.len()).map_err(gone)?;
            // Nearly always the message is one piece: then nothing is copied.
            if self.come.is_empty()
                && let Some(length) = message(&data, self.bytes_max)?
            {
                return Poll::Ready(Ok(data.slice(PREFIX_BYTES..PREFIX_BYTES + length)));
            }
            self.come.extend_from_slice(&data);
            if let Some(length) = message(&self.come, self.bytes_max)? {
                self.come.advance(PREFIX_BYTES);
                return Poll::Ready(Ok(self.come.split_to(length).freeze()));
            }
        }
    }
}

/// The length of the message that stands at the beginning, if all of it does.
fn message(come: &[u8], bytes_max: usize) -> Result<Option<usize>, Status> {
    let Some([flag, length @ ..]) = come.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    if *flag != 0 {
        return Err(Status::unimplemented(
            "expected a message that is not compressed, for this server takes no compressed ones",
        ));
    }
    let length = u32::from_be_bytes(*length) as usize;
    if length > bytes_max {
        return Err(Status::out_of_range(format!(
            "expected a message of at most {bytes_max} bytes, but found one of {length} bytes"
        )));
    }
    Ok((come.len() >= PREFIX_BYTES + length).then_some(length))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_when_its_last_byte_has_come() {
        let framed = [0, 0, 0, 0, 2, 7, 8];
        for come in 0..framed.len() {
            assert_eq!(message(&framed[..come], 10).unwrap(), None, "{come} bytes");
        }
        assert_eq!(message(&framed, 10).unwrap(), Some(2));
        let longer = [&framed[..], &[0, 0]].concat();
        assert_eq!(message(&longer, 10).unwrap(), Some(2), "what follows is another's");
    }

    #[test]
    fn what_is_compressed_or_too_large_is_refused_before_it_has_come() {
        assert_eq!(message(&[1, 0, 0, 0, 2], 10).unwrap_err().code(), Code::Unimplemented);
        assert_eq!(message(&[0, 0, 0, 0, 11], 10).unwrap_err().code(), Code::OutOfRange);
        assert_eq!(message(&[0, 255, 255, 255, 255], 10).unwrap_err().code(), Code::OutOfRange);
    }
}

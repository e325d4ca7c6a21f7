//! gRPC's frames: a message behind a flag and its length.
//!
//! In:  a message; the bytes of a body as they come.
//! Out: its frame; the messages that have come whole.
//! Absent: compression (it is refused), statuses at the end of a body, the transport.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::Message;
use tonic::Status;

/// The flag and the length before a message.
pub const PREFIX_BYTES: usize = 5;

/// A message in its frame.
pub fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // The buffer grows: encoding cannot fail.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

/// The messages of one body, as far as it has come.
#[derive(Debug)]
pub struct Frames {
    /// What came in one piece: nearly always whole messages, and then nothing is copied.
    piece: Bytes,
    /// What came in several. One of the two is empty.
    pieces: BytesMut,
    bytes_max: usize,
}

impl Frames {
    /// Of messages that have at most `bytes_max` bytes each.
    pub fn new(bytes_max: usize) -> Self {
        Self { piece: Bytes::new(), pieces: BytesMut::new(), bytes_max }
    }

    /// Takes what has come.
    pub fn push(&mut self, data: Bytes) {
        if self.pending_bytes() == 0 {
            self.piece = data;
        } else {
            self.pieces.extend_from_slice(&std::mem::take(&mut self.piece));
            self.pieces.extend_from_slice(&data);
        }
    }

    /// The next message, if it has come whole. One that is compressed or too large is refused
    /// before it has come.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        if self.pieces.is_empty() {
            let Some(length) = length(&self.piece, self.bytes_max)? else { return Ok(None) };
            self.piece.advance(PREFIX_BYTES);
            Ok(Some(self.piece.split_to(length)))
        } else {
            let Some(length) = length(&self.pieces, self.bytes_max)? else { return Ok(None) };
            self.pieces.advance(PREFIX_BYTES);
            Ok(Some(self.pieces.split_to(length).freeze()))
        }
    }

    /// What has come of the next message.
    pub fn pending_bytes(&self) -> usize {
        self.piece.len() + self.pieces.len()
    }
}

/// The length of the message that stands at the beginning, if all of it does.
fn length(come: &[u8], bytes_max: usize) -> Result<Option<usize>, Status> {
    let Some([flag, length @ ..]) = come.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    if *flag != 0 {
        return Err(Status::unimplemented(
            "expected a message that is not compressed, for Fermata takes no compressed ones",
        ));
    }
    let length = u32::from_be_bytes(*length) as usize;
    if length > bytes_max {
        return Err(Status::out_of_range(format!(
            "expected a message of at most {bytes_max} bytes, but found one of {length} bytes"
        )));
    }
    Ok((come.len() - PREFIX_BYTES >= length).then_some(length))
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::gateway::CompleteJobRequest;

    fn message(number: usize) -> CompleteJobRequest {
        CompleteJobRequest { job_key: 7, variables: "x".repeat(number), result: None }
    }

    #[test]
    fn messages_come_whole_and_in_order_however_their_bytes_are_cut() {
        let sent: Vec<_> = [0, 1, 30].map(message).into();
        let stream = sent.iter().map(framed).collect::<Vec<_>>().concat();
        for cut in 1..=stream.len() {
            let mut frames = Frames::new(100);
            let mut come = Vec::new();
            for piece in stream.chunks(cut) {
                frames.push(Bytes::copy_from_slice(piece));
                while let Some(message) = frames.next_message().unwrap() {
                    come.push(CompleteJobRequest::decode(message).unwrap());
                }
            }
            assert_eq!(come, sent, "cut into pieces of {cut} bytes");
            assert_eq!(frames.pending_bytes(), 0);
        }
    }

    #[test]
    fn a_message_is_whole_when_its_last_byte_has_come() {
        let sent = [0, 0, 0, 0, 2, 7, 8];
        let mut frames = Frames::new(10);
        for (come, byte) in sent.iter().enumerate() {
            assert_eq!(frames.next_message().unwrap(), None, "{come} bytes");
            frames.push(Bytes::copy_from_slice(&[*byte]));
        }
        assert_eq!(frames.next_message().unwrap().unwrap(), [7, 8][..]);
    }

    #[test]
    fn what_is_compressed_or_too_large_is_refused_before_it_has_come() {
        let code = |prefix: [u8; PREFIX_BYTES]| {
            let mut frames = Frames::new(10);
            frames.push(Bytes::copy_from_slice(&prefix));
            frames.next_message().unwrap_err().code()
        };
        assert_eq!(code([1, 0, 0, 0, 2]), Code::Unimplemented);
        assert_eq!(code([0, 0, 0, 0, 11]), Code::OutOfRange);
        assert_eq!(code([0, 255, 255, 255, 255]), Code::OutOfRange);
    }
}

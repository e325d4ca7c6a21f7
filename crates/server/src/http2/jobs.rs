//! Jobs onto a stream: all that are there in one frame.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use base::ActivatedJob;
use bytes::{BufMut, Bytes, BytesMut};
use h2::SendStream;
use h2::server::SendResponse;
use prost::encoding::{WireType, encode_key, encode_varint};
use proto::frame::PREFIX_BYTES;
use tokio_stream::Stream as _;

use super::frame;
use crate::DEFAULT_TENANT;
use crate::grpc::Pushes;
use crate::grpc::listened::{kind, listened, listener_event_type};

/// Beyond this a frame is sent before more jobs are put into it.
const FRAME_BYTES: usize = 16 * 1024;

/// Until the client is gone, or no more jobs come.
pub(super) async fn push(mut jobs: Pushes, mut respond: SendResponse<Bytes>) {
    let Ok(mut out) = respond.send_response(frame::head(), false) else { return };
    let mut frame = BytesMut::new();
    let ended = poll_fn(|context| poll(&mut jobs, &mut frame, &mut out, context)).await;
    if ended {
        // The client may have gone at the same moment.
        let _ = out.send_trailers(frame::end());
    }
}

/// Ready with true when there are no more jobs, with false when nobody reads them.
fn poll(
    jobs: &mut Pushes,
    frame: &mut BytesMut,
    out: &mut SendStream<Bytes>,
    context: &mut Context<'_>,
) -> Poll<bool> {
    if out.poll_reset(context).is_ready() {
        return Poll::Ready(false);
    }
    loop {
        // Jobs are taken only when the client reads: what is not taken goes back when it goes
        // away, and the shard leases no more than a window.
        while out.capacity() == 0 {
            out.reserve_capacity(1);
            match std::task::ready!(out.poll_capacity(context)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
        let mut ended = false;
        while frame.len() < FRAME_BYTES && !ended {
            match Pin::new(&mut *jobs).poll_next(context) {
                Poll::Ready(Some(job)) => encode(&job, frame),
                Poll::Ready(None) => ended = true,
                Poll::Pending => break,
            }
        }
        let nothing = frame.is_empty();
        if !nothing && out.send_data(frame.split().freeze(), false).is_err() {
            return Poll::Ready(false);
        }
        if ended {
            return Poll::Ready(true);
        }
        if nothing {
            return Poll::Pending;
        }
    }
}

/// Writes a job as a framed `ActivatedJob`, without building the message first: its texts are
/// shared, and the message would own them.
fn encode(job: &ActivatedJob, out: &mut BytesMut) {
    let begin = out.len();
    out.put_slice(&[0; PREFIX_BYTES]);
    number(1, job.job.0.as_i64(), out);
    text(2, &job.job_type, out);
    number(3, job.instance.0.as_i64(), out);
    text(4, &job.process_id, out);
    number(5, job.version.into(), out);
    number(6, job.definition.0.as_i64(), out);
    text(7, &job.element_id, out);
    number(8, job.element.0.as_i64(), out);
    text(9, &job.headers, out);
    text(10, &job.worker, out);
    number(11, job.retries.into(), out);
    number(12, job.deadline_ms, out);
    text(13, &job.variables, out);
    text(14, DEFAULT_TENANT, out);
    if let Some(task) = &job.user_task {
        prost::encoding::message::encode(15, &listened(task), out);
    }
    number(16, i32::from(kind(job.role)).into(), out);
    number(17, i32::from(listener_event_type(job.role)).into(), out);
    let length = out.len() - begin - PREFIX_BYTES;
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    out[begin + 1..begin + PREFIX_BYTES].copy_from_slice(&length);
}

fn number(tag: u32, value: i64, out: &mut BytesMut) {
    if value != 0 {
        encode_key(tag, WireType::Varint, out);
        encode_varint(value.cast_unsigned(), out);
    }
}

fn text(tag: u32, value: &str, out: &mut BytesMut) {
    if !value.is_empty() {
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(value.len() as u64, out);
        out.put_slice(value.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use base::{
        DefinitionKey, ElementKey, InstanceKey, JobKey, JobRole, Key, ListenedTask, ListenerEvent,
        UserTaskDetails,
    };
    use prost::Message as _;

    use super::*;
    use crate::grpc::convert::wire_job;

    #[test]
    fn a_job_is_encoded_as_its_message_is() {
        let key = |raw| Key::from_raw(raw);
        let mut job = ActivatedJob {
            job: JobKey(key(1 << 60)),
            job_type: "größer".into(),
            instance: InstanceKey(key(300)),
            definition: DefinitionKey(key(256)),
            process_id: "p".into(),
            version: i32::MAX,
            element_id: "task".into(),
            element: ElementKey(key(301)),
            headers: "{}".into(),
            worker: "w".into(),
            retries: -1,
            deadline_ms: 1_795_424_400_000,
            variables: format!("{{\"a\": \"{}\"}}", "x".repeat(70_000)).into(),
            tags: Vec::new(),
            business_id: None,
            user_task: None,
            role: JobRole::Work,
            root: Key::from_raw(1).into(),
        };
        let task = ListenedTask {
            task: key(7).into(),
            action: "claim".into(),
            details: UserTaskDetails { assignee: Some("Ada".into()), ..Default::default() },
            changed: vec!["assignee"],
        };
        let listener = JobRole::Listener(ListenerEvent::Assigning);
        for (role, user_task) in
            [(JobRole::Work, None), (listener, Some(Box::new(task))), (JobRole::AdHoc, None)]
        {
            if role != JobRole::Work {
                (job.worker, job.retries, job.headers) = ("".into(), 0, "".into());
            }
            (job.role, job.user_task) = (role, user_task);
            let mut framed = BytesMut::new();
            encode(&job, &mut framed);
            encode(&job, &mut framed);
            let message = wire_job(&job).encode_to_vec();
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            let one = [&[0][..], &length, &message].concat();
            assert_eq!(framed, [&one[..], &one[..]].concat());
        }
    }
}

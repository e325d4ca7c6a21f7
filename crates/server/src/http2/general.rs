//! Requests that are not hot: to the router, and its answer back, piece by piece.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use http_body::Body as _;
use tower_service::Service as _;

use super::body::RequestBody;

/// Until the answer is sent or the client has given the call up.
pub(super) async fn serve(
    mut router: Router,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let request = request.map(|stream| Body::new(RequestBody::new(stream)));
    let mut answer = pin!(router.call(request));
    let response = poll_fn(|context| {
        if let Poll::Ready(response) = answer.as_mut().poll(context) {
            return Poll::Ready(Some(response));
        }
        // Whatever waits for this call is dropped with the future.
        respond.poll_reset(context).map(|_| None)
    })
    .await;
    let Some(response) = response else { return };
    let Ok(response) = response.map(Response::into_parts);
    let (parts, mut body) = response;
    let ended = body.is_end_stream();
    let Ok(mut out) = respond.send_response(Response::from_parts(parts, ()), ended) else {
        return;
    };
    if ended {
        return;
    }
    let done = poll_fn(|context| pipe(Pin::new(&mut body), &mut out, context)).await;
    if done.is_err() {
        // A body of ours that failed: the client must not take it for whole.
        out.send_reset(Reason::INTERNAL_ERROR);
    }
}

/// The body failed, or nobody reads it.
struct Broken;

/// Sends the body as fast as the client reads it.
fn pipe(
    mut body: Pin<&mut Body>,
    out: &mut SendStream<Bytes>,
    context: &mut Context<'_>,
) -> Poll<Result<(), Broken>> {
    loop {
        if out.poll_reset(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        if out.capacity() == 0 {
            out.reserve_capacity(1);
            match ready!(out.poll_capacity(context)) {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Poll::Ready(Ok(())),
            }
        }
        let Some(frame) = ready!(body.as_mut().poll_frame(context)) else {
            return Poll::Ready(out.send_data(Bytes::new(), true).map_err(|_| Broken));
        };
        let Ok(frame) = frame else { return Poll::Ready(Err(Broken)) };
        match frame.into_data() {
            Ok(data) => {
                if out.send_data(data, false).is_err() {
                    return Poll::Ready(Ok(()));
                }
            }
            Err(frame) => {
                let Ok(trailers) = frame.into_trailers() else { continue };
                return Poll::Ready(out.send_trailers(trailers).map_err(|_| Broken));
            }
        }
    }
}

//! The calls that processes live on, done on the connection's own task.
//!
//! In:  requests of a few unary methods, and of the stream of jobs.
//! Out: commands to the host; answers as they come.
//! Absent: every other method, and calls whose header has a deadline that ends them early: those
//! go the general road, which gives the same answers (the conversions are the same functions).

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base::{Command, Outcome};
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Method, Request};
use prost::Message;
use proto::frame::{PREFIX_BYTES, framed};
use proto::gateway as wire;
use tonic::Status;

use super::frame::{self, Incoming};
use super::jobs;
use crate::grpc::{GRPC_MESSAGE_BYTES_MAX, convert, has_timeout};
use crate::host::{Answer, Caller, Host, Letter, Mailbox, Outbox};

/// A unary method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unary {
    CompleteJob,
    FailJob,
    ThrowError,
    Create,
    CreateAndWait,
    Publish,
}

/// A hot method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HotMethod {
    Unary(Unary),
    Jobs,
}

impl HotMethod {
    fn of(request: &Request<RecvStream>) -> Option<Self> {
        let method = request.uri().path().strip_prefix("/gateway_protocol.Gateway/")?;
        let hot = match method {
            "CompleteJob" => Self::Unary(Unary::CompleteJob),
            "FailJob" => Self::Unary(Unary::FailJob),
            "ThrowError" => Self::Unary(Unary::ThrowError),
            "CreateProcessInstance" => Self::Unary(Unary::Create),
            "CreateProcessInstanceWithResult" => Self::Unary(Unary::CreateAndWait),
            "PublishMessage" => Self::Unary(Unary::Publish),
            "StreamActivatedJobs" => Self::Jobs,
            _ => return None,
        };
        let headers = request.headers();
        let grpc = headers.get(http::header::CONTENT_TYPE)?.as_bytes();
        let plain = request.method() == Method::POST
            && matches!(grpc, b"application/grpc" | b"application/grpc+proto")
            && headers.get("grpc-encoding").is_none_or(|coding| coding == "identity");
        let ends_early = hot == Self::Unary(Unary::CreateAndWait) && has_timeout(headers);
        (plain && !ends_early).then_some(hot)
    }
}

/// What a request asks for.
enum Asked {
    /// A command of so many bytes.
    Command(Command, usize),
    /// An instance whose result the request gives so much time.
    ResultInTime(wire::CreateProcessInstanceWithResultRequest),
}

/// A call whose command is with the host.
struct Call {
    method: Unary,
    respond: SendResponse<Bytes>,
    /// See [`Incoming`].
    _request: Incoming,
    _caller: Caller,
}

/// Calls that wait for a result and still do, at which one wake of a connection looks.
const LOOKS_PER_WAKE: usize = 8;

/// The hot calls of one connection.
pub(super) struct Hot {
    host: Arc<Host>,
    outbox: Arc<Outbox>,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    /// Calls that wait for a result, in turn: their clients may give them up one by one.
    results: VecDeque<u64>,
    /// Commands were submitted that nobody has attended to.
    submitted: bool,
    /// Ready when the other connections had their turn.
    others: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Messages that have not come whole.
    partial: Vec<(Unary, Incoming, SendResponse<Bytes>)>,
    /// Emptied, and kept for its room.
    answers: Vec<Letter>,
}

type Untaken = (Request<RecvStream>, SendResponse<Bytes>);

impl Hot {
    pub(super) fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            outbox: Arc::default(),
            calls: BTreeMap::new(),
            next_call: 0,
            results: VecDeque::new(),
            submitted: false,
            others: None,
            partial: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes a request if it is hot, else gives it back.
    pub(super) fn take(
        &mut self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        context: &mut Context<'_>,
    ) -> Option<Untaken> {
        match HotMethod::of(&request) {
            None => return Some((request, respond)),
            Some(HotMethod::Unary(method)) => {
                let incoming = Incoming::new(request.into_body(), GRPC_MESSAGE_BYTES_MAX);
                self.read(method, incoming, respond, context);
            }
            Some(HotMethod::Jobs) => {
                tokio::spawn(stream(Arc::clone(&self.host), request, respond));
            }
        }
        None
    }

    fn read(
        &mut self,
        method: Unary,
        mut incoming: Incoming,
        respond: SendResponse<Bytes>,
        context: &mut Context<'_>,
    ) {
        match incoming.poll(context) {
            Poll::Ready(Ok(message)) => {
                if let Err((status, respond)) = self.begin(method, message, incoming, respond) {
                    refuse(respond, status);
                }
            }
            Poll::Ready(Err(status)) => refuse(respond, status),
            // Only messages that fill more than one frame: there are few at a time.
            Poll::Pending => self.partial.push((method, incoming, respond)),
        }
    }

    fn begin(
        &mut self,
        method: Unary,
        message: Bytes,
        request: Incoming,
        respond: SendResponse<Bytes>,
    ) -> Result<(), (Status, SendResponse<Bytes>)> {
        let (command, bytes) = match asked(method, message) {
            Ok(Asked::Command(command, bytes)) => (command, bytes),
            Ok(Asked::ResultInTime(asked)) => {
                tokio::spawn(result_in_time(Arc::clone(&self.host), asked, request, respond));
                return Ok(());
            }
            Err(status) => return Err((status, respond)),
        };
        let call = self.next_call;
        self.next_call += 1;
        let mailbox = Mailbox::new(Arc::clone(&self.outbox), call);
        // A command that is refused at once has its answer in the outbox.
        let caller = self.host.submit(command, bytes, Answer::Call(mailbox));
        self.submitted = true;
        if method == Unary::CreateAndWait {
            self.results.push_back(call);
        }
        self.calls.insert(call, Call { method, respond, _request: request, _caller: caller });
        Ok(())
    }

    /// Has what was submitted done; true when something was. Pending while other connections have
    /// their turn: what they bring is decided and committed with it.
    pub(super) fn poll_attend(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if !self.submitted {
            return Poll::Ready(false);
        }
        let turn = self.others.get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
        std::task::ready!(turn.as_mut().poll(context));
        self.others = None;
        self.submitted = false;
        self.host.attend_all();
        Poll::Ready(true)
    }

    /// Sends the answers that have come, and goes on with requests that came in pieces.
    pub(super) fn send_answers(&mut self, context: &mut Context<'_>) {
        for (method, incoming, respond) in std::mem::take(&mut self.partial) {
            self.read(method, incoming, respond, context);
        }
        let mut answers = std::mem::take(&mut self.answers);
        self.outbox.take(&mut answers, context.waker());
        for (call, outcome) in answers.drain(..) {
            let Some(call) = self.calls.remove(&call) else { continue };
            let outcome = outcome.unwrap_or_else(|| Err(self.host.stopped()));
            send(call.respond, answer(call.method, outcome));
        }
        self.answers = answers;
        self.drop_given_up(context);
    }

    /// Drops calls that wait for a result and that their client has given up, so that their places
    /// are free. Looks at a few on each wake, and further as long as it finds one to drop.
    fn drop_given_up(&mut self, context: &mut Context<'_>) {
        let mut looks = LOOKS_PER_WAKE.min(self.results.len());
        while looks > 0
            && let Some(number) = self.results.pop_front()
        {
            let Some(call) = self.calls.get_mut(&number) else { continue };
            if call.respond.poll_reset(context).is_ready() {
                self.calls.remove(&number);
            } else {
                self.results.push_back(number);
                looks -= 1;
            }
        }
    }
}

impl Drop for Hot {
    fn drop(&mut self) {
        // The client went away: what it brought is left to the shards' threads.
        if self.submitted {
            self.host.ring_all();
        }
    }
}

fn send(respond: SendResponse<Bytes>, answer: Result<Bytes, Status>) {
    // A client that has given its call up needs no answer.
    let _ = match answer {
        Ok(message) => frame::send(respond, message),
        Err(status) => frame::refuse(respond, &status),
    };
}

fn refuse(respond: SendResponse<Bytes>, status: Status) {
    send(respond, Err(status));
}

fn asked(method: Unary, message: Bytes) -> Result<Asked, Status> {
    let (command, bytes) = match method {
        Unary::CompleteJob => convert::complete_job(&decode(message)?)?,
        Unary::FailJob => convert::fail_job(decode(message)?)?,
        Unary::ThrowError => convert::throw_error(decode(message)?)?,
        Unary::Create => convert::create(decode(message)?)?,
        Unary::CreateAndWait => {
            let request: wire::CreateProcessInstanceWithResultRequest = decode(message)?;
            if request.request_timeout > 0 {
                return Ok(Asked::ResultInTime(request));
            }
            convert::create_and_wait(request)?
        }
        Unary::Publish => convert::publish(decode(message)?)?,
    };
    Ok(Asked::Command(command, bytes))
}

fn decode<M: Message + Default>(message: Bytes) -> Result<M, Status> {
    M::decode(message)
        .map_err(|error| Status::internal(format!("expected a message of the method: {error}")))
}

fn answer(method: Unary, outcome: Outcome) -> Result<Bytes, Status> {
    let reply = outcome.map_err(convert::status)?;
    match method {
        // All three answers are messages without fields.
        Unary::CompleteJob | Unary::FailJob | Unary::ThrowError => {
            Ok(Bytes::from_static(&[0; PREFIX_BYTES]))
        }
        Unary::Create => convert::created(reply).map(|message| framed(&message)),
        Unary::CreateAndWait => convert::ended(reply).map(|message| framed(&message)),
        Unary::Publish => convert::published(&reply).map(|message| framed(&message)),
    }
}

/// Answers when there is a result or the request's time is over, on a task of its own: the
/// connection keeps no time.
async fn result_in_time(
    host: Arc<Host>,
    asked: wire::CreateProcessInstanceWithResultRequest,
    request: Incoming,
    mut respond: SendResponse<Bytes>,
) {
    let ended = tokio::select! {
        ended = convert::run_to_end(&host, asked, None) => ended,
        // The client has given the call up.
        _ = poll_fn(|context| respond.poll_reset(context)) => return,
    };
    send(respond, ended.map(|message| framed(&message)));
    // See `Incoming`: kept until now.
    drop(request);
}

/// A stream of jobs, on a task of its own: it waits for what the connection does not wait for.
async fn stream(host: Arc<Host>, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let (parts, body) = request.into_parts();
    let mut incoming = Incoming::new(body, GRPC_MESSAGE_BYTES_MAX);
    let opened = async {
        let message = poll_fn(|context| incoming.poll(context)).await?;
        let request: wire::StreamActivatedJobsRequest = decode(message)?;
        convert::open_stream(&host, request, &parts.headers)
    };
    match opened.await {
        Ok(jobs) => jobs::push(jobs, respond).await,
        Err(status) => refuse(respond, status),
    }
}

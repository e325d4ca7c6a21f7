//! The host: threads around the pure shards. The only place that knows a clock.
//!
//! In:  commands from the faces ([`Host::command`]), the passing of time.
//! Out: replies and hints, only after the commit that they rest on.
//! Absent: sockets and protocols (see the faces), decisions (see `engine`).
//!
//! Each shard has a desk, where one thread at a time decides (see `desk`). Under load that is the
//! shard's own; one more thread commits what all shards have decided, as one transaction, and then
//! carries out the effects, and while it syncs the shards decide the next batch. When little is
//! under way, whoever brought a command is a guest at the desk: it decides and commits there,
//! without a change of threads.

mod desk;
mod hints;
mod outbox;
mod waiting;
mod writer_thread;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use base::{
    ActivateJobs, ActivatedJob, Command, DefinitionRef, Outcome, Rejection, RejectionKind, ShardId,
};
use engine::{Catalog, Decisions, Definition, Input, Resource, ShardOptions, StreamId};
use host::Committer;
use store::{Fault, Reader, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc as mpsc_async, oneshot, watch};

use desk::{Desk, Tools};
use writer_thread::Faces;

pub use hints::{Hints, Wait};
pub(crate) use outbox::{Answer, Letter, Mailbox, Outbox};
pub(crate) use waiting::Caller;
use waiting::{Place, Waiting};

/// Kilobytes of commands that may be under way; beyond it callers are told to come later.
const UNDER_WAY_KB_MAX: usize = 256 * 1024;
/// What a command counts at least, in kilobytes: at most 16,384 are under way at once.
const COMMAND_KB_MIN: usize = 16;
/// What may be under way for a caller to do its work itself.
const QUIET_KB_MAX: usize = 4 * COMMAND_KB_MIN;
/// Callers that may wait for an instance's result at once, unless said.
const WAITING_MAX: usize = 10_000;

/// What can be set about a host.
#[derive(Clone, Copy, Debug)]
pub struct HostOptions {
    /// Bytes of instances that stay in memory, all shards together.
    pub cache_bytes_max: usize,
    /// Refuse a business id that an active instance of the process has, for every caller.
    pub business_id_unique: bool,
    /// Callers that may wait for an instance's result at once.
    pub waiting_max: usize,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            cache_bytes_max: 64 * 1024 * 1024,
            business_id_unique: false,
            waiting_max: WAITING_MAX,
        }
    }
}

type Push = mpsc_async::UnboundedSender<ActivatedJob>;
type Message = host::Message<Waiting, Push>;
type Decided = host::Decided<Waiting, Push>;
type ShardLoop = host::ShardLoop<Waiting, Push>;

/// The running core. Ends its threads when dropped.
#[derive(Debug)]
pub struct Host {
    desks: Vec<Arc<Desk>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    readers: Arc<Readers>,
    hints: Arc<Hints>,
    under_way: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    next_shard: AtomicU32,
    next_stream: AtomicU64,
    definitions: Arc<Mutex<Catalog>>,
    failed: watch::Receiver<Option<Fault>>,
    stopping: watch::Sender<bool>,
}

impl Host {
    /// Starts the threads on a store.
    pub fn start(store: &Arc<dyn Store>, options: HostOptions) -> Result<Self, Fault> {
        let shards = store.shards();
        let shard_options = ShardOptions {
            shards,
            cache_bytes_max: options.cache_bytes_max / usize::from(shards.max(1)),
            business_id_unique: options.business_id_unique,
        };
        let (loops, catalog) = host::loops(&**store, shard_options)?;
        let (fail, failed) = watch::channel(None);
        let hints = Arc::new(Hints::default());
        let definitions = Arc::new(Mutex::new(catalog));
        let (to_writer, from_shards) = mpsc::sync_channel(usize::from(shards));
        let desks: Vec<_> = (0..shards).map(|_| Arc::new(Desk::new())).collect();
        let (acks, acked): (Vec<_>, Vec<_>) = (0..shards).map(|_| mpsc::channel()).unzip();
        let faces = Faces {
            acks,
            desks: desks.clone(),
            hints: Arc::clone(&hints),
            definitions: Arc::clone(&definitions),
        };
        let committer = Arc::new(Mutex::new(Committer::new(store.writer()?, shards, faces)));
        let mut threads = Vec::new();
        for (shard, (desk, acked)) in loops.into_iter().zip(desks.iter().zip(acked)) {
            let name = format!("shard-{}", shard.shard().id());
            let (writer, committer) = (to_writer.clone(), Arc::clone(&committer));
            desk.equip(Tools { shard, acked, writer, committer });
            let (desk, fail) = (Arc::clone(desk), fail.clone());
            threads.push(spawn(name, move || end_with(&fail, || desk.run()))?);
        }
        drop(to_writer);
        threads.push(spawn("writer".into(), move || {
            end_with(&fail, || writer_thread::run(&committer, &from_shards));
        })?);
        Ok(Self {
            desks,
            threads: Mutex::new(threads),
            readers: Arc::new(Readers { store: Arc::clone(store), idle: Mutex::default() }),
            hints,
            under_way: Arc::new(Semaphore::new(UNDER_WAY_KB_MAX)),
            waiting: Arc::new(Semaphore::new(options.waiting_max)),
            next_shard: AtomicU32::new(0),
            next_stream: AtomicU64::new(0),
            definitions,
            failed,
            stopping: watch::Sender::new(false),
        })
    }

    /// How many shards there are.
    pub fn shards(&self) -> u16 {
        u16::try_from(self.desks.len()).unwrap_or(u16::MAX)
    }

    /// Carries out a command: the answer comes when it is durable. `bytes` is the size of what
    /// the caller sent, for the bound on what is under way.
    pub async fn command(&self, command: Command, bytes: usize) -> Outcome {
        let shard = self.route(&command)?;
        self.command_at(shard, command, bytes).await
    }

    fn route(&self, command: &Command) -> Result<ShardId, Rejection> {
        let definitions = || lock(&self.definitions);
        host::route(command, self.shards(), || self.any_shard(), definitions)
    }

    /// As [`Host::command`], at this shard.
    pub async fn command_at(&self, shard: ShardId, command: Command, bytes: usize) -> Outcome {
        let (answer, reply) = oneshot::channel();
        let _caller = self.submit_at(shard, command, bytes, Answer::Once(answer));
        let attention = Attention { host: self, desk: &self.desks[usize::from(shard.0)] };
        // Others that have something for the shard come first: then it is one batch.
        tokio::task::yield_now().await;
        attention.give();
        reply.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// As [`Host::command`]; the answer goes where it is waited for. Nothing is decided before
    /// [`Host::attend_all`].
    pub(crate) fn submit(&self, command: Command, bytes: usize, answer: Answer) -> Caller {
        match self.route(&command) {
            Ok(shard) => self.submit_at(shard, command, bytes, answer),
            Err(rejection) => {
                answer.send(Err(rejection));
                Caller::default()
            }
        }
    }

    fn submit_at(&self, shard: ShardId, command: Command, bytes: usize, answer: Answer) -> Caller {
        let waits = matches!(&command, Command::Create(create) if create.await_result.is_some());
        let (caller, place) = match self.place(bytes, waits) {
            Ok(permit) => waiting::shared(permit, waits),
            Err(rejection) => {
                answer.send(Err(rejection));
                return Caller::default();
            }
        };
        self.put(shard, Message::Command(command, Waiting { reply: answer, place }));
        caller
    }

    /// Sees to it that what was submitted is done.
    pub(crate) fn attend_all(&self) {
        for desk in &self.desks {
            self.attend(desk);
        }
    }

    /// As [`Host::attend_all`], but all of it is left to the shards' threads.
    pub(crate) fn ring_all(&self) {
        for desk in &self.desks {
            desk.ring();
        }
    }

    fn attend(&self, desk: &Desk) {
        if UNDER_WAY_KB_MAX - self.under_way.available_permits() <= QUIET_KB_MAX {
            desk.work_here();
        } else {
            desk.ring();
        }
    }

    /// Deploys checked models.
    pub async fn deploy(&self, resources: Vec<Resource>) -> Outcome {
        let bytes = resources.iter().map(|resource| resource.bytes.len()).sum();
        let place = Place::Command { _permit: self.place(bytes, false)? };
        let (answer, reply) = oneshot::channel();
        let waiting = Waiting { reply: Answer::Once(answer), place };
        self.put(ShardId::FIRST, Message::Deploy(resources, waiting));
        self.desks[0].ring();
        reply.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Opens a stream of jobs at every shard; each may have `jobs_max` jobs under way until it gets
    /// credit for more.
    pub fn open_stream(&self, activate: &ActivateJobs) -> Result<JobStream, Rejection> {
        let id = StreamId(self.next_stream.fetch_add(1, Ordering::Relaxed));
        let (sender, jobs) = mpsc_async::unbounded_channel();
        for shard in 0..self.shards() {
            let message = Message::OpenStream(id, activate.clone(), sender.clone());
            self.put(ShardId(shard), message);
            self.desks[usize::from(shard)].ring();
        }
        Ok(JobStream { id, jobs, desks: self.desks.clone() })
    }

    /// A place among what is under way.
    fn place(&self, bytes: usize, waits: bool) -> Result<OwnedSemaphorePermit, Rejection> {
        let kb = u32::try_from((bytes / 1024).max(COMMAND_KB_MIN)).unwrap_or(u32::MAX);
        let place = if waits {
            Arc::clone(&self.waiting).try_acquire_owned()
        } else {
            Arc::clone(&self.under_way).try_acquire_many_owned(kb)
        };
        place.map_err(|_| {
            Rejection::new(
                RejectionKind::Exhausted,
                "the server has as many commands under way as it takes; try again in a moment",
            )
        })
    }

    fn put(&self, shard: ShardId, message: Message) {
        // Routing names only shards that there are.
        let unsent = self.desks[usize::from(shard.0)].put(message);
        // The shard has ended.
        if let Some(Message::Command(_, waiting) | Message::Deploy(_, waiting)) = unsent {
            waiting.reply.send(Err(self.stopped()));
        }
    }

    /// Why a command has no answer.
    pub(crate) fn stopped(&self) -> Rejection {
        let why = match &*self.failed.borrow() {
            Some(fault) => fault.to_string(),
            None => "the server is stopping; try again when it is back".into(),
        };
        Rejection::new(RejectionKind::Unavailable, why)
    }

    /// Shards in turn.
    pub fn any_shard(&self) -> ShardId {
        let turn = self.next_shard.fetch_add(1, Ordering::Relaxed);
        ShardId(u16::try_from(turn % u32::from(self.shards().max(1))).unwrap_or(0))
    }

    /// Hints that a job type has work.
    pub fn hints(&self) -> &Arc<Hints> {
        &self.hints
    }

    /// Asks the store, off the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut dyn Reader) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Rejection> {
        let readers = Arc::clone(&self.readers);
        let answer = tokio::task::spawn_blocking(move || readers.ask(ask)).await;
        let failed = |why: String| Rejection::new(RejectionKind::Unavailable, why);
        match answer {
            Ok(answer) => answer.map_err(|fault| failed(fault.to_string())),
            Err(panic) => Err(failed(format!("the question could not be answered: {panic}"))),
        }
    }

    /// Resolves a reference among what is deployed and acknowledged.
    pub fn definition(&self, reference: &DefinitionRef) -> Result<base::DefinitionRow, Rejection> {
        lock(&self.definitions).resolve(reference).cloned()
    }

    /// The head of a definition, also of a deleted one: what was started of it still has its name.
    pub fn head(&self, key: base::DefinitionKey) -> Option<base::DefinitionRow> {
        lock(&self.definitions).head(key).cloned()
    }

    /// What decisions there are, of what is deployed and acknowledged.
    pub fn with_decisions<T>(&self, ask: impl FnOnce(&Decisions) -> T) -> T {
        ask(&lock(&self.definitions).decisions)
    }

    /// A definition with its graph, if it is compiled.
    pub fn compiled(&self, key: base::DefinitionKey) -> Option<Arc<Definition>> {
        lock(&self.definitions).compiled(key).cloned()
    }

    /// Keeps a graph that a face has compiled.
    pub fn keep_compiled(&self, definition: Arc<Definition>) {
        lock(&self.definitions).add(definition);
    }

    /// Tells when the store has failed; the server must stop then.
    pub fn failed(&self) -> watch::Receiver<Option<Fault>> {
        self.failed.clone()
    }

    /// Lets everybody who waits for jobs know that the server is about to stop.
    pub fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }

    /// Ends when the server is about to stop.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // A host that is gone has stopped.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    }

    /// Ends the threads. What was acknowledged is durable; what was not is not answered.
    pub fn stop(&self) {
        for desk in &self.desks {
            desk.close();
        }
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}

/// A message was left at a desk. Dropped with a caller who went away, it is left to the shard's
/// thread: a destructor decides and commits nothing.
struct Attention<'a> {
    host: &'a Host,
    desk: &'a Desk,
}

impl Attention<'_> {
    /// Has the message done, here if there is little to do.
    fn give(self) {
        self.host.attend(self.desk);
        std::mem::forget(self);
    }
}

impl Drop for Attention<'_> {
    fn drop(&mut self) {
        self.desk.ring();
    }
}

/// An open stream of jobs; closed when dropped, and what was not taken is given back.
#[derive(Debug)]
pub struct JobStream {
    id: StreamId,
    jobs: mpsc_async::UnboundedReceiver<ActivatedJob>,
    desks: Vec<Arc<Desk>>,
}

impl JobStream {
    /// The next job; `None` when the server stops.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<ActivatedJob>> {
        self.jobs.poll_recv(context)
    }

    /// Lets a shard push so many more.
    pub fn credit(&self, shard: ShardId, jobs: u32) {
        self.tell(shard, Message::Input(Input::Credit(self.id, jobs)));
    }

    fn tell(&self, shard: ShardId, message: Message) {
        if let Some(desk) = self.desks.get(usize::from(shard.0)) {
            // A shard that has ended needs nothing: the server is stopping.
            drop(desk.put(message));
            desk.ring();
        }
    }
}

impl Drop for JobStream {
    fn drop(&mut self) {
        for shard in 0..self.desks.len() {
            let shard = ShardId(u16::try_from(shard).unwrap_or(u16::MAX));
            self.tell(shard, Message::CloseStream(self.id));
        }
        self.jobs.close();
        while let Ok(job) = self.jobs.try_recv() {
            self.tell(job.job.0.shard(), Message::GiveBack(job.job));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Readers for people's questions, kept for the next one.
#[derive(Debug)]
struct Readers {
    store: Arc<dyn Store>,
    idle: Mutex<Vec<ReaderBox>>,
}

struct ReaderBox(Box<dyn Reader>);

impl std::fmt::Debug for ReaderBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Readers {
    fn ask<T>(&self, ask: impl FnOnce(&mut dyn Reader) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = lock(&self.idle).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => ReaderBox(self.store.reader()?),
        };
        let answer = ask(&mut *reader.0)?;
        let mut idle = lock(&self.idle);
        if idle.len() < 4 {
            idle.push(reader);
        }
        Ok(answer)
    }
}

/// The server's time, milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A lock whose holder panicked still guards what it guarded.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a thread's work; a fault or a panic in it ends the server. The first is its reason.
fn end_with(fail: &watch::Sender<Option<Fault>>, work: impl FnOnce() -> Result<(), Fault>) {
    let ended = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Fault::Panicked));
    if let Err(fault) = ended {
        fail.send_if_modified(|first| first.get_or_insert(fault.clone()) == &fault);
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    std::thread::Builder::new().name(name.clone()).spawn(run).map_err(|error| Fault::Failed {
        place: name,
        what: format!("no thread could be started: {error}"),
    })
}

//! A shard's desk: what has come for it, and who works at it.
//!
//! One at a time works at a desk: under load the shard's own thread, which takes many messages at
//! once; when there is little to do, whoever brought the message. That spares the change of
//! threads, which costs more than the decision and often more than the sync (ADR 0007).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host::{Committer, INPUTS_PER_BATCH_MAX, Step};
use store::Fault;

use super::writer_thread::Faces;
use super::{Decided, Message, ShardLoop, lock, now_ms};

/// Longest sleep: a clock that was set forward is noticed by then.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Beyond this many messages a guest leaves them to the shard's thread.
const GUEST_MESSAGES_MAX: usize = 8;

/// What is needed to work.
pub(super) struct Tools {
    pub(super) shard: ShardLoop,
    pub(super) acked: Receiver<u64>,
    pub(super) writer: SyncSender<Decided>,
    pub(super) committer: Arc<Mutex<Committer<Faces>>>,
}

/// What has come, and how things stand.
#[derive(Debug, Default)]
struct Inbox {
    messages: VecDeque<Message>,
    /// Somebody works, and looks again before it ends.
    busy: bool,
    /// A guest left work that its thread must go on with.
    unfinished: bool,
    /// When the shard wants to be woken, milliseconds since 1970.
    wake_ms: i64,
    /// Until when its thread sleeps.
    sleeps_until_ms: i64,
    /// Nothing more is taken.
    closed: bool,
    fault: Option<Fault>,
}

/// The desk of one shard.
pub(super) struct Desk {
    inbox: Mutex<Inbox>,
    bell: Condvar,
    /// None once the shard has ended.
    tools: Mutex<Option<Tools>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}

/// Who works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worker {
    /// The shard's own thread: it may wait.
    Own,
    /// Another thread, which has more to do than this.
    Guest,
}

/// Why a worker stopped.
enum Left {
    /// Nothing is left to be done now.
    Nothing,
    /// Commits must be awaited first.
    Unfinished,
    /// The writer is gone.
    Ended,
}

impl Desk {
    /// A desk without tools: it collects messages.
    pub(super) fn new() -> Self {
        let inbox = Mutex::new(Inbox { wake_ms: i64::MIN, ..Inbox::default() });
        Self { inbox, bell: Condvar::new(), tools: Mutex::new(None) }
    }

    /// To be done before its thread runs.
    pub(super) fn equip(&self, tools: Tools) {
        *lock(&self.tools) = Some(tools);
    }

    /// Leaves a message. It comes back when the shard has ended. [`Desk::ring`] or
    /// [`Desk::work_here`] must follow.
    pub(super) fn put(&self, message: Message) -> Option<Message> {
        let mut inbox = lock(&self.inbox);
        if inbox.closed {
            return Some(message);
        }
        inbox.messages.push_back(message);
        None
    }

    /// Wakes the shard's thread if there is something to do and nobody does it.
    pub(super) fn ring(&self) {
        let inbox = lock(&self.inbox);
        if !inbox.busy && !inbox.messages.is_empty() {
            self.bell.notify_one();
        }
    }

    /// As [`Desk::ring`], but does the work on this thread.
    pub(super) fn work_here(&self) {
        let mut inbox = lock(&self.inbox);
        let come = inbox.messages.len();
        if inbox.busy || come == 0 {
            return;
        }
        if inbox.unfinished || inbox.closed || come > GUEST_MESSAGES_MAX {
            self.bell.notify_one();
            return;
        }
        inbox.busy = true;
        drop(inbox);
        let (left, mut inbox) = self.work(Worker::Guest);
        match left {
            Ok(Left::Nothing) => {}
            Ok(Left::Unfinished | Left::Ended) => inbox.unfinished = true,
            Err(fault) => inbox.fault = Some(fault),
        }
        let more = !inbox.messages.is_empty() || inbox.unfinished || inbox.closed;
        if more || inbox.wake_ms < inbox.sleeps_until_ms {
            self.bell.notify_one();
        }
    }

    /// Works at the desk, which was made busy, and leaves it. The inbox comes locked: nobody takes
    /// the desk before it is noted there how things were left.
    fn work(&self, worker: Worker) -> (Result<Left, Fault>, MutexGuard<'_, Inbox>) {
        let leave = Leave(self);
        let left = match &mut *lock(&self.tools) {
            Some(tools) => tools.work(&self.inbox, worker),
            None => Ok(Left::Ended),
        };
        std::mem::forget(leave);
        let mut inbox = lock(&self.inbox);
        inbox.busy = false;
        inbox.closed |= matches!(left, Ok(Left::Ended) | Err(_));
        (left, inbox)
    }

    /// Takes nothing more; what has come is done.
    pub(super) fn close(&self) {
        lock(&self.inbox).closed = true;
        self.bell.notify_one();
    }

    /// The shard's thread: until the desk is closed and empty, or the store fails.
    pub(super) fn run(&self) -> Result<(), Fault> {
        let ended = catch_unwind(AssertUnwindSafe(|| self.run_until_closed()));
        let ended = ended.unwrap_or(Err(Fault::Panicked));
        lock(&self.inbox).closed = true;
        // Whoever waits for an answer hears that there is none.
        drop(lock(&self.tools).take());
        let left = std::mem::take(&mut lock(&self.inbox).messages);
        drop(left);
        ended
    }

    fn run_until_closed(&self) -> Result<(), Fault> {
        while self.wait()? {
            let (left, inbox) = self.work(Worker::Own);
            drop(inbox);
            if matches!(left?, Left::Ended) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits for something to do, and takes the desk. False when nothing more will come.
    fn wait(&self) -> Result<bool, Fault> {
        let mut inbox = lock(&self.inbox);
        loop {
            if let Some(fault) = inbox.fault.take() {
                return Err(fault);
            }
            let sleep_ms = inbox.wake_ms.saturating_sub(now_ms());
            if !inbox.busy {
                let something = !inbox.messages.is_empty() || inbox.unfinished || sleep_ms <= 0;
                if inbox.closed && inbox.messages.is_empty() && !inbox.unfinished {
                    return Ok(false);
                }
                if something {
                    (inbox.busy, inbox.unfinished) = (true, false);
                    return Ok(true);
                }
            }
            let sleep = Duration::from_millis(u64::try_from(sleep_ms).unwrap_or(0));
            // Who is busy looks at how long this sleeps when it leaves.
            let sleep = if inbox.busy { SLEEP_MAX } else { sleep.min(SLEEP_MAX) };
            let sleep_ms = i64::try_from(sleep.as_millis()).unwrap_or(i64::MAX);
            inbox.sleeps_until_ms = now_ms().saturating_add(sleep_ms);
            (inbox, _) =
                self.bell.wait_timeout(inbox, sleep).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Dropped when a mistake of ours unwinds: the shard cannot be trusted any more, and ends.
struct Leave<'a>(&'a Desk);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut inbox = lock(&self.0.inbox);
        inbox.busy = false;
        inbox.closed = true;
        inbox.fault = Some(Fault::Panicked);
        self.0.bell.notify_one();
    }
}

impl Tools {
    /// Does what there is to do. The caller has made the desk busy, and ends that.
    fn work(&mut self, inbox: &Mutex<Inbox>, worker: Worker) -> Result<Left, Fault> {
        loop {
            let mut come = lock(inbox);
            for _ in 0..INPUTS_PER_BATCH_MAX {
                let Some(message) = come.messages.pop_front() else { break };
                self.shard.take(message);
            }
            drop(come);
            self.shard.forget(super::Waiting::is_gone);
            self.take_acks();
            let now_ms = now_ms();
            self.shard.tick_if_due(now_ms);
            let left = self.decide(now_ms, worker)?;
            let mut come = lock(inbox);
            come.wake_ms = self.shard.wake_ms();
            let more = worker == Worker::Own && !come.messages.is_empty();
            if !more || !matches!(left, Left::Nothing) {
                return Ok(left);
            }
        }
    }

    fn take_acks(&mut self) {
        while let Ok(number) = self.acked.try_recv() {
            self.shard.durable(number);
        }
    }

    fn decide(&mut self, now_ms: i64, worker: Worker) -> Result<Left, Fault> {
        loop {
            match self.shard.step(now_ms)? {
                Step::Idle => return Ok(Left::Nothing),
                Step::AwaitCommits if worker == Worker::Guest => return Ok(Left::Unfinished),
                Step::AwaitCommits => {
                    if !self.await_commits() {
                        return Ok(Left::Ended);
                    }
                }
                Step::Commit { decided, here } => {
                    if !self.commit(decided, here)? {
                        return Ok(Left::Ended);
                    }
                    self.take_acks();
                }
            }
        }
    }

    /// Commits here or by the writer's thread; waits for that when it is behind. False when it is
    /// gone.
    fn commit(&self, decided: Decided, here: bool) -> Result<bool, Fault> {
        if here && let Ok(mut committer) = self.committer.try_lock() {
            committer.commit(vec![decided])?;
            return Ok(true);
        }
        Ok(self.writer.send(decided).is_ok())
    }

    fn await_commits(&mut self) -> bool {
        while !self.shard.all_durable() {
            let Ok(number) = self.acked.recv() else { return false };
            self.shard.durable(number);
        }
        true
    }
}

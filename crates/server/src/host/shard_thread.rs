//! One shard's thread: takes what has come, lets the shard decide, hands the batch to the writer.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{ActivatedJob, Command, Outcome};
use engine::{Commit, Input, Poll, Shard, StreamId, Ticket};
use store::{Fault, Reader};
use tokio::sync::mpsc::UnboundedSender;

use super::{Committer, Message, Waiting, answer, now_ms};

/// Inputs of one batch.
const INPUTS_PER_BATCH_MAX: usize = 1_024;
/// Inputs of a batch that its shard commits on its own thread when nothing else is under way.
const INPUTS_COMMITTED_HERE_MAX: usize = 8;
/// Longest sleep: a clock that was set forward is noticed by then.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// A commit on its way to the writer.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) commit: Commit,
    pub(super) shard: usize,
    pub(super) replies: Vec<(Waiting, Outcome)>,
    pub(super) pushes: Vec<(UnboundedSender<ActivatedJob>, ActivatedJob)>,
}

/// What the thread owns.
pub(super) struct ShardThread {
    shard: Shard,
    reader: Box<dyn Reader>,
    inbox: Receiver<Message>,
    acked: Receiver<u64>,
    writer: SyncSender<Decided>,
    committer: Arc<Mutex<Committer>>,
    /// Inputs of the batch that is being decided.
    inputs: usize,
    waiting: HashMap<Ticket, Waiting>,
    streams: HashMap<StreamId, UnboundedSender<ActivatedJob>>,
    next_ticket: u64,
    sent: u64,
    stopping: bool,
}

impl ShardThread {
    pub(super) fn new(
        shard: Shard,
        reader: Box<dyn Reader>,
        inbox: Receiver<Message>,
        acked: Receiver<u64>,
        (writer, committer): (SyncSender<Decided>, Arc<Mutex<Committer>>),
    ) -> Self {
        Self {
            shard,
            reader,
            inbox,
            acked,
            writer,
            committer,
            inputs: 0,
            waiting: HashMap::new(),
            streams: HashMap::new(),
            next_ticket: 0,
            sent: 0,
            stopping: false,
        }
    }

    /// Until it is told to stop, or the store fails.
    pub(super) fn run(mut self) -> Result<(), Fault> {
        while !self.stopping {
            self.receive();
            self.take_acks();
            let now_ms = now_ms();
            if self.shard.wake_ms() <= now_ms {
                self.shard.submit(Input::Tick);
            }
            if !self.decide(now_ms)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_acks(&mut self) {
        while let Ok(number) = self.acked.try_recv() {
            self.shard.committed(number);
        }
    }

    fn receive(&mut self) {
        let wait_ms = u64::try_from(self.shard.wake_ms().saturating_sub(now_ms())).unwrap_or(0);
        let wait = Duration::from_millis(wait_ms).min(SLEEP_MAX);
        match self.inbox.recv_timeout(wait) {
            Ok(message) => self.take(message),
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => {
                self.stopping = true;
                return;
            }
        }
        for _ in 1..INPUTS_PER_BATCH_MAX {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, message: Message) {
        self.inputs += 1;
        match message {
            Message::Command(command, waiting) => {
                let ticket = self.ticket(waiting);
                self.shard.submit(Input::Command(ticket, command));
            }
            Message::Deploy(resources, waiting) => {
                let ticket = self.ticket(waiting);
                self.shard.submit(Input::Deploy(ticket, resources));
            }
            Message::Input(input) => self.shard.submit(input),
            Message::OpenStream(stream, activate, sender) => {
                self.streams.insert(stream, sender);
                self.shard.submit(Input::OpenStream(stream, activate));
            }
            Message::CloseStream(stream) => {
                self.streams.remove(&stream);
                self.shard.submit(Input::CloseStream(stream));
            }
            Message::GiveBack(job) => {
                // Nobody waits for the answer: if it is refused, the lease ends by itself.
                let ticket = self.next_ticket();
                let command = Command::UpdateJob { job, retries: None, timeout_ms: Some(0) };
                self.shard.submit(Input::Command(ticket, command));
            }
            Message::Stop => self.stopping = true,
        }
    }

    fn next_ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    fn ticket(&mut self, waiting: Waiting) -> Ticket {
        let ticket = self.next_ticket();
        self.waiting.insert(ticket, waiting);
        ticket
    }

    /// False when the writer is gone.
    fn decide(&mut self, now_ms: i64) -> Result<bool, Fault> {
        loop {
            match self.shard.poll(now_ms) {
                Poll::Idle => return self.flush(),
                Poll::Read(read) => {
                    let loaded = answer(&mut *self.reader, self.shard.id(), &read)?;
                    self.shard.supply(loaded);
                }
                Poll::ReadCommitted(read) => {
                    if !self.flush()? || !self.wait_committed() {
                        return Ok(false);
                    }
                    let loaded = answer(&mut *self.reader, self.shard.id(), &read)?;
                    self.shard.supply(loaded);
                }
            }
        }
    }

    /// Commits what was decided, here or by the writer's thread; waits for that when it is behind.
    /// False when it is gone.
    fn flush(&mut self) -> Result<bool, Fault> {
        let inputs = std::mem::take(&mut self.inputs);
        let Some(mut commit) = self.shard.take_commit() else { return Ok(true) };
        let number = commit.number;
        let before = self.sent;
        self.sent = number;
        let replies = std::mem::take(&mut commit.effects.replies)
            .into_iter()
            .filter_map(|(ticket, outcome)| Some((self.waiting.remove(&ticket)?, outcome)))
            .collect();
        let pushes = std::mem::take(&mut commit.effects.pushes)
            .into_iter()
            .filter_map(|(stream, job)| Some((self.streams.get(&stream)?.clone(), job)))
            .collect();
        let shard = usize::from(self.shard.id().0);
        let decided = Decided { commit, shard, replies, pushes };
        let committer = Arc::clone(&self.committer);
        // Batches of one shard are committed in order: here only when none is on its way.
        if inputs <= INPUTS_COMMITTED_HERE_MAX
            && self.shard.committed_number() == before
            && let Ok(mut committer) = committer.try_lock()
        {
            committer.commit(vec![decided])?;
            drop(committer);
            self.take_acks();
            return Ok(true);
        }
        Ok(self.writer.send(decided).is_ok())
    }

    fn wait_committed(&mut self) -> bool {
        let mut durable = self.shard.committed_number();
        while durable < self.sent {
            let Ok(number) = self.acked.recv() else { return false };
            self.shard.committed(number);
            durable = number;
        }
        true
    }
}

//! One shard's thread: drives its loop with the inbox, the clock and the writer.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host::{Committer, INPUTS_PER_BATCH_MAX, Step};
use store::Fault;

use super::writer_thread::Faces;
use super::{Decided, Message, ShardLoop, now_ms};

/// Longest sleep: a clock that was set forward is noticed by then.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What the thread owns.
pub(super) struct ShardThread {
    pub(super) shard: ShardLoop,
    pub(super) inbox: Receiver<Told>,
    pub(super) acked: Receiver<u64>,
    pub(super) writer: SyncSender<Decided>,
    pub(super) committer: Arc<Mutex<Committer<Faces>>>,
    pub(super) stopping: bool,
}

/// What reaches the thread.
#[derive(Debug)]
pub(super) enum Told {
    /// For the shard.
    Shard(Message),
    /// For the thread itself.
    Stop,
}

impl ShardThread {
    /// Until it is told to stop, or the store fails.
    pub(super) fn run(mut self) -> Result<(), Fault> {
        while !self.stopping {
            self.receive();
            self.take_acks();
            let now_ms = now_ms();
            self.shard.tick_if_due(now_ms);
            if !self.decide(now_ms)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_acks(&mut self) {
        while let Ok(number) = self.acked.try_recv() {
            self.shard.durable(number);
        }
    }

    fn receive(&mut self) {
        let wait_ms = u64::try_from(self.shard.wake_ms().saturating_sub(now_ms())).unwrap_or(0);
        let wait = Duration::from_millis(wait_ms).min(SLEEP_MAX);
        match self.inbox.recv_timeout(wait) {
            Ok(Told::Shard(message)) => self.shard.take(message),
            Err(RecvTimeoutError::Timeout) => return,
            Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => {
                self.stopping = true;
                return;
            }
        }
        for _ in 1..INPUTS_PER_BATCH_MAX {
            match self.inbox.try_recv() {
                Ok(Told::Shard(message)) => self.shard.take(message),
                Ok(Told::Stop) => self.stopping = true,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    /// False when the writer is gone.
    fn decide(&mut self, now_ms: i64) -> Result<bool, Fault> {
        loop {
            match self.shard.step(now_ms)? {
                Step::Idle => return Ok(true),
                Step::AwaitCommits => {
                    if !self.await_commits() {
                        return Ok(false);
                    }
                }
                Step::Commit { decided, here } => {
                    if !self.commit(decided, here)? {
                        return Ok(false);
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

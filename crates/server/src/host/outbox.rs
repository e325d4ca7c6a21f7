//! Answers on their way to a connection: written by whoever carries out a commit, taken by the
//! connection's task, which is woken once for all that have come.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use base::Outcome;
use tokio::sync::oneshot;

/// Who waits for the outcome of a command.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A future.
    Once(oneshot::Sender<Outcome>),
    /// A call of a connection.
    Call(Mailbox),
}

impl Answer {
    /// Gives it; whoever waited may have gone away.
    pub(crate) fn send(self, outcome: Outcome) {
        match self {
            Self::Once(sender) => drop(sender.send(outcome)),
            Self::Call(mailbox) => mailbox.put(outcome),
        }
    }
}

/// A call and its outcome; none if the host ended before there was one.
pub(crate) type Letter = (u64, Option<Outcome>);

/// What has come and was not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answers: Vec<Letter>,
    waker: Option<Waker>,
}

impl Outbox {
    /// Takes what has come into `answers`, which is empty. If that is nothing, `waker` is woken
    /// when something comes.
    pub(crate) fn take(&self, answers: &mut Vec<Letter>, waker: &Waker) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.answers, answers);
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    fn put(&self, call: u64, outcome: Option<Outcome>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.answers.is_empty();
        state.answers.push((call, outcome));
        // Who was woken for the first takes the others with it.
        let waker = if first { state.waker.clone() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The way back of one call. Dropped unused, the call hears that nobody will answer.
#[derive(Debug)]
pub(crate) struct Mailbox {
    outbox: Option<Arc<Outbox>>,
    call: u64,
}

impl Mailbox {
    pub(crate) fn new(outbox: Arc<Outbox>, call: u64) -> Self {
        Self { outbox: Some(outbox), call }
    }

    fn put(mut self, outcome: Outcome) {
        if let Some(outbox) = self.outbox.take() {
            outbox.put(self.call, Some(outcome));
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take() {
            outbox.put(self.call, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use base::Reply;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_wake_for_all_that_come_before_the_connection_looks() {
        let (outbox, count) = (Arc::new(Outbox::default()), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut answers = Vec::new();
        outbox.take(&mut answers, &waker);
        for call in 0..3 {
            Answer::Call(Mailbox::new(Arc::clone(&outbox), call)).send(Ok(Reply::Done));
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        outbox.take(&mut answers, &waker);
        assert_eq!(answers.iter().map(|(call, _)| *call).collect::<Vec<_>>(), [0, 1, 2]);
        answers.clear();
        Answer::Call(Mailbox::new(Arc::clone(&outbox), 3)).send(Ok(Reply::Done));
        assert_eq!(count.0.load(Ordering::Relaxed), 2, "what comes later wakes again");
    }

    #[test]
    fn a_call_that_nobody_answers_is_told_so() {
        let outbox = Arc::new(Outbox::default());
        drop(Mailbox::new(Arc::clone(&outbox), 7));
        let mut answers = Vec::new();
        outbox.take(&mut answers, Waker::noop());
        assert_eq!(answers, [(7, None)]);
    }
}

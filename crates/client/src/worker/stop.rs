//! How a worker is told to end: first let it finish, then at once.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Ending {
    No,
    Drain,
    Now,
}

/// Tells a worker to end. When it is dropped, the worker goes on.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<Ending>>);

/// What a worker looks at to see whether it shall end.
#[derive(Clone, Debug)]
pub struct Stop {
    sender: Arc<watch::Sender<Ending>>,
    receiver: watch::Receiver<Ending>,
}

/// A stopper and what it stops.
pub fn stop_signal() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(Ending::No);
    let sender = Arc::new(sender);
    (Stopper(Arc::clone(&sender)), Stop { sender, receiver })
}

impl Stopper {
    /// Take no more jobs; finish those under way.
    pub fn drain(&self) {
        raise(&self.0, Ending::Drain);
    }

    /// Drop the jobs under way as well: they are given back to the server.
    pub fn now(&self) {
        raise(&self.0, Ending::Now);
    }
}

impl Stop {
    pub(super) fn drain(&self) {
        raise(&self.sender, Ending::Drain);
    }

    /// Comes when no more jobs shall be taken.
    pub(super) async fn draining(&mut self) {
        self.reached(Ending::Drain).await;
    }

    /// Comes when jobs under way shall be dropped.
    pub(super) async fn now(&mut self) {
        self.reached(Ending::Now).await;
    }

    async fn reached(&mut self, ending: Ending) {
        // It cannot fail: `sender` lives as long as `self`.
        let _ = self.receiver.wait_for(|now| *now >= ending).await;
    }
}

fn raise(sender: &watch::Sender<Ending>, to: Ending) {
    sender.send_if_modified(|now| {
        let raised = to > *now;
        *now = to.max(*now);
        raised
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ending_at_once_ends_taking_jobs_too_and_is_never_taken_back() {
        let (stopper, mut stop) = stop_signal();
        stopper.now();
        stopper.drain();
        stop.draining().await;
        stop.now().await;
    }

    #[tokio::test]
    async fn a_dropped_stopper_ends_nothing() {
        let (stopper, mut stop) = stop_signal();
        drop(stopper);
        let ended = async {
            stop.draining().await;
            true
        };
        tokio::select! {
            biased;
            _ = ended => panic!("it ended"),
            () = tokio::task::yield_now() => {}
        }
    }
}

//! Hints that a job type has something to hand out, for those who poll or stream.
//!
//! One waiter is woken at a time; it passes the hint on when it has taken something, since there
//! may be more. So a hundred waiting workers do not all ask for one job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::Text;
use tokio::sync::Notify;

/// The hints of all types that somebody waits for.
#[derive(Debug, Default)]
pub struct Hints {
    by_type: Mutex<HashMap<Text, Arc<Notify>>>,
}

impl Hints {
    /// Begins to wait for a type. To be done before the first try, so that no hint is lost.
    pub fn wait(self: &Arc<Self>, job_type: &Text) -> Wait {
        let mut by_type = self.by_type.lock().unwrap_or_else(PoisonError::into_inner);
        let notify = Arc::clone(by_type.entry(job_type.clone()).or_default());
        Wait { hints: Arc::clone(self), job_type: job_type.clone(), notify }
    }

    /// The type has (or may have) something.
    pub fn ready(&self, job_type: &Text) {
        let by_type = self.by_type.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = by_type.get(job_type) {
            notify.notify_one();
        }
    }
}

/// Somebody who waits for a type.
#[derive(Debug)]
pub struct Wait {
    hints: Arc<Hints>,
    job_type: Text,
    notify: Arc<Notify>,
}

impl Wait {
    /// Until the next hint; one that came since the last call counts.
    pub async fn hint(&self) {
        self.notify.notified().await;
    }

    /// There may be more: the next waiter is woken.
    pub fn pass_on(&self) {
        self.notify.notify_one();
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut by_type = self.hints.by_type.lock().unwrap_or_else(PoisonError::into_inner);
        // This one and the map's: nobody else waits.
        if Arc::strong_count(&self.notify) <= 2 {
            by_type.remove(&self.job_type);
        } else {
            // A hint that this one was woken for, and did not use, goes to another.
            self.notify.notify_one();
        }
    }
}

//! Deleting instances that have ended.
//!
//! In:  a command; the instance; whether something lives that it has called.
//! Out: one operation: the store knows what the instance has called, and forgets all of it.
//! Absent: rows of live things. An ended instance has none.

use base::{InstanceKey, Op, Outcome, Rejection, Reply};
use instance::Status;

use crate::cache::Entry;
use crate::input::Read;
use crate::shard::{Shard, unknown_instance};

impl Shard {
    /// What must be read before it is known whether an instance can be deleted, and whether what was
    /// decided about it must be durable first: the deletion is the last of it.
    pub(crate) fn delete_need(&self, instance: InstanceKey) -> Option<(Read, bool)> {
        if self.dirty.contains(&instance) {
            return Some((Read::Instance(instance), true));
        }
        if let Some(read) = self.owner_need(instance.0) {
            return Some((read, false));
        }
        let ended = self.cache.get(instance)?.state.status() != Status::Active;
        let asks = ended && self.read.live_called.is_none();
        asks.then_some((Read::LiveCalled(instance), true))
    }

    pub(crate) fn delete_instance(&mut self, instance: InstanceKey) -> Outcome {
        let entry = self.cache.get(instance).ok_or_else(|| unknown_instance(instance))?;
        if entry.state.status() == Status::Active {
            return Err(Rejection::state(format!(
                "expected an instance that has ended, but {instance} is live; let it end, or cancel it \
                 first"
            )));
        }
        if let Some(parent) = entry.state.header().parent {
            return Err(Rejection::state(format!(
                "expected an instance that no other one has called, but {instance} was called by {}; \
                 delete the root instance {}, and what it has called goes with it",
                parent.instance, parent.root
            )));
        }
        if let Some(Some(called)) = self.read.live_called {
            return Err(Rejection::state(format!(
                "expected nothing to live that {instance} has called, but {called} does: it was cancelled \
                 and ends when its canceling listeners are done; wait for that, or cancel it again"
            )));
        }
        self.ops.push(Op::DeleteInstance(instance));
        // They leave memory when it is durable: until then the store still has them.
        let commit = self.commit;
        let of_it = |entry: &Entry| entry.state.root_instance() == instance;
        for key in self.cache.find(of_it) {
            if let Some(entry) = self.cache.get_mut(key) {
                entry.commit = commit;
            }
            self.ended.push_back((commit, key));
        }
        Ok(Reply::Done)
    }
}

//! Instances in memory: those in use, those of pending batches, and as many others as fit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base::{
    Event, IncidentKey, InstanceKey, JobKey, Key, KeyRange, SubscriptionKey, Text, TimerKey,
    UserTaskKey,
};
use instance::Instance;

use crate::catalog::Definition;

/// What an instance takes in memory beside its log's bytes: trees, names, places (measured with a
/// hundred thousand instances that wait for one job each).
const ENTRY_BYTES: usize = 4_096;

/// Things of an instance that a batch touched, and whether they had a row before it.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) jobs: BTreeMap<JobKey, bool>,
    pub(crate) timers: BTreeMap<TimerKey, bool>,
    pub(crate) tasks: BTreeMap<UserTaskKey, bool>,
    pub(crate) incidents: BTreeMap<IncidentKey, bool>,
    /// The summary row changed.
    pub(crate) summary: bool,
    pub(crate) ranges: Vec<KeyRange>,
}

/// One instance in memory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) state: Instance,
    pub(crate) definition: Arc<Definition>,
    /// The number of its next log row.
    pub(crate) next_seq: u64,
    /// Events since its last snapshot.
    pub(crate) tail: u64,
    /// Bytes of its last snapshot.
    pub(crate) snapshot_bytes: usize,
    /// Decided in this batch.
    pub(crate) pending: Vec<Event>,
    pub(crate) touched: Touched,
    /// Where its jobs stand, and in the queue of which type.
    pub(crate) job_places: BTreeMap<JobKey, (Text, i64)>,
    /// Message names and correlation keys of its open subscriptions, and whether the first message
    /// closes them: the event that closes one names it by key alone.
    pub(crate) subscriptions: BTreeMap<SubscriptionKey, (Text, Text, bool)>,
    /// Where its timers stand.
    pub(crate) timer_places: BTreeMap<TimerKey, i64>,
    /// The last commit that changed it; it stays in memory until that is durable.
    pub(crate) commit: u64,
    /// About what it takes in memory.
    pub(crate) bytes: usize,
    /// Further key ranges of it.
    pub(crate) ranges: Vec<Key>,
    used: bool,
    /// A panic left the state unusable.
    pub(crate) poisoned: bool,
}

impl Entry {
    pub(crate) fn new(
        state: Instance,
        definition: Arc<Definition>,
        next_seq: u64,
        tail: u64,
        bytes: usize,
    ) -> Self {
        let job_places = state
            .jobs()
            .iter()
            .filter(|(_, job)| job.available_ms < i64::MAX && !state.holds_inputs())
            .map(|(key, job)| (*key, (job.job_type.clone(), job.available_ms)))
            .collect();
        let timers = state.timers().iter().filter(|_| !state.is_suspended());
        let timer_places = timers.map(|(key, timer)| (*key, timer.due_ms)).collect();
        let subscriptions = state
            .subscriptions()
            .iter()
            .map(|(key, open)| (*key, (open.name.clone(), open.correlation_key.clone(), open.once)))
            .collect();
        Self {
            state,
            definition,
            next_seq,
            tail,
            snapshot_bytes: 0,
            pending: Vec::new(),
            touched: Touched::default(),
            job_places,
            timer_places,
            subscriptions,
            commit: 0,
            bytes: bytes + ENTRY_BYTES,
            ranges: Vec::new(),
            used: true,
            poisoned: false,
        }
    }
}

/// The instances in memory.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: BTreeMap<InstanceKey, Entry>,
    /// For eviction, as in [`crate::slots::Slots`].
    order: VecDeque<InstanceKey>,
    /// Further key ranges of instances in memory: first key to end and owner.
    ranges: BTreeMap<Key, (Key, InstanceKey)>,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: VecDeque::new(),
            ranges: BTreeMap::new(),
            bytes: 0,
            bytes_max,
        }
    }

    pub(crate) fn get(&self, instance: InstanceKey) -> Option<&Entry> {
        self.entries.get(&instance)
    }

    pub(crate) fn get_mut(&mut self, instance: InstanceKey) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(&instance)?;
        entry.used = true;
        Some(entry)
    }

    /// The instances in memory for which this holds.
    pub(crate) fn find(&self, fits: impl Fn(&Entry) -> bool) -> Vec<InstanceKey> {
        let found = self.entries.iter().filter(|(_, entry)| fits(entry));
        found.map(|(instance, _)| *instance).collect()
    }

    /// How many instances are in memory.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn insert(&mut self, instance: InstanceKey, entry: Entry) {
        self.bytes += entry.bytes;
        if let Some(old) = self.entries.insert(instance, entry) {
            self.bytes -= old.bytes;
        } else {
            self.order.push_back(instance);
        }
    }

    /// The instance grew.
    pub(crate) fn grew(&mut self, instance: InstanceKey, bytes: usize) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            entry.bytes += bytes;
            self.bytes += bytes;
        }
    }

    pub(crate) fn add_range(&mut self, range: KeyRange) {
        self.ranges.insert(range.first, (range.end, range.instance));
        if let Some(entry) = self.entries.get_mut(&range.instance) {
            entry.ranges.push(range.first);
        }
    }

    /// The store says that a key belongs to an instance in memory: its block does.
    pub(crate) fn alias(&mut self, key: Key, instance: InstanceKey) {
        if self.owner(key).is_none() && self.entries.contains_key(&instance) {
            let first = key.block_start();
            self.add_range(KeyRange { first, end: first.offset(Key::LOCALS_PER_BLOCK), instance });
        }
    }

    /// The instance in memory that owns a key.
    pub(crate) fn owner(&self, key: Key) -> Option<InstanceKey> {
        let first_block = InstanceKey(key.block_start());
        if self.entries.contains_key(&first_block) {
            return Some(first_block);
        }
        let (_, (end, instance)) = self.ranges.range(..=key).next_back()?;
        (key < *end).then_some(*instance)
    }

    pub(crate) fn remove(&mut self, instance: InstanceKey) {
        if let Some(entry) = self.entries.remove(&instance) {
            self.bytes -= entry.bytes;
            for first in entry.ranges {
                self.ranges.remove(&first);
            }
        }
        if self.order.len() > self.entries.len() * 2 + 1_000 {
            self.order.retain(|instance| self.entries.contains_key(instance));
        }
    }

    /// The next instance to leave memory, when there are too many: one that was not used lately
    /// and that no pending batch has changed.
    pub(crate) fn victim(&mut self, committed: u64) -> Option<InstanceKey> {
        // A bound, so that a cache full of pending instances costs no search; the next call goes on.
        let mut looks = (self.order.len() * 2).min(1_000);
        while self.bytes > self.bytes_max && looks > 0 {
            looks -= 1;
            let instance = self.order.pop_front()?;
            match self.entries.get_mut(&instance) {
                None => {}
                Some(entry) if entry.used || entry.commit > committed => {
                    entry.used = false;
                    self.order.push_back(instance);
                }
                Some(_) => return Some(instance),
            }
        }
        None
    }
}

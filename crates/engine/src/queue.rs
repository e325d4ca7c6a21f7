//! Things in the order of a time: jobs of a type, timers. Memory holds the beginning, the store
//! the rest.

use std::collections::BTreeMap;

use base::{InstanceKey, Key};

/// Entries that a queue holds in memory at most.
const QUEUE_ENTRIES_MAX: usize = 50_000;
/// Entries that are read at once.
pub(crate) const PAGE: u32 = 1_000;

/// A queue of things `K` by time.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    entries: BTreeMap<(i64, K), InstanceKey>,
    /// Everything up to here is in memory.
    horizon: Horizon<K>,
}

/// How far memory reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Horizon<K> {
    /// Nothing was read yet.
    Nothing,
    /// Up to this place.
    Place(i64, K),
    /// Everything is in memory.
    All,
}

impl<K: Copy + Ord> Default for Queue<K> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), horizon: Horizon::Nothing }
    }
}

impl<K: Copy + Ord + From<Key>> Queue<K> {
    /// A thing came up (or moved here; then [`Queue::remove`] came first).
    pub(crate) fn insert(&mut self, at_ms: i64, key: K, instance: InstanceKey) {
        let within = match self.horizon {
            Horizon::Nothing => false,
            Horizon::Place(ms, last) => (at_ms, key) <= (ms, last),
            Horizon::All => true,
        };
        if !within {
            return;
        }
        self.entries.insert((at_ms, key), instance);
        if self.entries.len() > QUEUE_ENTRIES_MAX {
            // Half of it, so that the next insertion does not cut again.
            while self.entries.len() > QUEUE_ENTRIES_MAX / 2 {
                self.entries.pop_last();
            }
            if let Some(((ms, last), _)) = self.entries.last_key_value() {
                self.horizon = Horizon::Place(*ms, *last);
            }
        }
    }

    /// A thing is gone from its place.
    pub(crate) fn remove(&mut self, at_ms: i64, key: K) {
        self.entries.remove(&(at_ms, key));
    }

    /// Things whose time has come, in order.
    pub(crate) fn due(&self, now_ms: i64) -> impl Iterator<Item = (i64, K, InstanceKey)> + '_ {
        self.entries
            .iter()
            .take_while(move |((at_ms, _), _)| *at_ms <= now_ms)
            .map(|((at_ms, key), instance)| (*at_ms, *key, *instance))
    }

    /// True when the beginning is not in memory, or all that is in memory is due and more may be
    /// due behind it: the page [`Queue::after`] is to be read.
    pub(crate) fn wants_page(&self, now_ms: i64, wanted: usize) -> bool {
        match self.horizon {
            Horizon::Nothing => true,
            Horizon::Place(ms, _) => ms <= now_ms && self.due(now_ms).take(wanted).count() < wanted,
            Horizon::All => false,
        }
    }

    /// Where the next page begins.
    pub(crate) fn after(&self) -> Option<(i64, K)> {
        match self.horizon {
            Horizon::Place(ms, last) => Some((ms, last)),
            Horizon::Nothing | Horizon::All => None,
        }
    }

    /// Takes the page that was read behind a commit.
    pub(crate) fn extend(&mut self, page: &[(i64, K, InstanceKey)]) {
        for (at_ms, key, instance) in page.iter().filter(|(at_ms, _, _)| *at_ms < i64::MAX) {
            self.entries.insert((*at_ms, *key), *instance);
        }
        self.horizon = match page.last() {
            Some((at_ms, last, _)) if page.len() == PAGE as usize && *at_ms < i64::MAX => {
                Horizon::Place(*at_ms, *last)
            }
            _ => Horizon::All,
        };
    }

    /// When the first thing is due; also when a page wants to be read.
    pub(crate) fn first(&self) -> Option<i64> {
        match (self.entries.first_key_value(), self.horizon) {
            (Some(((at_ms, _), _)), _) => Some(*at_ms),
            (None, Horizon::Place(at_ms, _)) => Some(at_ms),
            (None, Horizon::Nothing) => Some(i64::MIN),
            (None, Horizon::All) => None,
        }
    }

    /// When something becomes due after `after_ms`; also when a page wants to be read then.
    pub(crate) fn next_after(&self, after_ms: i64) -> Option<i64> {
        let from = (after_ms.saturating_add(1), K::from(Key::default()));
        match (self.entries.range(from..).next(), self.horizon) {
            (Some(((at_ms, _), _)), _) => Some(*at_ms),
            (None, Horizon::Place(at_ms, _)) => (at_ms > after_ms).then_some(at_ms),
            (None, Horizon::Nothing | Horizon::All) => None,
        }
    }

    /// Whether something became due in `after_ms < t <= now_ms`.
    pub(crate) fn became_due(&self, after_ms: i64, now_ms: i64) -> bool {
        self.next_after(after_ms).is_some_and(|at_ms| at_ms <= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use base::JobKey;

    use super::*;

    fn job(number: usize) -> JobKey {
        JobKey(Key::from_raw(256 + number as u64))
    }

    #[test]
    fn a_queue_that_is_too_long_forgets_its_end_and_reads_it_again_when_it_gets_there() {
        let owner = InstanceKey(Key::from_raw(256));
        let mut queue = Queue::default();
        assert!(queue.wants_page(5, 1), "nothing was read yet");
        queue.extend(&[]);
        assert!(!queue.wants_page(5, 1), "the store has nothing");
        for number in 0..=QUEUE_ENTRIES_MAX {
            queue.insert(5, job(number), owner);
        }
        let kept = queue.due(5).count();
        assert_eq!(kept, QUEUE_ENTRIES_MAX / 2);
        assert_eq!(queue.after(), Some((5, job(kept - 1))));
        queue.insert(9, job(1_000_000), owner);
        assert_eq!(queue.due(9).count(), kept, "what is behind the horizon is the store's");
        assert!(!queue.wants_page(5, kept) && queue.wants_page(5, kept + 1));
        queue.extend(&[(5, job(kept), owner), (9, job(1_000_000), owner)]);
        assert_eq!(queue.due(9).count(), kept + 2);
        assert_eq!(queue.next_after(5), Some(9));
    }
}

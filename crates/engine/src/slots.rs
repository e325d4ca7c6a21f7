//! Correlation slots: what is kept under one message name and correlation key.
//!
//! Slots are rows, not folds: what is in memory is what the store has once the pending batches are
//! committed. A slot that is not in memory was changed by no pending batch.

use std::collections::{BTreeMap, VecDeque};

use base::{InstanceKey, MessageKey, MessageRow, SubscriptionKey, SubscriptionRow, Text};

use crate::input::SlotRows;

/// Slots that memory holds at most, beside those of pending batches.
const SLOTS_MAX: usize = 50_000;

/// Message name and correlation key.
pub(crate) type SlotName = (Text, Text);

/// One slot.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) subscriptions: BTreeMap<SubscriptionKey, SubscriptionRow>,
    pub(crate) messages: BTreeMap<MessageKey, MessageRow>,
    pub(crate) locks: BTreeMap<Text, InstanceKey>,
    /// The last commit that changed it.
    pub(crate) commit: u64,
    used: bool,
}

/// The slots in memory.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    by_name: BTreeMap<SlotName, Slot>,
    /// For eviction: a slot that was used since it stood here stands again at the end.
    order: VecDeque<SlotName>,
}

impl Slots {
    pub(crate) fn contains(&self, slot: &SlotName) -> bool {
        self.by_name.contains_key(slot)
    }

    /// A slot that was loaded, about to be changed by commit `commit`.
    pub(crate) fn get_mut(&mut self, name: &SlotName, commit: u64) -> &mut Slot {
        if !self.by_name.contains_key(name) {
            debug_assert!(false, "the slot {name:?} is used before it was loaded");
            self.order.push_back(name.clone());
        }
        let slot = self.by_name.entry(name.clone()).or_default();
        slot.commit = commit;
        slot.used = true;
        slot
    }

    /// A slot in memory, to look at.
    pub(crate) fn peek(&mut self, name: &SlotName) -> Option<&mut Slot> {
        self.by_name.get_mut(name)
    }

    /// Takes what was read.
    pub(crate) fn load(&mut self, name: SlotName, rows: SlotRows) {
        let slot = Slot {
            subscriptions: rows
                .subscriptions
                .into_iter()
                .map(|row| (row.subscription, row))
                .collect(),
            messages: rows.messages.into_iter().map(|row| (row.message, row)).collect(),
            locks: rows.locks.into_iter().map(|row| (row.process_id, row.instance)).collect(),
            commit: 0,
            used: true,
        };
        self.order.push_back(name.clone());
        self.by_name.insert(name, slot);
    }

    /// Lets go of slots beyond the limit that no pending batch has changed.
    pub(crate) fn evict(&mut self, committed: u64) {
        let mut looks = self.order.len();
        while self.by_name.len() > SLOTS_MAX && looks > 0 {
            looks -= 1;
            let Some(name) = self.order.pop_front() else { return };
            match self.by_name.get_mut(&name) {
                None => {}
                Some(slot) if slot.used || slot.commit > committed => {
                    slot.used = false;
                    self.order.push_back(name);
                }
                Some(_) => {
                    self.by_name.remove(&name);
                }
            }
        }
    }
}

//! Messages, those who wait for them, and who holds a place: between slots, states and logs.

use std::collections::{BTreeMap, BTreeSet};

use base::{Event, HeldInput, InstanceKey, MessageKey, Reply, SubscriptionKey, Text};

use super::Checked;
use super::facts::Facts;
use crate::play::{Play, wrong};

impl Play {
    pub(super) fn check_slots(&mut self, facts: &Facts) -> Checked {
        self.check_once(facts)?;
        self.check_subscriptions(facts)?;
        Self::check_locks(facts)?;
        self.check_waiting(facts)
    }

    /// A message goes to each process once, and to nobody who began to wait after its time. A signal
    /// goes to all who wait.
    fn check_once(&mut self, facts: &Facts) -> Checked {
        let mut had: BTreeMap<(MessageKey, &Text), InstanceKey> = BTreeMap::new();
        for past in facts.all() {
            let mut opened: BTreeMap<SubscriptionKey, i64> = BTreeMap::new();
            let mut signals = BTreeSet::new();
            for (at_ms, event) in past.events() {
                if let Event::SubscriptionOpened { subscription, name, .. } = event {
                    opened.insert(*subscription, at_ms);
                    if base::signal::of_slot(name).is_some() {
                        signals.insert(*subscription);
                    }
                }
                if let Event::SubscriptionCorrelated { subscription, message } = event
                    && let Some(expires_ms) = self.clients.expires_ms.get(message)
                    && opened.get(subscription).is_some_and(|opened| opened > expires_ms)
                    && !self.clock_jumped
                {
                    let what = format!("{event:?}, but that was over at {expires_ms}");
                    return Err(wrong("messages")(what));
                }
                let message = match event {
                    Event::InstanceCreated(created) => {
                        created.message.as_ref().map(|source| source.message)
                    }
                    Event::SubscriptionCorrelated { subscription, message }
                        if !signals.contains(subscription) =>
                    {
                        Some(*message)
                    }
                    _ => None,
                };
                let Some(message) = message else { continue };
                self.coverage.count("check", "messages");
                let instance = past.row.instance;
                if let Some(other) = had.insert((message, &past.row.process_id), instance) {
                    let what = format!("message {message} reached {other} and {instance}");
                    return Err(wrong("messages")(what));
                }
            }
        }
        Ok(())
    }

    fn check_subscriptions(&mut self, facts: &Facts) -> Checked {
        let mut rows: BTreeMap<SubscriptionKey, (&str, &str, InstanceKey)> = BTreeMap::new();
        for ((name, key), (shard, slot)) in &facts.slots {
            for row in &slot.subscriptions {
                if row.shard != *shard {
                    return Err(wrong("slots")(format!("{row:?} is kept by shard {shard}")));
                }
                rows.insert(row.subscription, (name, key, row.instance));
            }
        }
        for past in &facts.instances {
            for (subscription, open) in past.state.subscriptions() {
                self.coverage.count("check", "slots");
                let instance = past.row.instance;
                let found = rows.remove(subscription);
                // The slot has given it what it waited for; that is held.
                let held = past.state.suspension().into_iter().flat_map(|it| &it.held);
                let mut had = held.map(|it| &it.input).filter(|input| {
                    matches!(input, HeldInput::Message { subscription: of, .. } if of == subscription)
                });
                if open.once && had.next().is_some() && found.is_none() {
                    if had.next().is_some() {
                        let what = format!("{instance} has had two messages for {subscription}");
                        return Err(wrong("slots")(what));
                    }
                    continue;
                }
                if found != Some((&*open.name, &*open.correlation_key, instance)) {
                    let what = format!(
                        "{instance} waits for {} {}, its row is {found:?}",
                        &*open.name, &*open.correlation_key
                    );
                    return Err(wrong("slots")(what));
                }
            }
        }
        match rows.first_key_value() {
            None => Ok(()),
            Some(row) => Err(wrong("slots")(format!("nobody waits under the row {row:?}"))),
        }
    }

    /// Who was started by a message with a key holds its place while it lives.
    fn check_locks(facts: &Facts) -> Checked {
        let mut rows = BTreeSet::new();
        for ((name, key), (_, slot)) in &facts.slots {
            for lock in &slot.locks {
                rows.insert((*name, *key, lock.instance));
            }
        }
        let mut live = BTreeSet::new();
        for past in facts.instances.iter().filter(|past| past.live()) {
            if let Some(source) = &past.state.header().message
                && !source.correlation_key.is_empty()
            {
                live.insert((&*source.name, &*source.correlation_key, past.row.instance));
            }
        }
        if rows != live {
            return Err(wrong("slots")(format!(
                "places are held by {rows:?}, but live are {live:?}"
            )));
        }
        Ok(())
    }

    /// At rest, no live message waits beside somebody who waits for it.
    fn check_waiting(&mut self, facts: &Facts) -> Checked {
        let latest = facts.latest();
        let sent: BTreeMap<MessageKey, i64> = self
            .clients
            .wishes
            .values()
            .flat_map(|wish| wish.replies.iter().map(|reply| (reply, wish.first_sent_ms)))
            .filter_map(|(reply, at)| match reply {
                Reply::Published { message, .. } => Some((*message, at)),
                _ => None,
            })
            .collect();
        for ((name, key), (_, slot)) in &facts.slots {
            // By the host's clock, which may be behind what the shards have seen.
            for row in slot.messages.iter().filter(|row| row.expires_ms > self.latest_ms) {
                self.coverage.count("check", "waiting");
                let wants = |process: &Text| !row.correlated_to.contains(process);
                if let Some(open) = slot.subscriptions.iter().find(|open| wants(&open.process_id)) {
                    let what = format!("{row:?} was not given to {open:?}");
                    return Err(wrong("waiting")(what));
                }
                // Every shard knows a definition before its deployment is acknowledged.
                let sent_ms = sent.get(&row.message).copied().unwrap_or(i64::MIN);
                let starts = latest.values().filter(|head| {
                    head.message_starts.iter().any(|start| **start == **name)
                        && self.clients.deployed.get(&head.key).is_some_and(|at| *at < sent_ms)
                });
                // One that is the latest again, since a later one was deleted, was not then.
                let was_latest = |head: &&&base::DefinitionRow| {
                    !facts.definitions.iter().any(|later| {
                        later.id == head.id
                            && later.version > head.version
                            && later.deleted_ms.is_some_and(|at_ms| at_ms >= sent_ms)
                    })
                };
                for head in starts.filter(was_latest).filter(|head| wants(&head.id)) {
                    let held = slot.locks.iter().any(|lock| lock.process_id == head.id);
                    if !held && !self.clock_jumped {
                        let what = format!("{row:?} ({key}) did not start {}", &*head.id);
                        return Err(wrong("waiting")(what));
                    }
                }
            }
        }
        Ok(())
    }
}

//! Correlation: publishing messages, and the mail between instances and slots.
//!
//! A slot (message name and correlation key) belongs to one shard. It knows who waits, which
//! messages still live, and who holds the place of a message start event. A message goes to each
//! process once.

use base::limits::{MESSAGE_ID_KEPT_MS_MIN, TIME_TO_LIVE_MS_MAX};
use base::{
    CorrelationSource, InstanceKey, Mail, MailRow, MessageKey, MessageRow, Op, Outcome,
    PublishMessage, Rejection, RejectionKind, Reply, SubscriptionKey, SubscriptionRow, Text,
};
use bpmn::Run;

use crate::create::{Begin, Start};
use crate::shard::Shard;
use crate::slots::SlotName;

impl Shard {
    pub(crate) fn publish(&mut self, publish: PublishMessage) -> Outcome {
        check(&publish)?;
        let slot_name = (publish.name.clone(), publish.correlation_key.clone());
        let (now_ms, commit) = (self.now_ms, self.commit);
        let slot = self.slots.get_mut(&slot_name, commit);
        let known = slot.messages.values().find(|known| {
            !publish.message_id.is_empty()
                && known.message_id == publish.message_id
                && known.kept_until_ms > now_ms
        });
        if let Some(known) = known {
            return Err(Rejection::new(
                RejectionKind::AlreadyExists,
                format!(
                    "expected a new message id, but the message {} was published with the id `{}` \
                     already; nothing was published",
                    known.message, &*publish.message_id
                ),
            ));
        }
        let expires_ms = now_ms.saturating_add(publish.time_to_live_ms);
        let kept_until_ms = if publish.message_id.is_empty() {
            expires_ms
        } else {
            expires_ms.max(now_ms.saturating_add(MESSAGE_ID_KEPT_MS_MIN))
        };
        let mut row = MessageRow {
            message: MessageKey(self.own_key()),
            name: publish.name,
            correlation_key: publish.correlation_key,
            message_id: publish.message_id,
            expires_ms,
            kept_until_ms,
            variables: publish.variables,
            correlated_to: Vec::new(),
        };
        let taken = self.correlate(&slot_name, &mut row);
        let message = row.message;
        if publish.await_correlation && taken.is_none() {
            return Err(Rejection::not_found(format!(
                "expected somebody to wait for the message `{}` with the correlation key `{}`, but \
                 nobody does; nothing was published",
                &*row.name, &*row.correlation_key
            )));
        }
        if row.kept_until_ms > now_ms {
            self.slots.get_mut(&slot_name, commit).messages.insert(message, row.clone());
            self.ops.push(Op::PutMessage(row));
        }
        Ok(Reply::Published { message, instance: taken.filter(|_| publish.await_correlation) })
    }

    /// Gives a message to every process that wants it and has not had it. Answers the first
    /// instance that took it.
    fn correlate(&mut self, slot_name: &SlotName, row: &mut MessageRow) -> Option<InstanceKey> {
        let mut first = None;
        let waiting: Vec<SubscriptionRow> =
            self.slots.get_mut(slot_name, self.commit).subscriptions.values().cloned().collect();
        for subscription in waiting {
            if !row.correlated_to.contains(&subscription.process_id) {
                first = first.or(Some(subscription.instance));
                self.hand_over(slot_name, &subscription, row);
            }
        }
        for (process_id, _) in self.catalog.started_by(&slot_name.0) {
            if !row.correlated_to.contains(&process_id)
                && let Some(instance) = self.start_by_message(slot_name, &process_id, row)
            {
                first = first.or(Some(instance));
            }
        }
        first
    }

    /// Sends a message to a subscription's instance, and closes a subscription for one message.
    pub(crate) fn hand_over(
        &mut self,
        slot_name: &SlotName,
        subscription: &SubscriptionRow,
        row: &mut MessageRow,
    ) {
        row.correlated_to.push(subscription.process_id.clone());
        if subscription.once {
            let slot = self.slots.get_mut(slot_name, self.commit);
            slot.subscriptions.remove(&subscription.subscription);
            self.ops.push(Op::DeleteSubscription(subscription.subscription));
        }
        let mail = Mail::Correlate {
            subscription: subscription.subscription,
            instance: subscription.instance,
            message: row.message,
            name: row.name.clone(),
            correlation_key: row.correlation_key.clone(),
            variables: row.variables.clone(),
        };
        self.send(subscription.instance.0.shard(), mail);
    }

    /// Starts an instance unless one that was started under this correlation key still lives.
    fn start_by_message(
        &mut self,
        slot_name: &SlotName,
        process_id: &Text,
        row: &mut MessageRow,
    ) -> Option<InstanceKey> {
        let (name, correlation_key) = slot_name;
        let locks = !correlation_key.is_empty();
        if locks && self.slots.get_mut(slot_name, self.commit).locks.contains_key(process_id) {
            return None;
        }
        let definition = self.catalog.latest(process_id)?.key;
        let element = self.catalog.compiled(definition)?.process.message_start(name)?;
        let start = Start {
            definition,
            begin: Begin::Start(element),
            variables: row.variables.clone(),
            business_id: None,
            tags: Vec::new(),
            message: Some(CorrelationSource {
                message: row.message,
                name: name.clone(),
                correlation_key: correlation_key.clone(),
            }),
            parent: None,
            end_after: Vec::new(),
        };
        let instance = self.start(start).ok()?;
        row.correlated_to.push(process_id.clone());
        if locks {
            let slot = self.slots.get_mut(slot_name, self.commit);
            slot.locks.insert(process_id.clone(), instance);
            self.ops.push(Op::PutStartLock(base::StartLockRow {
                shard: self.id,
                process_id: process_id.clone(),
                name: name.clone(),
                correlation_key: correlation_key.clone(),
                instance,
            }));
        }
        Some(instance)
    }

    /// An instance that holds a place has ended: the next message of the slot may start one.
    pub(crate) fn unlock(
        &mut self,
        process_id: &Text,
        name: &Text,
        correlation_key: &Text,
        instance: InstanceKey,
    ) {
        let slot_name = (name.clone(), correlation_key.clone());
        let slot = self.slots.get_mut(&slot_name, self.commit);
        if slot.locks.get(process_id) != Some(&instance) {
            return;
        }
        slot.locks.remove(process_id);
        self.ops.push(Op::DeleteStartLock {
            shard: self.id,
            process_id: process_id.clone(),
            name: name.clone(),
            correlation_key: correlation_key.clone(),
        });
        if self.catalog.started_by(name).iter().any(|(id, _)| id == process_id)
            && let Some(mut row) = self.buffered(&slot_name, process_id)
            && self.start_by_message(&slot_name, process_id, &mut row).is_some()
        {
            self.put_message(&slot_name, row);
        }
    }

    /// The oldest live message that a process has not had.
    fn buffered(&mut self, slot_name: &SlotName, process_id: &Text) -> Option<MessageRow> {
        let now_ms = self.now_ms;
        let slot = self.slots.get_mut(slot_name, self.commit);
        slot.messages
            .values()
            .find(|row| row.expires_ms > now_ms && !row.correlated_to.contains(process_id))
            .cloned()
    }

    fn put_message(&mut self, slot_name: &SlotName, row: MessageRow) {
        let slot = self.slots.get_mut(slot_name, self.commit);
        slot.messages.insert(row.message, row.clone());
        self.ops.push(Op::PutMessage(row));
    }

    /// Takes mail from another shard: its row goes with its effect.
    pub(crate) fn take_mail(&mut self, row: &MailRow) {
        self.ops.push(Op::DeleteMail { to: row.to, from: row.from, number: row.number });
        match Mail::from_bytes(&row.bytes) {
            Ok(mail) => self.receive(mail),
            Err(why) => self.effects.notes.push(format!(
                "mail {} from shard {} cannot be decoded and was dropped: {why}",
                row.number, row.from
            )),
        }
    }

    /// Does what mail says.
    pub(crate) fn receive(&mut self, mail: Mail) {
        match mail {
            Mail::Subscribe { subscription, instance, process_id, name, correlation_key, once } => {
                let row = SubscriptionRow {
                    subscription,
                    shard: self.id,
                    name,
                    correlation_key,
                    instance,
                    process_id,
                    once,
                };
                self.subscribe(&row);
            }
            Mail::Unsubscribe { subscription, name, correlation_key } => {
                let slot = self.slots.get_mut(&(name, correlation_key), self.commit);
                if slot.subscriptions.remove(&subscription).is_some() {
                    self.ops.push(Op::DeleteSubscription(subscription));
                }
            }
            Mail::Correlate {
                subscription,
                instance,
                message,
                name,
                correlation_key,
                variables,
            } => {
                if self.waits_for(instance, subscription) {
                    // A panic has quarantined the instance; the message is not given to another.
                    let _ = self.decide(instance, |_, decision, process| {
                        let run = Run::new(process, decision);
                        run.message_correlated(subscription, message, variables);
                    });
                    return;
                }
                self.give_back(instance, message, name, correlation_key);
            }
            Mail::Broadcast { signal, variables } => {
                self.broadcast(&signal, &variables);
            }
            // A signal that came too late is gone.
            Mail::Refused { name, .. } if base::signal::of_slot(&name).is_some() => {}
            Mail::Refused { message, process_id, name, correlation_key } => {
                let slot_name = (name, correlation_key);
                let slot = self.slots.get_mut(&slot_name, self.commit);
                let Some(mut row) = slot.messages.get(&message).cloned() else { return };
                row.correlated_to.retain(|known| *known != process_id);
                if row.expires_ms > self.now_ms {
                    self.correlate(&slot_name, &mut row);
                }
                self.put_message(&slot_name, row);
            }
        }
    }

    fn waits_for(&self, instance: InstanceKey, subscription: SubscriptionKey) -> bool {
        self.cache
            .get(instance)
            .is_some_and(|entry| entry.state.subscriptions().contains_key(&subscription))
    }

    pub(crate) fn process_of(&self, instance: InstanceKey) -> Option<Text> {
        Some(self.cache.get(instance)?.state.header().process_id.clone())
    }

    /// Somebody waits: what is buffered for them goes there, oldest first.
    fn subscribe(&mut self, subscription: &SubscriptionRow) {
        let slot_name = (subscription.name.clone(), subscription.correlation_key.clone());
        let slot = self.slots.get_mut(&slot_name, self.commit);
        slot.subscriptions.insert(subscription.subscription, subscription.clone());
        self.ops.push(Op::PutSubscription(subscription.clone()));
        while let Some(mut row) = self.buffered(&slot_name, &subscription.process_id) {
            self.hand_over(&slot_name, subscription, &mut row);
            self.put_message(&slot_name, row);
            if subscription.once {
                break;
            }
        }
    }
}

fn check(publish: &PublishMessage) -> Result<(), Rejection> {
    if publish.name.starts_with(base::signal::SIGNAL_MARK) {
        return Err(Rejection::invalid(
            "expected a message name, but found one that begins with the control character U+0001",
        ));
    }
    if publish.name.is_empty() {
        return Err(Rejection::invalid("expected the message to have a name, but it is empty"));
    }
    crate::create::check_name("the message name", &publish.name)?;
    crate::create::check_name("the correlation key", &publish.correlation_key)?;
    crate::create::check_name("the message id", &publish.message_id)?;
    if !(0..=TIME_TO_LIVE_MS_MAX).contains(&publish.time_to_live_ms) {
        return Err(Rejection::invalid(format!(
            "expected a time to live of 0 to {TIME_TO_LIVE_MS_MAX} ms, but found {}",
            publish.time_to_live_ms
        )));
    }
    Ok(())
}

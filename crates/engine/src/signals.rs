//! Signals: to everybody who waits, and to what they start. Nobody is waited for.
//!
//! In:  a broadcast from outside or from an instance.
//! Out: mail to each instance that waits; new instances.
//! Absent: messages, which one receiver of each process takes, and which may be kept (see `mail`).

use base::{
    Mail, MessageKey, MessageRow, Outcome, Rejection, Reply, SubscriptionRow, Text, Variables,
};

use crate::create::{Begin, Start};
use crate::shard::Shard;

impl Shard {
    /// Broadcasts for a caller outside.
    pub(crate) fn broadcast_for(&mut self, signal: &Text, variables: &Variables) -> Outcome {
        if signal.is_empty() {
            return Err(Rejection::invalid("expected the signal to have a name, but it is empty"));
        }
        crate::create::check_name("the signal name", signal)?;
        Ok(Reply::Broadcast { signal: self.broadcast(signal, variables) })
    }

    /// An instance throws a signal: its slot may belong to another shard.
    pub(crate) fn send_signal(&mut self, signal: &Text, variables: &Variables) {
        let to = base::signal::shard(signal, self.options.shards);
        self.send(to, Mail::Broadcast { signal: signal.clone(), variables: variables.clone() });
    }

    /// Gives the signal to all that wait in its slot, then starts what begins with it.
    pub(crate) fn broadcast(&mut self, signal: &Text, variables: &Variables) -> MessageKey {
        let slot_name = (base::signal::slot(signal), Text::default());
        let mut row = MessageRow {
            message: MessageKey(self.own_key()),
            name: slot_name.0.clone(),
            correlation_key: Text::default(),
            message_id: Text::default(),
            expires_ms: self.now_ms,
            kept_until_ms: self.now_ms,
            variables: variables.clone(),
            correlated_to: Vec::new(),
        };
        let slot = self.slots.get_mut(&slot_name, self.commit);
        let waiting: Vec<SubscriptionRow> = slot.subscriptions.values().cloned().collect();
        for subscription in waiting {
            self.hand_over(&slot_name, &subscription, &mut row);
        }
        for (process_id, definition) in self.catalog.started_by(&slot_name.0) {
            let Some(definition) = self.catalog.compiled(definition).cloned() else { continue };
            let Some(element) = definition.process.message_start(&slot_name.0) else { continue };
            let start = Start {
                definition: definition.row.key,
                begin: Begin::Start(element),
                variables: variables.clone(),
                business_id: None,
                tags: Vec::new(),
                message: None,
                parent: None,
                end_after: Vec::new(),
            };
            if let Err(rejection) = self.start(start) {
                self.effects.notes.push(format!(
                    "the signal `{}` could not start an instance of `{}`: {rejection}",
                    &**signal, &*process_id
                ));
            }
        }
        row.message
    }
}

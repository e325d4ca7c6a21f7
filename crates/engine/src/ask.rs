//! What elements ask for that is not in their instance: who answers.

use base::InstanceKey;
use instance::Ask;

use crate::input::Read;
use crate::shard::{Shard, Work};

impl Shard {
    /// What must be read before this can be answered.
    pub(crate) fn ask_need(&self, instance: InstanceKey, ask: &Ask) -> Option<Read> {
        match ask {
            Ask::Evaluate { owner, decision_id, seed: _ } => {
                self.evaluation_need(instance, *owner, decision_id)
            }
            Ask::Call { owner, process_id } => self.call_need(instance, *owner, process_id),
            Ask::Undo { owner: _, called } => self.instance_need(*called),
            Ask::Throw { .. }
            | Ask::Escalate { .. }
            | Ask::Broadcast { .. }
            | Ask::GiveBack { .. } => None,
            Ask::LookAgain { owner } => {
                let entry = self.cache.get(instance)?;
                self.instance_need(entry.state.called_by(*owner)?)
            }
        }
    }

    /// Answers, unless the instance must be read anew first.
    pub(crate) fn answer_ask(&mut self, instance: InstanceKey, ask: Ask) {
        match ask {
            Ask::Evaluate { owner, decision_id, seed } => {
                self.evaluate_for(instance, owner, &decision_id, seed);
            }
            Ask::Broadcast { signal, variables } => self.send_signal(&signal, &variables),
            Ask::GiveBack { message, name, correlation_key } => {
                self.give_back(instance, message, name, correlation_key);
            }
            ask if self.is_held_up(instance) => self.push_behind(Work::Ask(instance, ask)),
            Ask::Call { owner, process_id } => self.call(instance, owner, &process_id),
            Ask::Throw { owner, code, message, job, variables } => {
                self.thrown_out(instance, owner, code, message, job, variables);
            }
            Ask::Undo { owner, called } => self.undo_called(instance, owner, called),
            Ask::Escalate { owner, code, next } => self.escalated_out(instance, owner, code, next),
            Ask::LookAgain { owner } => self.look_again(instance, owner),
        }
    }
}

//! Escalations out of called instances: on to the call activity, as errors go, but who threw one
//! goes on unless what catches it ends that.
//!
//! In:  an escalation that nothing in its instance catches.
//! Out: events of the instance that catches it; then those of the one that threw it.
//! Absent: what catches (see `bpmn`).

use base::{ElementKey, InstanceKey, Parent, Text};
use bpmn::Run;

use crate::cache::Entry;
use crate::input::Read;
use crate::shard::{Shard, Work};

/// An escalation on its way outwards, from one calling instance to the next.
#[derive(Debug)]
pub(crate) struct Escalated {
    code: Text,
    /// The instance out of which it comes, and who has called that.
    called: InstanceKey,
    parent: Parent,
}

impl Shard {
    pub(crate) fn escalated_need(&self, escalated: &Escalated) -> Option<Read> {
        self.instance_need(escalated.parent.instance)
    }

    /// An escalation leaves the instance in which it was thrown. What its catching ends is ended
    /// before the thrower goes on.
    pub(crate) fn escalated_out(
        &mut self,
        instance: InstanceKey,
        owner: ElementKey,
        code: Text,
        next: u32,
    ) {
        let parent = self.cache.get(instance).and_then(|entry| entry.state.header().parent);
        let Some(parent) = parent else { return };
        let escalated = Box::new(Escalated { code, called: instance, parent });
        let heard = Work::EscalationHeard(instance, owner, next);
        self.push_work(vec![Work::Escalated(escalated), heard]);
    }

    /// It reaches a call activity: something there catches it, or it goes on outwards. Where nobody
    /// is left, it is nothing.
    pub(crate) fn escalate_at(&mut self, mut escalated: Box<Escalated>) {
        let Escalated { called, parent, .. } = *escalated;
        if self.is_held_up(parent.instance) {
            self.push_behind(Work::Escalated(escalated));
            return;
        }
        let caught = self.decide_after(self.steps, parent.instance, |_, decision, process| {
            Run::new(process, decision).called_escalated(parent.element, called, &escalated.code)
        });
        if caught != Ok(false) {
            return;
        }
        let waits = |entry: &&Entry| entry.state.calls().get(&parent.element) == Some(&called);
        let caller = self.cache.get(parent.instance).filter(waits);
        if let Some(above) = caller.and_then(|entry| entry.state.header().parent) {
            (escalated.called, escalated.parent) = (parent.instance, above);
            self.push_work(vec![Work::Escalated(escalated)]);
        }
    }

    /// The event that threw it goes on, unless it was ended.
    pub(crate) fn escalation_heard(&mut self, instance: InstanceKey, owner: ElementKey, next: u32) {
        if self.is_held_up(instance) {
            self.push_behind(Work::EscalationHeard(instance, owner, next));
            return;
        }
        // A panic has quarantined the instance; when that is resolved, the event throws again.
        let _ = self.decide_after(self.steps, instance, |_, decision, process| {
            Run::new(process, decision).escalation_heard(owner, next);
        });
    }
}

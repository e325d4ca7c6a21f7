//! Interruptions: what follows from one waits for those who listen to the cancellation of what it ends
//! (as in Camunda 8; BPMN says nothing of it).
//!
//! In:  what ends something to go on in its place; later the end of the last that was waited for.
//! Out: what goes on: at once, or when nothing is left in it.
//! Absent: which trigger interrupts (see `catch`, `handler`), and ending itself (see `end`).
//!
//! What has ended for all but its listeners stands in the element that has taken its place, which is
//! entered and *held*: so all that looks at what lives sees where the token is, and what ends that
//! element takes along what it waits for.

use base::{Cancellation, ElementKey, Event, HeldInput, InstanceKey, Variables};

use super::{Run, Step};
use crate::graph::Kind;

impl Run<'_, '_, '_> {
    /// Ends things. Answers those of them that stay until somebody has heard of it.
    pub(super) fn interrupt(&mut self, ends: impl FnOnce(&mut Self)) -> Vec<ElementKey> {
        self.outlived.clear();
        ends(self);
        std::mem::take(&mut self.outlived)
    }

    /// Has `owner`, which has taken the place of what was ended, wait for those who hear of it. False
    /// if there are none.
    pub(super) fn wait_for_canceled(
        &mut self,
        owner: ElementKey,
        canceled: Vec<ElementKey>,
        variables: &Variables,
    ) -> bool {
        if canceled.is_empty() {
            return false;
        }
        self.move_canceled(owner, canceled);
        let variables = variables.clone();
        self.decision.emit(Event::Cancellation(Cancellation::Held { owner, variables }));
        true
    }

    /// The scope ends after those who hear of what was ended in it.
    pub(super) fn move_canceled(&mut self, scope: ElementKey, mut elements: Vec<ElementKey>) {
        let state = self.decision.state();
        elements.retain(|key| state.element(*key).is_some_and(|it| it.scope != scope));
        if !elements.is_empty() {
            self.decision.emit(Event::Cancellation(Cancellation::Moved { scope, elements }));
        }
    }

    pub(super) fn is_held(&self, key: ElementKey) -> bool {
        self.decision.state().held_interruption(key).is_some()
    }

    /// The last that an interruption waited for may have ended: then it goes on. False if it waits for
    /// nothing.
    pub(super) fn release_interruption(&mut self, owner: ElementKey) -> bool {
        let state = self.decision.state();
        let Some(variables) = state.held_interruption(owner) else { return false };
        if state.element(owner).is_some_and(|owner| owner.children > 0) {
            return true;
        }
        let variables = variables.clone();
        let Some(node) = self.node_of(owner) else { return true };
        self.decision.emit(Event::Cancellation(Cancellation::Released { owner }));
        match node.kind {
            _ if self.is_body(owner) => self.complete_loop(owner),
            Kind::EventSubProcess { start, .. } => {
                self.begin_handler(node, owner, start, variables);
            }
            Kind::Cancel => {
                if let Some(scope) = self.scope_of(owner) {
                    self.steps.push(Step::Compensate { by: owner, scope });
                }
            }
            _ => self.leave_with(owner, variables),
        }
        true
    }

    /// The called instance whose end is waited for when the call is cancelled: somebody may listen.
    pub(super) fn heard_call(&self, owner: ElementKey) -> Option<InstanceKey> {
        let state = self.decision.state();
        let called = state.calls().get(&owner).copied();
        called.filter(|_| !self.unheard && state.is_heard(owner))
    }

    /// An instance whose call was cancelled has ended. Nothing happens if nobody waits for that.
    pub fn called_ended(mut self, owner: ElementKey, instance: InstanceKey) {
        if self.decision.state().awaited_call(owner) != Some(instance) {
            return;
        }
        if self.must_wait() {
            return self.hold(HeldInput::CalledEnded { owner, instance });
        }
        self.end_canceled_call(owner, instance);
        self.go();
    }

    pub(super) fn end_canceled_call(&mut self, owner: ElementKey, instance: InstanceKey) {
        if self.decision.state().awaited_call(owner) == Some(instance) {
            self.end_canceled_element(owner);
        }
    }

    /// Nobody is to hear of its end any more.
    pub(super) fn end_canceled_element(&mut self, key: ElementKey) {
        let Some(scope) = self.scope_of(key) else { return };
        self.cancel_waits(key);
        self.decision.emit(Event::ElementTerminated { key });
        self.steps.push(Step::Check { scope });
    }
}

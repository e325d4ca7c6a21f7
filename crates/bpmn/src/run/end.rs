//! Ending before the work is done: terminate, interruption, cancellation.

use base::{Cancellation, ElementKey, Event};
use instance::Owned;

use super::{Run, Step};

impl Run<'_, '_, '_> {
    /// Cancels everything that `owner` itself waits for.
    pub(super) fn cancel_waits(&mut self, owner: ElementKey) {
        let state = self.decision.state();
        let awaited = || state.awaited_call(owner).filter(|_| self.unheard);
        if let Some(instance) = state.calls().get(&owner).copied().or_else(awaited) {
            self.decision.emit(if self.unheard {
                Event::Cancellation(Cancellation::CallUnheard { owner, instance })
            } else {
                Event::CallCanceled { owner, instance }
            });
        }
        let waits: Vec<Owned> = self.decision.state().waits_of(owner).collect();
        for wait in waits {
            self.decision.emit(match wait {
                Owned::Job(job) => Event::JobCanceled { job },
                Owned::Timer(timer) => Event::TimerCanceled { timer },
                Owned::Subscription(subscription) => Event::SubscriptionClosed { subscription },
                Owned::UserTask(task) => Event::UserTaskCanceled { task },
                Owned::Condition(condition) => Event::ConditionClosed { condition },
                Owned::Incident(incident) => Event::IncidentResolved { incident },
                // Is ended with what it owns, see `terminate_children`.
                Owned::Child(_) => continue,
            });
        }
    }

    /// Ends an element instance and everything in it. A user task whose cancellation somebody listens
    /// to stays in the root scope until the listeners are done, and a call activity until its called
    /// instance has ended, if somebody may listen in that; unless nobody is to be asked.
    pub(super) fn terminate(&mut self, key: ElementKey) {
        if self.decision.state().is_canceling(key) && !self.unheard {
            self.move_canceled(self.decision.state().key().root(), vec![key]);
            return self.outlived.push(key);
        }
        self.terminate_children(key);
        if let Some(instance) = self.heard_call(key) {
            let awaited = Cancellation::CallAwaited { owner: key, instance };
            self.decision.emit(Event::Cancellation(awaited));
            self.cancel_waits(key);
            return self.outlived.push(key);
        }
        let listened = self.canceled_task(key);
        self.cancel_waits(key);
        match listened {
            Some(transition) => {
                self.outlive(key, transition);
                self.outlived.push(key);
            }
            None => self.decision.emit(Event::ElementTerminated { key }),
        }
    }

    /// Ends the instance before it is done. What listens to the cancellation of user tasks is waited
    /// for; the second time, and in an instance that is suspended, it is not.
    pub fn cancel(mut self) {
        self.end_all();
    }

    /// As [`Self::cancel`], for an instance whose caller has ended its call and goes on at once.
    /// Nobody is asked if nobody was in the caller.
    pub fn end_with_caller(mut self, unheard: bool) {
        self.unheard = unheard;
        self.end_all();
    }

    /// An element has ended after which the instance is to end: as if somebody had cancelled it then.
    pub(super) fn end_early(&mut self) {
        self.steps = super::Steps::default();
        self.end_all();
    }

    /// The listeners that a cancelled instance waits for may be done.
    pub(super) fn end_canceled(&mut self) {
        let root = self.decision.state().key().root();
        if self.decision.state().children_of(root).next().is_none() {
            self.cancel_waits(root);
            self.decision.emit(Event::InstanceTerminated);
        }
    }

    fn end_all(&mut self) {
        let root = self.decision.state().key().root();
        let again = self.decision.state().ends_soon();
        self.unheard |= again || self.decision.state().is_suspended();
        self.terminate_children(root);
        self.cancel_waits(root);
        if self.decision.state().children_of(root).next().is_none() {
            self.decision.emit(Event::InstanceTerminated);
        } else {
            self.decision.emit(Event::InstanceCanceling);
            self.keep_release();
        }
    }

    /// Ends everything directly or indirectly in a scope, innermost first; its waiting tokens go.
    pub(super) fn terminate_children(&mut self, scope: ElementKey) {
        let children: Vec<ElementKey> = self.decision.state().children_of(scope).collect();
        for child in children {
            self.terminate(child);
        }
        self.drop_tokens(scope);
    }

    /// Nothing begins in the scope any more; the tokens that wait in it go.
    pub(super) fn drop_tokens(&mut self, scope: ElementKey) {
        self.drop_steps(scope);
        let flows: Vec<u32> =
            self.decision.state().element(scope).map_or_else(Vec::new, |element| {
                element
                    .tokens
                    .iter()
                    .flat_map(|(flow, count)| std::iter::repeat_n(*flow, *count as usize))
                    .collect()
            });
        if !flows.is_empty() {
            self.decision.emit(Event::TokensJoined { scope, flows });
        }
        let element = self.decision.state().element(scope);
        let gateways: Vec<u32> =
            element.map_or_else(Vec::new, |element| element.resets.keys().copied().collect());
        for gateway in gateways {
            self.decision.emit(Event::ResetReached { scope, gateway });
        }
    }

    /// A terminate end event ends everything else in its scope (BPMN 2.0.2, 13.5.6).
    pub(super) fn terminate_scope(&mut self, end: ElementKey) {
        let Some(scope) = self.scope_of(end) else { return };
        self.decision.emit(Event::ElementCompleted { key: end });
        let canceled = self.interrupt(|run| run.terminate_children(scope));
        self.move_canceled(scope, canceled);
        self.steps.push(Step::Check { scope });
    }
}

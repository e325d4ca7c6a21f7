//! Ending before the work is done: terminate, interruption, cancellation.

use base::{ElementKey, Event};

use super::{Run, Step};

impl Run<'_, '_, '_> {
    /// Cancels everything that `owner` itself waits for.
    pub(super) fn cancel_waits(&mut self, owner: ElementKey) {
        let state = self.decision.state();
        let mut events = Vec::new();
        events.extend(
            state
                .jobs()
                .iter()
                .filter(|(_, job)| job.owner == owner)
                .map(|(job, _)| Event::JobCanceled { job: *job }),
        );
        events.extend(
            state
                .timers()
                .iter()
                .filter(|(_, timer)| timer.owner == owner)
                .map(|(timer, _)| Event::TimerCanceled { timer: *timer }),
        );
        events.extend(
            state
                .subscriptions()
                .iter()
                .filter(|(_, open)| open.owner == owner)
                .map(|(subscription, _)| Event::SubscriptionClosed { subscription: *subscription }),
        );
        events.extend(
            state
                .user_tasks()
                .iter()
                .filter(|(_, task)| task.owner == owner)
                .map(|(task, _)| Event::UserTaskCanceled { task: *task }),
        );
        events.extend(
            state
                .incidents()
                .iter()
                .filter(|(_, incident)| incident.owner == owner)
                .map(|(incident, _)| Event::IncidentResolved { incident: *incident }),
        );
        for event in events {
            self.decision.emit(event);
        }
    }

    /// Ends an element instance and everything in it.
    pub(super) fn terminate(&mut self, key: ElementKey) {
        self.terminate_children(key);
        self.cancel_waits(key);
        self.decision.emit(Event::ElementTerminated { key });
    }

    /// Ends everything directly or indirectly in a scope, innermost first; its waiting tokens go.
    pub(super) fn terminate_children(&mut self, scope: ElementKey) {
        let children: Vec<ElementKey> = self
            .decision
            .state()
            .elements()
            .iter()
            .filter(|(key, element)| element.scope == scope && **key != scope)
            .map(|(key, _)| *key)
            .collect();
        for child in children {
            self.terminate(child);
        }
        self.drop_tokens(scope);
    }

    /// Nothing begins in the scope any more; the tokens that wait in it go.
    pub(super) fn drop_tokens(&mut self, scope: ElementKey) {
        self.steps.retain(|step| !step.begins_in(scope));
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
    }

    /// A terminate end event ends everything else in its scope (BPMN 2.0.2, 13.5.6).
    pub(super) fn terminate_scope(&mut self, end: ElementKey) {
        let Some(scope) = self.scope_of(end) else { return };
        self.decision.emit(Event::ElementCompleted { key: end });
        self.terminate_children(scope);
        self.steps.push(Step::Check { scope });
    }
}

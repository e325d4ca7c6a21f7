//! Compensation: undoing what has completed, the last first (BPMN 2.0.2, 10.5.7 and 13.5.5), and
//! transactions that are cancelled (10.3.5).
//!
//! In:  activities that complete; events that throw a compensation or cancel; handlers that are done.
//! Out: the next handler; or that whoever asked for the compensation goes on.
//! Absent: which activity undoes which (see `read::compensation`).
//!
//! A completed sub-process without a handler is entered again to be compensated: what completed in
//! it is then compensated in that activation, with the variables that it had. Such an activation
//! begins nothing, listens for nothing, and leads to no flow.

use base::limits::STEPS_PER_INPUT_MAX;
use base::{ElementKey, Event, IncidentKind, InstanceKey, Stage, Variables};
use instance::{Ask, Compensable};

use super::{Run, Step};
use crate::graph::{Kind, Node, Trigger};

impl Run<'_, '_, '_> {
    /// An element instance has done its work.
    pub(super) fn complete(&mut self, node: &Node, key: ElementKey) {
        let Some(element) = self.decision.state().element(key) else { return };
        let (scope, compensates) = (element.scope, element.compensates);
        let undone = node.compensation.handler.or(node.compensation.event_sub_process).is_some()
            || element.called.is_some()
            || !self.decision.state().compensable(key).is_empty();
        if undone && compensates.is_none() && !node.compensation.is_handler {
            self.decision.emit(Event::CompletionRemembered { key });
        }
        self.cancel_waits(key);
        self.decision.emit(Event::ElementCompleted { key });
        if let Some(by) = compensates {
            // The next may be of another scope, and this the last that was in its own.
            self.steps.push(Step::Check { scope });
            self.steps.push(Step::Compensate { by, scope });
        }
    }

    /// Whether it completed before, and was entered again to be compensated.
    pub(super) fn is_reentered(&self, key: ElementKey) -> bool {
        let element = self.decision.state().element(key);
        element.is_some_and(|element| {
            let node = self.process.node(element.element);
            element.compensates.is_some() && !node.compensation.is_handler
        })
    }

    /// Where a handler's mappings are read: in its own variables, which were the activity's.
    pub(super) fn reads_from(&self, node: &Node, key: ElementKey) -> ElementKey {
        let own = node.compensation.is_handler;
        self.scope_of(key).filter(|_| !own).unwrap_or(key)
    }

    /// The event `by` has an activity of its scope compensated, or all of them. In an event
    /// sub-process the scope that it is in counts as well.
    pub(super) fn compensate(&mut self, by: ElementKey, activity: Option<u32>, wait: bool) {
        let Some(scope) = self.scope_of(by) else { return };
        let around = self.node_of(scope).and_then(|node| match node.kind {
            Kind::EventSubProcess { .. } => self.scope_of(scope),
            _ => None,
        });
        let state = self.decision.state();
        let mut wanted = Vec::new();
        for scope in [Some(scope), around].into_iter().flatten() {
            let all = state.compensable(scope).iter();
            let chosen = all.filter(|done| activity.is_none_or(|it| it == done.element));
            wanted.extend(chosen.filter(|done| self.is_free(done)).map(|done| done.key));
        }
        let any = !wanted.is_empty();
        if any {
            self.decision.emit(Event::CompensationTriggered { by, activities: wanted });
        }
        if !any || !wait {
            self.leave(by);
        }
        if any {
            self.steps.push(Step::Compensate { by, scope });
        }
    }

    /// Whether nobody compensates it: a compensation that was interrupted leaves what it did not
    /// come to.
    fn is_free(&self, done: &Compensable) -> bool {
        let Some(by) = done.by else { return true };
        let state = self.decision.state();
        state.element(by).is_none() && !self.has_handler(by)
    }

    /// Whether a handler is at work for `by`.
    fn has_handler(&self, by: ElementKey) -> bool {
        let mut live = self.decision.state().elements().values();
        live.any(|element| element.compensates == Some(by))
    }

    /// Begins the next handler for `by`, unless one is at work; or goes on when there is none.
    pub(super) fn compensate_next(&mut self, by: ElementKey, scope: ElementKey) {
        if self.has_handler(by) || self.cancels_later(by, scope) || self.is_held(by) {
            return;
        }
        let next = self.decision.state().next_compensated(by);
        let Some((scope, done)) = next.map(|(scope, done)| (scope, done.clone())) else {
            return self.compensated(by, scope);
        };
        let node = self.process.node(done.element);
        let element = self.handler_of(node, &done, scope).unwrap_or(done.element);
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element, scope, via: None });
        self.decision.emit(Event::CompensationStarted { key, activity: done.key, by });
        self.set_variables(key, done.variables);
        if self.decision.step() > STEPS_PER_INPUT_MAX {
            let message = format!(
                "the instance took {STEPS_PER_INPUT_MAX} steps without waiting and stopped while \
                 compensating {}; retry to go on",
                node.label()
            );
            self.decision.raise(key, IncidentKind::StepLimit, Stage::Entering, None, message);
            self.keep_steps();
        } else {
            self.activate(key);
        }
    }

    /// The activity that undoes this one, which completed in `scope`. Each turn of one that repeats
    /// is undone for itself; an activation in an ad-hoc sub-process by what was done in it.
    fn handler_of(&self, node: &Node, done: &Compensable, scope: ElementKey) -> Option<u32> {
        if self.holds_inner(done.element, scope) {
            return None;
        }
        let around = self.decision.state().element(scope).map(|element| element.element);
        let repeats = node.marker.is_some() && around != Some(done.element);
        node.compensation.handler.filter(|_| !repeats)
    }

    /// Everything that `by` asked for is done.
    fn compensated(&mut self, by: ElementKey, scope: ElementKey) {
        let Some(node) = self.node_of(by) else {
            self.steps.push(Step::Check { scope });
            if let Some(cancel) = self.cancel_in(scope) {
                self.steps.push(Step::Compensate { by: cancel, scope });
            }
            return;
        };
        match node.kind {
            Kind::Compensate { wait: true, .. } => self.leave(by),
            Kind::Cancel => self.leave_cancelled(by),
            // A sub-process that was entered again, or an event that has gone on already.
            _ => {
                self.steps.push(Step::Check { scope });
                self.steps.push(Step::Check { scope: by });
            }
        }
    }

    /// A completed sub-process is compensated: by its compensation event sub-process, else by
    /// what compensates that which completed in it.
    pub(super) fn reenter(&mut self, key: ElementKey) {
        let Some(node) = self.node_of(key) else { return };
        let called = self.decision.state().element(key).and_then(|element| element.called);
        if let Some(called) = called {
            return self.decision.ask(Ask::Undo { owner: key, called });
        }
        if let Some(element) = node.compensation.event_sub_process
            && self.is_whole(node, key)
        {
            let handler = ElementKey(self.decision.next_key());
            let entered = Event::ElementEntered { key: handler, element, scope: key, via: None };
            self.decision.emit(entered);
            return self.activate(handler);
        }
        let inner = self.decision.state().compensable(key).iter();
        let activities: Vec<ElementKey> = inner.map(|done| done.key).collect();
        if !activities.is_empty() {
            self.decision.emit(Event::CompensationTriggered { by: key, activities });
        }
        self.steps.push(Step::Compensate { by: key, scope: key });
    }

    /// Whether this is one whole activity, not the loop around its turns, nor an activation in an
    /// ad-hoc sub-process. One that was entered again has no number as a turn.
    fn is_whole(&self, node: &Node, key: ElementKey) -> bool {
        let state = self.decision.state();
        let Some(element) = state.element(key).map(|own| own.element) else { return false };
        let same = state.scopes(key).take_while(|(_, around)| around.element == element).count();
        same == 1 + usize::from(node.marker.is_some())
    }

    /// The instance was started to compensate another one of its definition, which has completed with
    /// these variables and left this to be compensated. It ends when that is done.
    pub fn undo(
        mut self,
        completed: InstanceKey,
        variables: Variables,
        left: Vec<(ElementKey, Compensable)>,
    ) {
        let root = self.decision.state().key().root();
        self.set_variables(root, variables);
        for (scope, done) in left {
            let Compensable { key: activity, element, variables, by: _, called } = done;
            let scope = if scope == completed.root() { root } else { scope };
            let inherited =
                Event::CompensationInherited { scope, activity, element, variables, called };
            self.decision.emit(inherited);
        }
        self.reenter(root);
        self.go();
    }

    /// A cancel end event: the transaction ends but for handlers that are at work, everything that
    /// completed in it is compensated, and nothing else can end it in the meantime but an error.
    pub(super) fn cancel_transaction(&mut self, by: ElementKey) {
        let Some(scope) = self.scope_of(by) else { return };
        let state = self.decision.state();
        let works = |key: &ElementKey| {
            *key != by && state.element(*key).is_some_and(|it| it.compensates.is_none())
        };
        let others: Vec<ElementKey> = state.children_of(scope).filter(works).collect();
        let canceled = self.interrupt(|run| others.into_iter().for_each(|it| run.terminate(it)));
        self.drop_tokens(scope);
        self.cancel_waits(scope);
        let done = self.decision.state().compensable(scope).iter();
        let activities: Vec<ElementKey> = done.map(|done| done.key).collect();
        if !activities.is_empty() {
            self.decision.emit(Event::CompensationTriggered { by, activities });
        }
        if !self.wait_for_canceled(by, canceled, &Variables::new()) {
            self.steps.push(Step::Compensate { by, scope });
        }
    }

    /// The cancel end event that has taken the place of everything else in a transaction.
    pub(super) fn cancel_in(&self, scope: ElementKey) -> Option<ElementKey> {
        let is_cancel = |key: &ElementKey| {
            self.node_of(*key).is_some_and(|node| matches!(node.kind, Kind::Cancel))
        };
        self.decision.state().children_of(scope).find(is_cancel)
    }

    /// Whether `by` cancels, and another compensation in its transaction has still a handler at work.
    fn cancels_later(&self, by: ElementKey, scope: ElementKey) -> bool {
        let cancels = self.node_of(by).is_some_and(|node| matches!(node.kind, Kind::Cancel));
        let state = self.decision.state();
        let mut live = state.children_of(scope).filter_map(|child| state.element(child));
        cancels && live.any(|element| element.compensates.is_some())
    }

    fn leave_cancelled(&mut self, key: ElementKey) {
        let Some(scope) = self.scope_of(key) else { return };
        let Some(transaction) = self.node_of(scope) else { return };
        let is_cancel =
            |event: &u32| matches!(self.process.node(*event).trigger(), Some(Trigger::Cancel));
        let boundary = transaction.boundaries.iter().copied().find(is_cancel);
        self.decision.emit(Event::ElementCompleted { key });
        match boundary {
            Some(boundary) => self.caught(scope, boundary, Variables::new()),
            // The reader refuses this.
            None => self.steps.push(Step::Check { scope }),
        }
    }
}

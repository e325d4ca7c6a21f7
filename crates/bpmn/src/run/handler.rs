//! Event sub-processes: what begins beside, or instead of, the rest of a scope.
//!
//! In:  a scope that is entered; later the trigger of one of its event sub-processes.
//! Out: waits that belong to the scope; the event sub-process as an element in it.
//! Absent: which error or escalation leads here (see `end`).

use base::{ElementKey, Event, IncidentKind, ListenerEvent, Stage, Variables};
use instance::Owned;

use super::Run;
use super::activate::Stuck;
use crate::graph::{Kind, Node, Timer, Trigger};

impl Run<'_, '_, '_> {
    /// The process begins to listen, then its start event is entered. What fails is an incident,
    /// and resolving it begins again.
    pub(super) fn begin(&mut self, start: u32) {
        if self.process.node(0).listens(ListenerEvent::Start) {
            let root = self.decision.state().key().root();
            return self.listen(root, ListenerEvent::Start, Some(start));
        }
        self.begin_at(start);
    }

    /// As [`Self::begin`], when the process's start listeners are done.
    pub(super) fn begin_at(&mut self, start: u32) {
        let root = self.decision.state().key().root();
        let process = self.process.node(0);
        match self.open_handlers(process, root) {
            Ok(()) if self.process.node(start).instantiates => self.begin_with(start, root),
            Ok(()) => self.push_enter(start, root, None),
            Err((kind, message)) => {
                self.cancel_waits(root);
                let message = format!("{}: {message}", process.label());
                let stage = if process.listens(ListenerEvent::Start) {
                    Stage::Beginning { start }
                } else {
                    Stage::Starting { start }
                };
                self.decision.raise(root, kind, stage, None, message);
            }
        }
    }

    /// The instance begins with an event that has come: a receive task, or one behind a gateway. If
    /// that waits for all of its events, the others are waited for.
    fn begin_with(&mut self, event: u32, root: ElementKey) {
        let into = self.process.node(event).incoming.first().copied();
        let gateway = into.map(|flow| self.process.flow(flow).source);
        if let Some(element) = gateway {
            let key = ElementKey(self.decision.next_key());
            self.decision.emit(Event::ElementPassed { key, element, scope: root, via: None });
            let node = self.process.node(element);
            if matches!(node.kind, Kind::EventBased { parallel: true }) {
                for flow in node.outgoing.iter().rev().filter(|flow| Some(**flow) != into) {
                    self.push_enter(self.process.flow(*flow).target, root, Some(*flow));
                }
            }
        }
        self.enter_triggered(event, root, into, Variables::new());
    }

    /// Waits for the triggers of a scope's event sub-processes.
    pub(super) fn open_handlers(&mut self, node: &Node, scope: ElementKey) -> Result<(), Stuck> {
        for handler in &node.handlers {
            let Kind::EventSubProcess { start, interrupting } = self.process.node(*handler).kind
            else {
                continue;
            };
            if let Kind::Start(trigger) = &self.process.node(start).kind {
                self.wait_for(scope, start, trigger, interrupting)?;
            }
        }
        Ok(())
    }

    /// What the start event of an event sub-process waited for has come.
    pub(super) fn handle(&mut self, scope: ElementKey, start: u32, variables: Variables) {
        let element = self.process.node(start).scope;
        let node = self.process.node(element);
        let mut canceled = Vec::new();
        if let Kind::EventSubProcess { interrupting: true, .. } = node.kind {
            canceled = self.interrupt(|run| run.terminate_children(scope));
            self.close_handlers(scope);
            if self.decision.state().element(scope).is_some_and(|it| it.ad_hoc.is_some()) {
                self.decision.emit(Event::AdHocDone { owner: scope });
                self.withdraw_job(scope);
            }
        }
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element, scope, via: None });
        if !self.wait_for_canceled(key, canceled, &variables) {
            self.begin_handler(node, key, start, variables);
        }
    }

    /// The event sub-process begins with its start event, which has come.
    pub(super) fn begin_handler(
        &mut self,
        node: &Node,
        key: ElementKey,
        start: u32,
        variables: Variables,
    ) {
        match self.prepare_handler(node, key) {
            Ok(()) if node.listens(ListenerEvent::Start) => {
                // What came with the trigger must be known when the start event is entered later.
                if self.process.node(start).outputs.is_empty() {
                    self.propagate(key, &variables);
                } else {
                    self.set_variables(key, variables);
                }
                self.listen(key, ListenerEvent::Start, None);
            }
            Ok(()) => self.enter_triggered(start, key, None, variables),
            Err((kind, message)) => {
                self.cancel_waits(key);
                // What came with the trigger comes only once.
                self.set_variables(key, variables);
                let message = format!("{}: {message}", node.label());
                self.decision.raise(key, kind, Stage::Entering, None, message);
            }
        }
    }

    fn prepare_handler(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        if !node.inputs.is_empty() {
            let scope = self.scope_of(key).unwrap_or(key);
            let mapped = self.map(&node.inputs, scope);
            self.set_variables(key, mapped.map_err(|why| (IncidentKind::IoMappingError, why))?);
        }
        if node.listens(ListenerEvent::Start) {
            return Ok(());
        }
        self.open_handlers(node, key)
    }

    /// After an interruption nothing else begins in the scope; what is attached to it stays.
    fn close_handlers(&mut self, scope: ElementKey) {
        let state = self.decision.state();
        let begins = |target: u32| matches!(self.process.node(target).kind, Kind::Start(_));
        let event = |wait: Owned| match wait {
            Owned::Timer(timer) => {
                let is_it = begins(state.timers().get(&timer)?.target);
                is_it.then_some(Event::TimerCanceled { timer })
            }
            Owned::Subscription(subscription) => {
                let is_it = begins(state.subscriptions().get(&subscription)?.target);
                is_it.then_some(Event::SubscriptionClosed { subscription })
            }
            Owned::Condition(condition) => {
                let is_it = begins(state.conditions().get(&condition)?.target);
                is_it.then_some(Event::ConditionClosed { condition })
            }
            _ => None,
        };
        let events: Vec<Event> = state.waits_of(scope).filter_map(event).collect();
        for event in events {
            self.decision.emit(event);
        }
    }

    /// Whether an event sub-process has taken the place of everything else in the scope.
    pub(super) fn is_interrupted(&self, scope: ElementKey) -> bool {
        let state = self.decision.state();
        let mut children = state.children_of(scope).filter_map(|child| state.element(child));
        self.cancel_in(scope).is_some()
            || children.any(|element| {
                let kind = &self.process.node(element.element).kind;
                element.compensates.is_none()
                    && matches!(kind, Kind::EventSubProcess { interrupting: true, .. })
            })
    }

    /// The event that takes what is thrown at `from`, from there outwards: start events of event
    /// sub-processes before boundary events, those that name the code before those that take all. What is
    /// thrown `outside` is heard by nothing in `from` itself.
    pub(super) fn catcher(
        &self,
        from: ElementKey,
        outside: bool,
        takes: impl Fn(&Trigger, bool) -> bool,
    ) -> Option<(ElementKey, u32)> {
        let find = |events: &[u32]| {
            let takes = |event: u32, exact| {
                let trigger = self.process.node(event).trigger();
                trigger.is_some_and(|it| it.choices().iter().any(|one| takes(one, exact)))
            };
            let first = |exact| events.iter().copied().find(|event| takes(*event, exact));
            first(true).or_else(|| first(false))
        };
        let scopes = self.decision.state().scopes(from);
        let mut scopes = scopes.filter(|(key, _)| !self.is_reentered(*key) && !self.is_inner(*key));
        scopes.find_map(|(key, element)| {
            let node = self.process.node(element.element);
            let starts =
                node.handlers.iter().filter_map(|handler| match self.process.node(*handler).kind {
                    Kind::EventSubProcess { start, .. } => Some(start),
                    _ => None,
                });
            let starts: Vec<u32> = starts.collect();
            // What is in an activity listens in its turns, what is attached to it in its loop.
            let deaf = || (outside && key == from) || self.is_body(key) || self.is_interrupted(key);
            let handler = find(&starts).filter(|_| !deaf());
            let boundary = || find(&node.boundaries).filter(|_| element.turn.is_none());
            handler.or_else(boundary).map(|event| (key, event))
        })
    }

    /// The event that caught what was thrown begins what follows from it.
    pub(super) fn caught(&mut self, at: ElementKey, event: u32, variables: Variables) {
        let Kind::Boundary { interrupting, .. } = self.process.node(event).kind else {
            return self.handle(at, event, variables);
        };
        let Some(scope) = self.scope_of(at) else { return };
        let mut canceled = Vec::new();
        if interrupting {
            canceled = self.interrupt(|run| run.terminate(at));
        }
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element: event, scope, via: None });
        if !self.wait_for_canceled(key, canceled, &variables) {
            self.leave_with(key, variables);
        }
    }
}

impl Node {
    /// What an event waits for.
    pub(crate) fn trigger(&self) -> Option<&Trigger> {
        match &self.kind {
            Kind::Start(trigger) | Kind::Catch(trigger) | Kind::Boundary { trigger, .. } => {
                Some(trigger)
            }
            _ => None,
        }
    }

    /// The timer that comes again and again; an event has one at most.
    pub(crate) fn cycle(&self) -> Option<&Timer> {
        self.trigger()?.parts().iter().find_map(|one| match one {
            Trigger::Timer(timer @ Timer::Cycle(_)) => Some(timer),
            _ => None,
        })
    }
}

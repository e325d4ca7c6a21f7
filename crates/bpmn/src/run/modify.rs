//! Changing the course of an instance: some element instances end, other elements begin.
//!
//! In:  instructions of an operator, or elements at which a new instance begins.
//! Out: everything that they ask for, or nothing and why.
//! Absent: which scope an element begins in (see `place`).
//!
//! What begins is entered first, so that no scope is empty in between; then what ends is terminated;
//! then what was entered goes to work. A scope in which nothing is left is terminated, too.

use std::collections::{BTreeMap, BTreeSet};

use base::{
    Activation, ElementKey, Event, IncidentKind, ModifyInstance, Move, MoveWithin, Rejection,
    ScopedVariables, Selection, Stage, Variables, Within,
};

use instance::Owned;

use super::place::Place;
use super::{Run, Step};
use crate::graph::{Kind, Node, Process};

/// An element that begins.
struct Begin<'c> {
    element: u32,
    place: Place,
    variables: &'c [ScopedVariables],
}

impl Run<'_, '_, '_> {
    /// A new instance begins before these elements, which are known to be startable.
    pub fn start_at(mut self, elements: &[u32], variables: Variables) {
        let root = self.decision.state().key().root();
        self.set_variables(root, variables);
        self.listen_in(root);
        let begin = |element: &u32| {
            let fresh = self.process.scopes_of(*element).split_off(1);
            Begin { element: *element, place: Place { within: root, fresh }, variables: &[] }
        };
        let begins: Vec<Begin<'_>> = elements.iter().map(begin).collect();
        let entered = self.enter_all(&begins);
        self.work_all(&entered);
        self.go();
    }

    /// Ends and begins what the command says. With `called` another instance waits for this one,
    /// which must not end.
    pub fn modify(mut self, modify: &ModifyInstance, called: bool) -> Result<(), Rejection> {
        self.check_no_cancellation()?;
        // As in Camunda 8, nobody listens to what an operator ends.
        self.unheard = true;
        let mut ends = Vec::new();
        for selection in &modify.terminate {
            ends.extend(self.selected(selection)?);
        }
        let mut moved = Vec::new();
        for instruction in &modify.moves {
            for source in self.selected(&instruction.from)? {
                ends.push(source);
                moved.push((source, instruction));
            }
        }
        let doomed = self.with_inner(&ends);
        let mut begins = Vec::new();
        for activation in &modify.activate {
            begins.push(self.activation(activation, &doomed)?);
        }
        for (source, instruction) in moved {
            begins.push(self.arrival(source, instruction, &doomed)?);
        }
        if called && !self.outlives(&begins, &doomed) {
            return Err(Rejection::state(
                "expected something to live in the instance afterwards, for another instance has \
                 called it and waits for its end, but nothing would; begin an element as well, or \
                 end the call activity in the calling instance",
            ));
        }
        self.apply(&begins, &ends, &doomed);
        self.unheard = false;
        self.go();
        Ok(())
    }

    /// Refuses to change an instance while listeners hear of the cancellation of a user task.
    pub(super) fn check_no_cancellation(&self) -> Result<(), Rejection> {
        let state = self.decision.state();
        let canceling = state.elements().iter().find(|(key, _)| state.is_canceling(**key));
        let Some((_, element)) = canceling else { return Ok(()) };
        Err(Rejection::state(format!(
            "expected nothing whose canceling listeners are being called, but {} waits for some; try \
             again when they are done, or cancel the instance",
            self.process.node(element.element).label()
        )))
    }

    /// What is meant to end.
    fn selected(&self, selection: &Selection) -> Result<Vec<ElementKey>, Rejection> {
        let state = self.decision.state();
        match selection {
            Selection::Key(key) if *key == state.key().root() => Err(Rejection::invalid(format!(
                "expected an element instance in the process instance, but {key} is the process \
                 instance; cancel it"
            ))),
            Selection::Key(key) if state.element(*key).is_some() => Ok(vec![*key]),
            Selection::Key(key) => Err(Rejection::invalid(format!(
                "expected {key} to be a live element instance of the process instance {}, but it \
                 is none; it may have ended",
                state.key()
            ))),
            Selection::Element(id) => {
                let element = self.process.known(id)?;
                let live = state.elements().iter().filter(|(key, live)| {
                    live.element == element && live.turn.is_none() && **key != state.key().root()
                });
                let live: Vec<ElementKey> = live.map(|(key, _)| *key).collect();
                if live.is_empty() {
                    return Err(Rejection::invalid(format!(
                        "expected an active instance of {}, but there is none",
                        self.process.node(element).label()
                    )));
                }
                Ok(live)
            }
        }
    }

    /// These and everything in them.
    fn with_inner(&self, ends: &[ElementKey]) -> BTreeSet<ElementKey> {
        let mut doomed = BTreeSet::new();
        let mut open = ends.to_vec();
        while let Some(key) = open.pop() {
            if doomed.insert(key) {
                open.extend(self.decision.state().children_of(key));
            }
        }
        doomed
    }

    fn activation<'c>(
        &self,
        activation: &'c Activation,
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<Begin<'c>, Rejection> {
        let element = self.process.enterable(&activation.element_id)?;
        let place = self.place(element, activation.within, doomed)?;
        self.check_scopes(element, &activation.variables)?;
        Ok(Begin { element, place, variables: &activation.variables })
    }

    /// What begins for one element instance that moves.
    fn arrival<'c>(
        &self,
        source: ElementKey,
        instruction: &'c Move,
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<Begin<'c>, Rejection> {
        let element = self.process.enterable(&instruction.to)?;
        let place = match instruction.within {
            MoveWithin::Of(within) => self.place(element, within, doomed)?,
            MoveWithin::SourceScope => {
                let scope = self.scope_of(source).unwrap_or(source);
                self.place(element, Within::Scope(scope), doomed)?
            }
            MoveWithin::Inferred => self.place_near(element, source, doomed)?,
        };
        self.check_scopes(element, &instruction.variables)?;
        Ok(Begin { element, place, variables: &instruction.variables })
    }

    /// Variables go to the element or to a scope around it.
    fn check_scopes(&self, element: u32, variables: &[ScopedVariables]) -> Result<(), Rejection> {
        for id in variables.iter().filter_map(|one| one.scope_id.as_ref()) {
            let scope = self.process.known(id)?;
            if scope != element && !self.process.scopes_of(element).contains(&scope) {
                return Err(Rejection::invalid(format!(
                    "expected the scope of variables to be {} or around it, but {} is not; set \
                     them before or afterwards",
                    self.process.node(element).label(),
                    self.process.node(scope).label()
                )));
            }
        }
        Ok(())
    }

    /// Whether something lives in the instance afterwards.
    fn outlives(&self, begins: &[Begin<'_>], doomed: &BTreeSet<ElementKey>) -> bool {
        let state = self.decision.state();
        let grows: BTreeSet<ElementKey> = begins.iter().map(|begin| begin.place.within).collect();
        // Scopes are older than what is in them: inner ones come first here.
        let mut survives: BTreeSet<ElementKey> = BTreeSet::new();
        let mut full: BTreeSet<ElementKey> = BTreeSet::new();
        for (key, live) in state.elements().iter().rev() {
            let alone = live.children == 0 || !live.tokens.is_empty() || !live.queued.is_empty();
            let lives = grows.contains(key) || full.contains(key) || alone;
            if lives && !doomed.contains(key) {
                survives.insert(*key);
                full.insert(live.scope);
            }
        }
        survives.contains(&state.key().root())
    }

    fn apply(&mut self, begins: &[Begin<'_>], ends: &[ElementKey], doomed: &BTreeSet<ElementKey>) {
        let activated = begins.iter().map(|begin| begin.element).collect();
        let terminated = ends.to_vec();
        self.decision.emit(Event::InstanceModified { activated, terminated });
        for begin in begins {
            self.forget_deadlock(begin.place.within);
        }
        let entered = self.enter_all(begins);
        for key in ends {
            self.remove(*key, doomed);
        }
        self.work_all(&entered);
    }

    /// Enters the elements and the scopes that they need. Scopes that are new are shared.
    fn enter_all(&mut self, begins: &[Begin<'_>]) -> Vec<ElementKey> {
        let mut fresh: BTreeMap<(ElementKey, u32), ElementKey> = BTreeMap::new();
        let mut entered = Vec::new();
        for begin in begins {
            let mut scope = begin.place.within;
            let mut scopes = Vec::new();
            for element in &begin.place.fresh {
                let known = fresh.get(&(scope, *element)).copied();
                let key = known.unwrap_or_else(|| self.enter_as(*element, scope));
                if known.is_none() {
                    fresh.insert((scope, *element), key);
                    scopes.push(key);
                }
                scope = key;
            }
            let key = self.enter_as(begin.element, scope);
            self.set_scoped(key, begin.variables);
            for scope in scopes {
                self.listen_in(scope);
            }
            entered.push(key);
        }
        entered
    }

    fn enter_as(&mut self, element: u32, scope: ElementKey) -> ElementKey {
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element, scope, via: None });
        key
    }

    fn set_scoped(&mut self, key: ElementKey, variables: &[ScopedVariables]) {
        let root = self.decision.state().key().root();
        for one in variables {
            let named = one.scope_id.as_ref().and_then(|id| self.process.node_by_id(id));
            let scope = named.and_then(|element| {
                let mut scopes = self.decision.state().scopes(key);
                scopes.find(|(_, live)| live.element == element).map(|(key, _)| key)
            });
            self.set_variables(scope.unwrap_or(root), one.variables.clone());
        }
    }

    /// What was entered goes to work, in order.
    fn work_all(&mut self, entered: &[ElementKey]) {
        for key in entered.iter().rev() {
            self.steps.push(Step::Work { key: *key });
        }
    }

    /// Tokens that waited in vain may be joined now.
    fn forget_deadlock(&mut self, scope: ElementKey) {
        let state = self.decision.state();
        let stuck = state.incidents_of(scope).filter(|incident| {
            state.incidents().get(incident).is_some_and(|it| it.kind == IncidentKind::Deadlock)
        });
        for incident in stuck.collect::<Vec<_>>() {
            self.decision.emit(Event::IncidentResolved { incident });
        }
    }

    /// Ends an element instance and the scopes in which nothing is left then. A compensation goes on
    /// without what was ended, unless it is ended itself.
    fn remove(&mut self, key: ElementKey, doomed: &BTreeSet<ElementKey>) {
        let root = self.decision.state().key().root();
        let mut ends = key;
        while let Some(element) = self.decision.state().element(ends) {
            let (scope, compensates) = (element.scope, element.compensates);
            self.terminate(ends);
            if let Some(by) = compensates.filter(|by| !doomed.contains(by)) {
                return self.steps.push(Step::Compensate { by, scope });
            }
            let Some(around) = self.decision.state().element(scope) else { return };
            if around.children > 0 || !around.tokens.is_empty() || !around.queued.is_empty() {
                return self.steps.push(Step::Check { scope });
            }
            if scope == root {
                self.cancel_waits(root);
                return self.decision.emit(Event::InstanceTerminated);
            }
            ends = scope;
        }
    }

    /// Waits for what begins in a scope, or is attached to it, beside what it does.
    fn listen_in(&mut self, scope: ElementKey) {
        let Some(node) = self.node_of(scope) else { return };
        let targets = self.listeners(self.process, node, scope);
        self.listen_for(scope, &targets);
        if let Err((kind, message)) = self.set_policy_timers(node, scope) {
            let message = format!("{}: {message}", node.label());
            self.decision.raise(scope, kind, Stage::Working, None, message);
        }
    }

    /// The boundary and start events that `owner` waits for while it lives.
    pub(super) fn listeners(&self, process: &Process, node: &Node, owner: ElementKey) -> Vec<u32> {
        let mut targets = Vec::new();
        if !self.is_turn(owner) {
            targets.extend(&node.boundaries);
        }
        if !self.is_body(owner) {
            targets.extend(node.handlers.iter().filter_map(|handler| {
                match process.node(*handler).kind {
                    Kind::EventSubProcess { start, .. } => Some(start),
                    _ => None,
                }
            }));
        }
        targets
    }

    /// Waits for these events; those that say no valid time or name are an incident, and resolving
    /// it tries again.
    pub(super) fn listen_for(&mut self, owner: ElementKey, targets: &[u32]) {
        let mut failed: Option<(IncidentKind, String)> = None;
        let mut missing = Vec::new();
        for target in targets {
            let event = self.process.node(*target);
            let Some(trigger) = event.trigger() else { continue };
            let once = self.process.interrupts(event);
            if let Err((kind, message)) = self.wait_for(owner, *target, trigger, once) {
                self.cancel_waits_for(owner, *target);
                failed.get_or_insert((kind, format!("{}: {message}", event.label())));
                missing.push(*target);
            }
        }
        if let Some((kind, message)) = failed {
            let stage = Stage::Listening { targets: missing };
            self.decision.raise(owner, kind, stage, None, message);
        }
    }

    /// `owner` no longer waits for what would trigger this event.
    pub(super) fn cancel_waits_for(&mut self, owner: ElementKey, target: u32) {
        let state = self.decision.state();
        let event = |wait: Owned| match wait {
            Owned::Timer(timer) => (state.timers().get(&timer)?.target == target)
                .then_some(Event::TimerCanceled { timer }),
            Owned::Subscription(subscription) => (state.subscriptions().get(&subscription)?.target
                == target)
                .then_some(Event::SubscriptionClosed { subscription }),
            Owned::Condition(condition) => (state.conditions().get(&condition)?.target == target)
                .then_some(Event::ConditionClosed { condition }),
            Owned::Job(_) | Owned::UserTask(_) | Owned::Incident(_) | Owned::Child(_) => None,
        };
        let events: Vec<Event> = state.waits_of(owner).filter_map(event).collect();
        for event in events {
            self.decision.emit(event);
        }
    }
}

//! Events that do something: errors, escalations, links, terminate.
//!
//! In:  the event's element instance.
//! Out: what it throws, and whether it goes on.
//! Absent: messages, which a worker sends (`Kind::Job`).

use base::{ElementKey, Event, IncidentKind, InstanceKey, JobKey, Stage, Text, Variables};

use instance::Ask;

use super::activate::Stuck;
use super::{Run, Step};
use crate::graph::{Kind, Node, Throw, Trigger};

/// A throw whose code is known.
enum Ready {
    Terminate,
    Error(Text),
    Escalation(Text),
    Signal(Text),
    Link,
}

impl Run<'_, '_, '_> {
    /// Throws one after the other; then the event is left, if it still lives.
    pub(super) fn throw_all(&mut self, throws: &[Throw], key: ElementKey) -> Result<(), Stuck> {
        self.throw_from(throws, key, 0)
    }

    /// As [`Self::throw_all`], when so many are thrown already.
    fn throw_from(&mut self, throws: &[Throw], key: ElementKey, done: u32) -> Result<(), Stuck> {
        // An expression that fails must not leave half of it done.
        let mut ready = Vec::with_capacity(throws.len());
        for throw in throws {
            let extract = |message| (IncidentKind::ExtractValueError, message);
            ready.push(match throw {
                Throw::Terminate => Ready::Terminate,
                Throw::Error { code } => {
                    Ready::Error(self.text(code, key, "the error code").map_err(extract)?)
                }
                Throw::Escalation { code } => {
                    Ready::Escalation(self.text(code, key, "the escalation code").map_err(extract)?)
                }
                Throw::Signal { name } => {
                    Ready::Signal(self.text(name, key, "the signal name").map_err(extract)?)
                }
                Throw::Link { .. } => Ready::Link,
            });
        }
        for (throw, next) in ready.into_iter().zip(1_u32..).skip(done as usize) {
            if self.node_of(key).is_none() {
                return Ok(());
            }
            match throw {
                Ready::Terminate | Ready::Link => {
                    self.close(key);
                    return Ok(());
                }
                Ready::Error(code) => {
                    self.throw(key, &code, "", None, Variables::new());
                    return Ok(());
                }
                Ready::Escalation(code) => {
                    let called = self.decision.state().header().parent.is_some();
                    if !self.escalate(key, &code) && called {
                        // It goes on when those who have called this instance have heard it.
                        self.decision.ask(Ask::Escalate { owner: key, code, next });
                        return Ok(());
                    }
                }
                Ready::Signal(signal) => self.broadcast(key, signal),
            }
        }
        self.leave(key);
        Ok(())
    }

    /// Sends a signal with the variables of the event itself, that is of its input mappings.
    fn broadcast(&mut self, key: ElementKey, signal: Text) {
        let element = self.decision.state().element(key);
        let variables = element.map_or_else(Variables::new, |event| event.variables.clone());
        self.decision.ask(Ask::Broadcast { signal, variables });
    }

    /// The token goes on at the catch event.
    pub(super) fn follow_link(&mut self, key: ElementKey, target: u32) {
        let Some(scope) = self.scope_of(key) else { return };
        self.decision.emit(Event::ElementCompleted { key });
        self.steps.push(Step::Check { scope });
        self.push_enter(target, scope, None);
    }

    /// Throws an error outwards from an element instance. If nothing catches it, those who have
    /// called this instance are asked; if there is nobody, there is an incident.
    pub(super) fn throw(
        &mut self,
        from: ElementKey,
        code: &str,
        message: &str,
        job: Option<JobKey>,
        variables: Variables,
    ) {
        if self.catch_error(from, code, variables.clone()) {
            return;
        }
        if self.decision.state().header().parent.is_some() {
            let (code, message) = (code.into(), message.into());
            self.decision.ask(Ask::Throw { owner: from, code, message, job, variables });
            return;
        }
        self.uncaught(from, code, message, job);
    }

    /// True if an event took the error.
    pub(super) fn catch_error(
        &mut self,
        from: ElementKey,
        code: &str,
        variables: Variables,
    ) -> bool {
        let takes = |trigger: &Trigger, exact: bool| match trigger {
            Trigger::Error { code: Some(known) } => exact && *known == *code,
            Trigger::Error { code: None } => !exact,
            _ => false,
        };
        let Some((at, event)) = self.catcher(from, false, takes) else { return false };
        self.caught(at, event, variables);
        true
    }

    /// Nothing takes the error: the instance stops where it was thrown.
    pub(super) fn uncaught(
        &mut self,
        from: ElementKey,
        code: &str,
        message: &str,
        job: Option<JobKey>,
    ) {
        let label = self.node_of(from).map_or_else(String::new, Node::label);
        let said = if message.is_empty() { String::new() } else { format!(" (\"{message}\")") };
        let text = format!(
            "{label} threw the error \"{code}\"{said}, but no event catches it; deploy a model that \
             does, or retry when the cause is gone"
        );
        let stage = self.stage_of_throwing(from, code, message, job);
        self.decision.raise(from, IncidentKind::UnhandledErrorEvent, stage, job, text);
    }

    /// Lets an escalation go outwards. Nothing happens if nothing catches it (BPMN 2.0.2, 10.5.7):
    /// then it is false.
    fn escalate(&mut self, from: ElementKey, code: &str) -> bool {
        let takes = |trigger: &Trigger, exact: bool| match trigger {
            Trigger::Escalation { code: Some(known) } => exact && *known == *code,
            Trigger::Escalation { code: None } => !exact,
            _ => false,
        };
        let Some((at, event)) = self.catcher(from, false, takes) else { return false };
        self.caught(at, event, Variables::new());
        true
    }

    /// An escalation came out of the instance that `owner` has called. True if something here
    /// catches it; nothing has happened otherwise.
    pub fn called_escalated(mut self, owner: ElementKey, called: InstanceKey, code: &str) -> bool {
        let waits = self.decision.state().calls().get(&owner) == Some(&called);
        let caught = waits && self.escalate(owner, code);
        self.go();
        caught
    }

    /// Those who have called this instance have heard the escalation of `owner`: it goes on with its
    /// definition number `next`, if it still lives.
    pub fn escalation_heard(mut self, owner: ElementKey, next: u32) {
        let Some(node) = self.node_of(owner) else { return };
        let (Kind::End(throws) | Kind::Throw(throws)) = &node.kind else { return };
        if let Err((kind, message)) = self.throw_from(throws, owner, next) {
            let message = format!("{}: {message}", node.label());
            self.decision.raise(owner, kind, Stage::Entering, None, message);
        }
        self.go();
    }
}

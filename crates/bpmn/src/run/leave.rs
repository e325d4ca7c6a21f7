//! Leaving an element in the normal way: output mappings, then the outgoing flows.

use std::borrow::Cow;

use base::{ElementKey, Event, IncidentKind, ListenerEvent, Stage, Variables};
use instance::Status;

use super::{Run, Step};
use crate::graph::{Kind, Node, Throw};

impl Run<'_, '_, '_> {
    /// Leaves with the result of the work. With output mappings the result stays in the element's
    /// own scope, for them to read; without, it goes outwards.
    pub(super) fn leave_with(&mut self, key: ElementKey, variables: Variables) {
        let mapped = self.node_of(key).is_some_and(|node| !node.outputs.is_empty());
        if mapped {
            self.set_variables(key, variables);
        } else if !variables.is_empty() {
            self.propagate(key, &variables);
        }
        self.leave(key);
    }

    /// Leaves; an output mapping that fails is an incident, and resolving it tries again.
    pub(super) fn leave(&mut self, key: ElementKey) {
        let Some(node) = self.node_of(key) else { return };
        let Some(scope) = self.scope_of(key) else { return };
        if self.is_reentered(key) {
            // It was left when it completed.
            self.complete(node, key);
            return self.steps.push(Step::Check { scope });
        }
        if self.is_body(key) {
            // Its turns are done and have mapped what they gave.
            return self.complete_loop(key);
        }
        if self.is_inner(key) {
            return self.leave_inner(key);
        }
        self.close_ad_hoc(key);
        let turn = self.is_turn(key);
        self.give_outputs(node, key, scope);
        if !node.outputs.is_empty() {
            match self.map(&node.outputs, key) {
                // A turn has variables of its own: what it gives to its loop, for example.
                Ok(variables) => self.propagate(if turn { key } else { scope }, &variables),
                Err(message) => {
                    let message = format!("{}: {message}", node.label());
                    self.decision.raise(
                        key,
                        IncidentKind::IoMappingError,
                        Stage::Leaving,
                        None,
                        message,
                    );
                    return;
                }
            }
        }
        self.close(key);
    }

    /// Whether something lives in a scope that was about to be left. A loop ends its turns itself.
    pub(super) fn works_inside(&self, key: ElementKey) -> bool {
        let live = self.decision.state().element(key);
        live.is_some_and(|live| live.children > 0) && !self.is_body(key)
    }

    /// The outputs are written: end listeners are called, while nothing can interrupt the element any
    /// more but what ends its scope. Then it departs.
    pub(super) fn close(&mut self, key: ElementKey) {
        if self.node_of(key).is_some_and(|node| node.listens(ListenerEvent::End)) {
            self.cancel_waits(key);
            self.listen(key, ListenerEvent::End, None);
        } else {
            self.depart(key);
        }
    }

    /// Leaves for good; what the element's kind does last is done here.
    pub(super) fn depart(&mut self, key: ElementKey) {
        let Some(node) = self.node_of(key) else { return };
        let Some(scope) = self.scope_of(key) else { return };
        if self.works_inside(key) {
            // Somebody has begun something while its end listeners were called: it is not done.
            return self.steps.push(Step::Check { scope: key });
        }
        if scope == key {
            self.cancel_waits(key);
            self.decision.emit(Event::InstanceCompleted);
        } else if self.is_turn(key) {
            self.leave_turn(node, key, scope);
        } else {
            let last = match &node.kind {
                Kind::End(throws) | Kind::Throw(throws) => throws.last(),
                _ => None,
            };
            match last {
                Some(Throw::Terminate) => self.terminate_scope(key),
                Some(Throw::Link { target }) => self.follow_link(key, *target),
                _ => self.go_out(node, key, scope),
            }
        }
    }

    /// What is done again when the last part of leaving failed: not what listeners have done.
    pub(super) fn stage_of_leaving(node: &Node) -> Stage {
        if node.listens(ListenerEvent::End) { Stage::Going } else { Stage::Leaving }
    }

    /// Takes the flows that leave an element, with which it is done.
    pub(super) fn go_out(&mut self, node: &Node, key: ElementKey, scope: ElementKey) {
        let taken = if self.is_conditional(node) {
            self.flows_of(node, scope).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(&node.outgoing[..]))
        };
        match taken {
            Ok(flows) => {
                self.complete(node, key);
                self.take(&flows, scope);
                if matches!(node.kind, Kind::EventSubProcess { .. }) {
                    self.ask_worker(scope);
                }
            }
            Err((kind, message)) => {
                let message = format!("{}: {message}", node.label());
                self.decision.raise(key, kind, Self::stage_of_leaving(node), None, message);
            }
        }
    }

    /// Lets a gateway before which tokens wait go on, if one can.
    fn join_waiting(&mut self, scope: ElementKey) -> bool {
        self.join_inclusive(scope) || self.start_any_complex(scope)
    }

    /// Ends a scope in which nothing lives any more.
    pub(super) fn check_scope(&mut self, scope: ElementKey) {
        // Each element that was left has the scope looked at: the first look may have ended all.
        if self.decision.state().status() != Status::Active {
            return;
        }
        if self.begin_queued(scope) || self.release_interruption(scope) {
            return;
        }
        let Some(element) = self.decision.state().element(scope) else { return };
        if self.decision.state().ends_soon() {
            return self.end_canceled();
        }
        if element.children > 0 && element.tokens.is_empty() && element.resets.is_empty()
            || self.begins_in(scope)
        {
            return;
        }
        let Some(node) = self.node_of(scope) else { return };
        if self.is_body(scope) {
            if element.children == 0 {
                self.resume_loop(scope);
            }
            return;
        }
        let is_scope = matches!(
            node.kind,
            Kind::Process { .. }
                | Kind::SubProcess { .. }
                | Kind::AdHoc(_)
                | Kind::EventSubProcess { .. }
        ) || self.is_reentered(scope);
        let resets = !element.resets.is_empty();
        if !is_scope || !element.tokens.is_empty() && self.join_waiting(scope) {
            return;
        }
        if resets && self.reset_complex(scope) {
            return;
        }
        let Some(element) = self.decision.state().element(scope) else { return };
        if element.children > 0 {
            return;
        }
        if self.decision.state().incidents_of(scope).next().is_some() {
            return;
        }
        if !node.listeners.is_empty() && self.is_listening(scope) {
            return;
        }
        let waiting: Vec<_> = element
            .tokens
            .keys()
            .map(|flow| format!("\"{}\"", self.process.flow(*flow).id))
            .collect();
        if !waiting.is_empty() {
            let message = format!(
                "{}: tokens wait before a gateway on {} for others that can never come; \
                 cancel the instance and correct the model",
                node.label(),
                waiting.join(", ")
            );
            self.decision.raise(scope, IncidentKind::Deadlock, Stage::Working, None, message);
            return;
        }
        let root = scope == self.decision.state().key().root();
        if root || self.is_inner(scope) || self.ends_ad_hoc(scope) {
            self.leave(scope);
        }
    }
}

//! Ending before the work is done: terminate, errors, cancellation.

use base::{ElementKey, Event, IncidentKind, JobKey, Stage, Variables};
use instance::Owned;

use super::{Run, Step};
use crate::graph::{Kind, Trigger};

impl Run<'_, '_, '_> {
    /// Cancels everything that `owner` itself waits for.
    pub(super) fn cancel_waits(&mut self, owner: ElementKey) {
        let waits: Vec<Owned> = self.decision.state().waits_of(owner).collect();
        for wait in waits {
            self.decision.emit(match wait {
                Owned::Job(job) => Event::JobCanceled { job },
                Owned::Timer(timer) => Event::TimerCanceled { timer },
                Owned::Subscription(subscription) => Event::SubscriptionClosed { subscription },
                Owned::UserTask(task) => Event::UserTaskCanceled { task },
                Owned::Incident(incident) => Event::IncidentResolved { incident },
                // Is ended with what it owns, see `terminate_children`.
                Owned::Child(_) => continue,
            });
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
        let children: Vec<ElementKey> = self.decision.state().children_of(scope).collect();
        for child in children {
            self.terminate(child);
        }
        self.steps.retain(|step| !matches!(step, Step::Enter { scope: of, .. } if *of == scope));
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

    /// Throws an error outwards from an element instance: the innermost boundary event that names
    /// the code takes it, else one that takes all; if none does, there is an incident.
    pub(super) fn throw(
        &mut self,
        from: ElementKey,
        code: &str,
        message: &str,
        job: Option<JobKey>,
        variables: Variables,
    ) {
        let caught = self.decision.state().scopes(from).find_map(|(key, element)| {
            // The boundary events of a loop are its body's, not its turns'.
            let host = element.turn.is_none().then_some(element.element)?;
            self.catcher(host, code).map(|boundary| (key, boundary))
        });
        if let Some((host, boundary)) = caught {
            let Some(scope) = self.scope_of(host) else { return };
            self.terminate(host);
            self.enter_triggered(boundary, scope, None, variables);
            return;
        }
        let label = self.node_of(from).map_or_else(String::new, crate::graph::Node::label);
        let said = if message.is_empty() { String::new() } else { format!(" (\"{message}\")") };
        let text = format!(
            "{label} threw the error \"{code}\"{said}, but no boundary event catches it; \
             deploy a model that does, or retry when the cause is gone"
        );
        let stage = Stage::Throwing { code: code.into(), message: message.into() };
        self.decision.raise(from, IncidentKind::UnhandledErrorEvent, stage, job, text);
    }

    fn catcher(&self, element: u32, code: &str) -> Option<u32> {
        let boundaries = &self.process.node(element).boundaries;
        let find = |exact: bool| {
            boundaries.iter().copied().find(|boundary| match &self.process.node(*boundary).kind {
                Kind::Boundary { trigger: Trigger::Error { code: Some(known) }, .. } => {
                    exact && *known == code
                }
                Kind::Boundary { trigger: Trigger::Error { code: None }, .. } => !exact,
                _ => false,
            })
        };
        find(true).or_else(|| find(false))
    }
}

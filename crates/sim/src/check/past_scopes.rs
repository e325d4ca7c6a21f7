//! The part of a log that is about scopes, calls and incidents: read as the rest in `past`.

use base::{Event, IncidentKind, JobState};

use super::past::{Read, Reading};

impl Reading {
    /// Tokens and variables of a scope.
    pub(super) fn read_scope(&mut self, event: &Event) -> Read {
        match event {
            Event::TokenParked { scope, flow } => {
                self.lives(*scope)?;
                *self.tokens.entry((*scope, *flow)).or_default() += 1;
            }
            Event::TokensJoined { scope, flows } => {
                for flow in flows {
                    let parked = self.tokens.get_mut(&(*scope, *flow)).filter(|count| **count > 0);
                    let Some(parked) = parked else {
                        return Err((
                            "flows",
                            format!("a token of flow {flow} joins and none waits"),
                        ));
                    };
                    *parked -= 1;
                }
            }
            Event::ResetAwaited { scope, .. }
            | Event::ResetReached { scope, .. }
            | Event::AdHocEntered { owner: scope }
            | Event::AdHocDone { owner: scope }
            | Event::ActivationQueued { owner: scope, .. }
            | Event::ActivationTaken { owner: scope }
            | Event::ActivationsDropped { owner: scope } => {
                self.lives(*scope)?;
            }
            Event::VariablesSet { scope, variables } => {
                self.lives(*scope)?;
                self.variables.entry(*scope).or_default().merge(variables);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn read_call(&mut self, event: &Event) -> Read {
        match event {
            Event::InstanceCalled { owner, instance } => {
                self.lives(*owner)?;
                if self.calls.insert(*owner, *instance).is_some() {
                    return Err(("calls", format!("{owner} calls twice")));
                }
            }
            Event::InstanceReturned { owner, instance, undoable: _ }
            | Event::CallCanceled { owner, instance }
                if self.calls.remove(owner) != Some(*instance) =>
            {
                return Err(("calls", format!("{event:?}, and nobody waits for it")));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn read_incident(&mut self, at_ms: i64, event: &Event) -> Read {
        match event {
            Event::IncidentRaised { incident, owner, job, kind, .. } => {
                self.draw(incident.0)?;
                self.lives(*owner)?;
                if matches!(kind, IncidentKind::Quarantined | IncidentKind::StepLimit) {
                    return Err(("log", format!("the engine failed: {event:?}")));
                }
                if *kind == IncidentKind::Deadlock {
                    return Err(("flows", format!("a sound model came to {event:?}")));
                }
                self.incidents.insert(*incident, (*owner, *job));
            }
            Event::IncidentResolved { incident } => {
                let Some((_, job)) = self.incidents.remove(incident) else {
                    return Err(("log", format!("{incident} is resolved and is not open")));
                };
                if let Some(job) = job.and_then(|job| self.jobs.get_mut(&job)) {
                    job.state = JobState::Created;
                    job.available_ms = at_ms;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

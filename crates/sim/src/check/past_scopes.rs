//! The part of a log that is about scopes, calls and incidents: read as the rest in `past`.

use base::{Cancellation, Event, IncidentKind, JobState};

use super::past::{Read, Reading};

impl Reading {
    /// What operators do: what may happen while nothing goes on, and that what was held has its turn.
    /// True if the event says nothing else.
    pub(super) fn read_operation(&mut self, event: &Event) -> Result<bool, (&'static str, String)> {
        if self.suspended && goes_on(event) {
            return Err(("held", format!("{event:?}, and it is suspended")));
        }
        match event {
            Event::InstanceModified { .. } => self.modified = true,
            Event::InstanceMigrated(migrated) => self.renumber(&migrated.numbers),
            Event::InstanceSuspended(_) => self.suspended = true,
            Event::InstanceResumed => self.suspended = false,
            Event::InputHeld(input) => {
                if let Some(answered) = input.answers()
                    && self.held.iter().any(|held| held.answers() == Some(answered))
                {
                    return Err(("held", format!("{answered} is answered twice")));
                }
                self.held.push_back((**input).clone());
            }
            Event::HeldInputTaken => {
                self.check_owed()?;
                let Some(input) = self.held.pop_front() else {
                    return Err(("held", "nothing is held, and it was taken".into()));
                };
                self.held_taken += 1;
                let opens = |key: &base::Key| {
                    self.jobs.contains_key(&base::JobKey(*key))
                        || self.tasks.contains_key(&base::UserTaskKey(*key))
                };
                self.owed = input.answers().filter(opens);
            }
            _ => {
                self.pays(event);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was held has an effect.
    fn pays(&mut self, event: &Event) {
        match event {
            Event::JobCompleted { job }
            | Event::JobFailed { job, .. }
            | Event::JobErrorThrown { job, .. }
                if self.owed == Some(job.0) =>
            {
                self.owed = None;
            }
            Event::UserTaskCompleted { task, .. } if self.owed == Some(task.0) => self.owed = None,
            Event::UserTaskTransition { transition, .. }
                if self.owed == Some(transition.task.0) =>
            {
                self.owed = None;
            }
            _ => {}
        }
    }

    pub(super) fn suspended(&self) -> bool {
        self.suspended
    }

    /// The answer that was held last was for something that lived, and is done.
    pub(super) fn check_owed(&mut self) -> Read {
        match self.owed.take() {
            Some(key) => Err(("held", format!("the answer for {key} was held and has no effect"))),
            None => Ok(()),
        }
    }

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
            Event::Cancellation(fact) => return self.read_cancellation(fact),
            Event::InstanceCalled { owner, instance } => {
                self.lives(*owner)?;
                if self.calls.insert(*owner, *instance).is_some() {
                    return Err(("calls", format!("{owner} calls twice")));
                }
            }
            Event::InstanceReturned { owner, instance, .. }
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
                if *kind == IncidentKind::Deadlock && !self.modified {
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

/// Whether the event lets an instance go on.
fn goes_on(event: &Event) -> bool {
    matches!(
        event,
        Event::ElementEntered { .. }
            | Event::ElementPassed { .. }
            | Event::ElementCompleted { .. }
            | Event::JobCompleted { .. }
            | Event::JobFailed { .. }
            | Event::JobErrorThrown { .. }
            | Event::TimerFired { .. }
            | Event::SubscriptionOpened { .. }
            | Event::SubscriptionCorrelated { .. }
            | Event::UserTaskCreated { .. }
            | Event::UserTaskCompleted { .. }
            | Event::ConditionMet { .. }
            | Event::InstanceCalled { .. }
            | Event::InstanceReturned { .. }
            | Event::Cancellation(Cancellation::Released { .. })
            | Event::InstanceModified { .. }
            | Event::InstanceMigrated(_)
            | Event::HeldInputTaken
            | Event::InstanceCompleted
    )
}

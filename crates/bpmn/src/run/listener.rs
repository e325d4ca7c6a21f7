//! Execution listeners: jobs one after the other, before an element's work and after it.
//!
//! In:  an element that has read its inputs, or written its outputs; later the jobs of its listeners.
//! Out: the next listener's job, or what comes after the last one.
//! Absent: failures and retries of these jobs, which are those of any job.
//!
//! Where an element stands between two listeners is said by the job of the one that is called.

use base::{ElementKey, JobExtra, Listener, ListenerEvent, Stage, Variables};
use instance::Owned;

use super::Run;
use super::activate::Stuck;

impl Run<'_, '_, '_> {
    /// Calls the first of the listeners to `event`. At the start of a process, `start` is where it
    /// begins when they are done.
    pub(super) fn listen(&mut self, owner: ElementKey, event: ListenerEvent, start: Option<u32>) {
        self.call_listener(owner, Listener { event, index: 0, start });
    }

    /// A listener has done its work: the variables that it gives are the element's own before the
    /// work, and go where its outputs go after it.
    pub(super) fn listener_done(
        &mut self,
        owner: ElementKey,
        listener: Listener,
        variables: Variables,
    ) {
        match listener.event {
            ListenerEvent::Start => self.set_variables(owner, variables),
            ListenerEvent::End => {
                let own = self.is_turn(owner);
                let scope = self.scope_of(owner).filter(|_| !own).unwrap_or(owner);
                self.propagate(scope, &variables);
            }
            // What these say about the task is known already, see `task`.
            ListenerEvent::Creating
            | ListenerEvent::Assigning
            | ListenerEvent::Updating
            | ListenerEvent::Completing
            | ListenerEvent::Canceling => {}
        }
        self.call_listener(owner, Listener { index: listener.index + 1, ..listener });
    }

    /// Calls this listener, or goes on when there is none. What cannot be evaluated is an incident,
    /// and resolving it calls them all again.
    pub(super) fn call_listener(&mut self, owner: ElementKey, listener: Listener) {
        match self.try_call(owner, listener) {
            Ok(true) => {}
            Ok(false) if listener.event.is_of_task() => self.settle_task(owner),
            Ok(false) => match (listener.event, listener.start) {
                (ListenerEvent::Start, Some(start)) => self.begin_at(start),
                (ListenerEvent::Start, None) => self.set_to_work(owner),
                _ => self.depart(owner),
            },
            Err((kind, message)) => {
                let label = self.node_of(owner).map_or_else(String::new, crate::Node::label);
                let message = format!("{label}, a listener: {message}");
                let stage = match (listener.event, listener.start) {
                    (ListenerEvent::Start, Some(start)) => Stage::Starting { start },
                    (ListenerEvent::Start, None) => Stage::Entering,
                    // The task has not come up: it does again.
                    (ListenerEvent::Creating, _) => Stage::Activating,
                    // Its transition says what is to be done again.
                    (event, _) if event.is_of_task() => Stage::Working,
                    _ => Stage::Leaving,
                };
                self.decision.raise(owner, kind, stage, None, message);
            }
        }
    }

    fn try_call(&mut self, owner: ElementKey, listener: Listener) -> Result<bool, Stuck> {
        let Some(node) = self.node_of(owner) else { return Ok(true) };
        let Some(spec) = node.listener(listener.event, listener.index) else { return Ok(false) };
        let extra = JobExtra { listener: Some(listener), ..JobExtra::default() };
        self.create_job(&spec.job, owner, Some(Box::new(extra)))
            .map_err(|message| (base::IncidentKind::ExtractValueError, message))?;
        Ok(true)
    }

    /// Whether a listener of the element is at work: its own work has not begun, or is done.
    pub(super) fn is_listening(&self, owner: ElementKey) -> bool {
        let state = self.decision.state();
        state.waits_of(owner).any(|wait| match wait {
            Owned::Job(job) => state.jobs().get(&job).is_some_and(|job| job.listener().is_some()),
            _ => false,
        })
    }
}

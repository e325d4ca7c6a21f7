//! Call activities: another process as a step of this one.
//!
//! In:  the activity; later the instance that was started for it, its result, an error out of it.
//! Out: what is asked for; the call and what follows from it as events.
//! Absent: which version is meant, the called instance itself, the way from one instance to the
//!         other (see `engine`).

use base::limits::MESSAGE_BYTES_MAX;
use base::{
    Cancellation, ElementKey, Event, IncidentKind, InstanceKey, JobKey, JobState, Stage, Text,
    Variables,
};
use instance::Ask;

use super::Run;
use super::activate::Stuck;
use crate::graph::{CalledProcess, Kind};

impl Run<'_, '_, '_> {
    /// Asks for an instance of the process.
    pub(super) fn call_process(
        &mut self,
        called: &CalledProcess,
        owner: ElementKey,
    ) -> Result<(), Stuck> {
        let process_id = self
            .text(&called.process_id, owner, "the process id")
            .map_err(|message| (IncidentKind::ExtractValueError, message))?;
        self.decision.ask(Ask::Call { owner, process_id });
        Ok(())
    }

    /// The instance that `owner` asked for begins. If it may be `heard`, what cancels the call waits
    /// for its end.
    pub fn called(self, owner: ElementKey, instance: InstanceKey, heard: bool) {
        self.decision.emit(Event::InstanceCalled { owner, instance });
        if heard {
            self.decision.emit(Event::Cancellation(Cancellation::CallHeard { owner }));
        }
    }

    /// There is nothing that `owner` could call.
    pub fn not_called(mut self, owner: ElementKey, message: &str) {
        let Some(node) = self.node_of(owner) else { return };
        self.cancel_waits(owner);
        let message = Text::from(format!("{}: {message}", node.label())).cut(MESSAGE_BYTES_MAX);
        let kind = IncidentKind::CalledElementError;
        self.decision.raise(owner, kind, Stage::Entering, None, message);
    }

    /// The called instance has completed with these variables of its root scope; `undoable` says
    /// that something in it can be compensated. Nothing happens if `owner` does not wait for it.
    pub fn returned(
        mut self,
        owner: ElementKey,
        instance: InstanceKey,
        variables: Variables,
        undoable: bool,
    ) {
        if self.decision.state().calls().get(&owner) != Some(&instance) {
            return;
        }
        // One that has compensated another has nothing to give.
        let undoes = self.is_reentered(owner);
        let undoable = (undoable && !undoes).then_some(true);
        self.decision.emit(Event::InstanceReturned { owner, instance, undoable });
        let Some(node) = self.node_of(owner) else { return };
        // Output mappings read all of them, whether or not all go on outwards.
        let taken = match &node.kind {
            Kind::Call(_) if undoes => false,
            Kind::Call(called) => called.all_child_variables || !node.outputs.is_empty(),
            _ => false,
        };
        self.leave_with(owner, if taken { variables } else { Variables::new() });
        self.go();
    }

    /// An error came out of the instance that `owner` has called. True if something here catches it;
    /// nothing has happened otherwise.
    pub fn called_threw(
        mut self,
        owner: ElementKey,
        instance: InstanceKey,
        code: &str,
        variables: Variables,
    ) -> bool {
        let waits = self.decision.state().calls().get(&owner) == Some(&instance);
        let caught = waits && self.catch_error(owner, code, variables);
        self.go();
        caught
    }

    /// The error that `from` threw is caught nowhere, in this instance and in those above it.
    pub fn nobody_catches(
        mut self,
        from: ElementKey,
        code: &str,
        message: &str,
        job: Option<JobKey>,
    ) {
        self.uncaught(from, code, message, job);
    }

    fn work_again(&mut self, key: ElementKey) {
        self.cancel_waits(key);
        self.activate(key);
    }

    /// After a quarantine an activity may stand without the instance that it asked for, or without
    /// its result, and an error or escalation without anybody who has heard it.
    pub(super) fn call_again(&mut self) {
        let state = self.decision.state();
        let stuck = |key: &ElementKey| state.incidents().values().any(|open| open.owner == *key);
        let live = state.elements().iter().filter(|(key, _)| !stuck(key));
        let live = live.filter(|(key, _)| !self.is_listening(**key) && !self.is_held(**key));
        let live: Vec<_> = live.map(|(key, element)| (*key, element.element)).collect();
        for (key, element) in live {
            match &self.process.node(element).kind {
                Kind::Call(_) if self.decision.state().called_by(key).is_some() => {
                    self.decision.ask(Ask::LookAgain { owner: key });
                }
                // An event waits for nothing but those who have called this instance.
                Kind::Call(_) | Kind::End(_) | Kind::Throw(_) => self.work_again(key),
                _ => self.throw_again(key),
            }
        }
    }

    fn throw_again(&mut self, owner: ElementKey) {
        let jobs = self.decision.state().jobs().iter();
        let mut thrown = jobs
            .filter(|(_, job)| job.owner == owner && job.state == JobState::ErrorThrown)
            .map(|(key, job)| (*key, job.error_code.clone(), job.error_message.clone()));
        if let Some((job, code, message)) = thrown.next() {
            self.throw(owner, &code, &message, Some(job), Variables::new());
        }
    }
}

//! Suspension: what comes is held, and done in order once the instance was resumed.
//!
//! In:  that somebody suspends or resumes; inputs that come meanwhile.
//! Out: held inputs as events; their effects when their turn comes.
//! Absent: what is due meanwhile (timers that do not fire are the engine's), called instances.
//!
//! A timer of the root that triggers the process itself is the *release*: due when the first held
//! input came, so that held inputs and timers take their turns in one order, and a crash in between
//! loses nothing.

use base::{ElementKey, Event, FailJob, HeldInput, Text, TimerKey};
use instance::{Ask, Status, Timer};

use super::Run;

/// The process itself: what a release triggers.
const PROCESS: u32 = 0;
/// Held inputs of one release: others go first, then the next release is due at once.
const HELD_PER_RELEASE: usize = 64;

impl Run<'_, '_, '_> {
    /// Nothing goes on until somebody resumes it.
    pub fn suspend(self, reason: Text) {
        self.decision.emit(Event::InstanceSuspended(reason));
    }

    /// It goes on: what is held is released, in order.
    pub fn resume(mut self) {
        self.decision.emit(Event::InstanceResumed);
        self.ask_all_conditions();
        self.go();
    }

    /// Whether an input must wait.
    pub(super) fn must_wait(&self) -> bool {
        self.decision.state().holds_inputs()
    }

    pub(super) fn hold(&mut self, input: HeldInput) {
        self.decision.emit(Event::InputHeld(Box::new(input)));
    }

    pub(super) fn is_release(&self, timer: &Timer) -> bool {
        timer.target == PROCESS && timer.owner == self.decision.state().key().root()
    }

    /// The next that is held has its turn when it came: in the past.
    fn set_release(&mut self) {
        let state = self.decision.state();
        let Some(came_ms) = state.next_held().map(|held| held.at_ms) else { return };
        // At once, also where the clock was set back since.
        let due_ms = came_ms.min(self.decision.now_ms());
        if state.timers().values().any(|timer| self.is_release(timer)) {
            return;
        }
        let owner: ElementKey = state.key().root();
        let timer = TimerKey(self.decision.next_key());
        self.decision.emit(Event::TimerSet { timer, owner, target: PROCESS, due_ms, repeats: 0 });
    }

    /// While the instance lives and is not suspended, what is held must have its turn: also when what
    /// ends all that the process waits for has ended the release too.
    pub(super) fn keep_release(&mut self) {
        let state = self.decision.state();
        let lives = state.status() == Status::Active && !state.is_suspended();
        if lives && !self.releasing && state.next_held().is_some() {
            self.set_release();
        }
    }

    /// Does what came up to this time; the next release follows.
    pub(super) fn release(&mut self, timer: TimerKey, until_ms: i64) {
        self.decision.emit(Event::TimerFired { timer });
        self.releasing = true;
        for _ in 0..HELD_PER_RELEASE {
            let Some(held) = self.decision.state().next_held() else { break };
            if held.at_ms > until_ms && held.at_ms <= self.decision.now_ms() {
                break;
            }
            let (at_ms, input) = (held.at_ms, held.input.clone());
            self.decision.emit(Event::HeldInputTaken);
            self.take_held(input, at_ms);
            self.go();
        }
        if self.decision.state().status() == Status::Active {
            self.set_release();
        }
    }

    /// What it was for may be gone: then it has no effect, and a message goes to somebody else.
    fn take_held(&mut self, input: HeldInput, at_ms: i64) {
        match input {
            HeldInput::JobCompleted { job, variables } => self.complete_job(job, variables),
            HeldInput::JobFailed { job, retries, backoff_ms, message, variables } => {
                let failed = FailJob { job, retries, backoff_ms, message, variables };
                self.fail_job(failed, at_ms);
            }
            HeldInput::ErrorThrown { job, code, message, variables } => {
                self.throw_of_job(job, &code, &message, variables);
            }
            HeldInput::TaskCompleted { task, action, variables } => {
                self.complete_task(task, &action, variables);
            }
            HeldInput::AdHocAnswered { job, variables, result } => {
                self.answer_ad_hoc(job, variables, result);
            }
            HeldInput::ElementsActivated { owner, elements, cancel_remaining } => {
                // What does not fit any more is as gone as its sub-process would be.
                let _ = self.activate_in(owner, elements, cancel_remaining);
            }
            HeldInput::CalledEnded { owner, instance } => self.end_canceled_call(owner, instance),
            HeldInput::ListenerAnswered { job, denied, details } => {
                self.answer_listener(job, denied, *details);
            }
            HeldInput::Message { subscription, message, name, correlation_key, variables } => {
                if !self.correlate(subscription, message, variables) {
                    self.decision.emit(Event::CorrelationRefused { subscription, message });
                    self.decision.ask(Ask::GiveBack { message, name, correlation_key });
                }
            }
        }
    }
}

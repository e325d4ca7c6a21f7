//! Decisions of one process instance.
//!
//! In:  the graph, a [`Decision`] on the state, one cause (start, result of a job, due timer, ...).
//! Out: events, already folded into the state.
//! Absent: recursion from element to element: what is to be done next stands on a stack, so that a
//! long path costs no call depth, and a loop that never waits is stopped by a count.

mod activate;
mod ad_hoc;
mod ad_hoc_job;
mod call;
mod catch;
mod compensation;
mod complex;
mod condition;
mod end;
mod fit;
mod flows;
mod handler;
mod interrupt;
mod leave;
mod listener;
mod loops;
mod migrate;
mod modify;
mod place;
mod policy;
mod rule;
mod steps;
mod suspend;
mod task;
mod throw;
mod values;

use base::limits::STEPS_PER_INPUT_MAX;
use base::{
    AdHocResult, ElementKey, Event, HeldInput, IncidentKey, IncidentKind, JobKey, JobRole, Stage,
    Variables,
};
use instance::Decision;

use crate::graph::{Kind, Node, Process, Trigger};
pub(crate) use ad_hoc::OFFERS;
pub use migrate::Target;
pub use policy::TIMEOUT;
use steps::{Step, Steps};
pub use task::corrected;

/// Decides about one instance of one process.
#[derive(Debug)]
pub struct Run<'p, 'd, 'a> {
    process: &'p Process,
    decision: &'d mut Decision<'a>,
    steps: Steps,
    /// What conditions may have become true by.
    changes: condition::Changes,
    /// What ends is ended at once: nobody listens to it.
    unheard: bool,
    /// What an interruption has ended for all but those who listen to that.
    outlived: Vec<ElementKey>,
    /// What was held is being done; the next release is set afterwards.
    releasing: bool,
}

impl<'p, 'd, 'a> Run<'p, 'd, 'a> {
    /// Starts deciding.
    pub fn new(process: &'p Process, decision: &'d mut Decision<'a>) -> Self {
        let (steps, changes) = (Steps::default(), condition::Changes::default());
        let (unheard, outlived, releasing) = (false, Vec::new(), false);
        Self { process, decision, steps, changes, unheard, outlived, releasing }
    }

    /// The instance begins at this start event.
    pub fn start(mut self, start: u32, variables: Variables) {
        let root = self.decision.state().key().root();
        self.set_variables(root, variables);
        self.begin(start);
        self.go();
    }

    /// A worker finished a job that is live.
    pub fn job_completed(mut self, job: JobKey, variables: Variables) {
        if self.must_wait() {
            return self.hold(HeldInput::JobCompleted { job, variables });
        }
        self.complete_job(job, variables);
        self.go();
    }

    fn complete_job(&mut self, job: JobKey, variables: Variables) {
        let Some(found) = self.decision.state().jobs().get(&job) else { return };
        let (owner, listener) = (found.owner, found.listener());
        if found.role() == JobRole::AdHoc {
            return self.answer_ad_hoc(job, variables, AdHocResult::default());
        }
        self.decision.emit(Event::JobCompleted { job });
        match listener {
            None if self.is_detached(owner) => {
                self.set_variables(owner, variables);
                self.end_detached(owner, true);
            }
            None => self.leave_with(owner, variables),
            Some(listener) => self.listener_done(owner, listener, variables),
        }
    }

    /// A job that is live has no attempts left.
    pub fn job_exhausted(mut self, job: JobKey) {
        self.exhausted(job);
    }

    fn exhausted(&mut self, job: JobKey) {
        let Some(found) = self.decision.state().jobs().get(&job) else { return };
        let (owner, why) = (found.owner, found.error_message.clone());
        let (what, kind) = match found.role() {
            JobRole::Work => ("job".into(), IncidentKind::JobNoRetries),
            JobRole::AdHoc => ("job".into(), IncidentKind::AdHocSubProcessNoRetries),
            JobRole::Listener(event) => {
                let kind = if event.is_of_task() {
                    IncidentKind::TaskListenerNoRetries
                } else {
                    IncidentKind::ExecutionListenerNoRetries
                };
                (format!("{} listener `{}`", event.model_name(), found.job_type), kind)
            }
        };
        let node = self.node_of(owner);
        let message = format!(
            "the {what} of {} has no attempts left: {}; mend the cause and retry",
            node.map_or_else(String::new, Node::label),
            if why.is_empty() { "the worker gave no reason" } else { &why }
        );
        self.decision.raise(owner, kind, Stage::Working, Some(job), message);
    }

    /// A worker reported an error of the business for a job that is live.
    pub fn job_error(mut self, job: JobKey, code: &str, message: &str, variables: Variables) {
        if self.must_wait() {
            let (code, message) = (code.into(), message.into());
            return self.hold(HeldInput::ErrorThrown { job, code, message, variables });
        }
        self.throw_of_job(job, code, message, variables);
        self.go();
    }

    fn throw_of_job(&mut self, job: JobKey, code: &str, message: &str, variables: Variables) {
        let Some(owner) = self.decision.state().jobs().get(&job).map(|job| job.owner) else {
            return;
        };
        self.decision.emit(Event::JobErrorThrown {
            job,
            code: code.into(),
            message: message.into(),
        });
        if self.is_detached(owner) {
            self.end_detached(owner, false);
        } else {
            self.throw(owner, code, message, Some(job), variables);
        }
    }

    /// Goes on where an open incident stopped.
    pub fn resolve(mut self, incident: IncidentKey) {
        let Some(open) = self.decision.state().incidents().get(&incident).cloned() else { return };
        self.decision.emit(Event::IncidentResolved { incident });
        if open.kind == IncidentKind::StepLimit {
            self.take_kept();
        }
        match open.stage {
            Stage::Working => {
                if let Some(job) = open.job
                    && self.decision.state().jobs().get(&job).is_some_and(|job| job.retries <= 0)
                {
                    self.decision.emit(Event::JobRetriesSet { job, retries: 1 });
                }
                if open.job.is_none() {
                    self.call_task_listeners(open.owner);
                    self.ask_worker_again(open.owner);
                }
                self.steps.push(Step::Check { scope: open.owner });
                if open.kind == IncidentKind::StepLimit {
                    self.turns_again(open.owner);
                }
                self.ask_conditions(open.owner);
                if open.kind == IncidentKind::Quarantined {
                    self.ask_again();
                    self.call_again();
                }
            }
            Stage::Entering => {
                self.cancel_waits(open.owner);
                self.activate(open.owner);
            }
            Stage::Activating => {
                self.cancel_waits(open.owner);
                if self.is_body(open.owner) {
                    self.activate(open.owner);
                } else {
                    self.set_to_work(open.owner);
                }
            }
            // Something that began in it meanwhile is waited for.
            Stage::Leaving | Stage::Going if self.works_inside(open.owner) => {
                self.steps.push(Step::Check { scope: open.owner });
            }
            Stage::Leaving => self.leave(open.owner),
            Stage::Going => self.depart(open.owner),
            Stage::Starting { start } => self.begin(start),
            Stage::Listening { targets } => {
                self.listen_for(open.owner, &targets);
                self.steps.push(Step::Check { scope: open.owner });
            }
            Stage::Beginning { start } => self.begin_at(start),
            Stage::Throwing { code, message } => match open.job {
                // The worker decides anew: the job is available again.
                Some(_) => {}
                None => self.throw(open.owner, &code, &message, None, Variables::new()),
            },
        }
        self.go();
    }

    /// The core's own failure on this instance: it stops until somebody looks.
    pub fn quarantine(self, message: &str) {
        let root = self.decision.state().key().root();
        self.decision.raise(root, IncidentKind::Quarantined, Stage::Working, None, message);
    }

    fn go(&mut self) {
        loop {
            if self.decision.state().ends_now() {
                return self.end_early();
            }
            if self.has_changes() {
                self.look_at_conditions();
                continue;
            }
            let Some(step) = self.next_step() else { return self.keep_release() };
            match step {
                Step::Enter { element, scope, via } => self.enter(element, scope, via),
                Step::Check { scope } => self.check_scope(scope),
                Step::Turn { body } => self.next_turn(body),
                Step::Compensate { by, scope } => self.compensate_next(by, scope),
                Step::Work { key } => self.activate(key),
            }
        }
    }

    fn next_step(&mut self) -> Option<Step> {
        let next = self.steps.pop();
        if next.is_none() && self.goes_on_with_kept() { self.steps.pop() } else { next }
    }

    fn push_enter(&mut self, element: u32, scope: ElementKey, via: Option<u32>) {
        self.steps.push(Step::Enter { element, scope, via });
    }

    /// A token reaches an element. Nothing happens if its scope has ended meanwhile.
    fn enter(&mut self, element: u32, scope: ElementKey, via: Option<u32>) {
        if self.decision.state().element(scope).is_none() {
            return;
        }
        let node = self.process.node(element);
        if matches!(node.kind, Kind::Parallel)
            && node.incoming.len() > 1
            && !self.join(node, scope, via)
        {
            self.steps.push(Step::Check { scope });
            return;
        }
        if matches!(node.kind, Kind::Inclusive)
            && node.incoming.len() > 1
            && let Some(flow) = via
        {
            // Whether it waits is seen when everything else in this scope has come to rest.
            self.decision.emit(Event::TokenParked { scope, flow });
            self.steps.push(Step::Check { scope });
            return;
        }
        if matches!(node.kind, Kind::Complex { .. })
            && node.incoming.len() > 1
            && let Some(flow) = via
        {
            return self.arrive_complex(element, scope, flow);
        }
        let key = ElementKey(self.decision.next_key());
        let stepped = self.decision.step() > STEPS_PER_INPUT_MAX;
        if let Some(why) = if stepped { Some(too_many_steps()) } else { self.too_many_live() } {
            self.decision.emit(Event::ElementEntered { key, element, scope, via });
            let message = format!(
                "{why} and stopped before {}; if that is a loop without an end, cancel the instance, \
                 else retry to go on",
                node.label()
            );
            self.decision.raise(key, IncidentKind::StepLimit, Stage::Entering, None, message);
            return self.keep_steps();
        }
        if self.passes(node) {
            self.decision.emit(Event::ElementPassed { key, element, scope, via });
            self.take(&node.outgoing, scope);
        } else {
            self.decision.emit(Event::ElementEntered { key, element, scope, via });
            self.activate(key);
        }
    }

    /// Why nothing more may begin in the instance, if so much lives in it.
    fn too_many_live(&self) -> Option<String> {
        let most = self.decision.full()?;
        Some(format!("{most} elements of the instance live at once: it begins no other one"))
    }

    /// Nothing can go wrong or wait here, so entering and leaving are one fact.
    fn passes(&self, node: &Node) -> bool {
        let simple = match &node.kind {
            Kind::Start(Trigger::All(_)) => node.scope != 0,
            Kind::Start(_) | Kind::Pass | Kind::Parallel | Kind::Catch(Trigger::Link(_)) => true,
            Kind::End(throws) => throws.is_empty(),
            _ => false,
        };
        simple
            && node.marker.is_none()
            && node.inputs.is_empty()
            && node.outputs.is_empty()
            && node.boundaries.is_empty()
            && node.listeners.is_empty()
            && !self.is_conditional(node)
    }

    /// Parks the token; true when all that the gateway joins are there (BPMN 2.0.2, 13.4.1).
    fn join(&mut self, node: &Node, scope: ElementKey, via: Option<u32>) -> bool {
        if let Some(flow) = via {
            self.decision.emit(Event::TokenParked { scope, flow });
        }
        let tokens = self.decision.state().element(scope).map(|scope| &scope.tokens);
        let complete =
            tokens.is_some_and(|tokens| node.incoming.iter().all(|flow| tokens.contains_key(flow)));
        if complete {
            self.decision.emit(Event::TokensJoined { scope, flows: node.incoming.clone() });
        }
        complete
    }

    fn node_of(&self, key: ElementKey) -> Option<&'p Node> {
        self.decision.state().element(key).map(|element| self.process.node(element.element))
    }

    fn scope_of(&self, key: ElementKey) -> Option<ElementKey> {
        self.decision.state().element(key).map(|element| element.scope)
    }
}

fn too_many_steps() -> String {
    format!("the instance took {STEPS_PER_INPUT_MAX} steps without waiting")
}

//! Ad-hoc sub-processes whose elements a worker activates.
//!
//! In:  one that is entered; what was done in it; what its job says.
//! Out: jobs, one at a time; inner instances; that nothing more is activated.
//! Absent: failures and retries of these jobs, which are those of any job.
//!
//! What was done while a job is open has a new one take its place, so that no worker decides without
//! knowing of it.

use base::{
    AdHocResult, ElementKey, Event, HeldInput, IncidentKey, IncidentKind, JobExtra, JobKey,
    JobRole, Stage, Variables,
};
use instance::{Incident, Owned};

use super::Run;
use crate::ad_hoc::AdHoc;
use crate::graph::{JobSpec, Kind, Node};

impl Run<'_, '_, '_> {
    /// The job of an ad-hoc sub-process is done. Nothing has happened if it says why not.
    pub fn ad_hoc_answered(
        mut self,
        job: JobKey,
        variables: Variables,
        result: AdHocResult,
    ) -> Result<(), String> {
        let Some(owner) = self.decision.state().jobs().get(&job).map(|job| job.owner) else {
            return Ok(());
        };
        self.check_answer(owner, &result)?;
        if self.must_wait() {
            self.hold(HeldInput::AdHocAnswered { job, variables, result });
            return Ok(());
        }
        self.answer_ad_hoc(job, variables, result);
        self.go();
        Ok(())
    }

    /// As [`Self::ad_hoc_answered`]. What does not fit any more, because the instance was migrated
    /// since, is an incident, and resolving it asks a worker again.
    pub(super) fn answer_ad_hoc(&mut self, job: JobKey, variables: Variables, result: AdHocResult) {
        let Some(key) = self.decision.state().jobs().get(&job).map(|job| job.owner) else { return };
        let elements = self.check_answer(key, &result);
        self.drop_attempt_timer(job);
        // One that has failed before may be answered nevertheless.
        self.resolve_where(key, |open| open.job == Some(job));
        self.decision.emit(Event::JobCompleted { job });
        self.set_variables(key, variables);
        let elements = match elements {
            Ok(elements) => elements,
            Err(message) => return self.stop_asking(key, &message),
        };
        if result.fulfilled {
            return self.end_ad_hoc(key, result.cancel_remaining);
        }
        if result.cancel_remaining {
            self.terminate_inner(key);
        }
        for (element, wanted) in elements.into_iter().zip(result.activate) {
            self.begin_or_wait(key, element, wanted.variables);
        }
    }

    /// The elements that the job activates.
    fn check_answer(&self, key: ElementKey, result: &AdHocResult) -> Result<Vec<u32>, String> {
        if result.fulfilled && !result.activate.is_empty() {
            return Err("expected a result that activates elements or says that the completion \
                        condition is fulfilled, but found both; nothing begins where nothing more is \
                        activated"
                .into());
        }
        self.check_count(key, result.activate.len())?;
        result.activate.iter().map(|wanted| self.activatable(key, &wanted.element_id)).collect()
    }

    /// Something was done in an ad-hoc sub-process with a job: a worker says what follows. A job that
    /// was open knows nothing of it, and is withdrawn.
    pub(super) fn ask_worker(&mut self, key: ElementKey) {
        let Some(Kind::AdHoc(AdHoc { job: Some(spec), .. })) = self.node_of(key).map(|it| &it.kind)
        else {
            return;
        };
        let element = self.decision.state().element(key);
        if element.is_none_or(|it| it.ad_hoc.is_none_or(|ad_hoc| ad_hoc.done)) {
            return;
        }
        self.withdraw_job(key);
        if let Err(message) = self.create_ad_hoc_job(spec, key) {
            self.stop_asking(key, &message);
        }
    }

    /// As [`Self::ask_worker`], unless a worker is asked already.
    pub(super) fn ask_worker_again(&mut self, key: ElementKey) {
        if self.ad_hoc_job(key).is_none() {
            self.ask_worker(key);
        }
    }

    pub(super) fn create_ad_hoc_job(
        &mut self,
        spec: &JobSpec,
        key: ElementKey,
    ) -> Result<(), String> {
        let extra = JobExtra { ad_hoc: Some(true), ..JobExtra::default() };
        self.create_job(spec, key, Some(Box::new(extra)))
    }

    /// No worker can be asked, or what one said has no sense: somebody must act.
    fn stop_asking(&mut self, key: ElementKey, message: &str) {
        let label = self.node_of(key).map_or_else(String::new, Node::label);
        let message = format!("{label}: {message}");
        let kind = IncidentKind::ExtractValueError;
        self.decision.raise(key, kind, Stage::Working, None, message);
    }

    fn ad_hoc_job(&self, key: ElementKey) -> Option<JobKey> {
        let state = self.decision.state();
        state.waits_of(key).find_map(|wait| match wait {
            Owned::Job(job) => {
                let live = state.jobs().get(&job)?;
                (live.role() == JobRole::AdHoc).then_some(job)
            }
            _ => None,
        })
    }

    /// The job that is open goes, and its incident with it; also one that kept a worker from being asked.
    pub(super) fn withdraw_job(&mut self, key: ElementKey) {
        let kind = self.node_of(key).map(|node| &node.kind);
        if !matches!(kind, Some(Kind::AdHoc(AdHoc { job: Some(_), .. }))) {
            return;
        }
        let job = self.ad_hoc_job(key);
        self.resolve_where(key, |open| match open.job {
            Some(of) => Some(of) == job,
            None => open.kind == IncidentKind::ExtractValueError && open.stage == Stage::Working,
        });
        if let Some(job) = job {
            self.drop_attempt_timer(job);
            self.decision.emit(Event::JobCanceled { job });
        }
    }

    /// These incidents of the ad-hoc sub-process are over.
    fn resolve_where(&mut self, key: ElementKey, is_over: impl Fn(&Incident) -> bool) {
        let state = self.decision.state();
        let is_over = |it: &IncidentKey| state.incidents().get(it).is_some_and(&is_over);
        let incidents: Vec<_> = state.incidents_of(key).filter(is_over).collect();
        for incident in incidents {
            self.decision.emit(Event::IncidentResolved { incident });
        }
    }
}

//! What workers and operators say about jobs, incidents and variables.

use base::limits::{LEASE_MS_MAX, MESSAGE_BYTES_MAX};
use base::{
    AdHocResult, ElementKey, Event, FailJob, IncidentKey, IncidentKind, InstanceKey, JobKey,
    JobRole, JobState, ListenerEvent, Outcome, Rejection, Reply, ThrowError, Variables,
};
use bpmn::Run;

use crate::input::Ticket;
use crate::shard::Shard;

impl Shard {
    pub(crate) fn complete_job(&mut self, job: JobKey, variables: Variables) -> Outcome {
        let instance = self.open_job(job)?;
        if !variables.is_empty()
            && self.listener_of(instance, job).is_some_and(ListenerEvent::is_of_task)
        {
            return Err(Rejection::invalid(format!(
                "expected no variables from the job {job}, for it is a listener of a user task; \
                 give corrections in its result"
            )));
        }
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).job_completed(job, variables);
        })?;
        Ok(Reply::Done)
    }

    /// The job of an ad-hoc sub-process is done, with something to say.
    pub(crate) fn answer_ad_hoc(
        &mut self,
        job: JobKey,
        variables: Variables,
        result: AdHocResult,
    ) -> Outcome {
        let instance = self.open_job(job)?;
        let role = self.cache.get(instance).and_then(|entry| entry.state.jobs().get(&job));
        if role.is_none_or(|job| job.role() != JobRole::AdHoc) {
            return Err(Rejection::invalid(format!(
                "expected the job {job} to be that of an ad-hoc sub-process, but it is not; only such \
                 a job says what is activated"
            )));
        }
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).ad_hoc_answered(job, variables, result)
        })?
        .map_err(Rejection::state)?;
        Ok(Reply::Done)
    }

    pub(crate) fn fail_job(&mut self, fail: FailJob) -> Outcome {
        if fail.backoff_ms < 0 || fail.backoff_ms > LEASE_MS_MAX {
            return Err(Rejection::invalid(format!(
                "expected a retry backoff of 0 to {LEASE_MS_MAX} ms, but found {}",
                fail.backoff_ms
            )));
        }
        let instance = self.open_job(fail.job)?;
        let message = fail.message.cut(MESSAGE_BYTES_MAX);
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).job_failed(FailJob { message, ..fail });
        })?;
        Ok(Reply::Done)
    }

    pub(crate) fn throw_error(&mut self, throw: ThrowError) -> Outcome {
        if throw.code.is_empty() {
            return Err(Rejection::invalid("expected an error code, but found an empty one"));
        }
        crate::create::check_name("the error code", &throw.code)?;
        let instance = self.open_job(throw.job)?;
        if let Some(event) = self.listener_of(instance, throw.job) {
            return Err(Rejection::state(format!(
                "expected the job {} to be an element's own work, but it is a listener ({}), which \
                 cannot throw an error; fail it, or complete it with a variable that a gateway reads",
                throw.job,
                event.model_name()
            )));
        }
        let message = throw.message.cut(MESSAGE_BYTES_MAX);
        self.decide(instance, |_, decision, process| {
            let run = Run::new(process, decision);
            run.job_error(throw.job, &throw.code, &message, throw.variables);
        })?;
        Ok(Reply::Done)
    }

    pub(crate) fn update_job(
        &mut self,
        job: JobKey,
        retries: Option<i32>,
        timeout_ms: Option<i64>,
    ) -> Outcome {
        if retries.is_none() && timeout_ms.is_none() {
            return Err(Rejection::invalid(
                "expected retries, a timeout or both, but found neither",
            ));
        }
        if let Some(found) = retries.filter(|retries| *retries < 1) {
            return Err(Rejection::invalid(format!(
                "expected the retries to be 1 or more, but found {found}"
            )));
        }
        if let Some(found) = timeout_ms.filter(|ms| !(0..=LEASE_MS_MAX).contains(ms)) {
            return Err(Rejection::invalid(format!(
                "expected a timeout of 0 to {LEASE_MS_MAX} ms, but found {found}"
            )));
        }
        let instance = self.live_job(job)?;
        let leased = self.job(instance, job).is_some_and(|(state, _)| state == JobState::Leased);
        if timeout_ms.is_some() && !leased {
            return Err(Rejection::state(format!(
                "expected the job {job} to be with a worker, but no worker has it: it has no \
                 timeout to change"
            )));
        }
        self.decide(instance, |_, decision, process| {
            if let Some(retries) = retries {
                decision.emit(Event::JobRetriesSet { job, retries });
            }
            if let Some(timeout_ms) = timeout_ms {
                Run::new(process, decision).lease_moved(job, timeout_ms);
            }
        })?;
        Ok(Reply::Done)
    }

    pub(crate) fn resolve_incident(&mut self, incident: IncidentKey) -> Outcome {
        let instance = self.live(incident.0)?;
        self.refuse_suspended(instance)?;
        let open =
            self.cache.get(instance).and_then(|entry| entry.state.incidents().get(&incident));
        let Some((job, kind)) = open.map(|open| (open.job, open.kind)) else {
            return Err(Rejection::not_found(format!(
                "expected {incident} to be an open incident, but instance {instance} has no such \
                 incident; it may be resolved already"
            )));
        };
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).resolve(incident);
        })?;
        if let Some(job) = job {
            self.place_job(instance, job);
        }
        if kind == IncidentKind::Quarantined {
            // A timer that met the failure has left its queue.
            self.place_all(instance);
        }
        Ok(Reply::Done)
    }

    pub(crate) fn set_variables(
        &mut self,
        scope: ElementKey,
        variables: Variables,
        local: bool,
        ticket: Ticket,
    ) -> Result<Option<Reply>, Rejection> {
        let instance = self.live(scope.0)?;
        if self.cache.get(instance).is_none_or(|entry| entry.state.element(scope).is_none()) {
            return Err(Rejection::not_found(format!(
                "expected {scope} to be a live element instance, but instance {instance} has none \
                 with this key"
            )));
        }
        let before = self.transition(instance, scope).is_some();
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).variables_set(scope, variables, local);
        })?;
        Ok(self.set_or_later(instance, scope, before, ticket))
    }

    /// The instance of a job that a worker may still answer.
    pub(crate) fn open_job(&self, job: JobKey) -> Result<InstanceKey, Rejection> {
        let instance = self.live_job(job)?;
        self.refuse_answered(instance, "job", job.0)?;
        match self.job(instance, job) {
            Some((JobState::Exhausted | JobState::ErrorThrown, _)) => {
                Err(Rejection::state(format!(
                    "expected the job {job} to be open, but it has an incident; resolve that first"
                )))
            }
            _ => Ok(instance),
        }
    }

    fn live_job(&self, job: JobKey) -> Result<InstanceKey, Rejection> {
        let gone = |rejection: Rejection| {
            Rejection::not_found(format!(
                "expected the job {job} to be open, but it was completed or cancelled, or never \
                 was ({}); a worker that sees this may drop the job",
                rejection.message
            ))
        };
        let instance = self.live(job.0).map_err(gone)?;
        match self.job(instance, job) {
            Some(_) => Ok(instance),
            None => Err(Rejection::not_found(format!(
                "expected the job {job} to be open, but instance {instance} has no such job (any \
                 more): it was completed or cancelled; a worker that sees this may drop the job"
            ))),
        }
    }

    pub(crate) fn listener_of(&self, instance: InstanceKey, job: JobKey) -> Option<ListenerEvent> {
        let live = self.cache.get(instance)?.state.jobs().get(&job)?;
        live.listener().map(|listener| listener.event)
    }

    fn job(&self, instance: InstanceKey, job: JobKey) -> Option<(JobState, i64)> {
        let live = self.cache.get(instance)?.state.jobs().get(&job)?;
        Some((live.state, live.available_ms))
    }
}

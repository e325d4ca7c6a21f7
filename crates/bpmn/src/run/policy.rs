//! What policies of steps do: attempts, timeouts, due dates, side effects.
//!
//! In:  a step that is set to work; failures of its job; timers of its policy.
//! Out: timers; attempts that are left and when; errors; steps that nothing waits for.
//! Absent: the arithmetic of delays (see `policy`), leases that nobody bounds (see `engine`).

use base::{
    ElementKey, Event, FailJob, HeldInput, IncidentKind, JobExtra, JobKey, JobState, Purpose,
    Stage, Text, TimerKey, Variables,
};
use instance::{Ask, Owned};

use super::activate::Stuck;
use super::{Run, Step};
use crate::graph::{Kind, Node, Trigger, Value};
use crate::policy::{Policy, retry_delay_ms};
use crate::timer;

/// Code of the error that a step throws when it takes longer than its policy says.
pub const TIMEOUT: &str = "TIMEOUT";

impl<'p> Run<'p, '_, '_> {
    /// Sets the timers of a step's policy. Those of attempts come with their leases.
    pub(super) fn set_policy_timers(
        &mut self,
        node: &Node,
        owner: ElementKey,
    ) -> Result<(), Stuck> {
        let Some(policy) = &node.policy else { return Ok(()) };
        let wanted = [
            (Purpose::Timeout, &policy.timeout),
            (Purpose::DueDate, &policy.due_date),
            (Purpose::Reminder, &policy.reminder),
        ];
        let now_ms = self.decision.now_ms();
        let mut moments = Vec::new();
        for (purpose, value) in wanted {
            let Some(value) = value else { continue };
            let due_ms = self.moment(value, owner, purpose.name());
            moments.push((purpose, due_ms.map_err(|why| (IncidentKind::ExtractValueError, why))?));
        }
        let expected = policy.expected_duration.as_ref();
        moments.extend(expected.map(|(_, ms)| (Purpose::Expected, now_ms.saturating_add(*ms))));
        for (purpose, due_ms) in moments {
            let timer = TimerKey(self.decision.next_key());
            let (job, latest_ms) = (None, None);
            self.decision.emit(Event::PolicyTimerSet {
                timer,
                owner,
                purpose,
                due_ms,
                job,
                latest_ms,
            });
        }
        Ok(())
    }

    /// A date, or the time a duration after now.
    fn moment(&self, value: &Value, owner: ElementKey, what: &str) -> Result<i64, String> {
        let text = self.scalar(value, owner, what)?;
        timer::moment(&text, self.decision.now_ms())
    }

    /// The due date that a policy gives to a user task.
    pub(super) fn due_by_policy(
        &self,
        node: &Node,
        owner: ElementKey,
    ) -> Result<Option<i64>, String> {
        let due = node.policy.as_ref().and_then(|policy| policy.due_date.as_ref());
        due.map(|due| self.moment(due, owner, "the due date")).transpose()
    }

    /// What makes the job of a step with a policy other than others.
    pub(super) fn job_extra(
        &self,
        node: &Node,
        owner: ElementKey,
    ) -> Result<Option<Box<JobExtra>>, String> {
        let key = node.policy.as_ref().and_then(|policy| policy.idempotency_key.as_ref());
        let Some(key) = key else { return Ok(None) };
        let key = self.scalar(key, owner, "the idempotency key")?;
        if key.is_empty() || key.len() > base::limits::NAME_BYTES_MAX {
            return Err(format!(
                "expected the idempotency key to be 1 to {} bytes, but found {}",
                base::limits::NAME_BYTES_MAX,
                key.len()
            ));
        }
        let idempotency_key = Some(key);
        Ok(Some(Box::new(JobExtra { idempotency_key, ..JobExtra::default() })))
    }

    /// A timer of a policy was due and is gone.
    pub(super) fn policy_due(&mut self, owner: ElementKey, timer: instance::PolicyTimer) {
        match timer.purpose {
            Purpose::Timeout => self.time_out(owner),
            Purpose::Attempt => {
                if let Some(job) = timer.job {
                    self.attempt_over(job);
                }
            }
            Purpose::DueDate => self.decision.emit(Event::StepOverdue { owner }),
            Purpose::Reminder => self.decision.emit(Event::StepReminded { owner }),
            Purpose::Expected => self.decision.emit(Event::StepSlow { owner }),
        }
    }

    /// The step takes too long: its work ends, and it throws an error that boundary events of its own
    /// catch, and what is around it.
    fn time_out(&mut self, owner: ElementKey) {
        let Some(node) = self.node_of(owner) else { return };
        if self.is_detached(owner) {
            return self.end_detached(owner, false);
        }
        let message = format!("{} took longer than its timeout", node.label());
        let takes = |trigger: &Trigger, exact: bool| match trigger {
            Trigger::Error { code: Some(known) } => exact && *known == *TIMEOUT,
            Trigger::Error { code: None } => !exact,
            _ => false,
        };
        // What catches it ends the work as it ends all that it interrupts.
        if let Some((at, event)) = self.catcher(owner, true, takes) {
            return self.caught(at, event, Variables::new());
        }
        self.terminate_children(owner);
        self.cancel_waits(owner);
        if self.decision.state().header().parent.is_some() {
            self.decision.ask(Ask::Throw {
                owner,
                code: TIMEOUT.into(),
                message: message.into(),
                job: None,
                variables: Variables::new(),
            });
        } else {
            self.uncaught(owner, TIMEOUT, &message, None);
        }
    }

    /// What is done again when nobody has caught an error: what timed out works anew.
    pub(super) fn stage_of_throwing(
        &self,
        from: ElementKey,
        code: &str,
        message: &str,
        job: Option<JobKey>,
    ) -> Stage {
        let policy = self.node_of(from).and_then(|node| node.policy.as_ref());
        let bounded = policy.is_some_and(|policy| policy.timeout.is_some());
        if bounded && code == TIMEOUT && job.is_none() {
            return Stage::Activating;
        }
        Stage::Throwing { code: code.into(), message: message.into() }
    }

    /// An attempt at a live job failed. With a policy, that says how many are left and when the next
    /// begins; a worker can only say that there is none.
    pub fn job_failed(mut self, failed: FailJob) {
        if self.must_wait() {
            let FailJob { job, retries, message, backoff_ms, variables } = failed;
            let (retries, message) = (retries.max(0), message);
            return self.hold(HeldInput::JobFailed {
                job,
                retries,
                backoff_ms,
                message,
                variables,
            });
        }
        let now_ms = self.decision.now_ms();
        self.fail_job(failed, now_ms);
        self.go();
    }

    /// As [`Self::job_failed`], for an attempt that failed at this time.
    pub(super) fn fail_job(&mut self, failed: FailJob, at_ms: i64) {
        let FailJob { job, retries, message, backoff_ms, variables } = failed;
        let Some(owner) = self.decision.state().jobs().get(&job).map(|job| job.owner) else {
            return;
        };
        self.set_variables(owner, variables);
        self.attempt_failed(job, retries.max(0), at_ms.saturating_add(backoff_ms), message);
    }

    /// A worker gets a live job until then; no longer than the policy of its step says. False if the
    /// last lease was an attempt that took too long, and the next has to wait.
    pub fn job_leased(mut self, job: JobKey, worker: Text, timeout_ms: i64) -> bool {
        let now_ms = self.decision.now_ms();
        let Some(live) = self.decision.state().jobs().get(&job) else { return false };
        let (owner, expired) = (live.owner, live.state == JobState::Leased);
        let bound = self.policy_of_job(job).and_then(|policy| policy.attempt_timeout_ms);
        let Some(bound_ms) = bound else {
            let until_ms = now_ms.saturating_add(timeout_ms);
            self.decision.emit(Event::JobLeased { job, worker, until_ms });
            return true;
        };
        if expired {
            self.attempt_over(job);
            self.go();
            let live = self.decision.state().jobs().get(&job);
            if live.is_none_or(|live| live.available_ms > now_ms) {
                return false;
            }
        }
        let latest_ms = now_ms.saturating_add(bound_ms);
        let until_ms = now_ms.saturating_add(timeout_ms).min(latest_ms);
        self.lease_attempt(job, owner, worker, until_ms, latest_ms);
        true
    }

    /// The lease of a live job ends then instead; not after the time that its attempt may take.
    pub fn lease_moved(mut self, job: JobKey, timeout_ms: i64) {
        let until_ms = self.decision.now_ms().saturating_add(timeout_ms);
        let Some(live) = self.decision.state().jobs().get(&job) else { return };
        let (owner, worker) = (live.owner, live.worker.clone());
        let timer = self.attempt_timer(job);
        let latest = timer.and_then(|(_, timer)| timer.latest_ms);
        let Some(latest_ms) = latest else {
            return self.decision.emit(Event::JobLeased { job, worker, until_ms });
        };
        self.lease_attempt(job, owner, worker, until_ms.min(latest_ms), latest_ms);
    }

    fn lease_attempt(
        &mut self,
        job: JobKey,
        owner: ElementKey,
        worker: Text,
        until_ms: i64,
        latest_ms: i64,
    ) {
        self.drop_attempt_timer(job);
        self.decision.emit(Event::JobLeased { job, worker, until_ms });
        let timer = TimerKey(self.decision.next_key());
        let (job, latest_ms) = (Some(job), Some(latest_ms));
        let (purpose, due_ms) = (Purpose::Attempt, until_ms);
        self.decision.emit(Event::PolicyTimerSet { timer, owner, purpose, due_ms, job, latest_ms });
    }

    /// The lease of an attempt has ended without an answer.
    fn attempt_over(&mut self, job: JobKey) {
        let Some(live) = self.decision.state().jobs().get(&job) else { return };
        if live.state == JobState::Leased {
            let left = live.retries.saturating_sub(1).max(0);
            let message = format!("`{}` took longer than an attempt may", live.worker);
            let now_ms = self.decision.now_ms();
            self.attempt_failed(job, left, now_ms, message.into());
        }
    }

    /// `again_ms` is when the next attempt may begin if there is no policy.
    fn attempt_failed(&mut self, job: JobKey, retries: i32, again_ms: i64, message: Text) {
        let Some(live) = self.decision.state().jobs().get(&job) else { return };
        let (owner, left, listens) = (live.owner, live.retries, live.listener().is_some());
        let now_ms = self.decision.now_ms();
        let retry = self.policy_of_job(job).and_then(|policy| policy.retry.as_ref());
        let (retries, available_ms) = match retry {
            None => (retries, again_ms),
            Some(retry) if retries == 0 || left <= 1 || retry.is_final(&message) => (0, now_ms),
            Some(retry) => {
                let left = left - 1;
                let done = retry.attempts().saturating_sub(left.unsigned_abs());
                let seed = self.decision.draw_seed(owner);
                let delay = retry_delay_ms(retry, (done + 1).max(2), seed).unwrap_or(0);
                let delay = i64::try_from(delay).unwrap_or(i64::MAX);
                (left, now_ms.saturating_add(delay))
            }
        };
        self.drop_attempt_timer(job);
        self.decision.emit(Event::JobFailed { job, retries, available_ms, message });
        if retries > 0 {
            return;
        }
        if self.is_detached(owner) && !listens {
            self.end_detached(owner, false);
        } else {
            self.exhausted(job);
        }
    }

    /// The policy of the step whose own work the job is; listeners have none.
    fn policy_of_job(&self, job: JobKey) -> Option<&'p Policy> {
        let live = self.decision.state().jobs().get(&job)?;
        let own = live.listener().is_none();
        self.node_of(live.owner).filter(|_| own)?.policy.as_deref()
    }

    fn attempt_timer(&self, job: JobKey) -> Option<(TimerKey, instance::PolicyTimer)> {
        let state = self.decision.state();
        let owner = state.jobs().get(&job)?.owner;
        let timers = state.waits_of(owner).filter_map(|wait| match wait {
            Owned::Timer(timer) => Some((timer, *state.policy_timers().get(&timer)?)),
            _ => None,
        });
        timers.into_iter().find(|(_, timer)| timer.job == Some(job))
    }

    pub(super) fn drop_attempt_timer(&mut self, job: JobKey) {
        // Few steps have any.
        if self.decision.state().policy_timers().is_empty() {
            return;
        }
        if let Some((timer, _)) = self.attempt_timer(job) {
            self.decision.emit(Event::TimerCanceled { timer });
        }
    }

    /// A side effect has its job: the token goes on without it.
    pub(super) fn detach(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        let Some(scope) = self.scope_of(key) else { return Ok(()) };
        let flows = self.flows_of(node, scope)?;
        self.decision.emit(Event::ElementDetached { key });
        self.take(&flows, scope);
        Ok(())
    }

    /// Whether the token of the element has gone on without it.
    pub(super) fn is_detached(&self, key: ElementKey) -> bool {
        let element = self.decision.state().element(key);
        element.is_some_and(|element| element.detached == Some(true))
    }

    /// A side effect is over, well or not: nothing follows from it.
    pub(super) fn end_detached(&mut self, key: ElementKey, well: bool) {
        let Some(scope) = self.scope_of(key) else { return };
        if well {
            self.cancel_waits(key);
            self.decision.emit(Event::ElementCompleted { key });
        } else {
            self.terminate(key);
        }
        self.steps.push(Step::Check { scope });
    }

    /// Whether the step's job is a side effect.
    pub(super) fn is_side_effect(node: &Node) -> bool {
        let policy = node.policy.as_ref();
        matches!(node.kind, Kind::Job(_)) && policy.is_some_and(|policy| policy.side_effect)
    }
}

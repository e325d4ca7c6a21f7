//! Handing jobs out.

use base::limits::{ACTIVATION_BYTES_MAX, JOBS_PER_ACTIVATION_MAX, LEASE_MS_MAX};
use base::{
    ActivateJobs, ActivatedJob, Event, InstanceKey, JobKey, Json, ListenedTask, Outcome, Rejection,
    Reply, TaskTransition, Text, Variables,
};

use bpmn::Run;

use crate::cache::Entry;
use crate::shard::Shard;

impl Shard {
    /// Leases what is available, up to the number and the bytes that were asked for.
    pub(crate) fn activate_jobs(&mut self, activate: &ActivateJobs) -> Outcome {
        check_activation(activate)?;
        let wanted = activate.jobs_max.min(JOBS_PER_ACTIVATION_MAX) as usize;
        let Some(queue) = self.queues.get(&activate.job_type) else {
            return Ok(Reply::Jobs { jobs: Vec::new() });
        };
        let due: Vec<_> = queue.due(self.now_ms).take(wanted).collect();
        let mut jobs = Vec::with_capacity(due.len());
        let mut bytes = 0;
        for (at_ms, job, instance) in due {
            let Some(leased) = self.lease(instance, job, activate) else {
                // Its instance cannot be used; the place would block the queue.
                if let Some(queue) = self.queues.get_mut(&activate.job_type) {
                    queue.remove(at_ms, job);
                }
                continue;
            };
            bytes += leased.variables.len() + leased.headers.len();
            jobs.push(leased);
            if bytes >= ACTIVATION_BYTES_MAX {
                break;
            }
        }
        Ok(Reply::Jobs { jobs })
    }

    pub(crate) fn lease(
        &mut self,
        instance: InstanceKey,
        job: JobKey,
        activate: &ActivateJobs,
    ) -> Option<ActivatedJob> {
        let worker = activate.worker.clone();
        let found = self.cache.get(instance)?.state.jobs().contains_key(&job);
        if !found {
            return None;
        }
        let bounded = self.cache.get(instance)?.definition.bounds_attempts;
        let leased = self.decide(instance, |now_ms, decision, process| {
            if bounded {
                return Run::new(process, decision).job_leased(job, worker, activate.timeout_ms);
            }
            let until_ms = now_ms.saturating_add(activate.timeout_ms);
            decision.emit(Event::JobLeased { job, worker, until_ms });
            true
        });
        if !leased.ok()? {
            return None;
        }
        activated(self.cache.get(instance)?, job, &activate.fetch_variables)
    }
}

/// Refuses what can never be leased.
pub fn check_activation(activate: &ActivateJobs) -> Result<(), Rejection> {
    if activate.job_type.is_empty() {
        return Err(Rejection::invalid("expected a job type, but found an empty one"));
    }
    crate::create::check_name("the job type", &activate.job_type)?;
    crate::create::check_name("the worker's name", &activate.worker)?;
    if activate.timeout_ms < 1 || activate.timeout_ms > LEASE_MS_MAX {
        return Err(Rejection::invalid(format!(
            "expected a job timeout of 1 to {LEASE_MS_MAX} ms, but found {}",
            activate.timeout_ms
        )));
    }
    if activate.jobs_max < 1 {
        return Err(Rejection::invalid("expected to activate at least 1 job, but found 0"));
    }
    Ok(())
}

/// The job as a worker gets it.
fn activated(entry: &Entry, job: JobKey, fetch: &[Text]) -> Option<ActivatedJob> {
    let live = entry.state.jobs().get(&job)?;
    let owner = entry.state.element(live.owner)?;
    let header = entry.state.header();
    let definition = &entry.definition;
    let variables = if fetch.is_empty() {
        entry.state.visible_variables(live.owner)
    } else {
        let mut some = Variables::new();
        for name in fetch {
            if let Some(value) = entry.state.variable(live.owner, name) {
                some.set(name.shared(), value.clone());
            }
        }
        some
    };
    let about = owner.transition.as_ref().filter(|_| live.listener().is_some());
    let user_task = about.map(|transition| {
        let TaskTransition { task, action, details, .. } = &**transition;
        let now = entry.state.user_tasks().get(task);
        let changed = now.map(|now| now.details.changes(details)).unwrap_or_default();
        let (action, details) = (action.clone(), details.clone());
        Box::new(ListenedTask { task: *task, action, details, changed })
    });
    Some(ActivatedJob {
        job,
        job_type: live.job_type.clone(),
        instance: header.instance,
        definition: header.definition,
        process_id: header.process_id.clone(),
        version: header.version,
        element_id: definition.process.node(owner.element).id.clone(),
        element: live.owner,
        headers: match &user_task {
            Some(listened) => {
                let own = definition.headers(owner.element, job, live.extra.as_deref());
                task_headers(&own, listened)
            }
            None => definition.headers(owner.element, job, live.extra.as_deref()),
        },
        worker: live.worker.clone(),
        retries: live.retries,
        deadline_ms: live.available_ms,
        variables: variables.to_json().into(),
        tags: header.tags.clone(),
        business_id: header.business_id.clone(),
        user_task,
        root: entry.state.root_instance(),
        role: live.role(),
    })
}

/// A JSON array of strings.
fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| Json::string(name).as_str().to_owned()).collect();
    format!("[{}]", names.join(","))
}

/// Headers with what is about to happen to a user task, under the names that Camunda 8 gives them.
fn task_headers(own: &str, listened: &ListenedTask) -> Text {
    let details = &listened.details;
    let list = |names: &[Text]| quoted(names.iter().map(|name| &**name));
    let date = |ms: Option<i64>| ms.map(feel::temporal::format_date_time_ms).unwrap_or_default();
    let said = [
        ("action", listened.action.to_string()),
        ("assignee", details.assignee.as_deref().unwrap_or_default().to_owned()),
        ("candidateGroups", list(&details.candidate_groups)),
        ("candidateUsers", list(&details.candidate_users)),
        ("changedAttributes", quoted(listened.changed.iter().copied())),
        ("dueDate", date(details.due_ms)),
        ("followUpDate", date(details.follow_up_ms)),
        ("priority", details.priority.to_string()),
        ("userTaskKey", listened.task.to_string()),
    ];
    let mut text = own.trim_end_matches('}').to_owned();
    for (name, value) in said.into_iter().filter(|(_, value)| !value.is_empty() && value != "[]") {
        text.push_str(",\"io.camunda.zeebe:");
        text.push_str(name);
        text.push_str("\":");
        text.push_str(Json::string(&value).as_str());
    }
    text.push('}');
    text.into()
}

/// The variables with these names; all if none are named.
pub(crate) fn only(all: &Variables, names: &[Text]) -> Variables {
    if names.is_empty() {
        return all.clone();
    }
    let mut some = Variables::new();
    for name in names {
        if let Some(value) = all.get(name) {
            some.set(name.shared(), value.clone());
        }
    }
    some
}

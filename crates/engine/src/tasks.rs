//! What people say about user tasks.

use base::{
    ElementKey, InstanceKey, JobKey, ListenerEvent, ListenerResult, Outcome, Rejection, Reply,
    TaskPatch, Text, UserTaskDetails, UserTaskKey, Variables,
};
use bpmn::{Run, corrected};

use crate::input::Ticket;
use crate::shard::Shard;

impl Shard {
    pub(crate) fn complete_task(
        &mut self,
        task: UserTaskKey,
        variables: Variables,
        action: &str,
        ticket: Ticket,
    ) -> Result<Option<Reply>, Rejection> {
        let instance = self.open_task(task)?;
        let action = if action.is_empty() { "complete" } else { action };
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).task_completed(task, action, variables);
        })?;
        Ok(self.done_or_later(instance, task, ticket))
    }

    pub(crate) fn update_task(
        &mut self,
        task: UserTaskKey,
        patch: TaskPatch,
        ticket: Ticket,
    ) -> Result<Option<Reply>, Rejection> {
        let instance = self.open_task(task)?;
        let details = self
            .cache
            .get(instance)
            .and_then(|entry| entry.state.user_tasks().get(&task))
            .map(|task| task.details.clone())
            .unwrap_or_default();
        if let (Some(Some(wanted)), Some(holder)) = (&patch.assignee, &details.assignee)
            && !patch.allow_override
        {
            return Err(Rejection::state(format!(
                "expected the user task {task} to be nobody's, but `{}` has it; `{}` can have it \
                 when it is unassigned, or assigned with allowOverride",
                &**holder, &**wanted
            )));
        }
        check_priority(patch.priority)?;
        let event = if patch.assignee.is_some() {
            ListenerEvent::Assigning
        } else {
            ListenerEvent::Updating
        };
        let (action, details) = patched(details, patch);
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).task_changed(task, event, action, details);
        })?;
        Ok(self.done_or_later(instance, task, ticket))
    }

    /// Done, unless listeners are called first: then the caller hears when they are done.
    fn done_or_later(
        &mut self,
        instance: InstanceKey,
        task: UserTaskKey,
        ticket: Ticket,
    ) -> Option<Reply> {
        if self.about_to(instance, task).is_none() {
            return Some(Reply::Done);
        }
        self.task_waiters.insert(task, ticket);
        None
    }

    /// As [`Self::done_or_later`], when variables were set in `scope`, to which something was about to
    /// happen `before`.
    pub(crate) fn set_or_later(
        &mut self,
        instance: InstanceKey,
        scope: ElementKey,
        before: bool,
        ticket: Ticket,
    ) -> Option<Reply> {
        match self.transition(instance, scope).filter(|_| !before) {
            Some(task) => {
                self.task_waiters.insert(task, ticket);
                None
            }
            None => Some(Reply::Done),
        }
    }

    /// The user task of an element to which something is about to happen.
    pub(crate) fn transition(
        &self,
        instance: InstanceKey,
        owner: ElementKey,
    ) -> Option<UserTaskKey> {
        let element = self.cache.get(instance)?.state.element(owner)?;
        element.transition.as_ref().map(|transition| transition.task)
    }

    /// What is about to happen to a user task while its listeners are called.
    fn about_to(&self, instance: InstanceKey, task: UserTaskKey) -> Option<ListenerEvent> {
        let state = &self.cache.get(instance)?.state;
        let owner = state.user_tasks().get(&task)?.owner;
        state.element(owner)?.transition.as_ref().map(|transition| transition.event)
    }

    /// What somebody asked for has happened to a user task, or why it has not.
    pub(crate) fn settle_task(&mut self, task: UserTaskKey, why: Option<Text>) {
        let Some(ticket) = self.task_waiters.remove(&task) else { return };
        let outcome = why.map_or(Ok(Reply::Done), |why| Err(Rejection::state(why.to_string())));
        self.reply(ticket, outcome);
    }

    pub(crate) fn answer_listener(&mut self, job: JobKey, result: ListenerResult) -> Outcome {
        let instance = self.open_job(job)?;
        let event = self.listener_of(instance, job).filter(|event| event.is_of_task());
        let Some(event) = event else {
            return Err(Rejection::invalid(format!(
                "expected the job {job} to be a listener of a user task, but it is not; only such a \
                 job is completed with a result"
            )));
        };
        let denies_what = match event {
            ListenerEvent::Creating => Some("creation"),
            ListenerEvent::Canceling => Some("cancellation"),
            _ => None,
        };
        if let Some(what) = denies_what.filter(|_| result.denied.is_some()) {
            return Err(Rejection::invalid(format!(
                "the {what} of a user task cannot be denied; complete the listener without it"
            )));
        }
        if result.denied.is_some() && result.corrections != TaskPatch::default() {
            return Err(Rejection::invalid(
                "expected a listener to deny or to correct, but found both; nothing is corrected \
                 where all stays as it was",
            ));
        }
        check_priority(result.corrections.priority)?;
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).listener_answered(job, result);
        })?;
        Ok(Reply::Done)
    }

    fn open_task(&self, task: UserTaskKey) -> Result<InstanceKey, Rejection> {
        let instance = self.live(task.0)?;
        self.refuse_answered(instance, "user task", task.0)?;
        let open = self
            .cache
            .get(instance)
            .is_some_and(|entry| entry.state.user_tasks().contains_key(&task));
        if let Some(event) = self.about_to(instance, task) {
            return Err(Rejection::state(format!(
                "expected {task} to be at rest, but its listeners ({}) are being called; try again \
                 when they are done",
                event.model_name()
            )));
        }
        if open {
            return Ok(instance);
        }
        Err(Rejection::not_found(format!(
            "expected {task} to be an open user task, but instance {instance} has none with this \
             key; it may be completed or cancelled already"
        )))
    }
}

fn check_priority(priority: Option<i32>) -> Result<(), Rejection> {
    match priority.filter(|priority| !(0..=100).contains(priority)) {
        None => Ok(()),
        Some(found) => Err(Rejection::invalid(format!(
            "expected the priority to be 0 to 100, but found {found}"
        ))),
    }
}

fn patched(details: UserTaskDetails, patch: TaskPatch) -> (Text, UserTaskDetails) {
    let default_action = match &patch.assignee {
        Some(Some(_)) => "assign",
        Some(None) => "unassign",
        None => "update",
    };
    let action = if patch.action.is_empty() { default_action.into() } else { patch.action.clone() };
    (action, corrected(details, patch))
}

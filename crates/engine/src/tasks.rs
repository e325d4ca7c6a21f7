//! What people say about user tasks.

use base::{
    Event, InstanceKey, Outcome, Rejection, Reply, TaskPatch, UserTaskDetails, UserTaskKey,
    Variables,
};
use bpmn::Run;

use crate::shard::Shard;

impl Shard {
    pub(crate) fn complete_task(
        &mut self,
        task: UserTaskKey,
        variables: Variables,
        action: &str,
    ) -> Outcome {
        let instance = self.open_task(task)?;
        let action = if action.is_empty() { "complete" } else { action };
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).task_completed(task, action, variables);
        })?;
        Ok(Reply::Done)
    }

    pub(crate) fn update_task(&mut self, task: UserTaskKey, patch: TaskPatch) -> Outcome {
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
        if let Some(found) = patch.priority.filter(|priority| !(0..=100).contains(priority)) {
            return Err(Rejection::invalid(format!(
                "expected the priority to be 0 to 100, but found {found}"
            )));
        }
        let (action, details) = patched(details, patch);
        self.decide(instance, |_, decision, _| {
            decision.emit(Event::UserTaskUpdated { task, details: Box::new(details), action });
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
        if open {
            return Ok(instance);
        }
        Err(Rejection::not_found(format!(
            "expected {task} to be an open user task, but instance {instance} has none with this \
             key; it may be completed or cancelled already"
        )))
    }
}

fn patched(mut details: UserTaskDetails, patch: TaskPatch) -> (base::Text, UserTaskDetails) {
    let default_action = match &patch.assignee {
        Some(Some(_)) => "assign",
        Some(None) => "unassign",
        None => "update",
    };
    if let Some(assignee) = patch.assignee {
        details.assignee = assignee;
    }
    if let Some(groups) = patch.candidate_groups {
        details.candidate_groups = groups;
    }
    if let Some(users) = patch.candidate_users {
        details.candidate_users = users;
    }
    if let Some(due_ms) = patch.due_ms {
        details.due_ms = due_ms;
    }
    if let Some(follow_up_ms) = patch.follow_up_ms {
        details.follow_up_ms = follow_up_ms;
    }
    if let Some(priority) = patch.priority {
        details.priority = priority;
    }
    let action = if patch.action.is_empty() { default_action.into() } else { patch.action };
    (action, details)
}

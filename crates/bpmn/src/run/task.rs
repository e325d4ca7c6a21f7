//! User tasks: they come up, change and are completed, each after its listeners were called.
//!
//! In:  the details of a task; what people say about it; what listeners say.
//! Out: the task's events, or what is about to happen and the job of the first listener.
//! Absent: who may say what (see `engine`); what the task's end leads to (see `leave`).

use base::{
    ElementKey, Event, HeldInput, JobKey, ListenerEvent, ListenerResult, TaskPatch, TaskTransition,
    Text, UserTaskDetails, UserTaskKey, Variables,
};

use instance::Owned;

use super::Run;

impl Run<'_, '_, '_> {
    /// A user task comes up.
    pub(super) fn task_comes_up(&mut self, owner: ElementKey, details: UserTaskDetails) {
        let task = UserTaskKey(self.decision.next_key());
        if self.listens(owner, ListenerEvent::Creating) {
            let (event, action, variables) = (ListenerEvent::Creating, Text::default(), None);
            let transition =
                TaskTransition { task, event, action, details, variables, local: None };
            return self.begin_transition(owner, transition);
        }
        self.create(owner, task, details);
    }

    /// The task is there; whom the model gives it to gets it when that was listened to.
    fn create(&mut self, owner: ElementKey, task: UserTaskKey, details: UserTaskDetails) {
        let heard = details.assignee.is_some() && self.listens(owner, ListenerEvent::Assigning);
        let nobodys = UserTaskDetails { assignee: None, ..details.clone() };
        let created = Box::new(if heard { nobodys } else { details.clone() });
        self.decision.emit(Event::UserTaskCreated { task, owner, details: created });
        if heard {
            let (event, action, variables) = (ListenerEvent::Assigning, Text::default(), None);
            let transition =
                TaskTransition { task, event, action, details, variables, local: None };
            self.begin_transition(owner, transition);
        }
    }

    /// Somebody gives a live user task to somebody, or changes its details.
    pub fn task_changed(
        mut self,
        task: UserTaskKey,
        event: ListenerEvent,
        action: Text,
        details: UserTaskDetails,
    ) {
        let Some(owner) = self.owner_of_task(task) else { return };
        if self.listens(owner, event) {
            let transition =
                TaskTransition { task, event, action, details, variables: None, local: None };
            self.begin_transition(owner, transition);
        } else {
            let details = Box::new(details);
            self.decision.emit(Event::UserTaskUpdated { task, details, action });
        }
        self.go();
    }

    /// A person finished a user task that is live.
    pub fn task_completed(mut self, task: UserTaskKey, action: &str, variables: Variables) {
        if self.must_wait() {
            let action = action.into();
            return self.hold(HeldInput::TaskCompleted { task, action, variables });
        }
        self.complete_task(task, action, variables);
        self.go();
    }

    pub(super) fn complete_task(&mut self, task: UserTaskKey, action: &str, variables: Variables) {
        let Some(owner) = self.owner_of_task(task) else { return };
        if self.listens(owner, ListenerEvent::Completing) {
            let details = self.decision.state().user_tasks().get(&task);
            let details = details.map(|task| task.details.clone()).unwrap_or_default();
            self.begin_transition(
                owner,
                TaskTransition {
                    task,
                    event: ListenerEvent::Completing,
                    action: action.into(),
                    details,
                    variables: Some(variables),
                    local: None,
                },
            );
        } else {
            self.decision.emit(Event::UserTaskCompleted { task, action: action.into() });
            self.leave_with(owner, variables);
        }
    }

    /// A listener of a user task is done and says that it must not happen, or how.
    pub fn listener_answered(mut self, job: JobKey, result: ListenerResult) {
        let Some(owner) = self.decision.state().jobs().get(&job).map(|live| live.owner) else {
            return;
        };
        let Some(transition) = self.transition_of(owner) else { return };
        let ListenerResult { denied, corrections } = result;
        let details = corrected(transition.details, corrections);
        if self.must_wait() {
            let details = Box::new(details);
            return self.hold(HeldInput::ListenerAnswered { job, denied, details });
        }
        self.answer_listener(job, denied, details);
        self.go();
    }

    pub(super) fn answer_listener(
        &mut self,
        job: JobKey,
        denied: Option<Text>,
        details: UserTaskDetails,
    ) {
        let Some(live) = self.decision.state().jobs().get(&job) else { return };
        let (owner, Some(listener)) = (live.owner, live.listener()) else { return };
        let Some(mut transition) = self.transition_of(owner) else { return };
        self.decision.emit(Event::JobCompleted { job });
        let cannot_be_denied = transition.event == ListenerEvent::Canceling;
        if let Some(reason) = denied.filter(|_| !cannot_be_denied) {
            let task = transition.task;
            self.decision.emit(Event::UserTaskDenied { owner, task, reason });
        } else {
            transition.details = details;
            let transition = Box::new(transition);
            self.decision.emit(Event::UserTaskTransition { owner, transition });
            self.listener_done(owner, listener, Variables::new());
        }
    }

    /// The listeners of a task that is about to change are called again, if none is at work.
    pub(super) fn call_task_listeners(&mut self, owner: ElementKey) {
        let Some(transition) = self.transition_of(owner) else { return };
        if !self.is_listening(owner) {
            self.listen(owner, transition.event, None);
        }
    }

    fn begin_transition(&mut self, owner: ElementKey, transition: TaskTransition) {
        let event = transition.event;
        let transition = Box::new(transition);
        self.decision.emit(Event::UserTaskTransition { owner, transition });
        self.listen(owner, event, None);
    }

    /// What is to be said to those who listen to the cancellation of the element's user task, if it
    /// has one and they are to be asked.
    pub(super) fn canceled_task(&self, owner: ElementKey) -> Option<TaskTransition> {
        if self.unheard || !self.listens(owner, ListenerEvent::Canceling) {
            return None;
        }
        let state = self.decision.state();
        let task = state.waits_of(owner).find_map(|wait| match wait {
            Owned::UserTask(task) => Some(task),
            _ => None,
        })?;
        let details = state.user_tasks().get(&task)?.details.clone();
        let (event, action) = (ListenerEvent::Canceling, Text::default());
        Some(TaskTransition { task, event, action, details, variables: None, local: None })
    }

    /// The task is gone, its element stays until its listeners are done. They see what it saw: the
    /// scopes between it and the root may be about to end.
    pub(super) fn outlive(&mut self, owner: ElementKey, transition: TaskTransition) {
        let root = self.decision.state().key().root();
        let scopes = self.decision.state().scopes(owner);
        let inner: Vec<Variables> = scopes
            .filter(|(key, _)| *key != root && *key != owner)
            .map(|(_, scope)| scope.variables.clone())
            .collect();
        let own = self.decision.state().element(owner).map(|own| own.variables.clone());
        let mut seen = Variables::new();
        inner.iter().rev().chain(&own).for_each(|variables| seen.merge(variables));
        if !inner.iter().all(Variables::is_empty) {
            self.set_variables(owner, seen);
        }
        self.begin_transition(owner, transition);
    }

    /// All listeners were called: it happens.
    pub(super) fn settle_task(&mut self, owner: ElementKey) {
        let Some(transition) = self.transition_of(owner) else { return };
        let TaskTransition { task, event, action, details, variables, local } = transition;
        match event {
            ListenerEvent::Creating => self.create(owner, task, details),
            ListenerEvent::Completing => {
                let live = self.decision.state().user_tasks().get(&task);
                if live.is_some_and(|live| live.details != details) {
                    let (details, action) = (Box::new(details), action.clone());
                    self.decision.emit(Event::UserTaskUpdated { task, details, action });
                }
                self.decision.emit(Event::UserTaskCompleted { task, action });
                self.leave_with(owner, variables.unwrap_or_default());
            }
            ListenerEvent::Canceling => {
                self.end_canceled_element(owner);
            }
            ListenerEvent::Assigning
            | ListenerEvent::Updating
            | ListenerEvent::Start
            | ListenerEvent::End => {
                let details = Box::new(details);
                self.decision.emit(Event::UserTaskUpdated { task, details, action });
                self.write(owner, variables.unwrap_or_default(), local == Some(true));
            }
        }
    }

    /// Sets variables from outside: in this scope, or where the names exist outwards of it. Those of
    /// a user task are set when its listeners were called.
    pub fn variables_set(mut self, scope: ElementKey, variables: Variables, local: bool) {
        let state = self.decision.state();
        let at_rest = state.element(scope).is_some_and(|element| element.transition.is_none());
        let task = state.waits_of(scope).find_map(|wait| match wait {
            Owned::UserTask(task) => Some((task, state.user_tasks().get(&task)?.details.clone())),
            _ => None,
        });
        let task = task.filter(|_| at_rest && self.listens(scope, ListenerEvent::Updating));
        if let Some((task, details)) = task {
            let (event, action) = (ListenerEvent::Updating, Text::default());
            let (variables, local) = (Some(variables), local.then_some(true));
            let transition = TaskTransition { task, event, action, details, variables, local };
            self.begin_transition(scope, transition);
        } else {
            self.write(scope, variables, local);
        }
        self.go();
    }

    fn write(&mut self, scope: ElementKey, variables: Variables, local: bool) {
        if local {
            self.set_variables(scope, variables);
        } else {
            self.propagate(scope, &variables);
        }
    }

    fn listens(&self, owner: ElementKey, event: ListenerEvent) -> bool {
        self.node_of(owner).is_some_and(|node| node.listens(event))
    }

    fn owner_of_task(&self, task: UserTaskKey) -> Option<ElementKey> {
        self.decision.state().user_tasks().get(&task).map(|task| task.owner)
    }

    fn transition_of(&self, owner: ElementKey) -> Option<TaskTransition> {
        self.decision.state().element(owner)?.transition.as_deref().cloned()
    }
}

/// The details with what a listener corrects; `None` leaves as it is.
pub fn corrected(mut details: UserTaskDetails, patch: TaskPatch) -> UserTaskDetails {
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
    details
}

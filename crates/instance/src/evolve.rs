//! How each event changes the state. Total and infallible: an event about something that is not
//! there changes nothing, so that no byte read from a disk can stop the fold.

use base::{
    ConditionKey, ElementKey, Event, InstanceCreated, JobState, Key, ListenerEvent, Record,
    SubscriptionKey,
};

use crate::canceling::EarlyEnd;
use crate::evolve_scope::{evolve_call, evolve_condition, evolve_kept, evolve_scope};
use crate::owned::{Index, Owned};
use crate::state::{
    ElementInstance, Header, Incident, Instance, Job, PolicyTimer, Status, Subscription, Timer,
    UserTask,
};

impl Instance {
    /// The state after the first event.
    pub(crate) fn created(created: &InstanceCreated, at_ms: i64) -> Self {
        let instance = created.instance;
        let mut state = Self {
            header: Header {
                instance,
                definition: created.definition,
                process_id: created.process_id.clone(),
                version: created.version,
                business_id: created.business_id.clone(),
                tags: created.tags.clone(),
                message: created.message.clone(),
                started_ms: at_ms,
                parent: created.parent,
                depth: created.depth,
                undoes: created.undoes,
            },
            status: Status::Active,
            elements: std::collections::BTreeMap::new(),
            jobs: std::collections::BTreeMap::new(),
            timers: std::collections::BTreeMap::new(),
            subscriptions: std::collections::BTreeMap::new(),
            user_tasks: std::collections::BTreeMap::new(),
            incidents: std::collections::BTreeMap::new(),
            next_key: instance.0.offset(1),
            keys_end: instance.0.offset(Key::LOCALS_PER_BLOCK),
            ended_ms: None,
            calls: std::collections::BTreeMap::new(),
            index: Index::default(),
            compensable: std::collections::BTreeMap::new(),
            suspension: None,
            policy_timers: std::collections::BTreeMap::new(),
            conditions: std::collections::BTreeMap::new(),
            kept_steps: Vec::new(),
            canceling: None,
            early_end: EarlyEnd::after(created.ends_after.as_deref()),
            interruptions: None,
        };
        state.elements.insert(instance.root(), ElementInstance::new(0, instance.root(), at_ms));
        state
    }

    /// Folds the records of a log: from the first, or from those after a snapshot. `None` if there
    /// is neither a snapshot nor a first event.
    pub fn replay(snapshot: Option<Self>, records: &[Record]) -> Option<Self> {
        let mut state = snapshot;
        for record in records {
            for event in &record.events {
                match (&mut state, event) {
                    (None, Event::InstanceCreated(created)) => {
                        state = Some(Self::created(created, record.at_ms));
                    }
                    (Some(state), event) => evolve(state, event, record.at_ms),
                    (None, _) => {}
                }
            }
        }
        state
    }

    fn enter(&mut self, key: ElementKey, element: u32, scope: ElementKey, at_ms: i64) {
        self.take_key(key.0);
        let turn = self.begin_turn(element, scope);
        let entered = ElementInstance { turn, ..ElementInstance::new(element, scope, at_ms) };
        self.elements.insert(key, entered);
        self.index.add(scope, Owned::Child(key));
        if let Some(scope) = self.elements.get_mut(&scope) {
            scope.children += 1;
            if scope.element == element
                && let Some(ad_hoc) = &mut scope.ad_hoc
            {
                ad_hoc.activated = ad_hoc.activated.saturating_add(1);
            }
        }
    }

    fn pass(&mut self, key: ElementKey, element: u32, scope: ElementKey) {
        self.take_key(key.0);
        self.look_for_end(element, scope);
    }

    fn leave(&mut self, key: ElementKey, completed: bool) {
        self.end_turn(key, completed);
        let Some(element) = self.elements.remove(&key) else {
            return;
        };
        self.index.remove(element.scope, Owned::Child(key));
        self.look_for_end(element.element, element.scope);
        self.forget_interruption(key);
        if element.scope != key
            && let Some(scope) = self.elements.get_mut(&element.scope)
        {
            scope.children = scope.children.saturating_sub(1);
        }
        self.forget_left(key, element.scope);
    }

    fn close(&mut self, subscription: SubscriptionKey) {
        if let Some(gone) = self.subscriptions.remove(&subscription) {
            self.index.remove(gone.owner, Owned::Subscription(subscription));
        }
    }

    pub(crate) fn forget_condition(&mut self, condition: ConditionKey) {
        if let Some(gone) = self.conditions.remove(&condition) {
            self.index.remove(gone.owner, Owned::Condition(condition));
        }
    }

    pub(crate) fn join_tokens(&mut self, scope: ElementKey, flows: &[u32]) {
        if let Some(scope) = self.elements.get_mut(&scope) {
            for flow in flows {
                join_token(&mut scope.tokens, *flow);
            }
        }
    }

    /// Nothing is about to happen to the user task of `owner` any more.
    fn settle(&mut self, owner: ElementKey) {
        if let Some(element) = self.elements.get_mut(&owner) {
            element.transition = None;
        }
    }

    fn end(&mut self, status: Status, at_ms: i64) {
        self.status = status;
        self.ended_ms = Some(at_ms);
        // Whoever has called it may have it compensated later.
        if status == Status::Terminated || self.header.parent.is_none() {
            self.compensable.clear();
        }
        self.kept_steps.clear();
    }

    /// Keys are drawn in order, so the last one seen says which is next.
    pub(crate) fn take_key(&mut self, key: Key) {
        if key >= self.next_key && key < self.keys_end {
            self.next_key = key.offset(1);
        }
    }
}

impl ElementInstance {
    fn new(element: u32, scope: ElementKey, entered_ms: i64) -> Self {
        Self {
            element,
            scope,
            variables: base::Variables::new(),
            children: 0,
            tokens: std::collections::BTreeMap::new(),
            entered_ms,
            repeat: None,
            turn: None,
            compensates: None,
            called: None,
            transition: None,
            detached: None,
            resets: std::collections::BTreeMap::new(),
            ad_hoc: None,
            queued: std::collections::VecDeque::new(),
        }
    }
}

/// Folds one event into the state.
pub(crate) fn evolve(state: &mut Instance, event: &Event, at_ms: i64) {
    match event {
        Event::InstanceCreated(_)
        | Event::CorrelationRefused { .. }
        | Event::StepOverdue { .. }
        | Event::StepReminded { .. }
        | Event::StepSlow { .. }
        | Event::InstanceModified { .. } => {}
        Event::InstanceMigrated(migrated) => state.migrate(migrated),
        Event::ElementEntered { key, element, scope, via: _ } => {
            state.enter(*key, *element, *scope, at_ms);
        }
        Event::ElementPassed { key, element, scope, .. } => state.pass(*key, *element, *scope),
        Event::DecisionEvaluated { owner: _, evaluation } => state.take_key(evaluation.key.0),
        Event::ElementCompleted { key } => state.leave(*key, true),
        Event::ElementTerminated { key } => state.leave(*key, false),
        Event::LoopEntered { .. } | Event::LoopOutput { .. } => state.evolve_loop(event),
        Event::TokenParked { .. }
        | Event::TokensJoined { .. }
        | Event::ResetAwaited { .. }
        | Event::ResetReached { .. }
        | Event::AdHocEntered { .. }
        | Event::AdHocDone { .. }
        | Event::ActivationQueued { .. }
        | Event::ActivationTaken { .. }
        | Event::ActivationsDropped { .. }
        | Event::VariablesSet { .. } => evolve_scope(state, event),
        Event::JobCreated { .. }
        | Event::JobLeased { .. }
        | Event::JobCompleted { .. }
        | Event::JobFailed { .. }
        | Event::JobErrorThrown { .. }
        | Event::JobRetriesSet { .. }
        | Event::JobCanceled { .. } => evolve_job(state, event, at_ms),
        Event::TimerSet { .. }
        | Event::TimerFired { .. }
        | Event::TimerCanceled { .. }
        | Event::SubscriptionOpened { .. }
        | Event::SubscriptionCorrelated { .. }
        | Event::SubscriptionClosed { .. } => evolve_wait(state, event),
        Event::ConditionOpened { .. }
        | Event::ConditionMet { .. }
        | Event::ConditionClosed { .. } => evolve_condition(state, event),
        Event::UserTaskTransition { .. }
        | Event::UserTaskDenied { .. }
        | Event::UserTaskCreated { .. }
        | Event::UserTaskUpdated { .. }
        | Event::UserTaskCompleted { .. }
        | Event::UserTaskCanceled { .. } => evolve_task(state, event, at_ms),
        Event::InstanceCalled { .. }
        | Event::InstanceReturned { .. }
        | Event::CallCanceled { .. }
        | Event::Cancellation(_) => evolve_call(state, event),
        Event::IncidentRaised { .. } | Event::IncidentResolved { .. } => {
            evolve_incident(state, event, at_ms);
        }
        Event::CompletionRemembered { .. }
        | Event::CompensationTriggered { .. }
        | Event::CompensationStarted { .. }
        | Event::CompensationInherited { .. } => state.compensate(event),
        Event::InstanceSuspended(_)
        | Event::InstanceResumed
        | Event::InputHeld(_)
        | Event::HeldInputTaken => state.evolve_suspension(event, at_ms),
        Event::StepsKept(_) | Event::KeptStepsTaken | Event::KeptStepsDropped(_) => {
            evolve_kept(state, event);
        }
        Event::PolicyTimerSet { .. } | Event::ElementDetached { .. } => evolve_policy(state, event),
        Event::InstanceCompleted => state.end(Status::Completed, at_ms),
        Event::InstanceTerminated => state.end(Status::Terminated, at_ms),
        Event::InstanceCanceling => state.canceling = Some(true),
        Event::KeysReserved { first, count } => state.reserve(*first, *count),
    }
}

impl Instance {
    fn reserve(&mut self, first: Key, count: u64) {
        self.next_key = first;
        self.keys_end = first.offset(count);
    }
}

fn join_token(tokens: &mut std::collections::BTreeMap<u32, u32>, flow: u32) {
    if let Some(count) = tokens.get_mut(&flow) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            tokens.remove(&flow);
        }
    }
}

fn evolve_incident(state: &mut Instance, event: &Event, at_ms: i64) {
    match event {
        Event::IncidentRaised { incident, owner, job, kind, stage, message } => {
            state.take_key(incident.0);
            state.index.add(*owner, Owned::Incident(*incident));
            state.incidents.insert(
                *incident,
                Incident {
                    owner: *owner,
                    job: *job,
                    kind: *kind,
                    stage: stage.clone(),
                    message: message.clone(),
                    created_ms: at_ms,
                },
            );
        }
        Event::IncidentResolved { incident } => {
            let resolved = state.incidents.remove(incident);
            if let Some(resolved) = &resolved {
                state.index.remove(resolved.owner, Owned::Incident(*incident));
            }
            let job = resolved.and_then(|resolved| resolved.job);
            if let Some(job) = job.and_then(|job| state.jobs.get_mut(&job)) {
                job.state = JobState::Created;
                job.available_ms = at_ms;
            }
        }
        _ => debug_assert!(false, "not an event of an incident: {event:?}"),
    }
}

fn evolve_job(state: &mut Instance, event: &Event, at_ms: i64) {
    let edit = |state: &mut Instance, job: &base::JobKey, change: &dyn Fn(&mut Job)| {
        if let Some(job) = state.jobs.get_mut(job) {
            change(job);
        }
    };
    match event {
        Event::JobCreated { job, owner, job_type, retries, extra } => {
            state.take_key(job.0);
            state.index.add(*owner, Owned::Job(*job));
            state.jobs.insert(
                *job,
                Job {
                    owner: *owner,
                    job_type: job_type.clone(),
                    retries: *retries,
                    available_ms: at_ms,
                    state: JobState::Created,
                    worker: base::Text::default(),
                    error_message: base::Text::default(),
                    error_code: base::Text::default(),
                    extra: extra.clone(),
                },
            );
        }
        Event::JobLeased { job, worker, until_ms } => edit(state, job, &|job| {
            job.worker = worker.clone();
            job.available_ms = *until_ms;
            job.state = JobState::Leased;
        }),
        Event::JobFailed { job, retries, available_ms, message } => edit(state, job, &|job| {
            job.retries = *retries;
            job.error_message = message.clone();
            let exhausted = *retries <= 0;
            job.available_ms = if exhausted { i64::MAX } else { *available_ms };
            job.state = if exhausted { JobState::Exhausted } else { JobState::Failed };
        }),
        Event::JobErrorThrown { job, code, message } => edit(state, job, &|job| {
            job.available_ms = i64::MAX;
            job.state = JobState::ErrorThrown;
            job.error_code = code.clone();
            job.error_message = message.clone();
        }),
        Event::JobRetriesSet { job, retries } => edit(state, job, &|job| {
            job.retries = *retries;
        }),
        Event::JobCompleted { job } | Event::JobCanceled { job } => {
            if let Some(gone) = state.jobs.remove(job) {
                state.index.remove(gone.owner, Owned::Job(*job));
            }
        }
        _ => debug_assert!(false, "not an event of a job: {event:?}"),
    }
}

fn evolve_wait(state: &mut Instance, event: &Event) {
    match event {
        Event::TimerSet { timer, owner, target, due_ms, repeats } => {
            state.take_key(timer.0);
            let timer_state =
                Timer { owner: *owner, target: *target, due_ms: *due_ms, repeats: *repeats };
            state.index.add(*owner, Owned::Timer(*timer));
            state.timers.insert(*timer, timer_state);
        }
        Event::TimerFired { timer } | Event::TimerCanceled { timer } => {
            if let Some(gone) = state.timers.remove(timer) {
                state.index.remove(gone.owner, Owned::Timer(*timer));
            }
            state.policy_timers.remove(timer);
        }
        Event::SubscriptionOpened { subscription, owner, target, name, correlation_key, once } => {
            state.take_key(subscription.0);
            state.index.add(*owner, Owned::Subscription(*subscription));
            state.subscriptions.insert(
                *subscription,
                Subscription {
                    owner: *owner,
                    target: *target,
                    name: name.clone(),
                    correlation_key: correlation_key.clone(),
                    once: *once,
                },
            );
        }
        Event::SubscriptionCorrelated { subscription, message: _ } => {
            if state.subscriptions.get(subscription).is_some_and(|open| open.once) {
                state.close(*subscription);
            }
        }
        Event::SubscriptionClosed { subscription } => {
            state.close(*subscription);
        }
        _ => debug_assert!(false, "not an event of a timer or subscription: {event:?}"),
    }
}

fn evolve_policy(state: &mut Instance, event: &Event) {
    if let Event::PolicyTimerSet { timer, owner, purpose, due_ms, job, latest_ms } = event {
        state.take_key(timer.0);
        // It triggers no element; as a timer it is its owner's own.
        let target = state.elements.get(owner).map_or(0, |element| element.element);
        state.index.add(*owner, Owned::Timer(*timer));
        let set = Timer { owner: *owner, target, due_ms: *due_ms, repeats: 0 };
        state.timers.insert(*timer, set);
        let purpose = PolicyTimer { purpose: *purpose, job: *job, latest_ms: *latest_ms };
        state.policy_timers.insert(*timer, purpose);
    } else if let Event::ElementDetached { key } = event {
        if let Some(element) = state.elements.get_mut(key) {
            element.detached = Some(true);
        }
    } else {
        debug_assert!(false, "not an event of a policy: {event:?}");
    }
}

fn evolve_task(state: &mut Instance, event: &Event, at_ms: i64) {
    match event {
        Event::UserTaskTransition { owner, transition } => {
            state.take_key(transition.task.0);
            if transition.event == ListenerEvent::Canceling && !state.is_canceling(*owner) {
                state.outlive(*owner);
            }
            if let Some(element) = state.elements.get_mut(owner) {
                element.transition = Some(transition.clone());
            }
        }
        Event::UserTaskDenied { owner, .. } => state.settle(*owner),
        Event::UserTaskCreated { task, owner, details } => {
            state.take_key(task.0);
            state.settle(*owner);
            let created =
                UserTask { owner: *owner, details: (**details).clone(), created_ms: at_ms };
            state.index.add(*owner, Owned::UserTask(*task));
            state.user_tasks.insert(*task, created);
        }
        Event::UserTaskUpdated { task, details, action: _ } => {
            if let Some(task) = state.user_tasks.get_mut(task) {
                task.details = (**details).clone();
                let owner = task.owner;
                state.settle(owner);
            }
        }
        Event::UserTaskCompleted { task, action: _ } | Event::UserTaskCanceled { task } => {
            if let Some(gone) = state.user_tasks.remove(task) {
                state.index.remove(gone.owner, Owned::UserTask(*task));
                state.settle(gone.owner);
            }
        }
        _ => debug_assert!(false, "not an event of a user task: {event:?}"),
    }
}

//! One instance's log, read without the engine's own fold: nothing happens twice, nothing after
//! its end, timers are not early, leases exclude; and what remains is what the fold says.

use std::collections::{BTreeMap, BTreeSet};

use base::{
    ConditionKey, ElementKey, Event, IncidentKey, InstanceKey, JobKey, JobState, Key,
    ListenerEvent, SubscriptionKey, TimerKey, UserTaskDetails, UserTaskKey, Variables,
};

use super::Checked;
use super::facts::{Facts, Past};
use crate::play::{Play, wrong};

/// A live job as the log says.
#[derive(Debug)]
pub(super) struct LiveJob {
    pub(super) owner: ElementKey,
    pub(super) retries: i32,
    pub(super) available_ms: i64,
    pub(super) state: JobState,
    pub(super) worker: String,
    pub(super) error_message: String,
}

/// What lives, by our own reading.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) elements: BTreeMap<ElementKey, (u32, ElementKey)>,
    pub(super) variables: BTreeMap<ElementKey, Variables>,
    pub(super) jobs: BTreeMap<JobKey, LiveJob>,
    timers: BTreeMap<TimerKey, (ElementKey, i64)>,
    subscriptions: BTreeMap<SubscriptionKey, (ElementKey, bool)>,
    tasks: BTreeMap<UserTaskKey, (ElementKey, UserTaskDetails)>,
    conditions: BTreeMap<ConditionKey, (ElementKey, bool)>,
    pub(super) incidents: BTreeMap<IncidentKey, (ElementKey, Option<JobKey>)>,
    pub(super) calls: BTreeMap<ElementKey, InstanceKey>,
    pub(super) tokens: BTreeMap<(ElementKey, u32), u32>,
    /// Every key that was ever drawn.
    keys: BTreeSet<Key>,
    ended: bool,
    leases: u64,
    timers_fired: u64,
}

impl Play {
    pub(super) fn check_pasts(&mut self, facts: &Facts) -> Checked {
        let mut keys: BTreeMap<Key, String> = BTreeMap::new();
        for head in &facts.definitions {
            keys.insert(head.key.0, format!("definition {}", &*head.id));
        }
        for ((name, _), (_, slot)) in &facts.slots {
            for message in &slot.messages {
                if let Some(other) = keys.insert(message.message.0, format!("message {name}")) {
                    return Err(wrong("keys")(format!(
                        "{} is a message and {other}",
                        message.message
                    )));
                }
            }
        }
        for past in &facts.instances {
            let instance = past.row.instance;
            let of = |what: (&'static str, String)| {
                wrong(what.0)(format!("instance {instance}: {}", what.1))
            };
            let mut reading = Reading::default();
            for (at_ms, event) in past.events() {
                reading.read(at_ms, event).map_err(of)?;
            }
            reading.compare(past).map_err(of)?;
            self.coverage.count("check", "log");
            self.coverage.add("check", "leases", reading.leases);
            self.coverage.add("check", "timers", reading.timers_fired);
            self.coverage.add("check", "keys", reading.keys.len() as u64);
            for key in &reading.keys {
                if let Some(other) = keys.insert(*key, format!("in instance {instance}")) {
                    return Err(wrong("keys")(format!(
                        "{key} is in instance {instance} and {other}"
                    )));
                }
            }
            self.check_flows(past)?;
        }
        Ok(())
    }
}

pub(super) type Read = Result<(), (&'static str, String)>;

impl Reading {
    fn read(&mut self, at_ms: i64, event: &Event) -> Read {
        if self.ended {
            return Err(("log", format!("{event:?} comes after the end")));
        }
        match event {
            Event::InstanceCreated(created) => {
                let root = created.instance.root();
                self.draw(root.0)?;
                self.elements.insert(root, (0, root));
            }
            Event::ElementEntered { key, element, scope, via: _ } => {
                self.draw(key.0)?;
                self.lives(*scope)?;
                self.elements.insert(*key, (*element, *scope));
            }
            Event::ElementPassed { key, scope, .. } => {
                self.draw(key.0)?;
                self.lives(*scope)?;
            }
            Event::ElementCompleted { key } | Event::ElementTerminated { key } => {
                self.lives(*key)?;
                self.elements.remove(key);
                self.variables.remove(key);
                self.tokens.retain(|(scope, _), _| scope != key);
            }
            Event::InstanceCompleted | Event::InstanceTerminated => {
                if self.elements.len() != 1 {
                    return Err(("log", format!("it ends while {:?} live", self.elements)));
                }
                self.ended = true;
            }
            Event::KeysReserved { .. }
            | Event::CorrelationRefused { .. }
            | Event::InstanceCanceling
            | Event::InstanceSuspended(_)
            | Event::InstanceResumed
            | Event::InputHeld(_)
            | Event::HeldInputTaken
            | Event::StepsKept(_)
            | Event::KeptStepsTaken
            | Event::KeptStepsDropped(_)
            // Its scope may be an activity of the instance that this one undoes.
            | Event::CompensationInherited { .. } => {}
            // Whether it was remembered, and not compensated before, says the fold.
            Event::CompletionRemembered { key }
            | Event::CompensationTriggered { by: key, .. }
            | Event::CompensationStarted { key, .. } => self.lives(*key)?,
            Event::DecisionEvaluated { owner, evaluation } => {
                self.draw(evaluation.key.0)?;
                self.lives(*owner)?;
            }
            Event::LoopEntered { owner, .. } | Event::LoopOutput { owner, .. } => {
                self.lives(*owner)?;
            }
            Event::TokenParked { .. }
            | Event::TokensJoined { .. }
            | Event::ResetAwaited { .. }
            | Event::ResetReached { .. }
            | Event::AdHocEntered { .. }
            | Event::AdHocDone { .. }
            | Event::ActivationQueued { .. }
            | Event::ActivationTaken { .. }
            | Event::ActivationsDropped { .. }
            | Event::VariablesSet { .. } => return self.read_scope(event),
            Event::InstanceCalled { .. }
            | Event::InstanceReturned { .. }
            | Event::CallCanceled { .. } => return self.read_call(event),
            Event::ConditionOpened { .. }
            | Event::ConditionMet { .. }
            | Event::ConditionClosed { .. } => return self.read_condition(event),
            Event::IncidentRaised { .. } | Event::IncidentResolved { .. } => {
                return self.read_incident(at_ms, event);
            }
            Event::UserTaskCreated { .. }
            | Event::UserTaskUpdated { .. }
            | Event::UserTaskCompleted { .. }
            | Event::UserTaskCanceled { .. } => return self.read_task(event),
            event => return self.read_wait(at_ms, event),
        }
        Ok(())
    }

    /// Timers, subscriptions, jobs.
    fn read_wait(&mut self, at_ms: i64, event: &Event) -> Read {
        match event {
            Event::TimerSet { timer, owner, due_ms, .. }
            | Event::PolicyTimerSet { timer, owner, due_ms, .. } => {
                self.draw(timer.0)?;
                self.lives(*owner)?;
                self.timers.insert(*timer, (*owner, *due_ms));
            }
            Event::TimerFired { timer } => {
                let Some((_, due_ms)) = self.timers.remove(timer) else {
                    return Err(("timers", format!("{timer} fires and is not set")));
                };
                self.timers_fired += 1;
                if at_ms < due_ms {
                    return Err((
                        "timers",
                        format!("{timer} is due at {due_ms}, fires at {at_ms}"),
                    ));
                }
            }
            Event::TimerCanceled { timer } => {
                if self.timers.remove(timer).is_none() {
                    return Err(("timers", format!("{timer} is cancelled and is not set")));
                }
            }
            Event::SubscriptionOpened { subscription, owner, once, .. } => {
                self.draw(subscription.0)?;
                self.lives(*owner)?;
                self.subscriptions.insert(*subscription, (*owner, *once));
            }
            Event::SubscriptionCorrelated { subscription, .. } => {
                let Some((_, once)) = self.subscriptions.get(subscription) else {
                    return Err((
                        "messages",
                        format!("{subscription} gets a message and is not open"),
                    ));
                };
                if *once {
                    self.subscriptions.remove(subscription);
                }
            }
            Event::SubscriptionClosed { subscription } => {
                if self.subscriptions.remove(subscription).is_none() {
                    return Err(("messages", format!("{subscription} closes and is not open")));
                }
            }
            Event::JobCreated { job, owner, retries, .. } => {
                self.draw(job.0)?;
                self.lives(*owner)?;
                let live = LiveJob {
                    owner: *owner,
                    retries: *retries,
                    available_ms: at_ms,
                    state: JobState::Created,
                    worker: String::new(),
                    error_message: String::new(),
                };
                self.jobs.insert(*job, live);
            }
            Event::JobCompleted { job } | Event::JobCanceled { job } => {
                if self.jobs.remove(job).is_none() {
                    return Err(("log", format!("{event:?}, and it is not open")));
                }
            }
            event => return self.read_attempt(at_ms, event),
        }
        Ok(())
    }

    fn read_condition(&mut self, event: &Event) -> Read {
        let (condition, closes) = match event {
            Event::ConditionOpened { condition, owner, once, .. } => {
                self.draw(condition.0)?;
                self.lives(*owner)?;
                self.conditions.insert(*condition, (*owner, *once));
                return Ok(());
            }
            Event::ConditionMet { condition } => (condition, false),
            Event::ConditionClosed { condition } => (condition, true),
            _ => return Ok(()),
        };
        let Some((_, once)) = self.conditions.get(condition).copied() else {
            return Err(("log", format!("{event:?}, and nobody waits for it")));
        };
        if closes || once {
            self.conditions.remove(condition);
        }
        Ok(())
    }

    fn read_task(&mut self, event: &Event) -> Read {
        match event {
            // The element stays until its listeners are done, in the root scope.
            Event::UserTaskTransition { owner, transition }
                if transition.event == ListenerEvent::Canceling =>
            {
                self.lives(*owner)?;
                let root = self.elements.keys().next().copied();
                if let (Some(root), Some((_, scope))) = (root, self.elements.get_mut(owner)) {
                    *scope = root;
                }
            }
            Event::UserTaskCreated { task, owner, details } => {
                self.draw(task.0)?;
                self.lives(*owner)?;
                self.tasks.insert(*task, (*owner, (**details).clone()));
            }
            Event::UserTaskUpdated { task, details, .. } => match self.tasks.get_mut(task) {
                Some((_, known)) => known.clone_from(details),
                None => return Err(("log", format!("{task} changes and is not open"))),
            },
            Event::UserTaskCompleted { task, .. } | Event::UserTaskCanceled { task }
                if self.tasks.remove(task).is_none() =>
            {
                return Err(("log", format!("{event:?}, and it is not open")));
            }
            _ => {}
        }
        Ok(())
    }

    fn read_attempt(&mut self, at_ms: i64, event: &Event) -> Read {
        let (Event::JobLeased { job, .. }
        | Event::JobFailed { job, .. }
        | Event::JobErrorThrown { job, .. }
        | Event::JobRetriesSet { job, .. }) = event
        else {
            return match owner_of_fact(event) {
                Some(owner) => self.lives(owner),
                None => Err(("log", format!("an event that no check knows: {event:?}"))),
            };
        };
        let Some(live) = self.jobs.get_mut(job) else {
            return Err(("log", format!("{event:?}, and it is not open")));
        };
        match event {
            Event::JobLeased { worker, until_ms, .. } => {
                if at_ms < live.available_ms && **worker != *live.worker {
                    let what = format!(
                        "{job} goes to {} at {at_ms}, but {} has it until {}",
                        &**worker, live.worker, live.available_ms
                    );
                    return Err(("leases", what));
                }
                self.leases += 1;
                live.worker = worker.to_string();
                live.available_ms = *until_ms;
                live.state = JobState::Leased;
            }
            Event::JobFailed { retries, available_ms, message, .. } => {
                live.retries = *retries;
                live.error_message = message.to_string();
                let exhausted = *retries <= 0;
                live.available_ms = if exhausted { i64::MAX } else { *available_ms };
                live.state = if exhausted { JobState::Exhausted } else { JobState::Failed };
                // The next attempt may be the same worker's, but not before its time.
                live.worker.push('\u{0}');
            }
            Event::JobErrorThrown { message, .. } => {
                live.state = JobState::ErrorThrown;
                live.available_ms = i64::MAX;
                live.error_message = message.to_string();
            }
            Event::JobRetriesSet { retries, .. } => live.retries = *retries,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn draw(&mut self, key: Key) -> Read {
        if self.keys.insert(key) { Ok(()) } else { Err(("keys", format!("{key} is drawn twice"))) }
    }

    pub(super) fn lives(&self, element: ElementKey) -> Read {
        if self.elements.contains_key(&element) {
            return Ok(());
        }
        Err(("log", format!("something happens in {element}, which does not live")))
    }

    /// What is left over must be what the engine's fold has.
    fn compare(&self, past: &Past) -> Read {
        let state = &past.state;
        let differs = |what: &str, ours: String, theirs: String| {
            Err(("fold", format!("its {what} are {theirs}, but its log says {ours}")))
        };
        if past.live() == self.ended {
            return differs("ends", self.ended.to_string(), format!("{:?}", state.status()));
        }
        let elements: BTreeMap<_, _> =
            state.elements().iter().map(|(key, at)| (*key, (at.element, at.scope))).collect();
        if elements != self.elements {
            return differs("elements", format!("{:?}", self.elements), format!("{elements:?}"));
        }
        for (key, element) in state.elements() {
            let ours = self.variables.get(key).cloned().unwrap_or_default();
            if element.variables != ours {
                return differs(
                    "variables",
                    format!("{ours:?}"),
                    format!("{:?}", element.variables),
                );
            }
            let children =
                self.elements.iter().filter(|(of, (_, scope))| scope == key && *of != key);
            if children.count() != element.children as usize {
                return differs("children", format!("{:?}", self.elements), format!("{element:?}"));
            }
        }
        if *state.calls() != self.calls {
            return differs("calls", format!("{:?}", self.calls), format!("{:?}", state.calls()));
        }
        let jobs = |(key, job): (&JobKey, &instance::Job)| {
            let worker = job.worker.to_string();
            let said = job.error_message.to_string();
            (*key, (job.owner, job.retries, job.available_ms, job.state, worker, said))
        };
        let jobs: BTreeMap<_, _> = state.jobs().iter().map(jobs).collect();
        let ours: BTreeMap<_, _> = self
            .jobs
            .iter()
            .map(|(key, job)| {
                let worker = job.worker.trim_end_matches('\u{0}').to_owned();
                let said = job.error_message.clone();
                (*key, (job.owner, job.retries, job.available_ms, job.state, worker, said))
            })
            .collect();
        if jobs != ours {
            return differs("jobs", format!("{ours:?}"), format!("{jobs:?}"));
        }
        self.compare_waits(past)
    }

    fn compare_waits(&self, past: &Past) -> Read {
        let state = &past.state;
        let differs = |what: &str, ours: String, theirs: String| {
            Err(("fold", format!("its {what} are {theirs}, but its log says {ours}")))
        };
        let timers: BTreeMap<_, _> =
            state.timers().iter().map(|(key, at)| (*key, (at.owner, at.due_ms))).collect();
        if timers != self.timers {
            return differs("timers", format!("{:?}", self.timers), format!("{timers:?}"));
        }
        let open: BTreeMap<_, _> =
            state.subscriptions().iter().map(|(key, at)| (*key, (at.owner, at.once))).collect();
        if open != self.subscriptions {
            let ours = format!("{:?}", self.subscriptions);
            return differs("subscriptions", ours, format!("{open:?}"));
        }
        let tasks: BTreeMap<_, _> = state
            .user_tasks()
            .iter()
            .map(|(key, task)| (*key, (task.owner, task.details.clone())))
            .collect();
        if tasks != self.tasks {
            return differs("user tasks", format!("{:?}", self.tasks), format!("{tasks:?}"));
        }
        let conditions: BTreeMap<_, _> =
            state.conditions().iter().map(|(key, at)| (*key, (at.owner, at.once))).collect();
        if conditions != self.conditions {
            let ours = format!("{:?}", self.conditions);
            return differs("conditions", ours, format!("{conditions:?}"));
        }
        let incidents: BTreeMap<_, _> =
            state.incidents().iter().map(|(key, at)| (*key, (at.owner, at.job))).collect();
        if incidents != self.incidents {
            return differs("incidents", format!("{:?}", self.incidents), format!("{incidents:?}"));
        }
        let mut ours = self.tokens.clone();
        ours.retain(|_, count| *count > 0);
        let tokens: BTreeMap<_, _> = state
            .elements()
            .iter()
            .flat_map(|(key, at)| at.tokens.iter().map(|(flow, count)| ((*key, *flow), *count)))
            .collect();
        if tokens != ours {
            return differs("tokens", format!("{ours:?}"), format!("{tokens:?}"));
        }
        // What waits belongs to something that lives; an ended instance has nothing left.
        let owners = self
            .jobs
            .values()
            .map(|job| job.owner)
            .chain(self.timers.values().map(|(owner, _)| *owner))
            .chain(self.subscriptions.values().map(|(owner, _)| *owner))
            .chain(self.tasks.values().map(|(owner, _)| *owner))
            .chain(self.conditions.values().map(|(owner, _)| *owner))
            .chain(self.incidents.values().map(|(owner, _)| *owner));
        for owner in owners {
            if self.ended || !self.elements.contains_key(&owner) {
                return Err(("log", format!("something waits for {owner}, which does not live")));
            }
        }
        Ok(())
    }
}

/// Whom a fact about something that lives is about, if it changes nothing that is checked here.
fn owner_of_fact(event: &Event) -> Option<ElementKey> {
    match event {
        Event::UserTaskTransition { owner, .. }
        | Event::UserTaskDenied { owner, .. }
        | Event::StepOverdue { owner }
        | Event::StepReminded { owner }
        | Event::StepSlow { owner }
        | Event::ElementDetached { key: owner } => Some(*owner),
        _ => None,
    }
}

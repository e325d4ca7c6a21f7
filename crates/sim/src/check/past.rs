//! One instance's log, read without the engine's own fold: nothing happens twice, nothing after
//! its end, timers are not early, leases exclude; and what remains is what the fold says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::{
    ConditionKey, ElementKey, Event, HeldInput, IncidentKey, InstanceCreated, InstanceKey, JobKey,
    JobState, Key, SubscriptionKey, TimerKey, UserTaskDetails, UserTaskKey, Variables,
};

use super::Checked;
use super::facts::Facts;
use super::past_canceled::Canceled;
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
    /// Those of policies have no target.
    pub(super) timers: BTreeMap<TimerKey, (ElementKey, i64, Option<u32>)>,
    pub(super) subscriptions: BTreeMap<SubscriptionKey, (ElementKey, u32, bool)>,
    pub(super) tasks: BTreeMap<UserTaskKey, (ElementKey, UserTaskDetails)>,
    pub(super) conditions: BTreeMap<ConditionKey, (ElementKey, u32, bool)>,
    pub(super) incidents: BTreeMap<IncidentKey, (ElementKey, Option<JobKey>)>,
    pub(super) calls: BTreeMap<ElementKey, InstanceKey>,
    pub(super) canceled: Canceled,
    pub(super) tokens: BTreeMap<(ElementKey, u32), u32>,
    /// Every key that was ever drawn.
    keys: BTreeSet<Key>,
    pub(super) ended: bool,
    /// Nothing may go on.
    pub(super) suspended: bool,
    /// Somebody has begun or ended elements.
    pub(super) modified: bool,
    /// What came meanwhile, in order.
    pub(super) held: VecDeque<HeldInput>,
    /// What was taken of it last, and must have an effect.
    pub(super) owed: Option<Key>,
    pub(super) held_taken: u64,
    migrated: u64,
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
        let jumped = self.clock_jumped;
        for past in facts.all() {
            let instance = past.row.instance;
            let of = |what: (&'static str, String)| {
                wrong(what.0)(format!("instance {instance}: {}", what.1))
            };
            let mut reading = Reading::default();
            for (at_ms, event) in past.events() {
                reading.read(at_ms, event).map_err(of)?;
            }
            reading.check_owed().and_then(|()| reading.compare(past, jumped)).map_err(of)?;
            self.coverage.add("check", "held", reading.held_taken);
            self.coverage.add("check", "migrated", reading.migrated);
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
            self.check_ad_hocs(past)?;
            self.check_compensation(past)?;
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
        if self.read_operation(event)? {
            return Ok(());
        }
        match event {
            Event::InstanceCreated(created) => self.begins(created)?,
            Event::ElementEntered { key, element, scope, via: _ } => {
                self.draw(key.0)?;
                self.lives(*scope)?;
                self.begins_in(*scope)?;
                self.elements.insert(*key, (*element, *scope));
            }
            Event::ElementPassed { key, element, scope, .. } => {
                self.draw(key.0)?;
                self.lives(*scope)?;
                self.passes(*element, *scope);
            }
            Event::ElementCompleted { key } | Event::ElementTerminated { key } => {
                self.lives(*key)?;
                self.ends(*key, event)?;
            }
            Event::InstanceCompleted | Event::InstanceTerminated => {
                if self.elements.len() != 1 {
                    return Err(("log", format!("it ends while {:?} live", self.elements)));
                }
                self.ended = true;
            }
            Event::InstanceCanceling => self.canceled.ends = true,
            Event::KeysReserved { .. }
            | Event::CorrelationRefused { .. }
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
            | Event::CallCanceled { .. }
            | Event::Cancellation(_) => return self.read_call(event),
            Event::ConditionOpened { .. }
            | Event::ConditionMet { .. }
            | Event::ConditionClosed { .. } => return self.read_condition(event),
            Event::IncidentRaised { .. } | Event::IncidentResolved { .. } => {
                return self.read_incident(at_ms, event);
            }
            Event::UserTaskCreated { .. }
            | Event::UserTaskUpdated { .. }
            | Event::UserTaskCompleted { .. }
            | Event::UserTaskTransition { .. }
            | Event::UserTaskCanceled { .. } => return self.read_task(event),
            event => return self.read_wait(at_ms, event),
        }
        Ok(())
    }

    /// All that lives is what the other definition says, by its numbers there.
    pub(super) fn renumber(&mut self, numbers: &[(u32, u32)]) {
        self.migrated += 1;
        let numbers: BTreeMap<u32, u32> = numbers.iter().copied().collect();
        let now = |number: u32| numbers.get(&number).copied().unwrap_or(number);
        self.elements.values_mut().for_each(|(element, _)| *element = now(*element));
        self.canceled.end_after = self.canceled.end_after.iter().map(|at| now(*at)).collect();
        let tokens = std::mem::take(&mut self.tokens);
        self.tokens =
            tokens.into_iter().map(|((scope, flow), count)| ((scope, now(flow)), count)).collect();
        for (_, _, target) in self.timers.values_mut() {
            *target = target.map(now);
        }
        self.subscriptions.values_mut().for_each(|(_, target, _)| *target = now(*target));
        self.conditions.values_mut().for_each(|(_, target, _)| *target = now(*target));
    }

    fn set_timer(
        &mut self,
        timer: TimerKey,
        owner: ElementKey,
        due_ms: i64,
        target: Option<u32>,
    ) -> Read {
        self.draw(timer.0)?;
        self.lives(owner)?;
        self.timers.insert(timer, (owner, due_ms, target));
        Ok(())
    }

    /// Timers, subscriptions, jobs.
    fn read_wait(&mut self, at_ms: i64, event: &Event) -> Read {
        match event {
            Event::TimerSet { timer, owner, due_ms, target, .. } => {
                self.set_timer(*timer, *owner, *due_ms, Some(*target))?;
            }
            Event::PolicyTimerSet { timer, owner, due_ms, .. } => {
                self.set_timer(*timer, *owner, *due_ms, None)?;
            }
            Event::TimerFired { timer } => {
                let Some((_, due_ms, _)) = self.timers.remove(timer) else {
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
            Event::SubscriptionOpened { subscription, owner, target, once, .. } => {
                self.draw(subscription.0)?;
                self.lives(*owner)?;
                self.subscriptions.insert(*subscription, (*owner, *target, *once));
            }
            Event::SubscriptionCorrelated { subscription, .. } => {
                let Some((_, _, once)) = self.subscriptions.get(subscription) else {
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
            Event::ConditionOpened { condition, owner, target, once, .. } => {
                self.draw(condition.0)?;
                self.lives(*owner)?;
                self.conditions.insert(*condition, (*owner, *target, *once));
                return Ok(());
            }
            Event::ConditionMet { condition } => (condition, false),
            Event::ConditionClosed { condition } => (condition, true),
            _ => return Ok(()),
        };
        let Some((_, _, once)) = self.conditions.get(condition).copied() else {
            return Err(("log", format!("{event:?}, and nobody waits for it")));
        };
        if closes || once {
            self.conditions.remove(condition);
        }
        Ok(())
    }

    fn read_task(&mut self, event: &Event) -> Read {
        match event {
            Event::UserTaskTransition { owner, transition } => {
                return self.read_transition(*owner, transition.event);
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

    fn begins(&mut self, created: &InstanceCreated) -> Read {
        let root = created.instance.root();
        self.draw(root.0)?;
        self.elements.insert(root, (0, root));
        self.canceled.end_after.extend(created.ends_after.iter().flatten());
        Ok(())
    }

    fn ends(&mut self, key: ElementKey, event: &Event) -> Read {
        let completed = matches!(event, Event::ElementCompleted { .. });
        self.forget_canceled(key, completed)?;
        if let Some((element, scope)) = self.elements.remove(&key) {
            self.passes(element, scope);
        }
        self.variables.remove(&key);
        self.tokens.retain(|(scope, _), _| *scope != key);
        Ok(())
    }

    pub(super) fn lives(&self, element: ElementKey) -> Read {
        if self.elements.contains_key(&element) {
            return Ok(());
        }
        Err(("log", format!("something happens in {element}, which does not live")))
    }
}

/// Whom a fact about something that lives is about, if it changes nothing that is checked here.
fn owner_of_fact(event: &Event) -> Option<ElementKey> {
    match event {
        Event::UserTaskDenied { owner, .. }
        | Event::StepOverdue { owner }
        | Event::StepReminded { owner }
        | Event::StepSlow { owner }
        | Event::ElementDetached { key: owner } => Some(*owner),
        _ => None,
    }
}

//! The events of an instance in words, for people.

use std::collections::HashMap;
use std::fmt::Write;

use base::{Cancellation, Evaluation, Event, InstanceCreated, Key, Text};
use instance::TimelineEntry;
use serde::Serialize;

use super::history::Past;
use super::names::Names;
use super::wire::{WireKey, WireTime};

/// Rules of an evaluation that are named in a line.
const RULES_NAMED_MAX: usize = 5;
/// What is shown of its output, in bytes.
const VALUE_BYTES_MAX: usize = 200;

/// One event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    at: WireTime,
    kind: &'static str,
    element_id: Option<String>,
    key: Option<WireKey>,
    detail: String,
}

/// What an event is about: its name, the key in the middle of it, what else there is to say.
pub(super) struct Fact {
    kind: &'static str,
    key: Option<Key>,
    detail: String,
}

/// The events from number `from` on, at most `limit` of them.
pub(super) fn lines(past: &Past, from: usize, limit: usize) -> Vec<Line> {
    let timeline = &past.history.timeline;
    let mut places: HashMap<Key, u32> = HashMap::new();
    let mut lines = Vec::new();
    for (number, entry) in timeline.iter().enumerate().take(from.saturating_add(limit)) {
        note(&mut places, &entry.event);
        if number >= from {
            lines.push(line(entry, past.names_of(entry.definition), &places));
        }
    }
    lines
}

/// The elements that keys belong to: those of activations, and of what activations wait for.
fn note(places: &mut HashMap<Key, u32>, event: &Event) {
    let (key, owner) = match event {
        Event::InstanceCreated(created) => {
            places.insert(created.instance.0, 0);
            return;
        }
        Event::ElementEntered { key, element, .. } | Event::ElementPassed { key, element, .. } => {
            places.insert(key.0, *element);
            return;
        }
        Event::InstanceMigrated(migrated) => {
            // What has ended is not spoken of again.
            let numbers: HashMap<u32, u32> = migrated.numbers.iter().copied().collect();
            for element in places.values_mut() {
                *element = numbers.get(element).copied().unwrap_or(*element);
            }
            return;
        }
        Event::JobCreated { job, owner, .. } => (job.0, owner),
        Event::TimerSet { timer, owner, .. } | Event::PolicyTimerSet { timer, owner, .. } => {
            (timer.0, owner)
        }
        Event::SubscriptionOpened { subscription, owner, .. } => (subscription.0, owner),
        Event::UserTaskCreated { task, owner, .. } => (task.0, owner),
        Event::ConditionOpened { condition, owner, .. } => (condition.0, owner),
        Event::IncidentRaised { incident, owner, .. } => (incident.0, owner),
        _ => return,
    };
    if let Some(element) = places.get(&owner.0).copied() {
        places.insert(key, element);
    }
}

fn line(entry: &TimelineEntry, names: &Names, places: &HashMap<Key, u32>) -> Line {
    let fact = fact(&entry.event, names);
    let element = fact.key.and_then(|key| places.get(&key));
    Line {
        at: WireTime(entry.at_ms),
        kind: fact.kind,
        element_id: element.map(|element| names.id(*element).to_owned()),
        key: fact.key.map(WireKey),
        detail: fact.detail,
    }
}

pub(super) fn about(kind: &'static str, key: impl Into<Key>, detail: impl Into<String>) -> Fact {
    Fact { kind, key: Some(key.into()), detail: detail.into() }
}

/// A fact about the whole instance.
pub(super) fn of_all(kind: &'static str, detail: String) -> Fact {
    Fact { kind, key: None, detail }
}

fn fact(event: &Event, names: &Names) -> Fact {
    match event {
        Event::InstanceCreated(created) => created_fact(created),
        Event::InstanceModified { .. }
        | Event::InstanceMigrated(_)
        | Event::InstanceCanceling
        | Event::InstanceCompleted
        | Event::InstanceTerminated => change_fact(event, names),
        Event::KeysReserved { first, count } => {
            about("keysReserved", *first, format!("{count} keys"))
        }
        Event::ElementEntered { .. }
        | Event::ElementPassed { .. }
        | Event::ElementCompleted { .. }
        | Event::ElementTerminated { .. }
        | Event::TokenParked { .. }
        | Event::TokensJoined { .. }
        | Event::ResetAwaited { .. }
        | Event::ResetReached { .. }
        | Event::AdHocEntered { .. }
        | Event::AdHocDone { .. }
        | Event::ActivationQueued { .. }
        | Event::ActivationTaken { .. }
        | Event::ActivationsDropped { .. }
        | Event::CompletionRemembered { .. }
        | Event::CompensationTriggered { .. }
        | Event::CompensationStarted { .. }
        | Event::CompensationInherited { .. }
        | Event::VariablesSet { .. } => element_fact(event, names),
        Event::JobCreated { .. }
        | Event::JobLeased { .. }
        | Event::JobCompleted { .. }
        | Event::JobFailed { .. }
        | Event::JobErrorThrown { .. }
        | Event::JobRetriesSet { .. }
        | Event::JobCanceled { .. } => job_fact(event),
        Event::UserTaskTransition { .. }
        | Event::UserTaskDenied { .. }
        | Event::UserTaskCreated { .. }
        | Event::UserTaskUpdated { .. }
        | Event::UserTaskCompleted { .. }
        | Event::UserTaskCanceled { .. }
        | Event::IncidentRaised { .. }
        | Event::IncidentResolved { .. } => person_fact(event),
        Event::DecisionEvaluated { owner, evaluation } => {
            about("decisionEvaluated", *owner, decided(evaluation))
        }
        Event::InstanceCalled { .. }
        | Event::InstanceReturned { .. }
        | Event::CallCanceled { .. }
        | Event::Cancellation(_) => call_fact(event),
        Event::StepsKept(steps) => {
            of_all("stepsKept", format!("{} steps wait for the incident", steps.len()))
        }
        Event::KeptStepsTaken => of_all("keptStepsTaken", String::new()),
        Event::KeptStepsDropped(scope) => about("keptStepsDropped", *scope, ""),
        Event::InstanceSuspended(_)
        | Event::InstanceResumed
        | Event::InputHeld(_)
        | Event::HeldInputTaken => super::suspension::fact(event),
        Event::LoopEntered { .. } | Event::LoopOutput { .. } => loop_fact(event),
        Event::PolicyTimerSet { .. }
        | Event::StepOverdue { .. }
        | Event::StepReminded { .. }
        | Event::StepSlow { .. }
        | Event::ElementDetached { .. } => policy_fact(event),
        Event::TimerSet { .. }
        | Event::TimerFired { .. }
        | Event::TimerCanceled { .. }
        | Event::SubscriptionOpened { .. }
        | Event::SubscriptionCorrelated { .. }
        | Event::SubscriptionClosed { .. }
        | Event::ConditionOpened { .. }
        | Event::ConditionMet { .. }
        | Event::ConditionClosed { .. }
        | Event::CorrelationRefused { .. } => wait_fact(event, names),
    }
}

fn change_fact(event: &Event, names: &Names) -> Fact {
    let fact = |kind, detail| Fact { kind, key: None, detail };
    match event {
        Event::InstanceModified { activated, terminated } => {
            let ids: Vec<_> = activated.iter().map(|element| names.id(*element)).collect();
            let begins = if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") };
            let ends = terminated.len();
            fact(
                "instanceModified",
                format!("begins: {begins}; element instances that end: {ends}"),
            )
        }
        Event::InstanceMigrated(migrated) => {
            let detail = format!("to {} version {}", migrated.process_id, migrated.version);
            fact("instanceMigrated", detail)
        }
        Event::InstanceCompleted => fact("instanceCompleted", String::new()),
        Event::InstanceCanceling => fact("instanceCanceling", String::new()),
        Event::InstanceTerminated => fact("instanceTerminated", String::new()),
        _ => unknown(),
    }
}

fn element_fact(event: &Event, names: &Names) -> Fact {
    let by = |via: &Option<u32>| match via {
        Some(flow) => format!("by {}", names.id(*flow)),
        None => String::new(),
    };
    match event {
        Event::ElementEntered { key, via, .. } => about("elementEntered", *key, by(via)),
        Event::ElementPassed { key, via, .. } => about("elementPassed", *key, by(via)),
        Event::ElementCompleted { key } => about("elementCompleted", *key, ""),
        Event::ElementTerminated { key } => about("elementTerminated", *key, ""),
        Event::TokenParked { scope, flow } => {
            about("tokenParked", *scope, format!("a token waits at the end of {}", names.id(*flow)))
        }
        Event::TokensJoined { scope, flows } => {
            let flows: Vec<_> = flows.iter().map(|flow| names.id(*flow)).collect();
            about("tokensJoined", *scope, flows.join(", "))
        }
        Event::ResetAwaited { scope, gateway, .. } => {
            about("resetAwaited", *scope, names.id(*gateway))
        }
        Event::AdHocEntered { owner } => about("adHocEntered", *owner, ""),
        Event::AdHocDone { owner } => about("adHocDone", *owner, ""),
        Event::ActivationQueued { owner, element, variables: _ } => {
            about("activationQueued", *owner, names.id(*element))
        }
        Event::ActivationTaken { owner } => about("activationTaken", *owner, ""),
        Event::ActivationsDropped { owner } => about("activationsDropped", *owner, ""),
        Event::ResetReached { scope, gateway } => about("resetReached", *scope, names.id(*gateway)),
        Event::CompletionRemembered { key } => about("completionRemembered", *key, ""),
        Event::CompensationTriggered { by, activities } => {
            about("compensationTriggered", *by, format!("of {} activities", activities.len()))
        }
        Event::CompensationStarted { key, activity, by: _ } => {
            about("compensationStarted", *key, format!("of {activity}"))
        }
        Event::CompensationInherited { scope: _, activity, element, .. } => {
            about("compensationInherited", *activity, names.id(*element))
        }
        Event::VariablesSet { scope, variables } => {
            let set: Vec<_> = variables.iter().map(|(name, _)| &**name).collect();
            about("variablesSet", *scope, set.join(", "))
        }
        _ => unknown(),
    }
}

fn job_fact(event: &Event) -> Fact {
    match event {
        Event::JobCreated { job, owner: _, job_type, retries, extra } => {
            let mut detail = format!("type {job_type}, {retries} attempts");
            if let Some(listener) = extra.as_ref().and_then(|extra| extra.listener) {
                let _ = write!(detail, ", listens to {}", listener.event.model_name());
            }
            if extra.as_ref().is_some_and(|extra| extra.ad_hoc == Some(true)) {
                detail.push_str(", asks what is activated");
            }
            about("jobCreated", *job, detail)
        }
        Event::JobLeased { job, worker, until_ms } => {
            about("jobLeased", *job, format!("by {worker} until {}", WireTime(*until_ms)))
        }
        Event::JobCompleted { job } => about("jobCompleted", *job, ""),
        Event::JobFailed { job, retries, available_ms: _, message } => {
            about("jobFailed", *job, format!("attempts left: {retries}{}", after_colon(message)))
        }
        Event::JobErrorThrown { job, code, message } => {
            about("jobErrorThrown", *job, format!("{code}{}", after_colon(message)))
        }
        Event::JobRetriesSet { job, retries } => {
            about("jobRetriesSet", *job, format!("{retries} attempts"))
        }
        Event::JobCanceled { job } => about("jobCanceled", *job, ""),
        _ => unknown(),
    }
}

fn person_fact(event: &Event) -> Fact {
    match event {
        Event::UserTaskCreated { task, owner: _, details } => {
            let assignee = details.assignee.as_ref().map(|who| format!("for {who}"));
            about("userTaskCreated", *task, assignee.unwrap_or_default())
        }
        Event::UserTaskUpdated { task, details, action } => {
            let who = details.assignee.as_ref().map_or("nobody's".into(), |who| format!("{who}'s"));
            about("userTaskUpdated", *task, format!("{action}; now {who}"))
        }
        Event::UserTaskCompleted { task, action } => {
            about("userTaskCompleted", *task, action.to_string())
        }
        Event::UserTaskTransition { owner: _, transition } => {
            let who = transition.details.assignee.as_ref();
            let who = who.map_or("nobody's".into(), |who| format!("{who}'s"));
            let event = transition.event.model_name();
            about("userTaskTransition", transition.task, format!("{event}; to be {who}"))
        }
        Event::UserTaskDenied { owner: _, task, reason } => {
            about("userTaskDenied", *task, reason.to_string())
        }
        Event::UserTaskCanceled { task } => about("userTaskCanceled", *task, ""),
        Event::IncidentRaised { incident, owner: _, job: _, kind, stage: _, message } => {
            about("incidentRaised", *incident, format!("{}{}", kind.name(), after_colon(message)))
        }
        Event::IncidentResolved { incident } => about("incidentResolved", *incident, ""),
        _ => unknown(),
    }
}

fn call_fact(event: &Event) -> Fact {
    match event {
        Event::InstanceCalled { owner, instance } => {
            about("instanceCalled", *owner, format!("instance {instance}"))
        }
        Event::InstanceReturned { owner, instance, undoable: _ } => {
            about("instanceReturned", *owner, format!("instance {instance}"))
        }
        Event::CallCanceled { owner, instance } => {
            about("callCanceled", *owner, format!("instance {instance}"))
        }
        Event::Cancellation(fact) => cancellation_fact(fact),
        _ => unknown(),
    }
}

fn created_fact(created: &InstanceCreated) -> Fact {
    let mut detail = format!("{} version {}", created.process_id, created.version);
    if let Some(business_id) = &created.business_id {
        let _ = write!(detail, ", business id {business_id}");
    }
    if let Some(message) = &created.message {
        let _ = write!(detail, ", by the message {}", message.name);
    }
    if let Some(parent) = &created.parent {
        let _ = write!(detail, ", called by {}", parent.instance);
    }
    about("instanceCreated", created.instance, detail)
}

fn cancellation_fact(fact: &Cancellation) -> Fact {
    match fact {
        Cancellation::CallHeard { owner } => about("callHeard", *owner, ""),
        Cancellation::CallAwaited { owner, instance } => {
            let detail = format!("instance {instance}, whose end is waited for");
            about("callCanceled", *owner, detail)
        }
        Cancellation::CallUnheard { owner, instance } => {
            about("callCanceled", *owner, format!("instance {instance}, at once"))
        }
        Cancellation::Moved { scope, elements } => {
            let what = if elements.len() == 1 { "element" } else { "elements" };
            let detail = format!("waits for the cancellation of {} {what}", elements.len());
            about("cancelingMoved", *scope, detail)
        }
        Cancellation::Held { owner, .. } => {
            about("interruptionHeld", *owner, "until what it has ended was heard")
        }
        Cancellation::Released { owner } => about("interruptionReleased", *owner, ""),
    }
}

fn wait_fact(event: &Event, names: &Names) -> Fact {
    match event {
        Event::TimerSet { timer, owner: _, target, due_ms, repeats } => {
            let again = match repeats {
                0 => String::new(),
                -1 => ", then again and again".into(),
                repeats => format!(", then {repeats} times more"),
            };
            let due = WireTime(*due_ms);
            about("timerSet", *timer, format!("for {} at {due}{again}", names.id(*target)))
        }
        Event::TimerFired { timer } => about("timerFired", *timer, ""),
        Event::TimerCanceled { timer } => about("timerCanceled", *timer, ""),
        Event::SubscriptionOpened { subscription, name, correlation_key, .. } => {
            let detail = base::signal::of_slot(name).map_or_else(
                || format!("waits for {name} with the key `{correlation_key}`"),
                |signal| format!("waits for the signal {signal}"),
            );
            about("subscriptionOpened", *subscription, detail)
        }
        Event::SubscriptionCorrelated { subscription, message } => {
            about("subscriptionCorrelated", *subscription, format!("message {message}"))
        }
        Event::SubscriptionClosed { subscription } => {
            about("subscriptionClosed", *subscription, "")
        }
        Event::ConditionOpened { condition, target, .. } => {
            about("conditionOpened", *condition, format!("for {}", names.id(*target)))
        }
        Event::ConditionMet { condition } => about("conditionMet", *condition, ""),
        Event::ConditionClosed { condition } => about("conditionClosed", *condition, ""),
        Event::CorrelationRefused { subscription, message } => {
            let detail = format!("message {message} came too late and was sent on");
            about("correlationRefused", *subscription, detail)
        }
        _ => unknown(),
    }
}

fn loop_fact(event: &Event) -> Fact {
    match event {
        Event::LoopEntered { owner, total: Some(total), items: _ } => {
            about("loopEntered", *owner, format!("{total} times"))
        }
        Event::LoopEntered { owner, total: None, items: _ } => about("loopEntered", *owner, ""),
        Event::LoopOutput { owner, turn, output } => {
            let output = Text::from(output.as_str()).cut(VALUE_BYTES_MAX);
            about("loopOutput", *owner, format!("turn {turn} gave {output}"))
        }
        _ => unknown(),
    }
}

fn policy_fact(event: &Event) -> Fact {
    match event {
        Event::PolicyTimerSet { timer, purpose, due_ms, .. } => {
            let due = WireTime(*due_ms);
            about("policyTimerSet", *timer, format!("{} at {due}", purpose.name()))
        }
        Event::StepOverdue { owner } => about("stepOverdue", *owner, "the due date has passed"),
        Event::StepReminded { owner } => about("stepReminded", *owner, "a reminder is due"),
        Event::StepSlow { owner } => about("stepSlow", *owner, "takes longer than expected"),
        Event::ElementDetached { key } => {
            about("elementDetached", *key, "goes on; its work is a side effect")
        }
        _ => unknown(),
    }
}

/// Which rules of the decision itself matched, and what it gives.
fn decided(evaluation: &Evaluation) -> String {
    let mut said = format!("{} version {}", evaluation.id, evaluation.version);
    if let Some(failure) = &evaluation.failure {
        let _ = write!(said, " failed at {}{}", failure.decision_id, after_colon(&failure.message));
        return said;
    }
    let rules = evaluation.decisions.last().map_or(&[][..], |decision| &decision.rules);
    let rules: Vec<_> =
        rules.iter().take(RULES_NAMED_MAX).map(|rule| rule.index.to_string()).collect();
    if !rules.is_empty() {
        let _ = write!(said, ", rule {}", rules.join(", "));
    }
    match &evaluation.output {
        Some(output) => {
            let output = Text::from(output.as_str()).cut(VALUE_BYTES_MAX);
            let _ = write!(said, ": {output}");
        }
        None => said.push_str(": a value that was too large to be kept here"),
    }
    said
}

fn after_colon(message: &Text) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// The caller has matched every event by its kind before.
fn unknown() -> Fact {
    Fact { kind: "unknown", key: None, detail: String::new() }
}

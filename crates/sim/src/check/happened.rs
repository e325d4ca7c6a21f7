//! What instances have gone through beside their elements, counted for coverage.

use std::collections::BTreeMap;

use base::{Cancellation, ElementKey, Event, HeldInput, JobKey, ListenerEvent, Purpose, TimerKey};

use super::facts::Past;
use super::places::Places;
use crate::play::Play;

/// All that a run must have gone through.
pub(crate) const NAMES: &[&str] = &[
    "start listener",
    "end listener",
    "creating listener",
    "assigning listener",
    "updating listener",
    "completing listener",
    "canceling listener",
    "to end after an element",
    "interruption held",
    "several cancelled at once",
    "end of a call awaited",
    "denied",
    "corrected",
    "attempt timeout",
    "step timeout",
    "due date",
    "reminder",
    "slow step",
    "jittered retry",
    "side effect",
    "condition met",
    "complex start before all came",
    "complex reset",
    "ad-hoc condition",
    "ad-hoc activation",
    "ad-hoc job",
    "ad-hoc job withdrawn",
    "ad-hoc begun by a worker",
    "ad-hoc ended by a worker",
    "ad-hoc waits for its turn",
    "ad-hoc in a loop",
    "old version called by its deployment",
    "old version called by its tag",
    "old decision called",
    "suspended",
    "resumed",
    "job completed while suspended",
    "job failed while suspended",
    "error thrown while suspended",
    "task completed while suspended",
    "message while suspended",
    "suspended anew",
    "modified",
    "migrated",
];

/// What of one instance is still to be understood.
#[derive(Default)]
struct Course {
    timers: BTreeMap<TimerKey, Purpose>,
    completed: Option<JobKey>,
    /// Jobs of ad-hoc sub-processes, and in which of these a worker has just said something.
    asked: BTreeMap<JobKey, ElementKey>,
    told: Option<ElementKey>,
    /// How many inputs are held.
    holds: u64,
}

impl Play {
    pub(super) fn count_happened(&mut self, past: &Past) {
        let mut places = Places::default();
        let mut course = Course::default();
        let events = past.records.iter().flat_map(|record| {
            record.events.iter().enumerate().map(|(nth, event)| (record.at_ms, nth, event))
        });
        for (at_ms, nth, event) in events {
            places.read(event);
            course.told = course.told.filter(|_| nth > 0);
            let element = match event {
                Event::InstanceCreated(_) => Some(0),
                Event::ElementEntered { element, .. } | Event::ElementPassed { element, .. } => {
                    Some(*element)
                }
                _ => None,
            };
            if let (Some(element), Some(graph)) = (element, places.graph(&self.graphs)) {
                let node = graph.node(element);
                self.coverage.count("element", crate::model::name_of(node));
                if matches!(node.kind, bpmn::Kind::AdHoc(_)) && node.marker.is_some() {
                    self.coverage.count("happened", "ad-hoc in a loop");
                }
            }
            if let Some(name) = course.name_of(event) {
                self.coverage.count("happened", name);
            }
            if let Event::JobFailed { job, retries: 1.., available_ms, .. } = event
                && let Some(node) = places.step(&self.graphs, *job)
                && let Some(retry) = node.policy.as_ref().and_then(|policy| policy.retry.as_ref())
                && retry.jitter_millionths > 0
                && *available_ms > at_ms
            {
                self.coverage.count("happened", "jittered retry");
            }
        }
    }
}

impl Course {
    /// What of an ad-hoc sub-process, unless it is something else.
    fn ad_hoc(&mut self, event: &Event) -> Option<&'static str> {
        Some(match event {
            Event::JobCreated { job, owner, extra, .. }
                if extra.as_ref().is_some_and(|extra| extra.ad_hoc == Some(true)) =>
            {
                self.asked.insert(*job, *owner);
                "ad-hoc job"
            }
            Event::JobCanceled { job } if self.asked.contains_key(job) => "ad-hoc job withdrawn",
            Event::ElementEntered { scope, .. } if self.told == Some(*scope) => {
                "ad-hoc begun by a worker"
            }
            Event::AdHocDone { owner } if self.told == Some(*owner) => "ad-hoc ended by a worker",
            Event::AdHocDone { .. } => "ad-hoc condition",
            Event::ActivationQueued { .. } => "ad-hoc waits for its turn",
            _ => return None,
        })
    }

    fn name_of(&mut self, event: &Event) -> Option<&'static str> {
        if let Some(name) = self.ad_hoc(event) {
            return Some(name);
        }
        let answered = self.completed.take();
        Some(match event {
            Event::JobCreated { extra, .. } => {
                let listener = extra.as_ref()?.listener?;
                listener_name(listener.event)
            }
            Event::UserTaskDenied { .. } => "denied",
            Event::InstanceCreated(created) if created.ends_after.is_some() => {
                "to end after an element"
            }
            Event::Cancellation(Cancellation::Released { .. }) => "interruption held",
            Event::Cancellation(Cancellation::Moved { elements, .. }) if elements.len() > 1 => {
                "several cancelled at once"
            }
            Event::Cancellation(Cancellation::CallAwaited { .. }) => "end of a call awaited",
            Event::JobCompleted { job } => {
                self.completed = Some(*job);
                self.told = self.asked.get(job).copied();
                return None;
            }
            // Said again by a listener that has just answered.
            Event::UserTaskTransition { .. } if answered.is_some() => "corrected",
            Event::PolicyTimerSet { timer, purpose, .. } => {
                self.timers.insert(*timer, *purpose);
                return None;
            }
            Event::TimerFired { timer } => match self.timers.get(timer)? {
                Purpose::Timeout => "step timeout",
                Purpose::Attempt => "attempt timeout",
                Purpose::DueDate => "due date",
                Purpose::Reminder => "reminder",
                Purpose::Expected => "slow step",
            },
            Event::ElementDetached { .. } => "side effect",
            Event::ConditionMet { .. } => "condition met",
            Event::ResetAwaited { .. } => "complex start before all came",
            Event::ResetReached { .. } => "complex reset",
            Event::InstanceSuspended(_) if self.holds > 0 => "suspended anew",
            Event::InstanceSuspended(_) => "suspended",
            Event::InstanceResumed => "resumed",
            Event::InputHeld(input) => {
                self.holds += 1;
                held_name(input)?
            }
            Event::HeldInputTaken => {
                self.holds -= 1;
                return None;
            }
            Event::InstanceModified { .. } => "modified",
            Event::InstanceMigrated(_) => "migrated",
            _ => return None,
        })
    }
}

fn listener_name(event: ListenerEvent) -> &'static str {
    match event {
        ListenerEvent::Start => "start listener",
        ListenerEvent::End => "end listener",
        ListenerEvent::Creating => "creating listener",
        ListenerEvent::Assigning => "assigning listener",
        ListenerEvent::Updating => "updating listener",
        ListenerEvent::Completing => "completing listener",
        ListenerEvent::Canceling => "canceling listener",
    }
}

fn held_name(input: &HeldInput) -> Option<&'static str> {
    Some(match input {
        HeldInput::JobCompleted { .. } => "job completed while suspended",
        HeldInput::JobFailed { .. } => "job failed while suspended",
        HeldInput::ErrorThrown { .. } => "error thrown while suspended",
        HeldInput::TaskCompleted { .. } => "task completed while suspended",
        HeldInput::Message { .. } => "message while suspended",
        HeldInput::AdHocAnswered { .. } => "ad-hoc job answered while suspended",
        HeldInput::ElementsActivated { .. } => "ad-hoc activation while suspended",
        HeldInput::ListenerAnswered { .. } => "listener answered while suspended",
        // Too rare in random worlds to be asked for; a story has it.
        HeldInput::CalledEnded { .. } => return None,
    })
}

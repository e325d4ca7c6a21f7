//! What instances have gone through beside their elements, counted for coverage.

use std::collections::BTreeMap;

use base::{Event, HeldInput, JobKey, Purpose, TimerKey};

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
    /// How many inputs are held.
    holds: u64,
}

impl Play {
    pub(super) fn count_happened(&mut self, past: &Past) {
        let mut places = Places::default();
        let mut course = Course::default();
        for (at_ms, event) in past.events() {
            places.read(event);
            let element = match event {
                Event::InstanceCreated(_) => Some(0),
                Event::ElementEntered { element, .. } | Event::ElementPassed { element, .. } => {
                    Some(*element)
                }
                _ => None,
            };
            if let (Some(element), Some(graph)) = (element, places.graph(&self.graphs)) {
                self.coverage.count("element", crate::model::name_of(graph.node(element)));
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
    fn name_of(&mut self, event: &Event) -> Option<&'static str> {
        let answered = self.completed.take();
        Some(match event {
            Event::JobCreated { extra, .. } => {
                let listener = extra.as_ref()?.listener?;
                match listener.event {
                    base::ListenerEvent::Start => "start listener",
                    base::ListenerEvent::End => "end listener",
                    base::ListenerEvent::Creating => "creating listener",
                    base::ListenerEvent::Assigning => "assigning listener",
                    base::ListenerEvent::Updating => "updating listener",
                    base::ListenerEvent::Completing => "completing listener",
                    base::ListenerEvent::Canceling => "canceling listener",
                }
            }
            Event::UserTaskDenied { .. } => "denied",
            Event::JobCompleted { job } => {
                self.completed = Some(*job);
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
            Event::AdHocDone { .. } => "ad-hoc condition",
            Event::InstanceSuspended(_) if self.holds > 0 => "suspended anew",
            Event::InstanceSuspended(_) => "suspended",
            Event::InstanceResumed => "resumed",
            Event::InputHeld(input) => {
                self.holds += 1;
                match &**input {
                    HeldInput::JobCompleted { .. } => "job completed while suspended",
                    HeldInput::JobFailed { .. } => "job failed while suspended",
                    HeldInput::ErrorThrown { .. } => "error thrown while suspended",
                    HeldInput::TaskCompleted { .. } => "task completed while suspended",
                    HeldInput::Message { .. } => "message while suspended",
                    HeldInput::AdHocAnswered { .. } => "ad-hoc job answered while suspended",
                    HeldInput::ElementsActivated { .. } => "ad-hoc activation while suspended",
                    HeldInput::ListenerAnswered { .. } => "listener answered while suspended",
                }
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

//! What our own reading of a log has left over, against the fold of the engine.

use std::collections::BTreeMap;

use base::JobKey;

use super::facts::Past;
use super::past::{Read, Reading};

impl Reading {
    /// What is left over must be what the engine's fold has.
    pub(super) fn compare(&self, past: &Past, clock_jumped: bool) -> Read {
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
        if past.live() {
            self.compare_canceled(state)?;
        }
        if past.live() && self.outstays() {
            return Err(("runtime", "it lives on after the element after which it ends".into()));
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
        let held: Vec<_> =
            state.suspension().into_iter().flat_map(|it| &it.held).map(|it| &it.input).collect();
        if past.live() && !held.iter().copied().eq(&self.held) {
            return differs("held inputs", format!("{:?}", self.held), format!("{held:?}"));
        }
        if past.live() && state.is_suspended() != self.suspended() {
            return differs("suspension", self.suspended().to_string(), format!("{state:?}"));
        }
        // At rest nothing waits for a turn that never comes. After a restart, one may be due later
        // by a clock that was set back.
        if past.live() && !self.suspended() && !self.held.is_empty() && !clock_jumped {
            return Err(("held", format!("it was resumed and still holds {:?}", self.held)));
        }
        self.compare_waits(past)
    }

    fn compare_waits(&self, past: &Past) -> Read {
        let state = &past.state;
        let differs = |what: &str, ours: String, theirs: String| {
            Err(("fold", format!("its {what} are {theirs}, but its log says {ours}")))
        };
        let timers: BTreeMap<_, _> = state
            .timers()
            .iter()
            .map(|(key, at)| {
                let target = (!state.policy_timers().contains_key(key)).then_some(at.target);
                (*key, (at.owner, at.due_ms, target))
            })
            .collect();
        if timers != self.timers {
            return differs("timers", format!("{:?}", self.timers), format!("{timers:?}"));
        }
        let open: BTreeMap<_, _> = state
            .subscriptions()
            .iter()
            .map(|(key, at)| (*key, (at.owner, at.target, at.once)))
            .collect();
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
        let conditions: BTreeMap<_, _> = state
            .conditions()
            .iter()
            .map(|(key, at)| (*key, (at.owner, at.target, at.once)))
            .collect();
        if conditions != self.conditions {
            let ours = format!("{:?}", self.conditions);
            return differs("conditions", ours, format!("{conditions:?}"));
        }
        let incidents: BTreeMap<_, _> =
            state.incidents().iter().map(|(key, at)| (*key, (at.owner, at.job))).collect();
        if incidents != self.incidents {
            return differs("incidents", format!("{:?}", self.incidents), format!("{incidents:?}"));
        }
        self.compare_tokens(past)
    }

    fn compare_tokens(&self, past: &Past) -> Read {
        let state = &past.state;
        let differs = |what: &str, ours: String, theirs: String| {
            Err(("fold", format!("its {what} are {theirs}, but its log says {ours}")))
        };
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
            .chain(self.timers.values().map(|(owner, _, _)| *owner))
            .chain(self.subscriptions.values().map(|(owner, _, _)| *owner))
            .chain(self.tasks.values().map(|(owner, _)| *owner))
            .chain(self.conditions.values().map(|(owner, _, _)| *owner))
            .chain(self.incidents.values().map(|(owner, _)| *owner));
        for owner in owners {
            if self.ended || !self.elements.contains_key(&owner) {
                return Err(("log", format!("something waits for {owner}, which does not live")));
            }
        }
        Ok(())
    }
}

//! What operators have changed: elements that ended or began, other definitions, what is deleted.

use base::{Event, HeldInput, RejectionKind, Reply, Stage, Variables};

use super::Checked;
use super::facts::{Facts, Past};
use super::wishes::token_of;
use crate::clients::{What, Wish};
use crate::play::{Play, wrong};

fn token_in(variables: &Variables) -> Option<u64> {
    variables.iter().find_map(|(name, _)| token_of(name))
}

/// The token of an answer that waits. A message may go to somebody else afterwards.
pub(super) fn token_of_held(input: &HeldInput) -> Option<u64> {
    match input {
        HeldInput::JobCompleted { variables, .. }
        | HeldInput::TaskCompleted { variables, .. }
        | HeldInput::AdHocAnswered { variables, .. } => token_in(variables),
        HeldInput::ElementsActivated { elements, .. } => {
            elements.iter().find_map(|one| token_in(&one.variables))
        }
        HeldInput::ListenerAnswered { denied, details, .. } => {
            denied.as_ref().or(details.assignee.as_ref()).and_then(|said| token_of(said))
        }
        HeldInput::JobFailed { message, .. } | HeldInput::ErrorThrown { message, .. } => {
            token_of(message)
        }
        HeldInput::Message { .. } | HeldInput::CalledEnded { .. } => None,
    }
}

/// The token of what came and has no effect yet: it is held, or waits for its turn.
pub(super) fn token_that_waits(event: &Event) -> Option<u64> {
    match event {
        Event::InputHeld(input) => token_of_held(input),
        Event::ActivationQueued { variables, .. } => token_in(variables),
        _ => None,
    }
}

/// Whether it is a listener's answer that corrects a task, or agrees.
pub(super) fn corrects(input: &HeldInput) -> bool {
    matches!(input, HeldInput::ListenerAnswered { denied: None, .. })
}

/// Why a migration to a version with the same elements may be refused.
const REFUSALS: &[&str] = &[
    "it is suspended",
    "compensates what completed in",
    "it was cancelled and ends when its canceling",
];

impl Past {
    /// An event could not be waited for once.
    fn listened_in_vain(&self) -> bool {
        self.events().any(|(_, event)| {
            matches!(event, Event::IncidentRaised { stage: Stage::Listening { .. }, .. })
        })
    }
}

impl Play {
    pub(super) fn check_change(wish: &Wish, facts: &Facts) -> Result<(), String> {
        match &wish.what {
            What::Modify { ended: Some(ended), .. } if !wish.replies.is_empty() => {
                let lives = |past: &Past| past.state.element(*ended).is_some();
                match facts.instances.iter().find(|past| past.live() && lives(past)) {
                    Some(past) => Err(format!("{ended} lives in {}", past.row.instance)),
                    None => Ok(()),
                }
            }
            What::Evaluate => {
                for reply in &wish.replies {
                    let Reply::Conditions { started, .. } = reply else { continue };
                    let lost = started.iter().find(|created| {
                        let past = facts.known(created.instance);
                        past.is_none_or(|past| past.first_definition() != created.definition)
                    });
                    if let Some(lost) = lost {
                        return Err(format!("{lost:?} is not in the store"));
                    }
                }
                Ok(())
            }
            What::Answer { job } if !wish.replies.is_empty() => {
                let done = |event: &Event| match event {
                    Event::JobCompleted { job: of } => of == job,
                    Event::InputHeld(input) => input.answers() == Some(job.0),
                    _ => false,
                };
                if facts.all().any(|past| past.events().any(|(_, event)| done(event))) {
                    return Ok(());
                }
                Err("the listener is not done".into())
            }
            What::Migrate { instance, target } => {
                for (kind, why) in &wish.rejections {
                    let known = *kind == RejectionKind::NotFound
                        || REFUSALS.iter().any(|reason| why.contains(reason));
                    if !known {
                        return Err(format!("the same elements are refused: {why}"));
                    }
                }
                for reply in &wish.replies {
                    let Reply::Migrated(report) = reply else { continue };
                    // All that was waited for is waited for, by its new name.
                    if !report.closed.is_empty() {
                        return Err(format!("something was lost: {report:?}"));
                    }
                    // What could not be waited for before is tried again.
                    let past = facts.known(*instance);
                    let tried = past.is_some_and(Past::listened_in_vain);
                    if !report.opened.is_empty() && !tried {
                        return Err(format!("something is waited for twice: {report:?}"));
                    }
                    let there = |event: &Event| match event {
                        Event::InstanceMigrated(migrated) => migrated.definition == *target,
                        _ => false,
                    };
                    if !past.is_some_and(|past| past.events().any(|(_, event)| there(event))) {
                        return Err("its log says nothing of it".into());
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Nothing is left of what was deleted, all else is there, and nothing is started of a deleted
    /// version.
    pub(super) fn check_deleted(&mut self, facts: &Facts) -> Checked {
        let mut reader = self.reader();
        let read = |fault: store::Fault| wrong("deleted")(fault.to_string());
        for wish in self.clients.wishes.values() {
            let What::Delete { instance } = wish.what else { continue };
            if wish.replies.is_empty() {
                continue;
            }
            self.coverage.count("check", "deleted");
            let of_it = self.archive.iter().filter(|(key, past)| {
                **key == instance || past.row.parent.is_some_and(|parent| parent.root == instance)
            });
            let mut keys: Vec<_> = of_it.map(|(key, _)| *key).collect();
            keys.push(instance);
            for key in keys {
                let left = reader.instance(key).map_err(read)?.is_some()
                    || !reader.log(key, 0, 1).map_err(read)?.is_empty()
                    || reader.state(key).map_err(read)?.is_some();
                if left || facts.past(key).is_some() {
                    return Err(wrong("deleted")(format!("something of {key} is left")));
                }
            }
        }
        for past in facts.all().filter(|past| past.state.header().undoes.is_none()) {
            let started_ms = past.row.started_ms;
            let retired = self.clients.retired.get(&past.first_definition());
            if retired.is_some_and(|at_ms| started_ms > *at_ms) && !self.clock_jumped {
                let what = format!("{} was started of a deleted version", past.row.instance);
                return Err(wrong("deleted")(what));
            }
        }
        Ok(())
    }
}

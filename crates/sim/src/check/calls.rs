//! Calls between instances: who waits for a called instance, and whom it answers to.

use std::collections::BTreeSet;

use base::{Cancellation, Event, InstanceKey, InstanceState};

use super::Checked;
use super::facts::{Facts, Past};
use crate::play::{Play, wrong};

impl Play {
    /// What was called and has completed is compensated at most once, by an instance of the same
    /// definition that the same instance has called.
    fn check_undone(&mut self, facts: &Facts) -> Checked {
        let mut undone = BTreeSet::new();
        for past in &facts.instances {
            let header = past.state.header();
            let Some(undoes) = header.undoes else { continue };
            // Too rare in random worlds to be asked for; stories have it (`tests/it/undone_calls`).
            self.coverage.count("check", "undone calls");
            let old = facts.past(undoes).map(|old| old.state.header());
            let caller = |header: &instance::Header| header.parent.map(|parent| parent.instance);
            let same = old.is_some_and(|old| {
                old.definition == header.definition && caller(old) == caller(header)
            });
            let completed =
                facts.past(undoes).is_some_and(|past| past.row.state == InstanceState::Completed);
            if !same || !completed || !undone.insert(undoes) {
                let what = format!("{} undoes {undoes}, which is {old:?}", past.row.instance);
                return Err(wrong("undone calls")(what));
            }
        }
        Ok(())
    }

    /// A called instance lives exactly as long as its caller waits for it, or until its canceling
    /// listeners are done; its result is taken once.
    pub(super) fn check_calls(&mut self, facts: &Facts) -> Checked {
        self.check_undone(facts)?;
        let wrong = |what: String| Err(wrong("calls")(what));
        for past in &facts.instances {
            let (instance, parent) = (past.row.instance, past.state.header().parent);
            if past.row.parent != parent {
                return wrong(format!("the row {:?} is of {parent:?}", past.row));
            }
            for (owner, called) in past.state.calls() {
                self.coverage.count("check", "calls");
                let child = facts.past(*called);
                let fits = child.is_some_and(|child| {
                    let parent = child.state.header().parent;
                    child.live()
                        && parent.is_some_and(|parent| {
                            (parent.instance, parent.element) == (instance, *owner)
                        })
                });
                if !fits {
                    return wrong(format!("{owner} in {instance} waits in vain for {called}"));
                }
            }
            check_awaited(past, facts)?;
            let Some(parent) = parent else { continue };
            let Some(above) = facts.past(parent.instance) else {
                return wrong(format!("{instance} was called by nobody: {parent:?}"));
            };
            if parent.root != above.state.root_instance() {
                return wrong(format!("{instance} has another root than its caller"));
            }
            let waits = above.state.calls().get(&parent.element) == Some(&instance);
            if past.live() && past.state.ends_soon() && !waits {
                // Its caller has ended the call and goes on; it waits for its listeners alone.
                self.coverage.count("check", "calls that end later");
                continue;
            }
            if past.live() && above.state.is_suspended() && !past.state.is_suspended() {
                return wrong(format!("{instance} goes on, and its caller is suspended"));
            }
            if past.live() != waits {
                return wrong(format!("{instance} lives: {}, wanted: {waits}", past.live()));
            }
            let told = above.events().find_map(|(_, event)| told_of(instance, event));
            // Whether it is suspended is its row's to say (`rows`).
            let ended = Some(past.row.state).filter(|_| !past.live());
            if told != ended {
                return wrong(format!(
                    "{instance} is {:?}, its caller says {told:?}",
                    past.row.state
                ));
            }
        }
        Ok(())
    }
}

/// What an instance says of the end of one that it has called.
fn told_of(called: InstanceKey, event: &Event) -> Option<InstanceState> {
    match event {
        Event::InstanceReturned { instance, .. } if *instance == called => {
            Some(InstanceState::Completed)
        }
        Event::CallCanceled { instance, .. }
        | Event::Cancellation(
            Cancellation::CallAwaited { instance, .. } | Cancellation::CallUnheard { instance, .. },
        ) if *instance == called => Some(InstanceState::Terminated),
        _ => None,
    }
}

/// A called instance whose end is waited for is ending. While its caller is suspended, that it has
/// ended is held.
fn check_awaited(past: &Past, facts: &Facts) -> Checked {
    for (owner, called) in past.state.awaited_calls() {
        let child = facts.past(called);
        let ends = child.is_some_and(|child| child.live() && child.state.ends_soon());
        if past.live() && !ends && !past.state.holds_inputs() {
            let instance = past.row.instance;
            let what = format!("{owner} in {instance} waits in vain for {called} to end");
            return Err(wrong("calls")(what));
        }
    }
    Ok(())
}

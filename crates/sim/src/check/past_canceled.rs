//! The part of a log that is about what has ended but for those who hear of it, and about what waits
//! for them: read as the rest in `past`.

use std::collections::{BTreeMap, BTreeSet};

use base::{Cancellation, ElementKey, InstanceKey, ListenerEvent};
use instance::Instance;

use super::past::{Read, Reading};

/// What of it stands, by our own reading.
#[derive(Debug, Default)]
pub(super) struct Canceled {
    /// Ended for all but that.
    elements: BTreeSet<ElementKey>,
    /// Those of them that wait for an instance that they have called.
    pub(super) calls: BTreeMap<ElementKey, InstanceKey>,
    /// What has taken the place of some, and does not go on yet.
    held: BTreeSet<ElementKey>,
    /// The elements after which the instance is to end.
    pub(super) end_after: BTreeSet<u32>,
    /// One of them has ended.
    over: bool,
    /// It is being cancelled.
    pub(super) ends: bool,
}

impl Reading {
    /// Something is about to happen to a user task.
    pub(super) fn read_transition(&mut self, owner: ElementKey, event: ListenerEvent) -> Read {
        self.lives(owner)?;
        if event == ListenerEvent::Canceling {
            self.outlives(owner);
        }
        Ok(())
    }

    pub(super) fn read_cancellation(&mut self, fact: &Cancellation) -> Read {
        let wrong = |what: String| Err(("interruptions", what));
        match fact {
            Cancellation::CallHeard { owner } => {
                if !self.calls.contains_key(owner) {
                    return wrong(format!("{owner} is heard and calls nobody"));
                }
            }
            Cancellation::CallAwaited { owner, instance } => {
                self.ends_call(*owner, *instance)?;
                self.outlives(*owner);
                self.canceled.calls.insert(*owner, *instance);
            }
            Cancellation::CallUnheard { owner, instance } => self.ends_call(*owner, *instance)?,
            Cancellation::Moved { scope, elements } => {
                self.lives(*scope)?;
                for key in elements {
                    self.lives(*key)?;
                    if !self.canceled.elements.contains(key) {
                        return wrong(format!("{key} moves and was not cancelled"));
                    }
                    if let Some((_, of)) = self.elements.get_mut(key) {
                        *of = *scope;
                    }
                }
            }
            Cancellation::Held { owner, .. } => {
                self.lives(*owner)?;
                if self.canceled_in(*owner) == 0 || !self.canceled.held.insert(*owner) {
                    return wrong(format!("{owner} waits for nothing, or twice"));
                }
            }
            Cancellation::Released { owner } => {
                self.lives(*owner)?;
                if self.canceled_in(*owner) > 0 || !self.canceled.held.remove(owner) {
                    return wrong(format!("{owner} goes on too early, or twice"));
                }
            }
        }
        Ok(())
    }

    fn ends_call(&mut self, owner: ElementKey, instance: InstanceKey) -> Read {
        let waited = self.calls.remove(&owner).or_else(|| self.canceled.calls.remove(&owner));
        if waited == Some(instance) {
            return Ok(());
        }
        Err(("calls", format!("{owner} ends the call of {instance} and does not wait for it")))
    }

    fn canceled_in(&self, scope: ElementKey) -> usize {
        self.canceled.elements.iter().filter(|key| self.elements[*key].1 == scope).count()
    }

    /// The first time it goes to the root scope; a listener may say the same again.
    fn outlives(&mut self, owner: ElementKey) {
        let root = self.elements.keys().next().copied();
        if let (Some(root), Some((_, scope))) = (root, self.elements.get_mut(&owner))
            && self.canceled.elements.insert(owner)
        {
            *scope = root;
        }
    }

    /// An element has ended, perhaps the one after which the instance does; not if it is a turn or an
    /// activation of the element around it.
    pub(super) fn passes(&mut self, element: u32, scope: ElementKey) {
        let part = self.elements.get(&scope).is_some_and(|(around, _)| *around == element);
        self.canceled.over |= !part && self.canceled.end_after.contains(&element);
    }

    /// Whether it should have ended, or be about to.
    pub(super) fn outstays(&self) -> bool {
        self.canceled.over && !self.canceled.ends
    }

    /// It ends. What is held ends without having gone on only when it is terminated.
    pub(super) fn forget_canceled(&mut self, key: ElementKey, completed: bool) -> Read {
        self.canceled.elements.remove(&key);
        self.canceled.calls.remove(&key);
        if self.canceled.held.remove(&key) && completed {
            return Err(("interruptions", format!("{key} is done before what it has ended")));
        }
        Ok(())
    }

    /// Nothing begins in what is held.
    pub(super) fn begins_in(&self, scope: ElementKey) -> Read {
        if self.canceled.held.contains(&scope) {
            return Err(("interruptions", format!("something begins in {scope}, which is held")));
        }
        Ok(())
    }

    /// What is left is what the fold has, and each that is held waits for something.
    pub(super) fn compare_canceled(&self, state: &Instance) -> Read {
        let differs = |key: &&ElementKey| {
            let ours = &self.canceled;
            state.is_canceling(**key) != ours.elements.contains(*key)
                || state.held_interruption(**key).is_some() != ours.held.contains(*key)
                || state.awaited_call(**key) != ours.calls.get(*key).copied()
        };
        if let Some(key) = state.elements().keys().find(differs) {
            return Err(("fold", format!("{key}: its log says {:?}", self.canceled)));
        }
        match self.canceled.held.iter().find(|key| self.canceled_in(**key) == 0) {
            Some(key) => Err(("interruptions", format!("{key} is held and waits for nothing"))),
            None => Ok(()),
        }
    }
}

//! What has ended for all but the listeners to its cancellation; what waits for them; and instances
//! that end early.
//!
//! In:  a user task's element whose cancellation is listened to, or an activity whose called instance
//!      has such ones; what interrupted them; an instance that was cancelled; the end of an element
//!      after which the instance is to end.
//! Out: the element in another scope, where it waits for its listeners or its called instance: in what
//!      has interrupted it, which goes on when it is empty, or in a scope that ends later than it;
//!      that the instance is to end now.
//! Absent: the listeners' jobs, which are jobs as others.

use std::collections::{BTreeMap, BTreeSet};

use base::{Cancellation, ElementKey, InstanceKey, KeyBase, ListenerEvent, Variables};
use minicbor::{Decode, Encode};

use crate::owned::Owned;
use crate::state::{Instance, Status};

/// The elements after whose first end an instance is ended.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub(crate) struct EarlyEnd {
    /// Their positions in the definition's element table.
    #[n(0)]
    pub(crate) after: Vec<u32>,
    /// One of them has ended.
    #[n(1)]
    now: bool,
}

/// Interruptions that wait for who listens to them. Few instances have any.
#[derive(Clone, PartialEq, Debug, Default, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub(crate) struct Interruptions {
    /// What has interrupted something and does not go on yet: the variables of its trigger.
    #[n(0)]
    held: BTreeMap<ElementKey, Variables>,
    /// Activities whose call was cancelled, and which end when the called instance has.
    #[n(1)]
    calls: BTreeMap<ElementKey, InstanceKey>,
    /// Activities that wait for a called instance in which somebody may listen to its cancellation.
    #[n(2)]
    heard: BTreeSet<ElementKey>,
}

impl Interruptions {
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.calls.is_empty() && self.heard.is_empty()
    }
}

impl EarlyEnd {
    pub(crate) fn after(elements: Option<&[u32]>) -> Option<Box<Self>> {
        elements.map(|after| Box::new(Self { after: after.to_vec(), now: false }))
    }
}

impl Instance {
    /// Whether it was cancelled and ends when its last listeners are done.
    pub fn ends_soon(&self) -> bool {
        self.canceling == Some(true)
    }

    /// How many user tasks' listeners and called instances it waits for, if it ends soon: nothing else
    /// is left in it.
    pub fn canceling_tasks(&self) -> u32 {
        let root = self.elements.get(&self.header.instance.root());
        root.filter(|_| self.ends_soon()).map_or(0, |root| root.children)
    }

    /// The elements after whose first end it is ended.
    pub fn ends_after(&self) -> &[u32] {
        self.early_end.as_ref().map_or(&[], |early| &early.after)
    }

    /// Whether one of them has ended, and it lives on.
    pub fn ends_now(&self) -> bool {
        let now = self.early_end.as_ref().is_some_and(|early| early.now);
        now && self.status == Status::Active && !self.ends_soon()
    }

    /// An element in this scope has ended: perhaps the instance ends with it. A turn of a loop or an
    /// activation in an ad-hoc sub-process is not yet the whole.
    pub(crate) fn look_for_end(&mut self, element: u32, scope: ElementKey) {
        let Some(early) = &mut self.early_end else { return };
        let is_part = self.elements.get(&scope).is_some_and(|scope| scope.element == element);
        early.now |= early.after.contains(&element) && !is_part;
    }

    /// Whether the element has ended for all but the listeners to its user task's cancellation, or to
    /// that of what it has called.
    pub fn is_canceling(&self, key: ElementKey) -> bool {
        let transition = self.elements.get(&key).and_then(|element| element.transition.as_ref());
        transition.is_some_and(|transition| transition.event == ListenerEvent::Canceling)
            || self.awaited_call(key).is_some()
    }

    /// The called instance whose end is all that the activity, which was cancelled, waits for.
    pub fn awaited_call(&self, key: ElementKey) -> Option<InstanceKey> {
        self.interruptions.as_ref()?.calls.get(&key).copied()
    }

    /// The called instance that the activity waits for: for its result, or only for its end.
    pub fn called_by(&self, key: ElementKey) -> Option<InstanceKey> {
        self.calls.get(&key).copied().or_else(|| self.awaited_call(key))
    }

    /// All such activities, with what they have called.
    pub fn awaited_calls(&self) -> impl Iterator<Item = (ElementKey, InstanceKey)> {
        let all = self.interruptions.iter().flat_map(|all| &all.calls);
        all.map(|(owner, called)| (*owner, *called))
    }

    /// Whether somebody may listen to the cancellation of the instance that the activity waits for.
    pub fn is_heard(&self, key: ElementKey) -> bool {
        self.interruptions.as_ref().is_some_and(|all| all.heard.contains(&key))
    }

    /// What came with the trigger of an interruption, if that waits for what moved into it.
    pub fn held_interruption(&self, key: ElementKey) -> Option<&Variables> {
        self.interruptions.as_ref()?.held.get(&key)
    }

    /// The activity waits for no called instance any more.
    pub(crate) fn call_is_over(&mut self, owner: ElementKey) {
        self.change_interruptions(|all| {
            all.heard.remove(&owner);
            all.calls.remove(&owner);
        });
    }

    /// The element is gone.
    pub(crate) fn forget_interruption(&mut self, key: ElementKey) {
        self.change_interruptions(|all| {
            all.held.remove(&key);
            all.calls.remove(&key);
            all.heard.remove(&key);
        });
    }

    /// All elements of which something is known here.
    pub(crate) fn interrupted(&self) -> impl Iterator<Item = &ElementKey> {
        let all = self.interruptions.iter();
        all.flat_map(|all| all.held.keys().chain(all.calls.keys()).chain(&all.heard))
    }

    fn change_interruptions(&mut self, change: impl FnOnce(&mut Interruptions)) {
        if let Some(all) = &mut self.interruptions {
            change(all);
            if all.is_empty() {
                self.interruptions = None;
            }
        }
    }

    pub(crate) fn evolve_cancellation(&mut self, fact: &Cancellation) {
        let lives = |owner: &ElementKey| self.elements.contains_key(owner);
        match fact {
            Cancellation::CallHeard { owner } if lives(owner) => {
                self.interruptions.get_or_insert_default().heard.insert(*owner);
            }
            Cancellation::CallAwaited { owner, instance } if lives(owner) => {
                self.calls.remove(owner);
                self.call_is_over(*owner);
                self.interruptions.get_or_insert_default().calls.insert(*owner, *instance);
                self.outlive(*owner);
            }
            Cancellation::CallUnheard { owner, instance: _ } => {
                self.calls.remove(owner);
                self.call_is_over(*owner);
            }
            Cancellation::Moved { scope, elements } => {
                for key in elements {
                    self.move_to(*key, *scope);
                }
            }
            Cancellation::Held { owner, variables } if lives(owner) => {
                let all = self.interruptions.get_or_insert_default();
                all.held.insert(*owner, variables.clone());
            }
            Cancellation::Released { owner } => {
                self.change_interruptions(|all| _ = all.held.remove(owner));
            }
            // Of what does not live.
            Cancellation::CallHeard { .. }
            | Cancellation::CallAwaited { .. }
            | Cancellation::Held { .. } => {}
        }
    }

    /// An element stays after the end of the scope that it is in: it goes to the root scope.
    pub(crate) fn outlive(&mut self, key: ElementKey) {
        self.end_turn(key, false);
        let root = self.header.instance.root();
        let Some(element) = self.elements.get_mut(&key) else { return };
        (element.turn, element.compensates) = (None, None);
        element.detached = Some(true);
        self.move_to(key, root);
    }

    /// Puts the element into another scope, if both live and nothing is turned round.
    fn move_to(&mut self, key: ElementKey, to: ElementKey) {
        if !self.elements.contains_key(&to) || to == key || key == self.header.instance.root() {
            return;
        }
        let Some(element) = self.elements.get_mut(&key) else { return };
        let from = std::mem::replace(&mut element.scope, to);
        self.index.remove(from, Owned::Child(key));
        self.index.add(to, Owned::Child(key));
        if let Some(from) = self.elements.get_mut(&from) {
            from.children = from.children.saturating_sub(1);
        }
        if let Some(to) = self.elements.get_mut(&to) {
            to.children += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Event, Record};

    use super::*;
    use crate::testing::{at, created, entered, folded, hex};

    fn until(elements: &[u32], more: Vec<Event>) -> Instance {
        let mut first = created();
        if let Event::InstanceCreated(created) = &mut first {
            created.ends_after = Some(elements.to_vec());
        }
        let mut events = vec![first];
        events.extend(more);
        Instance::replay(None, &[Record { at_ms: 1000, events }]).unwrap()
    }

    #[test]
    fn it_ends_with_the_first_of_its_elements_and_a_snapshot_keeps_its_bytes() {
        let (whole, part) = (ElementKey(at(1)), ElementKey(at(2)));
        let mut events = vec![entered(1, 4, 0), entered(2, 4, 1)];
        events.push(Event::ElementCompleted { key: part });
        let state = until(&[4, 9], events.clone());
        assert!(!state.ends_now(), "a part of it is not the whole");
        events.push(Event::ElementTerminated { key: whole });
        let state = until(&[4, 9], events.clone());
        assert!(state.ends_now() && !until(&[9], events.clone()).ends_now());
        assert_eq!(hex(&state), include_str!("../testdata/snapshot-ends.hex").trim());
        assert_eq!(Instance::from_bytes(&state.to_bytes(), state.key()), Ok(state.clone()));
        assert_eq!(state.check(state.key(), 10, 10), Ok(()));
        state.check(state.key(), 9, 9).expect_err("an element that is none");
        // When it is being ended already, nothing more is to be done.
        events.push(Event::InstanceCanceling);
        assert!(!until(&[4], events).ends_now());
        let passed = Event::ElementPassed { key: part, element: 9, scope: at(0).into(), via: None };
        assert!(until(&[4, 9], vec![passed]).ends_now());
    }

    /// A call that was cancelled and a task, which a boundary event has taken the place of; beside them
    /// an activity that calls.
    fn interrupted(more: Vec<Event>) -> Instance {
        let (owner, held) = (ElementKey(at(2)), ElementKey(at(5)));
        let (called, variables) = (at(70).into(), Variables::parse(r#"{"a":1}"#).unwrap());
        let calls = |key, instance| {
            let owner = ElementKey(at(key));
            let heard = Cancellation::CallHeard { owner };
            [Event::InstanceCalled { owner, instance }, Event::Cancellation(heard)]
        };
        let cancelled = [
            Event::Cancellation(Cancellation::CallAwaited { owner, instance: called }),
            Event::ElementTerminated { key: at(1).into() },
            entered(5, 7, 0),
            Event::Cancellation(Cancellation::Moved { scope: held, elements: vec![owner] }),
            Event::Cancellation(Cancellation::Held { owner: held, variables }),
        ];
        let mut events = vec![entered(1, 4, 0), entered(2, 5, 1), entered(3, 6, 0)];
        events.extend(calls(2, called));
        events.extend(calls(3, at(80).into()));
        events.extend(cancelled);
        events.extend(more);
        folded(events)
    }

    #[test]
    fn what_is_held_stands_around_what_it_waits_for_and_a_snapshot_keeps_its_bytes() {
        let (owner, held, other) = (ElementKey(at(2)), ElementKey(at(5)), ElementKey(at(3)));
        let state = interrupted(Vec::new());
        assert!(state.is_canceling(owner) && state.calls().len() == 1 && state.is_heard(other));
        let scopes: Vec<ElementKey> = state.scopes(owner).map(|(key, _)| key).collect();
        assert_eq!(scopes, [owner, held, state.key().root()]);
        assert_eq!(hex(&state), include_str!("../testdata/snapshot-interruptions.hex").trim());
        assert_eq!(Instance::from_bytes(&state.to_bytes(), state.key()), Ok(state.clone()));
        assert_eq!(state.check(state.key(), 10, 10), Ok(()));
        // Nothing is left of it when it has ended.
        let ended = interrupted(vec![
            Event::ElementTerminated { key: owner },
            Event::Cancellation(Cancellation::Released { owner: held }),
            Event::InstanceReturned { owner: other, instance: at(80).into(), undoable: None },
        ]);
        assert_eq!((ended.interruptions.as_ref(), ended.elements[&held].children), (None, 0));
        let ended = interrupted(vec![
            Event::ElementTerminated { key: owner },
            Event::ElementTerminated { key: held },
            Event::ElementTerminated { key: other },
        ]);
        assert_eq!(ended.interruptions, None);
    }

    #[test]
    fn a_log_that_makes_no_sense_turns_no_scope_round() {
        let (owner, held) = (ElementKey(at(2)), ElementKey(at(5)));
        let root = ElementKey(at(0));
        let stray = |scope, elements: &[ElementKey]| {
            let elements = elements.to_vec();
            Event::Cancellation(Cancellation::Moved { scope, elements })
        };
        let nothing = Cancellation::Held { owner: at(9).into(), variables: Variables::new() };
        let state = interrupted(vec![
            stray(owner, &[owner, root]),
            stray(at(9).into(), &[owner]),
            stray(root, &[at(9).into()]),
            Event::Cancellation(nothing),
            Event::Cancellation(Cancellation::CallHeard { owner: at(9).into() }),
        ]);
        assert_eq!(state, interrupted(Vec::new()));
        // What is around it cannot go into it, nor into itself: that would be a way without an end.
        let round = interrupted(vec![stray(owner, &[held])]);
        round.check(round.key(), 10, 10).expect_err("a scope in what it holds");
        assert!(round.scopes(owner).count() <= 3);
    }
}

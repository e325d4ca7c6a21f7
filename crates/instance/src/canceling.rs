//! What has ended for all but the listeners to its cancellation; and instances that end early.
//!
//! In:  a user task's element whose cancellation is listened to; an instance that was cancelled; the
//!      end of an element after which the instance is to end.
//! Out: the element in the root scope, where it waits for its listeners and nothing waits for it but
//!      the end of the instance; that the instance is to end now.
//! Absent: the listeners' jobs, which are jobs as others.

use base::{ElementKey, ListenerEvent};
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

    /// How many user tasks' listeners it waits for, if it ends soon: nothing else is left in it.
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

    /// Whether the element has ended for all but the listeners to its user task's cancellation.
    pub fn is_canceling(&self, key: ElementKey) -> bool {
        let transition = self.elements.get(&key).and_then(|element| element.transition.as_ref());
        transition.is_some_and(|transition| transition.event == ListenerEvent::Canceling)
    }

    /// An element stays after the end of the scope that it is in: it goes to the root scope.
    pub(crate) fn outlive(&mut self, key: ElementKey) {
        self.end_turn(key, false);
        let root = self.header.instance.root();
        let Some(element) = self.elements.get_mut(&key) else { return };
        let scope = std::mem::replace(&mut element.scope, root);
        (element.turn, element.compensates) = (None, None);
        element.detached = Some(true);
        self.index.remove(scope, Owned::Child(key));
        self.index.add(root, Owned::Child(key));
        if let Some(scope) = self.elements.get_mut(&scope) {
            scope.children = scope.children.saturating_sub(1);
        }
        if let Some(root) = self.elements.get_mut(&root) {
            root.children += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Event, Record};

    use super::*;
    use crate::testing::{at, created, entered, hex};

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
}

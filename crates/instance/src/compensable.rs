//! What completed and can be compensated, and who compensates it.
//!
//! In:  the events of a completion and of a compensation.
//! Out: lists in order of completion, one a scope. The list of a completed sub-process stays under
//!      the key of that activation, for as long as it is itself in a list.
//! Absent: variables of outer scopes, which a handler sees as they are when it runs.

use std::collections::{BTreeMap, BTreeSet};

use base::{ElementKey, Event, InstanceKey, KeyBase, Variables};
use minicbor::{Decode, Encode};

use crate::state::Instance;

/// Completed activities by scope, or by the completed activity that they are in.
pub(crate) type Lists = BTreeMap<ElementKey, Vec<Compensable>>;

/// A completed activity that can be compensated.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Compensable {
    /// The activation that completed.
    #[n(0)]
    pub key: ElementKey,
    /// Position in the definition's element table.
    #[n(1)]
    pub element: u32,
    /// Its own variables when it completed.
    #[n(2)]
    pub variables: Variables,
    /// Who compensates it when its turn comes.
    #[n(3)]
    pub by: Option<ElementKey>,
    /// The instance that it had called, if something in that can be compensated.
    #[n(4)]
    pub called: Option<InstanceKey>,
}

impl Instance {
    /// What completed in a scope, or in an activity that completed itself, in order of completion.
    pub fn compensable(&self, scope: ElementKey) -> &[Compensable] {
        self.compensable.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// All that can be compensated, each with the scope or completed activity that it is in.
    pub fn all_compensable(&self) -> impl Iterator<Item = (ElementKey, &Compensable)> {
        self.compensable
            .iter()
            .flat_map(|(scope, list)| list.iter().map(move |done| (*scope, done)))
    }

    /// The next that `by` compensates, and the live scope in which it completed: inner scopes
    /// first, in each the last that completed.
    pub fn next_compensated(&self, by: ElementKey) -> Option<(ElementKey, &Compensable)> {
        let mut lists = self.compensable.iter().rev();
        lists.find_map(|(scope, list)| {
            let found = list.iter().rev().find(|done| done.by == Some(by))?;
            Some((*scope, found))
        })
    }

    /// Folds an event about compensation.
    pub(crate) fn compensate(&mut self, event: &Event) {
        match event {
            Event::CompletionRemembered { key } => self.remember(*key),
            Event::CompensationTriggered { by, activities } => {
                let wanted: BTreeSet<_> = activities.iter().collect();
                let listed = self.compensable.values_mut().flatten();
                for done in listed.filter(|done| wanted.contains(&done.key)) {
                    done.by = Some(*by);
                }
            }
            Event::CompensationStarted { key, activity, by } => self.undo(*key, *activity, *by),
            Event::CompensationInherited { scope, activity, element, variables, called } => {
                let (key, element, variables) = (*activity, *element, variables.clone());
                let done = Compensable { key, element, variables, by: None, called: *called };
                self.compensable.entry(*scope).or_default().push(done);
            }
            _ => debug_assert!(false, "not an event of a compensation: {event:?}"),
        }
    }

    fn remember(&mut self, key: ElementKey) {
        let Some(element) = self.elements.get_mut(&key) else { return };
        let variables = std::mem::take(&mut element.variables);
        let (number, called) = (element.element, element.called.take());
        let done = Compensable { key, element: number, variables, by: None, called };
        self.compensable.entry(element.scope).or_default().push(done);
    }

    /// Takes the activity out of its list. What completed in it is the new activation's, if that is
    /// one of the same element; else nobody can reach it any more.
    fn undo(&mut self, key: ElementKey, activity: ElementKey, by: ElementKey) {
        let Some(element) = self.elements.get_mut(&key) else { return };
        element.compensates = Some(by);
        let (scope, entered) = (element.scope, element.element);
        let Some(list) = self.compensable.get_mut(&scope) else { return };
        let Some(at) = list.iter().rposition(|done| done.key == activity) else { return };
        let done = list.remove(at);
        if list.is_empty() {
            self.compensable.remove(&scope);
        }
        if done.element != entered {
            self.forget(activity);
            return;
        }
        if let Some(inner) = self.compensable.remove(&activity) {
            self.compensable.insert(key, inner);
        }
        if let Some(element) = self.elements.get_mut(&key) {
            element.called = done.called;
        }
    }

    /// An element instance is gone: what completed in it is, too, unless it is remembered itself.
    pub(crate) fn forget_left(&mut self, key: ElementKey, scope: ElementKey) {
        if self.compensable.is_empty() {
            return;
        }
        let last = self.compensable.get(&scope).and_then(|list| list.last());
        if last.is_none_or(|last| last.key != key) {
            self.forget(key);
        }
    }

    /// What completed has these numbers now; what has none is forgotten, with what completed in it.
    pub(crate) fn migrate_compensable(&mut self, numbers: &BTreeMap<u32, u32>) {
        let mut gone = Vec::new();
        for list in self.compensable.values_mut() {
            list.retain_mut(|done| {
                let number = numbers.get(&done.element).copied();
                done.element = number.unwrap_or(done.element);
                gone.extend(number.is_none().then_some(done.key));
                number.is_some()
            });
        }
        self.compensable.retain(|_, list| !list.is_empty());
        for key in gone {
            self.forget(key);
        }
    }

    fn forget(&mut self, key: ElementKey) {
        let mut gone = vec![key];
        while let Some(key) = gone.pop() {
            let list = self.compensable.remove(&key).unwrap_or_default();
            gone.extend(list.iter().map(|done| done.key));
        }
    }

    /// Each list belongs to a scope that lives or to a completed activity of a list.
    pub(crate) fn check_compensable(&self, nodes: usize) -> Result<(), String> {
        let all = || self.compensable.values().flatten();
        if let Some(done) = all().find(|done| done.element as usize >= nodes) {
            return Err(format!("{} is of element {}, which is none", done.key, done.element));
        }
        let known: BTreeSet<_> = all().map(|done| done.key).collect();
        let lost = self
            .compensable
            .keys()
            .find(|scope| !self.elements.contains_key(scope) && !known.contains(scope));
        match lost {
            Some(scope) => Err(format!("what completed in {scope} is remembered, and it is gone")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Event, Variables};

    use super::*;
    use crate::testing::{entered, folded, hex};

    fn at(n: u64) -> ElementKey {
        crate::testing::at(n).into()
    }

    /// A sub-process (1) and, in it, an activity (2) have completed.
    fn completed() -> Vec<Event> {
        let variables = Variables::parse(r#"{"a":1}"#).unwrap();
        vec![
            entered(1, 1, 0),
            entered(2, 2, 1),
            Event::VariablesSet { scope: at(2), variables },
            Event::CompletionRemembered { key: at(2) },
            Event::ElementCompleted { key: at(2) },
            Event::CompletionRemembered { key: at(1) },
            Event::ElementCompleted { key: at(1) },
        ]
    }

    #[test]
    fn snapshots_keep_their_bytes() {
        let plain = folded(Vec::new());
        assert_eq!(hex(&plain), include_str!("../testdata/snapshot-plain.hex").trim());
        let mut events = completed();
        events.extend([
            entered(3, 3, 0),
            Event::CompensationTriggered { by: at(3), activities: vec![at(1)] },
            entered(4, 1, 0),
            Event::CompensationStarted { key: at(4), activity: at(1), by: at(3) },
        ]);
        let state = folded(events);
        assert_eq!(hex(&state), include_str!("../testdata/snapshot-compensation.hex").trim());
        assert_eq!(Instance::from_bytes(&state.to_bytes(), state.key()), Ok(state));
    }

    #[test]
    fn what_completed_in_a_completed_activity_stays_with_it_and_goes_with_it() {
        let root = folded(Vec::new()).key().root();
        let mut state = folded(completed());
        assert_eq!(state.compensable(root).len(), 1);
        assert_eq!(state.compensable(at(1))[0].variables.to_json(), r#"{"a":1}"#);
        assert_eq!(state.check(state.key(), 4, 4), Ok(()));
        state.compensable.remove(&root);
        state.check(state.key(), 4, 4).expect_err("a list of nobody");
        // A handler of the whole: what is in it cannot be reached any more.
        let mut events = completed();
        events.push(entered(3, 3, 0));
        let started = Event::CompensationStarted { key: at(3), activity: at(1), by: at(3) };
        events.push(started.clone());
        assert!(folded(events.clone()).compensable.is_empty());
        // Nothing is compensated twice, and nothing outlives its instance.
        events.push(started);
        assert!(folded(events).compensable.is_empty());
        let mut events = completed();
        events.push(Event::InstanceCompleted);
        assert!(folded(events).compensable.is_empty());
    }

    #[test]
    fn what_completed_in_a_scope_that_is_terminated_is_gone() {
        let mut events = completed();
        events.truncate(5);
        events.push(Event::ElementTerminated { key: at(1) });
        assert!(folded(events).compensable.is_empty());
    }
}

//! Suspension: what was said of it, and what is held until it ends.
//!
//! In:  the events of a suspension.
//! Out: whether anything may go on, whether what comes must wait, and what waits, in order.
//! Absent: what a held input does when its turn comes (see `bpmn`).

use std::collections::{BTreeSet, VecDeque};

use base::{Event, HeldInput, Key, KeyBase, Text};
use minicbor::{Decode, Encode};

use crate::state::{Instance, Status};

/// A suspension. It is over when the instance was resumed and nothing is held any more.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Suspension {
    /// Since when, milliseconds since 1970.
    #[n(0)]
    pub since_ms: i64,
    /// Why, as whoever did it said.
    #[n(1)]
    pub reason: Text,
    /// It was resumed: what is held is done, and what comes meanwhile waits behind it.
    #[n(2)]
    pub resumed: bool,
    /// In the order in which it came.
    #[n(3)]
    pub held: VecDeque<Held>,
    /// Jobs and user tasks that something held answers. Not in the bytes.
    #[cbor(skip)]
    answered: BTreeSet<Key>,
}

/// An input that waits.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Held {
    /// When it came, milliseconds since 1970.
    #[n(0)]
    pub at_ms: i64,
    /// What.
    #[n(1)]
    pub input: HeldInput,
}

impl Instance {
    /// The suspension, until the last that was held is done.
    pub fn suspension(&self) -> Option<&Suspension> {
        self.suspension.as_deref()
    }

    /// Whether nothing may go on: it lives, and was not resumed.
    pub fn is_suspended(&self) -> bool {
        self.holds_inputs() && self.suspension().is_some_and(|suspension| !suspension.resumed)
    }

    /// Whether what comes must wait: it is suspended, or earlier inputs are still held.
    pub fn holds_inputs(&self) -> bool {
        self.status == Status::Active && self.suspension.is_some()
    }

    /// Whether something held answers this job or user task already.
    pub fn holds_answer_to(&self, key: Key) -> bool {
        self.suspension().is_some_and(|suspension| suspension.answered.contains(&key))
    }

    /// The first that is held, if its turn has come.
    pub fn next_held(&self) -> Option<&Held> {
        let suspension = self.suspension().filter(|_| self.holds_inputs())?;
        suspension.held.front().filter(|_| suspension.resumed)
    }

    /// Folds an event about a suspension.
    pub(crate) fn evolve_suspension(&mut self, event: &Event, at_ms: i64) {
        match event {
            Event::InstanceSuspended(reason) => {
                let before = self.suspension.take();
                let (held, answered) =
                    before.map(|before| (before.held, before.answered)).unwrap_or_default();
                let (since_ms, reason) = (at_ms, reason.clone());
                let now = Suspension { since_ms, reason, resumed: false, held, answered };
                self.suspension = Some(Box::new(now));
            }
            Event::InstanceResumed => {
                if let Some(suspension) = &mut self.suspension {
                    suspension.resumed = true;
                }
            }
            Event::InputHeld(input) => {
                if let Some(suspension) = &mut self.suspension {
                    suspension.answered.extend(input.answers());
                    suspension.held.push_back(Held { at_ms, input: (**input).clone() });
                }
            }
            Event::HeldInputTaken => {
                if let Some(suspension) = &mut self.suspension {
                    let taken = suspension.held.pop_front();
                    if let Some(answered) = taken.and_then(|taken| taken.input.answers()) {
                        suspension.answered.remove(&answered);
                    }
                }
            }
            _ => debug_assert!(false, "not an event of a suspension: {event:?}"),
        }
        let over = |suspension: &Suspension| suspension.resumed && suspension.held.is_empty();
        if self.suspension().is_some_and(over) {
            self.suspension = None;
        }
    }

    /// Builds what is not in the bytes again.
    pub(crate) fn index_held(&mut self) {
        if let Some(suspension) = &mut self.suspension {
            let held = suspension.held.iter();
            suspension.answered = held.filter_map(|held| held.input.answers()).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{JobKey, Variables};

    use super::*;
    use crate::testing::{at, folded};

    fn completed(job: u64) -> Event {
        let job = JobKey(at(job));
        Event::InputHeld(Box::new(HeldInput::JobCompleted { job, variables: Variables::new() }))
    }

    #[test]
    fn a_snapshot_keeps_its_bytes_and_what_is_held() {
        let state = folded(vec![Event::InstanceSuspended("audit".into()), completed(2)]);
        let pairs: Vec<_> = state.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(pairs.concat(), include_str!("../testdata/snapshot-suspension.hex").trim());
        let read = Instance::from_bytes(&state.to_bytes(), state.key()).unwrap();
        assert_eq!(read, state);
        assert!(read.holds_answer_to(state.key().0.offset(2)));
    }

    #[test]
    fn it_is_over_when_it_was_resumed_and_the_last_that_was_held_is_done() {
        let suspended = || Event::InstanceSuspended("audit".into());
        let mut events = vec![suspended(), completed(2), completed(3)];
        let state = folded(events.clone());
        assert!(state.is_suspended() && state.next_held().is_none());
        events.extend([Event::InstanceResumed, Event::HeldInputTaken]);
        let state = folded(events.clone());
        assert!(!state.is_suspended() && state.holds_inputs());
        assert!(state.next_held().is_some());
        let answered = |state: &Instance, n| state.holds_answer_to(state.key().0.offset(n));
        assert!(!answered(&state, 2) && answered(&state, 3));
        // Again, before the rest was done: nothing is lost.
        let mut again = events.clone();
        again.push(suspended());
        let state = folded(again);
        assert!(state.is_suspended() && answered(&state, 3));
        events.push(Event::HeldInputTaken);
        assert_eq!(folded(events).suspension(), None);
        // Nothing is suspended for ever by an end, and a stray event changes nothing.
        assert!(!folded(vec![suspended(), Event::InstanceTerminated]).is_suspended());
        assert_eq!(folded(vec![completed(2), Event::HeldInputTaken]).suspension(), None);
    }
}

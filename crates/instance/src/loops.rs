//! How the loop of an activity folds: its turns are counted as they come and go.
//!
//! In:  events of the loop, and of the element instances directly in it.
//! Out: turns begun, completed and terminated; items that are left; outputs by turn.
//! Absent: whether there is a next turn (see `bpmn`).

use base::limits::LOOP_TURNS_MAX;
use base::{ElementKey, Event};

use crate::state::{ElementInstance, Instance, Loop};

impl Instance {
    /// The number of the turn that begins when `element` is entered in `scope`, if that is its loop.
    pub(crate) fn begin_turn(&mut self, element: u32, scope: ElementKey) -> Option<u32> {
        let scope = self.elements.get_mut(&scope).filter(|scope| scope.element == element)?;
        let repeat = scope.repeat.as_mut()?;
        repeat.started = repeat.started.saturating_add(1);
        repeat.items.pop_front();
        Some(repeat.started)
    }

    pub(crate) fn end_turn(&mut self, key: ElementKey, completed: bool) {
        let turn = self.elements.get(&key).filter(|element| element.turn.is_some());
        let Some(scope) = turn.map(|turn| turn.scope) else { return };
        let repeat = self.elements.get_mut(&scope).and_then(|scope| scope.repeat.as_mut());
        let Some(repeat) = repeat else { return };
        let count = if completed { &mut repeat.completed } else { &mut repeat.terminated };
        *count = count.saturating_add(1);
    }

    pub(crate) fn evolve_loop(&mut self, event: &Event) {
        match event {
            Event::LoopEntered { owner, total, items } => {
                if let Some(owner) = self.elements.get_mut(owner) {
                    let items = items.iter().flatten().cloned().collect();
                    owner.repeat = Some(Box::new(Loop { total: *total, items, ..Loop::default() }));
                }
            }
            Event::LoopOutput { owner, turn, output } => {
                let owner = self.elements.get_mut(owner);
                if let Some(repeat) = owner.and_then(|owner| owner.repeat.as_mut()) {
                    repeat.outputs.insert(*turn, output.clone());
                }
            }
            _ => debug_assert!(false, "not an event of a loop: {event:?}"),
        }
    }
}

/// Refuses a loop whose count asks for all memory.
pub(crate) fn check_loop(found: &ElementInstance) -> Result<(), String> {
    match found.repeat.as_ref().and_then(|repeat| repeat.total) {
        Some(total) if total > LOOP_TURNS_MAX => {
            Err(format!("a loop has {total} turns, over the limit of {LOOP_TURNS_MAX}"))
        }
        _ => Ok(()),
    }
}

//! Compensation: what completed is undone once, by what the model says, the last first.
//!
//! In:  one log, and the graphs of its time.
//! Out: the first handler that should not begin, or not yet.
//! Absent: what was completed in instances that were called (`calls`).

use std::collections::BTreeMap;

use base::{ElementKey, Event};
use bpmn::Kind;

use super::Checked;
use super::facts::Past;
use super::places::{Graphs, Places};
use crate::play::{Play, wrong};

/// What completed and can be undone.
#[derive(Clone, Copy)]
struct Done {
    nth: u64,
    scope: ElementKey,
    element: u32,
    /// Who has it undone.
    by: Option<ElementKey>,
}

#[derive(Default)]
struct Undoing {
    next: u64,
    scopes: BTreeMap<ElementKey, (ElementKey, u32)>,
    done: BTreeMap<ElementKey, Done>,
    /// Handlers that are at work, by whom.
    at_work: BTreeMap<ElementKey, ElementKey>,
    /// What must be the first in a scope that undoes itself.
    begins: BTreeMap<ElementKey, u32>,
    started: u64,
}

impl Play {
    pub(super) fn check_compensation(&mut self, past: &Past) -> Checked {
        let mut places = Places::default();
        let mut undoing = Undoing::default();
        for (_, event) in past.events() {
            places.read(event);
            undoing.read(&places, &self.graphs, event).map_err(|what| {
                wrong("compensation")(format!("instance {}: {what}", past.row.instance))
            })?;
        }
        self.coverage.add("check", "compensation", undoing.started);
        Ok(())
    }
}

impl Undoing {
    fn read(&mut self, places: &Places, graphs: &Graphs, event: &Event) -> Result<(), String> {
        match event {
            Event::ElementEntered { key, element, scope, .. } => {
                if self.begins.remove(scope).is_some_and(|first| first != *element) {
                    return Err(format!("{event:?}, but the scope says how it is undone"));
                }
                self.scopes.insert(*key, (*scope, *element));
            }
            Event::CompletionRemembered { key } => {
                if let Some((scope, element)) = self.scopes.get(key).copied() {
                    self.remember(*key, scope, element)?;
                }
            }
            Event::CompensationInherited { scope, activity, element, .. } => {
                self.remember(*activity, *scope, *element)?;
            }
            Event::CompensationTriggered { by, activities } => {
                for activity in activities {
                    let Some(done) = self.done.get_mut(activity) else {
                        return Err(format!("{event:?}, and nobody remembers {activity}"));
                    };
                    done.by = Some(*by);
                }
            }
            Event::CompensationStarted { key, activity, by } => {
                self.started += 1;
                self.start(places, graphs, [*key, *activity, *by])?;
            }
            Event::ElementCompleted { key } | Event::ElementTerminated { key } => {
                self.at_work.retain(|_, handler| handler != key);
                self.begins.remove(key);
            }
            Event::InstanceMigrated(migrated) => {
                let numbers: BTreeMap<u32, u32> = migrated.numbers.iter().copied().collect();
                let now = |at: &mut u32| *at = numbers.get(at).copied().unwrap_or(*at);
                self.scopes.values_mut().for_each(|(_, element)| now(element));
                self.done.values_mut().for_each(|done| now(&mut done.element));
            }
            _ => {}
        }
        Ok(())
    }

    fn remember(&mut self, key: ElementKey, scope: ElementKey, element: u32) -> Result<(), String> {
        self.next += 1;
        let done = Done { nth: self.next, scope, element, by: None };
        match self.done.insert(key, done) {
            None => Ok(()),
            Some(_) => Err(format!("{key} completes twice")),
        }
    }

    fn start(
        &mut self,
        places: &Places,
        graphs: &Graphs,
        [key, activity, by]: [ElementKey; 3],
    ) -> Result<(), String> {
        let done = self.done.remove(&activity).filter(|done| done.by == Some(by));
        let done =
            done.ok_or_else(|| format!("{activity} is not {by}'s to undo, or was undone"))?;
        let later = self.done.iter().find(|(_, other)| {
            other.by == Some(by) && other.scope == done.scope && other.nth > done.nth
        });
        if let Some((later, _)) = later {
            return Err(format!("{activity} is undone before {later}, which completed later"));
        }
        if let Some(other) = self.at_work.insert(by, key) {
            return Err(format!("{by} has {key} begin while {other} is at work"));
        }
        let Some(graph) = places.graph(graphs) else { return Ok(()) };
        let node = graph.node(done.element);
        let (_, entered) = self.scopes[&key];
        let says = &node.compensation;
        if entered != done.element && Some(entered) != says.handler {
            return Err(format!("{activity}, which is {}, is undone by {entered}", node.id));
        }
        // A loop is undone turn by turn, an ad-hoc sub-process activation by activation.
        let turn = self.scopes.get(&done.scope).is_some_and(|(_, around)| *around == done.element);
        let whole = (node.marker.is_none() || turn) && !matches!(node.kind, Kind::AdHoc(_));
        if entered == done.element && whole {
            if says.handler.is_some() {
                return Err(format!("{activity} has a handler, which does not undo it"));
            }
            self.begins.extend(says.event_sub_process.map(|first| (key, first)));
        }
        Ok(())
    }
}

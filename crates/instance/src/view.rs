//! The past of one instance, folded from its log for people: what happened, when, where.

use std::collections::BTreeMap;

use base::{
    DefinitionKey, ElementKey, Event, IncidentKey, InstanceKey, InstanceMigrated, Record, Variables,
};

use crate::state::Instance;

/// How one activation of an element stands or ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElementState {
    /// Lives.
    Active,
    /// Ended in the normal way.
    Completed,
    /// Was ended before it was done.
    Terminated,
}

/// One activation of an element, live or past.
#[derive(Clone, PartialEq, Debug)]
pub struct ElementRecord {
    /// Its key.
    pub key: ElementKey,
    /// Position in that definition's element table.
    pub element: u32,
    /// The definition that the instance ran by when it ended, or runs by.
    pub definition: DefinitionKey,
    /// The scope it is in.
    pub scope: ElementKey,
    /// How it stands.
    pub state: ElementState,
    /// When it was entered, milliseconds since 1970.
    pub started_ms: i64,
    /// When it was left.
    pub ended_ms: Option<i64>,
    /// Its open incident.
    pub incident: Option<IncidentKey>,
    /// The instance that it has called.
    pub called: Option<InstanceKey>,
    /// In how many activations of the same element it is directly: a turn in its loop, an activation in an
    /// ad-hoc sub-process, or that in a turn.
    pub level: u32,
}

/// One fact with its time.
#[derive(Clone, PartialEq, Debug)]
pub struct TimelineEntry {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The definition whose elements the fact names.
    pub definition: DefinitionKey,
    /// The fact.
    pub event: Event,
}

/// Everything that the log of one instance says.
#[derive(Clone, PartialEq, Debug)]
pub struct History {
    /// The state after the last event.
    pub state: Instance,
    /// Every activation, in order of entry. The root scope is the first.
    pub elements: Vec<ElementRecord>,
    /// The variables of every scope, as they were last.
    pub variables: BTreeMap<ElementKey, Variables>,
    /// All facts in order.
    pub timeline: Vec<TimelineEntry>,
    /// Where each activation stands in `elements`.
    places: BTreeMap<ElementKey, usize>,
    /// The definition that the instance ran by where the fold is.
    definition: DefinitionKey,
}

impl History {
    /// Folds a whole log. `None` if it does not begin with the creation of an instance.
    pub fn fold(records: &[Record]) -> Option<Self> {
        let state = Instance::replay(None, records)?;
        let (elements, timeline) = (Vec::new(), Vec::new());
        let (variables, places) = (BTreeMap::new(), BTreeMap::new());
        let definition = state.header().definition;
        let mut history = Self { state, elements, variables, timeline, places, definition };
        for record in records {
            for event in &record.events {
                history.note(event, record.at_ms);
                history.timeline.push(TimelineEntry {
                    at_ms: record.at_ms,
                    definition: history.definition,
                    event: event.clone(),
                });
            }
        }
        let open: Vec<_> =
            history.state.incidents().iter().map(|(key, at)| (*key, at.owner)).collect();
        for (incident, owner) in open {
            if let Some(element) = history.element_mut(owner) {
                element.incident = Some(incident);
            }
        }
        Some(history)
    }

    fn note(&mut self, event: &Event, at_ms: i64) {
        let root = self.state.key().root();
        match event {
            Event::InstanceCreated(created) => {
                self.definition = created.definition;
                self.entered(root, 0, root, at_ms);
            }
            Event::InstanceMigrated(migrated) => self.migrated(migrated),
            Event::ElementEntered { key, element, scope, via: _ } => {
                self.entered(*key, *element, *scope, at_ms);
            }
            Event::ElementPassed { key, element, scope, via: _ } => {
                self.entered(*key, *element, *scope, at_ms);
                self.ended(*key, ElementState::Completed, at_ms);
            }
            Event::ElementCompleted { key } => self.ended(*key, ElementState::Completed, at_ms),
            Event::ElementTerminated { key } => self.ended(*key, ElementState::Terminated, at_ms),
            Event::InstanceCompleted => self.ended(root, ElementState::Completed, at_ms),
            Event::InstanceTerminated => self.ended(root, ElementState::Terminated, at_ms),
            Event::InstanceCalled { owner, instance } => {
                if let Some(element) = self.elements.iter_mut().rev().find(|at| at.key == *owner) {
                    element.called = Some(*instance);
                }
            }
            Event::VariablesSet { scope, variables } => {
                self.variables.entry(*scope).or_default().merge(variables);
            }
            _ => {}
        }
    }

    /// The definitions that the instance ran by, the present one last.
    pub fn definitions(&self) -> Vec<DefinitionKey> {
        let mut all: Vec<DefinitionKey> =
            self.timeline.iter().map(|entry| entry.definition).collect();
        all.dedup();
        all
    }

    /// What lives is of the elements of the other definition from now on.
    fn migrated(&mut self, migrated: &InstanceMigrated) {
        self.definition = migrated.definition;
        let numbers: BTreeMap<u32, u32> = migrated.numbers.iter().copied().collect();
        let live = self.elements.iter_mut().filter(|at| at.state == ElementState::Active);
        for element in live {
            element.definition = migrated.definition;
            element.element = numbers.get(&element.element).copied().unwrap_or(element.element);
        }
    }

    /// The activation with this key.
    pub fn element(&self, key: ElementKey) -> Option<&ElementRecord> {
        self.elements.get(*self.places.get(&key)?)
    }

    fn element_mut(&mut self, key: ElementKey) -> Option<&mut ElementRecord> {
        self.elements.get_mut(*self.places.get(&key)?)
    }

    fn entered(&mut self, key: ElementKey, element: u32, scope: ElementKey, at_ms: i64) {
        let within = self.element(scope).filter(|_| scope != key);
        let within = within.filter(|within| within.element == element);
        let level = within.map_or(0, |within| within.level.saturating_add(1));
        self.places.insert(key, self.elements.len());
        self.elements.push(ElementRecord {
            key,
            element,
            definition: self.definition,
            scope,
            state: ElementState::Active,
            started_ms: at_ms,
            ended_ms: None,
            incident: None,
            called: None,
            level,
        });
    }

    fn ended(&mut self, key: ElementKey, state: ElementState, at_ms: i64) {
        if let Some(element) = self.element_mut(key) {
            element.state = state;
            element.ended_ms = Some(at_ms);
        }
    }
}

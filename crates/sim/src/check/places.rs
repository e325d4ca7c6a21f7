//! Where the things of one instance are in its model, as its log goes on: which definition is its own
//! then, which element each element instance is one of, whose work a job is.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{DefinitionKey, ElementKey, Event, JobKey, ListenerEvent};
use bpmn::{Node, Process};

pub(super) type Graphs = BTreeMap<DefinitionKey, Arc<Process>>;

/// What the events up to here have said.
#[derive(Default)]
pub(super) struct Places {
    pub(super) definition: Option<DefinitionKey>,
    elements: BTreeMap<ElementKey, u32>,
    jobs: BTreeMap<JobKey, (ElementKey, Option<ListenerEvent>)>,
}

impl Places {
    pub(super) fn read(&mut self, event: &Event) {
        match event {
            Event::InstanceCreated(created) => {
                self.definition = Some(created.definition);
                self.elements.insert(created.instance.root(), 0);
            }
            Event::ElementEntered { key, element, .. }
            | Event::ElementPassed { key, element, .. } => {
                self.elements.insert(*key, *element);
            }
            Event::JobCreated { job, owner, extra, .. } => {
                let listener = extra.as_ref().and_then(|extra| extra.listener);
                self.jobs.insert(*job, (*owner, listener.map(|listener| listener.event)));
            }
            Event::InstanceMigrated(migrated) => {
                self.definition = Some(migrated.definition);
                let numbers: BTreeMap<u32, u32> = migrated.numbers.iter().copied().collect();
                self.elements.retain(|_, element| match numbers.get(element) {
                    Some(now) => {
                        *element = *now;
                        true
                    }
                    None => *element == 0,
                });
            }
            _ => {}
        }
    }

    pub(super) fn graph<'g>(&self, graphs: &'g Graphs) -> Option<&'g Process> {
        graphs.get(&self.definition?).map(|graph| &**graph)
    }

    /// Whether both are of the same element.
    pub(super) fn same(&self, one: ElementKey, other: ElementKey) -> bool {
        self.elements.get(&one) == self.elements.get(&other)
    }

    pub(super) fn node<'g>(&self, graphs: &'g Graphs, key: ElementKey) -> Option<&'g Node> {
        Some(self.graph(graphs)?.node(*self.elements.get(&key)?))
    }

    /// The step whose own work the job is.
    pub(super) fn step<'g>(&self, graphs: &'g Graphs, job: JobKey) -> Option<&'g Node> {
        let (owner, listener) = self.jobs.get(&job)?;
        listener.is_none().then(|| self.node(graphs, *owner))?
    }
}

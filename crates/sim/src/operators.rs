//! Steps in which operators act on what runs, beside resolving, setting variables and cancelling.

use std::sync::Arc;

use base::{ActivateElement, Command, DefinitionKey, ElementKey, Record, Text};
use bpmn::{Kind, Process};
use instance::{Instance, Status};
use store::Reader;

use crate::clients::What;
use crate::play::{Play, everything, index, nth};
use crate::requests::result;

/// An ad-hoc sub-process in which something can be activated.
pub(crate) struct OpenAdHoc {
    pub(crate) owner: ElementKey,
    /// Nothing is active in it.
    pub(crate) idle: bool,
    /// Ids of what can be activated.
    pub(crate) elements: Vec<Text>,
}

impl Play {
    /// The graph of a definition that the store has.
    pub(crate) fn graph(
        &mut self,
        reader: &mut dyn Reader,
        key: DefinitionKey,
    ) -> Result<Arc<Process>, String> {
        if let Some(known) = self.graphs.get(&key) {
            return Ok(Arc::clone(known));
        }
        let row = reader.definition(key).map_err(|fault| fault.to_string())?;
        let definition = row
            .ok_or_else(|| "a definition has a head and no row".to_owned())
            .and_then(engine::Definition::compile)?;
        let graph = Arc::new(definition.process);
        self.graphs.insert(key, Arc::clone(&graph));
        Ok(graph)
    }

    /// The states of all that live, as the store has them.
    pub(crate) fn live_states(&mut self) -> Vec<Instance> {
        let mut reader = self.reader();
        let rows = reader.find_instances(&everything()).expect("reads").rows;
        let live = rows.iter().filter(|row| row.ended_ms.is_none());
        let read = |row: &base::InstanceRow| {
            let stored = reader.state(row.instance).expect("reads")?;
            let snapshot = stored.snapshot.map(|row_of| {
                Instance::from_bytes(&row_of.bytes, row.instance).expect("a snapshot")
            });
            let records: Vec<Record> = stored
                .log
                .iter()
                .map(|log| Record::from_bytes(&log.bytes, row.instance).expect("a record"))
                .collect();
            Instance::replay(snapshot, &records)
        };
        live.filter_map(read).filter(|state| state.status() == Status::Active).collect()
    }

    pub(crate) fn open_ad_hocs(&mut self, states: &[Instance]) -> Vec<OpenAdHoc> {
        let mut reader = self.reader();
        let mut found = Vec::new();
        for state in states.iter().filter(|state| state.open_ad_hocs() > 0) {
            let graph = self.graph(&mut *reader, state.header().definition).expect("a graph");
            for (owner, live) in state.elements() {
                if live.ad_hoc.as_ref().is_none_or(|open| open.done) {
                    continue;
                }
                let begins = graph.nodes.iter().filter(|node| {
                    node.scope == live.element
                        && node.incoming.is_empty()
                        && !matches!(
                            node.kind,
                            Kind::EventSubProcess { .. } | Kind::Boundary { .. }
                        )
                });
                found.push(OpenAdHoc {
                    owner: *owner,
                    idle: live.children == 0,
                    elements: begins.map(|node| node.id.clone()).collect(),
                });
            }
        }
        found
    }

    /// Somebody activates one element, or the same twice; `replace` ends first what is active.
    pub(crate) fn activate_elements(&mut self, owner: u64, element: u64, with: u64, replace: bool) {
        let states = self.live_states();
        let open = self.open_ad_hocs(&states);
        let Some(open) = nth(&open, owner) else { return };
        let id = open.elements[index(element, open.elements.len())].clone();
        let owner = open.owner;
        self.coverage.count("happened", "ad-hoc activation");
        self.wish(What::Says, |token| {
            let activate = |element_id, variables| ActivateElement { element_id, variables };
            let mut elements = vec![activate(id.clone(), result(token, with))];
            if with % 3 == 2 {
                elements.push(activate(id, base::Variables::new()));
            }
            Command::ActivateElements { owner, elements, cancel_remaining: replace }
        });
    }
}

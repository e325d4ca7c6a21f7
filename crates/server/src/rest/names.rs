//! The names that definitions give to elements, and what instances say about themselves, for the
//! rows of an answer.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{DefinitionKey, DefinitionRef, DefinitionRow, InstanceKey, InstanceRow};
use bpmn::Node;
use engine::Definition;
use instance::ElementRecord;

use super::problem::Problem;
use crate::host::Host;

/// The names that a definition gives to its elements.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The definition without its graph.
    pub(super) head: Option<DefinitionRow>,
    compiled: Option<Arc<Definition>>,
}

/// The names of a definition. What this release cannot compile has ids only.
pub(super) async fn names(host: &Host, key: DefinitionKey) -> Result<Names, Problem> {
    if let Some(definition) = host.compiled(key) {
        let head = host.definition(&DefinitionRef::Key(key)).ok();
        return Ok(Names { head, compiled: Some(definition) });
    }
    let read = host.read(move |reader| {
        let Some(row) = reader.definition(key)? else { return Ok(None) };
        Ok(Some((Definition::compile(row.clone()), row)))
    });
    let Some((compiled, row)) = read.await? else {
        return Ok(Names { head: None, compiled: None });
    };
    let compiled = compiled.ok().map(Arc::new);
    if let Some(definition) = &compiled {
        host.keep_compiled(Arc::clone(definition));
    }
    Ok(Names { head: Some(row), compiled })
}

impl Names {
    /// The id of a node or flow.
    pub(super) fn id(&self, element: u32) -> &str {
        let id = match &self.compiled {
            Some(definition) => definition.process.id_of(element),
            None => self.head.as_ref().and_then(|head| head.elements.get(element as usize)),
        };
        id.map_or("", |id| id)
    }

    /// The node with this number.
    pub(super) fn node(&self, element: u32) -> Option<&Node> {
        self.compiled.as_ref()?.process.nodes.get(element as usize)
    }

    /// The node with this id.
    pub(super) fn node_by_id(&self, id: &str) -> Option<&Node> {
        self.compiled.as_ref()?.process.nodes.iter().find(|node| node.id == *id)
    }

    /// What people call a node: its name, or its id.
    pub(super) fn name(&self, element: u32) -> &str {
        let name = self.node(element).and_then(|node| node.name.as_deref());
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| self.id(element))
    }

    /// The type of an activation in the words of the API.
    pub(super) fn kind(&self, record: &ElementRecord) -> &'static str {
        let Some(node) = self.node(record.element) else { return "UNKNOWN" };
        let level = u32::from(node.marker.is_some());
        match record.level.cmp(&level) {
            Ordering::Less => "MULTI_INSTANCE_BODY",
            Ordering::Equal => node.element_type,
            Ordering::Greater => "AD_HOC_SUB_PROCESS_INNER_INSTANCE",
        }
    }
}

/// The definitions and the instances that the rows of one answer belong to.
#[derive(Debug, Default)]
pub(super) struct NameBook {
    names: BTreeMap<DefinitionKey, Names>,
    instances: BTreeMap<InstanceKey, InstanceRow>,
}

/// The instances at the beginning of the chains of calls that these are in, where that is another one.
pub(super) async fn roots(
    host: &Host,
    instances: BTreeSet<InstanceKey>,
) -> Result<BTreeMap<InstanceKey, InstanceKey>, Problem> {
    let read = host.read(move |reader| {
        let mut roots = BTreeMap::new();
        for instance in instances {
            if let Some(parent) = reader.instance(instance)?.and_then(|row| row.parent) {
                roots.insert(instance, parent.root);
            }
        }
        Ok(roots)
    });
    Ok(read.await?)
}

impl NameBook {
    /// Looks up what these rows belong to.
    pub(super) async fn of(
        host: &Host,
        rows: impl Iterator<Item = (DefinitionKey, InstanceKey)>,
    ) -> Result<Self, Problem> {
        let mut book = Self::default();
        let mut instances = Vec::new();
        for (definition, instance) in rows {
            if let Entry::Vacant(place) = book.names.entry(definition) {
                place.insert(names(host, definition).await?);
            }
            instances.push(instance);
        }
        instances.sort_unstable();
        instances.dedup();
        if !instances.is_empty() {
            let rows = host.read(move |reader| {
                let mut read = |instance| Ok(reader.instance(instance)?.map(|row| (instance, row)));
                instances.into_iter().filter_map(|instance| read(instance).transpose()).collect()
            });
            book.instances = rows.await?;
        }
        Ok(book)
    }

    /// The names of a definition.
    pub(super) fn names(&self, definition: DefinitionKey) -> Option<&Names> {
        self.names.get(&definition)
    }

    /// The instance at the beginning of the chain of calls that an instance is in.
    pub(super) fn root(&self, instance: InstanceKey) -> InstanceKey {
        self.instance(instance).map_or(instance, InstanceRow::root)
    }

    /// The summary of an instance.
    pub(super) fn instance(&self, instance: InstanceKey) -> Option<&InstanceRow> {
        self.instances.get(&instance)
    }
}

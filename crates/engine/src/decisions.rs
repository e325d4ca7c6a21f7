//! Decisions: which there are, which version is meant, and the compiled graphs that they are in.
//!
//! Heads of all are in memory; a graph is compiled when one of its decisions is first evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{
    DecisionGraphKey, DecisionGraphRow, DecisionKey, DecisionRef, DecisionRow, DefinitionKey,
    Rejection, Text,
};
use bpmn::Binding;

/// A deployed decision requirements graph and its compiled form.
#[derive(Debug)]
pub struct DecisionGraph {
    /// As stored.
    pub row: DecisionGraphRow,
    /// What evaluates.
    pub definitions: dmn::Definitions,
}

impl DecisionGraph {
    /// Compiles what was stored. Fails only if this release cannot read the model any more.
    pub fn compile(row: DecisionGraphRow) -> Result<Self, String> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string());
        let imports = row.imports.iter().map(|file| Ok((&*file.name, text(&file.resource)?)));
        let imports: Vec<(&str, &str)> = imports.collect::<Result<_, String>>()?;
        let definitions =
            dmn::compile_with(text(&row.resource)?, &imports).map_err(|findings| {
                findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })?;
        Ok(Self { row, definitions })
    }
}

/// A version of a decision, and where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecisionPlace {
    /// The graph.
    pub graph: DecisionGraphKey,
    /// Its place there.
    at: usize,
}

/// All decisions.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    graphs: BTreeMap<DecisionGraphKey, DecisionGraphRow>,
    /// Versions of graphs.
    graphs_by_id: BTreeMap<Text, BTreeMap<i32, DecisionGraphKey>>,
    by_key: BTreeMap<DecisionKey, DecisionPlace>,
    by_id: BTreeMap<Text, BTreeMap<i32, DecisionPlace>>,
    compiled: BTreeMap<DecisionGraphKey, Arc<DecisionGraph>>,
    /// Graphs that this release cannot compile, with the reason.
    broken: BTreeMap<DecisionGraphKey, String>,
}

impl Decisions {
    pub(crate) fn add_head(&mut self, mut head: DecisionGraphRow) {
        head.resource = Arc::from([]);
        head.imports = Vec::new();
        let before = self.graphs.get(&head.key).and_then(|known| known.deleted_ms);
        head.deleted_ms = head.deleted_ms.or(before);
        for (at, decision) in head.decisions.iter().enumerate() {
            let place = DecisionPlace { graph: head.key, at };
            self.by_key.insert(decision.key, place);
            self.by_id.entry(decision.id.clone()).or_default().insert(decision.version, place);
        }
        self.graphs_by_id.entry(head.id.clone()).or_default().insert(head.version, head.key);
        self.graphs.insert(head.key, head);
    }

    /// Adds a graph.
    pub fn add(&mut self, graph: Arc<DecisionGraph>) {
        self.add_head(graph.row.clone());
        self.compiled.insert(graph.row.key, graph);
    }

    /// Nothing of the graph is evaluated any more.
    pub(crate) fn retire(&mut self, key: DecisionGraphKey, at_ms: i64) {
        if let Some(head) = self.graphs.get_mut(&key) {
            head.deleted_ms = Some(at_ms);
        }
    }

    /// The highest version that a graph ever had, 0 if none.
    pub(crate) fn newest_graph_version(&self, id: &str) -> i32 {
        let versions = self.graphs_by_id.get(id);
        versions.and_then(|versions| versions.last_key_value()).map_or(0, |(version, _)| *version)
    }

    /// The highest version that a decision ever had, 0 if none.
    pub(crate) fn newest_version(&self, id: &str) -> i32 {
        let versions = self.by_id.get(id);
        versions.and_then(|versions| versions.last_key_value()).map_or(0, |(version, _)| *version)
    }

    /// Adds what could not be compiled.
    pub(crate) fn add_broken(&mut self, key: DecisionGraphKey, why: String) {
        self.broken.insert(key, why);
    }

    /// Whether it is known what the graph is or why it cannot be used.
    pub(crate) fn is_loaded(&self, key: DecisionGraphKey) -> bool {
        self.compiled.contains_key(&key) || self.broken.contains_key(&key)
    }

    /// The compiled graph, or why it cannot be used.
    pub(crate) fn usable(&self, key: DecisionGraphKey) -> Result<&Arc<DecisionGraph>, String> {
        self.compiled.get(&key).ok_or_else(|| {
            let why = self.broken.get(&key).map_or("it is not in memory", String::as_str);
            format!(
                "the decision requirements graph {key} cannot be used by this release: {why}; \
                 deploy it again"
            )
        })
    }

    /// The graph with this key.
    pub fn graph(&self, key: DecisionGraphKey) -> Result<&DecisionGraphRow, Rejection> {
        self.graphs.get(&key).filter(|head| head.deleted_ms.is_none()).ok_or_else(|| {
            Rejection::not_found(format!(
                "expected a deployed decision requirements graph with key {key}, but none is \
                 deployed"
            ))
        })
    }

    /// The latest version of a graph.
    pub(crate) fn latest_graph(&self, id: &str) -> Option<&DecisionGraphRow> {
        let graphs = self.graphs_by_id.get(id)?.values().rev();
        graphs.filter_map(|key| self.graphs.get(key)).find(|head| head.deleted_ms.is_none())
    }

    /// The latest version of a decision.
    pub(crate) fn latest(&self, id: &str) -> Option<(&DecisionGraphRow, &DecisionRow)> {
        self.by_id.get(id)?.values().rev().find_map(|place| self.at(*place))
    }

    /// A decision and the graph that it is in, unless that was deleted.
    pub fn at(&self, place: DecisionPlace) -> Option<(&DecisionGraphRow, &DecisionRow)> {
        let graph = self.graphs.get(&place.graph).filter(|graph| graph.deleted_ms.is_none())?;
        Some((graph, graph.decisions.get(place.at)?))
    }

    /// The decision that is meant, or why there is none.
    pub fn resolve(&self, reference: &DecisionRef) -> Result<DecisionPlace, Rejection> {
        match reference {
            DecisionRef::Key(key) => {
                self.by_key.get(key).copied().filter(|place| self.at(*place).is_some()).ok_or_else(
                    || {
                        Rejection::not_found(format!(
                            "expected a deployed decision with key {key}, but none is deployed"
                        ))
                    },
                )
            }
            DecisionRef::Id(id) => {
                self.bound(id, &Binding::Latest, None).map_err(Rejection::not_found)
            }
        }
    }

    /// The version of a decision that a caller is bound to, or why there is none. `deployment` is
    /// the caller's.
    pub(crate) fn bound(
        &self,
        id: &str,
        binding: &Binding,
        deployment: Option<DefinitionKey>,
    ) -> Result<DecisionPlace, String> {
        let Some(versions) = self.by_id.get(id).filter(|_| self.latest(id).is_some()) else {
            return Err(format!(
                "expected a deployed decision with id `{id}`, but none is deployed; deploy it, or \
                 check the id{}",
                self.known()
            ));
        };
        let newest = |fits: &dyn Fn(&DecisionGraphRow, &DecisionRow) -> bool| {
            let mut newest = versions.values().rev().copied();
            newest.find(|place| self.at(*place).is_some_and(|(graph, row)| fits(graph, row)))
        };
        match binding {
            Binding::Latest => newest(&|_, _| true).ok_or_else(|| format!("`{id}` is gone")),
            Binding::Deployment => newest(&|graph, _| Some(graph.deployment) == deployment)
                .ok_or_else(|| {
                    format!(
                        "expected a decision with id `{id}` in the deployment of the process, but \
                         there is none; deploy both together, or bind to the latest version"
                    )
                }),
            Binding::VersionTag(tag) => newest(&|_, row| row.version_tag.as_ref() == Some(tag))
                .ok_or_else(|| {
                    format!(
                        "expected a version of the decision `{id}` with the version tag `{tag}`, \
                         but none is deployed; deploy one, or bind to another version"
                    )
                }),
        }
    }

    fn known(&self) -> String {
        crate::catalog::known(self.by_id.keys().filter(|id| self.latest(id).is_some()))
    }
}

//! Definitions: which there are, which is the latest, and their compiled graphs.
//!
//! Heads of all are in memory; graphs are compiled when an instance first needs one.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{
    DecisionGraphRow, DefinitionKey, DefinitionRef, DefinitionRow, JobExtra, JobKey, Rejection,
    Text,
};
use bpmn::{AdHoc, Binding, Kind, Process};

use crate::decisions::Decisions;
use crate::input::Deployed;

/// A deployed definition and its graph.
#[derive(Debug)]
pub struct Definition {
    /// As stored.
    pub row: DefinitionRow,
    /// Its graph.
    pub process: Process,
    /// Task headers of each node as the beginning of a JSON object, without the closing brace.
    headers: Vec<Option<String>>,
    /// A policy in it bounds leases.
    pub(crate) bounds_attempts: bool,
}

/// Task header that carries the job's idempotency key: the same in every attempt at the job.
const IDEMPOTENCY_HEADER: &str = "idempotencyKey";

impl Definition {
    /// Joins a row and its graph.
    pub fn new(row: DefinitionRow, process: Process) -> Self {
        let headers = process
            .nodes
            .iter()
            .map(|node| match &node.kind {
                Kind::Job(spec) | Kind::AdHoc(AdHoc { job: Some(spec), .. }) => {
                    Some(header_prefix(&spec.headers))
                }
                _ => None,
            })
            .collect();
        let bounds = |node: &bpmn::Node| {
            node.policy.as_ref().is_some_and(|policy| policy.attempt_timeout_ms.is_some())
        };
        let bounds_attempts = process.nodes.iter().any(bounds);
        Self { row, process, headers, bounds_attempts }
    }

    /// Compiles what was stored. Fails only if this release cannot read the model any more, or
    /// numbers its elements in another way than the log does.
    pub fn compile(row: DefinitionRow) -> Result<Self, String> {
        let text = std::str::from_utf8(&row.resource).map_err(|error| error.to_string())?;
        let model = bpmn::read(text).map_err(|findings| {
            findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })?;
        let process = model
            .processes
            .into_iter()
            .find(|process| process.id == row.id)
            .ok_or_else(|| format!("the resource has no process {}", &*row.id))?;
        if process.element_table() != row.elements {
            return Err("the elements are numbered in another way than when it was deployed".into());
        }
        Ok(Self::new(row, process))
    }

    /// The headers that a worker gets with a job of this node.
    pub(crate) fn headers(&self, element: u32, job: JobKey, extra: Option<&JobExtra>) -> Text {
        let listener = extra.and_then(|extra| extra.listener);
        let listener = listener.and_then(|it| {
            let spec = self.process.node(element).listener(it.event, it.index)?;
            Some(header_prefix(&spec.job.headers))
        });
        let own = || self.headers.get(element as usize).and_then(Option::as_deref);
        let prefix = listener.as_deref().or_else(own).unwrap_or("{");
        match extra.and_then(|extra| extra.idempotency_key.as_ref()) {
            None => format!("{prefix}\"{IDEMPOTENCY_HEADER}\":\"{job}\"}}").into(),
            Some(key) => {
                let key = base::Json::string(key);
                format!("{prefix}\"{IDEMPOTENCY_HEADER}\":{}}}", key.as_str()).into()
            }
        }
    }
}

fn header_prefix(headers: &[(Text, Text)]) -> String {
    let mut text = String::from("{");
    for (name, value) in headers {
        text.push_str(base::Json::string(name).as_str());
        text.push(':');
        text.push_str(base::Json::string(value).as_str());
        text.push(',');
    }
    text
}

/// All definitions.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    heads: BTreeMap<DefinitionKey, DefinitionRow>,
    by_id: BTreeMap<Text, BTreeMap<i32, DefinitionKey>>,
    /// Message names to the latest versions that they start, by process.
    starts: BTreeMap<Text, BTreeMap<Text, DefinitionKey>>,
    compiled: BTreeMap<DefinitionKey, Arc<Definition>>,
    /// Definitions that this release cannot compile, with the reason.
    broken: BTreeMap<DefinitionKey, String>,
    /// Decisions are named apart from processes.
    pub decisions: Decisions,
}

impl Catalog {
    /// Takes the heads that the store has.
    pub fn new(heads: Vec<DefinitionRow>, graphs: Vec<DecisionGraphRow>) -> Self {
        let mut catalog = Self::default();
        for head in heads {
            catalog.add_head(head);
        }
        for head in graphs {
            catalog.decisions.add_head(head);
        }
        catalog
    }

    /// Adds what was deployed.
    pub fn add_deployed(&mut self, deployed: &Deployed) {
        for definition in &deployed.definitions {
            self.add(Arc::clone(definition));
        }
        for graph in &deployed.graphs {
            self.decisions.add(Arc::clone(graph));
        }
        for (key, at_ms) in &deployed.retired {
            self.retire((*key).into(), *at_ms);
            self.decisions.retire((*key).into(), *at_ms);
        }
    }

    fn add_head(&mut self, mut head: DefinitionRow) {
        head.resource = Arc::from([]);
        head.elements = Vec::new();
        // A graph that was read later does not know that it was deleted meanwhile.
        let before = self.heads.get(&head.key).and_then(|known| known.deleted_ms);
        head.deleted_ms = head.deleted_ms.or(before);
        let id = head.id.clone();
        self.by_id.entry(id.clone()).or_default().insert(head.version, head.key);
        self.heads.insert(head.key, head);
        self.listen(&id);
    }

    /// Messages start the latest version of a process.
    fn listen(&mut self, id: &Text) {
        let latest = self.latest(id).map(|head| (head.key, head.message_starts.clone()));
        for started in self.starts.values_mut() {
            started.remove(id);
        }
        let Some((key, names)) = latest else { return };
        for name in names {
            self.starts.entry(name).or_default().insert(id.clone(), key);
        }
    }

    /// Nothing is started of the definition any more; the version before it is the latest again.
    pub(crate) fn retire(&mut self, key: DefinitionKey, at_ms: i64) {
        let Some(head) = self.heads.get_mut(&key) else { return };
        head.deleted_ms = Some(at_ms);
        let id = head.id.clone();
        self.listen(&id);
    }

    /// The version that is the latest once this one, which is the latest now, is deleted.
    pub(crate) fn before(&self, key: DefinitionKey) -> Option<DefinitionKey> {
        let head = self.usable_head(key).filter(|head| self.latest(&head.id) == Some(head))?;
        let versions = self.by_id.get(&head.id)?.range(..head.version).rev();
        let mut heads = versions.filter_map(|(_, key)| self.usable_head(*key));
        heads.next().map(|head| head.key)
    }

    /// The highest version that an id ever had, 0 if none: numbers are not given again.
    pub(crate) fn newest_version(&self, id: &str) -> i32 {
        let versions = self.by_id.get(id);
        versions.and_then(|versions| versions.last_key_value()).map_or(0, |(version, _)| *version)
    }

    /// Adds a definition.
    pub fn add(&mut self, definition: Arc<Definition>) {
        self.add_head(definition.row.clone());
        self.compiled.insert(definition.row.key, definition);
    }

    /// Adds what could not be compiled.
    pub(crate) fn add_broken(&mut self, key: DefinitionKey, why: String) {
        self.broken.insert(key, why);
    }

    /// The graph, if it is compiled.
    pub fn compiled(&self, key: DefinitionKey) -> Option<&Arc<Definition>> {
        self.compiled.get(&key)
    }

    /// Why the definition cannot be used.
    pub(crate) fn broken(&self, key: DefinitionKey) -> Option<&str> {
        self.broken.get(&key).map(String::as_str)
    }

    /// The latest version of an id.
    pub fn latest(&self, id: &str) -> Option<&DefinitionRow> {
        let heads = self.by_id.get(id)?.values().rev().filter_map(|key| self.heads.get(key));
        heads.into_iter().find(|head| head.deleted_ms.is_none())
    }

    /// The head of a definition, also of a deleted one.
    pub fn head(&self, key: DefinitionKey) -> Option<&DefinitionRow> {
        self.heads.get(&key)
    }

    /// The head of a definition that was not deleted.
    fn usable_head(&self, key: DefinitionKey) -> Option<&DefinitionRow> {
        self.heads.get(&key).filter(|head| head.deleted_ms.is_none())
    }

    /// The definition that is meant, or why there is none.
    pub fn resolve(&self, reference: &DefinitionRef) -> Result<&DefinitionRow, Rejection> {
        match reference {
            DefinitionRef::Key(key) => self.usable_head(*key).ok_or_else(|| {
                Rejection::not_found(format!(
                    "expected a deployed process definition with key {key}, but none is deployed"
                ))
            }),
            DefinitionRef::Id { id, version: None } => self.latest(id).ok_or_else(|| {
                Rejection::not_found(format!(
                    "expected a deployed process with id `{}`, but none is deployed; deploy it, or \
                     check the id{}",
                    &**id,
                    self.known()
                ))
            }),
            DefinitionRef::Id { id, version: Some(version) } => {
                let versions = self.by_id.get(id);
                versions
                    .and_then(|versions| versions.get(version))
                    .and_then(|key| self.usable_head(*key))
                    .ok_or_else(|| {
                        let found = self.latest(id).map_or_else(
                            || "no version of it is deployed".into(),
                            |latest| format!("the latest is version {}", latest.version),
                        );
                        Rejection::not_found(format!(
                            "expected version {version} of the process `{}`, but {found}",
                            &**id
                        ))
                    })
            }
        }
    }

    /// The version of a process that a call activity is bound to, or why there is none. `deployment`
    /// is the caller's.
    pub(crate) fn bound(
        &self,
        id: &str,
        binding: &Binding,
        deployment: DefinitionKey,
    ) -> Result<&DefinitionRow, String> {
        let newest = |fits: &dyn Fn(&DefinitionRow) -> bool| {
            let versions = self.by_id.get(id).into_iter().flatten().rev();
            let mut heads = versions.filter_map(|(_, key)| self.usable_head(*key));
            heads.find(|head| fits(head))
        };
        if newest(&|_| true).is_none() {
            return Err(format!(
                "expected a deployed process with id `{id}`, but none is deployed; deploy it, or \
                 check the id{}",
                self.known()
            ));
        }
        match binding {
            Binding::Latest => newest(&|_| true).ok_or_else(|| format!("`{id}` is gone")),
            Binding::Deployment => newest(&|head| head.deployment == deployment).ok_or_else(|| {
                format!(
                    "expected a process with id `{id}` in the deployment of its caller, but there is \
                     none; deploy both together, or bind to the latest version"
                )
            }),
            Binding::VersionTag(tag) => newest(&|head| head.version_tag.as_ref() == Some(tag))
                .ok_or_else(|| {
                    format!(
                        "expected a version of the process `{id}` with the version tag `{tag}`, but \
                         none is deployed; deploy one, or bind to another version"
                    )
                }),
        }
    }

    fn known(&self) -> String {
        known(self.by_id.keys().filter(|id| self.latest(id).is_some()))
    }

    /// Latest versions that a message of this name starts, by process.
    pub(crate) fn started_by(&self, message: &str) -> Vec<(Text, DefinitionKey)> {
        let started = self.starts.get(message).into_iter().flatten();
        started.map(|(process_id, key)| (process_id.clone(), *key)).collect()
    }
}

/// Names some of the ids that could have been meant.
pub(crate) fn known<'a>(mut ids: impl Iterator<Item = &'a Text>) -> String {
    let first: Vec<_> = ids.by_ref().take(5).map(|id| format!("`{}`", &**id)).collect();
    match (first.is_empty(), ids.count()) {
        (true, _) => String::new(),
        (false, 0) => format!(" (deployed: {})", first.join(", ")),
        (false, more) => format!(" (deployed: {} and {more} others)", first.join(", ")),
    }
}

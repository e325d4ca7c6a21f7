//! Deployment: versions, and the timers of start events. The first shard's work.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{
    DecisionGraphKey, DecisionGraphRow, DecisionKey, DecisionRow, DefinitionKey, DefinitionRow,
    DefinitionTimerRow, DeployedDefinition, ImportedFile, Op, Outcome, Rejection, Reply, ShardId,
    Text,
};
use bpmn::{Process, Trigger, Value, timer};

use crate::catalog::Definition;
use crate::decisions::DecisionGraph;
use crate::input::{Model, Resource, Ticket};
use crate::shard::Shard;

impl Shard {
    pub(crate) fn deploy(&mut self, ticket: Ticket, resources: Vec<Resource>) {
        let outcome = self.deploy_all(resources);
        self.reply(ticket, outcome);
    }

    fn deploy_all(&mut self, resources: Vec<Resource>) -> Outcome {
        if self.id != ShardId::FIRST {
            return Err(Rejection::state("deployments belong to the first shard"));
        }
        check(&resources, self.now_ms)?;
        // Who is bound to what came with it must find all of it in one deployment.
        let anew =
            resources.iter().any(Resource::binds_deployment) && !self.came_together(&resources);
        let deployment = DefinitionKey(self.own_key());
        let (mut definitions, mut graphs) = (Vec::new(), Vec::new());
        for Resource { name, bytes, model } in resources {
            let file = File { deployment, name, bytes, anew };
            match model {
                Model::Bpmn(processes) => {
                    for process in processes {
                        definitions.push(self.deploy_one(&file, process));
                    }
                }
                Model::Dmn { definitions, imports } => {
                    graphs.push(self.deploy_graph(&file, definitions, imports));
                }
            }
        }
        Ok(Reply::Deployed { deployment, definitions, graphs })
    }

    /// Whether the latest versions of all that is in the resources are from these very files, and came
    /// with one deployment.
    fn came_together(&self, resources: &[Resource]) -> bool {
        let mut deployments = BTreeSet::new();
        for resource in resources {
            let Resource { name, bytes, .. } = resource;
            for process in resource.processes() {
                let known = self.known_process(process, name, bytes);
                let Some(known) = known else { return false };
                deployments.insert(known.deployment);
            }
            if let Some((graph, imports)) = resource.graph() {
                let known = self.known_graph(graph, name, bytes, imports);
                let Some(known) = known else { return false };
                deployments.insert(known.deployment);
            }
        }
        deployments.len() == 1
    }

    fn known_process(
        &self,
        process: &Process,
        name: &Text,
        bytes: &Arc<[u8]>,
    ) -> Option<&DefinitionRow> {
        let key = self.catalog.latest(&process.id)?.key;
        let known = &self.catalog.compiled(key)?.row;
        (known.resource == *bytes && known.resource_name == *name).then_some(known)
    }

    fn deploy_one(&mut self, file: &File, process: Process) -> DeployedDefinition {
        let known = self.known_process(&process, &file.name, &file.bytes).filter(|_| !file.anew);
        if let Some(known) = known {
            return DeployedDefinition {
                key: known.key,
                id: process.id.clone(),
                version: known.version,
                resource_name: file.name.clone(),
            };
        }
        let latest = self.catalog.latest(&process.id).map(|head| head.key);
        let row = DefinitionRow {
            key: DefinitionKey(self.own_key()),
            deployment: file.deployment,
            id: process.id.clone(),
            version: self.catalog.newest_version(&process.id) + 1,
            version_tag: process.version_tag.clone(),
            name: process.name.clone(),
            resource_name: file.name.clone(),
            resource: file.bytes.clone(),
            elements: process.element_table(),
            message_starts: message_starts(&process),
            deployed_ms: self.now_ms,
            deleted_ms: None,
        };
        self.ops.push(Op::PutDefinition(row.clone()));
        if let Some(old) = latest {
            self.start_timers.retain(|(_, definition, _), _| *definition != old);
            self.ops.push(Op::DeleteDefinitionTimers(old));
        }
        self.set_start_timers(row.key, &process);
        let deployed = DeployedDefinition {
            key: row.key,
            id: row.id.clone(),
            version: row.version,
            resource_name: file.name.clone(),
        };
        let definition = Arc::new(Definition::new(row, process));
        self.catalog.add(Arc::clone(&definition));
        self.effects.deployed.definitions.push(definition);
        deployed
    }

    /// Sets the timers of start events anew.
    pub(crate) fn set_start_timers(&mut self, definition: DefinitionKey, process: &Process) {
        for (element, due) in start_timers(process, self.now_ms) {
            if let Ok(Some(next)) = due {
                let (due_ms, repeats) = (next.due_ms, next.repeats);
                self.set_start_timer(DefinitionTimerRow { definition, element, due_ms, repeats });
            }
        }
    }

    /// The latest version of a graph, if it is from these very files and its decisions are the
    /// latest.
    fn known_graph(
        &self,
        graph: &dmn::Definitions,
        name: &Text,
        bytes: &Arc<[u8]>,
        imports: &[ImportedFile],
    ) -> Option<&DecisionGraphRow> {
        let decisions = &self.catalog.decisions;
        let head = decisions.latest_graph(graph.id())?;
        let known = decisions.usable(head.key).ok()?;
        let newest = |row: &DecisionRow| decisions.latest(&row.id).is_some_and(|(_, it)| it == row);
        let same = known.row.resource == *bytes && known.row.resource_name == *name;
        let same = same && known.row.imports == imports;
        (same && head.decisions.iter().all(newest)).then_some(head)
    }

    fn deploy_graph(
        &mut self,
        file: &File,
        definitions: dmn::Definitions,
        imports: Vec<ImportedFile>,
    ) -> DecisionGraphRow {
        let known = self.known_graph(&definitions, &file.name, &file.bytes, &imports);
        if let Some(known) = known.filter(|_| !file.anew) {
            return known.clone();
        }
        let newest = self.catalog.decisions.newest_graph_version(definitions.id());
        let key = DecisionGraphKey(self.own_key());
        let mut decisions = Vec::new();
        for info in definitions.decisions() {
            let newest = self.catalog.decisions.newest_version(&info.id);
            decisions.push(DecisionRow {
                key: DecisionKey(self.own_key()),
                id: info.id.as_str().into(),
                version: newest + 1,
                version_tag: info.version_tag.as_deref().map(Text::from),
                name: info.name.as_str().into(),
            });
        }
        let row = DecisionGraphRow {
            key,
            deployment: file.deployment,
            id: definitions.id().into(),
            version: newest + 1,
            name: definitions.name().into(),
            resource_name: file.name.clone(),
            resource: file.bytes.clone(),
            imports,
            decisions,
            deployed_ms: self.now_ms,
            deleted_ms: None,
        };
        self.ops.push(Op::PutDecisionGraph(row.clone()));
        let head = row.head();
        let graph = Arc::new(DecisionGraph { row, definitions });
        self.catalog.decisions.add(Arc::clone(&graph));
        self.effects.deployed.graphs.push(graph);
        head
    }
}

/// A file of a deployment that is carried out.
struct File {
    deployment: DefinitionKey,
    name: Text,
    bytes: Arc<[u8]>,
    /// What is in it gets a new version even if nothing has changed.
    anew: bool,
}

/// Refuses what cannot be deployed together, or not at all.
fn check(resources: &[Resource], now_ms: i64) -> Result<(), Rejection> {
    let mut ids = BTreeSet::new();
    let mut once = |kind: &'static str, id: &str| {
        if ids.insert((kind, id.to_owned())) {
            return Ok(());
        }
        Err(Rejection::invalid(format!(
            "expected each {kind} once in a deployment, but `{id}` is in it twice"
        )))
    };
    for resource in resources {
        for process in resource.processes() {
            once("process", &process.id)?;
            for (element, due) in start_timers(process, now_ms) {
                due.map_err(|why| {
                    Rejection::invalid(format!(
                        "the timer of the start event `{}` cannot be set: {why}",
                        process.id_of(element).map_or("", |id| id)
                    ))
                })?;
            }
        }
        if let Some((graph, _)) = resource.graph() {
            once("decision requirements graph", graph.id())?;
            for decision in graph.decisions() {
                once("decision", &decision.id)?;
            }
        }
    }
    Ok(())
}

fn start_timers(process: &Process, now_ms: i64) -> Vec<(u32, Result<Option<timer::Next>, String>)> {
    process
        .starts()
        .filter_map(|(element, trigger)| match trigger {
            Trigger::Timer(spec) => Some((element, timer::start_first(spec, now_ms))),
            _ => None,
        })
        .collect()
}

/// Under which names a broadcast, a message or a caller finds what it starts.
fn message_starts(process: &Process) -> Vec<Text> {
    let mut names: Vec<Text> = process
        .starts()
        .filter_map(|(_, trigger)| match trigger {
            Trigger::Message { name: Value::Fixed(name), .. } => Some(name.clone()),
            Trigger::Signal(Value::Fixed(name)) => Some(base::signal::slot(name)),
            Trigger::Condition(_) => Some(base::signal::CONDITIONS.into()),
            _ => None,
        })
        .collect();
    names.dedup();
    names
}

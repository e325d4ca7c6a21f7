//! Deployment: versions, and the timers of start events. The first shard's work.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{
    DefinitionKey, DefinitionRow, DefinitionTimerRow, DeployedDefinition, Op, Outcome, Rejection,
    Reply, ShardId, Text,
};
use bpmn::{Process, Trigger, Value, timer};

use crate::catalog::Definition;
use crate::input::{Resource, Ticket};
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
        let mut ids = BTreeSet::new();
        for process in resources.iter().flat_map(|resource| &resource.processes) {
            if !ids.insert(process.id.clone()) {
                return Err(Rejection::invalid(format!(
                    "expected each process once in a deployment, but `{}` is in it twice",
                    &*process.id
                )));
            }
            for (element, due) in start_timers(process, self.now_ms) {
                due.map_err(|why| {
                    Rejection::invalid(format!(
                        "the timer of the start event `{}` cannot be set: {why}",
                        process.id_of(element).map_or("", |id| id)
                    ))
                })?;
            }
        }
        let deployment = DefinitionKey(self.own_key());
        let mut definitions = Vec::new();
        for resource in resources {
            let Resource { name, bytes, processes } = resource;
            for process in processes {
                definitions.push(self.deploy_one(deployment, &name, &bytes, process));
            }
        }
        Ok(Reply::Deployed { deployment, definitions })
    }

    fn deploy_one(
        &mut self,
        deployment: DefinitionKey,
        resource_name: &Text,
        resource: &Arc<[u8]>,
        process: Process,
    ) -> DeployedDefinition {
        let latest = self.catalog.latest(&process.id).map(|head| (head.key, head.version));
        if let Some((key, version)) = latest
            && let Some(known) = self.catalog.compiled(key)
            && known.row.resource == *resource
            && known.row.resource_name == *resource_name
        {
            return DeployedDefinition {
                key,
                id: process.id.clone(),
                version,
                resource_name: resource_name.clone(),
            };
        }
        let row = DefinitionRow {
            key: DefinitionKey(self.own_key()),
            deployment,
            id: process.id.clone(),
            version: latest.map_or(0, |(_, version)| version) + 1,
            version_tag: process.version_tag.clone(),
            name: process.name.clone(),
            resource_name: resource_name.clone(),
            resource: resource.clone(),
            elements: process.element_table(),
            message_starts: message_starts(&process),
            deployed_ms: self.now_ms,
        };
        self.ops.push(Op::PutDefinition(row.clone()));
        if let Some((old, _)) = latest {
            self.start_timers.retain(|(_, definition, _), _| *definition != old);
            self.ops.push(Op::DeleteDefinitionTimers(old));
        }
        for (element, due) in start_timers(&process, self.now_ms) {
            if let Ok(Some(next)) = due {
                self.set_start_timer(DefinitionTimerRow {
                    definition: row.key,
                    element,
                    due_ms: next.due_ms,
                    repeats: next.repeats,
                });
            }
        }
        let deployed = DeployedDefinition {
            key: row.key,
            id: row.id.clone(),
            version: row.version,
            resource_name: resource_name.clone(),
        };
        let definition = Arc::new(Definition::new(row, process));
        self.catalog.add(Arc::clone(&definition));
        self.effects.definitions.push(definition);
        deployed
    }
}

fn start_timers(process: &Process, now_ms: i64) -> Vec<(u32, Result<Option<timer::Next>, String>)> {
    process
        .starts()
        .filter_map(|(element, trigger)| match trigger {
            Trigger::Timer(spec) => Some((element, timer::start_first(spec, now_ms))),
            Trigger::None | Trigger::Message { .. } | Trigger::Error { .. } => None,
        })
        .collect()
}

fn message_starts(process: &Process) -> Vec<Text> {
    process
        .starts()
        .filter_map(|(_, trigger)| match trigger {
            Trigger::Message { name: Value::Fixed(name), .. } => Some(name.clone()),
            Trigger::Message { name: Value::Feel(_), .. }
            | Trigger::None
            | Trigger::Timer(_)
            | Trigger::Error { .. } => None,
        })
        .collect()
}

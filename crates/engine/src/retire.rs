//! Deleting definitions and decision requirements graphs. The first shard's work.
//!
//! In:  a command with the key of either.
//! Out: what is written and what the other shards hear of, before it is acknowledged.
//! Absent: instances. Those that live go on with the version that they are of.

use base::{DecisionGraphKey, DefinitionKey, Key, Op, Outcome, Rejection, Reply, ShardId};

use crate::input::Read;
use crate::shard::Shard;

impl Shard {
    /// The version before it: its timers start again when it is the latest.
    pub(crate) fn delete_resource_need(&self, resource: Key) -> Option<Read> {
        self.definition_need(self.catalog.before(DefinitionKey(resource))?)
    }

    pub(crate) fn delete_resource(&mut self, resource: Key) -> Outcome {
        if self.id != ShardId::FIRST {
            return Err(Rejection::state("deployments belong to the first shard"));
        }
        let (definition, graph) = (DefinitionKey(resource), DecisionGraphKey(resource));
        let lives = |deleted_ms: Option<i64>| deleted_ms.is_none();
        if self.catalog.head(definition).is_some_and(|head| lives(head.deleted_ms)) {
            self.retire_definition(definition);
        } else if self.catalog.decisions.graph(graph).is_ok() {
            let at_ms = self.now_ms;
            self.ops.push(Op::RetireDecisionGraph { graph, at_ms });
            self.catalog.decisions.retire(graph, at_ms);
        } else {
            return Err(Rejection::not_found(format!(
                "expected the key of a deployed process definition or decision requirements graph, \
                 but {resource} is neither; it may be deleted already"
            )));
        }
        self.effects.deployed.retired.push((resource, self.now_ms));
        Ok(Reply::Done)
    }

    fn retire_definition(&mut self, definition: DefinitionKey) {
        let before = self.catalog.before(definition);
        self.ops.push(Op::RetireDefinition { definition, at_ms: self.now_ms });
        self.ops.push(Op::DeleteDefinitionTimers(definition));
        self.start_timers.retain(|(_, of, _), _| *of != definition);
        self.catalog.retire(definition, self.now_ms);
        if let Some(definition) = before.and_then(|key| self.catalog.compiled(key).cloned()) {
            self.set_start_timers(definition.row.key, &definition.process);
        }
    }
}

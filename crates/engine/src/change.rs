//! Changing the course of running instances: other elements begin, some end, another definition.
//!
//! In:  commands of operators.
//! Out: events of the one instance; a refusal has none.
//! Absent: which elements may begin, which may become which, and what follows (see
//! `bpmn::run::modify`, `bpmn::run::migrate`).

use std::sync::Arc;

use base::limits::INSTRUCTIONS_MAX;
use base::{
    DefinitionRef, InstanceKey, MigrateInstance, ModifyInstance, Outcome, Rejection, Reply,
};
use bpmn::{Run, Target};

use crate::shard::{Shard, Work};

impl Shard {
    pub(crate) fn modify(&mut self, modify: &ModifyInstance) -> Outcome {
        let instructions = modify.activate.len() + modify.terminate.len() + modify.moves.len();
        bounded("instructions", instructions)?;
        if instructions == 0 {
            return Err(Rejection::invalid(
                "expected an instruction to activate, terminate or move, but found none",
            ));
        }
        let instance = self.changeable(modify.instance)?;
        let called = self.check_uncalled(instance).is_err();
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).modify(modify, called)
        })??;
        Ok(Reply::Done)
    }

    pub(crate) fn migrate(&mut self, migrate: &MigrateInstance) -> Outcome {
        let instance = self.changeable(migrate.instance)?;
        let key = self.catalog.resolve(&DefinitionRef::Key(migrate.target))?.key;
        let target = Arc::clone(self.usable(key)?);
        let before = self.cache.get(instance).map(|entry| entry.state.header().clone());
        let report = self.decide(instance, |_, decision, process| {
            let row = &target.row;
            let (definition, version) = (row.key, row.version);
            let target = Target { process: &target.process, definition, version };
            Run::new(process, decision).migrate(target, &migrate.mappings, migrate.dry_run)
        })??;
        if let Some(entry) = self.cache.get_mut(instance).filter(|_| !migrate.dry_run) {
            entry.definition = target;
        }
        // It holds the place of a message start event of a process that it is no longer one of.
        if let Some(before) = before
            && let Some(source) = before.message
            && !source.correlation_key.is_empty()
            && self.cache.get(instance).map(|entry| &entry.state.header().process_id)
                != Some(&before.process_id)
        {
            self.push_work(vec![Work::Unlock {
                process_id: before.process_id,
                name: source.name,
                correlation_key: source.correlation_key,
                instance,
            }]);
        }
        Ok(Reply::Migrated(Box::new(report)))
    }

    /// The instance, if it may be changed: one that is suspended stands as it was suspended, and what
    /// undoes another instance follows what that one did.
    fn changeable(&self, instance: InstanceKey) -> Result<InstanceKey, Rejection> {
        let state = self.live_instance(instance)?;
        if let Some(undone) = state.header().undoes {
            return Err(Rejection::state(format!(
                "expected an instance that runs by its definition, but {instance} compensates what \
                 completed in {undone}; cancel the root instance {} instead",
                state.root_instance()
            )));
        }
        self.refuse_suspended(instance)?;
        Ok(instance)
    }
}

/// Refuses more instructions than one command may have.
pub(crate) fn bounded(what: &str, found: usize) -> Result<(), Rejection> {
    if found > INSTRUCTIONS_MAX {
        return Err(Rejection::invalid(format!(
            "expected at most {INSTRUCTIONS_MAX} {what}, but found {found}"
        )));
    }
    Ok(())
}

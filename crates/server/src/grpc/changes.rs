//! Changing running instances: what requests mean.

use base::{
    Activation, Command, ElementMapping, MigrateInstance, ModifyInstance, Rejection,
    ScopedVariables, Selection, Text, Within,
};
use proto::gateway as wire;
use tonic::Status;

use super::convert::Asked;
use super::status::{key, status, variables};

/// `ModifyProcessInstance`.
pub(super) fn modify(request: wire::ModifyProcessInstanceRequest) -> Asked {
    let instance = key("a process instance", request.process_instance_key)?.into();
    let mut bytes = 0;
    let mut activate = Vec::with_capacity(request.activate_instructions.len());
    for instruction in request.activate_instructions {
        bytes +=
            instruction.variable_instructions.iter().map(|one| one.variables.len()).sum::<usize>();
        activate.push(activation(instruction)?);
    }
    let terminate = request.terminate_instructions.iter().map(|instruction| {
        let key = key("an element instance", instruction.element_instance_key)?;
        Ok::<_, Status>(Selection::Key(key.into()))
    });
    let terminate = terminate.collect::<Result<_, _>>()?;
    let modify = ModifyInstance { instance, activate, terminate, moves: Vec::new() };
    Ok((Command::Modify(modify), bytes))
}

fn activation(
    instruction: wire::modify_process_instance_request::ActivateInstruction,
) -> Result<Activation, Status> {
    // Clients that leave the choice to us send 0 or -1.
    let within = match instruction.ancestor_element_instance_key {
        -1 | 0 => Within::Existing,
        ancestor => Within::Scope(key("an element instance", ancestor)?.into()),
    };
    let scoped = instruction.variable_instructions.into_iter().map(|one| {
        let scope_id = (!one.scope_id.is_empty()).then(|| Text::from(one.scope_id));
        Ok::<_, Status>(ScopedVariables { scope_id, variables: variables(&one.variables)? })
    });
    let variables = scoped.collect::<Result<_, _>>()?;
    Ok(Activation { element_id: instruction.element_id.into(), within, variables })
}

/// `MigrateProcessInstance`.
pub(super) fn migrate(request: wire::MigrateProcessInstanceRequest) -> Result<Command, Status> {
    let instance = key("a process instance", request.process_instance_key)?.into();
    let plan = request.migration_plan.ok_or_else(|| {
        status(Rejection::invalid("expected the request to have a migration plan, but it has none"))
    })?;
    let target = key("a process definition", plan.target_process_definition_key)?.into();
    let mapping =
        |one: wire::migrate_process_instance_request::MappingInstruction| ElementMapping {
            source: one.source_element_id.into(),
            target: one.target_element_id.into(),
        };
    let mappings = plan.mapping_instructions.into_iter().map(mapping).collect();
    Ok(Command::Migrate(MigrateInstance { instance, target, mappings, dry_run: false }))
}

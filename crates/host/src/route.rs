//! Which shard decides about a command.

use base::{Command, DefinitionRef, Key, Rejection, ShardId};
use engine::Catalog;

/// The shard of a command. `any` is asked where every shard is as good; `catalog` where a business
/// id comes with the key of a definition.
pub fn route<'a, C: std::ops::Deref<Target = Catalog> + 'a>(
    command: &Command,
    shards: u16,
    any: impl FnOnce() -> ShardId,
    catalog: impl FnOnce() -> C,
) -> Result<ShardId, Rejection> {
    let of = |key: Key| shard_of(key, shards);
    Ok(match command {
        Command::Create(create) => match &create.business_id {
            Some(business_id) => match &create.definition {
                DefinitionRef::Id { id, version: _ } => {
                    ShardId::of_business_id(id, business_id, shards)
                }
                reference @ DefinitionRef::Key(_) => {
                    let catalog = catalog();
                    let id = &catalog.resolve(reference)?.id;
                    ShardId::of_business_id(id, business_id, shards)
                }
            },
            None => any(),
        },
        Command::ActivateJobs(_) | Command::Evaluate(_) | Command::EvaluateConditions { .. } => {
            any()
        }
        Command::Publish(publish) => {
            ShardId::of_message(&publish.name, &publish.correlation_key, shards)
        }
        Command::Broadcast { signal, .. } => base::signal::shard(signal, shards),
        Command::DeleteResource { resource: _ } => ShardId::FIRST,
        Command::Modify(modify) => of(modify.instance.0)?,
        Command::Migrate(migrate) => of(migrate.instance.0)?,
        Command::Cancel { instance }
        | Command::DeleteInstance { instance }
        | Command::Suspend { instance, reason: _ }
        | Command::Resume { instance } => of(instance.0)?,
        Command::CompleteJob { job, variables: _ }
        | Command::AnswerListener { job, result: _ }
        | Command::AnswerAdHoc { job, .. }
        | Command::UpdateJob { job, .. } => of(job.0)?,
        Command::FailJob(fail) => of(fail.job.0)?,
        Command::ThrowError(throw) => of(throw.job.0)?,
        Command::ResolveIncident { incident } => of(incident.0)?,
        Command::ActivateElements { owner, .. } => of(owner.0)?,
        Command::SetVariables { scope, .. } => of(scope.0)?,
        Command::UpdateTask { task, .. } | Command::CompleteTask { task, .. } => of(task.0)?,
    })
}

/// The shard that a key names, if this store has it.
fn shard_of(key: Key, shards: u16) -> Result<ShardId, Rejection> {
    let shard = key.shard();
    (shard.0 < shards).then_some(shard).ok_or_else(|| {
        Rejection::not_found(format!(
            "expected a key of this server, but {key} names nothing in its store"
        ))
    })
}

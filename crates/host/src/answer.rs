//! Answers a shard's questions from the store.

use base::ShardId;
use engine::{Loaded, Read, SlotRows};
use store::{Fault, Reader};

/// Reads what a shard asked for.
pub fn answer(reader: &mut dyn Reader, shard: ShardId, read: &Read) -> Result<Loaded, Fault> {
    Ok(match read {
        Read::Owner(key) => match reader.owner(*key)? {
            Some(instance) => instance_of(reader, instance)?,
            None => Loaded::Instance(None),
        },
        Read::Instance(instance) => instance_of(reader, *instance)?,
        Read::Definition(key) => Loaded::Definition(reader.definition(*key)?),
        Read::DecisionGraph(key) => Loaded::DecisionGraph(reader.decision_graph(*key)?),
        Read::Queue { job_type, after, limit } => {
            let page = reader.queue(shard, job_type, *after, *limit)?;
            let place = |entry: &store::QueueEntry| (entry.available_ms, entry.job, entry.instance);
            Loaded::Queue(page.iter().map(place).collect())
        }
        Read::Timers { after, limit } => Loaded::Timers(reader.timers(shard, *after, *limit)?),
        Read::Slot { name, correlation_key } => {
            let slot = reader.slot(shard, name, correlation_key)?;
            Loaded::Slot(SlotRows {
                subscriptions: slot.subscriptions,
                messages: slot.messages,
                locks: slot.locks,
            })
        }
        Read::BusinessId { process_id, business_id } => {
            Loaded::BusinessId(reader.business_id(process_id, business_id)?)
        }
        Read::LiveCalled(caller) => Loaded::LiveCalled(reader.live_called(*caller)?),
        Read::OldMessages { until_ms, limit } => {
            Loaded::OldMessages(reader.messages_kept_until(shard, *until_ms, *limit)?)
        }
    })
}

fn instance_of(reader: &mut dyn Reader, instance: base::InstanceKey) -> Result<Loaded, Fault> {
    let stored = reader.state(instance)?;
    Ok(Loaded::Instance(stored.map(|stored| (instance, stored.snapshot, stored.log))))
}

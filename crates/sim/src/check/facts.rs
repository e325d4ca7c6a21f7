//! Everything that the store says, read once for all checks.

use std::collections::BTreeMap;
use std::rc::Rc;

use base::{DefinitionRow, Event, InstanceKey, InstanceRow, InstanceState, Record, ShardId};
use instance::{Instance, Status};
use store::Slot;

use crate::model::{CATCH_MESSAGES, KEYS, SIGNAL_SLOT, START_MESSAGES};
use crate::play::{Failure, Play, everything, wrong};

/// One instance.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) row: InstanceRow,
    pub(crate) records: Vec<Record>,
    /// The fold of all records.
    pub(crate) state: Instance,
}

impl Past {
    /// Reads the whole log of the instance.
    pub(crate) fn read(reader: &mut dyn store::Reader, row: InstanceRow) -> Result<Self, Failure> {
        let instance = row.instance;
        let log = reader.log(instance, 0, u32::MAX);
        let log = log.map_err(|fault| wrong("rows")(fault.to_string()))?;
        let mut records = Vec::new();
        for (at, row) in (0_u64..).zip(&log) {
            if row.seq != at {
                let what = format!("the log of {instance} has row {} at place {at}", row.seq);
                return Err(wrong("log")(what));
            }
            let record = Record::from_bytes(&row.bytes, instance).map_err(wrong("log"))?;
            if record.to_bytes(instance) != row.bytes {
                return Err(wrong("log")(format!("row {at} of {instance} reads otherwise")));
            }
            records.push(record);
        }
        let Some(state) = Instance::replay(None, &records) else {
            return Err(wrong("log")(format!("the log of {instance} does not begin")));
        };
        Ok(Self { row, records, state })
    }

    /// The definition that it was started of.
    pub(super) fn first_definition(&self) -> base::DefinitionKey {
        let first = self.events().next();
        match first {
            Some((_, Event::InstanceCreated(created))) => created.definition,
            _ => self.row.definition,
        }
    }

    pub(super) fn live(&self) -> bool {
        self.state.status() == Status::Active
    }

    pub(super) fn events(&self) -> impl Iterator<Item = (i64, &Event)> {
        self.records
            .iter()
            .flat_map(|record| record.events.iter().map(move |event| (record.at_ms, event)))
    }
}

/// The store.
pub(super) struct Facts {
    pub(super) instances: Vec<Past>,
    pub(super) definitions: Vec<DefinitionRow>,
    /// What is kept under each message name and correlation key, and by which shard.
    pub(super) slots: BTreeMap<(&'static str, &'static str), (ShardId, Slot)>,
    /// Those that were deleted, as they ended.
    pub(super) gone: Vec<Rc<Past>>,
    /// Keys that live instances must own, beyond their first blocks.
    pub(super) by_key: BTreeMap<InstanceKey, usize>,
}

impl Facts {
    pub(super) fn gather(play: &mut Play) -> Result<Self, Failure> {
        let mut reader = play.reader();
        let unreadable = |error: &dyn std::fmt::Display| wrong("rows")(error.to_string());
        let rows = reader.find_instances(&everything()).map_err(|fault| unreadable(&fault))?.rows;
        let definitions = reader.definitions().map_err(|fault| unreadable(&fault))?;
        for head in &definitions {
            play.graph(&mut *reader, head.key).map_err(wrong("rows"))?;
        }
        let mut instances = Vec::new();
        for row in rows {
            let past = Past::read(&mut *reader, row)?;
            play.check_snapshot(&mut *reader, &past.state)?;
            instances.push(past);
        }
        let mut slots = BTreeMap::new();
        let shards = play.setting.shards;
        for name in CATCH_MESSAGES.iter().chain(START_MESSAGES).chain(&[SIGNAL_SLOT]) {
            let keys = if *name == SIGNAL_SLOT { &[""] } else { KEYS };
            for key in keys {
                let shard = ShardId::of_message(name, key, shards);
                let slot = reader.slot(shard, name, key).map_err(|fault| unreadable(&fault))?;
                slots.insert((*name, *key), (shard, slot));
            }
        }
        let by_key: BTreeMap<InstanceKey, usize> = (0..)
            .zip(&instances)
            .map(|(at, past): (usize, &Past)| (past.row.instance, at))
            .collect();
        let gone = play.archive.iter().filter(|(key, _)| !by_key.contains_key(key));
        let gone = gone.map(|(_, past)| Rc::clone(past)).collect();
        Ok(Self { instances, definitions, slots, gone, by_key })
    }

    /// All that ever were.
    pub(super) fn all(&self) -> impl Iterator<Item = &Past> {
        self.instances.iter().chain(self.gone.iter().map(|past| &**past))
    }

    /// One that is in the store, or was before it was deleted.
    pub(super) fn known(&self, instance: InstanceKey) -> Option<&Past> {
        let gone = || self.gone.iter().find(|past| past.row.instance == instance);
        self.past(instance).or_else(|| gone().map(|past| &**past))
    }

    pub(super) fn past(&self, instance: InstanceKey) -> Option<&Past> {
        self.by_key.get(&instance).map(|at| &self.instances[*at])
    }

    /// The latest version of each process.
    pub(super) fn latest(&self) -> BTreeMap<&str, &DefinitionRow> {
        let mut latest: BTreeMap<&str, &DefinitionRow> = BTreeMap::new();
        for row in self.definitions.iter().filter(|row| row.deleted_ms.is_none()) {
            let known = latest.entry(&row.id).or_insert(row);
            if known.version <= row.version {
                *known = row;
            }
        }
        latest
    }
}

impl Play {
    /// The fold from the snapshot is the fold from the start, and a snapshot reads back as it was.
    fn check_snapshot(
        &mut self,
        reader: &mut dyn store::Reader,
        state: &Instance,
    ) -> Result<(), Failure> {
        let instance = state.key();
        self.coverage.count("check", "fold");
        let read_back = Instance::from_bytes(&state.to_bytes(), instance);
        if read_back.as_ref() != Ok(state) {
            return Err(wrong("fold")(format!(
                "the state of {instance} does not survive a snapshot"
            )));
        }
        let stored = reader.state(instance).map_err(|fault| wrong("rows")(fault.to_string()))?;
        let stored = stored.ok_or_else(|| wrong("rows")(format!("{instance} has no state")))?;
        let Some(snapshot) = stored.snapshot else { return Ok(()) };
        self.coverage.count("check", "snapshot");
        let from = Instance::from_bytes(&snapshot.bytes, instance).map_err(wrong("snapshot"))?;
        let records: Result<Vec<_>, _> =
            stored.log.iter().map(|row| Record::from_bytes(&row.bytes, instance)).collect();
        let folded = Instance::replay(Some(from), &records.map_err(wrong("log"))?);
        if folded.as_ref() != Some(state) {
            let what = format!(
                "the fold from the snapshot of {instance} differs from that from the start:\n\
                 {folded:?}\n{state:?}"
            );
            return Err(wrong("snapshot")(what));
        }
        Ok(())
    }
}

/// The row's word for a status.
pub(super) fn state_of(state: &Instance) -> InstanceState {
    match state.status() {
        Status::Active if state.is_suspended() => InstanceState::Suspended,
        Status::Active => InstanceState::Active,
        Status::Completed => InstanceState::Completed,
        Status::Terminated => InstanceState::Terminated,
    }
}

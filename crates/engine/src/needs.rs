//! What must be in memory before an input can be decided, and how it comes there.
//!
//! Single instances, definitions and slots may be read at any time: one that is not in memory was
//! changed by no pending batch. Pages of queues and searches are read behind a commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{
    Command, DefinitionKey, DefinitionRef, InstanceKey, Key, Mail, MessageRow, ModifyInstance,
    PublishMessage, Record, Text,
};
use instance::Instance;

use crate::cache::Entry;
use crate::catalog::Definition;
use crate::decisions::DecisionGraph;
use crate::input::{Input, Loaded, Read, Resource};
use crate::queue::{PAGE, Queue};
use crate::shard::{Shard, Work};

/// Pages that one input may read, so that a queue of leased jobs cannot hold the shard up.
const PAGES_PER_INPUT_MAX: u32 = 8;

/// Answers of the store that only the input at the front may use.
#[derive(Debug, Default)]
pub(crate) struct ReadForInput {
    /// Keys that no instance owns.
    pub(crate) missing: BTreeSet<Key>,
    /// The active instance under the business id that was asked for.
    pub(crate) business_id: Option<Option<InstanceKey>>,
    /// An instance that lives and was called by the one that was asked for.
    pub(crate) live_called: Option<Option<InstanceKey>>,
    /// Messages whose time is over.
    pub(crate) old_messages: Option<Vec<MessageRow>>,
    /// An instance was read whose definition is not compiled: that comes first.
    pub(crate) wanted_definition: Option<DefinitionKey>,
    /// Pages were read up to the bound for this input: go on with what there is.
    pub(crate) pages: u32,
}

impl Shard {
    /// The next thing to read for this work, and whether a commit must come first.
    pub(crate) fn need(&mut self, work: &Work) -> Option<(Read, bool)> {
        if let Some(key) = self.read.wanted_definition.take()
            && let Some(read) = self.definition_need(key)
        {
            return Some(at_once(read));
        }
        match work {
            Work::Input(Input::Command(_, command)) => self.command_need(command),
            Work::Input(Input::Deploy(_, resources)) => resources
                .iter()
                .flat_map(Resource::processes)
                .find_map(|process| {
                    let key = self.catalog.latest(&process.id)?.key;
                    self.definition_need(key)
                })
                .or_else(|| self.graphs_need(resources))
                .map(at_once),
            Work::Input(
                Input::Deployed(_)
                | Input::OpenStream(..)
                | Input::Credit(..)
                | Input::CloseStream(_)
                | Input::Forget(_),
            ) => None,
            Work::Pump(job_type) => {
                let credit = self.streams.credit_of(job_type);
                (credit > 0).then(|| self.queue_need(job_type, credit))?
            }
            Work::Input(Input::Mail(row)) => Mail::from_bytes(&row.bytes)
                .ok()
                .and_then(|mail| self.mail_need(&mail))
                .map(at_once),
            Work::Input(Input::Tick) => self.tick_need(),
            Work::Mail(mail) => self.mail_need(mail).map(at_once),
            Work::Timer(_, instance) | Work::EscalationHeard(instance, ..) => {
                self.instance_need(*instance).map(at_once)
            }
            Work::Ask(instance, ask) => self.ask_need(*instance, ask).map(at_once),
            Work::Return(called) => self.return_need(*called).map(at_once),
            Work::EndCalled(ended) => self
                .instance_need(ended.called)
                .or_else(|| self.instance_need(ended.caller))
                .map(at_once),
            Work::Suspend(called, _) | Work::Resume(called) => {
                self.instance_need(*called).map(at_once)
            }
            Work::Thrown(thrown) => self.thrown_need(thrown).map(at_once),
            Work::Escalated(escalated) => self.escalated_need(escalated).map(at_once),
            Work::StartTimer(row) => self.definition_need(row.definition).map(at_once),
            Work::Unlock { process_id: _, name, correlation_key, instance: _ } => {
                self.message_need(name, correlation_key).map(at_once)
            }
            Work::Quarantine(instance, _) => {
                let poisoned = self.cache.get(*instance).is_some_and(|entry| entry.poisoned);
                poisoned.then_some((Read::Instance(*instance), true))
            }
        }
    }

    fn command_need(&mut self, command: &Command) -> Option<(Read, bool)> {
        match command {
            Command::Create(create) => {
                let head = self.catalog.resolve(&create.definition).ok()?;
                let (key, process_id) = (head.key, head.id.clone());
                if let Some(read) = self.definition_need(key) {
                    return Some(at_once(read));
                }
                let unique = create.business_id_unique || self.options.business_id_unique;
                let business_id = create.business_id.clone().filter(|_| unique)?;
                let asked = self.read.business_id.is_some();
                (!asked).then_some((Read::BusinessId { process_id, business_id }, true))
            }
            Command::ActivateJobs(activate) => {
                self.queue_need(&activate.job_type, activate.jobs_max)
            }
            Command::Publish(PublishMessage { name, correlation_key, .. }) => {
                self.message_need(name, correlation_key).map(at_once)
            }
            Command::Broadcast { signal, .. } => {
                self.message_need(&base::signal::slot(signal), &"".into()).map(at_once)
            }
            Command::Modify(ModifyInstance { instance, .. }) | Command::Cancel { instance } => {
                self.owner_need(instance.0).or_else(|| self.cancel_need(*instance)).map(at_once)
            }
            Command::DeleteResource { resource } => {
                self.delete_resource_need(*resource).map(at_once)
            }
            Command::DeleteInstance { instance } => self.delete_need(*instance),
            Command::Migrate(migrate) => {
                let head = self.catalog.resolve(&DefinitionRef::Key(migrate.target)).ok()?;
                let target = head.key;
                self.owner_need(migrate.instance.0)
                    .or_else(|| self.definition_need(target))
                    .map(at_once)
            }
            Command::Suspend { instance, reason: _ } => self.owner_need(instance.0).map(at_once),
            Command::Resume { instance } => {
                self.owner_need(instance.0).or_else(|| self.resume_need(*instance)).map(at_once)
            }
            Command::CompleteJob { job, variables: _ }
            | Command::UpdateJob { job, .. }
            | Command::AnswerListener { job, .. }
            | Command::AnswerAdHoc { job, .. } => self.owner_need(job.0).map(at_once),
            Command::FailJob(fail) => self.owner_need(fail.job.0).map(at_once),
            Command::ThrowError(throw) => self.owner_need(throw.job.0).map(at_once),
            Command::Evaluate(evaluate) => {
                let place = self.catalog.decisions.resolve(&evaluate.decision).ok()?;
                self.graph_need(place).map(at_once)
            }
            Command::EvaluateConditions { definition, variables: _ } => {
                self.conditions_need(*definition).map(at_once)
            }
            Command::ActivateElements { owner, .. } => self.owner_need(owner.0).map(at_once),
            Command::ResolveIncident { incident } => self.owner_need(incident.0).map(at_once),
            Command::SetVariables { scope, .. } => self.owner_need(scope.0).map(at_once),
            Command::UpdateTask { task, .. } | Command::CompleteTask { task, .. } => {
                self.owner_need(task.0).map(at_once)
            }
        }
    }

    /// The latest versions of graphs that are deployed again: their files are compared.
    fn graphs_need(&self, resources: &[Resource]) -> Option<Read> {
        let mut graphs = resources.iter().filter_map(Resource::graph);
        graphs.find_map(|(graph, _)| {
            let key = self.catalog.decisions.latest_graph(graph.id())?.key;
            (!self.catalog.decisions.is_loaded(key)).then_some(Read::DecisionGraph(key))
        })
    }

    fn queue_need(&mut self, job_type: &Text, jobs_max: u32) -> Option<(Read, bool)> {
        let now_ms = self.now_ms;
        let wanted = jobs_max.min(base::limits::JOBS_PER_ACTIVATION_MAX) as usize;
        if !self.queues.contains_key(job_type) {
            self.queues.insert(job_type.clone(), Queue::default());
        }
        let queue = self.queues.get(job_type)?;
        if self.read.pages < PAGES_PER_INPUT_MAX && queue.wants_page(now_ms, wanted) {
            let job_type = job_type.clone();
            return Some((Read::Queue { job_type, after: queue.after(), limit: PAGE }, true));
        }
        let mut missing =
            queue.due(now_ms).take(wanted).map(|(_, _, instance)| instance).filter(|instance| {
                self.cache.get(*instance).is_none() && !self.read.missing.contains(&instance.0)
            });
        missing.next().map(|instance| at_once(Read::Instance(instance)))
    }

    fn tick_need(&mut self) -> Option<(Read, bool)> {
        if self.timers.wants_page(self.now_ms, crate::ticks::TIMERS_PER_TICK_MAX)
            && self.read.pages < PAGES_PER_INPUT_MAX
        {
            return Some((Read::Timers { after: self.timers.after(), limit: PAGE }, true));
        }
        if self.now_ms >= self.next_sweep_ms && self.read.old_messages.is_none() {
            return Some((Read::OldMessages { until_ms: self.now_ms, limit: PAGE }, true));
        }
        None
    }

    fn mail_need(&self, mail: &Mail) -> Option<Read> {
        match mail {
            Mail::Subscribe { name, correlation_key, .. }
            | Mail::Unsubscribe { name, correlation_key, .. }
            | Mail::Refused { name, correlation_key, .. } => {
                self.message_need(name, correlation_key)
            }
            Mail::Broadcast { signal, .. } => {
                self.message_need(&base::signal::slot(signal), &"".into())
            }
            Mail::Correlate { instance, .. } => self.instance_need(*instance),
        }
    }

    /// The slot, and the definitions that a message in it may start.
    fn message_need(&self, name: &Text, correlation_key: &Text) -> Option<Read> {
        if !self.slots.contains(&(name.clone(), correlation_key.clone())) {
            return Some(Read::Slot {
                name: name.clone(),
                correlation_key: correlation_key.clone(),
            });
        }
        let starts = self.catalog.started_by(name);
        starts.into_iter().find_map(|(_, key)| self.definition_need(key))
    }

    pub(crate) fn definition_need(&self, key: DefinitionKey) -> Option<Read> {
        let known = self.catalog.compiled(key).is_some() || self.catalog.broken(key).is_some();
        (!known).then_some(Read::Definition(key))
    }

    pub(crate) fn instance_need(&self, instance: InstanceKey) -> Option<Read> {
        let known = self.cache.get(instance).is_some() || self.read.missing.contains(&instance.0);
        (!known).then_some(Read::Instance(instance))
    }

    pub(crate) fn owner_need(&self, key: Key) -> Option<Read> {
        let known = key.shard() != self.id
            || self.cache.owner(key).is_some()
            || self.read.missing.contains(&key);
        (!known).then_some(Read::Owner(key))
    }

    /// Takes an answer of the store.
    pub(crate) fn take_loaded(&mut self, asked: Read, loaded: Loaded) {
        match (asked, loaded) {
            (Read::Owner(key), Loaded::Instance(found)) => match found {
                Some((instance, snapshot, log)) => {
                    self.load_instance(instance, snapshot.as_ref(), &log);
                    self.cache.alias(key, instance);
                    if self.cache.owner(key).is_none() && self.read.wanted_definition.is_none() {
                        self.read.missing.insert(key);
                    }
                }
                None => {
                    self.read.missing.insert(key);
                }
            },
            (Read::Instance(asked), Loaded::Instance(found)) => {
                if let Some((instance, snapshot, log)) = found {
                    self.load_instance(instance, snapshot.as_ref(), &log);
                }
                let usable = self.cache.get(asked).is_some_and(|entry| !entry.poisoned);
                if !usable && self.read.wanted_definition.is_none() {
                    self.read.missing.insert(asked.0);
                }
            }
            (Read::Definition(key), Loaded::Definition(row)) => {
                let compiled = row
                    .ok_or_else(|| "it is not in the store".to_string())
                    .and_then(Definition::compile);
                match compiled {
                    Ok(definition) => self.catalog.add(Arc::new(definition)),
                    Err(why) => self.catalog.add_broken(key, why),
                }
            }
            (Read::DecisionGraph(key), Loaded::DecisionGraph(row)) => {
                let compiled = row
                    .ok_or_else(|| "it is not in the store".to_string())
                    .and_then(DecisionGraph::compile);
                match compiled {
                    Ok(graph) => self.catalog.decisions.add(Arc::new(graph)),
                    Err(why) => self.catalog.decisions.add_broken(key, why),
                }
            }
            (Read::Queue { job_type, .. }, Loaded::Queue(page)) => {
                self.read.pages += 1;
                self.queues.entry(job_type).or_default().extend(&page);
            }
            (Read::Timers { .. }, Loaded::Timers(page)) => {
                self.read.pages += 1;
                let page: Vec<_> =
                    page.iter().map(|row| (row.due_ms, row.timer, row.instance)).collect();
                self.timers.extend(&page);
            }
            (Read::Slot { name, correlation_key }, Loaded::Slot(rows)) => {
                self.slots.load((name, correlation_key), rows);
            }
            (Read::BusinessId { .. }, Loaded::BusinessId(found)) => {
                self.read.business_id = Some(found);
            }
            (Read::LiveCalled(_), Loaded::LiveCalled(found)) => {
                self.read.live_called = Some(found);
            }
            (Read::OldMessages { .. }, Loaded::OldMessages(rows)) => {
                self.read.old_messages = Some(rows);
            }
            (asked, loaded) => {
                debug_assert!(false, "{loaded:?} does not answer {asked:?}");
            }
        }
    }

    /// Folds an instance that is not in memory (or is poisoned). Its definition is read first if
    /// it is not compiled: then this does nothing, and the instance is asked for again.
    fn load_instance(
        &mut self,
        instance: InstanceKey,
        snapshot: Option<&base::SnapshotRow>,
        log: &[base::LogRow],
    ) {
        let old = self.cache.get(instance);
        if old.is_some_and(|entry| !entry.poisoned) {
            return;
        }
        let snapshot_state =
            snapshot.and_then(|row| Instance::from_bytes(&row.bytes, instance).ok());
        let records: Vec<Record> =
            log.iter().filter_map(|row| Record::from_bytes(&row.bytes, instance).ok()).collect();
        let damaged = records.len() < log.len() || snapshot.is_some() != snapshot_state.is_some();
        let state = if damaged { None } else { Instance::replay(snapshot_state, &records) };
        let Some(state) = state else {
            self.effects.notes.push(format!(
                "the log of instance {instance} cannot be decoded; the instance stands still"
            ));
            return;
        };
        let key = state.header().definition;
        let Some(definition) = self.catalog.compiled(key).cloned() else {
            match self.catalog.broken(key) {
                None => self.read.wanted_definition = Some(key),
                Some(why) => self.effects.notes.push(format!(
                    "instance {instance} stands still: its definition {key} cannot be used by this \
                     release: {why}"
                )),
            }
            return;
        };
        let (nodes, elements) = definition.process.counts();
        if let Err(why) = state.check(instance, nodes, elements) {
            self.effects.notes.push(format!(
                "the log of instance {instance} does not hang together: {why}; the instance stands \
                 still"
            ));
            return;
        }
        let next_seq = log
            .last()
            .map(|row| row.seq + 1)
            .or_else(|| snapshot.map(|row| row.next_seq))
            .unwrap_or(0);
        let tail = records.iter().map(|record| record.events.len() as u64).sum();
        let bytes = log.iter().map(|row| row.bytes.len()).sum::<usize>()
            + snapshot.map_or(0, |row| row.bytes.len());
        let mut entry = Entry::new(state, definition, next_seq, tail, bytes);
        entry.snapshot_bytes = snapshot.map_or(0, |row| row.bytes.len());
        if let Some(old) = self.cache.get_mut(instance) {
            entry.touched = std::mem::take(&mut old.touched);
            entry.commit = old.commit;
            entry.ranges = std::mem::take(&mut old.ranges);
            self.dirty.insert(instance);
        }
        self.cache.insert(instance, entry);
    }
}

fn at_once(read: Read) -> (Read, bool) {
    (read, false)
}

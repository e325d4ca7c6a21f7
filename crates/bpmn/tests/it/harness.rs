//! One instance without an engine: virtual time, and a crash after every input: the state is thrown away,
//! and it goes on with what a snapshot and the events after it give.

use base::{ElementKey, ElementMapping, Event, InstanceCreated, Record, ShardId, Variables};
use fermata_bpmn::{Process, Run, Target, Trigger, Value, read};
use instance::{Ask, Decision, Instance, KeySource, Status};

pub struct Sim {
    pub process: Process,
    pub state: Instance,
    keys: KeySource,
    records: Vec<Record>,
    /// Bytes, and how many records they are of.
    snapshot: (Vec<u8>, usize),
    now_ms: i64,
    /// Held messages that nobody waited for any more.
    pub given_back: usize,
    /// Names of the signals that were thrown.
    pub broadcasts: Vec<String>,
    /// How much may live at once.
    pub elements_max: usize,
}

/// A model of one process around these elements.
pub fn model(body: &str) -> String {
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:fermata="https://fermata.dev/schema/bpmn/1.0">
<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="= id"/></extensionElements></message>
<message id="m2" name="shipped"><extensionElements><zeebe:subscription correlationKey="= id"/></extensionElements></message>
<signal id="sig" name="alarm"/><error id="e" errorCode="NO"/><error id="t" errorCode="TIMEOUT"/>
<escalation id="x" escalationCode="LATE"/>
<process id="p" isExecutable="true">
{body}
</process></definitions>"#
    )
}

pub fn job(id: &str) -> String {
    format!(
        r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="{id}"/></extensionElements></serviceTask>"#
    )
}

pub fn flow(from: &str, to: &str) -> String {
    format!(r#"<sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}"/>"#)
}

impl Sim {
    pub fn start(body: &str, variables: &str) -> Self {
        let mut model = read(&model(body)).unwrap_or_else(|findings| panic!("{findings:#?}"));
        Self::of(model.processes.remove(0), variables)
    }

    pub fn of(process: Process, variables: &str) -> Self {
        let mut sim = Self::created(process);
        let (start, _) = sim.process.starts().next().expect("a start event");
        sim.input(|run| run.start(start, Variables::parse(variables).unwrap()));
        sim
    }

    /// Begins at these elements instead of the start event.
    pub fn at(process: Process, ids: &[&str], variables: &str) -> Self {
        let mut sim = Self::created(process);
        let startable = |id: &&str| sim.process.startable(id).expect(id);
        let elements: Vec<u32> = ids.iter().map(startable).collect();
        sim.input(|run| run.start_at(&elements, Variables::parse(variables).unwrap()));
        sim
    }

    /// Ends when the first of these elements has ended.
    pub fn until(process: Process, ids: &[&str], variables: &str) -> Self {
        let endable = |id: &&str| process.endable(id).expect(id);
        let elements: Vec<u32> = ids.iter().map(endable).collect();
        let mut sim = Self::created_as(process, Some(elements));
        let (start, _) = sim.process.starts().next().expect("a start event");
        sim.input(|run| run.start(start, Variables::parse(variables).unwrap()));
        sim
    }

    pub fn created(process: Process) -> Self {
        Self::created_as(process, None)
    }

    fn created_as(process: Process, ends_after: Option<Vec<u32>>) -> Self {
        let mut keys = KeySource::new(ShardId(1), 1);
        let definition = base::DefinitionKey(keys.take(1));
        let instance = base::InstanceKey(keys.take(1));
        // As the engine does it: the message that begins the instance is known in it.
        let first = process.starts().next().map(|(_, trigger)| trigger);
        let message = match first {
            Some(Trigger::Message { name: Value::Fixed(name), .. }) => {
                let (message, correlation_key) = (base::MessageKey(instance.0), "".into());
                Some(base::CorrelationSource { message, name: name.clone(), correlation_key })
            }
            _ => None,
        };
        let (state, event) = Instance::create(
            InstanceCreated {
                instance,
                definition,
                process_id: process.id.clone(),
                version: 1,
                business_id: None,
                tags: Vec::new(),
                message,
                parent: None,
                depth: None,
                undoes: None,
                ends_after,
            },
            0,
        );
        let records = vec![Record { at_ms: 0, events: vec![event] }];
        let broadcasts = Vec::new();
        let (now_ms, given_back, elements_max) = (0, 0, base::limits::LIVE_ELEMENTS_MAX);
        let snapshot = (state.to_bytes(), 1);
        Self {
            process,
            state,
            keys,
            records,
            snapshot,
            now_ms,
            given_back,
            broadcasts,
            elements_max,
        }
    }

    /// What the command comes to; nothing has happened if it is refused.
    pub fn modify(&mut self, command: &base::ModifyInstance, called: bool) -> Result<(), String> {
        let before = self.state.clone();
        let mut outcome = Ok(());
        self.input(|run| {
            outcome = run.modify(command, called).map_err(|refusal| refusal.message);
        });
        if outcome.is_err() {
            assert_eq!(self.state, before, "a refused command changes nothing");
        }
        outcome
    }

    pub fn input(&mut self, act: impl FnOnce(Run<'_, '_, '_>)) {
        let mut decision = Decision::new(&mut self.state, &mut self.keys, self.now_ms)
            .with_elements_max(self.elements_max);
        act(Run::new(&self.process, &mut decision));
        let (events, asks) = decision.finish();
        for ask in asks {
            match ask {
                Ask::GiveBack { .. } => self.given_back += 1,
                Ask::Broadcast { signal, .. } => self.broadcasts.push(signal.to_string()),
                ask => panic!("the engine's: {ask:?}"),
            }
        }
        let record = Record { at_ms: self.now_ms, events };
        let key = self.state.key();
        self.records.push(Record::from_bytes(&record.to_bytes(key), key).expect("readable"));
        let folded = Instance::replay(None, &self.records).expect("a first event");
        assert_eq!(folded, self.state, "the fold of the log");
        self.crash();
        self.assert_not_stuck();
        self.assert_ended_once();
    }

    /// Goes on with what is stored: a snapshot of some inputs ago, and the events since.
    fn crash(&mut self) {
        let key = self.state.key();
        let bytes = self.state.to_bytes();
        let snapshot = Instance::from_bytes(&bytes, key).expect("readable");
        assert_eq!(snapshot, self.state, "the snapshot");
        let stored = Instance::from_bytes(&self.snapshot.0, key).expect("readable");
        let recovered = Instance::replay(Some(stored), &self.records[self.snapshot.1..]);
        let recovered = recovered.expect("a snapshot");
        assert_eq!(recovered, self.state, "the fold from the snapshot");
        self.state = recovered;
        if self.records.len().is_multiple_of(4) {
            self.snapshot = (bytes, self.records.len());
        }
    }

    fn assert_ended_once(&self) {
        let events = self.records.iter().flat_map(|record| &record.events);
        let ends = events
            .filter(|event| matches!(event, Event::InstanceCompleted | Event::InstanceTerminated));
        assert!(ends.count() <= 1, "an instance ends once: {:#?}", self.records);
    }

    /// An instance that lives waits for something that exists, or has an incident.
    fn assert_not_stuck(&self) {
        let waits = self.state.jobs().len()
            + self.state.timers().len()
            + self.state.subscriptions().len()
            + self.state.user_tasks().len()
            + self.state.conditions().len()
            + self.state.open_ad_hocs()
            + self.state.incidents().len();
        assert!(
            self.state.status() != Status::Active || waits > 0,
            "stopped silently: {:?}\nafter {:#?}",
            self.state,
            &self.records[self.records.len().saturating_sub(2)..]
        );
    }

    pub fn waits(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .state
            .elements()
            .iter()
            .filter(|(_, element)| element.children == 0)
            .map(|(_, element)| self.process.id_of(element.element).unwrap().to_string())
            .filter(|id| *id != *self.process.id)
            .collect();
        ids.sort();
        ids
    }

    fn owner(&self, id: &str) -> ElementKey {
        let element = self.process.node_by_id(id).expect("known element");
        let found = self.state.elements().iter().find(|(_, live)| live.element == element);
        *found.unwrap_or_else(|| panic!("{id} does not live; {:?} do", self.waits())).0
    }

    pub fn job(&self, id: &str) -> base::JobKey {
        let owner = self.owner(id);
        *self.state.jobs().iter().find(|(_, job)| job.owner == owner).expect("a job").0
    }

    /// Goes on by another process, if it fits; else nothing has happened. What the migration comes
    /// to is what its dry run said.
    pub fn migrate(&mut self, to: Process, mappings: &[ElementMapping]) -> Result<(), String> {
        let definition = base::DefinitionKey(base::Key::of_block(ShardId(0), 77));
        let before = self.state.clone();
        let mut outcomes = Vec::new();
        for dry_run in [true, false] {
            let target = Target { process: &to, definition, version: 2 };
            self.input(|run| outcomes.push(run.migrate(target, mappings, dry_run)));
            if dry_run || outcomes[0].is_err() {
                assert_eq!(self.state, before, "nothing has changed");
            }
        }
        assert_eq!(outcomes[0], outcomes[1], "the dry run says what happens");
        outcomes.remove(0).map_err(|refusal| refusal.message)?;
        let (nodes, elements) = to.counts();
        self.state.check(self.state.key(), nodes, elements).expect("numbers of the other graph");
        self.process = to;
        Ok(())
    }

    /// Keys of what lives of an element, oldest first.
    pub fn live(&self, id: &str) -> Vec<ElementKey> {
        let element = self.process.node_by_id(id).expect("known element");
        let live = self.state.elements().iter().filter(|(_, live)| live.element == element);
        live.map(|(key, _)| *key).collect()
    }

    /// The job of the nth activation that has one, from 1.
    pub fn nth_job(&self, id: &str, nth: usize) -> base::JobKey {
        let live = self.live(id);
        let mut jobs = self.state.jobs().iter().filter(|(_, job)| live.contains(&job.owner));
        *jobs.nth(nth - 1).unwrap_or_else(|| panic!("{id} has no job {nth}")).0
    }

    pub fn nth_live(&self, id: &str, nth: usize) -> ElementKey {
        *self.live(id).get(nth - 1).unwrap_or_else(|| panic!("{id} does not live"))
    }

    pub fn nth_task(&self, id: &str, nth: usize) -> base::UserTaskKey {
        let live = self.live(id);
        let mut tasks =
            self.state.user_tasks().iter().filter(|(_, task)| live.contains(&task.owner));
        *tasks.nth(nth - 1).unwrap_or_else(|| panic!("{id} has no user task {nth}")).0
    }

    pub fn incident_at(&self, id: &str) -> base::IncidentKey {
        let live = self.live(id);
        let mut open = self.state.incidents().iter().filter(|(_, open)| live.contains(&open.owner));
        *open.next().unwrap_or_else(|| panic!("{id} has no incident")).0
    }

    pub fn named_message(&mut self, name: &str, variables: Variables) {
        let mut open = self.state.subscriptions().iter().filter(|(_, open)| open.name == *name);
        let subscription = *open.next().unwrap_or_else(|| panic!("nobody waits for {name}")).0;
        let message = base::MessageKey(base::Key::of_block(ShardId(0), 9));
        self.input(|run| run.message_correlated(subscription, message, variables));
    }

    /// All that happened.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.records.iter().flat_map(|record| &record.events)
    }

    /// Each that waits for the signal gets it.
    pub fn signal(&mut self, name: &str, variables: &Variables) {
        let slot = base::signal::slot(name);
        let open = self.state.subscriptions().iter().filter(|(_, open)| open.name == slot);
        let open: Vec<_> = open.map(|(key, _)| *key).collect();
        assert!(!open.is_empty(), "nobody waits for the signal {name}");
        for subscription in open {
            let message = base::MessageKey(base::Key::of_block(ShardId(0), 9));
            self.input(|run| run.message_correlated(subscription, message, variables.clone()));
        }
    }

    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The variables of the root scope, also of one that has ended.
    pub fn root_variables(&self) -> Variables {
        let root = self.state.key().root();
        let mut all = Variables::new();
        for event in self.records.iter().flat_map(|record| &record.events) {
            if let Event::VariablesSet { scope, variables } = event
                && *scope == root
            {
                all.merge(variables);
            }
        }
        all
    }

    pub fn complete(&mut self, id: &str, variables: &str) {
        let job = self.job(id);
        self.input(|run| run.job_completed(job, Variables::parse(variables).unwrap()));
    }

    pub fn advance(&mut self, ms: i64) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        while !self.state.is_suspended()
            && let Some(due) = self
                .state
                .timers()
                .iter()
                .filter(|(_, timer)| timer.due_ms <= now_ms)
                .min_by_key(|(key, timer)| (timer.due_ms, **key))
                .map(|(timer, _)| *timer)
        {
            self.input(|run| run.timer_fired(due));
        }
    }

    pub fn message(&mut self, variables: &str) {
        let (subscription, _) = self.state.subscriptions().iter().next().expect("a subscription");
        let (subscription, message) =
            (*subscription, base::MessageKey(base::Key::of_block(ShardId(0), 9)));
        self.input(|run| {
            run.message_correlated(subscription, message, Variables::parse(variables).unwrap());
        });
    }

    pub fn incident(&self) -> (base::IncidentKey, String) {
        let (key, incident) = self.state.incidents().iter().next().expect("an incident");
        (*key, incident.message.to_string())
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.state.variable(self.state.key().root(), name).map(base::Json::as_str)
    }

    pub fn ended(&self) -> bool {
        self.state.status() == Status::Completed
    }
}

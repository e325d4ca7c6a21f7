//! Large loops: what they cost grows as they do, and no faster.
//!
//! Without the harness, which folds the whole log after each input: here once, at the end.

use base::{DefinitionKey, Event, InstanceCreated, InstanceKey, Record, ShardId, Variables};
use fermata_bpmn::{Process, Run, read};
use instance::{Decision, Instance, KeySource, Status};

/// What a run took.
#[derive(Debug, Default)]
struct Cost {
    inputs: usize,
    events: usize,
    /// The most events of one input.
    events_at_once: usize,
    bytes: usize,
}

struct Large {
    process: Process,
    state: Instance,
    keys: KeySource,
    records: Vec<Record>,
    cost: Cost,
}

impl Large {
    fn start(activity: &str, n: u32) -> Self {
        let body =
            format!(r#"<startEvent id="s"/><endEvent id="end"/>{activity}[[s -> a -> end]]"#);
        let xml = super::transcript::xml(&body);
        let process = read(&xml).unwrap_or_else(|f| panic!("{f:#?}")).processes.remove(0);
        let mut keys = KeySource::new(ShardId(1), 1);
        let definition = DefinitionKey(keys.take(1));
        let instance = InstanceKey(keys.take(1));
        let process_id = process.id.clone();
        let (tags, business_id, message) = (Vec::new(), None, None);
        let created = InstanceCreated {
            instance,
            definition,
            process_id,
            version: 1,
            business_id,
            tags,
            message,
            parent: None,
            depth: None,
            undoes: None,
            ends_after: None,
        };
        let (state, event) = Instance::create(created, 0);
        let records = vec![Record { at_ms: 0, events: vec![event] }];
        let mut large = Self { process, state, keys, records, cost: Cost::default() };
        let (start, _) = large.process.starts().next().expect("a start event");
        let variables = Variables::parse(&format!("{{\"n\": {n}}}")).unwrap();
        large.input(|run| run.start(start, variables));
        large
    }

    fn input(&mut self, act: impl FnOnce(Run<'_, '_, '_>)) {
        let mut decision = Decision::new(&mut self.state, &mut self.keys, 0);
        act(Run::new(&self.process, &mut decision));
        let (events, _) = decision.finish();
        self.cost.inputs += 1;
        self.cost.events += events.len();
        self.cost.events_at_once = self.cost.events_at_once.max(events.len());
        let record = Record { at_ms: 0, events };
        self.cost.bytes += record.to_bytes(self.state.key()).len();
        self.records.push(record);
    }

    /// Fires what is due until nothing is.
    fn begin_all(&mut self) {
        while let Some(timer) = self.state.timers().keys().next().copied() {
            self.input(|run| run.timer_fired(timer));
        }
    }

    /// Completes jobs, the last first.
    fn work_off(&mut self) {
        loop {
            self.begin_all();
            let Some(job) = self.state.jobs().keys().next_back().copied() else { return };
            let result = Variables::parse(r#"{"result": 7}"#).unwrap();
            self.input(|run| run.job_completed(job, result));
        }
    }

    /// What it cost, when its log and snapshot are right.
    fn cost(self) -> Cost {
        let key = self.state.key();
        assert!(self.state.incidents().is_empty(), "{:?}", self.state.incidents());
        assert_ne!(self.state.status(), Status::Active);
        let folded = Instance::replay(None, &self.records).expect("a first event");
        assert!(folded == self.state, "the fold of the log");
        let snapshot = Instance::from_bytes(&self.state.to_bytes(), key).expect("readable");
        assert!(snapshot == self.state, "the snapshot");
        self.cost
    }
}

fn each(sequential: bool) -> String {
    format!(
        r#"<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="a"/></extensionElements>
        <multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements>
        <zeebe:loopCharacteristics inputCollection="= for i in 1..n return i" inputElement="item"
        outputCollection="results" outputElement="= result + item"/></extensionElements>
        </multiInstanceLoopCharacteristics></serviceTask>"#
    )
}

/// Ten times as large costs ten times as much, and no input does more than a part.
fn linear(run: impl Fn(u32) -> Cost, events_at_once_max: usize) {
    let (small, large) = (run(10_000), run(100_000));
    assert!(large.events <= small.events * 10 + 1_000, "{small:?} {large:?}");
    assert!(large.bytes <= small.bytes * 12, "{small:?} {large:?}");
    assert!(large.inputs <= small.inputs * 10 + 1_000, "{small:?} {large:?}");
    assert!(large.events_at_once <= events_at_once_max, "{small:?} {large:?}");
}

#[test]
fn a_parallel_multi_instance_costs_what_its_items_cost() {
    let run = |n| {
        let mut large = Large::start(&each(false), n);
        large.begin_all();
        assert_eq!(large.state.jobs().len(), n as usize);
        large.work_off();
        let results = large.records.iter().rev().flat_map(|record| record.events.iter().rev());
        let results = results.filter_map(|event| match event {
            Event::VariablesSet { variables, .. } => variables.get("results"),
            _ => None,
        });
        let results: Vec<_> = results.take(2).collect();
        assert_eq!(results.len(), 1, "the list is written once");
        assert!(results[0].as_str().starts_with("[8,9,10,"));
        assert!(results[0].as_str().ends_with(&format!(",{}]", n + 7)));
        large.cost()
    };
    linear(run, 5_000);
}

#[test]
fn a_sequential_multi_instance_costs_what_its_items_cost() {
    let run = |n| {
        let mut large = Large::start(&each(true), n);
        large.work_off();
        large.cost()
    };
    linear(run, 5_000);
}

#[test]
fn ending_a_large_multi_instance_costs_what_lives_in_it() {
    let run = |n| {
        let mut large = Large::start(&each(false), n);
        large.begin_all();
        large.input(cancel);
        large.cost()
    };
    linear(run, 250_000);
}

/// See the harness.
fn cancel(run: Run<'_, '_, '_>) {
    run.cancel();
}

#[test]
fn a_standard_loop_costs_what_its_turns_cost() {
    let marker = "<standardLoopCharacteristics><loopCondition>= loopCounter &lt; n</loopCondition>\
                  </standardLoopCharacteristics>";
    let through_jobs = format!(
        r#"<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="a"/></extensionElements>
        {marker}</serviceTask>"#
    );
    let through_nothing = format!(r#"<task id="a">{marker}</task>"#);
    for activity in [through_jobs, through_nothing] {
        let run = |n| {
            let mut large = Large::start(&activity, n);
            large.work_off();
            large.cost()
        };
        linear(run, 5_000);
    }
}

#[test]
fn a_loop_by_flows_costs_what_its_turns_cost() {
    let body = r#"<exclusiveGateway id="a" default="a-end"/><<work>>
        <scriptTask id="count"><extensionElements><zeebe:script expression="= n - 1" resultVariable="n"/>
        </extensionElements></scriptTask>[[a -(n > 0)-> work -> count -> a]]"#;
    let run = |n| {
        let mut large = Large::start(body, n);
        large.work_off();
        large.cost()
    };
    linear(run, 50);
}

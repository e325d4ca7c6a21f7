//! An instance is put through everything that may happen to it.
//!
//! After each input: the fold of the log is the state, what is written is read back, and what lives
//! waits for something.

use ::bpmn::{Process, Run};
use base::{
    AdHocResult, DefinitionKey, ElementKey, Evaluation, EvaluationFailure, Event, IncidentKind,
    InstanceCreated, InstanceKey, JobRole, Json, Key, MessageKey, Record, ShardId, Text, Variables,
};
use instance::{Ask, Decision, Instance, KeySource, Status};

/// Inputs to one instance.
const INPUTS_MAX: usize = 12;
/// Events of one instance after which nothing more is sent to it.
const EVENTS_MAX: usize = 5_000;

/// Runs a process from a start event on.
pub(crate) fn start(process: &Process, start: u32, variables: &Variables) {
    live(process, start, variables, &mut |_, _| {});
}

/// As [`start`]; `each` sees the log and the state after every input.
pub(crate) fn live(
    process: &Process,
    start: u32,
    variables: &Variables,
    each: &mut dyn FnMut(&[Record], &Instance),
) {
    let mut keys = KeySource::new(ShardId(1), 1);
    let definition = DefinitionKey(keys.take(1));
    let created = InstanceCreated {
        instance: InstanceKey(keys.take(1)),
        definition,
        process_id: process.id.clone(),
        version: 1,
        business_id: None,
        tags: Vec::new(),
        message: None,
        parent: None,
        depth: None,
        undoes: None,
        ends_after: None,
    };
    let (state, event) = Instance::create(created, 0);
    let records = vec![Record { at_ms: 0, events: vec![event] }];
    let mut actor =
        Actor { process, state, keys, records, now_ms: 0, own: true, answered: 0, each };
    actor.input(|run| run.start(start, variables.clone()));
    actor.go_on(variables);
}

/// Runs a state that came from somewhere else.
pub(crate) fn resume(process: &Process, state: Instance, variables: &Variables) {
    let keys = KeySource::new(ShardId(1), 1_000);
    let (records, each) = (Vec::new(), &mut |_: &[Record], _: &Instance| {});
    let mut actor =
        Actor { process, state, keys, records, now_ms: 1, own: false, answered: 0, each };
    actor.go_on(variables);
}

struct Actor<'a> {
    process: &'a Process,
    state: Instance,
    keys: KeySource,
    records: Vec<Record>,
    now_ms: i64,
    /// It began here, so that its log is whole and its state one that we reach.
    own: bool,
    /// Evaluations of decisions.
    answered: u32,
    each: &'a mut dyn FnMut(&[Record], &Instance),
}

impl Actor<'_> {
    fn go_on(&mut self, variables: &Variables) {
        let message = MessageKey(Key::of_block(ShardId(0), 9));
        for turn in 0..INPUTS_MAX {
            let events: usize = self.records.iter().map(|record| record.events.len()).sum();
            if self.state.status() != Status::Active || events > EVENTS_MAX {
                return;
            }
            self.now_ms = self.now_ms.saturating_add(3_600_000);
            let variables = variables.clone();
            if let Some(job) = self.state.jobs().keys().next().copied() {
                let asks = self.state.jobs()[&job].role() == JobRole::AdHoc;
                match turn % 4 {
                    3 if asks => self.input(|run| {
                        let result = AdHocResult { fulfilled: true, ..AdHocResult::default() };
                        let _ = run.ad_hoc_answered(job, variables, result);
                    }),
                    0 => self.input(|run| run.job_error(job, "E", "why", variables)),
                    1 => self.input(|run| run.job_exhausted(job)),
                    _ => self.input(|run| run.job_completed(job, variables)),
                }
            } else if let Some(timer) = self.state.timers().keys().next().copied() {
                self.input(|run| run.timer_fired(timer));
            } else if let Some(open) = self.state.subscriptions().keys().next().copied() {
                self.input(|run| run.message_correlated(open, message, variables));
            } else if let Some(task) = self.state.user_tasks().keys().next().copied() {
                self.input(|run| run.task_completed(task, "complete", variables));
            } else if let Some(incident) = self.state.incidents().keys().next().copied() {
                let scope = *self.state.elements().keys().next_back().unwrap_or(&self.root());
                self.input(|run| run.variables_set(scope, variables, turn % 2 == 0));
                self.input(|run| run.resolve(incident));
            } else if let Some(wait) = self.state.conditions().values().next().copied() {
                self.input(|run| run.variables_set(wait.owner, variables, turn % 2 == 0));
            } else {
                break;
            }
        }
        if self.state.status() == Status::Active {
            // A path to the method has not the lifetimes that are asked for.
            self.input(|run| {
                run.cancel();
            });
        }
    }

    fn root(&self) -> ElementKey {
        self.state.key().root()
    }

    fn input(&mut self, act: impl FnOnce(Run<'_, '_, '_>)) {
        let (mut steps, mut asks) = self.decide(0, act);
        // What is asked for is answered at once: the input is not done before.
        while let Some(ask) = asks.pop() {
            self.answered += 1;
            let turn = self.answered % 3;
            let more;
            (steps, more) = self.decide(steps, |run| match ask {
                Ask::Evaluate { owner, .. } if turn == 0 => {
                    run.decision_missing(owner, IncidentKind::CalledDecisionError, "none");
                }
                Ask::Evaluate { owner, decision_id, .. } => {
                    run.decision_evaluated(owner, evaluation(owner, &decision_id, turn == 1));
                }
                // There is no other process, and nobody above.
                Ask::Call { owner, .. } | Ask::LookAgain { owner } | Ask::Undo { owner, .. } => {
                    run.not_called(owner, "none");
                }
                Ask::Throw { owner, code, message, job, .. } => {
                    run.nobody_catches(owner, &code, &message, job);
                }
                Ask::Escalate { owner, next, .. } => run.escalation_heard(owner, next),
                Ask::Broadcast { .. } | Ask::GiveBack { .. } => {}
            });
            asks.extend(more);
        }
        if self.own {
            self.assert_not_stuck();
        }
    }

    /// Decides once, after so many steps; how many it were, and what is asked for.
    fn decide(&mut self, steps: u32, act: impl FnOnce(Run<'_, '_, '_>)) -> (u32, Vec<Ask>) {
        let mut decision = Decision::new(&mut self.state, &mut self.keys, self.now_ms).after(steps);
        act(Run::new(self.process, &mut decision));
        let steps = decision.steps();
        let (events, asks) = decision.finish();
        let record = Record { at_ms: self.now_ms, events };
        let key = self.state.key();
        let read = Record::from_bytes(&record.to_bytes(key), key);
        assert_eq!(read.as_ref(), Ok(&record), "what is written is read back");
        self.records.push(record);
        (self.each)(&self.records, &self.state);
        let read = Instance::from_bytes(&self.state.to_bytes(), key);
        assert_eq!(read.as_ref(), Ok(&self.state), "the snapshot is the state");
        if self.own {
            let folded = Instance::replay(None, &self.records);
            assert_eq!(folded.as_ref(), Some(&self.state), "the fold of the log is the state");
            let events = self.records.iter().flat_map(|record| &record.events);
            let ends = events.filter(|event| {
                matches!(event, Event::InstanceCompleted | Event::InstanceTerminated)
            });
            assert!(ends.count() <= 1, "an instance ends once");
        }
        (steps, asks)
    }

    fn assert_not_stuck(&self) {
        let waits = self.state.jobs().len()
            + self.state.timers().len()
            + self.state.subscriptions().len()
            + self.state.user_tasks().len()
            + self.state.conditions().len()
            + self.state.open_ad_hocs()
            + self.state.incidents().len();
        let stuck = self.state.status() == Status::Active && waits == 0;
        assert!(!stuck, "it stopped silently: {:#?}", self.state);
    }
}

fn evaluation(owner: ElementKey, decision_id: &Text, fails: bool) -> Evaluation {
    let failure = EvaluationFailure { decision_id: decision_id.clone(), message: "why".into() };
    Evaluation {
        // The shard draws one; the owner's is as good here.
        key: owner.0.into(),
        decision: Key::of_block(ShardId(0), 8).into(),
        id: decision_id.clone(),
        name: "Decision".into(),
        version: 1,
        graph: Key::of_block(ShardId(0), 7).into(),
        graph_id: "graph".into(),
        output: (!fails).then(|| Json::trusted("1")),
        failure: fails.then_some(failure),
        decisions: Vec::new(),
    }
}

//! Golden bytes: what a release wrote, every later one reads and means the same by.

use base::{
    ActivateElement, AdHocResult, DefinitionKey, EvaluatedDecision, EvaluatedValue, Evaluation,
    EvaluationFailure, Event, HeldInput, InstanceCreated, InstanceKey, JobExtra, JobKey, Json,
    KeptStep, Key, ListenerEvent, MatchedRule, Parent, Purpose, Record, ShardId, Stage,
    TaskTransition, UserTaskDetails, Variables,
};
use fermata_base as base;

mod canceled;

fn record() -> (InstanceKey, Record) {
    let key = Key::of_block(ShardId(2), 7);
    let instance = InstanceKey(key);
    let at = |n: u64| key.offset(n);
    let created = InstanceCreated {
        instance,
        definition: DefinitionKey(Key::of_block(ShardId(0), 1)),
        process_id: "order".into(),
        version: 3,
        business_id: Some("A-1".into()),
        tags: vec!["eu".into()],
        message: None,
        parent: None,
        depth: None,
        undoes: None,
        ends_after: None,
    };
    let events = vec![
        Event::InstanceCreated(Box::new(created)),
        Event::VariablesSet {
            scope: instance.root(),
            variables: Variables::parse(r#"{"a":[1]}"#).unwrap(),
        },
        Event::ElementEntered {
            key: at(1).into(),
            element: 2,
            scope: instance.root(),
            via: Some(9),
        },
        Event::JobCreated {
            job: at(2).into(),
            owner: at(1).into(),
            job_type: "ship".into(),
            retries: 3,
            extra: None,
        },
        Event::JobLeased { job: at(2).into(), worker: "w".into(), until_ms: 5000 },
        Event::JobFailed { job: at(2).into(), retries: 0, available_ms: 0, message: "no".into() },
        Event::IncidentRaised {
            incident: at(3).into(),
            owner: at(1).into(),
            job: Some(JobKey(at(2))),
            kind: base::IncidentKind::JobNoRetries,
            stage: Stage::Working,
            message: "stuck".into(),
        },
        Event::InstanceTerminated,
    ];
    (instance, Record { at_ms: 1000, events })
}

fn decisions(graph: Key) -> Vec<EvaluatedDecision> {
    let value = |id: &str, json: Option<&'static str>| EvaluatedValue {
        id: id.into(),
        name: format!("name of {id}").into(),
        value: json.map(Json::trusted),
    };
    let required = EvaluatedDecision {
        decision: None,
        id: "base".into(),
        name: "Base".into(),
        version: 1,
        kind: "LITERAL_EXPRESSION".into(),
        output: None,
        inputs: Vec::new(),
        rules: Vec::new(),
        reasons: vec!["x is null".into()],
        left_out: 3,
    };
    let rule = MatchedRule { id: "r2".into(), index: 2, outputs: vec![value("out", Some("0.15"))] };
    let table = EvaluatedDecision {
        decision: Some(graph.offset(1).into()),
        id: "discount".into(),
        name: "Discount".into(),
        version: 4,
        kind: "DECISION_TABLE".into(),
        output: Some(Json::trusted("0.15")),
        inputs: vec![value("in", Some("\"a\"")), value("large", None)],
        rules: vec![rule],
        reasons: Vec::new(),
        left_out: 0,
    };
    vec![required, table]
}

/// An evaluation that gave something, and one that failed.
fn evaluations() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let graph = Key::of_block(ShardId(0), 3);
    let decisions = decisions(graph);
    let good = Evaluation {
        key: at(5).into(),
        decision: graph.offset(1).into(),
        id: "discount".into(),
        name: "Discount".into(),
        version: 4,
        graph: graph.into(),
        graph_id: "prices".into(),
        output: Some(Json::trusted("0.15")),
        failure: None,
        decisions,
    };
    let failure = EvaluationFailure { decision_id: "base".into(), message: "no".into() };
    let bad = Evaluation {
        key: at(7).into(),
        output: None,
        failure: Some(failure),
        decisions: Vec::new(),
        ..good.clone()
    };
    let evaluated = |owner: Key, evaluation| Event::DecisionEvaluated {
        owner: owner.into(),
        evaluation: Box::new(evaluation),
    };
    let incident = |number: u64, kind| Event::IncidentRaised {
        incident: at(number).into(),
        owner: at(6).into(),
        job: None,
        kind,
        stage: Stage::Entering,
        message: "stuck".into(),
    };
    let events = vec![
        evaluated(at(4), good),
        evaluated(at(6), bad),
        incident(8, base::IncidentKind::DecisionEvaluationError),
        incident(9, base::IncidentKind::CalledDecisionError),
    ];
    (instance, Record { at_ms: 2000, events })
}

/// A called instance that calls others.
fn calls() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 9));
    let (above, other) = (Key::of_block(ShardId(2), 7), Key::of_block(ShardId(2), 11));
    let created = InstanceCreated {
        instance,
        definition: DefinitionKey(Key::of_block(ShardId(0), 1)),
        process_id: "pay".into(),
        version: 1,
        business_id: None,
        tags: Vec::new(),
        message: None,
        parent: Some(Parent {
            instance: above.into(),
            element: above.offset(4).into(),
            root: Key::of_block(ShardId(2), 5).into(),
        }),
        depth: Some(2),
        undoes: None,
        ends_after: None,
    };
    let (owner, child) = (instance.0.offset(1).into(), InstanceKey(other));
    let events = vec![
        Event::InstanceCreated(Box::new(created)),
        Event::InstanceCalled { owner, instance: child },
        Event::InstanceReturned { owner, instance: child, undoable: None },
        Event::CallCanceled { owner, instance: child },
        Event::IncidentRaised {
            incident: instance.0.offset(3).into(),
            owner,
            job: None,
            kind: base::IncidentKind::CalledElementError,
            stage: Stage::Entering,
            message: "none".into(),
        },
    ];
    (instance, Record { at_ms: 3000, events })
}

/// A loop over two items, and what a turn gave.
fn loops() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let items = Some(vec![Json::trusted("\"a\""), Json::trusted("[2]")]);
    let events = vec![
        Event::LoopEntered { owner: at(1).into(), total: Some(2), items },
        Event::LoopOutput { owner: at(1).into(), turn: 2, output: Json::trusted("{\"x\":1}") },
        Event::LoopEntered { owner: at(9).into(), total: None, items: None },
    ];
    (instance, Record { at_ms: 3000, events })
}

/// An activity that completed and is compensated.
fn compensation() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n).into();
    let events = vec![
        Event::CompletionRemembered { key: at(3) },
        Event::CompensationTriggered { by: at(6), activities: vec![at(3), at(4)] },
        Event::CompensationStarted { key: at(7), activity: at(3), by: at(6) },
    ];
    (instance, Record { at_ms: 3000, events })
}

/// An instance that was modified and migrated, and an event that nobody could wait for.
fn changes() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let migrated = base::InstanceMigrated {
        definition: DefinitionKey(Key::of_block(ShardId(0), 3)),
        process_id: "order".into(),
        version: 4,
        numbers: vec![(2, 3), (300, 17)],
    };
    let events = vec![
        Event::InstanceModified { activated: vec![3, 300], terminated: vec![at(4).into()] },
        Event::InstanceMigrated(Box::new(migrated)),
        Event::IncidentRaised {
            incident: at(5).into(),
            owner: at(1).into(),
            job: None,
            kind: base::IncidentKind::ExtractValueError,
            stage: Stage::Listening { targets: vec![5, 6] },
            message: "no key".into(),
        },
    ];
    (instance, Record { at_ms: 3000, events })
}

/// A suspension, and each kind of input that is held.
fn suspension() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let variables = Variables::parse(r#"{"a":1}"#).unwrap();
    let held = |input| Event::InputHeld(Box::new(input));
    let events = vec![
        Event::InstanceSuspended("audit".into()),
        held(HeldInput::JobCompleted { job: at(2).into(), variables: variables.clone() }),
        held(HeldInput::JobFailed {
            job: at(3).into(),
            retries: 2,
            backoff_ms: 500,
            message: "no".into(),
            variables: variables.clone(),
        }),
        held(HeldInput::ErrorThrown {
            job: at(4).into(),
            code: "NO".into(),
            message: "none".into(),
            variables: variables.clone(),
        }),
        held(HeldInput::TaskCompleted {
            task: at(5).into(),
            action: "complete".into(),
            variables: variables.clone(),
        }),
        held(HeldInput::Message {
            subscription: at(6).into(),
            message: Key::of_block(ShardId(0), 3).into(),
            name: "paid".into(),
            correlation_key: "A-1".into(),
            variables,
        }),
        Event::InstanceResumed,
        Event::HeldInputTaken,
    ];
    (instance, Record { at_ms: 4000, events })
}

/// Conditions that were waited for.
fn conditions() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let (condition, owner) = (at(2).into(), at(1).into());
    let events = vec![
        Event::ConditionOpened { condition, owner, target: 4, part: 1, once: true },
        Event::ConditionMet { condition },
        Event::ConditionClosed { condition: at(3).into() },
    ];
    (instance, Record { at_ms: 3000, events })
}

/// Timers of policies and what they lead to; a task whose listeners are called.
fn policies() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let owner = at(1).into();
    let purposes = [
        Purpose::Timeout,
        Purpose::Attempt,
        Purpose::DueDate,
        Purpose::Reminder,
        Purpose::Expected,
    ];
    let set = |purpose| {
        let bounded = purpose == Purpose::Attempt;
        let (job, latest_ms) = (bounded.then_some(JobKey(at(3))), bounded.then_some(9_000));
        let timer = at(2).into();
        Event::PolicyTimerSet { timer, owner, purpose, due_ms: 5_000, job, latest_ms }
    };
    let details = UserTaskDetails {
        assignee: Some("ann".into()),
        candidate_groups: vec!["sales".into()],
        candidate_users: Vec::new(),
        due_ms: Some(7_000),
        follow_up_ms: None,
        priority: 60,
    };
    let heard = |event, local| {
        let variables = Some(Variables::parse(r#"{"a":1}"#).unwrap());
        let (task, action, details) = (at(4).into(), "update".into(), details.clone());
        let transition = TaskTransition { task, event, action, details, variables, local };
        Event::UserTaskTransition { owner, transition: Box::new(transition) }
    };
    let mut events: Vec<Event> = purposes.into_iter().map(set).collect();
    events.extend([
        Event::StepOverdue { owner },
        Event::StepReminded { owner },
        Event::StepSlow { owner },
        Event::ElementDetached { key: owner },
        heard(ListenerEvent::Completing, None),
        heard(ListenerEvent::Updating, Some(true)),
        heard(ListenerEvent::Canceling, None),
        Event::UserTaskDenied { owner, task: at(4).into(), reason: "no".into() },
        Event::InstanceCanceling,
    ]);
    (instance, Record { at_ms: 6000, events })
}

/// Complex gateways, ad-hoc sub-processes, and what an instance is to undo for another one.
fn scopes() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let scope = at(1).into();
    let inherited = |called| Event::CompensationInherited {
        scope,
        activity: at(9).into(),
        element: 300,
        variables: Variables::parse(r#"{"a":1}"#).unwrap(),
        called,
    };
    let events = vec![
        Event::ResetAwaited { scope, gateway: 5, flows: vec![7, 300] },
        Event::ResetReached { scope, gateway: 5 },
        Event::AdHocEntered { owner: scope },
        Event::AdHocDone { owner: scope },
        inherited(None),
        inherited(Some(Key::of_block(ShardId(2), 11).into())),
    ];
    (instance, Record { at_ms: 7000, events })
}

/// Steps that were kept, of each kind.
fn kept() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n).into();
    let steps = vec![
        KeptStep::Enter { element: 3, scope: at(1), via: Some(9) },
        KeptStep::Enter { element: 4, scope: at(1), via: None },
        KeptStep::Check { scope: at(1) },
        KeptStep::Turn { body: at(2) },
        KeptStep::Compensate { by: at(3), scope: at(1) },
    ];
    let events =
        vec![Event::StepsKept(steps), Event::KeptStepsTaken, Event::KeptStepsDropped(at(1))];
    (instance, Record { at_ms: 5000, events })
}

/// An ad-hoc sub-process with a job, whose elements take turns; what is held of what is said to it.
fn ad_hoc() -> (InstanceKey, Record) {
    let instance = InstanceKey(Key::of_block(ShardId(2), 7));
    let at = |n: u64| instance.0.offset(n);
    let variables = Variables::parse(r#"{"a":1}"#).unwrap();
    let one = ActivateElement { element_id: "search".into(), variables: variables.clone() };
    let owner = at(1).into();
    let held = |input| Event::InputHeld(Box::new(input));
    let extra = JobExtra { ad_hoc: Some(true), ..JobExtra::default() };
    let details = UserTaskDetails { priority: 50, ..UserTaskDetails::default() };
    let events = vec![
        Event::JobCreated {
            job: at(2).into(),
            owner,
            job_type: "decide".into(),
            retries: 3,
            extra: Some(Box::new(extra)),
        },
        Event::AdHocEntered { owner },
        Event::ActivationQueued { owner, element: 4, variables: variables.clone() },
        Event::ActivationTaken { owner },
        Event::ActivationsDropped { owner },
        Event::IncidentRaised {
            incident: at(3).into(),
            owner,
            job: Some(JobKey(at(2))),
            kind: base::IncidentKind::AdHocSubProcessNoRetries,
            stage: Stage::Working,
            message: "stuck".into(),
        },
        held(HeldInput::AdHocAnswered {
            job: at(2).into(),
            variables,
            result: AdHocResult {
                activate: vec![one.clone()],
                fulfilled: false,
                cancel_remaining: true,
            },
        }),
        held(HeldInput::ElementsActivated { owner, elements: vec![one], cancel_remaining: false }),
        held(HeldInput::ListenerAnswered {
            job: at(5).into(),
            denied: Some("no".into()),
            details: Box::new(details),
        }),
        Event::AdHocDone { owner },
    ];
    (instance, Record { at_ms: 6000, events })
}

/// An instance that ends after an element.
fn ends() -> (InstanceKey, Record) {
    let (instance, mut record) = record();
    let Some(Event::InstanceCreated(created)) = record.events.first_mut() else {
        panic!("it begins with its creation");
    };
    created.ends_after = Some(vec![2, 300]);
    record.events.truncate(1);
    (instance, record)
}

#[test]
fn records_keep_their_bytes() {
    keeps_its_bytes(ends(), include_str!("../../testdata/record-ends.hex").trim());
    keeps_its_bytes(canceled::record(), include_str!("../../testdata/record-canceled.hex").trim());
    keeps_its_bytes(policies(), include_str!("../../testdata/record-policies.hex").trim());
    keeps_its_bytes(scopes(), include_str!("../../testdata/record-scopes.hex").trim());
    keeps_its_bytes(ad_hoc(), include_str!("../../testdata/record-ad-hoc.hex").trim());
    keeps_its_bytes(kept(), include_str!("../../testdata/record-kept.hex").trim());
    keeps_its_bytes(changes(), include_str!("../../testdata/record-changes.hex").trim());
    let golden = include_str!("../../testdata/record-suspension.hex").trim();
    keeps_its_bytes(suspension(), golden);
    keeps_its_bytes(conditions(), include_str!("../../testdata/record-conditions.hex").trim());
    keeps_its_bytes(calls(), include_str!("../../testdata/record-call.hex").trim());
    let golden = include_str!("../../testdata/record-compensation.hex").trim();
    keeps_its_bytes(compensation(), golden);
    keeps_its_bytes(record(), include_str!("../../testdata/record-1.hex").trim());
    keeps_its_bytes(evaluations(), include_str!("../../testdata/record-2.hex").trim());
    keeps_its_bytes(loops(), include_str!("../../testdata/record-loops.hex").trim());
}

fn keeps_its_bytes((instance, record): (InstanceKey, Record), golden: &str) {
    let pairs: Vec<String> =
        record.to_bytes(instance).iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = pairs.concat();
    assert_eq!(hex, golden, "a released event never changes its bytes");
    let bytes: Vec<u8> = (0..golden.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&golden[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(Record::from_bytes(&bytes, instance).unwrap(), record);
}

#[test]
fn damaged_records_are_refused_and_never_panic() {
    let all = [
        record(),
        ad_hoc(),
        evaluations(),
        calls(),
        loops(),
        compensation(),
        suspension(),
        conditions(),
        kept(),
        changes(),
        policies(),
        scopes(),
        ends(),
        canceled::record(),
    ];
    for (instance, record) in all {
        damaged(instance, &record);
    }
}

fn damaged(instance: InstanceKey, record: &Record) {
    let bytes = record.to_bytes(instance);
    for cut in 0..bytes.len() {
        Record::from_bytes(&bytes[..cut], instance).expect_err("a truncated record");
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0xff;
        // Some flips give another valid record (checksums are the store's); none may panic.
        let _ = Record::from_bytes(&flipped, instance);
    }
}

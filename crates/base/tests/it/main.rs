//! Golden bytes: what a release wrote, every later one reads and means the same by.

use base::{
    DefinitionKey, Event, InstanceCreated, InstanceKey, JobKey, Key, Record, ShardId, Stage,
    Variables,
};
use fermata_base as base;

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

#[test]
fn records_keep_their_bytes() {
    let (instance, record) = record();
    let pairs: Vec<String> =
        record.to_bytes(instance).iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = pairs.concat();
    let golden = include_str!("../../testdata/record-1.hex").trim();
    assert_eq!(hex, golden, "a released event never changes its bytes");
    let bytes: Vec<u8> = (0..golden.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&golden[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(Record::from_bytes(&bytes, instance).unwrap(), record);
}

#[test]
fn damaged_records_are_refused_and_never_panic() {
    let (instance, record) = record();
    let bytes = record.to_bytes(instance);
    for cut in 0..bytes.len() {
        Record::from_bytes(&bytes[..cut], instance).expect_err("a truncated record");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        // Some flips give another valid record (checksums are the store's); none may panic.
        let _ = Record::from_bytes(&damaged, instance);
    }
}

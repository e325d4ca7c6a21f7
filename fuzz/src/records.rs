//! Bytes that come from a disk: logs, snapshots, mail, variables.
//!
//! The first byte says what the rest is. A log is a list of records, each after its length in two
//! bytes.

use std::sync::OnceLock;

use ::bpmn::Process;
use base::{ElementKey, InstanceKey, Key, Mail, Record, ShardId, Variables};
use instance::{History, Instance};

use crate::acting;

const MODEL: &str = include_str!("../model.bpmn");

pub(crate) fn run(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind {
        b'l' => log(bytes),
        b's' => snapshot(bytes),
        b'm' => {
            if let Ok(mail) = Mail::from_bytes(bytes) {
                assert_eq!(Mail::from_bytes(&mail.to_bytes()), Ok(mail));
            }
        }
        _ => {
            if let Ok(variables) = minicbor::decode::<Variables>(bytes) {
                let stored = minicbor::to_vec(&variables).expect("writing into memory");
                assert_eq!(minicbor::decode::<Variables>(&stored).ok(), Some(variables));
            }
        }
    }
}

/// The key that everything is relative to.
pub(crate) fn key() -> InstanceKey {
    InstanceKey(Key::of_block(ShardId(1), 2))
}

/// What the state is a run of.
pub(crate) fn process() -> &'static Process {
    static PROCESS: OnceLock<Process> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let processes = ::bpmn::read(MODEL).expect("a sound model").processes;
        processes.into_iter().next().expect("a process")
    })
}

fn log(mut bytes: &[u8]) {
    let mut records = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let Ok(record) = Record::from_bytes(&rest[..length], key()) else { return };
        let read = Record::from_bytes(&record.to_bytes(key()), key());
        assert_eq!(read.as_ref(), Ok(&record), "what is written is read back");
        records.push(record);
        bytes = &rest[length..];
    }
    let Some(state) = Instance::replay(None, &records) else { return };
    let history = History::fold(&records).expect("a log with a beginning");
    assert_eq!(history.state, state, "history and state agree");
    for middle in 0..records.len() {
        let (before, after) = records.split_at(middle);
        if let Some(early) = Instance::replay(None, before) {
            let later = Instance::replay(Some(early), after);
            assert_eq!(later.as_ref(), Some(&state), "the fold from record {middle} on");
        }
    }
    examine(state);
}

fn snapshot(bytes: &[u8]) {
    let Ok(state) = Instance::from_bytes(bytes, key()) else { return };
    let read = Instance::from_bytes(&state.to_bytes(), state.key());
    assert_eq!(read.as_ref(), Ok(&state), "what is written is read back");
    examine(state);
}

/// As the engine does: only what hangs together is worked with.
fn examine(state: Instance) {
    walk(&state);
    let (nodes, elements) = process().counts();
    if state.check(key(), nodes, elements).is_ok() {
        let variables = Variables::parse(r#"{"id": "a", "amount": 6}"#).unwrap_or_default();
        acting::resume(process(), state, &variables);
    }
}

/// What the API's answers are made from.
fn walk(state: &Instance) {
    let elements: Vec<ElementKey> = state.elements().keys().copied().collect();
    for element in elements.into_iter().take(64) {
        assert!(state.scopes(element).count() <= state.elements().len());
        let visible = state.visible_variables(element);
        assert!(state.variable(element, "none").is_none() || visible.get("none").is_some());
    }
}

/// Logs and snapshots after each input to an instance of the model, and mail.
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let variables = Variables::parse(r#"{"id": "a", "amount": 6}"#).unwrap_or_default();
    acting::live(process(), 1, &variables, &mut |records, state| {
        let mut log = vec![b'l'];
        for record in records {
            let bytes = record.to_bytes(state.key());
            log.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
            log.extend(bytes);
        }
        seeds.push((format!("log-{:02}", records.len()), log));
        let snapshot = [&b"s"[..], &state.to_bytes()].concat();
        seeds.push((format!("snapshot-{:02}", records.len()), snapshot));
    });
    seeds.push((
        "variables".into(),
        [&b"v"[..], &minicbor::to_vec(&variables).unwrap_or_default()].concat(),
    ));
    for (number, mail) in mail(&variables).iter().enumerate() {
        seeds.push((format!("mail-{number}"), [&b"m"[..], &mail.to_bytes()].concat()));
    }
    seeds
}

fn mail(variables: &Variables) -> [Mail; 4] {
    let (name, correlation_key, process_id) = ("paid".into(), "a".into(), "p".into());
    let (instance, message) = (key(), base::MessageKey(Key::from_raw(4_000)));
    let subscription = base::SubscriptionKey(instance.0.offset(9));
    [
        Mail::Subscribe { subscription, instance, process_id, name, correlation_key, once: true },
        Mail::Unsubscribe { subscription, name: "paid".into(), correlation_key: "a".into() },
        Mail::Correlate {
            subscription,
            instance,
            message,
            name: "paid".into(),
            correlation_key: "a".into(),
            variables: variables.clone(),
        },
        Mail::Refused {
            message,
            process_id: "p".into(),
            name: "paid".into(),
            correlation_key: "a".into(),
        },
    ]
}

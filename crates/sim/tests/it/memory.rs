//! What leaves memory comes back as it was; what fails is kept apart.

use std::sync::Arc;

use base::{Command, IncidentKind};
use engine::{Definition, ShardOptions};
use fermata_sim::{Crash, World};
use instance::Status;

use crate::{line, model, service};

#[test]
fn instances_that_do_not_fit_into_memory_go_on_from_the_store() {
    let options = ShardOptions { shards: 1, cache_bytes_max: 4_096, ..ShardOptions::default() };
    let mut world = World::with(options, Crash::Never);
    world
        .deploy(&[&model(&line(&[("work", &service("work")), ("more", &service("more"))]))])
        .unwrap();
    let instances: Vec<_> =
        (0..300).map(|n| world.create("p", &format!(r#"{{"n": {n}}}"#))).collect();
    assert!(world.instances_in_memory() < 100, "{} in memory", world.instances_in_memory());
    for job_type in ["work", "more"] {
        for job in world.activate(job_type, 1_000) {
            world.complete(job.job, "{}").unwrap();
        }
    }
    for instance in instances {
        assert_eq!(world.history(instance).state.status(), Status::Completed);
    }
    world.verify();
}

#[test]
fn a_long_instance_is_snapshotted_and_folds_to_the_same_state() {
    let options = ShardOptions { shards: 1, cache_bytes_max: 1, ..ShardOptions::default() };
    let mut world = World::with(options, Crash::Never);
    let again = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="a" sourceRef="start" targetRef="join"/>
        <bpmn:exclusiveGateway id="join"/><bpmn:sequenceFlow id="b" sourceRef="join" targetRef="work"/>
        <bpmn:sequenceFlow id="c" sourceRef="work" targetRef="split"/>
        <bpmn:exclusiveGateway id="split" default="e"/>
        <bpmn:sequenceFlow id="d" sourceRef="split" targetRef="join"><bpmn:conditionExpression>=again</bpmn:conditionExpression></bpmn:sequenceFlow>
        <bpmn:sequenceFlow id="e" sourceRef="split" targetRef="end"/><bpmn:endEvent id="end"/>"#;
    world.deploy(&[&model(&(again.to_string() + &service("work")))]).unwrap();
    let instance = world.create("p", "{}");
    for round in 0..400 {
        let job = world.job("work");
        assert_eq!(job.instance, instance);
        let variables = format!(r#"{{"again": {}, "round": {round}}}"#, round < 399);
        world.complete(job.job, &variables).unwrap();
        if round % 50 == 0 {
            world.crash();
        }
    }
    let stored = world.reader().state(instance).unwrap().unwrap();
    assert!(stored.snapshot.is_some(), "a log of thousands of events has a snapshot");
    assert_eq!(world.history(instance).state.status(), Status::Completed);
    world.verify();
}

/// A definition that no check would let pass: its flow leads nowhere, so deciding panics.
fn broken(world: &mut World) -> Arc<Definition> {
    world.deploy(&[&model(&line(&[("work", &service("work"))]))]).unwrap();
    let xml = model(&line(&[("work", &service("work"))]));
    let mut process = bpmn::read(&xml).unwrap().processes.remove(0);
    for flow in process.flows.iter_mut().skip(1) {
        flow.target = 99;
    }
    let heads = world.reader().definitions().unwrap();
    let row = world.reader().definition(heads[0].key).unwrap().unwrap();
    Arc::new(Definition::new(row, process))
}

#[test]
fn a_panic_keeps_nothing_of_the_input_and_quarantines_the_instance() {
    for shards in [1, 3] {
        let mut world = World::new(shards, Crash::Never);
        let definition = broken(&mut world);
        world.inject(&definition);
        let instance = world.create("p", r#"{"x": 1}"#);
        let job = world.job("work").job;
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let failed = world.complete(job, r#"{"x": 2}"#);
        std::panic::set_hook(hook);
        let failed = failed.unwrap_err();
        assert_eq!(failed.kind, base::RejectionKind::Unavailable);
        let history = world.history(instance);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"x":1}"#);
        let (incident, open) = history.state.incidents().first_key_value().unwrap();
        assert_eq!(open.kind, IncidentKind::Quarantined);
        assert!(history.state.jobs().contains_key(&job), "the job is still there");
        world.verify();
        world.command(Command::ResolveIncident { incident: *incident }).unwrap();
        world.crash();
        world.complete(job, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        world.verify();
    }
}

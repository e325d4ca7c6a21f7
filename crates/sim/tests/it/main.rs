//! Behaviour of shards on a store: with one shard and with three, without crashes and with one
//! after each commit.

mod bindings;
mod calls;
mod changes;
mod conditions;
mod correlation;
mod decisions;
mod deletion;
mod escalations;
mod jobs;
mod listeners;
mod loops;
mod memory;
mod people;
mod policies;
mod shared_models;
mod streams;
mod suspension;
mod task_listeners;
mod time;
mod undone_calls;

use std::fmt::Write as _;

use fermata_sim::{Crash, World};

/// Runs a story in every kind of world, and verifies the rows at its end.
fn in_every_world(story: impl Fn(&mut World)) {
    for shards in [1, 3] {
        for crash in [Crash::Never, Crash::EachCommit] {
            eprintln!("world: {shards} shards, crash {crash:?}");
            let mut world = World::new(shards, crash);
            story(&mut world);
            world.verify();
        }
    }
}

/// A model: the process `p` with these elements.
fn model(elements: &str) -> String {
    model_of("p", elements)
}

/// A model: one process with these elements.
fn model_of(process: &str, elements: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:fermata="https://fermata.dev/schema/bpmn/1.0"
  targetNamespace="urn:fermata:test">
<bpmn:process id="{process}" isExecutable="true">
{elements}
</bpmn:process>
<bpmn:message id="paid" name="paid"><bpmn:extensionElements>
<zeebe:subscription correlationKey="=order"/></bpmn:extensionElements></bpmn:message>
<bpmn:message id="begin" name="begin"/>
<bpmn:error id="gone" errorCode="GONE"/>
</bpmn:definitions>"#
    )
}

/// Start event, these elements, end event, joined in a line. `between` are ids.
fn line(between: &[(&str, &str)]) -> String {
    let mut xml = String::from(r#"<bpmn:startEvent id="start"/>"#);
    let mut before = "start";
    for (number, (id, element)) in between.iter().enumerate() {
        xml.push_str(element);
        let _ = write!(
            xml,
            r#"<bpmn:sequenceFlow id="f{number}" sourceRef="{before}" targetRef="{id}"/>"#
        );
        before = id;
    }
    let _ = write!(
        xml,
        r#"<bpmn:sequenceFlow id="last" sourceRef="{before}" targetRef="end"/><bpmn:endEvent id="end"/>"#
    );
    xml
}

/// A service task whose id is its job type.
fn service(id: &str) -> String {
    format!(
        r#"<bpmn:serviceTask id="{id}"><bpmn:extensionElements><zeebe:taskDefinition type="{id}"/></bpmn:extensionElements></bpmn:serviceTask>"#
    )
}

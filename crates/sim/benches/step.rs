//! The core alone: what a step costs without sockets, threads and disk.
//!
//! `cargo bench -p fermata-sim`

use std::fmt::Write as _;

use base::Command;
use base::Variables;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::StreamId;
use fermata_sim::{Crash, World};

/// Steps of an instance.
const STEPS: u64 = 10;

fn model() -> String {
    let mut xml = String::from(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:fermata:bench"><bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="n0"/>"#,
    );
    for step in 1..=STEPS {
        let before = step - 1;
        let _ = write!(
            xml,
            r#"<bpmn:sequenceFlow id="f{step}" sourceRef="n{before}" targetRef="n{step}"/><bpmn:serviceTask id="n{step}"><bpmn:extensionElements><zeebe:taskDefinition type="work"/></bpmn:extensionElements></bpmn:serviceTask>"#
        );
    }
    let _ = write!(
        xml,
        r#"<bpmn:sequenceFlow id="l" sourceRef="n{STEPS}" targetRef="end"/><bpmn:endEvent id="end"/></bpmn:process></bpmn:definitions>"#
    );
    xml
}

/// Ten sequential jobs, each pushed to a stream, completed and committed to memory on its own.
fn ten_steps(criterion: &mut Criterion) {
    let mut world = World::new(1, Crash::Never);
    world.deploy(&[&model()]).expect("the model is accepted");
    world.open_stream(StreamId(1), "work", u32::MAX);
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(STEPS));
    group.bench_function("ten steps, one batch each", |bencher| {
        bencher.iter(|| {
            world.create("p", r#"{"total": 42}"#);
            while let Some((_, job)) = world.pushed.pop() {
                let variables = Variables::new();
                let complete = Command::CompleteJob { job: job.job, variables };
                world.command(complete).expect("the job is open");
            }
        });
    });
    group.finish();
}

criterion_group!(benches, ten_steps);
criterion_main!(benches);

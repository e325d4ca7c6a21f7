//! Loops through the engine: they are begun in parts, each a commit of its own, and go on after a
//! crash between any two.

use base::{Command, InstanceKey};
use fermata_sim::World;
use instance::Status;

use crate::{in_every_world, line, model};

/// A service task for each of `items`.
fn each(sequential: bool) -> String {
    let task = format!(
        r#"<bpmn:serviceTask id="work"><bpmn:extensionElements><zeebe:taskDefinition type="work"/>
        </bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">
        <bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="= for i in 1..n return i"
        inputElement="item" outputCollection="results" outputElement="= result"/>
        </bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>"#
    );
    model(&line(&[("work", &task)]))
}

fn results(world: &mut World, instance: InstanceKey) -> String {
    let history = world.history(instance);
    let root = &history.variables[&instance.root()];
    root.get("results").map(|json| json.as_str().to_owned()).unwrap_or_default()
}

fn work_off(world: &mut World) -> usize {
    let mut done = 0;
    loop {
        let jobs = world.activate("work", 500);
        if jobs.is_empty() {
            return done;
        }
        for job in jobs {
            world.complete(job.job, r#"{"result": 1}"#).unwrap();
            done += 1;
        }
    }
}

#[test]
fn a_loop_that_is_begun_in_parts_loses_none_of_them() {
    in_every_world(|world| {
        world.deploy(&[&each(false)]).unwrap();
        let instance = world.create("p", r#"{"n": 2500}"#);
        // Time passes, but not by much: the timers between the parts are due at once.
        world.advance(0);
        assert_eq!(world.history(instance).state.jobs().len(), 2500);
        world.command(Command::Cancel { instance }).unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Terminated);
    });
}

#[test]
fn a_sequential_loop_keeps_its_place_over_crashes() {
    in_every_world(|world| {
        world.deploy(&[&each(true)]).unwrap();
        let instance = world.create("p", r#"{"n": 20}"#);
        assert_eq!(work_off(world), 20);
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        assert_eq!(results(world, instance), format!("[{}]", ["1"; 20].join(",")));
    });
}

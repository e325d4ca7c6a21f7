//! Models that nobody here drew run to their end on durable shards. `FERMATA_SHARED` names their
//! folder; `../shared` beside the checkout unless set.

use std::path::PathBuf;

use base::InstanceKey;
use fermata_sim::World;
use instance::Status;

use crate::in_every_world;

fn shared(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder =
        std::env::var_os("FERMATA_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("models").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("not tested: {} is absent; set FERMATA_SHARED", path.display());
    }
    text
}

/// Does whatever the instance waits for; answers how many jobs and tasks there were.
fn run_to_the_end(world: &mut World, instance: InstanceKey, variables: &str) -> (usize, usize) {
    let (mut jobs, mut tasks) = (0, 0);
    for _ in 0..200 {
        let state = world.history(instance).state;
        assert!(state.incidents().is_empty(), "{:?}", state.incidents());
        if state.status() == Status::Completed {
            return (jobs, tasks);
        }
        if let Some((job, live)) = state.jobs().first_key_value() {
            let leased = world.activate(&live.job_type, 10);
            assert!(leased.iter().any(|leased| leased.job == *job), "{leased:?}");
            for job in leased {
                world.complete(job.job, variables).unwrap();
                jobs += 1;
            }
        } else if let Some(task) = state.user_tasks().keys().next() {
            world.complete_task(*task, variables).unwrap();
            tasks += 1;
        } else {
            world.advance(60_000);
        }
    }
    panic!("instance {instance} has not ended");
}

#[test]
fn typical_process_deploys_and_runs_to_its_end_unchanged() {
    let Some(text) = shared("apache/typical_process.bpmn") else { return };
    let id = bpmn::read(&text).unwrap().processes[0].id.to_string();
    in_every_world(|world| {
        world.deploy(&[&text]).unwrap();
        let instance = world.create(&id, r#"{"benchmark_starter_id": "a", "var2": true}"#);
        assert_eq!(run_to_the_end(world, instance, "{}"), (10, 0));
    });
}

#[test]
fn customer_onboarding_deploys_and_runs_to_its_end_unchanged() {
    let Some(text) = shared("apache/customer-onboarding.bpmn") else { return };
    let id = bpmn::read(&text).unwrap().processes[0].id.to_string();
    in_every_world(|world| {
        world.deploy(&[&text]).unwrap();
        let instance = world.create(&id, r#"{"customerName": "a"}"#);
        let answers = r#"{"score": 5, "automaticProcessing": true}"#;
        assert_eq!(run_to_the_end(world, instance, answers), (2, 1));
    });
}

//! Models that nobody here drew. `FERMATA_SHARED` names the folder; `../shared` beside the
//! checkout unless set.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test may read the models that it tests; the crate itself may not"
)]

use std::path::PathBuf;

use super::harness::Sim;

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

#[test]
fn typical_process_runs_to_its_end_unchanged() {
    let Some(text) = shared("apache/typical_process.bpmn") else { return };
    let process = fermata_bpmn::read(&text).unwrap().processes.remove(0);
    let mut sim = Sim::of(process, r#"{"benchmark_starter_id": "a", "var2": true}"#);
    for step in [
        "task1", "task2", "task3", "", "task4", "task5", "task6", "", "task7", "task8", "task9",
        "task10",
    ] {
        if step.is_empty() {
            sim.advance(60_000);
        } else {
            sim.complete(step, "{}");
        }
    }
    assert!(sim.ended());
}

#[test]
fn customer_onboarding_runs_to_its_end_unchanged() {
    let Some(text) = shared("apache/customer-onboarding.bpmn") else { return };
    let process = fermata_bpmn::read(&text).unwrap().processes.remove(0);
    let mut sim = Sim::of(process, r#"{"customerName": "a"}"#);
    sim.complete("TaskScoreCustomer", r#"{"score": 5}"#);
    assert_eq!(sim.waits(), ["TaskApproveCustomerOrder"]);
    let task = *sim.state.user_tasks().keys().next().expect("a user task");
    let verdict = base::Variables::parse(r#"{"automaticProcessing": true}"#).unwrap();
    sim.input(|run| run.task_completed(task, "complete", verdict));
    sim.complete("TaskCreateCustomerInCrm", "{}");
    assert!(sim.ended());
}

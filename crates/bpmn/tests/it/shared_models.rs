//! Models that nobody here drew. `FERMATA_SHARED` names the folder; `../shared` beside the
//! checkout unless set.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test may read the models that it tests; the crate itself may not"
)]

use std::path::PathBuf;

use super::harness::Sim;

fn root() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder =
        std::env::var_os("FERMATA_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    folder.join("models")
}

fn shared(name: &str) -> Option<String> {
    let path = root().join(name);
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

/// Every model of the folder, by name; none when it is absent.
fn all() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["apache", "miwg"] {
        let Ok(entries) = std::fs::read_dir(root().join(folder)) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "bpmn") {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                all.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    all.sort();
    if all.is_empty() {
        eprintln!("not tested: {} is absent; set FERMATA_SHARED", root().display());
    }
    all
}

#[test]
fn every_model_is_kept_as_it_is_written() {
    for (name, text) in all() {
        let document = super::documents::kept(&text);
        assert!(document.root().is_some(), "{name}");
    }
}

/// What becomes of each model: its processes, or the codes of its refusal with the elements that they
/// are about; then what lint says.
const FATES: &str = include_str!("../../testdata/shared_models.txt");

#[test]
fn every_model_runs_or_is_refused_for_a_reason_that_is_true() {
    let mut told = String::new();
    for (name, text) in all() {
        told.push_str(&format!("{name}: {}\n", fate(&text)));
    }
    if told.is_empty() {
        return;
    }
    let wanted: String = FATES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(told == wanted, "these are the fates now:\n{told}");
}

fn fate(text: &str) -> String {
    match fermata_bpmn::read(text) {
        Ok(model) => {
            let processes: Vec<&str> = model.processes.iter().map(|process| &*process.id).collect();
            let findings = fermata_bpmn::lint::lint(&model, &[]);
            format!("runs {}{}", processes.join(" "), listed("; warnings", &findings))
        }
        Err(findings) => format!("refused{}", listed(":", &findings)),
    }
}

/// Codes, each with the tags that it is about and how often.
fn listed(title: &str, findings: &[base::Finding]) -> String {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for finding in findings {
        let what =
            finding.message.split(['<', '>']).nth(1).filter(|_| finding.message.starts_with('<'));
        let what = what.map_or_else(String::new, |tag| format!("({tag})"));
        *counts.entry(format!("{}{what}", finding.code)).or_default() += 1;
    }
    let parts = counts.iter().map(|(code, count)| format!(" {code} x{count}"));
    if counts.is_empty() { String::new() } else { format!("{title}{}", parts.collect::<String>()) }
}

#[test]
fn what_a_called_process_throws_is_caught_by_the_model_of_its_caller() {
    let (Some(caller), Some(called)) = (shared("miwg/C.9.0.bpmn"), shared("miwg/C.9.2.bpmn"))
    else {
        return;
    };
    let [caller, called] = [caller, called].map(|text| fermata_bpmn::read(&text).unwrap());
    let uncaught = |others: &[&fermata_bpmn::Definitions]| {
        let findings = fermata_bpmn::lint::lint(&called, others);
        findings.iter().filter(|finding| finding.code == "B209").count()
    };
    assert_eq!((uncaught(&[]), uncaught(&[&caller])), (2, 0));
}

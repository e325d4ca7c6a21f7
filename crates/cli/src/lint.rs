//! `fermata lint`: reads models as a deployment would and shows every finding in its line.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use base::Finding;

use crate::models::{Checked, ModelFile};

pub(crate) fn run(files: &[PathBuf], json: bool) -> ExitCode {
    let mut worst = 0;
    let mut answers = Vec::new();
    for path in files {
        let file = match ModelFile::read(path) {
            Ok(file) => file,
            Err(failure) => {
                failure.tell();
                worst = 2;
                continue;
            }
        };
        let others = file.others(files);
        let checked = Checked::of(&file, &others);
        if checked.is_refused() {
            worst = worst.max(1);
        }
        if json {
            let ids: Vec<&str> = checked.processes.iter().map(|process| &*process.id).collect();
            let findings: Vec<_> = checked.findings.iter().map(to_json).collect();
            answers.push(serde_json::json!({
                "file": path.display().to_string(), "processes": ids,
                "decisions": checked.decisions, "findings": findings
            }));
        } else {
            print!("{}", page(&file, &others, &checked));
        }
    }
    if json {
        println!("{}", serde_json::Value::Array(answers));
    }
    ExitCode::from(worst)
}

fn page(file: &ModelFile, others: &[ModelFile], checked: &Checked) -> String {
    let mut page = String::new();
    let path = file.path.display();
    for process in &checked.processes {
        let (nodes, flows) = (process.nodes.len() - 1, process.flows.len());
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "{path}: process \"{}\" is accepted: {nodes} elements, {flows} flows",
            process.id
        );
    }
    for decision in &checked.decisions {
        let _ = writeln!(page, "{path}: decision \"{decision}\" is accepted");
    }
    for finding in &checked.findings {
        page.push_str(&file.shown(others, finding));
    }
    page
}

fn to_json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "code": finding.code, "severity": finding.severity.to_string(), "file": finding.file,
        "line": finding.line, "column": finding.column, "elementId": finding.element_id,
        "message": finding.message, "help": finding.help,
    })
}

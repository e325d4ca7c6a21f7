//! `fermata lint`: reads models as a deployment would and shows every problem in its line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpmn::{Problem, Severity};

/// Widest part of a source line that is shown, in characters, so that 80 columns suffice.
const EXCERPT_CHARS_MAX: usize = 70;

pub(crate) fn run(files: &[PathBuf], json: bool) -> ExitCode {
    let mut worst = 0;
    let mut answers = Vec::new();
    for file in files {
        let text = match std::fs::read(file).map_err(|error| error.to_string()).and_then(utf8) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("fermata: cannot read {}: {error}", file.display());
                worst = 2;
                continue;
            }
        };
        let (processes, problems) = match bpmn::read(&text) {
            Ok(processes) => (processes, Vec::new()),
            Err(problems) => (Vec::new(), problems),
        };
        if !problems.is_empty() {
            worst = worst.max(1);
        }
        if json {
            let ids: Vec<&str> = processes.iter().map(|process| &*process.id).collect();
            let problems: Vec<_> = problems.iter().map(to_json).collect();
            answers.push(serde_json::json!({
                "file": file.display().to_string(), "processes": ids, "problems": problems
            }));
        } else {
            for process in &processes {
                let (nodes, flows) = (process.nodes.len() - 1, process.flows.len());
                println!(
                    "{}: process \"{}\" is accepted: {nodes} elements, {flows} flows",
                    file.display(),
                    process.id
                );
            }
            for problem in &problems {
                print!("{}", shown(file, &text, problem));
            }
        }
    }
    if json {
        println!("{}", serde_json::Value::Array(answers));
    }
    ExitCode::from(worst)
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "expected UTF-8, but byte {} is not; save the model as UTF-8",
            error.utf8_error().valid_up_to()
        )
    })
}

fn to_json(problem: &Problem) -> serde_json::Value {
    serde_json::json!({
        "code": problem.code, "severity": severity(problem), "line": problem.line,
        "column": problem.column, "elementId": problem.element_id, "message": problem.message,
        "help": problem.help,
    })
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The finding with its line and a mark below the place.
pub(crate) fn shown(file: &Path, text: &str, problem: &Problem) -> String {
    let (line, column) = (problem.line as usize, problem.column as usize);
    let whole = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    // Long lines are shown from a little before the place.
    let from = column.saturating_sub(20).min(whole.chars().count());
    let from = if column < EXCERPT_CHARS_MAX { 0 } else { from };
    let excerpt: String = whole
        .chars()
        .skip(from)
        .take(EXCERPT_CHARS_MAX)
        .map(|c| if c == '\t' { ' ' } else { c })
        .collect();
    let margin = " ".repeat(line.to_string().len());
    let mark = " ".repeat(column.saturating_sub(from + 1));
    let element =
        problem.element_id.as_ref().map_or_else(String::new, |id| format!(" (element \"{id}\")"));
    format!(
        "{}[{}]: {}{element}\n{margin} --> {}:{line}:{column}\n{line} | {excerpt}\n{margin} | {mark}^\n{margin} = help: {}\n\n",
        severity(problem),
        problem.code,
        problem.message,
        file.display(),
        problem.help
    )
}

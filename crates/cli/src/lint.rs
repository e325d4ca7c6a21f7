//! `fermata lint`: reads models as a deployment would and shows every problem in its line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Widest part of a source line that is shown, in characters, so that 80 columns suffice.
const EXCERPT_CHARS_MAX: usize = 70;

/// A finding of any language.
pub(crate) struct Problem {
    code: &'static str,
    severity: &'static str,
    line: u32,
    column: u32,
    element_id: Option<String>,
    message: String,
    help: String,
}

impl From<bpmn::Problem> for Problem {
    fn from(problem: bpmn::Problem) -> Self {
        Self {
            code: problem.code,
            severity: match problem.severity {
                bpmn::Severity::Error => "error",
                bpmn::Severity::Warning => "warning",
            },
            line: problem.line,
            column: problem.column,
            element_id: problem.element_id,
            message: problem.message,
            help: problem.help,
        }
    }
}

impl From<dmn::Finding> for Problem {
    fn from(finding: dmn::Finding) -> Self {
        Self {
            code: finding.code,
            severity: match finding.severity {
                dmn::Severity::Error => "error",
                dmn::Severity::Warning => "warning",
            },
            line: finding.line,
            column: finding.column,
            element_id: finding.element_id,
            message: finding.message,
            help: finding.help,
        }
    }
}

/// What is in a file.
#[derive(Default)]
struct Read {
    processes: Vec<bpmn::Process>,
    decisions: Vec<String>,
    problems: Vec<Problem>,
}

impl Read {
    fn of(file: &Path, text: &str) -> Self {
        let mut read = Self::default();
        if is_decision(file) {
            match dmn::compile(text) {
                Ok(graph) => {
                    read.decisions =
                        graph.decisions().map(|decision| decision.id.clone()).collect();
                    read.problems = graph.findings().iter().cloned().map(Problem::from).collect();
                }
                Err(findings) => read.problems = findings.into_iter().map(Problem::from).collect(),
            }
        } else {
            match bpmn::read(text) {
                Ok(processes) => read.processes = processes,
                Err(problems) => read.problems = problems.into_iter().map(Problem::from).collect(),
            }
        }
        read
    }

    fn is_refused(&self) -> bool {
        self.processes.is_empty() && self.decisions.is_empty()
    }
}

/// Whether a file is a DMN model, by its name.
pub(crate) fn is_decision(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dmn"))
}

/// What a deployment would say against a file.
pub(crate) fn refusal(file: &Path, text: &str) -> Vec<Problem> {
    let read = Read::of(file, text);
    if read.is_refused() { read.problems } else { Vec::new() }
}

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
        let read = Read::of(file, &text);
        if read.is_refused() {
            worst = worst.max(1);
        }
        if json {
            let ids: Vec<&str> = read.processes.iter().map(|process| &*process.id).collect();
            let problems: Vec<_> = read.problems.iter().map(to_json).collect();
            answers.push(serde_json::json!({
                "file": file.display().to_string(), "processes": ids,
                "decisions": read.decisions, "problems": problems
            }));
        } else {
            print!("{}", page(file, &text, &read));
        }
    }
    if json {
        println!("{}", serde_json::Value::Array(answers));
    }
    ExitCode::from(worst)
}

fn page(file: &Path, text: &str, read: &Read) -> String {
    let mut page = String::new();
    for process in &read.processes {
        let (nodes, flows) = (process.nodes.len() - 1, process.flows.len());
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "{}: process \"{}\" is accepted: {nodes} elements, {flows} flows",
            file.display(),
            process.id
        );
    }
    for decision in &read.decisions {
        let _ = writeln!(page, "{}: decision \"{decision}\" is accepted", file.display());
    }
    for problem in &read.problems {
        page.push_str(&shown(file, text, problem));
    }
    page
}

pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "expected UTF-8, but byte {} is not; save the model as UTF-8",
            error.utf8_error().valid_up_to()
        )
    })
}

fn to_json(problem: &Problem) -> serde_json::Value {
    serde_json::json!({
        "code": problem.code, "severity": problem.severity, "line": problem.line,
        "column": problem.column, "elementId": problem.element_id, "message": problem.message,
        "help": problem.help,
    })
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
        problem.severity,
        problem.code,
        problem.message,
        file.display(),
        problem.help
    )
}

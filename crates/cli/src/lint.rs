//! `fermata lint`: reads models as a deployment would, looks at what may not be as meant, and shows
//! every finding in its line.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use base::{Finding, Severity};

use crate::Output;
use crate::failure::Failure;
use crate::models::{Checked, ModelFile};

pub(crate) const HELP: &str = "Examples:
  fermata lint order.bpmn discount.dmn
  fermata lint --strict --format json *.bpmn
  fermata lint --explain B202

Exit codes: 0 every model is accepted, 1 one is refused (with --strict also: has
a warning), 2 a file cannot be read";

/// The page that explains the codes of lint, and those of refusals.
const LINT_PAGE: &str = include_str!("../../../docs/reference/lint.md");
const TABLES: &[(&str, &str)] = &[
    ("docs/reference/bpmn.md", include_str!("../../../docs/reference/bpmn.md")),
    ("docs/reference/dmn.md", include_str!("../../../docs/reference/dmn.md")),
];

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// BPMN and DMN files; what one BPMN file throws, another may catch
    #[arg(required_unless_present = "explain")]
    files: Vec<PathBuf>,
    /// A warning is a failure too
    #[arg(long)]
    strict: bool,
    /// Say what a code means and how to mend it
    #[arg(long, value_name = "CODE", conflicts_with = "files")]
    explain: Option<String>,
    /// The same as --output
    #[arg(long, value_enum)]
    format: Option<Output>,
}

/// A file that was read, with what it imports and what is in it.
struct Read {
    path: PathBuf,
    file: ModelFile,
    others: Vec<ModelFile>,
    checked: Checked,
}

pub(crate) fn run(args: &LintArgs, json: bool) -> ExitCode {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    let mut worst = 0;
    let mut all = Vec::new();
    for path in &args.files {
        match ModelFile::read(path) {
            Ok(file) => {
                let others = file.others(&args.files);
                let checked = Checked::of(&file, &others);
                all.push(Read { path: path.clone(), file, others, checked });
            }
            Err(failure) => {
                failure.tell();
                worst = 2;
            }
        }
    }
    let found: Vec<Vec<Finding>> = (0..all.len()).map(|at| findings(&all, at)).collect();
    for (read, findings) in all.iter().zip(&found) {
        let fails = read.checked.is_refused() || args.strict && !findings.is_empty();
        worst = worst.max(u8::from(fails));
    }
    if args.format.map_or(json, |format| format == Output::Json) {
        let answers = all.iter().zip(&found).map(|(read, findings)| answer(read, findings));
        println!("{}", serde_json::Value::Array(answers.collect()));
    } else {
        for (read, findings) in all.iter().zip(&found) {
            print!("{}", page(read, findings));
        }
        print!("{}", sum(&found));
    }
    ExitCode::from(worst)
}

/// The findings about one file, with what the other ones do in mind.
fn findings(all: &[Read], at: usize) -> Vec<Finding> {
    let checked = &all[at].checked;
    let Some(model) = &checked.model else { return checked.findings.clone() };
    let others = all.iter().enumerate().filter(|(other, _)| *other != at);
    let others: Vec<&bpmn::Definitions> =
        others.filter_map(|(_, other)| other.checked.model.as_ref()).collect();
    bpmn::lint::lint(model, &others)
}

fn page(read: &Read, findings: &[Finding]) -> String {
    let mut page = String::new();
    let path = read.path.display();
    for process in read.checked.processes() {
        let (nodes, flows) = (process.nodes.len() - 1, process.flows.len());
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "{path}: process \"{}\" is accepted: {nodes} elements, {flows} flows",
            process.id
        );
    }
    for decision in &read.checked.decisions {
        let _ = writeln!(page, "{path}: decision \"{decision}\" is accepted");
    }
    for finding in findings {
        page.push_str(&read.file.shown(&read.others, finding));
    }
    page
}

/// How many findings there are; nothing if there is none.
fn sum(found: &[Vec<Finding>]) -> String {
    let of = |severity| found.iter().flatten().filter(|it| it.severity == severity).count();
    let told = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let parts: Vec<String> =
        [told(errors, "error"), told(warnings, "warning")].into_iter().flatten().collect();
    let mut sum = parts.join(", ");
    if let Some(first) = found.iter().flatten().find(|it| it.severity == Severity::Warning) {
        let _ = write!(sum, "; fermata lint --explain {} says more", first.code);
    }
    if sum.is_empty() { sum } else { sum + "\n" }
}

fn answer(read: &Read, findings: &[Finding]) -> serde_json::Value {
    let ids: Vec<&str> = read.checked.processes().iter().map(|process| &*process.id).collect();
    let findings: Vec<_> = findings.iter().map(to_json).collect();
    serde_json::json!({
        "file": read.path.display().to_string(), "processes": ids,
        "decisions": read.checked.decisions, "findings": findings
    })
}

fn to_json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "code": finding.code, "severity": finding.severity.to_string(), "file": finding.file,
        "line": finding.line, "column": finding.column, "elementId": finding.element_id,
        "message": finding.message, "help": finding.help,
    })
}

fn explain(code: &str) -> ExitCode {
    let code = code.trim().to_ascii_uppercase();
    let mut sections = LINT_PAGE.split("\n## ");
    if let Some(section) = sections.find(|section| section.starts_with(&format!("{code}:"))) {
        println!("{}", section.trim_end());
        return ExitCode::SUCCESS;
    }
    let row = format!("| {code} | ");
    for (page, text) in TABLES {
        if let Some(row) = text.lines().find_map(|line| line.strip_prefix(&row)) {
            println!("{code}: {}\n\nSee {page}.", row.trim_end_matches('|').trim_end());
            return ExitCode::SUCCESS;
        }
    }
    Failure::no(format!("there is no code {code}; docs/reference/lint.md and bpmn.md list them"))
        .tell()
}

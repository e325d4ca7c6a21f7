//! `fermata policies`: what a model promises of each of its steps.
//!
//! In:  a model file.
//! Out: a table of its activities: what goes in and out, what may fail and what then happens.
//! Absent: servers; findings of models that are not accepted are shown as `lint` shows them.

mod contract;
mod format;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::failure::NO;
use crate::models::{Checked, ModelFile};
use crate::screen::put;
use contract::Contract;

pub(crate) const HELP: &str = "Examples:
  fermata policies order.bpmn
  fermata policies order.bpmn --format csv > order.csv

Exit codes: 0 shown, 1 the model is refused, 2 the file cannot be read";

/// Which model, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct PoliciesArgs {
    /// A BPMN file
    file: PathBuf,
    /// For people if not said
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    // No doc comments: clap would make a page of every `--help`.
    Markdown,
    Csv,
    Json,
}

pub(crate) fn run(args: &PoliciesArgs, json: bool) -> ExitCode {
    let file = match ModelFile::read(&args.file) {
        Ok(file) => file,
        Err(failure) => return failure.tell(),
    };
    let checked = Checked::of(&file, &[]);
    if checked.processes.is_empty() {
        for finding in &checked.findings {
            eprint!("{}", file.shown(&[], finding));
        }
        if checked.findings.is_empty() {
            eprintln!("fermata: expected a BPMN model, but {} has no process", args.file.display());
        }
        return ExitCode::from(NO);
    }
    let contracts: Vec<Contract> = checked.processes.iter().flat_map(contract::of).collect();
    let text = match (args.format, json) {
        (Some(Format::Markdown), _) => format::markdown(&contracts),
        (Some(Format::Csv), _) => format::csv(&contracts),
        (Some(Format::Json), _) | (None, true) => format::json(&contracts),
        (None, false) => format::text(&contracts),
    };
    put(&text).map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS)
}

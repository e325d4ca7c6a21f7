//! Checks that no linter does, each a function from text to findings.
//!
//! In:  the checkout, and what `cargo tree` says of it.
//! Out: findings with file, line, what is wrong and the mend; exit code 1 when there are any.
//! Absent: dependencies, network, and any change to the checkout but `ratchet --update` and the page
//! that `planted` writes.

mod deps;
mod docs;
mod finding;
mod planted;
mod purity;
mod ratchet;
mod rust;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use finding::Finding;

const USAGE: &str = "\
usage: cargo run -q -p xtask -- COMMAND

  check                              run every check (what CI runs)
  check deps|size|purity|docs        run one
  planted                            play the simulation against planted bugs; every one must be found
  ratchet --update                   lower the listed sizes to the present ones
  ratchet --update --allow-growth    list present sizes even where they grew (say why in the commit)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = tree::root();
    let outcome = match words[..] {
        ["check"] => check(&root, None),
        ["check", one] => check(&root, Some(one)),
        ["planted"] => planted::run(&root),
        ["ratchet", "--update"] => ratchet::update(&root, false),
        ["ratchet", "--update", "--allow-growth"] => ratchet::update(&root, true),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            for finding in &findings {
                eprintln!("{finding}");
            }
            eprintln!("xtask: {} to mend", findings.len());
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// A check by its name on the command line.
type Check = (&'static str, fn(&Path) -> Result<Vec<Finding>, String>);

const CHECKS: &[Check] = &[
    ("deps", deps::check),
    ("size", ratchet::check),
    ("purity", purity::check),
    ("docs", docs::check),
];

fn check(root: &Path, only: Option<&str>) -> Result<Vec<Finding>, String> {
    if let Some(name) = only.filter(|name| CHECKS.iter().all(|(known, _)| known != name)) {
        return Err(format!("xtask: there is no check named {name}\n\n{USAGE}"));
    }
    let mut findings = Vec::new();
    for (_, run) in CHECKS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        findings.extend(run(root)?);
    }
    Ok(findings)
}

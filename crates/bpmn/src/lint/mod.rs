//! What in an accepted model may not be as meant: elements that nothing reaches, joins that wait for
//! ever, events that nobody triggers.
//!
//! In:  checked graphs; other models that are deployed beside them.
//! Out: warnings with their places, each with a code that docs/reference/lint.md explains.
//! Absent: refusals (see `read`), and guesses: a rule that cannot tell says nothing.

mod codes;
mod compensation;
mod conditions;
mod data;
mod default;
mod errors;
mod escalations;
mod kinds;
mod links;
mod model;
mod names;
mod reach;
mod signals;
mod silence;
mod spin;
mod timeouts;
mod tokens;
mod unnamed;

use base::Finding;

use crate::read::Definitions;
use model::{Around, Found, Model};

pub use codes::CODES;

/// One rule: a file, a code or two.
type Rule = fn(&Model<'_>, &mut Found<'_>);

const RULES: &[Rule] = &[
    reach::check,
    default::check,
    tokens::check,
    signals::check,
    links::check,
    escalations::check,
    errors::check,
    timeouts::check,
    compensation::check,
    names::check,
    spin::check,
    conditions::check,
    unnamed::check,
    data::check,
];

/// Warnings about a model: those of the reader and those of the rules, without what the model
/// silences. `others` are models that are deployed beside it: they may throw what it catches.
pub fn lint(model: &Definitions, others: &[&Definitions]) -> Vec<Finding> {
    let around = Around::of(model, others);
    let mut findings = model.findings.clone();
    for process in &model.processes {
        let model = Model::of(process, &around);
        let mut found = Found::new(process);
        for rule in RULES {
            rule(&model, &mut found);
        }
        findings.append(&mut found.findings);
        silence::apply(process, &mut findings);
    }
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.code));
    findings
}

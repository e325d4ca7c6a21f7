//! `<fermata:lint ignore="B210" reason="..."/>`: warnings that are known and meant are left out. What
//! silences nothing is itself a warning: the model has changed, or the code is misspelt.

use std::collections::BTreeMap;

use base::{Finding, Severity};

use super::codes::{CODES, SILENCES_NOTHING};
use crate::graph::{Process, Silence};

/// A warning of the reader that can be silenced too.
const OF_READER: &str = "B023";

/// Leaves out what the model silences.
pub(super) fn apply(process: &Process, findings: &mut Vec<Finding>) {
    if process.silences.is_empty() {
        return;
    }
    let mut used: Vec<Vec<bool>> =
        process.silences.iter().map(|silence| vec![false; silence.codes.len()]).collect();
    let ids = (0_u32..).map_while(|number| Some((&**process.id_of(number)?, number)));
    let numbers: BTreeMap<&str, u32> = ids.collect();
    findings.retain(|finding| {
        let element = finding.element_id.as_deref().and_then(|id| numbers.get(id).copied());
        let Some(element) = element else { return true };
        let mut silenced = false;
        for (silence, used) in process.silences.iter().zip(&mut used) {
            let at = silence.codes.iter().position(|code| *code == *finding.code);
            if let Some(at) = at.filter(|_| contains(process, silence.element, element)) {
                used[at] = true;
                silenced = true;
            }
        }
        !silenced
    });
    for (silence, used) in process.silences.iter().zip(used) {
        let unused = silence.codes.iter().zip(used).filter(|(_, used)| !used);
        findings.extend(unused.map(|(code, _)| nothing_silenced(process, silence, code)));
    }
}

fn nothing_silenced(process: &Process, silence: &Silence, code: &str) -> Finding {
    let (message, help) = if CODES.contains(&code) || code == OF_READER {
        (
            format!("{code} is silenced here, but it is not found"),
            "remove the code: what it was about is mended, or stands elsewhere".to_owned(),
        )
    } else {
        (
            format!("{code} is not a code that can be silenced"),
            format!(
                "name a code of docs/reference/lint.md, {} to {}",
                CODES[0],
                CODES[CODES.len() - 1]
            ),
        )
    };
    Finding {
        code: SILENCES_NOTHING,
        file: None,
        line: silence.place.line,
        column: silence.place.column,
        element_id: process.id_of(silence.element).map(ToString::to_string),
        message,
        help,
        severity: Severity::Warning,
    }
}

/// Whether `element` is `outer`, or in it. A flow is in the scope of its source.
fn contains(process: &Process, outer: u32, element: u32) -> bool {
    let (nodes, _) = process.counts();
    if element == outer || outer == 0 {
        return true;
    }
    let mut at = if (element as usize) < nodes {
        element
    } else {
        process.node(process.flow(element).source).scope
    };
    while at != 0 && at != outer {
        at = process.node(at).scope;
    }
    at == outer
}

//! Contracts of steps as text for people, Markdown, CSV and JSON.

use std::fmt::Write as _;

use super::contract::Contract;
use crate::screen::{BOLD, DIM, Screen, clean, styled, wrap};

/// Columns that the labels take.
const LABEL: usize = 14;

/// Label and value of each part.
fn parts(contract: &Contract) -> Vec<(&'static str, String)> {
    let list = |items: &[String]| items.join("; ");
    vec![
        ("work", contract.work.clone()),
        ("inputs", list(&contract.inputs)),
        ("outputs", list(&contract.outputs)),
        ("errors", list(&contract.errors)),
        ("attempts", contract.attempts.clone()),
        ("delays", contract.delays.clone()),
        ("not again", list(&contract.do_not_retry)),
        ("timeouts", list(&contract.timeouts)),
        ("due", list(&contract.due)),
        ("undone by", contract.compensation.clone()),
        ("expected", contract.expected.clone()),
        ("named by", contract.idempotency_key.clone()),
        ("side effect", if contract.side_effect { "yes".into() } else { String::new() }),
        ("listeners", list(&contract.listeners)),
    ]
}

/// A block a step, in as many columns as the terminal has.
pub(super) fn text(contracts: &[Contract]) -> String {
    let width = Screen::new().width;
    let mut out = String::new();
    let mut process = "";
    for contract in contracts {
        if contract.process != process {
            process = &contract.process;
            let _ = writeln!(out, "process {}", clean(process));
        }
        let step = styled(BOLD, &clean(&contract.step));
        let name = if contract.name.is_empty() {
            String::new()
        } else {
            format!(" \"{}\"", clean(&contract.name))
        };
        let _ = writeln!(out, "\n{step}{name} ({})", contract.r#type);
        for (label, value) in parts(contract).into_iter().filter(|(_, value)| !value.is_empty()) {
            let mut label = format!("{label:<0$}", LABEL - 2);
            for line in wrap(&clean(&value), width - LABEL) {
                let _ = writeln!(out, "  {}{line}", styled(DIM, &label));
                label = " ".repeat(LABEL - 2);
            }
        }
    }
    out
}

/// One table a process.
pub(super) fn markdown(contracts: &[Contract]) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ");
    let mut out = String::new();
    let mut process = "";
    for contract in contracts {
        if contract.process != process {
            let gap = if process.is_empty() { "" } else { "\n" };
            process = &contract.process;
            let labels: Vec<&str> = parts(contract).into_iter().map(|(label, _)| label).collect();
            let line = vec!["---"; labels.len() + 3].join(" | ");
            let labels = labels.join(" | ");
            let _ =
                write!(out, "{gap}## {process}\n\n| step | name | type | {labels} |\n| {line} |\n");
        }
        let own = [contract.step.clone(), contract.name.clone(), contract.r#type.clone()];
        let values = own.into_iter().chain(parts(contract).into_iter().map(|(_, value)| value));
        let values: Vec<String> = values.map(|value| escaped(&value)).collect();
        let _ = writeln!(out, "| {} |", values.join(" | "));
    }
    out
}

/// A line a step under one line of headings (RFC 4180, with line feeds).
pub(super) fn csv(contracts: &[Contract]) -> String {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let labels = parts(&Contract::default()).into_iter().map(|(label, _)| label);
    let head: Vec<&str> = ["process", "step", "name", "type"].into_iter().chain(labels).collect();
    let mut out = head.join(",") + "\n";
    for contract in contracts {
        let own = [&contract.process, &contract.step, &contract.name, &contract.r#type];
        let own = own.into_iter().cloned();
        let values = own.chain(parts(contract).into_iter().map(|(_, value)| value));
        let values: Vec<String> = values.map(|value| quoted(&value)).collect();
        out.push_str(&(values.join(",") + "\n"));
    }
    out
}

/// An array of steps.
pub(super) fn json(contracts: &[Contract]) -> String {
    let steps = contracts.iter().map(|contract| {
        serde_json::json!({
            "process": contract.process, "step": contract.step, "name": contract.name,
            "type": contract.r#type, "work": contract.work, "inputs": contract.inputs,
            "outputs": contract.outputs, "errors": contract.errors,
            "attempts": contract.attempts, "delays": contract.delays,
            "doNotRetry": contract.do_not_retry, "timeouts": contract.timeouts,
            "due": contract.due, "compensation": contract.compensation,
            "expectedDuration": contract.expected, "idempotencyKey": contract.idempotency_key,
            "sideEffect": contract.side_effect, "listeners": contract.listeners,
        })
    });
    format!("{}\n", serde_json::Value::Array(steps.collect()))
}

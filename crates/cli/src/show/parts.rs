//! The parts of a shown instance beside its elements.

use std::collections::BTreeMap;

use client::Document;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::heading;
use crate::context::text;
use crate::screen::{BOLD, Cell, Column, DIM, LIVE, Screen, Table, clean, spoken, wrap};

/// Open incidents, each with what mends it.
pub(super) fn incidents(shown: &Value, screen: &mut Screen) {
    let open = items(shown, "incidents").filter(|item| text(item, "state") == "ACTIVE");
    let open: Vec<&Value> = open.collect();
    if open.is_empty() {
        return;
    }
    heading("Incidents", screen);
    for incident in open {
        crate::incidents::entry(incident, text(incident, "elementId"), screen);
        for line in wrap(&mend(incident), screen.width - 4) {
            screen.styled(LIVE, &format!("    {line}"));
        }
    }
}

/// What to do about an incident when its cause, which its message names, is gone.
fn mend(incident: &Value) -> String {
    let retry = format!("fermata retry {}", text(incident, "incidentKey"));
    match text(incident, "errorType") {
        "JOB_NO_RETRIES"
        | "EXECUTION_LISTENER_NO_RETRIES"
        | "TASK_LISTENER_NO_RETRIES"
        | "AD_HOC_SUB_PROCESS_NO_RETRIES" => {
            format!("when it is mended: {retry} --retries 3")
        }
        "CONDITION_ERROR" | "EXTRACT_VALUE_ERROR" | "IO_MAPPING_ERROR" => {
            format!("with the right variables: {retry} --variables '{{...}}'")
        }
        _ => format!("when it is mended: {retry}"),
    }
}

/// What could come next: jobs, tasks, timers, messages, called instances.
pub(super) fn waits(shown: &Value, screen: &mut Screen) {
    let mut table = Table::part(&[Column::whole(""), Column::text("", 12), Column::text("", 20)]);
    for job in items(shown, "jobs").filter(|job| job["endTime"].is_null()) {
        table.row([
            Cell::new(if is_listener(job) { "listener" } else { "job" }),
            Cell::styled(text(job, "type"), BOLD),
            Cell::styled(&job_words(job, screen), DIM),
        ]);
    }
    for task in items(shown, "userTasks").filter(|task| task["completionDate"].is_null()) {
        let name = task["name"].as_str().unwrap_or(text(task, "elementId"));
        let whom = crate::tasks::whom(task);
        let whom = if whom.is_empty() { String::new() } else { format!("for {whom}, ") };
        table.row([
            Cell::new("task"),
            Cell::styled(name, BOLD),
            Cell::styled(&format!("{whom}task {}", text(task, "userTaskKey")), DIM),
        ]);
    }
    for timer in items(shown, "timers") {
        table.row([
            Cell::new(timer["purpose"].as_str().unwrap_or("timer")),
            Cell::styled(text(timer, "elementId"), BOLD),
            Cell::styled(&format!("due {}", screen.when(timer["dueDate"].as_str())), DIM),
        ]);
    }
    for message in items(shown, "subscriptions") {
        let at = text(message, "elementId");
        let (kind, name, how) = if let Some(signal) = message["signalName"].as_str() {
            ("signal", signal, format!("at {at}"))
        } else {
            let key = text(message, "correlationKey");
            ("message", text(message, "messageName"), format!("with the key {key}, at {at}"))
        };
        table.row([Cell::new(kind), Cell::styled(name, BOLD), Cell::styled(&how, DIM)]);
    }
    for condition in items(shown, "conditions") {
        let at = text(condition, "elementId");
        table.row([Cell::new("condition"), Cell::styled(at, BOLD), Cell::new("")]);
    }
    let calls = items(shown, "elements").filter(|element| text(element, "state") == "ACTIVE");
    for element in calls.filter(|element| element["calledProcessInstanceKey"].is_string()) {
        let called = text(element, "calledProcessInstanceKey");
        table.row([
            Cell::new("call"),
            Cell::styled(text(element, "elementName"), BOLD),
            Cell::styled(&format!("instance {called}{}", being_cancelled(element)), DIM),
        ]);
    }
    if !table.is_empty() {
        heading("Waits for", screen);
        screen.table(&table);
    }
}

fn being_cancelled(element: &Value) -> &'static str {
    if element["canceling"].as_bool() == Some(true) { ", being cancelled" } else { "" }
}

/// Evaluations that are shown without `--all`.
const DECISIONS_SHOWN: usize = 5;

/// What was decided: the rules that matched, what went in, what came out.
pub(super) fn decisions(shown: &Value, all: bool, screen: &mut Screen) {
    let list: Vec<&Value> = items(shown, "decisions").collect();
    if list.is_empty() {
        return;
    }
    heading("Decisions", screen);
    let earlier = if all { 0 } else { list.len().saturating_sub(DECISIONS_SHOWN) };
    if earlier > 0 {
        screen.styled(DIM, &format!("  {earlier} earlier not shown; --all shows them"));
    }
    let mut table = Table::part(&[
        Column::text("", 10),
        Column::whole(""),
        Column::text("", 12),
        Column::text("", 12),
    ]);
    for evaluation in &list[earlier..] {
        for decision in items(evaluation, "evaluatedDecisions") {
            let name = format!(
                "{} v{}",
                text(decision, "decisionDefinitionId"),
                decision["decisionDefinitionVersion"]
            );
            table.row([
                Cell::styled(&name, BOLD),
                Cell::new(&rules(decision)),
                Cell::new(text(decision, "output")),
                Cell::styled(&inputs(decision), DIM),
            ]);
        }
    }
    screen.table(&table);
}

fn rules(decision: &Value) -> String {
    let numbers: Vec<String> =
        items(decision, "matchedRules").map(|rule| rule["ruleIndex"].to_string()).collect();
    match (numbers.len(), text(decision, "decisionDefinitionType")) {
        (0, "DECISION_TABLE") => "no rule".into(),
        (0, _) => String::new(),
        (1, _) => format!("rule {}", numbers[0]),
        (2..=4, _) => format!("rules {}", numbers.join(", ")),
        (many, _) => format!("{many} rules"),
    }
}

fn inputs(decision: &Value) -> String {
    let pairs = items(decision, "evaluatedInputs")
        .map(|input| format!("{} {}", text(input, "inputName"), text(input, "inputValue")));
    pairs.collect::<Vec<_>>().join(", ")
}

fn is_listener(job: &Value) -> bool {
    matches!(text(job, "kind"), "TASK_LISTENER" | "EXECUTION_LISTENER")
}

fn job_words(job: &Value, screen: &Screen) -> String {
    let (worker, key) = (text(job, "worker"), text(job, "jobKey"));
    let state = match (job["deadline"].as_str(), job["retries"].as_i64().unwrap_or(0)) {
        (_, ..=0) => "no attempts left".to_owned(),
        (Some(deadline), _) => format!("with {worker}, lease ends {}", screen.when(Some(deadline))),
        (None, 1) => "1 attempt left".to_owned(),
        (None, left) => format!("{left} attempts left"),
    };
    if is_listener(job) {
        let (event, at) = (spoken(text(job, "listenerEventType")), text(job, "elementId"));
        return format!("{event} {at}, {state}, job {key}");
    }
    format!("{state}, job {key}")
}

#[derive(Deserialize)]
struct Variables {
    variables: Vec<Variable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    scope_key: String,
    name: String,
    // As text: decimals are not rounded.
    value: Box<RawValue>,
}

/// Variables, scope by scope; of scopes that have ended only with `all`.
pub(super) fn scopes(document: &Document, shown: &Value, all: bool, screen: &mut Screen) {
    let Some(Variables { variables: list }) = document.read() else { return };
    let root = text(&shown["instance"], "processInstanceKey");
    let elements: BTreeMap<&str, &Value> =
        items(shown, "elements").map(|element| (text(element, "key"), element)).collect();
    let mut scopes: Vec<(&str, Vec<&Variable>)> = Vec::new();
    for variable in &list {
        match scopes.last_mut() {
            Some((scope, variables)) if *scope == variable.scope_key => variables.push(variable),
            _ => scopes.push((&variable.scope_key, vec![variable])),
        }
    }
    for (scope, list) in scopes {
        let element = elements.get(scope);
        let live = element.is_some_and(|element| text(element, "state") == "ACTIVE");
        if scope != root && !live && !all {
            continue;
        }
        let words = match element {
            Some(element) if scope != root => {
                format!("Variables of {}", clean(text(element, "elementName")))
            }
            _ => "Variables".to_owned(),
        };
        heading(&words, screen);
        variables(list.iter().map(|variable| (&*variable.name, variable.value.get())), screen);
    }
}

/// Names and values of variables, as JSON texts.
pub(crate) fn variables<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, screen: &mut Screen) {
    let mut table = Table::part(&[Column::text("", 10), Column::text("", 20)]);
    for (name, value) in pairs {
        table.row([Cell::new(name), Cell::new(value)]);
    }
    screen.table(&table);
}

/// The end of the timeline, each entry so long after the start.
pub(super) fn timeline(shown: &Value, screen: &mut Screen) {
    let start = shown["instance"]["startDate"].as_str();
    let mut table = Table::part(&[
        Column::number(""),
        Column::whole(""),
        Column::text("", 12),
        Column::text("", 12),
    ]);
    for entry in items(shown, "timeline") {
        table.row([
            Cell::styled(&format!("+{}", Screen::took(start, entry["at"].as_str())), DIM),
            Cell::new(&words(text(entry, "kind"))),
            Cell::styled(text(entry, "elementId"), BOLD),
            Cell::styled(text(entry, "detail"), DIM),
        ]);
    }
    if table.is_empty() {
        return;
    }
    heading("Timeline", screen);
    let before = shown["timelineFrom"].as_u64().unwrap_or(0);
    if before > 0 {
        let before = crate::screen::thousands(before);
        screen.styled(DIM, &format!("  {before} earlier not shown; --timeline N shows more"));
    }
    screen.table(&table);
}

/// `elementEntered` is `element entered`.
fn words(kind: &str) -> String {
    let mut words = String::new();
    for c in kind.chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

pub(super) fn items<'a>(shown: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    shown[field].as_array().into_iter().flatten()
}

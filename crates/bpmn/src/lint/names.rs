//! Variables that look misspelt: read in one place, set nowhere, and one letter away from one that the
//! model sets. What else is not set in the model may come with the start, from a worker or a message.

use std::collections::BTreeMap;

use feel::Expression;

use super::codes::NAME_MISSPELT;
use super::model::{Found, Model, throws, triggers};
use crate::graph::{Kind, Node, Throw, Timer, Trigger, Value};
use crate::marker::{Marker, Over};

/// Shorter names differ by a letter and are meant.
const CHARS_MIN: usize = 5;
/// Two letters, exchanged.
const BYTES_CHANGED_MAX: usize = 8;

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let mut set: Vec<&str> = Vec::new();
    let mut read: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (node, element) in model.process.nodes.iter().zip(0_u32..) {
        set.extend(names_set(node));
        for name in expressions(node).into_iter().flat_map(Expression::names) {
            read.entry(name).or_default().push(element);
        }
    }
    for (flow, number) in model.process.flows.iter().zip(model.process.nodes.len()..) {
        for name in flow.condition.iter().flat_map(Expression::names) {
            read.entry(name).or_default().push(u32::try_from(number).unwrap_or(u32::MAX));
        }
    }
    set.sort_unstable();
    set.dedup();
    let mut by_ends: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for name in set.iter().filter(|name| name.chars().count() >= CHARS_MIN) {
        by_ends.entry(ends(name)).or_default().push(name);
    }
    for (name, elements) in &read {
        let (Some(element), Some(last)) = (elements.first(), elements.last()) else { continue };
        // A name that is read in several places is meant.
        let once = element == last;
        if !once || name.chars().count() < CHARS_MIN || set.binary_search(name).is_ok() {
            continue;
        }
        let known = by_ends.get(&ends(name)).into_iter().flatten();
        let Some(meant) = known.copied().find(|known| is_near(name, known)) else { continue };
        let message = format!("nothing in the model sets `{name}`, but `{meant}` is set");
        let help = format!(
            "write `{meant}` if that is meant; if `{name}` comes from outside, silence this"
        );
        found.warn(*element, NAME_MISSPELT, message, help);
    }
}

/// The first and the last letter, which near names have in common.
fn ends(name: &str) -> (Option<char>, Option<char>) {
    let lower = |char: char| char.to_ascii_lowercase();
    (name.chars().next().map(lower), name.chars().next_back().map(lower))
}

/// Another case, or one letter more, less, other or exchanged, but not at the ends: `item` and `items`,
/// `fromA` and `fromB` are meant. Numbers differ on purpose.
fn is_near(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    // Most names differ in more than that: no need to look closer.
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let same_end = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    if same + same_end + BYTES_CHANGED_MAX < one.len().max(other.len()) {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = |pair: &(&char, &char)| pair.0 == pair.1;
    let before = one.iter().zip(&other).take_while(same).count();
    let rest = one.len().min(other.len()) - before;
    let after = one.iter().rev().zip(other.iter().rev()).take(rest).take_while(same).count();
    if before == 0 || after == 0 {
        return false;
    }
    let (one, other) = (&one[before..one.len() - after], &other[before..other.len() - after]);
    let letters = one.iter().chain(other).all(|char| char.is_alphabetic() || *char == '_');
    letters
        && match (one, other) {
            ([_], [] | [_]) | ([], [_]) => true,
            ([a, b], [c, d]) => a == d && b == c,
            _ => false,
        }
}

fn names_set(node: &Node) -> Vec<&str> {
    let mappings = node.inputs.iter().chain(&node.outputs);
    let mut set: Vec<&str> =
        mappings.filter_map(|mapping| mapping.target.first()).map(|name| &**name).collect();
    match &node.kind {
        Kind::Script { result, .. } => set.push(result),
        Kind::Decision(decision) => set.push(&decision.result),
        Kind::AdHoc(ad_hoc) => {
            set.push(crate::run::OFFERS);
            set.extend(ad_hoc.output.iter().map(|output| &*output.collection));
        }
        _ => {}
    }
    if let Some(Marker::Multi(multi)) = &node.marker {
        set.extend(multi.input_element.as_deref());
        if let Some(output) = &multi.output {
            set.push(&output.collection);
            set.extend(output.variable.as_deref());
        }
    }
    set
}

/// Every expression of an element.
fn expressions(node: &Node) -> Vec<&Expression> {
    let mut found = Vec::new();
    let mut values: Vec<&Value> =
        node.inputs.iter().chain(&node.outputs).map(|mapping| &mapping.source).collect();
    match &node.kind {
        Kind::Script { expression, .. } => found.push(expression),
        Kind::Job(job) => values.extend([&job.job_type, &job.retries]),
        Kind::AdHoc(ad_hoc) => {
            let job = ad_hoc.job.iter().flat_map(|job| [&job.job_type, &job.retries]);
            values.extend(job);
            let output = ad_hoc.output.as_ref().map(|output| &output.element);
            found.extend(ad_hoc.elements.iter().chain(&ad_hoc.completion).chain(output));
        }
        Kind::Decision(decision) => values.push(&decision.decision_id),
        Kind::Call(call) => values.push(&call.process_id),
        Kind::UserTask(task) => {
            let all = [
                &task.assignee,
                &task.candidate_groups,
                &task.candidate_users,
                &task.due_date,
                &task.follow_up_date,
                &task.priority,
            ];
            values.extend(all.into_iter().flatten());
        }
        _ => {}
    }
    for throw in throws(node) {
        match throw {
            Throw::Error { code } | Throw::Escalation { code } => values.push(code),
            Throw::Signal { name } => values.push(name),
            Throw::Terminate | Throw::Link { .. } => {}
        }
    }
    for trigger in triggers(node) {
        match trigger {
            Trigger::Message { name, correlation_key } => {
                values.push(name);
                found.extend(correlation_key);
            }
            Trigger::Signal(name) => values.push(name),
            Trigger::Timer(Timer::Date(value) | Timer::Duration(value) | Timer::Cycle(value)) => {
                values.push(value);
            }
            Trigger::Condition(condition) => found.push(&condition.expression),
            _ => {}
        }
    }
    for listener in &node.listeners {
        values.extend([&listener.job.job_type, &listener.job.retries]);
    }
    if let Some(policy) = &node.policy {
        let all = [&policy.timeout, &policy.due_date, &policy.reminder, &policy.idempotency_key];
        values.extend(all.into_iter().flatten());
    }
    found.extend(values.into_iter().filter_map(|value| match value {
        Value::Feel(expression) => Some(expression),
        Value::Fixed(_) => None,
    }));
    found.extend(of_marker(node));
    found
}

fn of_marker(node: &Node) -> Vec<&Expression> {
    match &node.marker {
        None => Vec::new(),
        Some(Marker::Standard(standard)) => standard.condition.iter().collect(),
        Some(Marker::Multi(multi)) => {
            let over = match &multi.over {
                Over::Collection(expression) | Over::Cardinality(expression) => expression,
            };
            let element = multi.output.as_ref().map(|output| &output.element);
            [over].into_iter().chain(element).chain(&multi.completion).collect()
        }
    }
}

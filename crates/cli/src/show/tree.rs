//! The elements of an instance as a tree: what stands in a sub-process is set in below it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::context::text;
use crate::screen::{BAD, Cell, Column, DIM, Screen, Table, spoken, state_style, thousands};

/// Elements that are shown of a long history.
const SHOWN: usize = 100;
/// Deepest indentation; what is deeper stands at it.
const DEPTH_MAX: usize = 8;

pub(super) fn elements(shown: &Value, all: bool, screen: &mut Screen) {
    let elements: Vec<&Value> = shown["elements"].as_array().into_iter().flatten().collect();
    let root = text(&shown["instance"], "processInstanceKey");
    let inner: Vec<&Value> =
        elements.into_iter().filter(|element| text(element, "key") != root).collect();
    if inner.is_empty() {
        return;
    }
    let kept = if all { inner.clone() } else { keep(&inner) };
    screen.line("");
    let cut = inner.len() - kept.len();
    if cut > 0 {
        let what =
            format!("{} earlier elements are not shown; --all shows them", thousands(cut as u64));
        screen.styled(DIM, &what);
    }
    let mut table = Table::new(&[
        Column::text("ELEMENT", 16),
        Column::text("TYPE", 8),
        Column::whole("STATE"),
        Column::whole("STARTED"),
        Column::whole("TOOK"),
    ]);
    for (element, depth) in in_order(&kept, root) {
        table.row(row(element, depth, screen));
    }
    screen.table(&table);
}

/// The latest, and whatever still lives, with the scopes around it.
fn keep<'a>(elements: &[&'a Value]) -> Vec<&'a Value> {
    let late = elements.len().saturating_sub(SHOWN);
    let by_key: BTreeMap<&str, &Value> =
        elements.iter().map(|element| (text(element, "key"), *element)).collect();
    let mut wanted = BTreeSet::new();
    for (at, element) in elements.iter().enumerate() {
        if at < late && text(element, "state") != "ACTIVE" {
            continue;
        }
        let mut next = Some(*element);
        while let Some(element) = next {
            let first = wanted.insert(text(element, "key"));
            next = if first { by_key.get(text(element, "scopeKey")).copied() } else { None };
        }
    }
    elements.iter().copied().filter(|element| wanted.contains(text(element, "key"))).collect()
}

/// Every element behind its scope, with its depth. What names a scope that is not there stands at
/// the top.
fn in_order<'a>(elements: &[&'a Value], root: &str) -> Vec<(&'a Value, usize)> {
    let known: BTreeSet<&str> = elements.iter().map(|element| text(element, "key")).collect();
    let mut inside: BTreeMap<&str, Vec<&'a Value>> = BTreeMap::new();
    for element in elements {
        let scope = text(element, "scopeKey");
        let scope = if known.contains(scope) { scope } else { root };
        inside.entry(scope).or_default().push(element);
    }
    let mut order = Vec::with_capacity(elements.len());
    let mut open: Vec<(&Value, usize)> = Vec::new();
    let enter = |scope: &str, depth: usize, open: &mut Vec<(&'a Value, usize)>| {
        let children = inside.get(scope).into_iter().flatten().rev();
        open.extend(children.map(|child| (*child, depth)));
    };
    enter(root, 0, &mut open);
    while let Some((element, depth)) = open.pop() {
        // A document that names a scope inside itself must not hold us for ever.
        if order.len() >= elements.len() {
            break;
        }
        order.push((element, depth));
        enter(text(element, "key"), depth + 1, &mut open);
    }
    order
}

fn row(element: &Value, depth: usize, screen: &Screen) -> [Cell; 5] {
    let (id, name) = (text(element, "elementId"), text(element, "elementName"));
    let name = if name.is_empty() { id } else { name };
    let name = match element["calledProcessInstanceKey"].as_str() {
        Some(called) => format!("{name} → {called}"),
        None => name.to_owned(),
    };
    let state = text(element, "state");
    let state = if element["incidentKey"].is_string() {
        Cell::styled("incident", BAD)
    } else if element["canceling"].as_bool() == Some(true) {
        Cell::styled("being cancelled", state_style(state))
    } else {
        Cell::styled(&spoken(state), state_style(state))
    };
    let start = element["startDate"].as_str();
    [
        Cell::new(&format!("{}{name}", "  ".repeat(depth.min(DEPTH_MAX)))),
        Cell::styled(&spoken(text(element, "type")), DIM),
        state,
        Cell::styled(&screen.when(start), DIM),
        took(element, screen),
    ]
}

/// How long it took, or takes already where that is longer than its policy expects.
fn took(element: &Value, screen: &Screen) -> Cell {
    let (start, end) = (element["startDate"].as_str(), element["endDate"].as_str());
    let took = Screen::took(start, end);
    let late = element["expectedDurationMs"].as_i64().is_some_and(|expected| {
        screen.elapsed_ms(start, end).is_some_and(|elapsed| elapsed > expected)
    });
    if !late {
        return Cell::styled(&took, DIM);
    }
    let more = format!("more than {}", text(element, "expectedDuration"));
    let said = if took.is_empty() { more } else { format!("{took}, {more}") };
    Cell::styled(&said, BAD)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn element(key: &str, scope: &str, state: &str) -> Value {
        json!({ "key": key, "scopeKey": scope, "elementId": key, "state": state })
    }

    fn order(elements: &[Value]) -> Vec<(String, usize)> {
        let elements: Vec<&Value> = elements.iter().collect();
        let order = in_order(&elements, "1");
        order.into_iter().map(|(element, depth)| (text(element, "key").to_owned(), depth)).collect()
    }

    #[test]
    fn elements_stand_below_their_scope_in_their_order() {
        let elements = [
            element("2", "1", "COMPLETED"),
            element("3", "1", "ACTIVE"),
            element("4", "3", "COMPLETED"),
            element("5", "1", "ACTIVE"),
            element("6", "3", "ACTIVE"),
        ];
        let expected = [("2", 0), ("3", 0), ("4", 1), ("6", 1), ("5", 0)];
        assert_eq!(order(&elements), expected.map(|(key, depth)| (key.to_owned(), depth)));
    }

    #[test]
    fn scopes_that_are_not_there_or_go_in_circles_lose_nothing_and_end() {
        let elements = [element("2", "9", "ACTIVE"), element("3", "3", "ACTIVE")];
        assert_eq!(order(&elements), [("2".to_owned(), 0)]);
    }

    #[test]
    fn of_a_long_history_the_latest_and_the_living_stay_with_their_scopes() {
        let mut elements = vec![element("10", "1", "COMPLETED"), element("11", "10", "ACTIVE")];
        elements.extend((100..400).map(|key| element(&key.to_string(), "1", "COMPLETED")));
        let kept = keep(&elements.iter().collect::<Vec<_>>());
        assert_eq!(kept.len(), SHOWN + 2);
        assert_eq!(text(kept[0], "key"), "10");
        assert_eq!(text(kept[2], "key"), "300");
    }
}

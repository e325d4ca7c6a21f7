//! FEEL: text to a tree to a value, and the texts of timers.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::bpmn::timer;
use ::feel::{Expression, Machine, Note, Value, compile};
use serde_json::value::RawValue;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;
/// Steps of one evaluation: with a sanitizer they take a tenth of a second, where the two million
/// that an engine allows come near the fuzzer's timeout under load.
const STEPS_MAX: u32 = 100_000;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    timers(text);
    let expression = match compile(text) {
        Ok(expression) => expression,
        Err(diagnostic) => {
            let within = diagnostic.span.start <= text.len() && diagnostic.span.end <= text.len();
            assert!(within, "{diagnostic} is outside of {text:?}");
            return;
        }
    };
    assert_eq!(expression.source(), text);
    // Brackets that are printed for clearness may pass a limit of nesting that the text just keeps.
    if let Ok(printed) = ::feel::format(text)
        && let Ok(again) = ::feel::format(&printed)
    {
        assert_eq!(again, printed, "{text:?} has one printed form");
    }
    let scope = variables();
    let (found, notes) = evaluated(&expression, &scope);
    for note in &notes {
        assert!(text.get(note.span.clone()).is_some(), "{note:?} is not a piece of {text:?}");
    }
    let (again, _) = evaluated(&expression, &scope);
    assert_eq!(found.to_json(), again.to_json(), "{text:?} has one value");
    for warning in expression.warnings() {
        assert!(text.get(warning.span.clone()).is_some(), "{warning} is outside of {text:?}");
    }
    value(&found);
}

fn evaluated(expression: &Expression, scope: &BTreeMap<String, Value>) -> (Value, Vec<Arc<Note>>) {
    let mut machine = Machine::with_steps(NOW_MS, STEPS_MAX);
    let value = expression.run(&mut machine, scope);
    (value, machine.notes().to_vec())
}

/// A value's JSON is JSON, and read back it says the same.
pub(crate) fn value(value: &Value) {
    let json = value.to_json();
    serde_json::from_str::<&RawValue>(&json)
        .unwrap_or_else(|error| panic!("{error} in the JSON of {value:?}: {json}"));
    if let Ok(read) = Value::from_json(&json) {
        let again = read.to_json();
        let third = Value::from_json(&again).expect("what we wrote").to_json();
        assert_eq!(again, third, "the second writing is the last");
    }
}

fn timers(text: &str) {
    let _ = timer::date_ms(text);
    let _ = timer::after(text, NOW_MS);
    if let Ok(Some(first)) = timer::first(text, NOW_MS) {
        let _ = timer::next(text, first.due_ms, NOW_MS, first.repeats);
    }
}

fn variables() -> BTreeMap<String, Value> {
    [
        ("a", "1.5"),
        ("b", r#""text, a longer one""#),
        ("c", r#"{"x": 1, "y": {"z": [1, 2, {"w": null}]}, "a b": true}"#),
        ("d", r#"[1, 2, 3, "x", null, {"x": 7}, [4]]"#),
        ("e", r#""2026-02-28T10:11:12+01:00""#),
        ("n", "null"),
        ("t", "true"),
    ]
    .into_iter()
    .map(|(name, json)| (name.to_string(), Value::from_json(json).expect("our own JSON")))
    .collect()
}

//! DMN: XML to decisions; what is accepted is evaluated, and gives the same when it is again.
//!
//! A form feed stands between a file and those that it may import.

use ::dmn::{Definitions, Options, compile_as};
use ::feel::Value;
use base::Severity;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut files = text.split('\u{c}');
    let file = files.next().unwrap_or_default();
    let imports: Vec<(&str, &str)> = files.map(|text| ("other.dmn", text)).collect();
    let variables = Value::from_json(
        r#"{"a": 1, "b": "x", "list": [1, 2, 3], "date": "2026-11-23", "flag": true,
            "order": {"total": 120.5, "items": [{"qty": 2}, {"qty": 0}]}}"#,
    );
    let variables = variables.expect("JSON");
    for (strict, partial) in [(false, false), (true, true)] {
        match compile_as(file, &imports, Options { strict, partial }) {
            Ok(definitions) => evaluate(&definitions, &variables, !strict),
            Err(findings) => {
                let errors = findings.iter().filter(|it| it.severity == Severity::Error);
                assert!(errors.count() > 0, "a refusal has a reason");
                for finding in &findings {
                    let file = if finding.file.is_some() { text } else { file };
                    let lines = file.split('\n').count();
                    let within = usize::try_from(finding.line).is_ok_and(|line| line <= lines);
                    assert!(within, "{finding} is outside of the file");
                }
            }
        }
    }
}

fn evaluate(definitions: &Definitions, variables: &Value, twice: bool) {
    for decision in definitions.decisions() {
        let once = definitions.evaluate(&decision.id, variables, NOW_MS);
        let _ = definitions.inputs(&decision.id);
        let json = once.output.to_json();
        if twice {
            let again = definitions.evaluate(&decision.id, variables, NOW_MS);
            assert_eq!(json, again.output.to_json(), "the same once more");
            assert_eq!(once.failure, again.failure, "the same once more");
            assert_eq!(once.decisions.len(), again.decisions.len(), "the same once more");
        }
    }
}

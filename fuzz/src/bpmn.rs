//! XML to a document and back, and to a checked graph; what is accepted is linted, compiles again and runs.

use ::bpmn::lint::lint;
use ::bpmn::{Document, read};
use base::{DefinitionKey, DefinitionRow, Key, Severity, Variables};

use crate::acting;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    written(text);
    let processes = match read(text) {
        Ok(model) => {
            for finding in lint(&model, &[]) {
                assert!(finding.line > 0 && !finding.help.is_empty(), "{finding} says what to do");
            }
            model.processes
        }
        Err(findings) => {
            let errors = findings.iter().filter(|found| found.severity == Severity::Error).count();
            assert!(errors > 0, "a refusal has a reason");
            let lines = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
            for finding in &findings {
                assert!(
                    finding.line <= lines.saturating_add(1),
                    "{finding} is outside of the file"
                );
                assert!(!finding.to_string().is_empty(), "a finding says something");
            }
            return;
        }
    };
    assert!(!processes.is_empty(), "what is accepted has a process");
    let variables = Variables::parse(r#"{"id": 1, "list": [1, "a"], "text": "b"}"#);
    let variables = variables.unwrap_or_default();
    for process in &processes {
        let row = definition(text, process);
        let again = engine::Definition::compile(row).expect("what is accepted compiles again");
        assert_eq!(again.process.element_table(), process.element_table());
        for (start, _) in process.starts() {
            acting::start(process, start, &variables);
        }
    }
}

/// What a document writes reads as the same document.
fn written(text: &str) {
    let Ok(document) = Document::read(text) else { return };
    let written = document.to_xml();
    if written.len() <= base::limits::RESOURCE_BYTES_MAX {
        assert_eq!(Document::read(&written).as_ref(), Ok(&document), "{written}");
    }
}

fn definition(text: &str, process: &::bpmn::Process) -> DefinitionRow {
    DefinitionRow {
        key: DefinitionKey(Key::from_raw(256)),
        deployment: DefinitionKey(Key::from_raw(512)),
        id: process.id.clone(),
        version: 1,
        version_tag: None,
        name: None,
        resource_name: "m.bpmn".into(),
        resource: std::sync::Arc::from(text.as_bytes()),
        elements: process.element_table(),
        message_starts: Vec::new(),
        deployed_ms: 0,
        deleted_ms: None,
    }
}

//! docs/reference/lint.md: a section for every code, and an example in it that has it.

use std::collections::BTreeMap;

use fermata_bpmn::lint::{CODES, lint};
use fermata_bpmn::read;

const PAGE: &str = include_str!("../../../../docs/reference/lint.md");

/// Sections by their code.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let parts = PAGE.split("\n## ").skip(1);
    parts.map(|part| part.split_once(':').expect("a title `B200: ...`")).collect()
}

fn example(section: &str) -> String {
    let (_, rest) = section.split_once("```xml\n").expect("an example");
    let (body, _) = rest.split_once("```").expect("an end");
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:fermata="https://fermata.dev/schema/bpmn/1.0">
<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="= id"/></extensionElements></message>
<signal id="sig" name="alarm"/><error id="err" errorCode="NO"/><escalation id="esc" escalationCode="LATE"/>
<process id="p" isExecutable="true">
{body}
</process></definitions>"#
    )
}

#[test]
fn every_code_has_a_section_with_an_example_that_has_it_and_nothing_else() {
    let sections = sections();
    assert_eq!(sections.keys().copied().collect::<Vec<_>>(), CODES, "one section a code, no other");
    for (code, section) in sections {
        let xml = example(section);
        let model = read(&xml).unwrap_or_else(|findings| panic!("{code}: {findings:#?}\n{xml}"));
        let found: Vec<&str> = lint(&model, &[]).iter().map(|finding| finding.code).collect();
        assert_eq!(found, [code], "{xml}");
        assert!(section.contains("Mend:"), "{code} says what to do");
    }
}

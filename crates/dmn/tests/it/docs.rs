//! The example of docs/reference/dmn.md is what it says.

use crate::harness::{NOW_MS, json};

const PAGE: &str = include_str!("../../../../docs/reference/dmn.md");

fn block(language: &str) -> &'static str {
    let start = format!("```{language}\n");
    let from = PAGE.find(&start).expect("the page has the block") + start.len();
    let length = PAGE[from..].find("```").expect("the block ends");
    &PAGE[from..from + length]
}

#[test]
fn the_example_gives_what_the_page_says() {
    let definitions = fermata_dmn::compile(block("xml")).unwrap_or_else(|it| panic!("{it:#?}"));
    let evaluation = definitions.evaluate("discount", &json(r#"{"Customer": "Partner"}"#), NOW_MS);
    let decision = &evaluation.decisions[0];
    let mut lines = vec![format!("{} = {}", decision.name, evaluation.output.to_json())];
    for input in &decision.inputs {
        lines.push(format!("  {} = {}", input.name, input.value.to_json()));
    }
    for rule in &decision.rules {
        let value = rule.outputs[0].value.to_json();
        lines.push(format!("  rule {} ({}): {value}", rule.index, rule.id));
    }
    assert_eq!(lines.join("\n"), block("text").trim_end());
}

#[test]
fn the_page_lists_every_code() {
    let sources = [
        include_str!("../../src/link.rs"),
        include_str!("../../src/report.rs"),
        include_str!("../../src/compile/boxed.rs"),
        include_str!("../../src/compile/scope.rs"),
        include_str!("../../src/compile/types.rs"),
        include_str!("../../src/read/boxed.rs"),
        include_str!("../../src/read/document.rs"),
        include_str!("../../src/read/drg.rs"),
        include_str!("../../src/read/item.rs"),
        include_str!("../../src/read/mod.rs"),
        include_str!("../../src/read/schema.rs"),
        include_str!("../../src/read/table.rs"),
    ];
    for source in sources {
        for code in source.split("\"D0").skip(1).map(|rest| format!("D0{}", &rest[..2])) {
            assert!(PAGE.contains(&format!("| {code} |")), "{code} is not on the page");
        }
    }
}

//! Models in few words, and what is asked of them.

use base::Finding;
use feel::Value;
use fermata_dmn::{Definitions, Evaluation, Options, compile_as};

/// 2026-11-23T12:00:00Z.
pub const NOW_MS: i64 = 1_795_435_200_000;

/// A file around its elements.
pub fn file(elements: &str) -> String {
    named("test", elements)
}

/// A file with a namespace of its own.
pub fn named(namespace: &str, elements: &str) -> String {
    format!(
        "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" \
         xmlns:zeebe=\"http://camunda.org/schema/zeebe/1.0\" id=\"{namespace}\" \
         name=\"{namespace}\" namespace=\"{namespace}\">\n{elements}\n</definitions>"
    )
}

/// A decision `d` with this logic, for what needs no requirements.
pub fn decision(logic: &str) -> String {
    format!("<decision id=\"d\" name=\"D\"><variable name=\"D\"/>{logic}</decision>")
}

/// A literal expression.
pub fn literal(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<literalExpression><text>{text}</text></literalExpression>")
}

pub fn compiled(elements: &str) -> Definitions {
    compiled_as(elements, Options::default())
}

pub fn compiled_as(elements: &str, options: Options) -> Definitions {
    compile_as(&file(elements), &[], options).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

pub fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn evaluated(elements: &str, decision: &str, variables: &str) -> Evaluation {
    compiled(elements).evaluate(decision, &json(variables), NOW_MS)
}

/// The decision's output as JSON.
#[track_caller]
pub fn check(elements: &str, decision: &str, variables: &str, expected: &str) {
    let evaluation = evaluated(elements, decision, variables);
    assert_eq!(evaluation.failure, None);
    assert_eq!(evaluation.output.to_json(), expected, "{:?}", evaluation.output);
}

/// The output of the decision `d` with this logic.
#[track_caller]
pub fn check_logic(logic: &str, variables: &str, expected: &str) {
    check(&decision(logic), "d", variables, expected);
}

/// What is wrong with a file.
#[track_caller]
pub fn refused(elements: &str) -> Vec<Finding> {
    match fermata_dmn::compile(&file(elements)) {
        Ok(_) => panic!("it is accepted"),
        Err(findings) => findings,
    }
}

/// The first finding has this code and place, and says this.
#[track_caller]
pub fn check_refused(elements: &str, code: &str, line: u32, says: &str) {
    let findings = refused(elements);
    let found = &findings[0];
    assert_eq!((found.code, found.line), (code, line), "{findings:#?}");
    assert!(found.message.contains(says), "{found}");
    assert!(!found.help.is_empty(), "{found} says no mend");
}

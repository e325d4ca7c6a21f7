//! Hit policies, and what comes out of tables.

use std::fmt::Write as _;

use fermata_dmn::{DecisionKind, Options};

use crate::harness::{
    NOW_MS, check, check_logic, compiled, compiled_as, decision, evaluated, json,
};

/// A table over `a` and `b`; each rule is `CONDITION | CONDITION -> OUTPUT`.
fn table(attributes: &str, output: &str, rules: &[&str]) -> String {
    let mut xml = format!(
        "<decisionTable {attributes}><input id=\"ia\" label=\"A\"><inputExpression><text>a</text>\
         </inputExpression></input><input id=\"ib\"><inputExpression><text>b</text>\
         </inputExpression></input>{output}"
    );
    for (number, rule) in rules.iter().enumerate() {
        let (conditions, outputs) = rule.split_once(" -> ").unwrap();
        let _ = write!(xml, "<rule id=\"r{}\">", number + 1);
        for (cells, name) in [(conditions, "inputEntry"), (outputs, "outputEntry")] {
            for cell in cells.split(" | ") {
                let cell = cell.trim().replace('<', "&lt;");
                let _ = write!(xml, "<{name}><text>{cell}</text></{name}>");
            }
        }
        xml.push_str("</rule>");
    }
    xml + "</decisionTable>"
}

const ONE: &str = "<output id=\"o\" label=\"Out\"/>";
const ORDERED: &str =
    "<output><outputValues><text>\"high\", \"mid\", \"low\"</text></outputValues></output>";
const RULES: &[&str] =
    &["> 10 | - -> \"low\"", "> 20 | - -> \"high\"", "- | \"x\", \"y\" -> \"mid\""];

#[test]
fn unique_gives_the_rule_that_matches() {
    let logic = table("", ONE, RULES);
    check_logic(&logic, r#"{"a": 15}"#, "\"low\"");
    check_logic(&logic, r#"{"a": 1, "b": "y"}"#, "\"mid\"");
}

#[test]
fn unique_with_two_rules_is_a_failure_that_names_them() {
    let logic = decision(&table("", ONE, RULES));
    let evaluation = evaluated(&logic, "d", r#"{"a": 15, "b": "x"}"#);
    assert!(evaluation.output.is_null());
    let failure = evaluation.failure.unwrap();
    assert_eq!(failure.decision_id, "d");
    assert!(
        failure.message.contains("UNIQUE") && failure.message.contains("rules 1, 3"),
        "{failure:?}"
    );
    // What matched is told nevertheless.
    assert_eq!(evaluation.decisions[0].rules.len(), 2);
}

#[test]
fn any_wants_the_same_outputs() {
    let rules = &["> 10 | - -> \"yes\"", "> 20 | - -> \"yes\"", "> 30 | - -> \"no\""];
    let logic = table("hitPolicy=\"ANY\"", ONE, rules);
    check_logic(&logic, r#"{"a": 25}"#, "\"yes\"");
    let evaluation = evaluated(&decision(&logic), "d", r#"{"a": 35}"#);
    assert!(evaluation.failure.unwrap().message.contains("ANY"));
}

#[test]
fn first_and_priority_give_one() {
    let input = r#"{"a": 25, "b": "x"}"#;
    check_logic(&table("hitPolicy=\"FIRST\"", ONE, RULES), input, "\"low\"");
    check_logic(&table("hitPolicy=\"PRIORITY\"", ORDERED, RULES), input, "\"high\"");
}

#[test]
fn the_first_output_counts_most_for_priority_and_what_is_not_listed_comes_last() {
    let values = |name: &str, values: &str| {
        format!(
            "<output name=\"{name}\"><outputValues><text>{values}</text></outputValues></output>"
        )
    };
    let outputs = [values("x", "1, 2"), values("y", "\"a\", \"b\"")].concat();
    let rules =
        &["- | - -> 3 | \"a\"", "- | - -> 2 | \"a\"", "- | - -> 1 | \"b\"", "- | - -> 1 | \"a\""];
    let logic = table("hitPolicy=\"OUTPUT ORDER\"", &outputs, rules);
    let expected = r#"[{"x":1,"y":"a"},{"x":1,"y":"b"},{"x":2,"y":"a"},{"x":3,"y":"a"}]"#;
    check_logic(&logic, "{}", expected);
}

#[test]
fn output_values_may_be_ranges() {
    let output =
        "<output><outputValues><text>[100..200], (&lt; 100)</text></outputValues></output>";
    let rules = &["- | - -> 5", "- | - -> 150", "- | - -> 999"];
    check_logic(&table("hitPolicy=\"PRIORITY\"", output, rules), "{}", "150");
    check_logic(&table("hitPolicy=\"OUTPUT ORDER\"", output, rules), "{}", "[150,5,999]");
    let unordered = output.replace("(&lt; 100)", "&lt; 100");
    let warned = compiled(&decision(&table("hitPolicy=\"PRIORITY\"", &unordered, rules)));
    assert_eq!(warned.findings()[0].code, "D012");
}

#[test]
fn rule_order_output_order_and_collect_give_lists() {
    let input = r#"{"a": 25, "b": "x"}"#;
    let list = |policy: &str, expected: &str| {
        check_logic(&table(&format!("hitPolicy=\"{policy}\""), ORDERED, RULES), input, expected);
    };
    list("RULE ORDER", r#"["low","high","mid"]"#);
    list("OUTPUT ORDER", r#"["high","mid","low"]"#);
    list("COLLECT", r#"["low","high","mid"]"#);
}

#[test]
fn collect_aggregates() {
    let rules = &["> 1 | - -> 5", "> 2 | - -> 3.5", "> 3 | - -> 5"];
    for (aggregation, expected) in [("SUM", "13.5"), ("MIN", "3.5"), ("MAX", "5"), ("COUNT", "3")] {
        let attributes = format!("hitPolicy=\"COLLECT\" aggregation=\"{aggregation}\"");
        check_logic(&table(&attributes, ONE, rules), r#"{"a": 9}"#, expected);
    }
}

#[test]
fn no_rule_gives_the_default_or_null_with_a_reason() {
    let default = "<output><defaultOutputEntry><text>\"none of \" + string(a)</text>\
                   </defaultOutputEntry></output>";
    check_logic(&table("", default, RULES), r#"{"a": 1}"#, "\"none of 1\"");
    let evaluation = evaluated(&decision(&table("", ONE, RULES)), "d", r#"{"a": 1}"#);
    assert_eq!(evaluation.failure, None);
    assert!(evaluation.output.why().to_string().contains("no rule"), "{:?}", evaluation.output);
    assert!(evaluation.decisions[0].reasons[0].contains("no rule"));
}

#[test]
fn empty_entries_are_any_and_null() {
    check_logic(&table("hitPolicy=\"FIRST\"", ONE, &[" |  -> "]), "{}", "null");
    check_logic(&table("hitPolicy=\"COLLECT\"", ONE, &[" | 1 -> ", "- | - -> 1"]), "{}", "[1]");
}

#[test]
fn several_outputs_have_several_defaults() {
    let outputs = "<output name=\"x\"><defaultOutputEntry><text>1</text></defaultOutputEntry>\
                   </output><output name=\"y z\"/>";
    let logic = table("", outputs, &["1 | - -> \"a\" | \"b\""]);
    check_logic(&logic, r#"{"a": 1}"#, r#"{"x":"a","y z":"b"}"#);
    check_logic(&logic, r#"{"a": 2}"#, r#"{"x":1,"y z":null}"#);
}

#[test]
fn a_dash_holds_for_null_too() {
    check_logic(&table("", ONE, &["- | - -> \"any\""]), "{}", "\"any\"");
    check_logic(&table("", ONE, &["null | not(null) -> \"x\""]), r#"{"b": 1}"#, "\"x\"");
}

#[test]
fn conditions_and_outputs_see_the_scope() {
    let rules = &["< b | ? - 1 = a -> a + b", "not(1, 2) | >= a -> c.d"];
    let logic = table("hitPolicy=\"RULE ORDER\"", ONE, rules);
    check_logic(&logic, r#"{"a": 3, "b": 4, "c": {"d": "x"}}"#, "[7,\"x\"]");
}

#[test]
fn the_explanation_tells_inputs_and_rules() {
    let logic = decision(&table("hitPolicy=\"COLLECT\"", ONE, RULES));
    let evaluation = evaluated(&logic, "d", r#"{"a": 25, "b": "x"}"#);
    let [decision] = &evaluation.decisions[..] else { panic!("{evaluation:?}") };
    assert_eq!((&*decision.id, decision.kind), ("d", DecisionKind::Table));
    let inputs: Vec<_> = decision
        .inputs
        .iter()
        .map(|input| (&*input.id, &*input.name, input.value.to_json()))
        .collect();
    assert_eq!(inputs, [("ia", "A", "25".into()), ("ib", "b", "\"x\"".into())]);
    let rules: Vec<_> = decision.rules.iter().map(|rule| (&*rule.id, rule.index)).collect();
    assert_eq!(rules, [("r1", 1), ("r2", 2), ("r3", 3)]);
    let output = &decision.rules[1].outputs[0];
    assert_eq!((&*output.id, &*output.name), ("o", "Out"));
    assert_eq!(output.value.to_json(), "\"high\"");
}

#[test]
fn types_of_columns_are_enforced_where_the_standard_is_wanted() {
    let logic = decision(
        "<decisionTable><input><inputExpression typeRef=\"number\"><text>a</text></inputExpression>\
         <inputValues><text>1, 2</text></inputValues></input><output typeRef=\"string\"/>\
         <rule><inputEntry><text>-</text></inputEntry><outputEntry><text>5</text></outputEntry></rule>\
         </decisionTable>",
    );
    check(&logic, "d", r#"{"a": "text"}"#, "5");
    let wrapped = format!(
        "<inputData id=\"a\" name=\"a\"/>{}",
        logic.replace("<variable", "<variable typeRef=\"Any\"").replace(
            "<decisionTable>",
            "<informationRequirement><requiredInput href=\"#a\"/></informationRequirement><decisionTable>"
        )
    );
    let strict = compiled_as(&wrapped, Options { strict: true, partial: false });
    let output = |variables: &str| strict.evaluate("d", &json(variables), NOW_MS).output;
    assert!(output(r#"{"a": 1}"#).why().to_string().contains("string"), "5 is no string");
    assert!(output(r#"{"a": 7}"#).why().to_string().contains("no rule"), "7 is not expected");
}

/// An index and a walk through all rules give the same, whatever the input.
#[test]
fn large_tables_match_as_small_ones_do() {
    let conditions = [
        "-",
        "1",
        "2, 3",
        "[1..3]",
        "(1..3)",
        "]2..5]",
        "< 4",
        "> 2",
        "<= 1.0",
        "\"x\"",
        "\"x\", 2",
        "not(\"x\")",
        "not(2)",
        "? = 3",
        "true",
        "null",
        "b",
    ];
    let rules: Vec<String> =
        conditions.iter().enumerate().map(|(at, it)| format!("{it} | - -> {at}")).collect();
    let attributes = "hitPolicy=\"COLLECT\"";
    let all: Vec<&str> = rules.iter().map(String::as_str).collect();
    assert!(all.len() >= 16, "large enough to be indexed");
    let indexed = compiled(&decision(&table(attributes, ONE, &all)));
    let singles: Vec<_> =
        all.iter().map(|rule| compiled(&decision(&table(attributes, ONE, &[rule])))).collect();
    for a in ["0", "1", "1.5", "2", "3", "4", "5", "9", "\"x\"", "\"y\"", "true", "null", "[2]"] {
        let variables = json(&format!("{{\"a\": {a}, \"b\": 3}}"));
        let found = indexed.evaluate("d", &variables, NOW_MS).output;
        let found: Vec<String> =
            found.as_list().unwrap_or_default().iter().map(feel::Value::to_json).collect();
        let expected: Vec<String> = singles
            .iter()
            .filter_map(|single| {
                let output = single.evaluate("d", &variables, NOW_MS).output;
                Some(output.as_list()?.first()?.to_json())
            })
            .collect();
        assert_eq!(found, expected, "for {a}");
    }
}

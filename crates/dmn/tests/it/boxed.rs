//! Boxed expressions.

use crate::harness::{check, check_logic, decision, evaluated, literal};

fn entry(name: &str, logic: &str) -> String {
    format!("<contextEntry><variable name=\"{name}\"/>{logic}</contextEntry>")
}

#[test]
fn context_entries_see_those_before_them() {
    let entries = [
        entry("unit price", &literal("10")),
        entry("total", &literal("unit price * count")),
        entry("inner", &format!("<context>{}</context>", entry("tax rate", &literal("0.2")))),
        entry("tax", &literal("total * inner.tax rate")),
    ];
    let context = format!("<context>{}</context>", entries.concat());
    let expected = r#"{"unit price":10,"total":30,"inner":{"tax rate":0.2},"tax":6}"#;
    check_logic(&context, r#"{"count": 3}"#, expected);
}

#[test]
fn an_entry_without_a_variable_is_the_result() {
    let result = format!("<contextEntry>{}</contextEntry>", literal("a + 1"));
    let context = format!("<context>{}{result}</context>", entry("a", &literal("1")));
    check_logic(&context, "{}", "2");
}

#[test]
fn lists_and_relations() {
    let list = format!("<list>{}{}</list>", literal("1"), literal("\"x\""));
    check_logic(&list, "{}", r#"[1,"x"]"#);
    let row = |a: &str, b: &str| format!("<row>{}{}</row>", literal(a), literal(b));
    let relation = format!(
        "<relation><column name=\"name\"/><column name=\"age\" typeRef=\"number\"/>{}{}</relation>",
        row("\"Ann\"", "30"),
        row("\"Bo\"", "\"old\"")
    );
    check_logic(&relation, "{}", r#"[{"name":"Ann","age":30},{"name":"Bo","age":null}]"#);
}

/// As deep as a file may be: what is read can be compiled, evaluated or ended, and dropped.
#[test]
fn the_deepest_logic_needs_no_more_stack_than_a_thread_has() {
    let nested = |levels: usize, open: &str, close: &str| {
        format!("{}{}{}", open.repeat(levels), literal("1"), close.repeat(levels))
    };
    let context = nested(60, "<context><contextEntry>", "</contextEntry></context>");
    check_logic(&context, "{}", "1");
    let lists = decision(&nested(190, "<list>", "</list>"));
    let failure = evaluated(&lists, "d", "{}").failure.unwrap();
    assert!(failure.message.contains("nested deeper"), "{failure:?}");
    let function = "<functionDefinition>";
    let functions = nested(190, function, "</functionDefinition>");
    assert!(evaluated(&decision(&functions), "d", "{}").failure.is_none());
}

#[test]
fn functions_see_what_stands_around_them_and_are_invoked_by_name() {
    let function = format!(
        "<functionDefinition><formalParameter name=\"x\" typeRef=\"number\"/>\
         <formalParameter name=\"the other\"/>{}</functionDefinition>",
        literal("x * factor - the other")
    );
    let binding = |name: &str, text: &str| {
        format!("<binding><parameter name=\"{name}\"/>{}</binding>", literal(text))
    };
    let invocation = |bindings: &str| {
        let call = format!("<invocation>{}{bindings}</invocation>", literal("f"));
        format!(
            "<context>{}{}<contextEntry>{call}</contextEntry></context>",
            entry("factor", &literal("10")),
            entry("f", &function)
        )
    };
    let both = [binding("the other", "1"), binding("x", "2")].concat();
    check_logic(&invocation(&both), "{}", "19");
    for wrong in [binding("x", "1"), [binding("y", "1"), binding("x", "2")].concat()] {
        let output = evaluated(&decision(&invocation(&wrong)), "d", "{}").output;
        assert!(!output.why().is_none(), "{output:?} has a reason");
    }
}

#[test]
fn a_function_that_is_not_feel_is_null_with_that_reason() {
    let java = "<functionDefinition kind=\"Java\"><context><contextEntry><variable name=\"class\"/>\
                <literalExpression><text>\"java.lang.Math\"</text></literalExpression></contextEntry>\
                </context></functionDefinition>";
    let result = format!("<contextEntry>{}</contextEntry>", literal("f()"));
    let context = format!("<context>{}{result}</context>", entry("f", java));
    let output = evaluated(&decision(&context), "d", "{}").output;
    assert!(output.why().to_string().contains("Java"), "{output:?}");
}

#[test]
fn conditionals_take_a_branch_or_are_null() {
    let conditional = |text: &str| {
        format!(
            "<conditional><if>{}</if><then>{}</then><else>{}</else></conditional>",
            literal(text),
            literal("\"then\""),
            literal("\"else\"")
        )
    };
    check_logic(&conditional("a > 1"), r#"{"a": 2}"#, "\"then\"");
    check_logic(&conditional("a > 1"), r#"{"a": 1}"#, "\"else\"");
    check_logic(&conditional("null"), "{}", "\"else\"");
    let output = evaluated(&decision(&conditional("5")), "d", "{}").output;
    assert!(output.why().to_string().contains("true or false"), "{output:?}");
}

#[test]
fn filters_see_the_item_and_its_entries() {
    let filter = |source: &str, matching: &str| {
        format!("<filter><in>{}</in><match>{matching}</match></filter>", literal(source))
    };
    check_logic(&filter("[1, 2, 3]", &literal("item >= least")), r#"{"least": 2}"#, "[2,3]");
    let people = "[{name: \"Ann\", age: 30}, {name: \"Bo\", age: 20}]";
    check_logic(&filter(people, &literal("age > 25")), "{}", r#"[{"name":"Ann","age":30}]"#);
    check_logic(&filter(people, &literal("age > 99")), "{}", "[]");
    let boxed = format!(
        "<conditional><if>{}</if><then>{}</then><else>{}</else></conditional>",
        literal("item.name = \"Bo\""),
        literal("true"),
        literal("age > 99")
    );
    check_logic(&filter(people, &boxed), "{}", r#"[{"name":"Bo","age":20}]"#);
    let output = evaluated(&decision(&filter("[1]", &literal("\"x\""))), "d", "{}").output;
    assert!(output.why().to_string().contains("true or false"), "{output:?}");
}

#[test]
fn iterators_give_lists_and_truth_values() {
    let iterator = |kind: &str, part: &str, source: &str, body: &str| {
        format!(
            "<{kind} iteratorVariable=\"the item\"><in>{}</in><{part}>{}</{part}></{kind}>",
            literal(source),
            literal(body)
        )
    };
    check_logic(&iterator("for", "return", "[1, 2, 3]", "the item * 2"), "{}", "[2,4,6]");
    check_logic(
        &iterator("for", "return", "[1..3]", "sum(partial) + the item"),
        "{}",
        "[null,null,null]",
    );
    check_logic(&iterator("for", "return", "[1..3]", "count(partial)"), "{}", "[0,1,2]");
    check_logic(&iterator("some", "satisfies", "[1, 2]", "the item > 1"), "{}", "true");
    check_logic(&iterator("every", "satisfies", "[1, 2]", "the item > 1"), "{}", "false");
    check_logic(&iterator("every", "satisfies", "[]", "the item > 1"), "{}", "true");
    check_logic(&iterator("some", "satisfies", "[null, 2]", "the item > 1"), "{}", "true");
    check_logic(&iterator("some", "satisfies", "[null, 1]", "the item > 1"), "{}", "null");
}

#[test]
fn types_of_expressions_coerce_their_values() {
    let typed = |of: &str, text: &str| {
        literal(text)
            .replace("<literalExpression>", &format!("<literalExpression typeRef=\"{of}\">"))
    };
    check_logic(&typed("number", "[5]"), "{}", "5");
    let wrong = decision(&typed("number", "\"x\""));
    assert!(evaluated(&wrong, "d", "{}").output.is_null());
    check(&decision("<literalExpression/>"), "d", "{}", "null");
}

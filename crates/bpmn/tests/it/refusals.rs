//! What is not understood is refused, with place, reason and mend.

use super::harness::{flow, job, model};
use fermata_bpmn::read;

pub fn refused(text: &str, code: &str, part: &str) {
    let problems = read(text).expect_err(part);
    let found =
        problems.iter().any(|problem| problem.code == code && problem.to_string().contains(part));
    assert!(found, "{code} {part}: {problems:#?}");
    assert!(
        problems.iter().all(|problem| problem.line > 0 && !problem.help.is_empty()),
        "{problems:#?}"
    );
}

#[test]
fn files_that_are_no_model_are_refused() {
    refused("order;total", "B001", "expected BPMN 2.0 XML");
    refused("<a/>", "B001", "<definitions>");
    refused("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "B003", "DTD");
    refused(&"<a>".repeat(100_000), "B002", "nested");
    refused(&format!("<a>{}</a>", " ".repeat(11_000_000)), "B002", "bytes");
}

#[test]
fn broken_graphs_are_refused_where_they_are_broken() {
    let start = "<startEvent id=\"s\"/>";
    refused(&model(""), "B010", "no start event");
    refused(&model(&[start, &flow("s", "nowhere")].concat()), "B007", "\"nowhere\" does not exist");
    refused(&model(&[start, &job("s")].concat()), "B005", "used twice");
    refused(&model(&[start, "<serviceTask id=\"t\"/>"].concat()), "B011", "no job type");
    refused(&model(&[start, "<callActivity id=\"c\"/>"].concat()), "B004", "<callActivity>");
    refused(&model(&[start, "<flying id=\"c\"/>"].concat()), "B004", "<flying>");
    refused(&model(start).replace(" isExecutable=\"true\"", ""), "B010", "no executable process");
}

#[test]
fn a_business_rule_task_says_one_thing_to_do() {
    let task = |content: &str| {
        let task = format!(
            "<startEvent id=\"s\"/><businessRuleTask id=\"t\"><extensionElements>{content}\
             </extensionElements></businessRuleTask>"
        );
        model(&[task, flow("s", "t")].concat())
    };
    let job = "<zeebe:taskDefinition type=\"t\"/>";
    let called = "<zeebe:calledDecision decisionId=\"d\" resultVariable=\"r\"/>";
    assert!(read(&task(job)).is_ok() && read(&task(called)).is_ok());
    refused(&task(""), "B011", "neither a decision nor a job type");
    refused(&task(&[job, called].concat()), "B011", "both a decision and a job type");
    refused(&task(&called.replace("\"d\"", "\" \"")), "B011", "has no id");
    refused(&task(&called.replace("\"r\"", "\"\"")), "B011", "no result variable");
    refused(&task(&called.replace("\"d\"", "\"= 1 +\"")), "B020", "1 +");
    let bound =
        |binding: &str| task(&called.replace("decisionId", &format!("{binding} decisionId")));
    refused(&bound("bindingType=\"newest\""), "B011", "\"newest\"");
    refused(&bound("bindingType=\"versionTag\""), "B011", "names none");
    for right in ["latest", "deployment", "versionTag\" versionTag=\"v1"] {
        assert!(read(&bound(&format!("bindingType=\"{right}\""))).is_ok(), "{right}");
    }
}

#[test]
fn a_syntax_error_in_an_expression_points_into_the_line() {
    let body = "<startEvent id=\"s\"/>\n<scriptTask id=\"t\"><extensionElements>\n<zeebe:script expression=\"= 1 + * 2\" resultVariable=\"x\"/></extensionElements></scriptTask>";
    let problems = read(&model(body)).unwrap_err();
    let problem = problems.iter().find(|problem| problem.code == "B020").expect("a syntax error");
    assert_eq!((problem.line, problem.column), (7, 33), "{problem}");
    assert!(problem.message.contains("found `*`"), "{problem}");
    assert_eq!(problem.element_id.as_deref(), Some("t"));
}

#[test]
fn an_element_that_is_refused_is_named_once_and_nothing_is_blamed_on_its_absence() {
    let body = [
        "<startEvent id=\"s\"/><callActivity id=\"c\"/>",
        &job("next"),
        &flow("s", "c"),
        &flow("c", "next"),
    ]
    .concat();
    let problems = read(&model(&body)).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].element_id.as_deref(), Some("c"));
}

#[test]
fn conditions_that_nobody_would_evaluate_are_refused() {
    let body = [
        "<startEvent id=\"s\"/>",
        &job("a"),
        &flow("s", "a")
            .replace("/>", "><conditionExpression>= x</conditionExpression></sequenceFlow>"),
    ]
    .concat();
    refused(&model(&body), "B022", "only after an exclusive gateway");
}

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
    refused(
        &model(&[start, "<callChoreography id=\"c\"/>"].concat()),
        "B004",
        "<callChoreography>",
    );
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
    assert_eq!((problem.line, problem.column), (9, 33), "{problem}");
    assert!(problem.message.contains("found `*`"), "{problem}");
    assert_eq!(problem.element_id.as_deref(), Some("t"));
}

#[test]
fn an_element_that_is_refused_is_named_once_and_nothing_is_blamed_on_its_absence() {
    let body = [
        "<startEvent id=\"s\"/><callChoreography id=\"c\"/>",
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
    refused(&model(&body), "B022", "nobody evaluates a condition here");
}

#[test]
fn events_that_cannot_be_meant_are_refused() {
    let start = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";
    let with = |body: &str| model(&[start, &flow("s", "e"), body].concat());
    let link = |tag: &str, id: &str, name: &str| {
        format!("<{tag} id=\"{id}\"><linkEventDefinition name=\"{name}\"/></{tag}>")
    };
    let (throw, catch) = ("intermediateThrowEvent", "intermediateCatchEvent");
    refused(&with(&link(throw, "t", "a")), "B016", "none catches it");
    refused(&with(&link(throw, "t", " ")), "B016", "no name");
    let two =
        [link(catch, "c", "a"), link(catch, "d", "a"), job("j"), flow("c", "j"), flow("d", "j")];
    refused(&with(&(link(throw, "t", "a") + &two.concat())), "B016", "several catch it");
    refused(&with(&link(catch, "c", "a")), "B009", "leads nowhere");

    let handler = |start: &str| {
        with(&format!(
            "<subProcess id=\"h\" triggeredByEvent=\"true\">{start}{}</subProcess>",
            job("j")
        ))
    };
    let begin = |attribute: &str, definition: &str| {
        let flow = flow("hs", "j");
        handler(&format!("<startEvent id=\"hs\" {attribute}>{definition}</startEvent>{flow}"))
    };
    refused(&handler(""), "B010", "exactly one start event");
    refused(&begin("", ""), "B012", "nothing to wait for");
    let error = "<errorEventDefinition/>";
    refused(&begin("isInterrupting=\"false\"", error), "B012", "always interrupts");
    let all = "<messageEventDefinition messageRef=\"m\"/><errorEventDefinition/>";
    refused(&begin("parallelMultiple=\"true\"", all), "B012", "must all come");
    let cycle = "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>";
    refused(&begin("isInterrupting=\"false\"", &[cycle, cycle].concat()), "B015", "one timer only");
    let nameless =
        "<intermediateThrowEvent id=\"t\"><escalationEventDefinition/></intermediateThrowEvent>";
    refused(&with(nameless), "B014", "refers to no escalation");
}

#[test]
fn call_activities_that_do_not_say_what_they_call_are_refused() {
    let call = |attributes: &str, called: &str| {
        let extensions = match called {
            "" => String::new(),
            called => format!("<extensionElements>{called}</extensionElements>"),
        };
        model(
            &[
                "<startEvent id=\"s\"/>",
                &format!("<callActivity id=\"c\" {attributes}>{extensions}</callActivity>"),
                &flow("s", "c"),
            ]
            .concat(),
        )
    };
    let zeebe = |attributes: &str| call("", &format!("<zeebe:calledElement {attributes}/>"));
    refused(&call("", ""), "B035", "names no process");
    refused(&zeebe("propagateAllChildVariables=\"true\""), "B035", "names no process");
    refused(&zeebe("processId=\"= 1 +\""), "B020", "1 +");
    refused(&zeebe("processId=\"q\" bindingType=\"newest\""), "B036", "`versionTag`");
    refused(&zeebe("processId=\"q\" bindingType=\"versionTag\""), "B036", "names none");
    refused(&zeebe("processId=\"q\" propagateAllChildVariables=\"no\""), "B037", "\"no\"");
    refused(&zeebe("processId=\"q\" processVersion=\"2\""), "B038", "processVersion");
    let both = call("calledElement=\"p\"", "<zeebe:calledElement processId=\"q\"/>");
    refused(&both, "B039", "both \"q\" and \"p\"");
    let twice = "<zeebe:calledElement processId=\"q\"/>".repeat(2);
    refused(&call("", &twice), "B039", "twice");
    let accepted = [
        zeebe("processId=\"q\" bindingType=\"versionTag\" versionTag=\"v1\""),
        zeebe("processId=\"= x\" propagateAllParentVariables=\"false\""),
        call("calledElement=\"q\"", ""),
        call("calledElement=\"ns:q\"", "<zeebe:calledElement processId=\"q\"/>"),
    ];
    for text in accepted {
        read(&text).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    }
}

//! `fermata policies`: no server is needed.

use std::path::PathBuf;
use std::process::{Command, Output};

fn fermata(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fermata"));
    command.args(arguments).env("COLUMNS", "80").output().expect("the binary runs")
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("a writable target folder");
    path
}

const MODEL: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:fermata="https://fermata.dev/schema/bpmn/1.0">
<error id="poor" errorCode="NO_FUNDS"/>
<process id="order" isExecutable="true"><startEvent id="s"/>
  <serviceTask id="charge" name="Charge | the card">
    <extensionElements><zeebe:taskDefinition type="charge"/>
      <zeebe:ioMapping><zeebe:input source="= order.total" target="amount"/><zeebe:output source="= receipt" target="paid.receipt"/></zeebe:ioMapping>
      <zeebe:executionListeners><zeebe:executionListener eventType="start" type="audit"/></zeebe:executionListeners>
      <fermata:policy retries="3" initialDelay="PT1S" factor="2" jitter="0.25" doNotRetry="STOLEN, CLOSED" timeout="PT10M" attemptTimeout="PT30S" expectedDuration="PT5S" idempotencyKey="= orderId"/></extensionElements></serviceTask>
  <boundaryEvent id="b" attachedToRef="charge"><errorEventDefinition errorRef="poor"/></boundaryEvent>
  <userTask id="call" name="Call the customer"><extensionElements><zeebe:assignmentDefinition candidateGroups="support"/><fermata:policy dueDate="P1D" reminder="PT4H"/></extensionElements></userTask>
  <sequenceFlow id="f1" sourceRef="s" targetRef="charge"/><sequenceFlow id="f2" sourceRef="b" targetRef="call"/>
</process></definitions>"#;

const PAGE: &str = r#"process order

charge "Charge | the card" (service task)
  work        job charge
  inputs      amount = order.total
  outputs     paid.receipt = receipt
  errors      NO_FUNDS -> call
  attempts    4
  delays      1 s, 2 s, 4 s, less up to 25 %
  not again   STOLEN; CLOSED
  timeouts    PT10M: error TIMEOUT; an attempt 30 s
  expected    PT5S
  named by    = orderId
  listeners   start audit

call "Call the customer" (user task)
  work        a person: support
  due         P1D; reminder PT4H
"#;

#[test]
fn a_page_shows_what_the_model_says_of_each_step_in_80_columns() {
    let model = file("policies.bpmn", MODEL);
    let shown = fermata(&["policies", model.to_str().unwrap()]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(text, PAGE);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn tables_and_json_say_the_same() {
    let model = file("policies-tables.bpmn", MODEL);
    let model = model.to_str().unwrap();
    let said = |format: &str| {
        let shown = fermata(&["policies", model, "--format", format]);
        assert_eq!(shown.status.code(), Some(0), "{shown:?}");
        String::from_utf8(shown.stdout).unwrap()
    };
    let markdown = said("markdown");
    assert!(markdown.contains("| charge | Charge \\| the card | service task | job charge |"));
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<_> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 4, "{markdown}");
    assert!(rows.iter().all(|row| columns(row) == columns(rows[0])), "{markdown}");

    let csv = said("csv");
    let rows: Vec<_> = csv.lines().collect();
    assert!(rows[0].starts_with("process,step,name,type,work,"), "{csv}");
    assert!(rows[1].contains(",\"1 s, 2 s, 4 s, less up to 25 %\","), "{csv}");
    assert_eq!(rows.len(), 3);

    let json: serde_json::Value = serde_json::from_str(&said("json")).expect("JSON");
    assert_eq!((&json[0]["step"], &json[1]["step"]), (&"charge".into(), &"call".into()));
    assert_eq!(json[0]["doNotRetry"], serde_json::json!(["STOLEN", "CLOSED"]));
    assert_eq!(json[0]["sideEffect"], false);
    let same = fermata(&["policies", model, "--output", "json"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&same.stdout).expect("JSON"), json);
}

#[test]
fn a_refused_model_is_shown_as_lint_shows_it_and_ends_with_1() {
    let wrong = MODEL.replace("factor=\"2\"", "factor=\"0.2\"");
    let model = file("policies-wrong.bpmn", &wrong);
    let refused = fermata(&["policies", model.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("error[B126]: factor: expected a number"), "{said}");
    assert_eq!(refused.stdout, b"");
    assert_eq!(fermata(&["policies", "no-such-file"]).status.code(), Some(2));
}

#[test]
fn an_ad_hoc_sub_process_with_a_job_is_a_step_that_a_worker_does() {
    let model = MODEL.replace(
        "<sequenceFlow id=\"f1\"",
        r#"<adHocSubProcess id="agent"><extensionElements><zeebe:taskDefinition type="decide"/>
           <fermata:policy retries="1" attemptTimeout="PT1M"/></extensionElements>
           <task id="tool"/></adHocSubProcess><sequenceFlow id="f1""#,
    );
    let model = file("policies-ad-hoc.bpmn", &model);
    let shown = fermata(&["policies", model.to_str().unwrap()]);
    let text = String::from_utf8(shown.stdout).unwrap();
    let step = "\nagent (ad hoc sub process)\n  work        job decide\n  attempts    2\n";
    assert!(text.contains(step) && text.contains("  timeouts    an attempt 1 min\n"), "{text}");
}

//! `fermata lint`: no server is needed.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::rig::{answer, command};

fn fermata(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fermata")).args(arguments).output().expect("the binary runs")
}

fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("a writable target folder");
    path
}

const MODEL: &str = "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\">
<process id=\"p\" isExecutable=\"true\"><startEvent id=\"s\"/><task id=\"t\"/>
  <sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"t\"/></process></definitions>";

#[test]
fn lint_accepts_with_0_refuses_with_1_and_cannot_read_with_2() {
    let good = file("good.bpmn", MODEL);
    let bad = file("bad.bpmn", MODEL.replace("<task", "<callChoreography"));
    let latin = file("latin.bpmn", [b'<', 0xe4]);
    let (good, bad, latin) =
        (good.to_str().unwrap(), bad.to_str().unwrap(), latin.to_str().unwrap());

    let accepted = fermata(&["lint", good]);
    assert_eq!(accepted.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&accepted.stdout).contains("process \"p\" is accepted"));

    let refused = fermata(&["lint", good, bad]);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text.contains("bad.bpmn:2:"), "{text}");
    assert!(text.contains("error[B004]: <callChoreography>"), "{text}");
    assert!(text.lines().all(|line| line.contains("bpmn") || line.chars().count() <= 80), "{text}");

    let unread = fermata(&["lint", latin]);
    assert_eq!(unread.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unread.stderr).contains("byte 1"));
    assert_eq!(fermata(&["lint", "no-such-file"]).status.code(), Some(2));
}

#[test]
fn lint_answers_programs_in_json() {
    let bad = file("bad-json.bpmn", MODEL.replace("targetRef=\"t\"", "targetRef=\"x\""));
    let answer = fermata(&["lint", "--output", "json", bad.to_str().unwrap()]);
    let value: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let finding = &value[0]["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("B007"), Some(3)));
    assert_eq!(finding["elementId"].as_str(), Some("f"));
}

#[test]
fn a_part_that_is_always_null_is_a_warning_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("w.bpmn");
    let script =
        r#"<zeebe:script expression="= if x then upper case(1) else 2" resultVariable="y"/>"#;
    std::fs::write(
        &model,
        format!(
            r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"><process id="p" isExecutable="true">
<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
<scriptTask id="t"><extensionElements>
{script}
</extensionElements></scriptTask></process></definitions>"#
        ),
    )
    .unwrap();
    let linted = answer(command().arg("lint").arg(&model)).ok().out;
    assert!(linted.contains("process \"p\" is accepted"), "{linted}");
    assert!(linted.contains("warning[B023]: in the expression"), "{linted}");
    assert!(linted.contains("`upper case` expects"), "{linted}");
    assert!(linted.contains("w.bpmn:5:50"), "{linted}");

    let dmn = folder.path().join("w.dmn");
    std::fs::write(
        &dmn,
        r#"<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="w" name="w"
 namespace="w"><decision id="d" name="d"><literalExpression>
<text>1 + upper case(1)</text></literalExpression></decision></definitions>"#,
    )
    .unwrap();
    let linted = answer(command().arg("lint").arg(&dmn)).ok().out;
    assert!(linted.contains("decision \"d\" is accepted"), "{linted}");
    assert!(linted.contains("warning[D021]") && linted.contains("w.dmn:3:"), "{linted}");

    let said = answer(command().args(["feel", "if 1 = 2 then upper case(1) else 2"])).ok();
    assert_eq!(said.out, "2\n");
    assert!(said.err.starts_with("warning: `upper case` expects"), "{said:?}");
}

const WAITS: &str = "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\">
<signal id=\"g\" name=\"alarm\"/><process id=\"w\" isExecutable=\"true\"><startEvent id=\"s\"/>
  <intermediateCatchEvent id=\"c\" name=\"Alarm?\"><signalEventDefinition signalRef=\"g\"/></intermediateCatchEvent>
  <sequenceFlow id=\"f\" sourceRef=\"s\" targetRef=\"c\"/></process></definitions>";

#[test]
fn warnings_are_shown_in_their_line_and_fail_when_they_are_to() {
    let waits = file("waits.bpmn", WAITS);
    let waits = waits.to_str().unwrap();
    let told = answer(command().args(["lint", waits])).ok().out;
    assert!(told.contains("process \"w\" is accepted"), "{told}");
    assert!(
        told.contains("warning[B204]: \"Alarm?\" (c) waits for the signal \"alarm\""),
        "{told}"
    );
    let marked = "waits.bpmn:3:3]\n3 │   <intermediateCatchEvent id=\"c\" name=\"Alarm?\">";
    assert!(told.contains(marked), "{told}");
    let line = told.lines().find(|line| line.contains("──")).expect("a mark");
    assert_eq!(line.trim_end(), format!("  │   {}", "─".repeat(45)), "{told}");
    assert!(told.ends_with("1 warning; fermata lint --explain B204 says more\n"), "{told}");
    assert_eq!(fermata(&["lint", "--strict", waits]).status.code(), Some(1));

    // Another file throws it.
    let throws =
        WAITS.replace("intermediateCatchEvent", "endEvent").replace("id=\"w\"", "id=\"t\"");
    let throws = file("throws.bpmn", throws);
    let both = fermata(&["lint", "--strict", "--format", "json", waits, throws.to_str().unwrap()]);
    assert_eq!(both.status.code(), Some(0), "{both:?}");
    let value: serde_json::Value = serde_json::from_slice(&both.stdout).expect("JSON");
    assert_eq!(value[0]["findings"], serde_json::json!([]));
}

#[test]
fn codes_are_explained() {
    let lint = answer(command().args(["lint", "--explain", "b202"])).ok().out;
    assert!(lint.starts_with("B202: a parallel join waits for ever\n"), "{lint}");
    assert!(lint.contains("Mend:") && !lint.contains("B203"), "{lint}");
    let refusal = answer(command().args(["lint", "--explain", "B014"])).ok().out;
    assert!(refusal.starts_with("B014: a message has no name or correlation key\n"), "{refusal}");
    let unknown = fermata(&["lint", "--explain", "B999"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no code B999"), "{unknown:?}");
    assert_eq!(fermata(&["lint"]).status.code(), Some(2));
}

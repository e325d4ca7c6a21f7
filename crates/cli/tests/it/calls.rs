//! `show` of an instance that calls another, and of the called one.

use crate::rig::{Server, fits, text};

const CALLER: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="caller" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/>
<callActivity id="c" name="Do the work" calledElement="work"/></process></definitions>"#;

#[test]
fn a_call_is_a_line_with_the_key_of_the_called_instance() {
    let server = Server::with(&["work"]);
    let caller = server.file("caller.bpmn", CALLER);
    server.call(["deploy", &caller.to_string_lossy()]).ok();
    let parent = server.start("caller", "{}");
    let document = server.json(["show", &parent]);
    let elements = document["elements"].as_array().expect("elements");
    let call = elements.iter().find(|element| element["elementId"] == "c").expect("the call");
    let child = text(call, "calledProcessInstanceKey");

    let shown = server.call(["show", &parent]).ok().out;
    fits(&shown);
    assert!(shown.contains(&format!("call  Do the work  instance {child}")), "{shown}");
    assert!(shown.contains(&format!("Do the work → {child}")), "{shown}");
    let below = server.call(["show", &child]).ok().out;
    fits(&below);
    assert!(below.contains(&format!("called by {parent}")), "{below}");

    let refused = server.call(["cancel", &child]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains(&format!("root instance {parent}")), "{}", refused.err);
    server.call(["cancel", &parent]).ok();
    assert_eq!(server.json(["show", &child])["instance"]["state"], "TERMINATED");
}

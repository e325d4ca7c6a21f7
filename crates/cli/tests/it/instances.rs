//! Deploy, start, list, show, cancel.

use serde_json::json;

use crate::rig::{Server, answer, entered, fits, model, text, variable};

#[test]
fn a_model_is_deployed_listed_and_started() {
    let server = Server::with(&[]);
    let deployed = server.call(["deploy", &model("work"), &model("approve")]).ok();
    fits(&deployed.out);
    assert!(deployed.out.starts_with("PROCESS  VERSION  KEY"), "{}", deployed.out);
    assert!(deployed.out.contains("approve        1"), "{}", deployed.out);

    let listed = server.json(["definitions"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(listed[1]["processDefinitionId"], "work");
    let shown = server.call(["definitions", "--process", "work"]).ok().out;
    fits(&shown);
    assert!(shown.contains("Work that may fail") && !shown.contains("approve"), "{shown}");

    let started = server.call(["start", "work"]).ok();
    assert!(started.out.starts_with("work v1 is started: "), "{}", started.out);
    let by_key = server.json(["start", &text(&listed[1], "processDefinitionKey")]);
    assert_eq!(by_key["processDefinitionId"], "work");
}

#[test]
fn a_refused_model_is_shown_in_its_line() {
    let server = Server::with(&[]);
    let broken = std::fs::read_to_string(model("work")).expect("a model");
    let broken =
        server.file("broken.bpmn", &broken.replace("targetRef=\"done\"", "targetRef=\"x\""));
    let refused = server.call(["deploy", &model("approve"), &broken.to_string_lossy()]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.starts_with("fermata: nothing is deployed"), "{}", refused.err);
    assert!(refused.err.contains("error[B007]"), "{}", refused.err);
    assert!(refused.err.contains("broken.bpmn:18:"), "{}", refused.err);
    assert_eq!(server.json(["definitions"]), json!([]));
}

#[test]
fn variables_come_from_the_call_a_file_or_standard_input() {
    let server = Server::with(&["work"]);
    let file = server.file("order.json", "{\"from\": \"file\"}\n");
    let at_file = format!("@{}", file.display());
    for (arguments, input, expected) in [
        (["start", "work", "--variables", "{\"from\": \"call\"}"], "", "call"),
        (["start", "work", "--variables", &at_file], "", "file"),
        (["start", "work", "--variables", "-"], "{\"from\": \"input\"}", "input"),
    ] {
        let started = server.feed(&arguments, input).ok();
        let key = started.out.trim().rsplit(' ').next().expect("a key").to_owned();
        assert_eq!(variable(&server.json(["show", &key]), "from"), expected);
    }
    let damaged = server.file("damaged.json", "{\n  \"a\": 1\n  \"b\": 2\n}");
    let refused = server.call(["start", "work", "--variables", &format!("@{}", damaged.display())]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("damaged.json to be a JSON object"), "{}", refused.err);
    assert!(
        refused
            .err
            .contains("line 3, column 3 it is not (expected `,` or `}`):\n    \"b\": 2\n    ^"),
        "{}",
        refused.err
    );
}

#[test]
fn decimals_pass_through_unrounded() {
    let server = Server::with(&["choose"]);
    let exact = "{\"side\":\"left\",\"price\":0.1000000000000000000001}";
    let ended = server.call(["start", "choose", "--variables", exact, "--await"]).ok();
    assert!(ended.out.contains("price  0.1000000000000000000001"), "{}", ended.out);
    fits(&ended.out);
    let json = answer(server.command().args([
        "--output",
        "json",
        "start",
        "choose",
        "--variables",
        exact,
        "--await",
        "--timeout",
        "20s",
    ]));
    assert!(json.ok().out.contains("0.1000000000000000000001"));
}

#[test]
fn waiting_for_an_end_that_does_not_come_is_a_no() {
    let server = Server::with(&["work"]);
    let waited = server.call(["start", "work", "--await", "--timeout", "50ms"]);
    assert_eq!(waited.code, Some(1), "{waited:?}");
    assert!(waited.err.contains("goes on"), "{waited:?}");
    assert_eq!(server.json(["list", "--state", "active"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn many_are_started_at_once() {
    let server = Server::with(&["work"]);
    let started = server.call(["start", "work", "--count", "150"]).ok();
    assert!(started.out.starts_with("150 instances of work v1 started\n"), "{}", started.out);
    assert_eq!(started.err, "", "no progress bar without a terminal");
    assert_eq!(server.json(["start", "work", "--count", "3"]).as_array().map(Vec::len), Some(3));
    assert_eq!(server.json(["list", "--limit", "1000"]).as_array().map(Vec::len), Some(153));
    let listed = server.call(["list", "--limit", "5"]).ok().out;
    assert!(listed.ends_with("\n5 of 153; --limit shows more\n"), "{listed}");

    let refused = server.call(["start", "nothing", "--count", "3"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("0 of 3 are started; then: expected a deployed"), "{refused:?}");
}

#[test]
fn instances_are_found_by_what_they_are() {
    let server = Server::with(&["work", "choose", "approve"]);
    let work = server.json(["start", "work", "--business-id", "A-1", "--tag", "vip"]);
    assert_eq!(work["tags"], json!(["vip"]));
    let taken = server.call(["start", "work", "--business-id", "A-1", "--unique"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.err.contains("expected the business id `A-1` to be free"), "{}", taken.err);
    server.start("approve", "{}");
    server.start("choose", "{\"side\": \"left\"}");
    server.start("choose", "{\"side\": \"up\"}");
    let found = |arguments: &[&str]| {
        let found = server.json(["list"].iter().chain(arguments).copied());
        let ids = found.as_array().expect("an array").iter();
        let mut ids: Vec<String> = ids.map(|one| text(one, "processDefinitionId")).collect();
        ids.sort();
        ids
    };
    assert_eq!(found(&["--business-id", "A-1"]), ["work"]);
    assert_eq!(found(&["--state", "completed"]), ["choose"]);
    assert_eq!(found(&["--incident"]), ["choose"]);
    assert_eq!(found(&["--process", "choose", "--state", "active"]), ["choose"]);
    assert_eq!(found(&[]).len(), 4);
    let listed = server.call(["list"]).ok().out;
    fits(&listed);
    assert!(listed.starts_with("KEY"), "{listed}");
    assert!(listed.contains("work v1") && listed.contains("A-1"), "{listed}");
    assert!(!listed.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn an_instance_is_shown_with_what_it_waits_for() {
    let server = Server::with(&["work"]);
    let long = "x".repeat(200);
    let key = server.start("work", &format!("{{\"note\": \"{long}\", \"n\": 1}}"));
    let shown = server.call(["show", &key]).ok().out;
    fits(&shown);
    for words in [
        &format!("work v1  {key}  active\n"),
        "Waits for\n  job  work  2 attempts left, job ",
        "Do it    service task  active",
        "Variables\n  n     1\n  note  \"xxxx",
        "element entered   do-it  by to-work",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let json = server.json(["show", &key]);
    assert_eq!(variable(&json, "note"), long.as_str());
    assert!(entered(&json, "do-it"));
    let cut = server.call(["show", &key, "--timeline", "1"]).ok().out;
    assert!(cut.contains("earlier not shown; --timeline N shows more"), "{cut}");
    let unknown = server.call(["show", "999999"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("999999"), "{}", unknown.err);
}

#[test]
fn names_from_elsewhere_do_not_command_the_terminal() {
    let server = Server::with(&["work"]);
    let hostile = "\u{1b}[2J\u{202e}gone";
    server.call(["start", "work", "--business-id", hostile]).ok();
    let listed = server.call(["list"]).ok().out;
    assert!(listed.contains(" [2J gone"), "{listed:?}");
    assert!(!listed.contains('\u{1b}') && !listed.contains('\u{202e}'), "{listed:?}");
}

#[test]
fn cancelling_tries_every_key_and_says_which_are_not() {
    let server = Server::with(&["work"]);
    let (one, two) = (server.start("work", "{}"), server.start("work", "{}"));
    let cancelled = server.call(["cancel", &one, "999999", &two]);
    assert_eq!(cancelled.code, Some(1), "{cancelled:?}");
    assert_eq!(cancelled.out, format!("{one} is cancelled\n{two} is cancelled\n"));
    assert!(cancelled.err.starts_with("fermata: 999999 is not cancelled: "), "{}", cancelled.err);
    let again = answer(server.command().args(["--output", "json", "cancel", &one]));
    assert_eq!((again.code, &again.json()[0]["cancelled"]), (Some(1), &json!(false)));
    assert_eq!(server.json(["list", "--state", "terminated"]).as_array().map(Vec::len), Some(2));
}

#[test]
fn an_instance_whose_cancellation_is_listened_to_says_that_it_lives_on() {
    let server = Server::with(&[]);
    let model = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:t">
<process id="asked" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="u"/>
<userTask id="u"><extensionElements><zeebe:userTask/><zeebe:taskListeners><zeebe:taskListener eventType="canceling" type="bye"/>
</zeebe:taskListeners></extensionElements></userTask></process></definitions>"#;
    let file = server.file("asked.bpmn", model);
    server.call(["deploy", file.to_str().unwrap()]).ok();
    let key = server.start("asked", "{}");
    let cancelled = server.call(["cancel", &key]).ok();
    fits(&cancelled.out);
    assert!(cancelled.out.contains("canceling listeners"), "{}", cancelled.out);
    let words = "being cancelled, waits for 1 listener";
    for told in [server.call(["show", &key]).ok(), server.call(["list"]).ok()] {
        fits(&told.out);
        assert!(told.out.contains(words), "{}", told.out);
    }
    let shown = server.call(["show", &key]).ok();
    for words in
        ["listener  bye  canceling u, 3 attempts left, job ", "user task    being cancelled"]
    {
        assert!(shown.out.contains(words), "{}", shown.out);
    }
    assert_eq!(server.json(["list"])[0]["cancelingListeners"], 1);
    assert_eq!(server.json(["show", &key])["instance"]["cancelingListeners"], 1);
    let again = server.json(["cancel", &key]);
    assert_eq!(again[0]["waitsForListeners"], false, "{again}");
    assert!(server.json(["show", &key])["instance"].get("cancelingListeners").is_none());
    assert_eq!(server.json(["list", "--state", "terminated"]).as_array().map(Vec::len), Some(1));
}

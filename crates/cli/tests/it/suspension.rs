//! `suspend`, `resume` and `delete`: what `list` and `show` say, and that a worker's result is kept.

use crate::rig::{Server, fits, text};

#[test]
fn a_suspended_instance_is_listed_with_its_reason_and_goes_on_when_it_is_resumed() {
    let mut server = Server::with(&["work"]);
    let instance = server.start("work", "{}");
    let done = server.call(["suspend", &instance, "--reason", "the bank is down"]).ok().out;
    assert_eq!(done, format!("{instance} is suspended\n"));
    let listed = server.call(["list", "--state", "suspended"]).ok().out;
    fits(&listed);
    assert!(listed.contains("suspended"), "{listed}");
    assert!(listed.contains("the bank is down"), "{listed}");
    let shown = server.call(["show", &instance]).ok().out;
    fits(&shown);
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("because the bank is down"), "{shown}");
    server.kill();
    server.restart();
    assert_eq!(server.json(["list", "--state", "active"]).as_array().map(Vec::len), Some(0));

    let again = server.call(["suspend", &instance, "1"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("resume it first"), "{}", again.err);
    let results = server.json(["resume", &instance]);
    assert_eq!(results[0]["resumed"], true);
    assert_eq!(text(&server.json(["show", &instance])["instance"], "state"), "ACTIVE");
    let twice = server.call(["resume", &instance]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert!(twice.err.contains("to be suspended"), "{}", twice.err);
}

#[test]
fn an_ended_instance_is_deleted_and_a_live_one_is_not() {
    let server = Server::with(&["work"]);
    let (ended, live) = (server.start("work", "{}"), server.start("work", "{}"));
    server.call(["cancel", &ended]).ok();
    let answer = server.call(["delete", &live, &ended]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.out, format!("{ended} is deleted\n"));
    assert!(answer.err.contains("let it end, or cancel it"), "{}", answer.err);
    assert_eq!(server.call(["show", &ended]).code, Some(1));
    let left = server.json(["list"]);
    assert_eq!(text(&left[0], "processInstanceKey"), live);
    assert_eq!(left.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_deleted_definition_starts_nothing_and_what_lives_of_it_goes_on() {
    let server = Server::with(&["work"]);
    let live = server.start("work", "{}");
    let definitions = server.json(["definitions"]);
    let key = text(&definitions[0], "processDefinitionKey");
    let answer = server.call(["delete", "--definition", &key]).ok();
    assert_eq!(answer.out, format!("{key} is deleted\n"));
    assert_eq!(server.json(["definitions"]).as_array().map(Vec::len), Some(0));
    let refused = server.call(["start", "work"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("work"), "{}", refused.err);
    assert_eq!(text(&server.json(["show", &live])["instance"], "state"), "ACTIVE");
    let twice = server.call(["delete", "--definition", &key]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
}

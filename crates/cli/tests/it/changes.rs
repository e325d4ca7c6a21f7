//! Changing running instances: start anywhere, modify, migrate.

use crate::rig::{Server, fits, model, text};

fn newer(server: &Server) -> String {
    let changed = std::fs::read_to_string(model("work"))
        .expect("a model")
        .replace("id=\"do-it\"", "id=\"do-it-well\"")
        .replace("\"do-it\"", "\"do-it-well\"");
    let file = server.file("work.bpmn", &changed);
    let deployed = server.json(["deploy", &file.to_string_lossy()]);
    text(&deployed["deployments"][0]["processDefinition"], "processDefinitionKey")
}

#[test]
fn an_instance_starts_at_an_element() {
    let server = Server::with(&["work"]);
    let started = server.json(["start", "work", "--at", "done"]);
    server.ended_at(&text(&started, "processInstanceKey"), "done");
    let refused = server.call(["start", "work", "--at", "begin"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("a start event"), "{}", refused.err);
}

#[test]
fn an_instance_ends_after_an_element() {
    let server = Server::with(&["work"]);
    let started = server.json(["start", "work", "--at", "done", "--until", "done"]);
    let shown = server.json(["show", &text(&started, "processInstanceKey")]);
    assert_eq!(shown["instance"]["state"], "TERMINATED");
    let waits = server.json(["start", "work", "--until", "done"]);
    let told = server.call(["show", &text(&waits, "processInstanceKey")]).ok().out;
    assert!(told.contains("to be terminated after done"), "{told}");
    let refused = server.call(["start", "work", "--until", "nowhere"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("none with the id `nowhere`"), "{}", refused.err);
}

#[test]
fn an_instance_is_modified() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let refused = server.call(["modify", &key, "--terminate", "nowhere"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("none with the id `nowhere`"), "{}", refused.err);
    let wrong = server.call(["modify", &key, "--move", "do-it"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let alone = server.call(["modify", &key, "--terminate", "do-it", "--variables", "{}"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
    let again = ["modify", &key, "--activate", "do-it", "--terminate", "do-it"];
    let done = server.call(again.into_iter().chain(["--variables", "{\"why\": 1.10}"])).ok();
    assert_eq!(done.out, format!("{key} is modified\n"));
    let shown = server.json(["show", &key]);
    assert_eq!(crate::rig::variable(&shown, "why"), 1.10);
    let moved = server.json(["modify", &key, "--move", "do-it:not-done"]);
    assert_eq!(moved["modified"], true);
    server.ended_at(&key, "not-done");
}

#[test]
fn an_instance_is_migrated_after_a_dry_run() {
    let mut server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let to = newer(&server);
    let refused = server.call(["migrate", &key, "--to", &to, "--dry-run"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("\"Do it\" (do-it), which is active"), "{}", refused.err);
    let mapped = ["migrate", &key, "--to", &to, "--map", "do-it:do-it-well"];
    let dry = server.call(mapped.into_iter().chain(["--dry-run"])).ok();
    fits(&dry.out);
    assert_eq!(dry.out, "it can be migrated:\n  active do-it becomes do-it-well\n");
    assert_eq!(server.json(["show", &key])["definition"]["version"], 1);
    let done = server.call(mapped).ok();
    assert_eq!(done.out, format!("{key} runs by {to} now\n"));
    server.kill();
    server.restart();
    let shown = server.json(["show", &key]);
    assert_eq!(shown["definition"]["version"], 2);
    let live = shown["elements"]
        .as_array()
        .expect("elements")
        .iter()
        .find(|at| at["elementId"] == "do-it-well" && at["state"] == "ACTIVE");
    assert!(live.is_some(), "{shown}");
    let wrong = server.call(["migrate", &key, "--to", &to, "--map", "do-it"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

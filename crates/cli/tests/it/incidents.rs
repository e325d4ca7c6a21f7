//! Incidents and their resolution.

use serde_json::json;

use crate::rig::{Server, answer, fits, text};

#[test]
fn an_incident_is_shown_with_its_mend_and_resolved_with_other_variables() {
    let server = Server::with(&["choose"]);
    let key = server.start("choose", "{\"side\": \"up\"}");
    let listed = server.call(["incidents"]).ok().out;
    fits(&listed);
    assert!(listed.contains("at which in choose"), "{listed}");
    assert!(listed.contains(&format!("instance {key}")), "{listed}");
    let incident = text(&server.json(["incidents", "--instance", &key])[0], "incidentKey");

    let shown = server.call(["show", &key]).ok().out;
    fits(&shown);
    assert!(shown.contains("active, waits for an incident to be resolved"), "{shown}");
    assert!(shown.contains(&format!("fermata retry {incident}")), "{shown}");

    let unchanged = server.call(["retry", &incident]).ok();
    assert_eq!(unchanged.out, format!("{incident} is resolved: which goes on\n"));
    server.call(["retry", &key, "--variables", "{\"side\": \"right\"}"]).ok();
    server.ended_at(&key, "right");
    assert_eq!(server.json(["incidents"]), json!([]));
    assert_eq!(server.call(["incidents"]).ok().out, "no incidents\n");
}

#[test]
fn a_retry_of_nothing_says_what_is_there_instead() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let none = server.call(["retry", &key]);
    assert_eq!(none.code, Some(1));
    assert_eq!(none.err, format!("fermata: instance {key} has no open incident\n"));
    let unknown = answer(server.command().args(["--output", "json", "retry", "999999"]));
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("but it is neither"), "{}", unknown.err);
    assert_eq!(unknown.json()[0]["resolved"], json!(false));
}

#[test]
fn a_job_without_attempts_gets_as_many_as_asked_for() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let worker = server.worker(&["--type", "work"], "echo it is broken >&2; exit 7");
    let shown = server.shown(&key, |shown| shown["instance"]["hasIncident"] == true);
    let told = worker.stop();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.out.lines().count(), 2, "two attempts: {}", told.out);
    let incident = &shown["incidents"][0];
    assert_eq!(incident["errorType"], "JOB_NO_RETRIES");
    assert!(text(incident, "errorMessage").contains("it is broken"), "{incident}");
    let page = server.call(["show", &key]).ok().out;
    assert!(page.contains("--retries 3"), "{page}");

    server.call(["retry", &key, "--retries", "5"]).ok();
    let shown = server.json(["show", &key]);
    assert_eq!(shown["jobs"][0]["retries"], json!(5));
    let worker = server.worker(&["--type", "work"], "exit 0");
    server.ended_at(&key, "done");
    worker.stop();
}

//! The worker's contract: what a command is given, and what its end means.

use serde_json::{Value, json};

use crate::rig::{Server, answer, entered, text, variable};

#[test]
fn a_command_reads_the_job_and_its_output_becomes_variables() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{\"price\": 0.1000000000000000000001, \"secret\": 1}");
    let seen = server.file("seen.json", "");
    let script =
        format!("cat > {}; env | grep ^FERMATA_ >&2; echo '{{\"paid\": 12.50}}'", seen.display());
    let worker = server.worker(&["--type", "work", "--fetch", "price"], &script);
    let shown = server.ended_at(&key, "done");
    assert_eq!(variable(&shown, "paid").to_string(), "12.5");
    let told = worker.stop();
    assert_eq!(told.code, Some(0), "{told:?}");

    let document = std::fs::read_to_string(&seen).expect("what the command read");
    assert!(document.contains("\"price\":0.1000000000000000000001"), "{document}");
    let job: Value = serde_json::from_str(&document).expect("one JSON document");
    assert_eq!(job["type"], "work");
    assert_eq!(job["processInstanceKey"], key.as_str());
    assert_eq!((&job["bpmnProcessId"], &job["elementId"]), (&json!("work"), &json!("do-it")));
    assert_eq!((&job["headers"]["colour"], &job["retries"]), (&json!("red"), &json!(2)));
    assert!(job["deadline"].as_u64().is_some() && job["variables"]["secret"].is_null(), "{job}");
    let job_key = text(&job, "key");
    for line in [
        format!("FERMATA_JOB_KEY={job_key}"),
        format!("FERMATA_PROCESS_INSTANCE_KEY={key}"),
        format!("FERMATA_SERVER={}", server.url),
    ] {
        assert!(told.err.contains(&format!("work {job_key}: {line}\n")), "{line}: {}", told.err);
    }
    let line: Value = serde_json::from_str(told.out.trim()).expect("one line for one job");
    assert_eq!((&line["key"], &line["outcome"]), (&json!(job_key), &json!("completed")));
}

#[test]
fn exit_code_100_is_a_bpmn_error_with_its_variables() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let script = r#"echo '{"code": "SOLD_OUT", "message": "no lamps", "variables": {"missing": 2}}'; exit 100"#;
    let worker = server.worker(&["--type", "work"], script);
    let shown = server.ended_at(&key, "not-done");
    assert!(!entered(&shown, "done"));
    assert_eq!(variable(&shown, "missing"), 2);
    worker.stop();
}

#[test]
fn a_failure_carries_the_last_words_of_the_command() {
    let server = Server::with(&["work"]);
    for (script, words) in [
        ("echo first >&2; echo last >&2; exit 3", "first\nlast"),
        ("exit 3", "the command ended with exit code 3"),
        ("kill -9 $$", "the command was ended by signal 9"),
        (
            "echo '{\"a\": }'",
            "a JSON object of variables, or nothing, but at line 1, column 7 it is not (expected value)",
        ),
        ("echo 12; exit 100", "a command that ends with 100 to print {\"code\": \"...\""),
        ("head -c 5000000 /dev/zero", "more than 4194304 bytes"),
    ] {
        let key = server.start("work", "{}");
        let worker = server.worker(&["--type", "work"], script);
        let shown = server.shown(&key, |shown| shown["instance"]["hasIncident"] == true);
        let message = text(&shown["incidents"][0], "errorMessage");
        assert!(message.contains(words), "{script}: {message}");
        worker.stop();
        server.call(["cancel", &key]).ok();
    }
}

#[test]
fn the_pause_before_a_retry_comes_from_the_header_and_doubles() {
    let model = std::fs::read_to_string(crate::rig::model("work")).expect("a model");
    let model = model.replace("\"colour\" value=\"red\"", "\"retryBackoffMs\" value=\"100\"");
    let server = Server::with(&[]);
    let file = server.file("work.bpmn", &model.replace("retries=\"2\"", "retries=\"4\""));
    server.call(["deploy", &file.to_string_lossy()]).ok();
    let key = server.start("work", "{}");
    let worker = server.worker(&["--type", "work"], "exit 1");
    let shown = server.shown(&key, |shown| shown["instance"]["hasIncident"] == true);
    worker.stop();
    let timeline = shown["timeline"].as_array().expect("a timeline");
    let times = |kind: &str| -> Vec<jiff::Timestamp> {
        let entries = timeline.iter().filter(|entry| entry["kind"] == kind);
        entries.map(|entry| text(entry, "at").parse().expect("an instant")).collect()
    };
    let (leased, failed) = (times("jobLeased"), times("jobFailed"));
    assert_eq!((leased.len(), failed.len()), (4, 4), "{timeline:?}");
    for (retry, least) in [(1, 100), (2, 200), (3, 400)] {
        let pause = leased[retry].as_millisecond() - failed[retry - 1].as_millisecond();
        assert!(pause >= least, "pause {pause} ms before attempt {}", retry + 1);
    }
}

#[test]
fn a_command_that_cannot_be_run_is_told_before_any_job_is_taken() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let plain = server.file("plain.txt", "no program");
    for (name, words) in [
        ("no-such-program", "there is no program `no-such-program`"),
        (&*plain.to_string_lossy(), "is not executable"),
    ] {
        let refused = answer(server.command().args(["worker", "--type", "work", "--", name]));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert_eq!(server.json(["show", &key])["jobs"][0]["state"], "CREATED");
}

#[test]
fn jobs_of_several_types_are_done_side_by_side_and_people_can_read_the_log() {
    let other = std::fs::read_to_string(crate::rig::model("work")).expect("a model");
    let other =
        other.replace("id=\"work\"", "id=\"other\"").replace("type=\"work\"", "type=\"other\"");
    let server = Server::with(&["work"]);
    let file = server.file("other.bpmn", &other);
    server.call(["deploy", &file.to_string_lossy()]).ok();
    let keys = [server.start("work", "{}"), server.start("other", "{}")];
    let mut command = server.command();
    command.args(["worker", "--type", "work", "--type", "other", "--jobs", "2", "--", "true"]);
    let worker = crate::rig::Worker::spawn(&mut command);
    for key in &keys {
        server.ended_at(key, "done");
    }
    let told = worker.stop();
    assert!(told.err.contains("waiting for work, other at "), "{}", told.err);
    assert_eq!(told.out.lines().filter(|line| line.contains(" completed in ")).count(), 2);
}

//! How a worker and its commands end, and what it does while the server is away.

use std::path::Path;

use crate::rig::{Server, until};

/// Waits until a command has written a file.
fn written(file: &Path) -> String {
    until(|| match std::fs::read_to_string(file) {
        Ok(text) if text.ends_with('\n') => Ok(text.trim().to_owned()),
        other => Err(format!("{}: {other:?}", file.display())),
    })
}

fn alive(process: &str) -> bool {
    // Signal 0 asks, and does nothing; a process that ended and waits for its parent does not count.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

fn gone(process: &str) {
    until(|| if alive(process) { Err(format!("{process} lives")) } else { Ok(()) });
}

#[test]
fn the_first_signal_lets_commands_finish() {
    let server = Server::with(&["work"]);
    let (key, later) = (server.start("work", "{}"), server.start("work", "{}"));
    let (begun, go) = (server.file("begun", ""), server.file("go", ""));
    std::fs::remove_file(&go).expect("it is there");
    let script = format!(
        "echo $$ > {}; while [ ! -e {} ]; do sleep 0.01; done; echo '{{\"finished\": true}}'",
        begun.display(),
        go.display()
    );
    let worker = server.worker(&["--type", "work", "--jobs", "1"], &script);
    written(&begun);
    worker.signal("INT");
    // It still runs, and takes nothing more.
    std::fs::write(&go, "").expect("a writable folder");
    let told = worker.wait();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("commands that run may finish"), "{}", told.err);
    assert_eq!(told.out.lines().count(), 1, "{}", told.out);
    let ended =
        [&key, &later].map(|key| server.json(["show", key])["instance"]["state"] == "COMPLETED");
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
}

#[test]
fn the_second_signal_ends_commands_with_all_they_started_and_gives_jobs_back() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let (parent, child) = (server.file("parent", ""), server.file("child", ""));
    let script = format!(
        "sh -c 'echo $$ > {}; sleep 600; true' & echo $$ > {}; wait",
        child.display(),
        parent.display()
    );
    let worker = server.worker(&["--type", "work", "--timeout", "1h"], &script);
    let processes = [written(&parent), written(&child)];
    worker.signal("TERM");
    until(|| {
        // The second counts only after the first was heard: repeat until it has ended.
        worker.signal_quietly("TERM");
        if alive(&processes[0]) { Err("the command lives") } else { Ok(()) }
    });
    let told = worker.wait();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("is given back"), "{}", told.err);
    for process in &processes {
        gone(process);
    }
    // Long before its lease would have ended, another worker has it.
    let next = server.worker(&["--type", "work"], "true");
    server.ended_at(&key, "done");
    next.stop();
}

#[test]
fn a_command_is_ended_when_its_job_is_cancelled() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let begun = server.file("begun", "");
    let script = format!("echo $$ > {}; exec sleep 600", begun.display());
    let worker = server.worker(&["--type", "work", "--timeout", "1s"], &script);
    let process = written(&begun);
    server.call(["cancel", &key]).ok();
    gone(&process);
    let told = worker.stop();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("ended elsewhere"), "{}", told.err);
}

#[test]
fn a_lease_lasts_as_long_as_its_command() {
    let server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let (runs, go) = (server.file("runs", ""), server.file("go", ""));
    std::fs::remove_file(&go).expect("it is there");
    let script = format!(
        "echo $$ >> {}; while [ ! -e {} ]; do sleep 0.01; done",
        runs.display(),
        go.display()
    );
    let worker = server.worker(&["--type", "work", "--timeout", "1s"], &script);
    // A second worker would get the job if its lease ran out.
    let second = server.worker(&["--type", "work", "--timeout", "1s"], &script);
    // Leased again every third of a second: after so many the first lease is long over.
    server.shown(&key, |shown| {
        let timeline = shown["timeline"].as_array().expect("a timeline");
        timeline.iter().filter(|entry| entry["kind"] == "jobLeased").count() >= 6
    });
    std::fs::write(&go, "").expect("a writable folder");
    server.ended_at(&key, "done");
    worker.stop();
    second.stop();
    let runs = std::fs::read_to_string(&runs).expect("the file");
    assert_eq!(runs.lines().count(), 1, "it ran once: {runs}");
}

#[test]
fn a_worker_outlives_its_server_and_reports_what_it_did_meanwhile() {
    let mut server = Server::with(&["work"]);
    let key = server.start("work", "{}");
    let (begun, go) = (server.file("begun", ""), server.file("go", ""));
    std::fs::remove_file(&go).expect("it is there");
    let script = format!(
        "echo $$ > {}; while [ ! -e {} ]; do sleep 0.01; done",
        begun.display(),
        go.display()
    );
    let worker = server.worker(&["--type", "work"], &script);
    written(&begun);
    server.kill();
    std::fs::write(&go, "").expect("a writable folder");
    server.restart();
    server.ended_at(&key, "done");
    // It takes jobs of the new server as well.
    let next = server.start("work", "{}");
    server.ended_at(&next, "done");
    let told = worker.stop();
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("trying again"), "{}", told.err);
    assert!(told.err.contains("the server answers again"), "{}", told.err);
}

//! Signals: from the command line and from an instance, to all that wait and to what they start.

use crate::rig::{Server, text, variable};

fn report(server: &Server) -> String {
    let found = server.json(["list", "--process", "report"]);
    let items = found.as_array().expect("a list");
    assert_eq!(items.len(), 1, "{items:?}");
    text(&items[0], "processInstanceKey")
}

#[test]
fn a_signal_reaches_all_that_wait_and_starts_what_it_begins() {
    let server = Server::with(&["alarm"]);
    // Enough that every shard of the server has one.
    let guards: Vec<String> = (0..12).map(|_| server.start("guard", "{}")).collect();
    let shown = server.call(["show", &guards[0]]).ok().out;
    assert!(shown.contains("signal"), "{shown}");
    assert!(shown.contains("storm"), "{shown}");
    let sent = server.call(["signal", "storm", "--variables", "{\"wind\": 11}"]).ok().out;
    assert!(sent.starts_with("storm is broadcast: "), "{sent}");
    for guard in &guards {
        assert_eq!(variable(&server.ended_at(guard, "sheltered"), "wind"), 11);
    }
    assert_eq!(variable(&server.ended_at(&report(&server), "reported"), "wind"), 11);
    // Nobody waits any more: that is no error, and nothing is kept.
    server.call(["signal", "silence"]).ok();
    let nameless = server.call(["signal", ""]);
    assert_eq!(nameless.code, Some(1), "{nameless:?}");
    assert!(nameless.err.contains("expected the signal to have a name"), "{nameless:?}");
}

#[test]
fn a_signal_that_an_instance_throws_reaches_others_also_after_a_crash() {
    let mut server = Server::with(&["alarm"]);
    let guards: Vec<String> = (0..6).map(|_| server.start("guard", "{}")).collect();
    server.kill();
    server.restart();
    let sensor = server.start("sensor", "{\"reading\": {\"wind\": 12}, \"secret\": 1}");
    server.ended_at(&sensor, "done");
    for guard in &guards {
        let shown = server.ended_at(guard, "sheltered");
        assert_eq!(variable(&shown, "wind"), 12);
        assert!(!shown.to_string().contains("secret"), "its own variables only: {shown}");
    }
    server.ended_at(&report(&server), "reported");
}

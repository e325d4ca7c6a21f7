//! Messages from the command line.

use crate::rig::{Server, variable};

#[test]
fn a_message_reaches_the_instance_that_waits_for_it() {
    let server = Server::with(&["pickup"]);
    let key = server.start("pickup", "{\"order\": \"A-1\"}");
    let shown = server.call(["show", &key]).ok().out;
    assert!(shown.contains("message  picked-up  with the key A-1, at wait"), "{shown}");
    let sent =
        server.call(["message", "picked-up", "--key", "A-1", "--variables", "{\"by\": \"van\"}"]);
    let sent = sent.ok().out;
    assert!(sent.starts_with("picked-up is published: "), "{sent}");
    assert!(sent.ends_with(", not kept if nothing waits for it\n"), "{sent}");
    assert_eq!(variable(&server.ended_at(&key, "done"), "by"), "van");
}

#[test]
fn a_message_is_kept_for_its_time_and_its_id_is_taken_once() {
    let server = Server::with(&["pickup"]);
    let call = ["message", "picked-up", "--key", "A-2", "--ttl", "1h", "--id", "once"];
    let sent = server.call(call).ok().out;
    assert!(sent.ends_with(", kept for 1h until something waits for it\n"), "{sent}");
    let again = server.call(call);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("the id `once` already"), "{}", again.err);
    let key = server.start("pickup", "{\"order\": \"A-2\"}");
    server.ended_at(&key, "done");
}

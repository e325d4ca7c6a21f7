//! `suspend` and `resume`: what `list` and `show` say, and that a worker's result is kept.

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
    assert!(shown.contains("because the bank is down"), "{shown}");
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

//! User tasks from the command line.

use serde_json::json;

use crate::rig::{Server, fits, text, variable};

#[test]
fn a_task_is_found_claimed_given_back_and_completed() {
    let server = Server::with(&["approve"]);
    let key = server.start("approve", "{}");
    let listed = server.call(["tasks"]).ok().out;
    fits(&listed);
    assert!(listed.contains("Look at it  approve  (sales)"), "{listed}");
    let task = text(&server.json(["tasks", "list", "--group", "sales"])[0], "userTaskKey");
    assert_eq!(server.json(["tasks", "--group", "others"]), json!([]));

    let claimed = server.call(["tasks", "claim", &task, "--user", "ada"]).ok().out;
    assert_eq!(claimed, format!("task {task}: ada has it\n"));
    let refused = server.call(["tasks", "claim", &task, "--user", "ben"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(server.json(["tasks", "--assignee", "ada"]).as_array().map(Vec::len), Some(1));
    server.call(["tasks", "claim", &task, "--user", "ben", "--take-over"]).ok();
    assert_eq!(server.json(["tasks"])[0]["assignee"], "ben");
    assert_eq!(server.json(["tasks", "unclaim", &task])["assignee"], json!(null));

    let done = server.json(["tasks", "complete", &task, "--variables", "{\"approved\": true}"]);
    assert_eq!(done, json!({ "userTaskKey": task, "state": "COMPLETED" }));
    assert_eq!(variable(&server.ended_at(&key, "done"), "approved"), true);
    let again = server.call(["tasks", "complete", &task]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(server.call(["tasks"]).ok().out, "no open tasks\n");
}

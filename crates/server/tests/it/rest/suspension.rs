//! Suspending and resuming over REST: names and states as Camunda 8.10 has them.

use serde_json::{Value, json};

use super::client::{Rig, on_each, until};

fn search(rig: &Rig, filter: &Value) -> Vec<Value> {
    let found = rig.post("/v2/process-instances/search", &json!({"filter": filter}));
    found["items"].as_array().unwrap().clone()
}

#[test]
fn a_suspended_instance_says_so_and_holds_what_a_worker_brings() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o-1");
        let job = rig.job("charge");
        let path = format!("/v2/process-instances/{order}");
        let reason = json!({"reason": "the bank is down", "operationReference": 7});
        rig.done("POST", &format!("{path}/suspension"), &reason);
        let suspended = rig.get(&path);
        assert_eq!(suspended["state"], "SUSPENDED");
        assert_eq!(suspended["suspendedReason"], "the bank is down");
        let since = suspended["suspendedDate"].as_str().unwrap();
        assert_eq!(search(rig, &json!({"state": "SUSPENDED"})), std::slice::from_ref(&suspended));
        assert_eq!(search(rig, &json!({"suspendedDate": since})).len(), 1);
        assert!(search(rig, &json!({"state": "ACTIVE"})).is_empty());

        let refused = rig.refused("POST", &format!("{path}/suspension"), &json!({}), 409);
        assert!(refused["detail"].as_str().unwrap().contains("the bank is down"), "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(&since[..19]), "{refused}");
        let key = job["jobKey"].as_str().unwrap();
        let jobs = json!({"filter": {"processInstanceKey": order}});
        let found = rig.post("/v2/jobs/search", &jobs)["items"][0].clone();
        assert_eq!(found["worker"], "w", "its lease is out");
        rig.done("POST", &format!("/v2/jobs/{key}/completion"), &json!({}));
        rig.refused("POST", &format!("/v2/jobs/{key}/completion"), &json!({}), 404);
        let shown = rig.get(&format!("/fermata/v1/process-instances/{order}"));
        let lines = shown["timeline"].as_array().unwrap();
        let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds[kinds.len() - 2..], ["instanceSuspended", "inputHeld"]);
        assert_eq!(lines[lines.len() - 1]["detail"], "the job is completed");

        rig.done("POST", &format!("{path}/resumption"), &json!({}));
        let task = until(|| rig.task(&order), |task| task["elementId"] == "approve");
        assert_eq!(task["elementId"], "approve");
        let active = rig.get(&path);
        assert_eq!((&active["state"], &active["suspendedDate"]), (&json!("ACTIVE"), &Value::Null));
        assert!(active.get("suspendedReason").is_none());
        rig.refused("POST", &format!("{path}/resumption"), &json!({}), 409);
        rig.refused("POST", &format!("{path}/suspension"), &json!({"why": "x"}), 400);
        rig.refused("POST", "/v2/process-instances/1/suspension", &json!({}), 404);
        rig.done("POST", &format!("{path}/suspension"), &json!({}));
        rig.done("POST", &format!("{path}/cancellation"), &json!({}));
        assert_eq!(rig.get(&path)["state"], "TERMINATED");
        rig.refused("POST", &format!("{path}/suspension"), &json!({}), 404);
    });
}

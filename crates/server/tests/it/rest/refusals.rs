//! What is refused, and in which words.

use serde_json::json;

use super::client::{on_each, problem};

#[test]
fn unknown_paths_and_methods_are_problems() {
    on_each(|rig| {
        for path in ["/", "/v2", "/v2/nothing", "/v2/jobs/1/nothing", "/other"] {
            rig.refused("GET", path, &json!(null), 404);
        }
        let problem = rig.refused("DELETE", "/v2/process-instances/7", &json!(null), 405);
        assert_eq!(problem["title"], "METHOD_NOT_ALLOWED");
        let answer = rig.send("DELETE", "/v2/process-instances/7", "", b"");
        assert!(answer.headers.contains("allow: get"), "{answer:?}");
        rig.refused("GET", "/v2/jobs/activation", &json!(null), 405);
    });
}

#[test]
fn a_body_that_cannot_be_read_is_refused_with_the_place() {
    on_each(|rig| {
        let path = "/v2/process-instances";
        let detail = |kind: &str, body: &str, status: u16| {
            let answer = rig.send("POST", path, kind, body.as_bytes());
            assert_eq!(answer.status, status, "{body}: {answer:?}");
            problem(&answer, path)["detail"].as_str().unwrap().to_owned()
        };
        let json = "application/json; charset=utf-8";
        assert!(detail(json, "{\"processDefinitionId\": order}", 400).contains("line 1 column 2"));
        assert!(detail(json, "{\"processDefinitionId\": 7}", 400).contains("line 1 column 2"));
        let unknown = detail(json, "{\"processDefinitionId\": \"order\", \"colour\": 1}", 400);
        assert!(unknown.contains("colour"), "{unknown}");
        assert!(detail(json, "{}", 400).contains("processDefinitionKey"));
        detail(json, "{\"processDefinitionKey\": 12}", 400);
        detail(json, "{\"processDefinitionId\": \"a\", \"variables\": [1]}", 400);
        detail("text/plain", "{\"processDefinitionId\": \"order\"}", 415);
        let tenant = detail(json, "{\"processDefinitionId\": \"order\", \"tenantId\": \"t\"}", 400);
        assert!(tenant.contains("one tenant"), "{tenant}");
    });
}

#[test]
fn what_is_too_large_is_refused() {
    on_each(|rig| {
        let large = "x".repeat(5 * 1024 * 1024);
        let body = json!({"processDefinitionId": "order", "variables": {"large": large}});
        rig.refused("POST", "/v2/process-instances", &body, 413);
        let model = "x".repeat(33 * 1024 * 1024);
        let answer = rig.deploy("large.bpmn", &model);
        assert_eq!(answer.status, 413, "{answer:?}");
        problem(&answer, "/v2/deployments");
    });
}

#[test]
fn keys_that_name_nothing_are_not_found_and_others_are_no_keys() {
    on_each(|rig| {
        for (method, path) in [
            ("GET", "/v2/process-instances/KEY"),
            ("POST", "/v2/process-instances/KEY/cancellation"),
            ("POST", "/v2/process-instances/KEY/incidents/search"),
            ("GET", "/v2/incidents/KEY"),
            ("POST", "/v2/incidents/KEY/resolution"),
            ("POST", "/v2/jobs/KEY/completion"),
            ("POST", "/v2/jobs/KEY/failure"),
            ("GET", "/v2/user-tasks/KEY"),
            ("GET", "/v2/user-tasks/KEY/form"),
            ("POST", "/v2/user-tasks/KEY/completion"),
            ("DELETE", "/v2/user-tasks/KEY/assignee"),
        ] {
            let unknown = path.replace("KEY", "9007199254740993");
            let problem = rig.refused(method, &unknown, &json!({}), 404);
            assert_eq!(problem["title"], "NOT_FOUND");
            let malformed = path.replace("KEY", "-7x");
            let problem = rig.refused(method, &malformed, &json!({}), 400);
            assert!(problem["detail"].as_str().unwrap().contains("-7x"));
        }
    });
}

#[test]
fn a_model_that_is_refused_says_where() {
    on_each(|rig| {
        let model = super::ORDER.replace("targetRef=\"end\"", "targetRef=\"nowhere\"");
        let answer = rig.deploy("order.bpmn", &model);
        assert_eq!(answer.status, 400, "{answer:?}");
        let problem = problem(&answer, "/v2/deployments");
        assert!(problem["detail"].as_str().unwrap().contains("order.bpmn:"), "{problem}");
        let answer = rig.deploy("notes.txt", "hello");
        assert_eq!(answer.status, 400, "{answer:?}");
        rig.refused("POST", "/v2/deployments", &json!({}), 400);
    });
}

#[test]
fn what_this_release_cannot_do_is_said_and_not_passed_over() {
    on_each(|rig| {
        rig.deploy_order();
        let lease = json!({"type": "t", "timeout": 1, "maxJobsToActivate": 1, "withLease": true});
        rig.refused("POST", "/v2/jobs/activation", &lease, 501);
        let result = json!({"result": {"type": "adHocSubProcess", "denied": true}});
        rig.refused("POST", "/v2/jobs/7/completion", &result, 501);
        let result = json!({"result": {"type": "another"}});
        rig.refused("POST", "/v2/jobs/7/completion", &result, 400);
        let result = json!({"result": {"isCompletionConditionFulfilled": true}});
        rig.refused("POST", "/v2/jobs/7/completion", &result, 400);
    });
}

//! What changes something, seen through its answers and through what is found afterwards.

use serde_json::json;

use super::client::{on_each, until};

#[test]
fn a_model_is_deployed_once_until_it_changes() {
    on_each(|rig| {
        let first = rig.deploy("order.bpmn", super::ORDER).json();
        let process = &first["deployments"][0]["processDefinition"];
        assert_eq!(process["processDefinitionId"], "order");
        assert_eq!(process["processDefinitionVersion"], 1);
        assert_eq!(process["resourceName"], "order.bpmn");
        assert_eq!(first["tenantId"], "<default>");
        assert!(first["deployments"][0]["form"].is_null());
        let again = rig.deploy("order.bpmn", super::ORDER).json();
        assert_eq!(again["deployments"][0]["processDefinition"], *process);
        let changed = super::ORDER.replace("Charge the card", "Charge the account");
        let changed = rig.deploy("order.bpmn", &changed).json();
        let version = &changed["deployments"][0]["processDefinition"]["processDefinitionVersion"];
        assert_eq!(*version, 2);
    });
}

#[test]
fn an_order_goes_through_worker_person_and_message() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o-1");
        rig.charge(&json!({"charged": true}));
        let task = rig.task(&order);
        assert_eq!(task["elementId"], "approve");
        let task = task["userTaskKey"].as_str().unwrap();
        rig.done("POST", &format!("/v2/user-tasks/{task}/completion"), &json!({}));
        let body = json!({"name": "paid", "correlationKey": "o-1", "variables": {"by": "card"}});
        let correlate = || rig.call("POST", "/v2/messages/correlation", &body);
        let correlated = until(correlate, |answer| answer.status == 200);
        assert_eq!(correlated.json()["processInstanceKey"], order.as_str());
        let path = format!("/v2/process-instances/{order}");
        let ended = until(|| rig.get(&path), |found| found["state"] != "ACTIVE");
        assert_eq!(ended["state"], "COMPLETED");
        assert!(ended["endDate"].is_string());
    });
}

#[test]
fn creation_takes_a_key_an_id_a_version_or_a_version_tag() {
    on_each(|rig| {
        let key = rig.deploy_order();
        for body in [
            json!({"processDefinitionKey": key}),
            json!({"processDefinitionId": "order"}),
            json!({"processDefinitionId": "order", "processDefinitionVersion": -1}),
            json!({"processDefinitionId": "order", "processDefinitionVersion": 1}),
            json!({"processDefinitionId": "order", "processDefinitionVersionTag": "stable"}),
        ] {
            let created = rig.post("/v2/process-instances", &body);
            assert_eq!(created["processDefinitionKey"], key.as_str());
            assert_eq!(created["processDefinitionVersion"], 1);
            assert_eq!(created["variables"], json!({}));
            assert_eq!(created["tags"], json!([]));
            assert!(created["businessId"].is_null());
        }
        for body in [
            json!({"processDefinitionId": "nothing"}),
            json!({"processDefinitionId": "order", "processDefinitionVersion": 9}),
            json!({"processDefinitionId": "order", "processDefinitionVersionTag": "new"}),
            json!({"processDefinitionKey": "1"}),
        ] {
            rig.refused("POST", "/v2/process-instances", &body, 404);
        }
    });
}

#[test]
fn tags_and_the_business_id_stay_with_the_instance_and_its_work() {
    on_each(|rig| {
        rig.deploy_order();
        let body = json!({"processDefinitionId": "order", "variables": {"order": "7"},
            "tags": ["vip", "a:b.c_d-1"], "businessId": "b-7"});
        let created = rig.post("/v2/process-instances", &body);
        assert_eq!(created["tags"], json!(["vip", "a:b.c_d-1"]));
        assert_eq!(created["businessId"], "b-7");
        let job = rig.job("charge");
        assert_eq!(job["tags"], created["tags"]);
        assert_eq!(job["businessId"], "b-7");
        for tags in [json!(["7up"]), json!(["a", "a"]), json!(["with space"])] {
            let body = json!({"processDefinitionId": "order", "tags": tags});
            rig.refused("POST", "/v2/process-instances", &body, 400);
        }
    });
}

#[test]
fn a_result_is_waited_for_and_a_short_wait_leaves_the_instance_running() {
    on_each(|rig| {
        rig.deploy_order();
        let quick = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">
            <process id="quick" isExecutable="true"><startEvent id="s"/>
            <sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/></process></definitions>"#;
        assert_eq!(rig.deploy("quick.bpmn", quick).status, 200);
        let body = json!({"processDefinitionId": "quick", "awaitCompletion": true,
            "variables": {"a": 1.50, "b": [null]}, "fetchVariables": ["a"]});
        let answer = rig.call("POST", "/v2/process-instances", &body);
        assert_eq!(answer.json()["variables"], json!({"a": 1.5}));
        let body = json!({"processDefinitionId": "order", "awaitCompletion": true,
            "requestTimeout": 50});
        rig.refused("POST", "/v2/process-instances", &body, 504);
        let body = json!({"filter": {"processDefinitionId": "order"}});
        let find = || rig.post("/v2/process-instances/search", &body);
        let found = until(find, |found| found["page"]["totalItems"] != 0);
        assert_eq!(found["items"][0]["state"], "ACTIVE");
    });
}

#[test]
fn variables_reach_the_worker_as_they_were_written() {
    on_each(|rig| {
        rig.deploy_order();
        let text = r#"{"processDefinitionId":"order","variables":{"big":12345678901234567890.10,"s":"\u00e9"}}"#;
        let answer = rig.send("POST", "/v2/process-instances", "application/json", text.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = json!({"type": "charge", "timeout": 1000, "maxJobsToActivate": 1});
        let answer = rig.call("POST", "/v2/jobs/activation", &body);
        assert!(answer.text.contains(r#""big":12345678901234567890.10"#), "{answer:?}");
        assert!(answer.text.contains(r#""s":"\u00e9""#), "{answer:?}");
    });
}

#[test]
fn an_instance_is_cancelled_once() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let path = format!("/v2/process-instances/{order}/cancellation");
        rig.done("POST", &path, &json!({"operationReference": 7}));
        assert_eq!(rig.get(&format!("/v2/process-instances/{order}"))["state"], "TERMINATED");
        let again = rig.call("POST", &path, &json!(null));
        assert!([404, 409].contains(&again.status), "{again:?}");
    });
}

#[test]
fn a_job_has_every_field_that_clients_need() {
    on_each(|rig| {
        let definition = rig.deploy_order();
        let order = rig.order("o");
        let job = rig.job("charge");
        assert_eq!(job["type"], "charge");
        assert_eq!(job["processDefinitionId"], "order");
        assert_eq!(job["processDefinitionVersion"], 1);
        assert_eq!(job["processDefinitionKey"], definition.as_str());
        assert_eq!(job["processInstanceKey"], order.as_str());
        assert_eq!(job["rootProcessInstanceKey"], order.as_str());
        assert_eq!(job["elementId"], "charge");
        assert_eq!(job["customHeaders"]["region"], "eu");
        assert_eq!(job["worker"], "w");
        assert_eq!(job["retries"], 2);
        assert!(job["deadline"].as_i64().unwrap() > 1_700_000_000_000);
        assert_eq!(job["variables"], json!({"order": "o"}));
        assert_eq!(job["tenantId"], "<default>");
        assert_eq!(job["kind"], "BPMN_ELEMENT");
        assert_eq!(job["listenerEventType"], "UNSPECIFIED");
        assert!(job["userTask"].is_null() && job["businessId"].is_null());
        assert_eq!(job["tags"], json!([]));
        assert_eq!(job["physicalTenantId"], "default");
        assert!(job["priority"].is_i64());
        for key in ["jobKey", "elementInstanceKey"] {
            assert!(job[key].as_str().unwrap().parse::<i64>().is_ok());
        }
    });
}

#[test]
fn a_poll_waits_for_its_job_and_a_negative_one_does_not_wait() {
    on_each(|rig| {
        rig.deploy_order();
        let ask = |timeout: i64| {
            json!({"type": "charge", "timeout": 1000, "maxJobsToActivate": 5,
                "requestTimeout": timeout, "tenantIds": ["<default>"], "tenantFilter": "PROVIDED"})
        };
        assert_eq!(rig.post("/v2/jobs/activation", &ask(-1)), json!({"jobs": []}));
        std::thread::scope(|scope| {
            let poll = scope.spawn(|| rig.post("/v2/jobs/activation", &ask(30_000)));
            rig.order("o");
            assert_eq!(poll.join().unwrap()["jobs"].as_array().unwrap().len(), 1);
        });
    });
}

#[test]
fn a_failed_job_raises_an_incident_and_goes_on_when_that_is_resolved() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        // Without retries none are left.
        let failure = json!({"errorMessage": "no money"});
        rig.done("POST", &format!("/v2/jobs/{job}/failure"), &failure);
        let found = rig.post("/v2/incidents/search", &json!({"filter": {"jobKey": job}}));
        let incident = &found["items"][0];
        assert_eq!(incident["errorType"], "JOB_NO_RETRIES");
        assert_eq!(incident["state"], "ACTIVE");
        assert!(incident["errorMessage"].as_str().unwrap().contains("no money"));
        let instance = rig.get(&format!("/v2/process-instances/{order}"));
        assert_eq!(instance["hasIncident"], true);
        rig.done("PATCH", &format!("/v2/jobs/{job}"), &json!({"changeset": {"retries": 3}}));
        let incident = incident["incidentKey"].as_str().unwrap();
        rig.done("POST", &format!("/v2/incidents/{incident}/resolution"), &json!({}));
        assert_eq!(rig.get(&format!("/v2/incidents/{incident}"))["state"], "RESOLVED");
        assert_eq!(rig.job("charge")["retries"], 3);
    });
}

#[test]
fn an_error_that_nothing_catches_is_an_incident_of_its_own() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        let error = json!({"errorCode": "fraud", "errorMessage": "stolen", "variables": {"x": 1}});
        rig.done("POST", &format!("/v2/jobs/{job}/error"), &error);
        let path = format!("/v2/process-instances/{order}/incidents/search");
        let found = rig.post(&path, &json!({}));
        assert_eq!(found["items"][0]["errorType"], "UNHANDLED_ERROR_EVENT");
        let body = json!({"filter": {"state": "ERROR_THROWN"}});
        assert_eq!(rig.post("/v2/jobs/search", &body)["items"][0]["errorCode"], "fraud");
    });
}

#[test]
fn a_lease_is_extended_and_given_back() {
    on_each(|rig| {
        rig.deploy_order();
        rig.order("o");
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        let path = format!("/v2/jobs/{job}");
        rig.done("PATCH", &path, &json!({"changeset": {"timeout": 0, "retries": null}}));
        assert_eq!(rig.job("charge")["jobKey"], job.as_str());
        rig.refused("PATCH", &path, &json!({"changeset": {}}), 400);
    });
}

#[test]
fn a_message_is_published_once_under_its_id() {
    on_each(|rig| {
        let body = json!({"name": "paid", "correlationKey": "k", "timeToLive": 60_000,
            "messageId": "m-1", "variables": {"a": 1}});
        let published = rig.post("/v2/messages/publication", &body);
        assert_eq!(published["tenantId"], "<default>");
        assert!(published["messageKey"].is_string());
        rig.refused("POST", "/v2/messages/publication", &body, 409);
        let body = json!({"name": "paid", "correlationKey": "nobody"});
        rig.refused("POST", "/v2/messages/correlation", &body, 404);
    });
}

#[test]
fn a_task_is_assigned_updated_unassigned_and_completed() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        rig.charge(&json!({}));
        let task = rig.task(&order);
        assert_eq!(task["name"], "Approve the order");
        assert_eq!(task["processName"], "Order");
        assert_eq!(task["candidateGroups"], json!(["sales"]));
        assert_eq!(task["priority"], 50);
        assert!(task["assignee"].is_null());
        let path = format!("/v2/user-tasks/{}", task["userTaskKey"].as_str().unwrap());
        let assignment = format!("{path}/assignment");
        rig.done("POST", &assignment, &json!({"assignee": "ann", "allowOverride": false}));
        let taken = json!({"assignee": "bob", "allowOverride": false});
        rig.refused("POST", &assignment, &taken, 409);
        rig.done("POST", &assignment, &json!({"assignee": "bob"}));
        rig.refused("POST", &assignment, &json!({}), 400);
        let changes = json!({"changeset": {"dueDate": "2030-01-02T03:04:05+01:00", "priority": 80,
            "candidateGroups": [], "candidateUsers": ["cy"], "followUpDate": null}});
        rig.done("PATCH", &path, &changes);
        let task = rig.get(&path);
        assert_eq!(task["assignee"], "bob");
        assert_eq!(task["dueDate"], "2030-01-02T02:04:05.000Z");
        assert_eq!(task["priority"], 80);
        assert_eq!(task["candidateGroups"], json!([]));
        assert_eq!(task["candidateUsers"], json!(["cy"]));
        rig.done("PATCH", &path, &json!({"changeset": {"dueDate": ""}}));
        rig.done("DELETE", &format!("{path}/assignee"), &json!(null));
        let task = rig.get(&path);
        assert!(task["assignee"].is_null() && task["dueDate"].is_null());
        assert_eq!(rig.send("GET", &format!("{path}/form"), "", b"").status, 204);
        let completion = format!("{path}/completion");
        rig.done("POST", &completion, &json!({"variables": {"ok": true}, "action": "approve"}));
        let task = rig.get(&path);
        assert_eq!(task["state"], "COMPLETED");
        assert!(task["completionDate"].is_string());
        let again = rig.call("POST", &completion, &json!({}));
        assert!([404, 409].contains(&again.status), "{again:?}");
    });
}

#[test]
fn a_business_id_that_a_live_instance_has_is_refused_until_that_has_ended() {
    on_each(|rig| {
        rig.deploy_order();
        let body = json!({"processDefinitionId": "order", "businessId": "b-9",
            "businessIdUnique": true});
        let first = rig.post("/v2/process-instances", &body);
        let first = first["processInstanceKey"].as_str().unwrap();
        let refused = rig.refused("POST", "/v2/process-instances", &body, 409);
        assert!(refused["detail"].as_str().unwrap().contains(first), "{refused}");
        let path = format!("/v2/process-instances/{first}");
        rig.done("POST", &format!("{path}/suspension"), &json!({}));
        rig.refused("POST", "/v2/process-instances", &body, 409);
        rig.done("POST", &format!("{path}/cancellation"), &json!({}));
        let second = rig.post("/v2/process-instances", &body);
        assert_eq!(second["businessId"], "b-9");
        let found = rig.post(
            "/v2/process-instances/search",
            &json!({"filter": {"businessId": "b-9", "state": "ACTIVE"}}),
        );
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
    });
}

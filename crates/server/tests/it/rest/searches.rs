//! What is found, page by page, and what is refused instead of being passed over.

use serde_json::{Value, json};

use super::client::{Rig, on_each};

fn keys(found: &Value, field: &str) -> Vec<String> {
    let items = found["items"].as_array().unwrap();
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

/// The keys that a search finds.
fn find(rig: &Rig, what: &str, field: &str, filter: &Value) -> Vec<String> {
    let body = json!({"filter": filter, "sort": [{"field": sort_field(what)}]});
    keys(&rig.post(&format!("/v2/{what}/search"), &body), field)
}

fn sort_field(what: &str) -> &'static str {
    match what {
        "process-instances" => "processInstanceKey",
        "jobs" => "jobKey",
        "user-tasks" => "creationDate",
        "incidents" => "incidentKey",
        "element-instances" => "elementInstanceKey",
        "variables" => "variableKey",
        _ => "processDefinitionKey",
    }
}

#[test]
fn pages_follow_one_another_by_their_cursors() {
    on_each(|rig| {
        rig.deploy_order();
        let mut all: Vec<_> = (0..7).map(|number| rig.order(&number.to_string())).collect();
        all.sort_by_key(|key| key.parse::<i64>().unwrap());
        let page = |page: Value| {
            let body = json!({"page": page, "sort": [{"field": "processInstanceKey"}]});
            rig.post("/v2/process-instances/search", &body)
        };
        let first = page(json!({"limit": 3}));
        assert_eq!(keys(&first, "processInstanceKey"), all[..3]);
        assert_eq!(first["page"]["totalItems"], 7);
        assert_eq!(first["page"]["hasMoreTotalItems"], false);
        let second = page(json!({"after": first["page"]["endCursor"], "limit": 3}));
        assert_eq!(keys(&second, "processInstanceKey"), all[3..6]);
        let third = page(json!({"after": second["page"]["endCursor"], "limit": 3}));
        assert_eq!(keys(&third, "processInstanceKey"), all[6..]);
        let end = page(json!({"after": third["page"]["endCursor"]}));
        assert_eq!(end["items"], json!([]));
        assert!(end["page"]["startCursor"].is_null() && end["page"]["endCursor"].is_null());
        let back = page(json!({"before": third["page"]["startCursor"], "limit": 2}));
        assert_eq!(keys(&back, "processInstanceKey"), all[4..6]);
        let none = page(json!({"before": first["page"]["startCursor"]}));
        assert_eq!(none["items"], json!([]));
        assert_eq!(keys(&page(json!({"from": 5})), "processInstanceKey"), all[5..]);
        for wrong in [
            json!({"from": 1, "after": "o1"}),
            json!({"after": "WzEyM10="}),
            json!({"limit": 10_001}),
            json!({"limit": -1}),
            json!({"size": 1}),
        ] {
            let body = json!({"page": wrong});
            rig.refused("POST", "/v2/process-instances/search", &body, 400);
        }
    });
}

#[test]
fn instances_are_found_by_what_is_known_of_them() {
    on_each(|rig| {
        let definition = rig.deploy_order();
        let body = json!({"processDefinitionId": "order", "tags": ["vip"], "businessId": "b-1"});
        let vip = rig.post("/v2/process-instances", &body)["processInstanceKey"].clone();
        let vip = vip.as_str().unwrap().to_owned();
        let ended = rig.order("x");
        rig.done("POST", &format!("/v2/process-instances/{ended}/cancellation"), &json!({}));
        let find = |filter: Value| find(rig, "process-instances", "processInstanceKey", &filter);
        for (filter, vip_found, ended_found) in [
            (json!({}), true, true),
            (json!({"state": "ACTIVE"}), true, false),
            (json!({"state": {"$in": ["TERMINATED", "COMPLETED"]}}), false, true),
            (json!({"state": {"$neq": "ACTIVE"}}), false, true),
            (json!({"state": {"$like": "TERM*"}}), false, true),
            (json!({"state": "SUSPENDED"}), false, false),
            (json!({"tags": ["vip"]}), true, false),
            (json!({"tags": ["vip", "other"]}), false, false),
            (json!({"businessId": {"$like": "b-?"}}), true, false),
            (json!({"businessId": {"$exists": false}}), false, true),
            (json!({"processDefinitionKey": definition}), true, true),
            (json!({"processDefinitionId": {"$notIn": ["order"]}}), false, false),
            (json!({"processDefinitionName": "Order"}), true, true),
            (json!({"processDefinitionVersionTag": {"$like": "sta*"}}), true, true),
            (json!({"processDefinitionVersionTag": "other"}), false, false),
            (json!({"processDefinitionVersion": {"$gte": 1, "$lt": 2}}), true, true),
            (json!({"processInstanceKey": {"$in": [vip]}}), true, false),
            (json!({"hasIncident": true}), false, false),
            (json!({"tenantId": "<default>"}), true, true),
            (json!({"tenantId": "other"}), false, false),
            (json!({"parentProcessInstanceKey": {"$exists": false}}), true, true),
            (json!({"startDate": {"$gt": "2020-01-01T00:00:00Z"}, "endDate": null}), true, true),
            (json!({"startDate": {"$lt": "2020-01-01T00:00:00Z"}}), false, false),
            (json!({"endDate": {"$exists": true}}), false, true),
        ] {
            let found = find(filter.clone());
            assert_eq!(found.contains(&vip), vip_found, "{filter}: {found:?}");
            assert_eq!(found.contains(&ended), ended_found, "{filter}: {found:?}");
        }
    });
}

#[test]
fn a_filter_is_never_passed_over() {
    on_each(|rig| {
        let path = "/v2/process-instances/search";
        for (body, status, named) in [
            (json!({"filter": {"colour": "red"}}), 400, "colour"),
            (json!({"filter": {"state": "RED"}}), 400, "RED"),
            (json!({"filter": {"processInstanceKey": 7}}), 400, "processInstanceKey"),
            (json!({"filter": {"startDate": "today"}}), 400, "startDate"),
            (json!({"filter": {"hasIncident": {"$gt": true}}}), 400, "$gt"),
            (json!({"filter": {"variables": [{"name": "a", "value": "1"}]}}), 501, "variables"),
            (json!({"filter": {"$or": []}}), 501, "$or"),
            (json!({"sort": [{"field": "colour"}]}), 400, "colour"),
            (json!({"sort": [{"field": "state", "order": "UP"}]}), 400, "UP"),
            (json!({"sort": [{"field": "processDefinitionName"}]}), 501, "processDefinitionName"),
            (json!({"colour": 1}), 400, "colour"),
        ] {
            let problem = rig.refused("POST", path, &body, status);
            assert!(problem["detail"].as_str().unwrap().contains(named), "{body}: {problem}");
        }
    });
}

#[test]
fn live_jobs_are_found_everywhere_and_ended_ones_through_their_instance() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let find = |filter: Value| find(rig, "jobs", "jobKey", &filter);
        assert_eq!(find(json!({"type": "charge", "state": "CREATED"})).len(), 1);
        assert_eq!(find(json!({"processDefinitionId": "order"})).len(), 1);
        assert_eq!(find(json!({"hasFailedWithRetriesLeft": true})).len(), 0);
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        let failure = json!({"retries": 1, "errorMessage": "busy"});
        rig.done("POST", &format!("/v2/jobs/{job}/failure"), &failure);
        assert_eq!(find(json!({"hasFailedWithRetriesLeft": true, "worker": "w"})), [job.as_str()]);
        assert_eq!(find(json!({"state": "FAILED"})), [job.as_str()]);
        rig.charge(&json!({}));
        assert_eq!(find(json!({})).len(), 0);
        let ended = json!({"state": "COMPLETED"});
        let problem = rig.refused("POST", "/v2/jobs/search", &json!({"filter": ended}), 400);
        assert!(problem["detail"].as_str().unwrap().contains("processInstanceKey"));
        rig.refused("POST", "/v2/jobs/search", &json!({"filter": {"errorMessage": "busy"}}), 501);
        let filter = json!({"processInstanceKey": order, "errorMessage": "busy"});
        let found = rig.post("/v2/jobs/search", &json!({"filter": filter}));
        let found = &found["items"][0];
        assert_eq!(found["jobKey"], job.as_str());
        assert_eq!(found["state"], "COMPLETED");
        assert_eq!(found["customHeaders"], json!({"region": "eu"}));
        assert_eq!(found["processDefinitionId"], "order");
        assert!(found["creationTime"].is_string() && found["endTime"].is_string());
    });
}

#[test]
fn tasks_are_found_by_person_and_ended_ones_through_their_instance() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        rig.charge(&json!({}));
        let key = rig.task(&order)["userTaskKey"].as_str().unwrap().to_owned();
        let find = |filter: Value| find(rig, "user-tasks", "userTaskKey", &filter);
        for (filter, count) in [
            (json!({"candidateGroup": "sales"}), 1),
            (json!({"candidateGroup": {"$in": ["boss"]}}), 0),
            (json!({"assignee": {"$exists": false}, "state": "CREATED"}), 1),
            (json!({"priority": {"$gt": 50}}), 0),
            (json!({"elementId": "approve", "processDefinitionId": "order"}), 1),
            (json!({"name": "Approve*", "processInstanceKey": order}), 0),
            (json!({"name": {"$like": "Approve*"}, "processInstanceKey": order}), 1),
        ] {
            assert_eq!(find(filter.clone()).len(), count, "{filter}");
        }
        let path = "/v2/user-tasks/search";
        rig.refused("POST", path, &json!({"filter": {"name": "Approve the order"}}), 501);
        for state in [json!("COMPLETED"), json!({"$neq": "CREATED"}), json!({"$like": "CANC*"})] {
            rig.refused("POST", path, &json!({"filter": {"state": state}}), 400);
        }
        rig.done("POST", &format!("/v2/user-tasks/{key}/completion"), &json!({}));
        assert_eq!(find(json!({})).len(), 0);
        let ended = json!({"processInstanceKey": order, "state": "COMPLETED"});
        assert_eq!(find(ended), [key]);
    });
}

#[test]
fn elements_are_found_within_one_instance() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let path = "/v2/element-instances/search";
        rig.refused("POST", path, &json!({}), 400);
        rig.refused("POST", path, &json!({"filter": {"elementId": "charge"}}), 400);
        let body = json!({"filter": {"processInstanceKey": order},
            "sort": [{"field": "elementInstanceKey"}]});
        let found = rig.post(path, &body);
        let kinds: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
        assert_eq!(kinds, [json!("PROCESS"), json!("START_EVENT"), json!("SERVICE_TASK")]);
        assert_eq!(found["items"][0]["elementInstanceKey"], order.as_str());
        assert_eq!(found["items"][1]["state"], "COMPLETED");
        let task = &found["items"][2];
        assert_eq!(task["elementName"], "Charge the card");
        assert_eq!(task["state"], "ACTIVE");
        assert!(task["endDate"].is_null());
        let one = task["elementInstanceKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/element-instances/{one}")), *task);
        let inside = json!({"filter": {"elementInstanceScopeKey": order, "state": "ACTIVE"}});
        assert_eq!(keys(&rig.post(path, &inside), "elementInstanceKey"), [one]);
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        rig.done("POST", &format!("/v2/jobs/{job}/failure"), &json!({}));
        let task = rig.get(&format!("/v2/element-instances/{one}"));
        assert_eq!(task["hasIncident"], true);
        let path = format!("/v2/element-instances/{order}/incidents/search");
        let found = rig.post(&path, &json!({}));
        assert_eq!(found["items"][0]["incidentKey"], task["incidentKey"]);
        rig.refused("GET", "/v2/element-instances/7", &json!(null), 404);
    });
}

#[test]
fn variables_are_found_within_one_instance_and_by_their_keys() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        rig.charge(&json!({"total": {"eur": 12.50}}));
        let path = "/v2/variables/search";
        rig.refused("POST", path, &json!({"filter": {"name": "order"}}), 400);
        let body = json!({"filter": {"processInstanceKey": order}, "sort": [{"field": "name"}]});
        let found = rig.post(path, &body);
        assert_eq!(found["items"][0]["name"], "order");
        assert_eq!(found["items"][0]["value"], "\"o\"");
        assert_eq!(found["items"][0]["isTruncated"], false);
        assert_eq!(found["items"][1]["scopeKey"], order.as_str());
        let key = found["items"][1]["variableKey"].as_str().unwrap();
        let one = rig.get(&format!("/v2/variables/{key}"));
        assert_eq!((&one["name"], &one["processInstanceKey"]), (&json!("total"), &json!(order)));
        assert!(one["value"].as_str().unwrap().contains("12.5"));
        let by_value = json!({"filter": {"scopeKey": order, "value": "\"o\""}});
        let path = "/v2/variables/search?truncateValues=false";
        assert_eq!(keys(&rig.post(path, &by_value), "name"), ["order"]);
        rig.refused("GET", "/v2/variables/7", &json!(null), 404);
    });
}

#[test]
fn a_task_sees_the_variables_of_its_scopes_inner_ones_first() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        rig.charge(&json!({"total": 5}));
        let task = rig.task(&order);
        let scope = task["elementInstanceKey"].as_str().unwrap();
        let path = format!("/v2/element-instances/{scope}/variables");
        rig.done("PUT", &path, &json!({"variables": {"order": "local"}, "local": true}));
        rig.done("PUT", &path, &json!({"variables": {"total": 6}}));
        let task = task["userTaskKey"].as_str().unwrap();
        let body = json!({"sort": [{"field": "name"}]});
        let all = rig.post(&format!("/v2/user-tasks/{task}/variables/search"), &body);
        assert_eq!(keys(&all, "name"), ["order", "order", "total"]);
        let path = format!("/v2/user-tasks/{task}/effective-variables/search");
        let effective = rig.post(&path, &body);
        assert_eq!(keys(&effective, "value"), ["\"local\"", "6"]);
        let body = json!({"filter": {"name": {"$like": "to*"}}});
        assert_eq!(keys(&rig.post(&path, &body), "name"), ["total"]);
        rig.refused("POST", &path, &json!({"filter": {"value": "6"}}), 400);
    });
}

#[test]
fn definitions_are_found_and_read() {
    on_each(|rig| {
        let first = rig.deploy_order();
        let changed = super::ORDER.replace("stable", "next").replace("\"Order\"", "\"Orders\"");
        assert_eq!(rig.deploy("order.bpmn", &changed).status, 200);
        let find =
            |filter: Value| find(rig, "process-definitions", "processDefinitionKey", &filter);
        assert_eq!(find(json!({"processDefinitionId": "order"})).len(), 2);
        assert_eq!(find(json!({"isLatestVersion": false})), [first.as_str()]);
        assert_eq!(find(json!({"isLatestVersion": true, "versionTag": "next"})).len(), 1);
        assert_eq!(find(json!({"name": {"$like": "Order?"}, "version": 2})).len(), 1);
        assert_eq!(find(json!({"state": "DRAINING"})).len(), 0);
        let one = rig.get(&format!("/v2/process-definitions/{first}"));
        assert_eq!((&one["name"], &one["versionTag"]), (&json!("Order"), &json!("stable")));
        let xml = rig.send("GET", &format!("/v2/process-definitions/{first}/xml"), "", b"");
        assert_eq!((xml.status, xml.text.as_str()), (200, super::ORDER));
        assert!(xml.headers.contains("content-type: text/xml"));
        let form = rig.send("GET", &format!("/v2/process-definitions/{first}/form"), "", b"");
        assert_eq!(form.status, 204);
        for part in ["", "/xml", "/form"] {
            let path = format!("/v2/process-definitions/7{part}");
            rig.refused("GET", &path, &json!(null), 404);
        }
    });
}

#[test]
fn resolved_incidents_are_found_through_their_instance() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let job = rig.job("charge")["jobKey"].as_str().unwrap().to_owned();
        rig.done("POST", &format!("/v2/jobs/{job}/failure"), &json!({}));
        let find = |filter: Value| find(rig, "incidents", "incidentKey", &filter);
        let open = find(json!({"errorType": "JOB_NO_RETRIES", "state": "ACTIVE"}));
        assert_eq!(open.len(), 1);
        assert_eq!(find(json!({"errorType": {"$neq": "JOB_NO_RETRIES"}})).len(), 0);
        rig.done("PATCH", &format!("/v2/jobs/{job}"), &json!({"changeset": {"retries": 1}}));
        rig.done("POST", &format!("/v2/incidents/{}/resolution", open[0]), &json!(null));
        assert_eq!(find(json!({})).len(), 0);
        let body = json!({"filter": {"state": "RESOLVED"}});
        rig.refused("POST", "/v2/incidents/search", &body, 400);
        assert_eq!(find(json!({"state": "RESOLVED", "processInstanceKey": order})), open);
        assert_eq!(find(json!({"processInstanceKey": order})), open);
    });
}

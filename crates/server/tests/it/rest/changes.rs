//! Changing running instances: start anywhere, modify, migrate; and what is read afterwards.

use serde_json::{Value, json};

use super::client::{Rig, on_each, until};

fn element(rig: &Rig, instance: &str, id: &str) -> Value {
    let body = json!({"filter": {"processInstanceKey": instance, "elementId": id}});
    rig.post("/v2/element-instances/search", &body)["items"][0].clone()
}

fn modify(rig: &Rig, instance: &str, body: &Value) {
    rig.done("POST", &format!("/v2/process-instances/{instance}/modification"), body);
}

#[test]
fn an_instance_starts_at_the_elements_that_it_is_told() {
    on_each(|rig| {
        rig.deploy_order();
        let start = |ids: Value| {
            json!({"processDefinitionId": "order", "variables": {"order": "7"},
                "startInstructions": ids})
        };
        let body = start(json!([{"elementId": "approve"}]));
        let created = rig.post("/v2/process-instances", &body);
        let instance = created["processInstanceKey"].as_str().unwrap();
        assert_eq!(rig.task(instance)["elementId"], "approve");
        assert!(element(rig, instance, "charge").is_null());
        for (ids, part) in [
            (json!([{"elementId": "start"}]), "a start event"),
            (json!([{"elementId": "to-paid"}]), "sequence flow"),
            (json!([{"elementId": "approve"}, {"elementId": "x"}]), "the id `x`"),
        ] {
            let refused = rig.refused("POST", "/v2/process-instances", &start(ids), 400);
            assert!(refused["detail"].as_str().unwrap().contains(part), "{refused}");
        }
    });
}

#[test]
fn an_instance_ends_after_the_elements_that_it_is_told() {
    on_each(|rig| {
        rig.deploy_order();
        let start = |instructions: Value| {
            json!({"processDefinitionId": "order", "variables": {"order": "8"},
                "startInstructions": [{"elementId": "approve"}],
                "runtimeInstructions": instructions})
        };
        let after = |id: &str| json!({"type": "TERMINATE_PROCESS_INSTANCE", "afterElementId": id});
        let body = start(json!([after("approve"), after("charge")]));
        let created = rig.post("/v2/process-instances", &body);
        let instance = created["processInstanceKey"].as_str().unwrap();
        let task = rig.task(instance)["userTaskKey"].as_str().unwrap().to_owned();
        rig.done("POST", &format!("/v2/user-tasks/{task}/completion"), &json!({}));
        let ended = rig.get(&format!("/v2/process-instances/{instance}"));
        assert_eq!(ended["state"], "TERMINATED");
        assert_eq!(element(rig, instance, "approve")["state"], "COMPLETED");
        for (instructions, part) in [
            (json!([after("approve"), after("x")]), "the id `x`"),
            (json!([after("to-paid")]), "sequence flow"),
            (json!([after("order")]), "the process itself"),
            (json!([{"type": "SUSPEND", "afterElementId": "approve"}]), "SUSPEND"),
            (json!([{"type": "TERMINATE_PROCESS_INSTANCE"}]), "afterElementId"),
        ] {
            let body = start(instructions);
            let refused = rig.refused("POST", "/v2/process-instances", &body, 400);
            assert!(refused["detail"].as_str().unwrap().contains(part), "{refused}");
        }
    });
}

#[test]
fn a_modification_ends_begins_and_moves_in_one_call() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o-1");
        let path = format!("/v2/process-instances/{order}/modification");
        let charge = element(rig, &order, "charge")["elementInstanceKey"].clone();
        let refused = json!({"activateInstructions": [{"elementId": "approve"}],
            "terminateInstructions": [{"elementInstanceKey": "1"}]});
        rig.refused("POST", &path, &refused, 400);
        assert!(element(rig, &order, "approve").is_null());
        modify(
            rig,
            &order,
            &json!({
            "activateInstructions": [{"elementId": "approve", "ancestorElementInstanceKey": "-1",
                "variableInstructions": [
                    {"variables": {"late": true}},
                    {"variables": {"note": "x"}, "scopeId": "approve"}]}],
            "terminateInstructions": [{"elementInstanceKey": charge}]}),
        );
        let ended = element(rig, &order, "charge");
        assert_eq!(ended["state"], "TERMINATED");
        let approve = element(rig, &order, "approve")["elementInstanceKey"].clone();
        let body = json!({"filter": {"processInstanceKey": order, "name": "note"}});
        let found = rig.post("/v2/variables/search", &body);
        assert_eq!(found["items"][0]["scopeKey"], approve);
        modify(
            rig,
            &order,
            &json!({"moveInstructions": [{
            "sourceElementInstruction": {"sourceType": "byKey", "sourceElementInstanceKey": approve},
            "targetElementId": "charge",
            "ancestorScopeInstruction": {"ancestorScopeType": "sourceParent"}}]}),
        );
        modify(
            rig,
            &order,
            &json!({"moveInstructions": [{
            "sourceElementInstruction": {"sourceType": "byId", "sourceElementId": "charge"},
            "targetElementId": "approve",
            "ancestorScopeInstruction": {"ancestorScopeType": "direct",
                "ancestorElementInstanceKey": order}}]}),
        );
        modify(rig, &order, &json!({"terminateInstructions": [{"elementId": "approve"}]}));
        let ended = rig.get(&format!("/v2/process-instances/{order}"));
        assert_eq!(ended["state"], "TERMINATED");
        rig.refused("POST", &path, &json!({"terminateInstructions": [{}]}), 400);
        rig.refused("POST", &path, &json!({}), 400);
        let again = json!({"activateInstructions": [{"elementId": "approve"}]});
        rig.refused("POST", &path, &again, 404);
    });
}

/// The order process with `paid` under another id and something after it.
fn newer() -> String {
    super::ORDER
        .replace("id=\"paid\"", "id=\"money\"")
        .replace("targetRef=\"paid\"", "targetRef=\"money\"")
        .replace("sourceRef=\"paid\"", "sourceRef=\"money\"")
        .replace("id=\"charge\"", "id=\"charged\"")
        .replace("sourceRef=\"charge\"", "sourceRef=\"charged\"")
        .replace("targetRef=\"charge\"", "targetRef=\"charged\"")
}

#[test]
fn a_migrated_instance_keeps_its_work_and_its_past_keeps_its_names() {
    on_each(|rig| {
        let first = rig.deploy_order();
        let order = rig.order("o-1");
        rig.charge(&json!({}));
        let second = rig.deploy("order.bpmn", &newer()).json();
        let second = &second["deployments"][0]["processDefinition"]["processDefinitionKey"];
        let path = format!("/v2/process-instances/{order}/migration");
        let plan = |mappings: Value| json!({"targetProcessDefinitionKey": second, "mappingInstructions": mappings});
        let refused = rig.refused("POST", &path, &plan(json!([])), 409);
        assert!(refused["detail"].as_str().unwrap().contains("(approve)"), "{refused}");
        let mappings = json!([{"sourceElementId": "approve", "targetElementId": "approve"}]);
        let mut dry = plan(mappings.clone());
        dry["dryRun"] = json!(true);
        let planned = rig.post(&path, &dry);
        assert_eq!(planned["elements"][0]["targetElementId"], "approve");
        let read = |field: &str| rig.get(&format!("/v2/process-instances/{order}"))[field].clone();
        assert_eq!(read("processDefinitionKey"), first.as_str());
        rig.done("POST", &path, &plan(mappings));
        assert_eq!(read("processDefinitionKey"), *second);
        assert_eq!(read("processDefinitionVersion"), 2);
        let task = rig.task(&order);
        assert_eq!(task["processDefinitionKey"], *second);
        // What ended before is found under the id and in the definition that it had.
        let charge = element(rig, &order, "charge");
        assert_eq!(charge["processDefinitionKey"], first.as_str());
        assert_eq!(charge["elementName"], "Charge the card");
        assert_eq!(element(rig, &order, "approve")["processDefinitionKey"], *second);
        let body = json!({"filter": {"processInstanceKey": order, "state": "COMPLETED"}});
        let jobs = rig.post("/v2/jobs/search", &body);
        assert_eq!(jobs["items"][0]["elementId"], "charge");
        let shown = rig.get(&format!("/fermata/v1/process-instances/{order}"));
        let lines = shown["timeline"].as_array().unwrap();
        let about = |kind: &str| lines.iter().find(|line| line["kind"] == kind).cloned().unwrap();
        assert_eq!(about("jobCompleted")["elementId"], "charge");
        assert!(about("instanceMigrated")["detail"].as_str().unwrap().contains("version 2"));
        let counts =
            rig.get(&format!("/v2/process-instances/{order}/statistics/element-instances"));
        let ids: Vec<_> = counts["items"].as_array().unwrap().iter().collect();
        assert!(ids.iter().any(|count| count["elementId"] == "charge"), "{counts}");
        let task = task["userTaskKey"].as_str().unwrap();
        rig.done("POST", &format!("/v2/user-tasks/{task}/completion"), &json!({}));
        let paid = json!({"name": "paid", "correlationKey": "o-1"});
        let correlate = || rig.call("POST", "/v2/messages/correlation", &paid);
        assert_eq!(until(correlate, |answer| answer.status == 200).status, 200);
        let money = until(|| element(rig, &order, "money"), |found| found["state"] != "ACTIVE");
        assert_eq!(money["state"], "COMPLETED");
        let flows = rig.get(&format!("/v2/process-instances/{order}/sequence-flows"));
        let flows: Vec<_> = flows["items"].as_array().unwrap().iter().collect();
        assert!(flows.iter().any(|flow| flow["elementId"] == "to-charge"), "{flows:?}");
        rig.refused("POST", &path, &plan(json!([])), 404);
    });
}

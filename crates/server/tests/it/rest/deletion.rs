//! Deleting instances over REST.

use serde_json::json;

use super::client::{on_each, until};

#[test]
fn an_ended_instance_is_deleted_and_found_nowhere() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o-1");
        let path = format!("/v2/process-instances/{order}");
        let refused = rig.refused("POST", &format!("{path}/deletion"), &json!({}), 409);
        assert!(refused["detail"].as_str().unwrap().contains("cancel it first"), "{refused}");
        rig.charge(&json!({"charged": true}));
        rig.done("POST", &format!("{path}/cancellation"), &json!({}));
        until(|| rig.get(&path), |found| found["state"] == "TERMINATED");
        rig.done("POST", &format!("{path}/deletion"), &json!({"operationReference": 1}));
        rig.refused("GET", &path, &json!({}), 404);
        rig.refused("GET", &format!("/fermata/v1/process-instances/{order}"), &json!({}), 404);
        rig.refused("POST", &format!("{path}/deletion"), &json!({}), 404);
        let of_it = json!({"filter": {"processInstanceKey": order}});
        for what in ["process-instances", "element-instances", "jobs", "variables", "user-tasks"] {
            let found = rig.post(&format!("/v2/{what}/search"), &of_it);
            assert_eq!(found["items"], json!([]), "{what}");
        }
    });
}

#[test]
fn a_deleted_definition_starts_nothing_and_the_one_before_it_is_the_latest() {
    on_each(|rig| {
        let first = rig.deploy_order();
        let changed = super::ORDER.replace("Charge the card", "Charge the account");
        let second = rig.deploy("order.bpmn", &changed).json();
        let second = &second["deployments"][0]["processDefinition"]["processDefinitionKey"];
        let second = second.as_str().unwrap();
        let order = rig.order("o-1");
        let path = format!("/v2/resources/{second}/deletion");
        rig.refused("POST", &path, &json!({"deleteHistory": true}), 400);
        let gone = rig.post(&path, &json!({"deleteHistory": false}));
        assert_eq!(gone, json!({"resourceKey": second, "batchOperation": null}));
        rig.refused("POST", &path, &json!({}), 404);
        rig.refused("GET", &format!("/v2/process-definitions/{second}"), &json!({}), 404);
        let listed = rig.post("/v2/process-definitions/search", &json!({}));
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert_eq!(listed["items"][0]["processDefinitionKey"], first.as_str());
        let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "order"}));
        assert_eq!(created["processDefinitionVersion"], 1);
        let tagged =
            json!({"processDefinitionId": "order", "processDefinitionVersionTag": "stable"});
        assert_eq!(rig.post("/v2/process-instances", &tagged)["processDefinitionVersion"], 1);
        let living = rig.get(&format!("/v2/process-instances/{order}"));
        assert_eq!(living["state"], "ACTIVE", "it goes on");
        assert_eq!(living["processDefinitionName"], "Order");
    });
}

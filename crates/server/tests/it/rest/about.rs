//! What the server says about itself, and about one instance as a whole.

use fermata_server::host::HostOptions;
use serde_json::{Value, json};

use super::client::{Rig, on_each};

#[test]
fn the_server_describes_itself_as_clients_expect() {
    for shards in [1, 3] {
        let rig = Rig::start(shards, HostOptions::default());
        let topology = rig.get("/v2/topology");
        assert_eq!(topology["partitionsCount"], shards);
        let broker = &topology["brokers"][0];
        assert_eq!(broker["partitions"].as_array().unwrap().len(), usize::from(shards));
        assert_eq!(
            broker["partitions"][0],
            json!({"partitionId": 1, "role": "leader",
            "health": "healthy", "state": "active"})
        );
        assert_eq!(broker["host"], "127.0.0.1");
        for field in [
            "clusterId",
            "clusterSize",
            "replicationFactor",
            "gatewayVersion",
            "lastCompletedChangeId",
        ] {
            assert!(topology.get(field).is_some(), "{field}");
        }
        assert_eq!(rig.send("GET", "/v2/status", "", b"").status, 204);
        assert_eq!(rig.get("/v2/license")["isCommercial"], false);
        let user = rig.get("/v2/authentication/me");
        assert_eq!(user["tenants"][0]["tenantId"], "<default>");
        assert_eq!((&user["groups"], &user["c8Links"]), (&json!([]), &json!({})));
    }
}

#[test]
fn what_camunda_has_and_this_release_has_not_is_named() {
    on_each(|rig| {
        for (method, path) in [
            ("PUT", "/v2/clock"),
            ("POST", "/v2/decision-instances/7/deletion"),
            ("POST", "/v2/process-instances/modification"),
            ("POST", "/v2/process-instances/7/incident-resolution"),
            ("POST", "/v2/process-definitions/7/statistics/element-instances"),
            ("GET", "/v2/jobs/statistics/global"),
        ] {
            let problem = rig.refused(method, path, &json!({}), 501);
            assert!(problem["detail"].as_str().unwrap().contains(path), "{problem}");
        }
    });
}

#[test]
fn flows_and_elements_of_an_instance_are_counted() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        rig.charge(&json!({}));
        let path = format!("/v2/process-instances/{order}");
        let counted = rig.get(&format!("{path}/statistics/element-instances"));
        let count = |id: &str, active: u32, completed: u32| {
            json!({"elementId": id, "active": active, "canceled": 0, "incidents": 0,
                "completed": completed})
        };
        let expected = [count("start", 0, 1), count("charge", 0, 1), count("approve", 1, 0)];
        assert_eq!(counted["items"], json!(expected));
        let flows = rig.get(&format!("{path}/sequence-flows"));
        let flows: Vec<_> = flows["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flow| flow["elementId"].clone())
            .collect();
        assert_eq!(flows, [json!("to-charge"), json!("to-approve")]);
        let hierarchy = rig.get(&format!("{path}/call-hierarchy"));
        assert_eq!(hierarchy[0]["processInstanceKey"], order.as_str());
        rig.refused("GET", "/v2/process-instances/7/sequence-flows", &json!(null), 404);
    });
}

#[test]
fn one_document_shows_an_instance_whole() {
    on_each(|rig| {
        rig.deploy_order();
        let order = rig.order("o");
        let path = format!("/fermata/v1/process-instances/{order}");
        let job = rig.charge(&json!({"total": [1, 2]}));
        let shown = rig.get(&path);
        assert_eq!(shown["instance"], rig.get(&format!("/v2/process-instances/{order}")));
        assert_eq!(shown["definition"]["resourceName"], "order.bpmn");
        assert_eq!(shown["elements"][2]["elementName"], "Charge the card");
        assert_eq!(shown["elements"][2]["state"], "COMPLETED");
        let variables = shown["variables"].as_array().unwrap();
        let total = variables.iter().find(|variable| variable["name"] == "total").unwrap();
        assert_eq!(total["value"], json!([1, 2]));
        assert_eq!(shown["jobs"][0]["jobKey"], job.as_str());
        assert_eq!(shown["jobs"][0]["state"], "COMPLETED");
        assert_eq!(shown["userTasks"][0]["name"], "Approve the order");
        let kinds: Vec<&Value> =
            shown["timeline"].as_array().unwrap().iter().map(|line| &line["kind"]).collect();
        assert_eq!(kinds[0], "instanceCreated");
        for kind in ["variablesSet", "jobCreated", "jobLeased", "jobCompleted", "userTaskCreated"] {
            assert!(kinds.iter().any(|found| **found == *kind), "{kind} in {kinds:?}");
        }
        assert_eq!(shown["timelineTotal"], kinds.len());
        let task = shown["userTasks"][0]["userTaskKey"].as_str().unwrap();
        rig.done("POST", &format!("/v2/user-tasks/{task}/completion"), &json!({}));
        let shown = rig.get(&path);
        let subscription = &shown["subscriptions"][0];
        assert_eq!(subscription["messageName"], "paid");
        assert_eq!(subscription["correlationKey"], "o");
        assert_eq!(subscription["elementId"], "paid");
        let part = rig.get(&format!("{path}?from=1&limit=2"));
        assert_eq!(
            part["timeline"].as_array().unwrap()[..],
            shown["timeline"].as_array().unwrap()[1..3]
        );
        assert_eq!(part["timelineFrom"], 1);
        rig.refused("GET", &format!("{path}?form=1"), &json!(null), 400);
        rig.refused("GET", "/fermata/v1/process-instances/7", &json!(null), 404);
    });
}

#[test]
fn a_timer_is_shown_with_its_time() {
    on_each(|rig| {
        let wait = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">
            <process id="wait" isExecutable="true"><startEvent id="s"/>
            <sequenceFlow id="f" sourceRef="s" targetRef="t"/>
            <intermediateCatchEvent id="t"><timerEventDefinition>
            <timeDate>2099-12-31T23:00:00Z</timeDate></timerEventDefinition></intermediateCatchEvent>
            <sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/></process></definitions>"#;
        assert_eq!(rig.deploy("wait.bpmn", wait).status, 200);
        let body = json!({"processDefinitionId": "wait"});
        let created = rig.post("/v2/process-instances", &body);
        let key = created["processInstanceKey"].as_str().unwrap();
        let shown = rig.get(&format!("/fermata/v1/process-instances/{key}"));
        let timer = &shown["timers"][0];
        assert_eq!(timer["elementId"], "t");
        assert_eq!(timer["dueDate"], "2099-12-31T23:00:00.000Z");
    });
}

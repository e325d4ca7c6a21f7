//! Call activities over REST: who has called whom, in every answer that says so.

use serde_json::{Value, json};

use super::client::{Rig, on_each};

const CALLER: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="caller" name="Caller" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-call" sourceRef="start" targetRef="call" />
    <bpmn:callActivity id="call" name="Order it">
      <bpmn:extensionElements><zeebe:calledElement processId="= what" /></bpmn:extensionElements>
    </bpmn:callActivity>
  </bpmn:process>
</bpmn:definitions>"#;

fn search(rig: &Rig, what: &str, filter: &Value) -> Vec<Value> {
    let found = rig.post(&format!("/v2/{what}/search"), &json!({"filter": filter}));
    found["items"].as_array().unwrap().clone()
}

fn start(rig: &Rig, variables: &Value) -> String {
    let body = json!({"processDefinitionId": "caller", "variables": variables});
    let created = rig.post("/v2/process-instances", &body);
    created["processInstanceKey"].as_str().unwrap().to_owned()
}

#[test]
fn a_called_instance_names_its_caller_and_is_found_by_it() {
    on_each(|rig| {
        rig.deploy_order();
        assert_eq!(rig.deploy("caller.bpmn", CALLER).status, 200);
        let root = start(rig, &json!({"what": "order", "order": "A-1"}));
        let called = search(rig, "process-instances", &json!({"parentProcessInstanceKey": root}));
        assert_eq!(called.len(), 1, "{called:?}");
        let called = called[0].clone();
        assert_eq!(called["processDefinitionId"], "order");
        assert_eq!(called["rootProcessInstanceKey"], root.as_str());
        assert_eq!(called["businessId"], Value::Null);
        let key = called["processInstanceKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/process-instances/{key}")), called);

        let activity = json!({"processInstanceKey": root, "elementId": "call"});
        let activity = search(rig, "element-instances", &activity).remove(0);
        assert_eq!(activity["type"], "CALL_ACTIVITY");
        assert_eq!(activity["elementInstanceKey"], called["parentElementInstanceKey"]);
        let by_element = json!({"parentElementInstanceKey": called["parentElementInstanceKey"]});
        assert_eq!(search(rig, "process-instances", &by_element), std::slice::from_ref(&called));
        let alone = json!({"parentProcessInstanceKey": {"$exists": false}});
        let alone = search(rig, "process-instances", &alone);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0]["rootProcessInstanceKey"], root.as_str());

        let job = rig.job("charge");
        assert_eq!(job["rootProcessInstanceKey"], root.as_str());
        for what in ["jobs", "element-instances", "variables"] {
            for found in search(rig, what, &json!({"processInstanceKey": key})) {
                assert_eq!(found["rootProcessInstanceKey"], root.as_str(), "{what}");
            }
        }
        let callers = rig.get(&format!("/v2/process-instances/{key}/call-hierarchy"));
        let names: Vec<_> = callers.as_array().unwrap().iter().collect();
        assert_eq!(names.len(), 2, "{callers}");
        assert_eq!(names[0]["processDefinitionName"], "Caller");
        assert_eq!(names[1]["processInstanceKey"], key);

        let cancel = format!("/v2/process-instances/{key}/cancellation");
        let refused = rig.refused("POST", &cancel, &json!({}), 409);
        assert!(refused["detail"].as_str().unwrap().contains(&root), "{refused}");
        let fail = format!("/v2/jobs/{}/failure", job["jobKey"].as_str().unwrap());
        rig.done("POST", &fail, &json!({"retries": 0, "errorMessage": "no"}));
        let incident = search(rig, "incidents", &json!({"state": "ACTIVE"})).remove(0);
        assert_eq!(incident["processInstanceKey"], key);
        assert_eq!(incident["rootProcessInstanceKey"], root.as_str());
        let one = incident["incidentKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/incidents/{one}")), incident);
        let has_incident =
            |key: &str| rig.get(&format!("/v2/process-instances/{key}"))["hasIncident"].clone();
        assert_eq!((has_incident(key), has_incident(&root)), (json!(true), json!(false)));

        rig.done("POST", &format!("/v2/process-instances/{root}/cancellation"), &json!({}));
        assert_eq!(rig.get(&format!("/v2/process-instances/{key}"))["state"], "TERMINATED");
    });
}

#[test]
fn what_cannot_be_called_is_an_incident_of_its_own_kind() {
    on_each(|rig| {
        assert_eq!(rig.deploy("caller.bpmn", CALLER).status, 200);
        start(rig, &json!({"what": "nothing"}));
        let found = search(rig, "incidents", &json!({"errorType": "CALLED_ELEMENT_ERROR"}));
        assert_eq!(found.len(), 1);
        assert!(found[0]["errorMessage"].as_str().unwrap().contains("`nothing`"), "{found:?}");
        assert_eq!(found[0]["elementId"], "call");
    });
}

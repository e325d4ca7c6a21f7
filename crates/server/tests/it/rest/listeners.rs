//! Listeners over REST: their kind in every answer that shows a job, live and past.

use serde_json::{Value, json};

use super::client::{Rig, on_each};

const MODEL: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="heard" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-work" sourceRef="start" targetRef="work" />
    <bpmn:serviceTask id="work">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="work" />
        <zeebe:executionListeners>
          <zeebe:executionListener eventType="start" type="before" retries="1" />
        </zeebe:executionListeners>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
  </bpmn:process>
</bpmn:definitions>"#;

fn found(rig: &Rig, filter: &Value) -> Vec<Value> {
    let found = rig.post("/v2/jobs/search", &json!({"filter": filter}));
    found["items"].as_array().unwrap().clone()
}

#[test]
fn a_listener_is_found_by_its_kind_while_it_lives_and_afterwards() {
    on_each(|rig| {
        assert_eq!(rig.deploy("heard.bpmn", MODEL).status, 200);
        let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "heard"}));
        let instance = created["processInstanceKey"].as_str().unwrap();
        let listeners = json!({"kind": "EXECUTION_LISTENER", "state": "CREATED"});
        let live = found(rig, &listeners);
        assert_eq!(live.len(), 1, "{live:?}");
        assert_eq!((&live[0]["type"], &live[0]["elementId"]), (&json!("before"), &json!("work")));
        assert_eq!(live[0]["listenerEventType"], "START");
        assert_eq!(
            found(rig, &json!({"kind": "BPMN_ELEMENT", "state": "CREATED"})),
            Vec::<Value>::new()
        );
        assert_eq!(found(rig, &json!({"listenerEventType": "START", "state": "CREATED"})), live);

        let job = rig.job("before");
        assert_eq!(
            (&job["kind"], &job["listenerEventType"]),
            (&json!("EXECUTION_LISTENER"), &json!("START"))
        );
        let path = format!("/v2/jobs/{}", job["jobKey"].as_str().unwrap());
        let error = json!({"errorCode": "NO"});
        rig.refused("POST", &format!("{path}/error"), &error, 409);
        rig.done("POST", &format!("{path}/failure"), &json!({"errorMessage": "no", "retries": 0}));
        let open = rig.post("/v2/incidents/search", &json!({}))["items"][0].clone();
        assert_eq!(open["errorType"], "EXECUTION_LISTENER_NO_RETRIES");
        let resolution =
            format!("/v2/incidents/{}/resolution", open["incidentKey"].as_str().unwrap());
        rig.done("POST", &resolution, &json!(null));
        rig.done("POST", &format!("{path}/completion"), &json!({}));

        assert_eq!(found(rig, &listeners), Vec::<Value>::new());
        let past = json!({"processInstanceKey": instance, "kind": "EXECUTION_LISTENER", "state": "COMPLETED"});
        assert_eq!(found(rig, &past).len(), 1);
        assert_eq!(rig.job("work")["kind"], "BPMN_ELEMENT");
    });
}

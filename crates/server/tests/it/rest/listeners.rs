//! Listeners over REST: their kind in every answer that shows a job, live and past.

use serde_json::{Value, json};

use super::client::{Rig, on_each, until};

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

const TASK: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="asked" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-task" sourceRef="start" targetRef="approve" />
    <bpmn:userTask id="approve">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:taskListeners>
          <zeebe:taskListener eventType="completing" type="check" />
        </zeebe:taskListeners>
      </bpmn:extensionElements>
    </bpmn:userTask>
  </bpmn:process>
</bpmn:definitions>"#;

#[test]
fn who_completes_a_task_hears_what_its_listeners_say() {
    on_each(|rig| {
        assert_eq!(rig.deploy("asked.bpmn", TASK).status, 200);
        let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "asked"}));
        let task = rig.task(created["processInstanceKey"].as_str().unwrap());
        let path = format!("/v2/user-tasks/{}", task["userTaskKey"].as_str().unwrap());
        let complete = || rig.call("POST", &format!("{path}/completion"), &json!({}));
        let answers = |result: &Value| {
            std::thread::scope(|scope| {
                let asked = scope.spawn(complete);
                let job = rig.job("check");
                assert_eq!(job["kind"], "TASK_LISTENER");
                let path = format!("/v2/jobs/{}/completion", job["jobKey"].as_str().unwrap());
                rig.done("POST", &path, result);
                asked.join().unwrap()
            })
        };
        let denied = answers(&json!({"result": {"denied": true, "deniedReason": "too early"}}));
        assert_eq!(denied.status, 409, "{denied:?}");
        assert!(denied.text.contains("too early"), "{denied:?}");
        let done =
            answers(&json!({"result": {"type": "userTask", "corrections": {"priority": 9}}}));
        assert_eq!(done.status, 204, "{done:?}");
        let found = rig.get(&path);
        assert_eq!((&found["state"], &found["priority"]), (&json!("COMPLETED"), &json!(9)));
    });
}

#[test]
fn who_listens_to_a_cancellation_is_heard_before_the_instance_ends() {
    let model = TASK.replace("completing", "canceling");
    on_each(|rig| {
        assert_eq!(rig.deploy("asked.bpmn", &model).status, 200);
        let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "asked"}));
        let instance = created["processInstanceKey"].as_str().unwrap();
        let path = format!("/v2/process-instances/{instance}");
        let task = rig.task(instance);
        rig.done("POST", &format!("{path}/cancellation"), &json!({}));
        let job = rig.job("check");
        assert_eq!(
            (&job["kind"], &job["listenerEventType"]),
            (&json!("TASK_LISTENER"), &json!("CANCELING"))
        );
        assert_eq!(
            job["customHeaders"]["io.camunda.zeebe:userTaskKey"],
            task["userTaskKey"].as_str().unwrap()
        );
        assert_eq!(job["userTask"]["userTaskKey"], task["userTaskKey"]);
        assert_eq!(job["userTask"]["changedAttributes"], json!([]));
        let key = task["userTaskKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/user-tasks/{key}"))["state"], "CANCELED");
        let lives = rig.get(&path);
        assert_eq!((&lives["state"], &lives["cancelingListeners"]), (&json!("ACTIVE"), &json!(1)));
        let completion = format!("/v2/jobs/{}/completion", job["jobKey"].as_str().unwrap());
        let denied = json!({"result": {"type": "userTask", "denied": true}});
        let refused = rig.refused("POST", &completion, &denied, 400);
        assert!(refused["detail"].as_str().unwrap().contains("cancellation"), "{refused}");
        rig.done("POST", &completion, &json!({}));
        let ended = until(|| rig.get(&path), |found| found["state"] == "TERMINATED");
        assert_eq!(ended["state"], "TERMINATED", "{ended}");
        assert!(ended.get("cancelingListeners").is_none(), "{ended}");
    });
}

#[test]
fn who_sets_variables_of_a_task_hears_what_its_listeners_say() {
    let model = TASK.replace("completing", "updating");
    on_each(|rig| {
        assert_eq!(rig.deploy("asked.bpmn", &model).status, 200);
        let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "asked"}));
        let task = rig.task(created["processInstanceKey"].as_str().unwrap());
        let element = task["elementInstanceKey"].as_str().unwrap();
        let path = format!("/v2/element-instances/{element}/variables");
        let set = || rig.call("PUT", &path, &json!({"variables": {"x": 1}, "local": true}));
        let answers = |result: &Value| {
            std::thread::scope(|scope| {
                let asked = scope.spawn(set);
                let job = rig.job("check");
                let path = format!("/v2/jobs/{}/completion", job["jobKey"].as_str().unwrap());
                rig.done("POST", &path, result);
                asked.join().unwrap()
            })
        };
        let denied = answers(&json!({"result": {"denied": true, "deniedReason": "not you"}}));
        assert_eq!(denied.status, 409, "{denied:?}");
        let filter = json!({"filter": {"name": "x", "scopeKey": element}});
        assert_eq!(rig.post("/v2/variables/search", &filter)["items"], json!([]));
        let done = answers(&json!({}));
        assert_eq!(done.status, 204, "{done:?}");
        let found = rig.post("/v2/variables/search", &filter);
        assert_eq!(found["items"][0]["scopeKey"], element);
    });
}

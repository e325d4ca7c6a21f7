//! Ad-hoc sub-processes over REST: activated by a caller, and by a worker through the job's result.

use serde_json::{Value, json};

use super::client::{Rig, on_each};

/// An ad-hoc sub-process `tools` with the jobs `search` and `write`; `{spec}` is its extensions.
fn model(spec: &str) -> String {
    format!(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="agent" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-tools" sourceRef="start" targetRef="tools" />
    <bpmn:adHocSubProcess id="tools">
      <bpmn:extensionElements>{spec}</bpmn:extensionElements>
      <bpmn:serviceTask id="search" name="Search the archive">
        <bpmn:documentation>Finds documents.</bpmn:documentation>
        <bpmn:extensionElements><zeebe:taskDefinition type="search" /></bpmn:extensionElements>
      </bpmn:serviceTask>
      <bpmn:serviceTask id="write">
        <bpmn:extensionElements><zeebe:taskDefinition type="write" /></bpmn:extensionElements>
      </bpmn:serviceTask>
    </bpmn:adHocSubProcess>
  </bpmn:process>
</bpmn:definitions>"#
    )
}

const JOB: &str = r#"<zeebe:adHoc outputCollection="found" outputElement="= result" />
    <zeebe:taskDefinition type="decide" retries="1" />
    <zeebe:taskHeaders><zeebe:header key="model" value="small" /></zeebe:taskHeaders>"#;

fn start(rig: &Rig, spec: &str) -> String {
    assert_eq!(rig.deploy("agent.bpmn", &model(spec)).status, 200);
    let created = rig.post("/v2/process-instances", &json!({"processDefinitionId": "agent"}));
    created["processInstanceKey"].as_str().unwrap().to_owned()
}

fn complete(job: &Value) -> String {
    format!("/v2/jobs/{}/completion", job["jobKey"].as_str().unwrap())
}

fn state(rig: &Rig, instance: &str) -> Value {
    rig.get(&format!("/v2/process-instances/{instance}"))["state"].clone()
}

#[test]
fn a_caller_activates_elements_of_an_ad_hoc_sub_process() {
    on_each(|rig| {
        let instance = start(rig, "");
        let filter = json!({"filter": {"processInstanceKey": instance, "elementId": "tools"}});
        let found = rig.post("/v2/element-instances/search", &filter)["items"][0].clone();
        assert_eq!(found["type"], "AD_HOC_SUB_PROCESS");
        let tools = found["elementInstanceKey"].as_str().unwrap().to_owned();
        let path = format!("/v2/element-instances/ad-hoc-activities/{tools}/activation");
        let wanted = |id: &str| json!({"elementId": id, "variables": {"for": id}});
        rig.refused("POST", &path, &json!({"elements": []}), 400);
        let unknown = json!({"elements": [wanted("search"), wanted("start")]});
        rig.refused("POST", &path, &unknown, 409);
        rig.refused("POST", "/v2/element-instances/ad-hoc-activities/7/activation", &unknown, 404);
        rig.done("POST", &path, &json!({"elements": [wanted("search"), wanted("write")]}));
        let job = rig.job("search");
        assert_eq!(
            (&job["variables"]["for"], &job["kind"]),
            (&json!("search"), &json!("BPMN_ELEMENT"))
        );
        let elements = &job["variables"]["adHocSubProcessElements"];
        assert_eq!(
            elements,
            &json!([
                {"elementId": "search", "elementName": "Search the archive", "documentation": "Finds documents."},
                {"elementId": "write"}
            ])
        );
        // While it is suspended, what fits is held.
        let replace = json!({"elements": [wanted("write")], "cancelRemainingInstances": true});
        let suspended = format!("/v2/process-instances/{instance}");
        rig.done("POST", &format!("{suspended}/suspension"), &json!({}));
        rig.refused("POST", &path, &unknown, 409);
        rig.done("POST", &path, &replace);
        rig.done("POST", &format!("{suspended}/resumption"), &json!({}));
        // None is handed out before what was held is done.
        let write = rig.job("write");
        rig.refused("POST", &complete(&job), &json!({}), 404);
        rig.done("POST", &complete(&write), &json!({}));
        assert_eq!(state(rig, &instance), "COMPLETED");
        let filter = json!({"filter": {"processInstanceKey": instance,
            "type": "AD_HOC_SUB_PROCESS_INNER_INSTANCE"}});
        let inner = rig.post("/v2/element-instances/search", &filter);
        assert_eq!(inner["page"]["totalItems"], 3);
    });
}

#[test]
fn a_worker_says_what_begins_and_when_it_is_done() {
    on_each(|rig| {
        let instance = start(rig, JOB);
        let kind = json!({"filter": {"kind": "AD_HOC_SUB_PROCESS", "state": "CREATED"}});
        let live = rig.post("/v2/jobs/search", &kind)["items"].clone();
        assert_eq!((&live[0]["type"], &live[0]["elementId"]), (&json!("decide"), &json!("tools")));
        assert_eq!(live[0]["customHeaders"], json!({"model": "small"}));
        let job = rig.job("decide");
        assert_eq!(
            (&job["kind"], &job["listenerEventType"], &job["customHeaders"]["model"]),
            (&json!("AD_HOC_SUB_PROCESS"), &json!("UNSPECIFIED"), &json!("small"))
        );
        let answer = |result: Value| json!({"variables": {"round": 1}, "result": result});
        let both = json!({"type": "adHocSubProcess", "isCompletionConditionFulfilled": true,
            "activateElements": [{"elementId": "search"}]});
        rig.refused("POST", &complete(&job), &answer(both), 409);
        let unknown = json!({"type": "adHocSubProcess", "activateElements": [{"elementId": "x"}]});
        rig.refused("POST", &complete(&job), &answer(unknown), 409);
        let denied = json!({"result": {"type": "userTask", "denied": true}});
        rig.refused("POST", &complete(&job), &denied, 400);
        let begin = json!({"type": "adHocSubProcess", "activateElements": [
            {"elementId": "search", "variables": {"query": "a"}}, {"elementId": "write"}]});
        rig.done("POST", &complete(&job), &answer(begin));

        let search = rig.job("search");
        assert_eq!(search["variables"]["query"], "a");
        assert_eq!(search["variables"]["round"], 1);
        let wrong = json!({"result": {"type": "adHocSubProcess"}});
        rig.refused("POST", &complete(&search), &wrong, 400);
        rig.done("POST", &complete(&search), &json!({"variables": {"result": 7}}));

        // Without attempts it is an incident of a kind of its own; what is done meanwhile asks anew.
        let job = rig.job("decide");
        assert_eq!(job["variables"]["found"], json!([7]));
        let path = format!("/v2/jobs/{}", job["jobKey"].as_str().unwrap());
        rig.done("POST", &format!("{path}/failure"), &json!({"errorMessage": "no", "retries": 0}));
        let open = rig.post("/v2/incidents/search", &json!({"filter": {"state": "ACTIVE"}}));
        assert_eq!(open["items"][0]["errorType"], "AD_HOC_SUB_PROCESS_NO_RETRIES");
        rig.done("POST", &complete(&rig.job("write")), &json!({"variables": {"result": 8}}));
        let open = rig.post("/v2/incidents/search", &json!({"filter": {"state": "ACTIVE"}}));
        assert_eq!(open["page"]["totalItems"], 0);
        rig.refused("POST", &format!("{path}/completion"), &json!({}), 404);

        let fulfilled = json!({"type": "adHocSubProcess", "isCompletionConditionFulfilled": true});
        rig.done("POST", &complete(&rig.job("decide")), &answer(fulfilled));
        assert_eq!(state(rig, &instance), "COMPLETED");
        let filter = json!({"filter": {"processInstanceKey": instance, "name": "found"}});
        let found = rig.post("/v2/variables/search", &filter)["items"][0]["value"].clone();
        assert_eq!(found, "[7,8]");
        let past =
            json!({"filter": {"processInstanceKey": instance, "kind": "AD_HOC_SUB_PROCESS"}});
        let past = rig.post("/v2/jobs/search", &past)["items"].clone();
        let states: Vec<&Value> =
            past.as_array().unwrap().iter().map(|job| &job["state"]).collect();
        assert_eq!(states, ["COMPLETED", "CANCELED", "COMPLETED"]);
    });
}

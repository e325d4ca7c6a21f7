//! Conditional start events, evaluated over REST.

use serde_json::{Value, json};

use super::client::on_each;

fn model(process: &str, condition: &str) -> String {
    format!(
        r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:process id="{process}" isExecutable="true">
    <bpmn:startEvent id="start">
      <bpmn:conditionalEventDefinition><bpmn:condition>= {condition}</bpmn:condition></bpmn:conditionalEventDefinition>
    </bpmn:startEvent>
    <bpmn:sequenceFlow id="to-work" sourceRef="start" targetRef="work" />
    <bpmn:serviceTask id="work">
      <bpmn:extensionElements><zeebe:taskDefinition type="{process}" /></bpmn:extensionElements>
    </bpmn:serviceTask>
  </bpmn:process>
</bpmn:definitions>"#
    )
}

#[test]
fn each_condition_that_holds_starts_an_instance_with_the_variables_of_the_call() {
    const PATH: &str = "/v2/conditionals/evaluation";
    on_each(|rig| {
        let hot = rig.deploy("hot.bpmn", &model("hot", "degrees &gt; 30"));
        assert_eq!(hot.status, 200, "{hot:?}");
        let cold = rig.deploy("cold.bpmn", &model("cold", "degrees &lt; 0")).json();
        let cold = &cold["deployments"][0]["processDefinition"]["processDefinitionKey"];
        let started = |body: &Value| {
            let answer = rig.post(PATH, body);
            assert!(answer["conditionalEvaluationKey"].is_string(), "{answer}");
            answer["processInstances"].as_array().unwrap().clone()
        };
        let all = started(&json!({"variables": {"degrees": 31}}));
        assert_eq!(all.len(), 1, "{all:?}");
        let job = rig.job("hot");
        assert_eq!(job["processInstanceKey"], all[0]["processInstanceKey"]);
        assert_eq!(job["variables"], json!({"degrees": 31}));
        assert_eq!(started(&json!({"variables": {"degrees": 10}})), Vec::<Value>::new());
        let asked = json!({"variables": {"degrees": -1}, "processDefinitionKey": cold});
        assert_eq!(started(&asked)[0]["processDefinitionKey"], *cold);

        // What is missing is null, and does not trigger; what is no condition starts nothing.
        assert_eq!(started(&json!({"variables": {}})), Vec::<Value>::new());
        let broken = rig.deploy("odd.bpmn", &model("odd", "degrees + 1"));
        assert_eq!(broken.status, 200, "{broken:?}");
        let refused = rig.refused("POST", PATH, &json!({"variables": {"degrees": 31}}), 400);
        assert!(refused["detail"].as_str().unwrap().contains("nothing was started"), "{refused}");
        let unknown = json!({"variables": {}, "processDefinitionKey": "4611686018427387905"});
        rig.refused("POST", PATH, &unknown, 404);
        rig.refused("POST", PATH, &json!({"variables": {}, "tenantId": "other"}), 400);
    });
}

//! Decisions over REST: deployed, found, evaluated, and explained for an instance.

use serde_json::{Value, json};

use super::client::{Rig, on_each};

const GRAPH: &str = include_str!("../../../../../examples/discount/discount.dmn");
const PROCESS: &str = include_str!("../../../../../examples/discount/discount.bpmn");

fn deploy(rig: &Rig, name: &str, model: &str) -> Value {
    let answer = rig.deploy(name, model);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["deployments"].clone()
}

fn order() -> Value {
    json!({"customer": {"kind": "business"}, "total": 1200})
}

#[test]
fn a_deployment_tells_the_decisions_and_their_requirements() {
    on_each(|rig| {
        let deployed = deploy(rig, "discount.dmn", GRAPH);
        assert_eq!(deployed.as_array().map(Vec::len), Some(3));
        let decision = &deployed[0]["decisionDefinition"];
        assert_eq!(decision["decisionDefinitionId"], "discount");
        assert_eq!((&decision["version"], &decision["name"]), (&json!(1), &json!("discount")));
        assert_eq!(decision["decisionRequirementsId"], "discounts");
        assert_eq!(deployed[0]["processDefinition"], Value::Null);
        let graph = &deployed[2]["decisionRequirements"];
        assert_eq!(graph["decisionRequirementsName"], "Discounts");
        assert_eq!(graph["resourceName"], "discount.dmn");
        assert_eq!(graph["decisionRequirementsKey"], decision["decisionRequirementsKey"]);
        assert_eq!(deploy(rig, "discount.dmn", GRAPH), deployed, "nothing has changed");
        let changed = deploy(rig, "discount.dmn", &GRAPH.replace("0.15", "0.2"));
        assert_eq!(changed[1]["decisionDefinition"]["version"], 2);
        assert_eq!(changed[2]["decisionRequirements"]["version"], 2);
    });
}

#[test]
fn a_graph_that_is_wrong_is_refused_with_every_place() {
    on_each(|rig| {
        let wrong = GRAPH.replace("total * (1", "total * * (1").replace("#total", "#sum");
        let answer = rig.deploy("discount.dmn", &wrong);
        assert_eq!(answer.status, 400, "{answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        let findings: Vec<_> = detail.lines().skip(1).collect();
        assert!(findings.len() > 1, "{detail}");
        assert!(findings.iter().all(|line| line.starts_with("discount.dmn:")), "{detail}");
        assert!(detail.contains("error[D0"), "{detail}");
        let found = rig.post("/v2/decision-definitions/search", &json!({}));
        assert_eq!(found["page"]["totalItems"], 0);
    });
}

#[test]
fn decisions_and_requirements_are_found_and_their_models_read() {
    on_each(|rig| {
        let first = deploy(rig, "discount.dmn", GRAPH);
        deploy(rig, "discount.dmn", &GRAPH.replace("0.15", "0.2"));
        let find = |what: &str, filter: Value| {
            let body = json!({"filter": filter, "sort": [{"field": "version", "order": "DESC"}]});
            rig.post(&format!("/v2/{what}/search"), &body)["items"].clone()
        };
        let latest =
            find("decision-definitions", json!({"isLatestVersion": true, "name": "price"}));
        assert_eq!(latest.as_array().map(Vec::len), Some(1));
        assert_eq!((&latest[0]["version"], &latest[0]["versionTag"]), (&json!(2), &Value::Null));
        assert_eq!(latest[0]["decisionRequirementsVersion"], 2);
        let all = find("decision-definitions", json!({"decisionDefinitionId": "discount"}));
        assert_eq!((&all[0]["version"], &all[1]["version"]), (&json!(2), &json!(1)));
        let graphs = find("decision-requirements", json!({"resourceName": {"$like": "*.dmn"}}));
        assert_eq!((&graphs[0]["version"], &graphs[1]["version"]), (&json!(2), &json!(1)));

        let key = first[0]["decisionDefinition"]["decisionDefinitionKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/decision-definitions/{key}")), all[1]);
        let graph = first[2]["decisionRequirements"]["decisionRequirementsKey"].as_str().unwrap();
        assert_eq!(rig.get(&format!("/v2/decision-requirements/{graph}")), graphs[1]);
        for path in
            [format!("decision-definitions/{key}"), format!("decision-requirements/{graph}")]
        {
            let xml = rig.send("GET", &format!("/v2/{path}/xml"), "", b"");
            assert_eq!((xml.status, xml.text.as_str()), (200, GRAPH));
        }
        for path in ["decision-definitions", "decision-requirements"] {
            rig.refused("GET", &format!("/v2/{path}/7"), &json!({}), 404);
            rig.refused("GET", &format!("/v2/{path}/7/xml"), &json!({}), 404);
            let odd = json!({"filter": {"colour": "red"}});
            rig.refused("POST", &format!("/v2/{path}/search"), &odd, 400);
        }
    });
}

#[test]
fn an_evaluation_is_explained() {
    on_each(|rig| {
        let deployed = deploy(rig, "discount.dmn", GRAPH);
        let path = "/v2/decision-definitions/evaluation";
        let body = json!({"decisionDefinitionId": "price", "variables": order()});
        let answer = rig.post(path, &body);
        assert_eq!(
            (&answer["output"], &answer["decisionDefinitionVersion"]),
            (&json!("1020"), &json!(1))
        );
        assert_eq!(answer["decisionRequirementsId"], "discounts");
        assert_eq!(answer["failureMessage"], Value::Null);
        assert_eq!(answer["decisionEvaluationKey"], answer["decisionInstanceKey"]);
        let table = &answer["evaluatedDecisions"][0];
        assert_eq!(table["decisionDefinitionId"], "discount");
        assert_eq!(table["decisionDefinitionType"], "DECISION_TABLE");
        assert_eq!(table["output"], "0.15");
        assert_eq!(
            table["evaluatedInputs"],
            json!([
                {"inputId": "kind", "inputName": "Kind of customer", "inputValue": "\"business\""},
                {"inputId": "amount", "inputName": "Total", "inputValue": "1200"},
            ])
        );
        let rule = &table["matchedRules"][0];
        assert_eq!((&rule["ruleId"], &rule["ruleIndex"]), (&json!("large-business"), &json!(1)));
        assert_eq!(rule["evaluatedOutputs"][0]["outputValue"], "0.15");
        assert_eq!(answer["evaluatedDecisions"][1]["decisionDefinitionType"], "LITERAL_EXPRESSION");

        let key = &deployed[0]["decisionDefinition"]["decisionDefinitionKey"];
        let by_key = rig.post(path, &json!({"decisionDefinitionKey": key}));
        assert_eq!(by_key["output"], "0");

        deploy(rig, "discount.dmn", &GRAPH.replace("FIRST", "UNIQUE"));
        let failed = rig.post(path, &body);
        assert_eq!(failed["failedDecisionDefinitionId"], "discount");
        assert_eq!(failed["output"], "null");
        assert!(failed["failureMessage"].is_string(), "{failed}");

        let unknown = json!({"decisionDefinitionId": "rebate"});
        let problem = rig.refused("POST", path, &unknown, 404);
        assert!(problem["detail"].as_str().unwrap().contains("check the id"), "{problem}");
        rig.refused("POST", path, &json!({"decisionDefinitionKey": "7"}), 404);
        rig.refused("POST", path, &json!({}), 400);
        let both = json!({"decisionDefinitionKey": key, "decisionDefinitionId": "price"});
        rig.refused("POST", path, &both, 400);
        let odd = json!({"decisionDefinitionId": "price", "variables": [1]});
        rig.refused("POST", path, &odd, 400);
    });
}

#[test]
fn what_was_decided_for_an_instance_is_found() {
    on_each(|rig| {
        deploy(rig, "discount.dmn", GRAPH);
        deploy(rig, "discount.bpmn", PROCESS);
        let body = json!({"processDefinitionId": "price-an-order", "variables": order(),
            "awaitCompletion": true});
        let created = rig.post("/v2/process-instances", &body);
        assert_eq!(created["variables"]["price"], 1020);
        let search = "/v2/decision-instances/search";
        let filter = |filter: Value| rig.post(search, &json!({"filter": filter}))["items"].clone();
        let instance = &created["processInstanceKey"];
        let found = filter(json!({"processInstanceKey": instance}));
        assert_eq!(found.as_array().map(Vec::len), Some(2));
        let table = &found[0];
        assert_eq!((&table["state"], &table["result"]), (&json!("EVALUATED"), &json!("0.15")));
        assert_eq!(&table["processInstanceKey"], instance);
        assert!(table.get("matchedRules").is_none(), "{table}");
        let root = json!({"processInstanceKey": instance, "decisionDefinitionId": "price"});
        assert_eq!(filter(root)[0], found[1]);
        let task = filter(json!({"elementInstanceKey": table["elementInstanceKey"]}));
        assert_eq!(task, found);
        let key = table["decisionEvaluationInstanceKey"].as_str().unwrap();
        let whole = rig.get(&format!("/v2/decision-instances/{key}"));
        assert_eq!(whole["matchedRules"][0]["ruleIndex"], 1);
        assert_eq!(whole["evaluatedInputs"][1]["inputName"], "Total");
        rig.refused("GET", "/v2/decision-instances/7-1", &json!({}), 404);
        rig.refused("GET", "/v2/decision-instances/seven", &json!({}), 404);
        let problem = rig.refused("POST", search, &json!({}), 400);
        assert!(problem["detail"].as_str().unwrap().contains("processInstanceKey"), "{problem}");
    });
}

#[test]
fn a_task_without_its_decision_has_an_incident_that_a_retry_resolves() {
    on_each(|rig| {
        deploy(rig, "discount.bpmn", PROCESS);
        let body = json!({"processDefinitionId": "price-an-order", "variables": order()});
        let created = rig.post("/v2/process-instances", &body);
        let filter = json!({"filter": {"processInstanceKey": created["processInstanceKey"]}});
        let found = rig.post("/v2/incidents/search", &filter)["items"][0].clone();
        assert_eq!(found["errorType"], "CALLED_DECISION_ERROR");
        deploy(rig, "discount.dmn", GRAPH);
        let incident = found["incidentKey"].as_str().unwrap();
        rig.done("POST", &format!("/v2/incidents/{incident}/resolution"), &json!({}));
        let found = rig.post("/v2/process-instances/search", &filter)["items"][0].clone();
        assert_eq!(found["state"], "COMPLETED");
    });
}

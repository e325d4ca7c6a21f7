//! Decisions: deployed in versions, called by business rule tasks, evaluated for callers outside.

use std::fmt::Write as _;

use base::{
    Command, DecisionRef, EvaluateDecision, Evaluation, Event, IncidentKind, InstanceKey, Json,
    Rejection, RejectionKind, Reply, Variables,
};
use fermata_sim::World;
use instance::Status;

use crate::{in_every_world, line, model, model_of, service};

/// A graph with one table: the discount by the customer's kind and the total.
fn discounts(rules: &[(&str, &str, &str)]) -> String {
    let mut table = String::new();
    for (number, (kind, total, discount)) in rules.iter().enumerate() {
        let _ = write!(
            table,
            r#"<rule id="rule-{number}"><inputEntry id="a{number}"><text>{kind}</text></inputEntry>
            <inputEntry id="b{number}"><text>{total}</text></inputEntry>
            <outputEntry id="c{number}"><text>{discount}</text></outputEntry></rule>"#
        );
    }
    graph(
        "prices",
        &format!(
            r#"<decision id="discount" name="Discount"><variable name="Discount"/>
            <decisionTable id="table" hitPolicy="FIRST">
            <input id="in-kind" label="Kind"><inputExpression id="e1"><text>customer.kind</text></inputExpression></input>
            <input id="in-total" label="Total"><inputExpression id="e2"><text>total</text></inputExpression></input>
            <output id="out" label="Discount" name="discount"/>{table}</decisionTable></decision>"#
        ),
    )
}

fn graph(id: &str, decisions: &str) -> String {
    format!(
        r#"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
        xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
        id="{id}" name="{id} of the shop" namespace="urn:fermata:test">{decisions}</definitions>"#
    )
}

/// A decision that is one expression.
fn literal(id: &str, tag: &str, expression: &str) -> String {
    let tag = if tag.is_empty() {
        String::new()
    } else {
        format!(r#"<extensionElements><zeebe:versionTag value="{tag}"/></extensionElements>"#)
    };
    format!(
        r#"<decision id="{id}" name="{id}">{tag}<variable name="{id}"/>
        <literalExpression id="l-{id}"><text>{expression}</text></literalExpression></decision>"#
    )
}

fn standard() -> String {
    discounts(&[
        ("\"business\"", "&lt; 1000", "0.1"),
        ("\"business\"", "-", "0.15"),
        ("-", "-", "0"),
    ])
}

/// A business rule task that calls a decision.
fn rule(called: &str, mapping: &str) -> String {
    format!(
        r#"<bpmn:businessRuleTask id="decide" name="Decide"><bpmn:extensionElements>
        <zeebe:calledDecision {called}/>{mapping}</bpmn:extensionElements></bpmn:businessRuleTask>"#
    )
}

/// The task, then a job.
fn process(called: &str, mapping: &str) -> String {
    model(&line(&[("decide", &rule(called, mapping)), ("ship", &service("ship"))]))
}

const DISCOUNT: &str = r#"decisionId="discount" resultVariable="rate""#;
const ORDER: &str = r#"{"customer": {"kind": "business"}, "total": 1200}"#;

fn variable(world: &mut World, instance: InstanceKey, name: &str) -> Option<String> {
    let history = world.history(instance);
    let variables = history.variables.get(&instance.root())?;
    variables.get(name).map(|value| value.as_str().to_owned())
}

fn evaluations(world: &mut World, instance: InstanceKey) -> Vec<Evaluation> {
    let timeline = world.history(instance).timeline;
    let evaluation = |event| match event {
        Event::DecisionEvaluated { evaluation, owner: _ } => Some(*evaluation),
        _ => None,
    };
    timeline.into_iter().filter_map(|entry| evaluation(entry.event)).collect()
}

fn evaluate(
    world: &mut World,
    decision: DecisionRef,
    variables: &str,
) -> Result<Evaluation, Rejection> {
    let variables = Variables::parse(variables).unwrap();
    match world.command(Command::Evaluate(EvaluateDecision { decision, variables }))? {
        Reply::Evaluated(evaluation) => Ok(*evaluation),
        other => panic!("{other:?} does not answer an evaluation"),
    }
}

/// The one open incident.
fn incident(world: &mut World, instance: InstanceKey) -> (base::IncidentKey, IncidentKind, String) {
    let state = world.history(instance).state;
    assert_eq!(state.incidents().len(), 1, "{state:#?}");
    let (key, open) = state.incidents().first_key_value().unwrap();
    (*key, open.kind, open.message.to_string())
}

fn resolve(world: &mut World, instance: InstanceKey) {
    let (incident, _, _) = incident(world, instance);
    world.command(Command::ResolveIncident { incident }).unwrap();
}

#[test]
fn a_business_rule_task_takes_what_its_decision_gives_and_the_log_says_why() {
    in_every_world(|world| {
        let graphs = world.deploy_decisions(&[&process(DISCOUNT, ""), &standard()]).unwrap();
        let instance = world.create("p", ORDER);
        assert_eq!(variable(world, instance, "rate").as_deref(), Some("0.15"));
        assert_eq!(world.activate("ship", 1).len(), 1, "the token went on");

        let found = evaluations(world, instance).remove(0);
        assert_eq!((&*found.id, &*found.name, found.version), ("discount", "Discount", 1));
        assert_eq!((found.graph, &*found.graph_id), (graphs[0].key, "prices"));
        assert_eq!(found.decision, graphs[0].decisions[0].key);
        let table = &found.decisions[0];
        assert_eq!((&*table.kind, table.decision), ("DECISION_TABLE", Some(found.decision)));
        let inputs: Vec<_> =
            table.inputs.iter().map(|input| (&*input.name, &input.value)).collect();
        let json = |text: &str| Some(Json::trusted(text));
        assert_eq!(inputs, [("Kind", &json("\"business\"")), ("Total", &json("1200"))]);
        assert_eq!((&*table.rules[0].id, table.rules[0].index), ("rule-1", 2));
        assert_eq!(table.rules[0].outputs[0].value, json("0.15"));
    });
}

#[test]
fn with_output_mappings_the_result_stays_with_the_task() {
    in_every_world(|world| {
        let mapping = r#"<zeebe:ioMapping><zeebe:input source="=order.total" target="total"/>
            <zeebe:input source="=order.customer" target="customer"/>
            <zeebe:output source="=rate * 100" target="percent"/></zeebe:ioMapping>"#;
        world.deploy(&[&process(DISCOUNT, mapping), &standard()]).unwrap();
        let instance = world.create("p", &format!(r#"{{"order": {ORDER}}}"#));
        assert_eq!(variable(world, instance, "percent").as_deref(), Some("15"));
        assert_eq!(variable(world, instance, "rate"), None);
        assert_eq!(variable(world, instance, "total"), None);
    });
}

#[test]
fn a_decision_that_is_not_deployed_stops_the_task_until_it_is() {
    in_every_world(|world| {
        world.deploy(&[&process(DISCOUNT, "")]).unwrap();
        let instance = world.create("p", ORDER);
        let (_, kind, message) = incident(world, instance);
        assert_eq!(kind, IncidentKind::CalledDecisionError);
        assert!(message.contains("\"Decide\" (decide): expected a deployed decision"), "{message}");
        assert!(message.contains("`discount`") && message.contains("deploy it"), "{message}");
        resolve(world, instance);
        assert_eq!(incident(world, instance).1, IncidentKind::CalledDecisionError);
        world.deploy(&[&standard()]).unwrap();
        resolve(world, instance);
        assert_eq!(variable(world, instance, "rate").as_deref(), Some("0.15"));
        assert_eq!(evaluations(world, instance).len(), 1);
    });
}

#[test]
fn an_evaluation_that_fails_stops_the_task_until_the_decision_is_corrected() {
    in_every_world(|world| {
        // Two rules match, and only one may.
        let wrong = standard().replace("FIRST", "UNIQUE");
        world.deploy(&[&process(DISCOUNT, ""), &wrong]).unwrap();
        let instance = world.create("p", ORDER);
        let (_, kind, message) = incident(world, instance);
        assert_eq!(kind, IncidentKind::DecisionEvaluationError, "{message}");
        assert!(message.contains("\"Discount\" cannot be decided: "), "{message}");
        let failed = evaluations(world, instance).remove(0);
        assert_eq!((failed.output, failed.version), (None, 1));
        assert_eq!(&*failed.failure.unwrap().decision_id, "discount");
        resolve(world, instance);
        assert_eq!(evaluations(world, instance).len(), 2);
        world.deploy(&[&standard()]).unwrap();
        resolve(world, instance);
        assert_eq!(variable(world, instance, "rate").as_deref(), Some("0.15"));
        let versions: Vec<_> = evaluations(world, instance).iter().map(|one| one.version).collect();
        assert_eq!(versions, [1, 1, 2]);
    });
}

#[test]
fn the_latest_version_is_looked_up_when_the_task_is_reached() {
    in_every_world(|world| {
        let elements = line(&[
            ("first", &service("first")),
            ("decide", &rule(r#"decisionId="v" resultVariable="v""#, "")),
            ("ship", &service("ship")),
        ]);
        world.deploy(&[&model(&elements), &graph("g", &literal("v", "", "1"))]).unwrap();
        let instance = world.create("p", "{}");
        world.deploy(&[&graph("g", &literal("v", "", "2"))]).unwrap();
        let job = world.activate("first", 1).remove(0).job;
        world.complete(job, "{}").unwrap();
        assert_eq!(variable(world, instance, "v").as_deref(), Some("2"));
        // What was decided stays, whatever is deployed later.
        world.deploy(&[&graph("g", &literal("v", "", "3"))]).unwrap();
        world.crash();
        assert_eq!(variable(world, instance, "v").as_deref(), Some("2"));
        assert_eq!(evaluations(world, instance)[0].version, 2);
    });
}

#[test]
fn a_task_is_bound_to_its_deployment_or_to_a_version_tag() {
    in_every_world(|world| {
        let bound = r#"decisionId="v" resultVariable="v" bindingType="deployment""#;
        let tagged =
            r#"decisionId="v" resultVariable="v" bindingType="versionTag" versionTag="good""#;
        let by_tag =
            model_of("q", &line(&[("decide", &rule(tagged, "")), ("ship", &service("ship"))]));
        let decision = |tag, value| graph("g", &literal("v", tag, value));
        let first = [process(bound, ""), decision("", "1")];
        world.deploy(&[&first[0], &first[1]]).unwrap();
        world.deploy(&[&by_tag, &decision("good", "2")]).unwrap();
        world.deploy(&[&decision("", "3")]).unwrap();
        let instances = [world.create("p", "{}"), world.create("q", "{}")];
        let found = instances.map(|instance| variable(world, instance, "v").unwrap());
        assert_eq!(found, ["1", "2"]);

        // The same decision with a new process is a new version: it is of that deployment.
        let second = process(&format!("{bound} versionTag=\"\""), "");
        world.deploy(&[&second, &first[1]]).unwrap();
        let instance = world.create("p", "{}");
        assert_eq!(variable(world, instance, "v").as_deref(), Some("1"));
        assert_eq!(evaluations(world, instance)[0].version, 4);
        // And the same of both is nothing new.
        let again = world.deploy_decisions(&[&second, &first[1]]).unwrap().remove(0);
        assert_eq!(again.version, 4);

        let alone =
            model_of("r", &line(&[("decide", &rule(bound, "")), ("ship", &service("ship"))]));
        world.deploy(&[&alone]).unwrap();
        let instance = world.create("r", "{}");
        let (_, kind, message) = incident(world, instance);
        assert_eq!(kind, IncidentKind::CalledDecisionError);
        assert!(message.contains("in the deployment of the process"), "{message}");
        let missing = tagged.replace("good", "better");
        world.deploy(&[&model_of("r", &line(&[("decide", &rule(&missing, ""))]))]).unwrap();
        let instance = world.create("r", "{}");
        assert!(incident(world, instance).2.contains("the version tag `better`"));
    });
}

#[test]
fn the_id_of_a_decision_may_be_an_expression() {
    in_every_world(|world| {
        let called = r#"decisionId="=&quot;rule-&quot; + country" resultVariable="v""#;
        let both = [literal("rule-de", "", "19"), literal("rule-ch", "", "8.1")].concat();
        world.deploy(&[&process(called, ""), &graph("vat", &both)]).unwrap();
        let instance = world.create("p", r#"{"country": "ch"}"#);
        assert_eq!(variable(world, instance, "v").as_deref(), Some("8.1"));
        let nowhere = world.create("p", "{}");
        let (_, kind, message) = incident(world, nowhere);
        assert_eq!(kind, IncidentKind::ExtractValueError);
        assert!(message.contains("the decision id to be a string"), "{message}");
    });
}

#[test]
fn a_loop_of_decisions_that_never_waits_is_stopped() {
    let body = format!(
        r#"<bpmn:startEvent id="s"/>{}<bpmn:parallelGateway id="fork"/>
        <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="decide"/>
        <bpmn:sequenceFlow id="b" sourceRef="decide" targetRef="fork"/>
        <bpmn:sequenceFlow id="c" sourceRef="fork" targetRef="decide"/>
        <bpmn:sequenceFlow id="d" sourceRef="fork" targetRef="decide"/>"#,
        rule(r#"decisionId="v" resultVariable="v""#, "")
    );
    let mut world = World::new(1, fermata_sim::Crash::Never);
    world.deploy(&[&model(&body), &graph("g", &literal("v", "", "1"))]).unwrap();
    let instance = world.create("p", "{}");
    let state = world.history(instance).state;
    assert_eq!(state.status(), Status::Active);
    assert!(!state.incidents().is_empty());
    assert!(state.incidents().values().all(|open| open.kind == IncidentKind::StepLimit));
    world.command(Command::Cancel { instance }).unwrap();
    world.verify();
}

#[test]
fn a_task_whose_scope_ends_in_the_same_step_is_not_decided() {
    in_every_world(|world| {
        let body = format!(
            r#"<bpmn:startEvent id="s"/>{}<bpmn:parallelGateway id="fork"/>
            <bpmn:endEvent id="stop"><bpmn:terminateEventDefinition id="t"/></bpmn:endEvent>
            <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="fork"/>
            <bpmn:sequenceFlow id="b" sourceRef="fork" targetRef="decide"/>
            <bpmn:sequenceFlow id="c" sourceRef="fork" targetRef="stop"/>"#,
            rule(DISCOUNT, "")
        );
        world.deploy(&[&model(&body), &standard()]).unwrap();
        let instance = world.create("p", ORDER);
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        assert_eq!(evaluations(world, instance), []);
    });
}

#[test]
fn a_timer_beside_a_task_that_is_decided_at_once_never_fires() {
    in_every_world(|world| {
        let boundary = r#"<bpmn:boundaryEvent id="late" attachedToRef="decide">
            <bpmn:timerEventDefinition><bpmn:timeDuration>PT1M</bpmn:timeDuration>
            </bpmn:timerEventDefinition></bpmn:boundaryEvent>
            <bpmn:sequenceFlow id="x" sourceRef="late" targetRef="end"/>"#;
        let task = [&rule(DISCOUNT, ""), boundary].concat();
        let body = line(&[("decide", &task), ("ship", &service("ship"))]);
        world.deploy(&[&model(&body)]).unwrap();
        let stuck = world.create("p", ORDER);
        assert_eq!(incident(world, stuck).1, IncidentKind::CalledDecisionError);
        world.deploy(&[&standard()]).unwrap();
        let instance = world.create("p", ORDER);
        assert_eq!(world.history(instance).state.timers().len(), 0);
        resolve(world, stuck);
        assert_eq!(world.history(stuck).state.timers().len(), 0);
        assert_eq!(world.activate("ship", 5).len(), 2);
    });
}

#[test]
fn decisions_get_versions_as_processes_do() {
    in_every_world(|world| {
        let one = world.deploy_decisions(&[&standard()]).unwrap().remove(0);
        assert_eq!((&*one.id, &*one.name, one.version), ("prices", "prices of the shop", 1));
        assert_eq!((&*one.decisions[0].id, one.decisions[0].version), ("discount", 1));
        let same = world.deploy_decisions(&[&standard()]).unwrap().remove(0);
        assert_eq!(same, one);
        let two = world.deploy_decisions(&[&discounts(&[("-", "-", "1")])]).unwrap().remove(0);
        assert_eq!((two.version, two.decisions[0].version), (2, 2));
        assert_ne!(two.key, one.key);
        // A decision moves to another graph: its versions go on, those of the graph begin.
        let moved = world.deploy_decisions(&[&graph("other", &literal("discount", "", "7"))]);
        let moved = moved.unwrap().remove(0);
        assert_eq!((moved.version, moved.decisions[0].version), (1, 3));
        // The former graph is deployed again: its decision is the latest again, as a new version.
        let back = world.deploy_decisions(&[&discounts(&[("-", "-", "1")])]).unwrap().remove(0);
        assert_eq!((back.version, back.decisions[0].version), (3, 4));

        let twice = world.deploy(&[&standard(), &graph("third", &literal("discount", "", "7"))]);
        let refusal = twice.unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidArgument);
        assert!(refusal.message.contains("each decision once"), "{refusal}");
        let three = world.deploy_decisions(&[&graph("third", &literal("w", "", "7"))]).unwrap();
        assert_eq!(three[0].version, 1, "nothing of a refused deployment was deployed");
    });
}

#[test]
fn a_decision_is_evaluated_for_whoever_asks() {
    in_every_world(|world| {
        let one = world.deploy_decisions(&[&standard()]).unwrap().remove(0);
        world.deploy(&[&discounts(&[("-", "-", "0.5")])]).unwrap();
        let latest = evaluate(world, DecisionRef::Id("discount".into()), ORDER).unwrap();
        assert_eq!((latest.version, latest.output), (2, Some(Json::trusted("0.5"))));
        let first = DecisionRef::Key(one.decisions[0].key);
        let first = evaluate(world, first, ORDER).unwrap();
        assert_eq!((first.version, first.output), (1, Some(Json::trusted("0.15"))));
        assert_eq!(first.decisions[0].rules[0].index, 2);
        assert_ne!(first.key, latest.key);

        world.deploy(&[&standard().replace("FIRST", "UNIQUE")]).unwrap();
        let failed = evaluate(world, DecisionRef::Id("discount".into()), ORDER).unwrap();
        assert_eq!(failed.output, None);
        assert_eq!(&*failed.failure.unwrap().decision_id, "discount");

        let unknown = evaluate(world, DecisionRef::Id("rebate".into()), "{}").unwrap_err();
        assert_eq!(unknown.kind, RejectionKind::NotFound);
        assert!(unknown.message.contains("`rebate`"), "{unknown}");
        assert!(unknown.message.contains("(deployed: `discount`)"), "{unknown}");
        let unknown = evaluate(world, DecisionRef::Key(one.key.0.into()), "{}").unwrap_err();
        assert_eq!(unknown.kind, RejectionKind::NotFound);
    });
}

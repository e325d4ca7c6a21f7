//! Conditional events: start events that a caller asks for, and waits that survive a crash.

use std::fmt::Write as _;

use base::{Command, DefinitionKey, Outcome, RejectionKind, Reply, Variables};
use fermata_sim::World;

use crate::{in_every_world, model, model_of, service};

const CONDITION: &str = "bpmn:conditionalEventDefinition";

/// A process that begins when `condition` holds, with a job `job`.
fn started_by(process: &str, conditions: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (number, (condition, job)) in conditions.iter().enumerate() {
        let _ = write!(
            body,
            r#"<bpmn:startEvent id="s{number}"><{CONDITION}><bpmn:condition>= {condition}</bpmn:condition>
            </{CONDITION}></bpmn:startEvent>{}<bpmn:sequenceFlow id="f{number}" sourceRef="s{number}"
            targetRef="{job}"/>"#,
            service(job)
        );
    }
    model_of(process, &body)
}

fn evaluate(world: &mut World, definition: Option<DefinitionKey>, variables: &str) -> Outcome {
    let variables = Variables::parse(variables).unwrap();
    world.command(Command::EvaluateConditions { definition, variables })
}

/// Ids of the processes that were started.
fn started(outcome: Outcome) -> Vec<String> {
    let Ok(Reply::Conditions { started, .. }) = outcome else { panic!("{outcome:?}") };
    started.iter().map(|created| created.process_id.to_string()).collect()
}

#[test]
fn each_condition_that_holds_starts_an_instance() {
    in_every_world(|world| {
        let p = started_by("p", &[("x &gt; 1", "a"), ("x &gt; 2", "b")]);
        let q = started_by("q", &[("y &gt; 1", "c")]);
        let deployed = world.deploy(&[&p, &q]).unwrap();
        assert_eq!(started(evaluate(world, None, r#"{"x": 2}"#)), ["p"]);
        assert_eq!(&*world.job("a").variables, r#"{"x":2}"#);
        assert_eq!(started(evaluate(world, None, "{}")), Vec::<String>::new());
        assert_eq!(started(evaluate(world, None, r#"{"x": 3, "y": 2}"#)), ["p", "p", "q"]);
        let q = deployed[1].key;
        assert_eq!(started(evaluate(world, Some(q), r#"{"x": 3, "y": 2}"#)), ["q"]);
    });
}

#[test]
fn only_the_latest_version_is_asked() {
    in_every_world(|world| {
        let old = world.deploy(&[&started_by("p", &[("x &gt; 1", "a")])]).unwrap()[0].key;
        world.deploy(&[&started_by("p", &[("x &gt; 5", "a")])]).unwrap();
        assert_eq!(started(evaluate(world, None, r#"{"x": 2}"#)), Vec::<String>::new());
        let refused = evaluate(world, Some(old), r#"{"x": 2}"#).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidState);
        world.deploy(&[&model(&crate::line(&[("work", &service("work"))]))]).unwrap();
        assert_eq!(started(evaluate(world, None, r#"{"x": 6}"#)), Vec::<String>::new());
        let unknown = DefinitionKey(base::Key::of_block(base::ShardId(0), 77));
        let refused = evaluate(world, Some(unknown), "{}").unwrap_err();
        assert_eq!(refused.kind, RejectionKind::NotFound);
    });
}

#[test]
fn nothing_is_started_if_a_condition_cannot_be_evaluated() {
    in_every_world(|world| {
        world.deploy(&[&started_by("p", &[("true", "a"), ("x", "b")])]).unwrap();
        let refused = evaluate(world, None, r#"{"x": 1}"#).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidArgument);
        assert!(refused.message.contains("`s1`"), "{refused}");
        assert_eq!(world.activate("a", 1), []);
    });
}

#[test]
fn a_wait_for_a_condition_is_in_no_row_and_lives_on() {
    let body = format!(
        r#"<bpmn:startEvent id="s"/>{}<bpmn:intermediateCatchEvent id="c"><{CONDITION}>
        <bpmn:condition>= ready</bpmn:condition></{CONDITION}></bpmn:intermediateCatchEvent>
        <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="c"/>
        <bpmn:sequenceFlow id="b" sourceRef="c" targetRef="work"/>"#,
        service("work")
    );
    in_every_world(|world| {
        world.deploy(&[&model(&body)]).unwrap();
        let instance = world.create("p", "{}");
        world.crash();
        assert_eq!(world.history(instance).state.conditions().len(), 1);
        let variables = Variables::parse(r#"{"ready": true}"#).unwrap();
        let scope = instance.root();
        world.command(Command::SetVariables { scope, variables, local: false }).unwrap();
        let job = world.job("work");
        world.complete(job.job, "{}").unwrap();
    });
}

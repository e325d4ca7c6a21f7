//! Deleting instances that have ended: nothing of them is left, and nobody else is touched.

use base::{Command, InstanceKey, Outcome, RejectionKind, Variables};
use fermata_sim::World;

use crate::{in_every_world, line, model, model_of, service};

fn delete(world: &mut World, instance: InstanceKey) -> Outcome {
    world.command(Command::DeleteInstance { instance })
}

fn left(world: &mut World, instance: InstanceKey) -> bool {
    let log = world.reader().log(instance, 0, u32::MAX).unwrap();
    let row = world.reader().instance(instance).unwrap();
    let state = world.reader().state(instance).unwrap();
    assert_eq!(log.is_empty(), row.is_none() && state.is_none(), "{instance}: all or nothing");
    row.is_some()
}

#[test]
fn an_ended_instance_is_gone_and_a_live_one_is_refused() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("work", &service("work"))]))]).unwrap();
        let (ended, cancelled, live) =
            (world.create("p", "{}"), world.create("p", "{}"), world.create("p", "{}"));
        let refused = delete(world, ended).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidState);
        assert!(refused.message.contains("cancel it first"), "{}", refused.message);
        let jobs = world.activate("work", 3);
        let job = jobs.iter().find(|job| job.instance == ended).unwrap().job;
        world.complete(job, "{}").unwrap();
        world.command(Command::Cancel { instance: cancelled }).unwrap();
        for gone in [ended, cancelled] {
            delete(world, gone).unwrap();
            assert!(!left(world, gone));
            assert_eq!(delete(world, gone).unwrap_err().kind, RejectionKind::NotFound);
            let scope = gone.root();
            let set = Command::SetVariables { scope, variables: Variables::new(), local: true };
            assert_eq!(world.command(set).unwrap_err().kind, RejectionKind::NotFound);
        }
        assert_eq!(world.complete(job, "{}").unwrap_err().kind, RejectionKind::NotFound);
        assert!(left(world, live), "others stay");
        world.crash();
        assert!(!left(world, ended) && left(world, live));
    });
}

#[test]
fn what_was_called_goes_with_its_root_and_not_alone() {
    let call = |of: &str| {
        format!(
            r#"<bpmn:callActivity id="call"><bpmn:extensionElements><zeebe:calledElement processId="{of}"/>
            </bpmn:extensionElements></bpmn:callActivity>"#
        )
    };
    let root = model(&line(&[("call", &call("middle"))]));
    let middle = model_of("middle", &line(&[("call", &call("inner"))]));
    let inner = model_of("inner", &line(&[("work", &service("work"))]));
    in_every_world(|world| {
        world.deploy(&[&root, &middle, &inner]).unwrap();
        let other = world.create("p", "{}");
        let jobs = world.activate("work", 1);
        world.complete(jobs[0].job, "{}").unwrap();
        let gone = world.create("p", "{}");
        let job = world.job("work");
        let inner = job.instance;
        let middle = world.history(inner).state.header().parent.unwrap().instance;
        world.complete(job.job, "{}").unwrap();
        for called in [inner, middle] {
            let refused = delete(world, called).unwrap_err();
            assert_eq!(refused.kind, RejectionKind::InvalidState);
            assert!(refused.message.contains(&format!("root instance {gone}")), "{refused}");
        }
        delete(world, gone).unwrap();
        for instance in [gone, middle, inner] {
            assert!(!left(world, instance));
        }
        assert!(left(world, other) && left(world, jobs[0].instance));
    });
}

#[test]
fn one_that_ends_and_is_deleted_in_the_same_batch_is_gone() {
    in_every_world(|world| {
        // Large enough for further key ranges and a snapshot.
        let many = r#"<bpmn:serviceTask id="work"><bpmn:extensionElements>
            <zeebe:taskDefinition type="work"/></bpmn:extensionElements>
            <bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>= 1500</bpmn:loopCardinality>
            </bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>"#;
        world.deploy(&[&model(&line(&[("work", many)]))]).unwrap();
        let instance = world.create("p", "{}");
        let last = *world.history(instance).state.jobs().last_key_value().unwrap().0;
        assert_eq!(world.reader().owner(last.0).unwrap(), Some(instance));
        let outcomes = world
            .commands(vec![Command::Cancel { instance }, Command::DeleteInstance { instance }]);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert!(!left(world, instance));
        assert_eq!(world.reader().owner(last.0).unwrap(), None, "its keys are nobody's");
    });
}

/// A process `p` that a timer starts every minute and the message `begin` starts, with the job `work`.
fn started_by_itself(job: &str) -> String {
    model(&format!(
        r#"<bpmn:startEvent id="tick"><bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1M</bpmn:timeCycle>
        </bpmn:timerEventDefinition></bpmn:startEvent><bpmn:startEvent id="told">
        <bpmn:messageEventDefinition messageRef="begin"/></bpmn:startEvent>
        <bpmn:startEvent id="start"/>{}<bpmn:endEvent id="end"/>
        <bpmn:sequenceFlow id="a" sourceRef="tick" targetRef="{job}"/>
        <bpmn:sequenceFlow id="b" sourceRef="told" targetRef="{job}"/>
        <bpmn:sequenceFlow id="d" sourceRef="start" targetRef="{job}"/>
        <bpmn:sequenceFlow id="c" sourceRef="{job}" targetRef="end"/>"#,
        service(job)
    ))
}

fn delete_definition(world: &mut World, key: base::DefinitionKey) -> Outcome {
    world.command(Command::DeleteResource { resource: key.0 })
}

#[test]
fn the_version_before_a_deleted_one_is_the_latest_again_with_its_starts() {
    in_every_world(|world| {
        let one = world.deploy(&[&started_by_itself("one")]).unwrap().remove(0);
        let two = world.deploy(&[&started_by_itself("two")]).unwrap().remove(0);
        let living = world.create("p", "{}");
        delete_definition(world, two.key).unwrap();
        assert_eq!(world.try_create(by_key(one.key)).unwrap().version, 1);
        world.crash();
        let created = world.create("p", "{}");
        assert_eq!(world.history(created).state.header().version, 1);
        world.publish("begin", "", 0, "{}").unwrap();
        assert_eq!(world.activate("one", 9).len(), 3, "by its key, as the latest, by the message");
        world.advance(60_000);
        assert_eq!(world.activate("one", 9).len() + world.activate("two", 9).len(), 3 + 1 + 1);
        // What lived goes on.
        let two_s = world.history(living).state;
        let job = *two_s.jobs().first_key_value().unwrap().0;
        world.complete(job, "{}").unwrap();
        assert_eq!(world.history(living).state.status(), instance::Status::Completed);
        for named in [by_key(two.key), by_version(2)] {
            assert_eq!(world.try_create(named).unwrap_err().kind, RejectionKind::NotFound);
        }
        assert_eq!(delete_definition(world, two.key).unwrap_err().kind, RejectionKind::NotFound);
        // Its number is not given again.
        let three = world.deploy(&[&started_by_itself("two")]).unwrap().remove(0);
        assert_eq!(three.version, 3);
        delete_definition(world, one.key).unwrap();
        delete_definition(world, three.key).unwrap();
        let none = world.try_create(latest()).unwrap_err();
        assert_eq!(none.kind, RejectionKind::NotFound);
        let before = instances(world);
        world.publish("begin", "", 0, "{}").unwrap();
        world.advance(600_000);
        assert_eq!(instances(world), before, "nothing starts any more");
    });
}

#[test]
fn a_deleted_decision_is_evaluated_no_more() {
    let dmn = |value: u32| {
        format!(
            r#"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="g" name="g" namespace="n">
            <decision id="d" name="d"><variable name="d"/><literalExpression><text>{value}</text>
            </literalExpression></decision></definitions>"#
        )
    };
    let evaluate = || {
        Command::Evaluate(base::EvaluateDecision {
            decision: base::DecisionRef::Id("d".into()),
            variables: Variables::new(),
        })
    };
    in_every_world(|world| {
        world.deploy_decisions(&[&dmn(1)]).unwrap();
        let two = world.deploy_decisions(&[&dmn(2)]).unwrap().remove(0);
        let given = |world: &mut World| match world.command(evaluate()) {
            Ok(base::Reply::Evaluated(found)) => found.output.map(|json| json.as_str().to_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(given(world).as_deref(), Some("2"));
        world.command(Command::DeleteResource { resource: two.key.0 }).unwrap();
        assert_eq!(given(world).as_deref(), Some("1"));
        world.crash();
        assert_eq!(given(world).as_deref(), Some("1"));
        let three = world.deploy_decisions(&[&dmn(2)]).unwrap().remove(0);
        assert_eq!((three.version, three.decisions[0].version), (3, 3));
    });
}

fn latest() -> base::CreateInstance {
    named(base::DefinitionRef::Id { id: "p".into(), version: None })
}

fn by_version(version: i32) -> base::CreateInstance {
    named(base::DefinitionRef::Id { id: "p".into(), version: Some(version) })
}

fn by_key(key: base::DefinitionKey) -> base::CreateInstance {
    named(base::DefinitionRef::Key(key))
}

fn named(definition: base::DefinitionRef) -> base::CreateInstance {
    base::CreateInstance {
        definition,
        variables: Variables::new(),
        business_id: None,
        business_id_unique: false,
        tags: Vec::new(),
        start_at: Vec::new(),
        end_after: Vec::new(),
        await_result: None,
    }
}

fn instances(world: &mut World) -> usize {
    let query =
        store::Query { page: store::Page { from: 0, limit: u32::MAX }, ..store::Query::default() };
    world.reader().find_instances(&query).unwrap().rows.len()
}

//! Escalations out of called processes, and loop markers on call activities.

use base::InstanceKey;
use fermata_sim::World;
use instance::Status;

use crate::{in_every_world, line, model_of, service};

const CHILD: &str =
    r#"<bpmn:extensionElements><zeebe:calledElement processId="child"/></bpmn:extensionElements>"#;

fn flow(from: &str, to: &str) -> String {
    format!(r#"<bpmn:sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}"/>"#)
}

/// A model with the escalation `LATE` in it.
fn with_escalation(model: &str) -> String {
    model.replace(
        "</bpmn:definitions>",
        r#"<bpmn:escalation id="late" escalationCode="LATE"/></bpmn:definitions>"#,
    )
}

const LATE: &str = r#"<bpmn:escalationEventDefinition escalationRef="late"/>"#;

/// Process `child`: a job `work`, then the escalation, then a job `more`.
fn child() -> String {
    let throw =
        format!(r#"<bpmn:intermediateThrowEvent id="tell">{LATE}</bpmn:intermediateThrowEvent>"#);
    let steps = [("work", service("work")), ("tell", throw), ("more", service("more"))];
    let steps: Vec<_> = steps.iter().map(|(id, xml)| (*id, xml.as_str())).collect();
    with_escalation(&model_of("child", &line(&steps)))
}

/// Process `id` that calls `called`, with `beside` it, then a job `after`.
fn caller(id: &str, called: &str, beside: &str) -> String {
    let call = format!(r#"<bpmn:callActivity id="call">{called}</bpmn:callActivity>{beside}"#);
    let steps = [("call", call), ("after", service("after"))];
    let steps: Vec<_> = steps.iter().map(|(id, xml)| (*id, xml.as_str())).collect();
    with_escalation(&model_of(id, &line(&steps)))
}

/// A boundary event that leads to the job `caught`.
fn boundary(attributes: &str, definition: &str) -> String {
    format!(
        r#"<bpmn:boundaryEvent id="b" attachedToRef="call" {attributes}>{definition}
        </bpmn:boundaryEvent>{}{}"#,
        service("caught"),
        flow("b", "caught")
    )
}

const BESIDE: &str = r#"cancelActivity="false""#;

fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

fn done(world: &mut World, job_type: &str) {
    let job = world.job(job_type);
    world.complete(job.job, "{}").unwrap();
}

#[test]
fn an_escalation_is_caught_at_the_call_and_the_called_instance_goes_on() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, &boundary(BESIDE, LATE)), &child()]).unwrap();
        let parent = world.create("p", "{}");
        done(world, "work");
        done(world, "caught");
        done(world, "more");
        done(world, "after");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

#[test]
fn one_that_interrupts_ends_the_called_instance_before_it_goes_on() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, &boundary("", LATE)), &child()]).unwrap();
        let parent = world.create("p", "{}");
        let work = world.job("work");
        world.complete(work.job, "{}").unwrap();
        assert_eq!(status(world, work.instance), Status::Terminated);
        let entered = world.history(work.instance).elements;
        assert!(entered.iter().all(|element| element.element != 4), "nothing after the event");
        assert_eq!(world.activate("more", 1), []);
        done(world, "caught");
        assert_eq!(status(world, parent), Status::Completed);
    });
    // The other order: the call is over before anything escalates.
    in_every_world(|world| {
        let quiet = model_of("child", &line(&[("work", &service("work"))]));
        world.deploy(&[&caller("p", CHILD, &boundary("", LATE)), &quiet]).unwrap();
        let parent = world.create("p", "{}");
        done(world, "work");
        done(world, "after");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

#[test]
fn an_escalation_that_nobody_catches_is_nothing() {
    in_every_world(|world| {
        let other = r#"<bpmn:escalationEventDefinition escalationRef="other"/>"#;
        let caller = caller("p", CHILD, &boundary("", other)).replace(
            "</bpmn:definitions>",
            r#"<bpmn:escalation id="other" escalationCode="OTHER"/></bpmn:definitions>"#,
        );
        world.deploy(&[&caller, &child()]).unwrap();
        let parent = world.create("p", "{}");
        done(world, "work");
        done(world, "more");
        done(world, "after");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

#[test]
fn it_goes_outwards_through_as_many_calls_as_it_takes() {
    in_every_world(|world| {
        let middle = r#"<bpmn:extensionElements><zeebe:calledElement processId="middle"/>
            </bpmn:extensionElements>"#;
        world
            .deploy(&[
                &caller("p", middle, &boundary("", "<bpmn:escalationEventDefinition/>")),
                &caller("middle", CHILD, ""),
                &child(),
            ])
            .unwrap();
        let parent = world.create("p", "{}");
        let work = world.job("work");
        world.complete(work.job, "{}").unwrap();
        assert_eq!(status(world, work.instance), Status::Terminated);
        done(world, "caught");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

#[test]
fn an_end_event_that_escalates_ends_its_instance_all_the_same() {
    let body = format!(
        r#"<bpmn:startEvent id="s"/>{}<bpmn:endEvent id="e">{LATE}</bpmn:endEvent>{}{}"#,
        service("work"),
        flow("s", "work"),
        flow("work", "e")
    );
    let child = with_escalation(&model_of("child", &body));
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, &boundary(BESIDE, LATE)), &child]).unwrap();
        let parent = world.create("p", "{}");
        done(world, "work");
        done(world, "caught");
        done(world, "after");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

/// A loop marker over `items`, whose results are `all`.
fn marker(sequential: bool) -> String {
    format!(
        r#"<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">
        <bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="= items"
        inputElement="item" outputCollection="all" outputElement="= result"/>
        </bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>"#
    )
}

fn looped(sequential: bool, beside: &str) -> String {
    caller("p", &format!("{CHILD}{}", marker(sequential)), beside)
}

#[test]
fn a_call_activity_calls_once_for_each_item() {
    let child = model_of("child", &line(&[("work", &service("work"))]));
    for sequential in [true, false] {
        in_every_world(|world| {
            world.deploy(&[&looped(sequential, ""), &child]).unwrap();
            let parent = world.create("p", r#"{"items": [1, 2, 3]}"#);
            let mut called = Vec::new();
            for item in 1..=3 {
                let job = world.activate("work", 1).remove(0);
                let expected = format!(r#""item":{item}"#);
                assert!(job.variables.contains(&expected), "{}", &*job.variables);
                called.push(job.instance);
                let result = format!(r#"{{"result": {}}}"#, item * 10);
                world.complete(job.job, &result).unwrap();
            }
            called.dedup();
            assert_eq!(called.len(), 3);
            let after = world.job("after");
            assert!(after.variables.contains(r#""all":[10,20,30]"#), "{}", &*after.variables);
            world.complete(after.job, "{}").unwrap();
            assert_eq!(status(world, parent), Status::Completed);
        });
    }
}

#[test]
fn what_interrupts_the_loop_ends_all_that_it_has_called() {
    in_every_world(|world| {
        world.deploy(&[&looped(false, &boundary("", LATE)), &child()]).unwrap();
        let parent = world.create("p", r#"{"items": [1, 2, 3]}"#);
        let jobs = world.activate("work", 3);
        assert_eq!(jobs.len(), 3);
        world.complete(jobs[1].job, "{}").unwrap();
        for job in &jobs {
            assert_eq!(status(world, job.instance), Status::Terminated);
        }
        done(world, "caught");
        assert_eq!(status(world, parent), Status::Completed);
    });
}

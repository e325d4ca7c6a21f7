//! Messages: to those who wait, to those who will, to start events; each process once.

use base::{Command, InstanceKey, PublishMessage, RejectionKind, Reply, Variables};
use fermata_sim::World;
use instance::Status;

use crate::{in_every_world, line, model, model_of, service};

const CATCH: &str = r#"<bpmn:intermediateCatchEvent id="wait">
    <bpmn:messageEventDefinition messageRef="paid"/></bpmn:intermediateCatchEvent>"#;

fn waiting(process: &str) -> String {
    model_of(process, &line(&[("wait", CATCH)]))
}

fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

fn with_id(id: &str, await_correlation: bool) -> Command {
    Command::Publish(PublishMessage {
        name: "paid".into(),
        correlation_key: "A-1".into(),
        time_to_live_ms: 0,
        message_id: id.into(),
        variables: Variables::new(),
        await_correlation,
    })
}

#[test]
fn a_message_reaches_the_one_that_waits_for_its_key() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p")]).unwrap();
        let orders: Vec<_> = (0..6)
            .map(|number| world.create("p", &format!(r#"{{"order": "A-{number}"}}"#)))
            .collect();
        world.publish("paid", "A-4", 0, r#"{"amount": 7}"#).unwrap();
        for (number, instance) in orders.iter().enumerate() {
            let expected = if number == 4 { Status::Completed } else { Status::Active };
            assert_eq!(status(world, *instance), expected, "order {number}");
        }
        let variables = world.history(orders[4]).variables[&orders[4].root()].to_json();
        assert_eq!(variables, r#"{"amount":7,"order":"A-4"}"#);
    });
}

#[test]
fn a_message_that_comes_first_waits_for_its_time_to_live() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p")]).unwrap();
        world.publish("paid", "A-1", 10_000, "{}").unwrap();
        world.publish("paid", "A-2", 10_000, "{}").unwrap();
        world.advance(9_999);
        let early = world.create("p", r#"{"order": "A-1"}"#);
        assert_eq!(status(world, early), Status::Completed);
        world.advance(1);
        let late = world.create("p", r#"{"order": "A-2"}"#);
        assert_eq!(status(world, late), Status::Active);
        let second = world.create("p", r#"{"order": "A-1"}"#);
        assert_eq!(status(world, second), Status::Active, "a process has a message once");
    });
}

#[test]
fn each_process_gets_a_message_once() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p"), &waiting("q")]).unwrap();
        let first = world.create("p", r#"{"order": "A-1"}"#);
        let second = world.create("p", r#"{"order": "A-1"}"#);
        let other = world.create("q", r#"{"order": "A-1"}"#);
        world.publish("paid", "A-1", 0, "{}").unwrap();
        let p = [status(world, first), status(world, second)];
        assert_eq!(p.iter().filter(|status| **status == Status::Completed).count(), 1);
        assert_eq!(status(world, other), Status::Completed);
    });
}

#[test]
fn a_message_id_is_taken_once() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p")]).unwrap();
        world.command(with_id("m-1", false)).unwrap();
        let again = world.command(with_id("m-1", false)).unwrap_err();
        assert_eq!(again.kind, RejectionKind::AlreadyExists);
        let instance = world.create("p", r#"{"order": "A-1"}"#);
        assert_eq!(status(world, instance), Status::Active, "its time to live was 0");
        world.advance(2 * 3_600_000);
        world.command(with_id("m-1", false)).unwrap();
        assert_eq!(status(world, instance), Status::Completed);
    });
}

#[test]
fn a_message_that_must_be_taken_says_by_whom_or_is_refused() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p")]).unwrap();
        let nobody = world.command(with_id("", true)).unwrap_err();
        assert_eq!(nobody.kind, RejectionKind::NotFound);
        let expected = world.create("p", r#"{"order": "A-1"}"#);
        match world.command(with_id("", true)).unwrap() {
            Reply::Published { instance, .. } => assert_eq!(instance, Some(expected)),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_message_to_an_instance_that_was_cancelled_goes_to_the_next() {
    in_every_world(|world| {
        world.deploy(&[&waiting("p")]).unwrap();
        let first = world.create("p", r#"{"order": "A-1"}"#);
        let second = world.create("p", r#"{"order": "A-1"}"#);
        world.command(Command::Cancel { instance: first }).unwrap();
        world.publish("paid", "A-1", 1_000, "{}").unwrap();
        assert_eq!(status(world, first), Status::Terminated);
        assert_eq!(status(world, second), Status::Completed);
    });
}

#[test]
fn a_start_message_starts_one_instance_a_key_at_a_time() {
    let start = r#"<bpmn:startEvent id="start"><bpmn:messageEventDefinition messageRef="begin"/></bpmn:startEvent>"#;
    let body =
        line(&[("work", &service("work"))]).replace(r#"<bpmn:startEvent id="start"/>"#, start);
    let xml = model_of("p", &body);
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        world.publish("begin", "K", 60_000, r#"{"n": 1}"#).unwrap();
        world.publish("begin", "K", 60_000, r#"{"n": 2}"#).unwrap();
        world.publish("begin", "K", 0, r#"{"n": 3}"#).unwrap();
        let first = world.job("work");
        assert_eq!(&*first.variables, r#"{"n":1}"#);
        world.complete(first.job, "{}").unwrap();
        let second = world.job("work");
        assert_eq!(&*second.variables, r#"{"n":2}"#, "the buffered one follows");
        world.complete(second.job, "{}").unwrap();
        assert_eq!(world.activate("work", 5), [], "the third had no time to live");
        world.publish("begin", "", 0, "{}").unwrap();
        world.publish("begin", "", 0, "{}").unwrap();
        assert_eq!(world.activate("work", 5).len(), 2, "without a key nothing is held");
        let none = world.try_create(base::CreateInstance {
            definition: base::DefinitionRef::Id { id: "p".into(), version: None },
            variables: Variables::new(),
            start_at: Vec::new(),
            end_after: Vec::new(),
            business_id: None,
            business_id_unique: false,
            tags: Vec::new(),
            await_result: None,
        });
        assert_eq!(none.unwrap_err().kind, RejectionKind::InvalidState);
    });
}

#[test]
fn a_start_message_starts_the_latest_version_or_nothing_when_that_has_no_such_start() {
    let start = r#"<bpmn:startEvent id="start"><bpmn:messageEventDefinition messageRef="begin"/></bpmn:startEvent>"#;
    let plain = line(&[("work", &service("work"))]);
    let by_message = |task| {
        let body = line(&[(task, &service(task))]);
        model_of("p", &body.replace(r#"<bpmn:startEvent id="start"/>"#, start))
    };
    in_every_world(|world| {
        world.deploy(&[&by_message("old")]).unwrap();
        world.deploy(&[&by_message("new")]).unwrap();
        world.publish("begin", "", 0, "{}").unwrap();
        assert_eq!((world.activate("old", 5).len(), world.activate("new", 5).len()), (0, 1));
        world.deploy(&[&model_of("p", &plain)]).unwrap();
        world.crash();
        world.publish("begin", "", 0, "{}").unwrap();
        for job_type in ["old", "new", "work"] {
            assert_eq!(world.activate(job_type, 5), [], "{job_type}");
        }
    });
}

#[test]
fn a_boundary_message_that_does_not_interrupt_comes_again_and_again() {
    let boundary = r#"<bpmn:boundaryEvent id="more" attachedToRef="work" cancelActivity="false">
        <bpmn:messageEventDefinition messageRef="paid"/></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="m" sourceRef="more" targetRef="note"/>"#;
    let note = service("note");
    let end = r#"<bpmn:sequenceFlow id="n" sourceRef="note" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let xml = model_of("p", &(line(&[("work", &service("work"))]) + boundary + &note + end));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        let instance = world.create("p", r#"{"order": 17}"#);
        for number in 0..3 {
            world.publish("paid", "17", 0, &format!(r#"{{"n": {number}}}"#)).unwrap();
        }
        let notes = world.activate("note", 10);
        assert_eq!(notes.len(), 3);
        let work = world.job("work");
        world.complete(work.job, "{}").unwrap();
        world.publish("paid", "17", 0, "{}").unwrap();
        assert_eq!(world.activate("note", 10), [], "nobody waits any more");
        for note in notes {
            world.complete(note.job, "{}").unwrap();
        }
        assert_eq!(status(world, instance), Status::Completed);
    });
}

#[test]
fn a_message_is_refused_when_it_can_never_be_right() {
    in_every_world(|world| {
        let nameless = world.publish("", "A", 0, "{}").unwrap_err();
        assert_eq!(nameless.kind, RejectionKind::InvalidArgument);
        let negative = world.publish("paid", "A", -1, "{}").unwrap_err();
        assert_eq!(negative.kind, RejectionKind::InvalidArgument);
    });
}

#[test]
fn a_subscription_that_is_closed_by_what_opened_with_it_leaves_no_row() {
    let boundary = r#"<bpmn:boundaryEvent id="early" attachedToRef="wait">
        <bpmn:messageEventDefinition messageRef="paid"/></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="c" sourceRef="early" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let wait = r#"<bpmn:receiveTask id="wait" messageRef="paid"/>"#;
    let xml = model(&(line(&[("wait", wait)]) + boundary));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        world.publish("paid", "7", 60_000, "{}").unwrap();
        let instance = world.create("p", r#"{"order": 7}"#);
        let history = world.history(instance);
        assert_eq!(history.state.status(), Status::Completed);
        let ends = history.timeline.iter().filter(|at| at.event == base::Event::InstanceCompleted);
        assert_eq!(ends.count(), 1, "an instance ends once");
        for shard in 0..store::Store::shards(world.store()) {
            let slot = world.reader().slot(base::ShardId(shard), "paid", "7").unwrap();
            assert_eq!(slot.subscriptions, [], "nobody waits any more");
        }
    });
}

#[test]
fn all_messages_of_a_start_event_come_to_one_instance_whichever_is_first() {
    in_every_world(|world| {
        let model = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:t">
            <bpmn:message id="m" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="= order"/></bpmn:extensionElements></bpmn:message>
            <bpmn:message id="n" name="packed"><bpmn:extensionElements><zeebe:subscription correlationKey="= order"/></bpmn:extensionElements></bpmn:message>
            <bpmn:process id="p" isExecutable="true">
              <bpmn:startEvent id="s" parallelMultiple="true">
                <bpmn:messageEventDefinition messageRef="m"/><bpmn:messageEventDefinition messageRef="n"/>
              </bpmn:startEvent>
              <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="end"/><bpmn:endEvent id="end"/>
            </bpmn:process></bpmn:definitions>"#;
        world.deploy(&[model]).unwrap();
        let named = |name: &str, order: &str, message_id: &str| PublishMessage {
            name: name.into(),
            correlation_key: order.into(),
            time_to_live_ms: 0,
            message_id: message_id.into(),
            variables: Variables::parse(&format!(r#"{{"order": "{order}", "{name}": true}}"#))
                .unwrap(),
            await_correlation: true,
        };
        for (order, first, second) in [("A-1", "paid", "packed"), ("A-2", "packed", "paid")] {
            let begun = named(first, order, "");
            let Reply::Published { instance: Some(instance), .. } =
                world.command(Command::Publish(begun)).unwrap()
            else {
                panic!("it begins an instance")
            };
            assert_eq!(status(world, instance), Status::Active);
            world.crash();
            let ends = named(second, order, "");
            let Reply::Published { instance: Some(same), .. } =
                world.command(Command::Publish(ends)).unwrap()
            else {
                panic!("it is waited for")
            };
            assert_eq!((same, status(world, instance)), (instance, Status::Completed));
            let variables = world.history(instance).variables[&instance.root()].to_json();
            assert_eq!(variables, format!(r#"{{"order":"{order}","packed":true,"paid":true}}"#));
        }
    });
}

#[test]
fn what_a_message_has_closed_beside_itself_waits_no_more() {
    // The path of the message ends the scope, and with it the event that would take the next one.
    let body = line(&[("work", &service("work"))]);
    let body = format!(
        r#"{body}<bpmn:boundaryEvent id="b" attachedToRef="work" cancelActivity="false">
        <bpmn:messageEventDefinition messageRef="paid"/></bpmn:boundaryEvent>
        <bpmn:endEvent id="over"><bpmn:terminateEventDefinition/></bpmn:endEvent>
        <bpmn:sequenceFlow id="to-over" sourceRef="b" targetRef="over"/>"#
    );
    in_every_world(|world| {
        world.deploy(&[&model(&body)]).unwrap();
        let instance = world.create("p", r#"{"order": "A-1"}"#);
        world.publish("paid", "A-1", 0, "{}").unwrap();
        assert_ne!(status(world, instance), Status::Active);
        for shard in 0..store::Store::shards(world.store()) {
            let slot = world.reader().slot(base::ShardId(shard), "paid", "A-1").unwrap();
            assert_eq!(slot.subscriptions, [], "a row that nobody would ever close");
        }
    });
}

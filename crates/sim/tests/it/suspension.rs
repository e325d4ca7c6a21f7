//! Suspended instances: nothing goes on, nothing is lost, and a restart in between changes nothing.

use base::{
    Command, CreateInstance, Event, FailJob, InstanceKey, InstanceState, Outcome, PublishMessage,
    RejectionKind, Reply, ThrowError, Variables,
};
use engine::{ShardOptions, StreamId};
use fermata_sim::{Crash, World};
use instance::Status;

use crate::{line, model, model_of, service};

/// As [`crate::in_every_world`], and in one where nothing stays in memory.
fn in_every_world(story: impl Fn(&mut World)) {
    crate::in_every_world(&story);
    eprintln!("world: 2 shards, nothing stays in memory");
    let options = ShardOptions { shards: 2, cache_bytes_max: 1, ..ShardOptions::default() };
    let mut world = World::with(options, Crash::Never);
    story(&mut world);
    world.verify();
}

fn suspend(world: &mut World, instance: InstanceKey) -> Outcome {
    let outcome = world.command(Command::Suspend { instance, reason: "audit".into() });
    if outcome.is_ok() {
        world.verify();
    }
    outcome
}

fn resume(world: &mut World, instance: InstanceKey) -> Outcome {
    world.command(Command::Resume { instance })
}

fn state(world: &mut World, instance: InstanceKey) -> InstanceState {
    world.reader().instance(instance).unwrap().unwrap().state
}

fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

fn two_steps() -> String {
    model(&line(&[("work", &service("work")), ("more", &service("more"))]))
}

const CATCH: &str = r#"<bpmn:intermediateCatchEvent id="wait">
    <bpmn:messageEventDefinition messageRef="paid"/></bpmn:intermediateCatchEvent>"#;

#[test]
fn no_worker_gets_the_jobs_and_what_they_bring_is_held() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let (held, other) = (world.create("p", "{}"), world.create("p", "{}"));
        suspend(world, held).unwrap();
        assert_eq!(state(world, held), InstanceState::Suspended);
        let row = world.reader().instance(held).unwrap().unwrap();
        let since_ms = world.now_ms();
        let said = row.suspended.map(|at| (at.since_ms, at.reason));
        assert_eq!(said, Some((since_ms, "audit".into())));
        let job = world.job("work");
        assert_eq!(job.instance, other, "only the other one's");
        world.advance(120_000);
        assert_eq!(world.job("work").job, job.job, "its lease ended, and no other came");
        resume(world, held).unwrap();
        assert_eq!(state(world, held), InstanceState::Active);
        assert_eq!(world.job("work").instance, held);
    });
}

#[test]
fn a_completion_that_comes_meanwhile_is_done_once() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        suspend(world, instance).unwrap();
        world.complete(job, r#"{"x": 1}"#).unwrap();
        let again = world.complete(job, r#"{"x": 2}"#).unwrap_err();
        assert_eq!(again.kind, RejectionKind::NotFound);
        assert!(again.message.contains("was answered already"), "{}", again.message);
        world.advance(600_000);
        assert_eq!(world.activate("work", 9), [], "not even when the lease has ended");
        world.crash();
        assert_eq!(world.activate("more", 9), []);
        resume(world, instance).unwrap();
        let more = world.job("more").job;
        assert_eq!(world.activate("work", 9), []);
        let history = world.history(instance);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"x":1}"#);
        world.complete(more, "{}").unwrap();
        assert_eq!(status(world, instance), Status::Completed);
    });
}

#[test]
fn a_lease_that_ended_meanwhile_gives_the_job_to_the_next_worker() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        suspend(world, instance).unwrap();
        let extended = Command::UpdateJob { job, retries: Some(7), timeout_ms: Some(1_000) };
        world.command(extended).unwrap();
        world.advance(5_000);
        assert_eq!(world.activate("work", 1), []);
        resume(world, instance).unwrap();
        let leased = world.job("work");
        assert_eq!((leased.job, leased.retries), (job, 7));
        world.complete(job, "{}").unwrap();
        world.job("more");
    });
}

#[test]
fn failures_and_errors_are_held_as_well() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let fail = |job, retries| {
            let (message, variables) = ("no".into(), Variables::new());
            Command::FailJob(FailJob { job, retries, message, backoff_ms: 0, variables })
        };
        let (failed, thrown) = (world.create("p", "{}"), world.create("p", "{}"));
        let jobs = world.activate("work", 2);
        let of = |instance| jobs.iter().find(|job| job.instance == instance).unwrap().job;
        suspend(world, failed).unwrap();
        suspend(world, thrown).unwrap();
        world.command(fail(of(failed), 0)).unwrap();
        let error = ThrowError {
            job: of(thrown),
            code: "NO".into(),
            message: "".into(),
            variables: Variables::new(),
        };
        world.command(Command::ThrowError(error)).unwrap();
        for instance in [failed, thrown] {
            assert!(world.history(instance).state.incidents().is_empty());
            resume(world, instance).unwrap();
            let incidents = world.history(instance).state.incidents().clone();
            assert_eq!(incidents.len(), 1);
            suspend(world, instance).unwrap();
            let incident = *incidents.first_key_value().unwrap().0;
            let refused = world.command(Command::ResolveIncident { incident }).unwrap_err();
            assert_eq!(refused.kind, RejectionKind::InvalidState);
            assert!(refused.message.contains("resume it first"), "{}", refused.message);
            resume(world, instance).unwrap();
            world.command(Command::ResolveIncident { incident }).unwrap();
        }
        assert_eq!(world.activate("work", 9).len(), 2);
    });
}

#[test]
fn a_stream_gets_nothing_of_it_and_everything_afterwards() {
    for shards in [1, 3] {
        let mut world = World::new(shards, Crash::Never);
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        suspend(&mut world, instance).unwrap();
        world.open_stream(StreamId(1), "work", 5);
        world.settle();
        assert!(world.pushed.is_empty());
        resume(&mut world, instance).unwrap();
        assert_eq!(world.pushed.len(), 1);
        world.verify();
    }
}

#[test]
fn who_polls_first_and_suspends_later_keeps_the_lease() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        suspend(world, instance).unwrap();
        resume(world, instance).unwrap();
        assert_eq!(world.activate("work", 1), [], "the lease is out");
        world.complete(job, "{}").unwrap();
        world.job("more");
    });
}

#[test]
fn suspending_twice_and_resuming_twice_are_refused() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        let refused = resume(world, instance).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidState);
        suspend(world, instance).unwrap();
        let refused = suspend(world, instance).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidState);
        assert!(refused.message.contains("(\"audit\")"), "{}", refused.message);
        resume(world, instance).unwrap();
        assert_eq!(resume(world, instance).unwrap_err().kind, RejectionKind::InvalidState);
        suspend(world, instance).unwrap();
        world.command(Command::Cancel { instance }).unwrap();
        assert_eq!(state(world, instance), InstanceState::Terminated);
        assert_eq!(suspend(world, instance).unwrap_err().kind, RejectionKind::NotFound);
        assert_eq!(resume(world, instance).unwrap_err().kind, RejectionKind::NotFound);
    });
}

#[test]
fn a_timer_waits_and_takes_its_turn_by_when_it_was_due() {
    let boundary = r#"<bpmn:boundaryEvent id="late" attachedToRef="work"><bpmn:timerEventDefinition>
        <bpmn:timeDuration>PT1M</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="l" sourceRef="late" targetRef="escalate"/>"#;
    let end = r#"<bpmn:sequenceFlow id="m" sourceRef="escalate" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let xml = model(&(line(&[("work", &service("work"))]) + boundary + &service("escalate") + end));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        let (before, after) = (world.create("p", "{}"), world.create("p", "{}"));
        let jobs = world.activate("work", 2);
        let of = |instance| jobs.iter().find(|job| job.instance == instance).unwrap().job;
        suspend(world, before).unwrap();
        suspend(world, after).unwrap();
        world.advance(30_000);
        world.complete(of(before), "{}").unwrap();
        world.advance(60_000);
        world.complete(of(after), "{}").unwrap();
        assert_eq!(world.activate("escalate", 9), [], "no timer fires");
        world.crash();
        world.advance(60_000);
        resume(world, before).unwrap();
        assert_eq!(status(world, before), Status::Completed, "the completion was first");
        resume(world, after).unwrap();
        assert_eq!(world.job("escalate").instance, after, "the timer was first");
        let fired = |event: &&instance::TimelineEntry| matches!(&event.event, Event::ElementEntered { via: None, scope, .. } if *scope == after.root());
        assert_eq!(world.history(after).timeline.iter().filter(fired).count(), 1, "once");
    });
}

#[test]
fn a_message_is_taken_held_and_done_afterwards() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("wait", CATCH), ("more", &service("more"))]))]).unwrap();
        let instance = world.create("p", r#"{"order": "A-1"}"#);
        suspend(world, instance).unwrap();
        let publish = Command::Publish(PublishMessage {
            name: "paid".into(),
            correlation_key: "A-1".into(),
            time_to_live_ms: 0,
            message_id: "".into(),
            variables: Variables::parse(r#"{"by": "card"}"#).unwrap(),
            await_correlation: true,
        });
        let Ok(Reply::Published { instance: taken, .. }) = world.command(publish) else {
            panic!("it is correlated");
        };
        assert_eq!(taken, Some(instance));
        world.crash();
        assert_eq!(world.activate("more", 1), []);
        resume(world, instance).unwrap();
        assert!(world.job("more").variables.contains("card"));
    });
}

#[test]
fn a_held_message_of_an_instance_that_ends_goes_to_the_next_that_waits() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("wait", CATCH)]))]).unwrap();
        let first = world.create("p", r#"{"order": "A-1"}"#);
        suspend(world, first).unwrap();
        world.publish("paid", "A-1", 3_600_000, "{}").unwrap();
        let second = world.create("p", r#"{"order": "A-1"}"#);
        assert_eq!(status(world, second), Status::Active, "each process gets it once");
        world.command(Command::Cancel { instance: first }).unwrap();
        assert_eq!(status(world, second), Status::Completed);
        // And one whose time is over is gone with its instance.
        let third = world.create("p", r#"{"order": "A-2"}"#);
        suspend(world, third).unwrap();
        world.publish("paid", "A-2", 1_000, "{}").unwrap();
        world.advance(2_000);
        world.command(Command::Cancel { instance: third }).unwrap();
        let fourth = world.create("p", r#"{"order": "A-2"}"#);
        assert_eq!(status(world, fourth), Status::Active);
    });
}

#[test]
fn what_was_called_is_suspended_and_goes_on_with_its_caller() {
    let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
        <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
    let parent = model(&line(&[("call", call), ("more", &service("more"))]));
    let child = model_of("child", &line(&[("work", &service("work"))]));
    in_every_world(|world| {
        world.deploy(&[&parent, &child]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        assert_ne!(job.instance, root);
        suspend(world, root).unwrap();
        assert_eq!(state(world, job.instance), InstanceState::Suspended);
        world.complete(job.job, r#"{"x": 1}"#).unwrap();
        let alone = resume(world, job.instance).unwrap_err();
        assert_eq!(alone.kind, RejectionKind::InvalidState);
        assert!(alone.message.contains(&format!("{root} is suspended")), "{}", alone.message);
        resume(world, root).unwrap();
        assert_eq!(status(world, job.instance), Status::Completed);
        assert!(world.job("more").variables.contains("\"x\":1"));
        // The called one alone: its caller waits, as it does for any other.
        let root = world.create("p", "{}");
        let job = world.job("work");
        suspend(world, job.instance).unwrap();
        assert_eq!(state(world, root), InstanceState::Active);
        world.complete(job.job, "{}").unwrap();
        suspend(world, root).unwrap();
        assert_eq!(world.activate("more", 9), []);
        resume(world, root).unwrap();
        assert_eq!(world.job("more").instance, root);
    });
}

#[test]
fn the_caller_s_timer_and_the_called_one_s_completion_take_turns_as_they_came() {
    let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
        <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>
        <bpmn:boundaryEvent id="late" attachedToRef="call"><bpmn:timerEventDefinition>
        <bpmn:timeDuration>PT1M</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="l" sourceRef="late" targetRef="escalate"/>"#;
    let end = r#"<bpmn:sequenceFlow id="m" sourceRef="escalate" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let parent = model(&(line(&[("call", call)]) + &service("escalate") + end));
    let child =
        model_of("child", &line(&[("work", &service("work")), ("final", &service("final"))]));
    in_every_world(|world| {
        world.deploy(&[&parent, &child]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        world.complete(job.job, "{}").unwrap();
        let last = world.job("final").job;
        suspend(world, root).unwrap();
        world.advance(30_000);
        world.complete(last, "{}").unwrap();
        world.advance(300_000);
        resume(world, root).unwrap();
        assert_eq!(status(world, root), Status::Completed, "the completion was first");
    });
}

#[test]
fn many_held_inputs_are_done_in_parts_and_in_order() {
    let parallel = r#"<bpmn:serviceTask id="work"><bpmn:extensionElements>
        <zeebe:taskDefinition type="work"/></bpmn:extensionElements>
        <bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>= 300</bpmn:loopCardinality>
        </bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>"#;
    for crash in [Crash::Never, Crash::EachCommit] {
        let mut world = World::new(1, crash);
        world.deploy(&[&model(&line(&[("work", parallel)]))]).unwrap();
        let instance = world.create("p", "{}");
        let jobs = world.activate("work", 1_000);
        assert_eq!(jobs.len(), 300);
        suspend(&mut world, instance).unwrap();
        for (number, job) in jobs.iter().enumerate() {
            if number % 10 == 0 {
                world.advance(1);
            }
            world.complete(job.job, &format!(r#"{{"last": {number}}}"#)).unwrap();
        }
        resume(&mut world, instance).unwrap();
        assert_eq!(status(&mut world, instance), Status::Completed);
        let set: Vec<String> = world
            .history(instance)
            .timeline
            .into_iter()
            .filter_map(|entry| match entry.event {
                Event::VariablesSet { scope, variables } if scope == instance.root() => {
                    Some(variables.to_json())
                }
                _ => None,
            })
            .collect();
        let wanted: Vec<String> =
            (0..300).map(|number| format!(r#"{{"last":{number}}}"#)).collect();
        assert_eq!(set, wanted);
        world.verify();
    }
}

#[test]
fn a_suspended_instance_keeps_its_business_id_and_takes_variables() {
    in_every_world(|world| {
        world.deploy(&[&two_steps()]).unwrap();
        let named = |world: &mut World| {
            world.try_create(CreateInstance {
                definition: base::DefinitionRef::Id { id: "p".into(), version: None },
                variables: Variables::new(),
                business_id: Some("order-7".into()),
                business_id_unique: true,
                tags: Vec::new(),
                start_at: Vec::new(),
                end_after: Vec::new(),
                await_result: None,
            })
        };
        let instance = named(world).unwrap().instance;
        suspend(world, instance).unwrap();
        assert_eq!(named(world).unwrap_err().kind, RejectionKind::AlreadyExists);
        let scope = instance.root();
        let variables = Variables::parse(r#"{"x": 1}"#).unwrap();
        world.command(Command::SetVariables { scope, variables, local: false }).unwrap();
        resume(world, instance).unwrap();
        assert!(world.job("work").variables.contains("\"x\":1"));
    });
}

#[test]
fn what_is_held_is_done_at_the_resumption_although_the_clock_was_set_back() {
    // After a restart, too, the host's clock is all that there is.
    for shards in [1, 3] {
        let world = &mut World::new(shards, Crash::Never);
        world.deploy(&[&two_steps()]).unwrap();
        let instance = world.create("p", "{}");
        world.advance(3_600_000);
        let job = world.job("work").job;
        suspend(world, instance).unwrap();
        world.complete(job, "{}").unwrap();
        world.advance(-1_800_000);
        resume(world, instance).unwrap();
        world.settle();
        assert_eq!(world.job("more").instance, instance);
        world.verify();
    }
}

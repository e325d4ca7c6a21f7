//! Call activities: another process as a step, its result, its errors, its end.

use std::sync::Arc;

use base::{
    Command, Event, FailJob, IncidentKind, InstanceKey, JobKey, RejectionKind, Reply, Variables,
};
use engine::{Definition, ShardOptions};
use fermata_sim::{Crash, World};
use instance::Status;
use store::{Page, Query};

use crate::{line, model, model_of, service};

/// As [`crate::in_every_world`], and in one where nothing stays in memory.
pub fn in_every_world(story: impl Fn(&mut World)) {
    crate::in_every_world(&story);
    eprintln!("world: 2 shards, nothing stays in memory");
    let options = ShardOptions { shards: 2, cache_bytes_max: 1, ..ShardOptions::default() };
    let mut world = World::with(options, Crash::Never);
    story(&mut world);
    world.verify();
}

/// A call activity `call`.
pub fn call(called: &str, mapping: &str) -> String {
    format!(
        r#"<bpmn:callActivity id="call" name="Call"><bpmn:extensionElements>
        <zeebe:calledElement {called}/>{mapping}</bpmn:extensionElements></bpmn:callActivity>"#
    )
}

/// Process `id`: the call, then a job `after`.
pub fn caller(id: &str, called: &str, mapping: &str, beside: &str) -> String {
    let call = call(called, mapping) + beside;
    model_of(id, &line(&[("call", &call), ("after", &service("after"))]))
}

/// Process `child` with one job `work`.
fn child() -> String {
    model_of("child", &line(&[("work", &service("work"))]))
}

/// Process `child` that ends with the error `GONE` after its job.
fn throwing(id: &str) -> String {
    let body = format!(
        r#"<bpmn:startEvent id="s"/>{}<bpmn:endEvent id="thrown"><bpmn:errorEventDefinition errorRef="gone"/></bpmn:endEvent>
        <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="work"/>
        <bpmn:sequenceFlow id="b" sourceRef="work" targetRef="thrown"/>"#,
        service("work")
    );
    model_of(id, &body)
}

/// A boundary event at `call` that leads to the job `caught`.
fn boundary(definition: &str) -> String {
    format!(
        r#"<bpmn:boundaryEvent id="beside" attachedToRef="call">{definition}</bpmn:boundaryEvent>{}
        <bpmn:sequenceFlow id="x" sourceRef="beside" targetRef="caught"/>"#,
        service("caught")
    )
}

fn catches() -> String {
    boundary(r#"<bpmn:errorEventDefinition errorRef="gone"/>"#)
}

fn in_a_minute() -> String {
    boundary(
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1M</bpmn:timeDuration></bpmn:timerEventDefinition>",
    )
}

pub const CHILD: &str = r#"processId="child""#;

pub fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

pub fn variable(world: &mut World, instance: InstanceKey, name: &str) -> Option<String> {
    let history = world.history(instance);
    let value = history.variables.get(&instance.root())?.get(name)?;
    Some(value.as_str().to_owned())
}

/// What an instance has called, in order.
pub fn called(world: &mut World, instance: InstanceKey) -> Vec<InstanceKey> {
    let elements = world.history(instance).elements;
    elements.into_iter().filter_map(|element| element.called).collect()
}

pub fn all(world: &mut World) -> Vec<InstanceKey> {
    let page = Page { from: 0, limit: u32::MAX };
    let rows = world.reader().find_instances(&Query { page, ..Query::default() }).unwrap().rows;
    rows.into_iter().map(|row| row.instance).collect()
}

/// The one open incident of an instance.
pub fn incident(
    world: &mut World,
    instance: InstanceKey,
) -> (base::IncidentKey, IncidentKind, String) {
    let state = world.history(instance).state;
    assert_eq!(state.incidents().len(), 1, "{state:#?}");
    let (key, open) = state.incidents().first_key_value().unwrap();
    (*key, open.kind, open.message.to_string())
}

pub fn resolve(world: &mut World, instance: InstanceKey) {
    let (incident, _, _) = incident(world, instance);
    world.command(Command::ResolveIncident { incident }).unwrap();
}

fn throw(world: &mut World, job: JobKey, code: &str, variables: &str) -> base::Outcome {
    let variables = Variables::parse(variables).unwrap();
    let (code, message) = (code.into(), "why".into());
    world.command(Command::ThrowError(base::ThrowError { job, code, message, variables }))
}

#[test]
fn a_call_starts_an_instance_whose_result_comes_back() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", ""), &child()]).unwrap();
        let parent = world.create("p", r#"{"a": 1, "b": 1}"#);
        let job = world.job("work");
        assert_eq!(called(world, parent), [job.instance]);
        assert_eq!((&*job.process_id, job.root), ("child", parent));
        assert_eq!(job.instance.0.shard(), parent.0.shard());
        let header = world.history(job.instance).state.header().clone();
        let above = header.parent.unwrap();
        assert_eq!((above.instance, above.root, header.depth), (parent, parent, Some(1)));
        assert_eq!(world.activate("after", 1), []);
        world.complete(job.job, r#"{"b": 2, "c": 3}"#).unwrap();
        assert_eq!(status(world, job.instance), Status::Completed);
        let after = world.job("after");
        assert_eq!(&*after.variables, r#"{"a":1,"b":2,"c":3}"#);
        world.complete(after.job, "{}").unwrap();
        assert_eq!(status(world, parent), Status::Completed);
    });
}

#[test]
fn a_child_that_waits_for_nothing_ends_in_the_batch_that_starts_it() {
    in_every_world(|world| {
        let script = r#"<bpmn:scriptTask id="add"><bpmn:extensionElements>
            <zeebe:script expression="=n + 1" resultVariable="n"/></bpmn:extensionElements></bpmn:scriptTask>"#;
        let grandchild = model_of("child", &line(&[("add", script)]));
        let middle = model_of("middle", &line(&[("call", &call(CHILD, ""))]));
        let root = caller("p", r#"processId="middle""#, "", "");
        world.deploy(&[&root, &middle, &grandchild]).unwrap();
        let parent = world.create("p", r#"{"n": 1}"#);
        assert_eq!(variable(world, parent, "n").as_deref(), Some("2"));
        assert_eq!(all(world).len(), 3);
        assert_eq!(world.activate("after", 2).len(), 1);
    });
}

#[test]
fn the_caller_is_answered_when_the_child_has_brought_it_to_its_end() {
    in_every_world(|world| {
        let parent = model(&line(&[("call", &call(CHILD, ""))]));
        world.deploy(&[&parent, &model_of("child", &line(&[]))]).unwrap();
        let create = base::CreateInstance {
            definition: base::DefinitionRef::Id { id: "p".into(), version: None },
            variables: Variables::parse(r#"{"x": 1}"#).unwrap(),
            start_at: Vec::new(),
            end_after: Vec::new(),
            business_id: Some("order-1".into()),
            business_id_unique: true,
            tags: vec!["vip".into()],
            await_result: Some(Vec::new()),
        };
        let Reply::Ended(result) = world.command(Command::Create(create)).unwrap() else {
            panic!("the result is awaited");
        };
        assert_eq!(result.variables.to_json(), r#"{"x":1}"#);
        let child = called(world, result.created.instance)[0];
        let header = world.history(child).state.header().clone();
        assert_eq!((header.business_id, header.tags), (None, Vec::new()), "they are the caller's");
    });
}

#[test]
fn variables_go_there_and_back_as_the_model_says() {
    in_every_world(|world| {
        let mapping =
            r#"<zeebe:ioMapping><zeebe:input source="=a + 1" target="in"/></zeebe:ioMapping>"#;
        let own = format!(r#"{CHILD} propagateAllParentVariables="false""#);
        world.deploy(&[&caller("p", &own, mapping, ""), &child()]).unwrap();
        world.create("p", r#"{"a": 1}"#);
        let job = world.job("work");
        assert_eq!(&*job.variables, r#"{"in":2}"#, "what the activity has of its own");
        world.complete(job.job, "{}").unwrap();
        world.job("after");

        world.deploy(&[&caller("q", CHILD, mapping, "")]).unwrap();
        world.create("q", r#"{"a": 1}"#);
        let job = world.job("work");
        assert_eq!(&*job.variables, r#"{"a":1,"in":2}"#, "all that the activity sees");
        world.complete(job.job, r#"{"in": 9, "out": 3}"#).unwrap();
        let after = world.job("after");
        // `in` is the activity's own and ends with it.
        assert_eq!(&*after.variables, r#"{"a":1,"out":3}"#);

        let nothing = format!(r#"{CHILD} propagateAllChildVariables="false""#);
        world.deploy(&[&caller("r", &nothing, "", "")]).unwrap();
        world.create("r", r#"{"a": 1}"#);
        let job = world.job("work").job;
        world.complete(job, r#"{"out": 3}"#).unwrap();
        assert_eq!(&*world.job("after").variables, r#"{"a":1}"#);

        let output = r#"<zeebe:ioMapping><zeebe:output source="=out * 2" target="twice"/></zeebe:ioMapping>"#;
        for (id, flag) in [("s", "true"), ("t", "false")] {
            let called = format!(r#"{CHILD} propagateAllChildVariables="{flag}""#);
            world.deploy(&[&caller(id, &called, output, "")]).unwrap();
            world.create(id, r#"{"a": 1}"#);
            let job = world.job("work").job;
            world.complete(job, r#"{"out": 3, "more": 4}"#).unwrap();
            assert_eq!(&*world.job("after").variables, r#"{"a":1,"twice":6}"#);
        }
    });
}

#[test]
fn a_result_that_cannot_be_mapped_stops_the_caller_and_is_not_lost() {
    in_every_world(|world| {
        let output =
            r#"<zeebe:ioMapping><zeebe:output source="=out + 1" target="n"/></zeebe:ioMapping>"#;
        world.deploy(&[&caller("p", CHILD, output, ""), &child()]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        world.complete(job.job, r#"{"out": "three"}"#).unwrap();
        assert_eq!(status(world, job.instance), Status::Completed);
        assert_eq!(incident(world, parent).1, IncidentKind::IoMappingError);
        let owner = world.history(parent).state.incidents().values().next().unwrap().owner;
        let variables = Variables::parse(r#"{"out": 3}"#).unwrap();
        world.command(Command::SetVariables { scope: owner, variables, local: true }).unwrap();
        resolve(world, parent);
        assert_eq!(&*world.job("after").variables, r#"{"n":4}"#);
        assert_eq!(called(world, parent).len(), 1);
    });
}

#[test]
fn an_error_of_the_child_is_caught_at_the_call() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", &catches()), &throwing("child")]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        world.complete(job.job, "{}").unwrap();
        assert_eq!(status(world, job.instance), Status::Terminated);
        assert_eq!(world.job("caught").instance, parent);
        assert_eq!(world.activate("after", 1), []);

        // A job's error, with what the worker says.
        world.deploy(&[&child()]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        throw(world, job.job, "GONE", r#"{"why": "x"}"#).unwrap();
        assert_eq!(status(world, job.instance), Status::Terminated);
        let caught = world.activate("caught", 1).remove(0);
        assert_eq!((caught.instance, &*caught.variables), (parent, r#"{"why":"x"}"#));
        let late = world.complete(job.job, "{}").unwrap_err();
        assert_eq!(late.kind, RejectionKind::NotFound);
    });
}

#[test]
fn an_error_goes_through_as_many_calls_as_it_takes() {
    in_every_world(|world| {
        let names = ["p", "m1", "m2", "m3", "child"];
        for pair in names.windows(2) {
            let beside = if pair[0] == "p" { catches() } else { String::new() };
            let called = format!(r#"processId="{}""#, pair[1]);
            world.deploy(&[&caller(pair[0], &called, "", &beside)]).unwrap();
        }
        world.deploy(&[&throwing("child")]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        assert_eq!(job.root, root);
        world.complete(job.job, "{}").unwrap();
        for instance in all(world) {
            let wanted = if instance == root { Status::Active } else { Status::Terminated };
            assert_eq!(status(world, instance), wanted);
        }
        assert_eq!(world.job("caught").instance, root);
    });
}

#[test]
fn an_error_that_nobody_catches_is_an_incident_where_it_was_thrown() {
    in_every_world(|world| {
        let middle = caller(
            "middle",
            CHILD,
            "",
            &boundary(r#"<bpmn:errorEventDefinition errorRef="other"/>"#),
        )
        .replace(
            "</bpmn:definitions>",
            r#"<bpmn:error id="other" errorCode="OTHER"/></bpmn:definitions>"#,
        );
        world.deploy(&[&caller("p", r#"processId="middle""#, "", ""), &middle, &child()]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        throw(world, job.job, "GONE", "{}").unwrap();
        let (_, kind, message) = incident(world, job.instance);
        assert_eq!(kind, IncidentKind::UnhandledErrorEvent);
        assert!(message.contains("threw the error \"GONE\" (\"why\")"), "{message}");
        for instance in all(world) {
            assert_eq!(status(world, instance), Status::Active);
            let open = world.history(instance).state.incidents().len();
            assert_eq!(open, usize::from(instance == job.instance));
        }
        // The worker decides anew, and is understood this time.
        resolve(world, job.instance);
        let again = world.job("work").job;
        throw(world, again, "OTHER", "{}").unwrap();
        let caught = world.job("caught");
        assert_eq!(caught.root, root);
        assert_eq!(status(world, job.instance), Status::Terminated);
    });
}

#[test]
fn an_error_end_event_that_nobody_catches_throws_again_on_retry() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", ""), &throwing("child")]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        world.complete(job.job, "{}").unwrap();
        assert_eq!(incident(world, job.instance).1, IncidentKind::UnhandledErrorEvent);
        resolve(world, job.instance);
        assert_eq!(incident(world, job.instance).1, IncidentKind::UnhandledErrorEvent);
        world.command(Command::Cancel { instance: root }).unwrap();
        assert_eq!(status(world, job.instance), Status::Terminated);
        assert!(world.history(job.instance).state.incidents().is_empty());
    });
}

#[test]
fn a_boundary_timer_ends_the_child_with_all_that_it_has_called() {
    in_every_world(|world| {
        let middle = caller("middle", CHILD, "", "");
        let root = caller("p", r#"processId="middle""#, "", &in_a_minute());
        world.deploy(&[&root, &middle, &child()]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        world.advance(61_000);
        assert_eq!(world.job("caught").instance, root);
        for instance in all(world) {
            let wanted = if instance == root { Status::Active } else { Status::Terminated };
            assert_eq!(status(world, instance), wanted);
        }
        let late = world.complete(job.job, "{}").unwrap_err();
        assert_eq!(late.kind, RejectionKind::NotFound);
        assert_eq!(world.activate("after", 1), []);
    });
}

#[test]
fn a_child_that_is_done_before_the_boundary_timer_closes_it() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", &in_a_minute()), &child()]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        world.advance(59_000);
        world.complete(job.job, "{}").unwrap();
        world.advance(10_000);
        assert_eq!(world.activate("caught", 1), []);
        assert_eq!(world.job("after").instance, parent);
        assert!(world.history(parent).state.timers().is_empty());
    });
}

#[test]
fn a_call_ends_with_the_scope_of_its_caller() {
    in_every_world(|world| {
        let body = format!(
            r#"<bpmn:startEvent id="s"/><bpmn:parallelGateway id="fork"/>{}{}
            <bpmn:endEvent id="stop"><bpmn:terminateEventDefinition id="t"/></bpmn:endEvent>
            <bpmn:endEvent id="end"/>
            <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="fork"/>
            <bpmn:sequenceFlow id="b" sourceRef="fork" targetRef="call"/>
            <bpmn:sequenceFlow id="c" sourceRef="fork" targetRef="first"/>
            <bpmn:sequenceFlow id="d" sourceRef="first" targetRef="stop"/>
            <bpmn:sequenceFlow id="e" sourceRef="call" targetRef="end"/>"#,
            call(CHILD, ""),
            service("first")
        );
        world.deploy(&[&model(&body), &child()]).unwrap();
        let parent = world.create("p", "{}");
        let work = world.job("work");
        let first = world.job("first").job;
        world.complete(first, "{}").unwrap();
        assert_eq!(status(world, parent), Status::Completed);
        assert_eq!(status(world, work.instance), Status::Terminated);
        // In the same step, nothing is called at all.
        let at_once = body.replace(r#"targetRef="first""#, r#"targetRef="stop""#);
        let at_once = at_once
            .replace(&service("first"), "")
            .replace(r#"<bpmn:sequenceFlow id="d" sourceRef="first" targetRef="stop"/>"#, "");
        world.deploy(&[&model_of("q", &at_once)]).unwrap();
        let parent = world.create("q", "{}");
        assert_eq!(status(world, parent), Status::Completed);
        assert_eq!(called(world, parent), []);
    });
}

#[test]
fn a_terminate_end_event_of_the_child_completes_it() {
    in_every_world(|world| {
        let ended = r#"<bpmn:startEvent id="s"/>
            <bpmn:endEvent id="stop"><bpmn:terminateEventDefinition id="t"/></bpmn:endEvent>
            <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="stop"/>"#;
        world.deploy(&[&caller("p", CHILD, "", ""), &model_of("child", ended)]).unwrap();
        let parent = world.create("p", "{}");
        assert_eq!(world.job("after").instance, parent);
    });
}

#[test]
fn a_child_is_cancelled_at_its_root() {
    in_every_world(|world| {
        let middle = caller("middle", CHILD, "", "");
        world.deploy(&[&caller("p", r#"processId="middle""#, "", ""), &middle, &child()]).unwrap();
        let root = world.create("p", "{}");
        let job = world.job("work");
        let refusal = world.command(Command::Cancel { instance: job.instance }).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidState, "{refusal}");
        let advice = format!("cancel the root instance {root} instead");
        assert!(refusal.message.contains(&advice), "{refusal}");
        world.command(Command::Cancel { instance: root }).unwrap();
        for instance in all(world) {
            assert_eq!(status(world, instance), Status::Terminated);
        }
        let late = world.complete(job.job, "{}").unwrap_err();
        assert_eq!(late.kind, RejectionKind::NotFound);
    });
}

#[test]
fn what_cannot_be_called_stops_the_activity_until_it_can() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", &in_a_minute())]).unwrap();
        let parent = world.create("p", "{}");
        let (_, kind, message) = incident(world, parent);
        assert_eq!((kind, kind.name()), (IncidentKind::CalledElementError, "CALLED_ELEMENT_ERROR"));
        assert!(message.contains("\"Call\" (call): expected a deployed process"), "{message}");
        assert!(message.contains("`child`") && message.contains("deploy it"), "{message}");
        assert!(world.history(parent).state.timers().is_empty(), "it was not entered");
        // Not one that only a message starts.
        let by_message = child().replace(
            r#"<bpmn:startEvent id="start"/>"#,
            r#"<bpmn:startEvent id="start"><bpmn:messageEventDefinition messageRef="begin"/></bpmn:startEvent>"#,
        );
        world.deploy(&[&by_message]).unwrap();
        resolve(world, parent);
        let (_, kind, message) = incident(world, parent);
        assert_eq!(kind, IncidentKind::CalledElementError);
        assert!(message.contains("to have a none start event"), "{message}");
        world.deploy(&[&child()]).unwrap();
        resolve(world, parent);
        let job = world.job("work");
        assert_eq!(called(world, parent), [job.instance]);
        world.complete(job.job, "{}").unwrap();
        assert_eq!(world.job("after").instance, parent);
    });
}

#[test]
fn the_id_of_the_process_may_be_an_expression_or_plain_bpmn() {
    in_every_world(|world| {
        let called = r#"processId="=&quot;chi&quot; + rest""#;
        let plain = r#"<bpmn:callActivity id="call" calledElement="child"/>"#;
        let plain = model_of("q", &line(&[("call", plain)]));
        world.deploy(&[&caller("p", called, "", ""), &plain, &child()]).unwrap();
        let root = world.create("p", r#"{"rest": "ld"}"#);
        assert_eq!(world.job("work").root, root);
        let root = world.create("q", "{}");
        assert_eq!(world.job("work").root, root);
        let nowhere = world.create("p", "{}");
        let (_, kind, message) = incident(world, nowhere);
        assert_eq!(kind, IncidentKind::ExtractValueError);
        assert!(message.contains("the process id to be a string"), "{message}");
    });
}

#[test]
fn a_process_that_calls_itself_is_stopped_at_a_depth() {
    for crash in [Crash::Never, Crash::EachCommit] {
        let mut world = World::new(1, crash);
        world.deploy(&[&model(&line(&[("call", &call(r#"processId="p""#, ""))]))]).unwrap();
        let root = world.create("p", "{}");
        let instances = all(&mut world);
        assert_eq!(instances.len(), 100);
        let last = *instances.last().unwrap();
        let (_, kind, message) = incident(&mut world, last);
        assert_eq!(kind, IncidentKind::CalledElementError);
        assert!(message.contains("at most 100 instances"), "{message}");
        assert!(message.contains(&format!("cancel the root instance {root}")), "{message}");
        world.command(Command::Cancel { instance: root }).unwrap();
        for instance in all(&mut world) {
            assert_eq!(status(&mut world, instance), Status::Terminated);
        }
        world.verify();
    }
}

#[test]
fn a_loop_of_calls_that_never_waits_is_stopped() {
    let body = format!(
        r#"<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="again"/>{}
        <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="again"/>
        <bpmn:sequenceFlow id="b" sourceRef="again" targetRef="call"/>
        <bpmn:sequenceFlow id="c" sourceRef="call" targetRef="again"/>"#,
        call(CHILD, "")
    );
    let mut world = World::new(1, Crash::Never);
    world.deploy(&[&model(&body), &model_of("child", &line(&[]))]).unwrap();
    let parent = world.create("p", "{}");
    let instances = all(&mut world);
    let stopped: Vec<_> = instances
        .into_iter()
        .flat_map(|instance| {
            let open = world.history(instance).state.incidents().clone();
            open.into_values().map(|open| open.kind)
        })
        .collect();
    assert_eq!(stopped, [IncidentKind::StepLimit]);
    world.command(Command::Cancel { instance: parent }).unwrap();
    world.verify();
}

#[test]
fn a_child_that_needs_somebody_holds_its_caller() {
    in_every_world(|world| {
        world.deploy(&[&caller("p", CHILD, "", ""), &child()]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        let fail = FailJob {
            job: job.job,
            retries: 0,
            message: "no".into(),
            backoff_ms: 0,
            variables: Variables::new(),
        };
        world.command(Command::FailJob(fail)).unwrap();
        assert_eq!(incident(world, job.instance).1, IncidentKind::JobNoRetries);
        assert!(world.history(parent).state.incidents().is_empty());
        resolve(world, job.instance);
        let job = world.job("work").job;
        world.complete(job, "{}").unwrap();
        assert_eq!(world.job("after").instance, parent);
    });
}

/// The caller, with a definition that panics when the activity is left.
fn broken(world: &mut World) -> Arc<Definition> {
    let xml = caller("p", CHILD, "", "");
    world.deploy(&[&xml, &child()]).unwrap();
    let mut process = bpmn::read(&xml).unwrap().processes.remove(0);
    for flow in process.flows.iter_mut().skip(1) {
        flow.target = 99;
    }
    let heads = world.reader().definitions().unwrap();
    let head = heads.iter().find(|head| head.id == "p").unwrap();
    let row = world.reader().definition(head.key).unwrap().unwrap();
    Arc::new(Definition::new(row, process))
}

#[test]
fn a_panic_over_a_result_loses_neither_the_result_nor_the_child() {
    for shards in [1, 3] {
        let mut world = World::new(shards, Crash::Never);
        let definition = broken(&mut world);
        world.inject(&definition);
        let parent = world.create("p", "{}");
        let job = world.job("work");
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let done = world.complete(job.job, r#"{"x": 2}"#);
        std::panic::set_hook(hook);
        done.unwrap();
        assert_eq!(status(&mut world, job.instance), Status::Completed);
        assert_eq!(incident(&mut world, parent).1, IncidentKind::Quarantined);
        assert_eq!(world.history(parent).state.calls().len(), 1, "it waits still");
        // A release that knows better.
        world.crash();
        resolve(&mut world, parent);
        let after = world.job("after");
        assert_eq!((after.instance, &*after.variables), (parent, r#"{"x":2}"#));
        assert_eq!(called(&mut world, parent).len(), 1);
        let returned = world.history(parent).timeline.into_iter();
        let returned = returned.filter(|at| matches!(at.event, Event::InstanceReturned { .. }));
        assert_eq!(returned.count(), 1);
        world.verify();
    }
}

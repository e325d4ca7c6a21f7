//! Listeners of user tasks in shards: who asked hears when they are done.

use base::{
    Command, ElementMapping, InstanceKey, InstanceState, ListenerResult, MigrateInstance,
    ModifyInstance, RejectionKind, Selection, TaskPatch, ThrowError, Variables,
};
use fermata_sim::World;
use instance::Status;

use crate::{in_every_world, line, model};

fn task(listeners: &[(&str, &str)]) -> String {
    model(&line(&[("u", &user(listeners))]))
}

fn user(listeners: &[(&str, &str)]) -> String {
    let one = |(event, job_type): &(&str, &str)| {
        format!(r#"<zeebe:taskListener eventType="{event}" type="{job_type}"/>"#)
    };
    let listeners: String = listeners.iter().map(one).collect();
    format!(
        r#"<bpmn:userTask id="u"><bpmn:extensionElements><zeebe:userTask/>
<zeebe:taskHeaders><zeebe:header key="h" value="v"/></zeebe:taskHeaders>
<zeebe:taskListeners>{listeners}</zeebe:taskListeners></bpmn:extensionElements></bpmn:userTask>"#
    )
}

fn result(denied: Option<&str>) -> Box<ListenerResult> {
    Box::new(ListenerResult { denied: denied.map(Into::into), corrections: TaskPatch::default() })
}

#[test]
fn a_listener_hears_what_is_about_to_happen_in_its_headers() {
    in_every_world(|world| {
        world.deploy(&[&task(&[("creating", "c")])]).unwrap();
        world.create("p", "{}");
        let job = world.job("c");
        let task = job.user_task.expect("the task that comes up").task;
        let headers = format!(
            r#"{{"h":"v","idempotencyKey":"{}","io.camunda.zeebe:priority":"50","io.camunda.zeebe:userTaskKey":"{task}"}}"#,
            job.job
        );
        assert_eq!(&*job.headers, headers);
        let refused = world.complete_task(task, "{}").unwrap_err();
        assert_eq!(refused.kind, RejectionKind::NotFound, "it is not there yet");
        let variables = world.complete(job.job, r#"{"x": 1}"#).unwrap_err();
        assert_eq!(variables.kind, RejectionKind::InvalidArgument);
        let denied = Command::AnswerListener { job: job.job, result: result(Some("no")) };
        assert_eq!(world.command(denied).unwrap_err().kind, RejectionKind::InvalidArgument);
        world.complete(job.job, "{}").unwrap();
        world.complete_task(task, "{}").unwrap();
    });
}

#[test]
fn a_task_whose_completion_was_denied_stays_and_can_be_completed() {
    in_every_world(|world| {
        world.deploy(&[&task(&[("completing", "d")])]).unwrap();
        let instance = world.create("p", "{}");
        let tasks = world.history(instance).state.user_tasks().clone();
        let task = *tasks.keys().next().expect("a task");
        let complete = |variables: &str| {
            let variables = Variables::parse(variables).unwrap();
            Command::CompleteTask { task, variables, action: "".into() }
        };
        let (asked, at_once) = world.send(task.0.shard(), complete(r#"{"x": 1}"#));
        assert_eq!(at_once, None, "its listener is at work");
        let busy = world.complete_task(task, "{}").unwrap_err();
        assert_eq!(busy.kind, RejectionKind::InvalidState);
        let job = world.job("d").job;
        world.command(Command::AnswerListener { job, result: result(Some("too early")) }).unwrap();
        // Who asked before a crash is gone with it.
        if let Some(answer) = world.reply(asked) {
            let denied = answer.unwrap_err();
            assert_eq!(denied.kind, RejectionKind::InvalidState);
            assert!(denied.message.contains("too early"), "{}", denied.message);
        }
        let (asked, at_once) = world.send(task.0.shard(), complete(r#"{"x": 2}"#));
        assert_eq!(at_once, None);
        let job = world.job("d").job;
        world.complete(job, "{}").unwrap();
        assert!(world.reply(asked).is_none_or(|answer| answer.is_ok()));
        let history = world.history(instance);
        assert_eq!(history.state.status(), Status::Completed);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"x":2}"#);
    });
}

/// A caller, and the instance that it has called, which waits at a task whose cancellation `c` hears.
fn calling(world: &mut World) -> (InstanceKey, InstanceKey) {
    let model_of_child = task(&[("canceling", "c")]).replace(r#"id="p""#, r#"id="child""#);
    let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
        <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
    world.deploy(&[&model_of_child, &model(&line(&[("call", call)]))]).unwrap();
    let caller = world.create("p", "{}");
    (caller, *world.history(caller).state.calls().values().next().unwrap())
}

fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

#[test]
fn a_cancelled_caller_ends_after_the_listeners_in_what_it_has_called() {
    in_every_world(|world| {
        let (caller, child) = calling(world);
        world.command(Command::Cancel { instance: caller }).unwrap();
        world.crash();
        for instance in [caller, child] {
            let state = world.history(instance).state;
            assert!(state.ends_soon() && state.status() == Status::Active, "{state:?}");
            let row = world.reader().instance(instance).unwrap().unwrap();
            assert_eq!((row.state, row.ended_ms), (InstanceState::Active, None));
            assert_eq!(row.canceling, Some(1));
        }
        let job = world.job("c").job;
        world.complete(job, "{}").unwrap();
        assert_eq!([status(world, caller), status(world, child)], [Status::Terminated; 2]);
        world.command(Command::DeleteInstance { instance: caller }).unwrap();
        assert_eq!(world.reader().instance(child).unwrap(), None);
    });
}

#[test]
fn cancelled_again_it_ends_at_once_with_what_it_has_called() {
    in_every_world(|world| {
        let (caller, child) = calling(world);
        world.command(Command::Cancel { instance: caller }).unwrap();
        world.command(Command::Cancel { instance: caller }).unwrap();
        assert_eq!([status(world, caller), status(world, child)], [Status::Terminated; 2]);
    });
}

#[test]
fn who_listens_two_calls_below_is_waited_for_too() {
    in_every_world(|world| {
        let call = |of: &str| {
            format!(
                r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
                <zeebe:calledElement processId="{of}"/></bpmn:extensionElements></bpmn:callActivity>"#
            )
        };
        let lowest = task(&[("canceling", "c")]).replace(r#"id="p""#, r#"id="lowest""#);
        let middle =
            model(&line(&[("call", &call("lowest"))])).replace(r#"id="p""#, r#"id="middle""#);
        world.deploy(&[&lowest, &middle, &model(&line(&[("call", &call("middle"))]))]).unwrap();
        let caller = world.create("p", "{}");
        world.command(Command::Cancel { instance: caller }).unwrap();
        assert_eq!(status(world, caller), Status::Active);
        world.crash();
        let job = world.job("c").job;
        world.complete(job, "{}").unwrap();
        assert_eq!(status(world, caller), Status::Terminated);
    });
}

#[test]
fn an_error_out_of_a_called_instance_is_handled_when_its_listeners_are_done() {
    in_every_world(|world| {
        let work = r#"<bpmn:serviceTask id="w"><bpmn:extensionElements><zeebe:taskDefinition type="w"/>
            </bpmn:extensionElements></bpmn:serviceTask>"#;
        let user = user(&[("canceling", "c")]);
        let body = format!(
            r#"<bpmn:startEvent id="s"/>{user}{work}<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="u"/>
            <bpmn:sequenceFlow id="f2" sourceRef="s" targetRef="w"/>"#
        );
        let child = model(&body).replace(r#"id="p""#, r#"id="child""#);
        let body = r#"<bpmn:startEvent id="s"/><bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>
            <bpmn:boundaryEvent id="b" attachedToRef="call"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
            <bpmn:userTask id="later"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>
            <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="call"/>
            <bpmn:sequenceFlow id="f2" sourceRef="b" targetRef="later"/>"#;
        world.deploy(&[&child, &model(body)]).unwrap();
        let caller = world.create("p", "{}");
        let (job, code, message) = (world.job("w").job, "NO".into(), "".into());
        let thrown = ThrowError { job, code, message, variables: Variables::new() };
        world.command(Command::ThrowError(thrown)).unwrap();
        world.crash();
        assert!(world.history(caller).state.user_tasks().is_empty());
        let job = world.job("c").job;
        world.complete(job, "{}").unwrap();
        assert_eq!(world.history(caller).state.user_tasks().len(), 1);
    });
}

#[test]
fn a_called_instance_that_got_its_listeners_later_lives_on_by_itself() {
    in_every_world(|world| {
        let child_with =
            |listeners: &[(&str, &str)]| task(listeners).replace(r#"id="p""#, r#"id="child""#);
        let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
        let body = model(&line(&[("call", call)]));
        world.deploy(&[&child_with(&[("creating", "n")]), &body]).unwrap();
        let caller = world.create("p", "{}");
        let child = *world.history(caller).state.calls().values().next().unwrap();
        let job = world.job("n").job;
        world.complete(job, "{}").unwrap();
        let target = world.deploy(&[&child_with(&[("canceling", "c")])]).unwrap()[0].key;
        let mappings = vec![ElementMapping { source: "u".into(), target: "u".into() }];
        let migrate = MigrateInstance { instance: child, target, mappings, dry_run: false };
        world.command(Command::Migrate(migrate)).unwrap();
        world.command(Command::Cancel { instance: caller }).unwrap();
        assert_eq!(status(world, caller), Status::Terminated);
        assert!(world.history(child).state.ends_soon());
        // Nothing of it is deleted under it.
        let early = world.command(Command::DeleteInstance { instance: caller }).unwrap_err();
        assert_eq!(early.kind, RejectionKind::InvalidState);
        assert!(early.message.contains(&child.to_string()), "{}", early.message);
        let job = world.job("c").job;
        world.complete(job, "{}").unwrap();
        assert_eq!(status(world, child), Status::Terminated);
        world.command(Command::DeleteInstance { instance: caller }).unwrap();
    });
}

#[test]
fn a_called_instance_that_waits_for_listeners_is_cancelled_suspended_and_resumed_for_itself() {
    in_every_world(|world| {
        let (caller, child) = calling(world);
        world.command(Command::Cancel { instance: caller }).unwrap();
        let reason = "audit".into();
        world.command(Command::Suspend { instance: child, reason }).unwrap();
        assert!(world.activate("c", 1).is_empty());
        world.command(Command::Resume { instance: child }).unwrap();
        assert_eq!(world.activate("c", 1).len(), 1);
        world.command(Command::Cancel { instance: child }).unwrap();
        assert_eq!([status(world, caller), status(world, child)], [Status::Terminated; 2]);
        world.command(Command::DeleteInstance { instance: caller }).unwrap();
    });
}

#[test]
fn a_suspended_caller_and_what_it_has_called_end_at_once() {
    in_every_world(|world| {
        let (caller, child) = calling(world);
        let reason = "audit".into();
        world.command(Command::Suspend { instance: caller, reason }).unwrap();
        world.command(Command::Cancel { instance: caller }).unwrap();
        assert_eq!([status(world, caller), status(world, child)], [Status::Terminated; 2]);
    });
}

#[test]
fn a_caller_that_goes_on_is_suspended_without_what_it_has_called_once() {
    in_every_world(|world| {
        let model_of_child = task(&[("canceling", "c")]).replace(r#"id="p""#, r#"id="child""#);
        let body = r#"<bpmn:startEvent id="s"/><bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>
            <bpmn:boundaryEvent id="t" attachedToRef="call"><bpmn:timerEventDefinition>
            <bpmn:timeDuration>PT1M</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
            <bpmn:userTask id="later"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>
            <bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="call"/>
            <bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="e"/>
            <bpmn:sequenceFlow id="f3" sourceRef="t" targetRef="later"/>
            <bpmn:sequenceFlow id="f4" sourceRef="later" targetRef="e"/>"#;
        world.deploy(&[&model_of_child, &model(body)]).unwrap();
        let caller = world.create("p", "{}");
        let child = *world.history(caller).state.calls().values().next().unwrap();
        world.advance(60_000);
        let state = world.history(caller).state;
        assert!(state.calls().is_empty() && state.user_tasks().is_empty(), "{state:?}");
        assert!(world.history(child).state.ends_soon());
        world.command(Command::Suspend { instance: child, reason: "audit".into() }).unwrap();
        world.command(Command::Suspend { instance: caller, reason: "audit".into() }).unwrap();
        // It was cancelled: nothing resumes it but this.
        world.command(Command::Resume { instance: child }).unwrap();
        let job = world.job("c").job;
        world.complete(job, "{}").unwrap();
        assert_eq!(status(world, child), Status::Terminated);
        // That is known to its caller when it goes on.
        assert!(world.history(caller).state.user_tasks().is_empty());
        world.crash();
        world.command(Command::Resume { instance: caller }).unwrap();
        world.advance(0);
        assert_eq!(world.history(caller).state.user_tasks().len(), 1);
    });
}

#[test]
fn a_modification_that_ends_a_call_asks_nobody() {
    in_every_world(|world| {
        let (caller, child) = calling(world);
        let terminate = vec![Selection::Element("call".into())];
        let modify =
            ModifyInstance { instance: caller, activate: Vec::new(), terminate, moves: Vec::new() };
        world.command(Command::Modify(modify)).unwrap();
        assert_eq!([status(world, caller), status(world, child)], [Status::Terminated; 2]);
    });
}

#[test]
fn a_cancelled_instance_waits_for_its_listener_through_a_crash() {
    in_every_world(|world| {
        world.deploy(&[&task(&[("canceling", "c")])]).unwrap();
        let instance = world.create("p", "{}");
        world.command(Command::Cancel { instance }).unwrap();
        world.crash();
        let deletion = world.command(Command::DeleteInstance { instance }).unwrap_err();
        assert_eq!(deletion.kind, RejectionKind::InvalidState);
        let job = world.job("c");
        assert!(job.user_task.is_some_and(|listened| listened.changed.is_empty()));
        world.complete(job.job, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Terminated);
        world.command(Command::DeleteInstance { instance }).unwrap();
    });
}

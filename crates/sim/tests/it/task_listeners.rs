//! Listeners of user tasks in shards: who asked hears when they are done.

use base::{Command, ListenerResult, RejectionKind, TaskPatch, Variables};
use instance::Status;

use crate::{in_every_world, line, model};

fn task(listeners: &[(&str, &str)]) -> String {
    let one = |(event, job_type): &(&str, &str)| {
        format!(r#"<zeebe:taskListener eventType="{event}" type="{job_type}"/>"#)
    };
    let listeners: String = listeners.iter().map(one).collect();
    let task = format!(
        r#"<bpmn:userTask id="u"><bpmn:extensionElements><zeebe:userTask/>
<zeebe:taskHeaders><zeebe:header key="h" value="v"/></zeebe:taskHeaders>
<zeebe:taskListeners>{listeners}</zeebe:taskListeners></bpmn:extensionElements></bpmn:userTask>"#
    );
    model(&line(&[("u", &task)]))
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

#[test]
fn a_called_instance_ends_with_its_caller_and_asks_nobody() {
    in_every_world(|world| {
        let model_of_child = task(&[("canceling", "c")]).replace(r#"id="p""#, r#"id="child""#);
        let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
        world.deploy(&[&model_of_child, &model(&line(&[("call", call)]))]).unwrap();
        let caller = world.create("p", "{}");
        let child = *world.history(caller).state.calls().values().next().unwrap();
        world.command(Command::Cancel { instance: caller }).unwrap();
        for instance in [caller, child] {
            assert_eq!(world.history(instance).state.status(), Status::Terminated);
        }
        assert!(world.activate("c", 1).is_empty());
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

//! Listeners' jobs: handed out as any others, with headers and a kind of their own.

use base::{Command, ListenerEvent, RejectionKind, ThrowError, Variables};
use instance::Status;

use crate::{in_every_world, line, model};

const TASK: &str = r#"<bpmn:serviceTask id="work"><bpmn:extensionElements>
<zeebe:taskDefinition type="work"/>
<zeebe:taskHeaders><zeebe:header key="a" value="1"/><zeebe:header key="b" value="2"/></zeebe:taskHeaders>
<zeebe:executionListeners>
<zeebe:executionListener eventType="start" type="before" retries="1">
<zeebe:taskHeaders><zeebe:header key="b" value="3"/></zeebe:taskHeaders></zeebe:executionListener>
<zeebe:executionListener eventType="end" type="after"/>
</zeebe:executionListeners></bpmn:extensionElements></bpmn:serviceTask>"#;

#[test]
fn a_listener_s_job_has_its_kind_and_the_headers_of_both() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("work", TASK)]))]).unwrap();
        let instance = world.create("p", "{}");
        let before = world.job("before");
        assert_eq!((before.role.listener(), before.retries), (Some(ListenerEvent::Start), 1));
        let headers = format!(r#"{{"a":"1","b":"3","idempotencyKey":"{}"}}"#, before.job);
        assert_eq!(&*before.headers, headers);
        assert_eq!(world.activate("work", 1), [], "the work has not begun");
        world.complete(before.job, r#"{"own": 1}"#).unwrap();
        let work = world.job("work");
        assert_eq!((work.role.listener(), &*work.variables), (None, r#"{"own":1}"#));
        world.complete(work.job, r#"{"got": 2}"#).unwrap();
        let after = world.job("after");
        assert_eq!(after.role.listener(), Some(ListenerEvent::End));
        world.complete(after.job, r#"{"last": 3}"#).unwrap();
        let history = world.history(instance);
        assert_eq!(history.state.status(), Status::Completed);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"got":2,"last":3}"#);
    });
}

#[test]
fn a_listener_cannot_throw_an_error_and_stays_open() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("work", TASK)]))]).unwrap();
        world.create("p", "{}");
        let job = world.job("before").job;
        let (code, message) = ("GONE".into(), "".into());
        let throw = ThrowError { job, code, message, variables: Variables::new() };
        let refused = world.command(Command::ThrowError(throw)).unwrap_err();
        assert_eq!(refused.kind, RejectionKind::InvalidState);
        assert!(refused.message.contains("is a listener (start)"), "{}", refused.message);
        world.complete(job, "{}").unwrap();
        world.job("work");
    });
}

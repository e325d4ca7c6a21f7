//! Jobs: leases, retries, backoff, incidents, errors, queues longer than memory.

use base::{Command, FailJob, RejectionKind, ThrowError, Variables};
use instance::Status;

use crate::{in_every_world, line, model, service};

fn one_task() -> String {
    model(&line(&[("work", &service("work"))]))
}

fn fail(job: base::JobKey, retries: i32, backoff_ms: i64) -> Command {
    Command::FailJob(FailJob {
        job,
        retries,
        message: "no network".into(),
        backoff_ms,
        variables: Variables::new(),
    })
}

#[test]
fn a_completed_job_moves_its_instance_on_and_carries_its_key_in_its_headers() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        let instance = world.create("p", r#"{"x": 1}"#);
        let job = world.job("work");
        assert_eq!(&*job.variables, r#"{"x":1}"#);
        assert_eq!(&*job.headers, format!(r#"{{"idempotencyKey":"{}"}}"#, job.job));
        world.complete(job.job, r#"{"y": 2}"#).unwrap();
        let history = world.history(instance);
        assert_eq!(history.state.status(), Status::Completed);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"x":1,"y":2}"#);
        let again = world.complete(job.job, "{}").unwrap_err();
        assert_eq!(again.kind, RejectionKind::NotFound);
        assert!(again.message.contains("has completed"), "{}", again.message);
    });
}

#[test]
fn a_lease_excludes_others_until_it_ends() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        world.create("p", "{}");
        let first = world.job("work");
        world.advance(59_999);
        assert_eq!(world.activate("work", 10), []);
        world.advance(1);
        assert_eq!(world.job("work").job, first.job);
    });
}

#[test]
fn a_failed_job_comes_back_after_its_backoff_and_stops_with_an_incident_when_exhausted() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        world.command(fail(job, 1, 5_000)).unwrap();
        world.advance(4_999);
        assert_eq!(world.activate("work", 1), []);
        world.advance(1);
        assert_eq!(world.job("work").retries, 1);
        world.command(fail(job, 0, 0)).unwrap();
        world.advance(1_000_000);
        assert_eq!(world.activate("work", 1), []);
        let state = world.history(instance).state;
        let (incident, open) = state.incidents().first_key_value().unwrap();
        assert!(open.message.contains("no network"), "{}", &*open.message);
        let early = world.complete(job, "{}").unwrap_err();
        assert_eq!(early.kind, RejectionKind::InvalidState);
        let update = Command::UpdateJob { job, retries: Some(3), timeout_ms: None };
        world.command(update).unwrap();
        assert_eq!(world.activate("work", 1), [], "retries alone do not resolve the incident");
        world.command(Command::ResolveIncident { incident: *incident }).unwrap();
        assert_eq!(world.job("work").retries, 3);
        world.complete(job, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        let again = world.command(Command::ResolveIncident { incident: *incident }).unwrap_err();
        assert_eq!(again.kind, RejectionKind::NotFound);
    });
}

#[test]
fn a_resolved_incident_of_an_exhausted_job_gives_one_attempt() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        world.command(fail(job, 0, 0)).unwrap();
        let state = world.history(instance).state;
        let incident = *state.incidents().first_key_value().unwrap().0;
        world.command(Command::ResolveIncident { incident }).unwrap();
        assert_eq!(world.job("work").retries, 1);
    });
}

#[test]
fn a_lease_can_be_extended_and_given_back() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        world.create("p", "{}");
        let waiting = Command::UpdateJob {
            job: base::JobKey(world.job("work").job.0),
            retries: None,
            timeout_ms: Some(600_000),
        };
        world.command(waiting.clone()).unwrap();
        world.advance(599_999);
        assert_eq!(world.activate("work", 1), []);
        let Command::UpdateJob { job, .. } = waiting else { unreachable!() };
        let back = Command::UpdateJob { job, retries: None, timeout_ms: Some(0) };
        world.command(back).unwrap();
        assert_eq!(world.job("work").job, job);
        for timeout_ms in [-1, i64::MAX] {
            let wrong = Command::UpdateJob { job, retries: None, timeout_ms: Some(timeout_ms) };
            assert_eq!(world.command(wrong).unwrap_err().kind, RejectionKind::InvalidArgument);
        }
    });
}

#[test]
fn a_business_error_takes_the_boundary_path_with_its_variables() {
    let boundary = r#"<bpmn:boundaryEvent id="caught" attachedToRef="work">
        <bpmn:errorEventDefinition errorRef="gone"/></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="c" sourceRef="caught" targetRef="tell"/>"#;
    let tell = service("tell");
    let end = r#"<bpmn:sequenceFlow id="d" sourceRef="tell" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let xml = model(&(line(&[("work", &service("work"))]) + boundary + &tell + end));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        let throw = ThrowError {
            job,
            code: "GONE".into(),
            message: "sold out".into(),
            variables: Variables::parse(r#"{"missing": "tea"}"#).unwrap(),
        };
        world.command(Command::ThrowError(throw)).unwrap();
        let tell = world.job("tell");
        assert_eq!(&*tell.variables, r#"{"missing":"tea"}"#);
        world.complete(tell.job, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
    });
}

#[test]
fn a_queue_longer_than_memory_is_handed_out_once_and_in_order() {
    in_every_world(|world| {
        world.deploy(&[&one_task()]).unwrap();
        let count = 2_500;
        for number in 0..count {
            world.create("p", &format!(r#"{{"n": {number}}}"#));
        }
        world.crash();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let jobs = world.activate("work", 400);
            if jobs.is_empty() {
                break;
            }
            for job in jobs {
                assert!(seen.insert(job.job), "job {} was handed out twice", job.job);
                if seen.len() % 2 == 0 {
                    world.complete(job.job, "{}").unwrap();
                }
            }
        }
        assert_eq!(seen.len(), count);
        world.advance(60_000);
        let mut back = 0;
        loop {
            let jobs = world.activate("work", 1_000);
            if jobs.is_empty() {
                break;
            }
            back += jobs.len();
        }
        assert_eq!(back, count / 2);
    });
}

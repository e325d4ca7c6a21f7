//! Policies of steps in shards: leases, delays, timers, with and without crashes.

use base::{Command, Event, FailJob, IncidentKind, JobState, Variables};
use instance::Status;

use crate::{in_every_world, line, model};

fn step(policy: &str) -> String {
    let work = format!(
        r#"<bpmn:serviceTask id="work"><bpmn:extensionElements><zeebe:taskDefinition type="work"/>
<fermata:policy {policy}/></bpmn:extensionElements></bpmn:serviceTask>"#
    );
    model(&line(&[("work", &work)]))
}

fn fail(job: base::JobKey, message: &str) -> Command {
    Command::FailJob(FailJob {
        job,
        retries: 77,
        message: message.into(),
        backoff_ms: 3_600_000,
        variables: Variables::new(),
    })
}

#[test]
fn a_job_comes_back_when_the_policy_says_and_not_the_worker() {
    in_every_world(|world| {
        let policy = r#"retries="2" initialDelay="PT10S" factor="3" doNotRetry="GONE""#;
        world.deploy(&[&step(policy)]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work");
        assert_eq!(job.retries, 3);
        world.command(fail(job.job, "no net")).unwrap();
        world.advance(9_999);
        assert_eq!(world.activate("work", 1), []);
        world.advance(1);
        assert_eq!(world.job("work").retries, 2);
        world.command(fail(job.job, "no net")).unwrap();
        world.advance(30_000);
        assert_eq!(world.job("work").retries, 1);
        world.command(fail(job.job, "GONE: for ever")).unwrap();
        let state = world.history(instance).state;
        let (incident, open) = state.incidents().first_key_value().unwrap();
        assert_eq!(open.kind, IncidentKind::JobNoRetries);
        world.command(Command::ResolveIncident { incident: *incident }).unwrap();
        let job = world.job("work");
        assert_eq!(job.retries, 1);
        world.complete(job.job, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
    });
}

#[test]
fn jitter_is_the_same_in_every_world_that_did_the_same() {
    let mut delays = Vec::new();
    let delays_of = |world: &mut fermata_sim::World| {
        world.deploy(&[&step(r#"retries="9" initialDelay="PT10S" jitter="0.5""#)]).unwrap();
        let instance = world.create("p", "{}");
        let mut delays = Vec::new();
        for _ in 0..5 {
            let job = world.job("work").job;
            world.command(fail(job, "no net")).unwrap();
            let state = world.history(instance).state;
            let live = &state.jobs()[&job];
            assert_eq!(live.state, JobState::Failed);
            let history = world.history(instance);
            delays.push(live.available_ms - history.timeline.last().unwrap().at_ms);
            world.advance(10_000);
        }
        delays
    };
    for crash in [fermata_sim::Crash::Never, fermata_sim::Crash::EachCommit] {
        let mut world = fermata_sim::World::new(1, crash);
        delays.push(delays_of(&mut world));
        world.verify();
    }
    assert_eq!(delays[0], delays[1]);
    assert!(delays[0].iter().all(|ms| (5_000..=10_000).contains(ms)), "{delays:?}");
    assert!(delays[0].iter().any(|ms| *ms != delays[0][0]), "{delays:?}");
}

#[test]
fn an_attempt_that_nobody_answers_fails_by_itself() {
    in_every_world(|world| {
        let policy = r#"retries="1" initialDelay="PT5S" attemptTimeout="PT20S""#;
        world.deploy(&[&step(policy)]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work");
        let history = world.history(instance);
        let leased = history.timeline.iter().rev().find_map(|entry| match &entry.event {
            Event::JobLeased { until_ms, .. } => Some(until_ms - entry.at_ms),
            _ => None,
        });
        assert_eq!(leased, Some(20_000), "a lease of a minute was asked for");
        let longer = Command::UpdateJob { job: job.job, retries: None, timeout_ms: Some(90_000) };
        world.advance(10_000);
        world.command(longer).unwrap();
        world.advance(10_000);
        assert_eq!(world.activate("work", 1), [], "it failed, and its delay runs");
        world.advance(5_000);
        assert_eq!(world.job("work").retries, 1);
        world.advance(20_000);
        let state = world.history(instance).state;
        let open = state.incidents().values().next().expect("an incident without any worker");
        assert_eq!(open.kind, IncidentKind::JobNoRetries);
        assert!(open.message.contains("longer than an attempt may"), "{}", &*open.message);
    });
}

#[test]
fn workers_get_the_model_s_idempotency_key() {
    in_every_world(|world| {
        world.deploy(&[&step(r#"idempotencyKey="=&quot;a \&quot;&quot; + id""#)]).unwrap();
        world.create("p", r#"{"id": "7"}"#);
        assert_eq!(&*world.job("work").headers, r#"{"idempotencyKey":"a \"7"}"#);
    });
}

#[test]
fn a_timeout_ends_what_the_step_has_called_and_goes_on_in_its_caller() {
    let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
<zeebe:calledElement processId="p"/></bpmn:extensionElements></bpmn:callActivity>
<bpmn:boundaryEvent id="caught" attachedToRef="call"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
<bpmn:endEvent id="late"/><bpmn:sequenceFlow id="to-late" sourceRef="caught" targetRef="late"/>"#;
    in_every_world(|world| {
        let caller = crate::model_of("caller", &line(&[("call", call)]));
        world.deploy(&[&step(r#"timeout="PT1M""#), &caller]).unwrap();
        let instance = world.create("caller", "{}");
        let job = world.job("work");
        world.advance(60_000);
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        assert_eq!(world.history(job.instance).state.status(), Status::Terminated);
        world.complete(job.job, "{}").unwrap_err();
    });
}

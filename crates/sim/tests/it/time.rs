//! Timers: once, not early, cancelled with what they guard, repeated, at start events.

use instance::Status;

use crate::{in_every_world, line, model, service};

const MINUTE: i64 = 60_000;

fn started(world: &mut fermata_sim::World) -> usize {
    let query = store::Query::default();
    world.reader().find_instances(&query).unwrap().rows.len()
}

#[test]
fn a_timer_fires_once_and_not_early() {
    let wait = r#"<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition>
        <bpmn:timeDuration>PT10M</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#;
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("wait", wait), ("work", &service("work"))]))]).unwrap();
        world.create("p", "{}");
        world.advance(10 * MINUTE - 1);
        assert_eq!(world.activate("work", 1), []);
        world.advance(1);
        let job = world.job("work").job;
        world.advance(60 * MINUTE);
        world.job("work");
        world.complete(job, "{}").unwrap();
    });
}

#[test]
fn a_thousand_timers_that_are_due_at_once_all_fire() {
    let wait = r#"<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition>
        <bpmn:timeDuration>=d</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#;
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("wait", wait)]))]).unwrap();
        let instances: Vec<_> = (0..1_500)
            .map(|n| world.create("p", &format!(r#"{{"d": "PT{}S"}}"#, 1 + n % 2)))
            .collect();
        world.crash();
        world.advance(1_000);
        let ended = |world: &mut fermata_sim::World| {
            let completed = |instance: &&base::InstanceKey| {
                world.history(**instance).state.status() == Status::Completed
            };
            instances.iter().filter(completed).count()
        };
        assert_eq!(ended(world), 750);
        world.advance(1_000);
        assert_eq!(ended(world), 1_500);
    });
}

#[test]
fn an_interrupting_timer_cancels_the_job_it_guards() {
    let boundary = r#"<bpmn:boundaryEvent id="late" attachedToRef="work"><bpmn:timerEventDefinition>
        <bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="l" sourceRef="late" targetRef="escalate"/>"#;
    let escalate = service("escalate");
    let end = r#"<bpmn:sequenceFlow id="m" sourceRef="escalate" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let xml = model(&(line(&[("work", &service("work"))]) + boundary + &escalate + end));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("work").job;
        world.advance(60 * MINUTE);
        let late = world.complete(job, "{}").unwrap_err();
        assert_eq!(late.kind, base::RejectionKind::NotFound);
        let escalated = world.job("escalate").job;
        world.complete(escalated, "{}").unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
    });
}

#[test]
fn a_repeating_boundary_timer_reminds_as_often_as_it_says() {
    let boundary = r#"<bpmn:boundaryEvent id="remind" attachedToRef="work" cancelActivity="false">
        <bpmn:timerEventDefinition><bpmn:timeCycle>R3/PT10M</bpmn:timeCycle></bpmn:timerEventDefinition>
        </bpmn:boundaryEvent><bpmn:sequenceFlow id="l" sourceRef="remind" targetRef="mail"/>"#;
    let mail = service("mail");
    let end = r#"<bpmn:sequenceFlow id="m" sourceRef="mail" targetRef="end2"/><bpmn:endEvent id="end2"/>"#;
    let xml = model(&(line(&[("work", &service("work"))]) + boundary + &mail + end));
    in_every_world(|world| {
        world.deploy(&[&xml]).unwrap();
        world.create("p", "{}");
        let mut reminders = Vec::new();
        for _ in 0..5 {
            world.advance(10 * MINUTE);
            let jobs = world.activate("mail", 10);
            reminders.push(jobs.len());
            for job in jobs {
                world.complete(job.job, "{}").unwrap();
            }
        }
        assert_eq!(reminders, [1, 1, 1, 0, 0]);
    });
}

#[test]
fn a_timer_start_event_starts_instances_until_a_new_version_replaces_it() {
    let with = |cycle: &str| {
        let start = format!(
            r#"<bpmn:startEvent id="start"><bpmn:timerEventDefinition>
            <bpmn:timeCycle>{cycle}</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>"#
        );
        model(
            &line(&[("work", &service("work"))])
                .replace(r#"<bpmn:startEvent id="start"/>"#, &start),
        )
    };
    in_every_world(|world| {
        world.deploy(&[&with("R3/PT1H")]).unwrap();
        world.advance(60 * MINUTE - 1);
        assert_eq!(started(world), 0);
        world.advance(1);
        assert_eq!(started(world), 1);
        world.advance(10 * 60 * MINUTE);
        assert_eq!(started(world), 3, "R3 is three times");
        world.deploy(&[&with("0 0 0 * * *")]).unwrap();
        world.advance(24 * 60 * MINUTE);
        assert_eq!(started(world), 4, "cron, once a day at midnight");
        world.deploy(&[&with("R1/PT1M")]).unwrap();
        world.advance(48 * 60 * MINUTE);
        assert_eq!(started(world), 5, "the new version's timers replace the old one's");
    });
}

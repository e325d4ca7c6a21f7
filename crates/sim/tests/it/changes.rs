//! Operators change running instances: where they are, and what they are a run of.

use base::{
    Activation, Command, DefinitionKey, DefinitionRef, ElementKey, ElementMapping, Event, FailJob,
    InstanceKey, MigrateInstance, ModifyInstance, RejectionKind, Reply, Selection, Variables,
    Within,
};
use fermata_sim::World;
use instance::Status;
use store::{Page, Query};

use crate::{in_every_world, line, model, model_of, service};

fn modify(world: &mut World, instance: InstanceKey, begin: &[&str], end: &[&str]) -> base::Outcome {
    let activate = begin.iter().map(|id| Activation {
        element_id: (*id).into(),
        within: Within::Existing,
        variables: Vec::new(),
    });
    let terminate = end.iter().map(|id| Selection::Element((*id).into()));
    world.command(Command::Modify(ModifyInstance {
        instance,
        activate: activate.collect(),
        terminate: terminate.collect(),
        moves: Vec::new(),
    }))
}

fn migrate(
    world: &mut World,
    instance: InstanceKey,
    target: DefinitionKey,
    mappings: &[(&str, &str)],
) -> base::Outcome {
    let mapping = |(source, target): &(&str, &str)| ElementMapping {
        source: (*source).into(),
        target: (*target).into(),
    };
    world.command(Command::Migrate(MigrateInstance {
        instance,
        target,
        mappings: mappings.iter().map(mapping).collect(),
        dry_run: false,
    }))
}

fn status(world: &mut World, instance: InstanceKey) -> Status {
    world.history(instance).state.status()
}

fn wait_for_paid() -> String {
    r#"<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="paid"/></bpmn:intermediateCatchEvent>"#.into()
}

fn task() -> String {
    r#"<bpmn:userTask id="task"/>"#.into()
}

#[test]
fn an_instance_starts_at_an_element_and_goes_on_from_there() {
    in_every_world(|world| {
        let body = [("a", service("a")), ("wait", wait_for_paid()), ("b", service("b"))];
        let body: Vec<(&str, &str)> = body.iter().map(|(id, xml)| (*id, &**xml)).collect();
        world.deploy(&[&model(&line(&body))]).unwrap();
        let start = |ids: &[&str]| base::CreateInstance {
            definition: DefinitionRef::Id { id: "p".into(), version: None },
            variables: Variables::parse(r#"{"order": "7"}"#).unwrap(),
            start_at: ids.iter().map(|id| (*id).into()).collect(),
            end_after: Vec::new(),
            business_id: None,
            business_id_unique: false,
            tags: Vec::new(),
            await_result: None,
        };
        let instance = world.try_create(start(&["wait"])).unwrap().instance;
        world.publish("paid", "7", 0, "{}").unwrap();
        let job = world.job("b");
        assert_eq!(job.instance, instance);
        world.complete(job.job, "{}").unwrap();
        assert_eq!(status(world, instance), Status::Completed);
        let refusal = world.try_create(start(&["b", "start"])).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidArgument);
        assert!(refusal.message.contains("a start event"), "{}", refusal.message);
        let page = Page { from: 0, limit: 10 };
        let rows = world.reader().find_instances(&Query { page, ..Query::default() }).unwrap().rows;
        assert_eq!(rows.len(), 1, "a refused start starts nothing");
    });
}

#[test]
fn an_instance_ends_after_its_element_through_crashes_a_migration_and_a_suspension() {
    in_every_world(|world| {
        let with = |second: &str| {
            let jobs = [("a", service("a")), (second, service(second)), ("z", service("z"))];
            let jobs: Vec<(&str, &str)> = jobs.iter().map(|(id, xml)| (*id, &**xml)).collect();
            model(&line(&jobs))
        };
        world.deploy(&[&with("b")]).unwrap();
        let start = |end_after: &str| base::CreateInstance {
            definition: DefinitionRef::Id { id: "p".into(), version: None },
            variables: Variables::new(),
            start_at: Vec::new(),
            end_after: vec![end_after.into(), end_after.into()],
            business_id: None,
            business_id_unique: false,
            tags: Vec::new(),
            await_result: None,
        };
        let refusal = world.try_create(start("nowhere")).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidArgument);
        let instance = world.try_create(start("b")).unwrap().instance;
        world.crash();
        let newer = world.deploy(&[&with("c")]).unwrap()[0].key;
        let refusal = migrate(world, instance, newer, &[("a", "a")]).unwrap_err();
        assert!(refusal.message.contains("is to be terminated"), "{}", refusal.message);
        migrate(world, instance, newer, &[("a", "a"), ("b", "c")]).unwrap();
        world.crash();
        let job = world.job("a").job;
        world.complete(job, "{}").unwrap();
        let job = world.job("c").job;
        let reason = "audit".into();
        world.command(Command::Suspend { instance, reason }).unwrap();
        world.complete(job, "{}").unwrap();
        assert_eq!(status(world, instance), Status::Active);
        world.command(Command::Resume { instance }).unwrap();
        world.advance(1);
        assert_eq!(status(world, instance), Status::Terminated);
        assert!(world.activate("z", 1).is_empty());
    });
}

#[test]
fn a_stuck_instance_is_mended_where_its_incident_is() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("a", &service("a")), ("b", &service("b"))]))]).unwrap();
        let instance = world.create("p", "{}");
        let job = world.job("a");
        world
            .command(Command::FailJob(FailJob {
                job: job.job,
                retries: 0,
                message: "broken".into(),
                backoff_ms: 0,
                variables: Variables::new(),
            }))
            .unwrap();
        assert_eq!(world.history(instance).state.incidents().len(), 1);
        let refusal = modify(world, instance, &["nowhere"], &["a"]).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidArgument);
        modify(world, instance, &["b"], &["a"]).unwrap();
        assert_eq!(world.history(instance).state.incidents().len(), 0);
        let gone = world.complete(job.job, "{}").unwrap_err();
        assert_eq!(gone.kind, RejectionKind::NotFound);
        let job = world.job("b");
        world.complete(job.job, "{}").unwrap();
        assert_eq!(status(world, instance), Status::Completed);
        let ended = modify(world, instance, &["b"], &[]).unwrap_err();
        assert_eq!(ended.kind, RejectionKind::NotFound);
    });
}

#[test]
fn what_ends_last_ends_the_instance_and_what_it_has_called() {
    in_every_world(|world| {
        let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
            <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
        let child = model_of("child", &line(&[("work", &service("work"))]));
        world.deploy(&[&model(&line(&[("call", call)])), &child]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        let refusal = modify(world, job.instance, &[], &["work"]).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidState);
        assert!(refusal.message.contains("another instance has called it"), "{}", refusal.message);
        modify(world, job.instance, &["work"], &["work"]).unwrap();
        let again = world.job("work");
        assert_eq!(again.instance, job.instance);
        modify(world, parent, &[], &["call"]).unwrap();
        assert_eq!(status(world, parent), Status::Terminated);
        assert_eq!(status(world, job.instance), Status::Terminated);
        let empty = modify(world, parent, &[], &[]).unwrap_err();
        assert_eq!(empty.kind, RejectionKind::InvalidArgument);
    });
}

#[test]
fn an_instance_finishes_by_its_own_version_beside_a_newer_one() {
    in_every_world(|world| {
        let first = model(&line(&[("a", &service("a")), ("b", &service("b"))]));
        let second = model(&line(&[("a", &service("a")), ("c", &service("c"))]));
        world.deploy(&[&first]).unwrap();
        let old = world.create("p", "{}");
        world.deploy(&[&second]).unwrap();
        let new = world.create("p", "{}");
        world.crash();
        let jobs = world.activate("a", 2);
        assert_eq!(jobs.iter().map(|job| job.version).sum::<i32>(), 3);
        for job in jobs {
            world.complete(job.job, "{}").unwrap();
        }
        world.crash();
        for (job_type, instance, version) in [("b", old, 1), ("c", new, 2)] {
            let job = world.job(job_type);
            assert_eq!((job.instance, job.version), (instance, version));
            world.complete(job.job, "{}").unwrap();
            assert_eq!(status(world, instance), Status::Completed);
        }
    });
}

/// The rows of an instance: its definition, and those of its jobs, tasks and incidents with the
/// ids of their elements.
fn rows(world: &mut World, instance: InstanceKey) -> (DefinitionKey, Vec<(DefinitionKey, String)>) {
    let all = Page { from: 0, limit: u32::MAX };
    let row = world.reader().instance(instance).unwrap().unwrap();
    let mut found = Vec::new();
    let jobs = world.reader().find_jobs(&Query { page: all, ..Query::default() }).unwrap().rows;
    found.extend(jobs.into_iter().map(|row| (row.definition, row.element_id.to_string())));
    let tasks = world.reader().find_tasks(&Query { page: all, ..Query::default() }).unwrap().rows;
    found.extend(tasks.into_iter().map(|row| (row.definition, row.element_id.to_string())));
    let open =
        world.reader().find_incidents(&Query { page: all, ..Query::default() }).unwrap().rows;
    found.extend(open.into_iter().map(|row| (row.definition, row.element_id.to_string())));
    (row.definition, found)
}

#[test]
fn rows_follow_a_migration_and_the_log_keeps_its_names() {
    in_every_world(|world| {
        let present =
            model(&line(&[("a", &service("a")), ("b", &service("b")), ("task", &task())]));
        let other = model(&line(&[
            ("x", &service("x")),
            ("y", &service("y")),
            ("task", &task()),
            ("z", &service("z")),
        ]));
        let first = world.deploy(&[&present]).unwrap()[0].key;
        let second = world.deploy(&[&other]).unwrap()[0].key;
        let start = base::CreateInstance {
            definition: DefinitionRef::Key(first),
            variables: Variables::new(),
            start_at: Vec::new(),
            end_after: Vec::new(),
            business_id: None,
            business_id_unique: false,
            tags: Vec::new(),
            await_result: None,
        };
        let instance = world.try_create(start).unwrap().instance;
        let job = world.job("a");
        world.complete(job.job, "{}").unwrap();
        modify(world, instance, &["task"], &[]).unwrap();
        let job = world.job("b");
        let refusal = migrate(world, instance, second, &[("task", "task")]).unwrap_err();
        assert_eq!(refusal.kind, RejectionKind::InvalidState);
        assert_eq!(rows(world, instance).0, first);
        let mappings = [("b", "y"), ("task", "task")];
        let Reply::Migrated(report) = migrate(world, instance, second, &mappings).unwrap() else {
            panic!("a report");
        };
        assert_eq!(report.elements.len(), 2);
        let (definition, found) = rows(world, instance);
        assert_eq!(definition, second);
        assert_eq!(found, [(second, "y".to_owned()), (second, "task".to_owned())]);
        world.crash();
        // The worker that has the job answers as if nothing had happened.
        world.complete(job.job, "{}").unwrap();
        let history = world.history(instance);
        let names: Vec<_> = history.elements.iter().map(|at| at.definition).collect();
        assert_eq!(names[1], first, "what ended before is of the definition that it was of");
        assert_eq!(history.definitions(), [first, second]);
        let tasks: Vec<_> = history.state.user_tasks().keys().copied().collect();
        for task in tasks {
            world.complete_task(task, "{}").unwrap();
        }
        let jobs = world.activate("z", 5);
        assert_eq!(jobs.len(), 2);
        assert!(jobs.iter().all(|job| job.version == 2 && job.definition == second));
        for job in jobs {
            world.complete(job.job, "{}").unwrap();
        }
        assert_eq!(status(world, instance), Status::Completed);
    });
}

#[test]
fn messages_reach_an_instance_that_was_migrated_to_another_process() {
    in_every_world(|world| {
        let wait = wait_for_paid();
        let present = model_of("one", &line(&[("wait", &wait), ("a", &service("a"))]));
        let other = model_of("two", &line(&[("wait", &wait), ("b", &service("b"))]));
        let deployed = world.deploy(&[&present, &other]).unwrap();
        let instance = world.create("one", r#"{"order": "7"}"#);
        let beside = world.create("one", r#"{"order": "7"}"#);
        migrate(world, instance, deployed[1].key, &[("wait", "wait")]).unwrap();
        // A message goes to each process once: to both of them now.
        world.publish("paid", "7", 0, "{}").unwrap();
        assert_eq!(world.job("a").instance, beside);
        assert_eq!(world.job("b").instance, instance);
    });
}

#[test]
fn the_place_of_a_message_start_is_free_when_its_instance_is_of_another_process() {
    in_every_world(|world| {
        let begins = |id: &str| {
            model_of(
                id,
                &format!(
                    r#"<bpmn:startEvent id="s"><bpmn:messageEventDefinition messageRef="begin"/></bpmn:startEvent>{}
                    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="a"/>"#,
                    service("a")
                ),
            )
        };
        let other = model_of("two", &line(&[("a", &service("a"))]));
        let deployed = world.deploy(&[&begins("one"), &other]).unwrap();
        world.publish("begin", "7", 60_000, "{}").unwrap();
        world.publish("begin", "7", 60_000, "{}").unwrap();
        let first = world.job("a");
        migrate(world, first.instance, deployed[1].key, &[("a", "a")]).unwrap();
        let second = world.job("a");
        assert_ne!(second.instance, first.instance);
        assert_eq!(&*second.process_id, "one");
        world.complete(first.job, "{}").unwrap();
        assert_eq!(status(world, first.instance), Status::Completed);
    });
}

#[test]
fn a_caller_and_its_called_instance_are_migrated_each_for_itself() {
    in_every_world(|world| {
        let caller = |after: &str| {
            let call = r#"<bpmn:callActivity id="call"><bpmn:extensionElements>
                <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>"#;
            model(&line(&[("call", call), (after, &service(after))]))
        };
        let child = |after: &str| {
            model_of("child", &line(&[("work", &service("work")), (after, &service(after))]))
        };
        world.deploy(&[&caller("old"), &child("old-child")]).unwrap();
        let parent = world.create("p", "{}");
        let job = world.job("work");
        let newer = world.deploy(&[&caller("new"), &child("new-child")]).unwrap();
        migrate(world, parent, newer[0].key, &[("call", "call")]).unwrap();
        migrate(world, job.instance, newer[1].key, &[("work", "work")]).unwrap();
        world.crash();
        world.complete(job.job, "{}").unwrap();
        let job = world.job("new-child");
        world.complete(job.job, "{}").unwrap();
        assert_eq!(world.job("new").instance, parent);
    });
}

#[test]
fn a_dry_run_leaves_no_trace() {
    in_every_world(|world| {
        let first = world.deploy(&[&model(&line(&[("a", &service("a"))]))]).unwrap()[0].key;
        let instance = world.create("p", "{}");
        let events = world.history(instance).timeline.len();
        let command = Command::Migrate(MigrateInstance {
            instance,
            target: first,
            mappings: vec![ElementMapping { source: "a".into(), target: "a".into() }],
            dry_run: true,
        });
        let Reply::Migrated(report) = world.command(command).unwrap() else { panic!("a report") };
        let live: Vec<ElementKey> = report.elements.iter().map(|(key, _, _)| *key).collect();
        assert_eq!(live.len(), 1);
        let timeline = world.history(instance).timeline;
        assert_eq!(timeline.len(), events);
        assert!(!timeline.iter().any(|at| matches!(at.event, Event::InstanceMigrated(_))));
        let unknown = migrate(world, instance, DefinitionKey(live[0].0), &[]).unwrap_err();
        assert_eq!(unknown.kind, RejectionKind::NotFound);
    });
}

#[test]
fn an_instance_that_is_suspended_is_neither_modified_nor_migrated() {
    in_every_world(|world| {
        let model = model(&line(&[("a", &service("a")), ("b", &service("b"))]));
        let first = world.deploy(&[&model]).unwrap()[0].key;
        let instance = world.create("p", "{}");
        world.command(Command::Suspend { instance, reason: "audit".into() }).unwrap();
        for refused in
            [modify(world, instance, &["b"], &[]), migrate(world, instance, first, &[("a", "a")])]
        {
            let refused = refused.unwrap_err();
            assert_eq!(refused.kind, RejectionKind::InvalidState);
            assert!(refused.message.contains("suspended"), "{}", refused.message);
        }
        world.command(Command::Resume { instance }).unwrap();
        modify(world, instance, &["b"], &[]).unwrap();
    });
}

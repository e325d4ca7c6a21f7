//! What people do: deploy, cancel, set variables, tasks, business ids, results.

use base::{
    Command, CreateInstance, DefinitionRef, RejectionKind, Reply, ShardId, TaskPatch, Variables,
};
use fermata_sim::{Crash, World};
use instance::Status;

use crate::{in_every_world, line, model, service};

const APPROVE: &str = r#"<bpmn:userTask id="approve"><bpmn:extensionElements><zeebe:userTask/>
    <zeebe:assignmentDefinition candidateGroups="sales"/></bpmn:extensionElements></bpmn:userTask>"#;

fn start(business_id: Option<&str>, unique: bool) -> CreateInstance {
    CreateInstance {
        definition: DefinitionRef::Id { id: "p".into(), version: None },
        variables: Variables::new(),
        start_at: Vec::new(),
        end_after: Vec::new(),
        business_id: business_id.map(Into::into),
        business_id_unique: unique,
        tags: vec!["vip".into()],
        await_result: None,
    }
}

fn assign(who: Option<&str>, allow_override: bool) -> TaskPatch {
    TaskPatch { assignee: Some(who.map(Into::into)), allow_override, ..TaskPatch::default() }
}

#[test]
fn a_person_claims_a_task_that_nobody_has_and_completes_it() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("approve", APPROVE)]))]).unwrap();
        let instance = world.create("p", "{}");
        let task = *world.history(instance).state.user_tasks().first_key_value().unwrap().0;
        let patch = |patch| Command::UpdateTask { task, patch };
        world.command(patch(assign(Some("ada"), false))).unwrap();
        let taken = world.command(patch(assign(Some("bob"), false))).unwrap_err();
        assert_eq!(taken.kind, RejectionKind::InvalidState);
        assert!(taken.message.contains("`ada` has it"), "{}", taken.message);
        world.command(patch(assign(Some("bob"), true))).unwrap();
        let details = world.history(instance).state.user_tasks()[&task].details.clone();
        assert_eq!(details.assignee.as_deref(), Some("bob"));
        assert_eq!(&*details.candidate_groups[0], "sales");
        let odd = TaskPatch { priority: Some(101), ..TaskPatch::default() };
        assert_eq!(world.command(patch(odd)).unwrap_err().kind, RejectionKind::InvalidArgument);
        world.complete_task(task, r#"{"approved": true}"#).unwrap();
        assert_eq!(world.history(instance).state.status(), Status::Completed);
        let again = world.complete_task(task, "{}").unwrap_err();
        assert_eq!(again.kind, RejectionKind::NotFound);
    });
}

#[test]
fn a_deployment_makes_a_version_only_when_something_changed() {
    in_every_world(|world| {
        let first = model(&line(&[("work", &service("work"))]));
        let second = model(&line(&[("other", &service("other"))]));
        let one = world.deploy(&[&first]).unwrap().remove(0);
        let same = world.deploy(&[&first]).unwrap().remove(0);
        assert_eq!((same.key, same.version), (one.key, 1));
        let old = world.create("p", "{}");
        assert_eq!(world.deploy(&[&second]).unwrap()[0].version, 2);
        world.crash();
        world.create("p", "{}");
        world.job("other");
        let job = world.job("work");
        assert_eq!((job.instance, job.version), (old, 1), "an instance keeps its version");
        let pinned = CreateInstance {
            definition: DefinitionRef::Id { id: "p".into(), version: Some(1) },
            ..start(None, false)
        };
        assert_eq!(world.try_create(pinned).unwrap().version, 1);
        let unknown = CreateInstance {
            definition: DefinitionRef::Id { id: "p".into(), version: Some(7) },
            ..start(None, false)
        };
        let rejection = world.try_create(unknown).unwrap_err();
        assert!(rejection.message.contains("the latest is version 2"), "{}", rejection.message);
    });
}

#[test]
fn a_unique_business_id_starts_one_live_instance() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("work", &service("work"))]))]).unwrap();
        let first = world.try_create(start(Some("order-1"), true)).unwrap();
        let again = world.try_create(start(Some("order-1"), true)).unwrap_err();
        assert_eq!(again.kind, RejectionKind::AlreadyExists);
        assert!(again.message.contains(&first.instance.to_string()), "{}", again.message);
        world.try_create(start(Some("order-2"), true)).unwrap();
        world.command(Command::Cancel { instance: first.instance }).unwrap();
        world.try_create(start(Some("order-1"), true)).unwrap();
        world.try_create(start(Some("order-1"), false)).unwrap();
    });
}

#[test]
fn cancelling_ends_everything_that_the_instance_waits_for() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("approve", APPROVE)]))]).unwrap();
        let instance = world.create("p", "{}");
        world.command(Command::Cancel { instance }).unwrap();
        let state = world.history(instance).state;
        assert_eq!(state.status(), Status::Terminated);
        assert!(state.user_tasks().is_empty());
        let again = world.command(Command::Cancel { instance }).unwrap_err();
        assert_eq!(again.kind, RejectionKind::NotFound);
    });
}

#[test]
fn keys_that_name_nothing_are_refused_as_such() {
    in_every_world(|world| {
        let key = base::Key::of_block(ShardId(0), 4_711);
        let commands = [
            Command::Cancel { instance: key.into() },
            Command::CompleteJob { job: key.into(), variables: Variables::new() },
            Command::ResolveIncident { incident: key.into() },
            Command::CompleteTask {
                task: key.into(),
                variables: Variables::new(),
                action: "".into(),
            },
            Command::SetVariables { scope: key.into(), variables: Variables::new(), local: true },
        ];
        for command in commands {
            assert_eq!(world.command(command).unwrap_err().kind, RejectionKind::NotFound);
        }
    });
}

#[test]
fn variables_are_set_where_they_exist_or_locally() {
    in_every_world(|world| {
        world.deploy(&[&model(&line(&[("work", &service("work"))]))]).unwrap();
        let instance = world.create("p", r#"{"x": 1}"#);
        let job = world.job("work");
        let set = |scope, text, local| Command::SetVariables {
            scope,
            variables: Variables::parse(text).unwrap(),
            local,
        };
        world.command(set(job.element, r#"{"x": 2, "y": 3}"#, false)).unwrap();
        world.command(set(job.element, r#"{"z": 4}"#, true)).unwrap();
        let history = world.history(instance);
        assert_eq!(history.variables[&instance.root()].to_json(), r#"{"x":2,"y":3}"#);
        assert_eq!(history.variables[&job.element].to_json(), r#"{"z":4}"#);
    });
}

#[test]
fn a_caller_waits_for_the_result_of_an_instance() {
    for shards in [1, 3] {
        let mut world = World::new(shards, Crash::Never);
        world.deploy(&[&model(&line(&[("work", &service("work"))]))]).unwrap();
        let waits = |fetch: &[&str]| {
            let await_result = Some(fetch.iter().map(|name| (*name).into()).collect());
            Command::Create(CreateInstance { await_result, ..start(None, false) })
        };
        let (ticket, early) = world.send(ShardId(0), waits(&["y"]));
        assert_eq!(early, None);
        let job = world.job("work").job;
        world.complete(job, r#"{"y": 2, "z": 3}"#).unwrap();
        match world.reply(ticket) {
            Some(Ok(Reply::Ended(result))) => assert_eq!(result.variables.to_json(), r#"{"y":2}"#),
            other => panic!("{other:?}"),
        }
        let (ticket, _) = world.send(ShardId(0), waits(&[]));
        let instance = world.job("work").instance;
        world.command(Command::Cancel { instance }).unwrap();
        let cancelled = world.reply(ticket).unwrap().unwrap_err();
        assert_eq!(cancelled.kind, RejectionKind::Cancelled);
    }
}

//! Compensation of what completed in a called process: in an instance of its own, in the order in
//! which all else is undone.

use base::{Command, FailJob, InstanceKey};
use fermata_sim::World;
use instance::Status;

use crate::calls::{all, call, called, in_every_world, incident, resolve, status, variable};
use crate::{line, model_of, service};

/// The job `id`, and the job `undo-ID` that undoes it.
fn undone(id: &str) -> String {
    let handler = service(&format!("undo-{id}"));
    let handler =
        handler.replacen("<bpmn:serviceTask", r#"<bpmn:serviceTask isForCompensation="true""#, 1);
    format!(
        r#"{}<bpmn:boundaryEvent id="c-{id}" attachedToRef="{id}"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>
        <bpmn:association id="as-{id}" sourceRef="c-{id}" targetRef="undo-{id}"/>{handler}"#,
        service(id)
    )
}

/// A job, a call of `child`, another job; then all of it is undone and the job `after` comes.
fn saga(called: &str) -> String {
    let throw = r#"<bpmn:intermediateThrowEvent id="t"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>"#;
    model_of(
        "p",
        &line(&[
            ("a", &undone("a")),
            ("call", &call(&format!(r#"processId="{called}""#), "")),
            ("b", &undone("b")),
            ("t", throw),
            ("after", &service("after")),
        ]),
    )
}

fn child(id: &str) -> String {
    model_of(id, &line(&[("x", &undone("x")), ("y", &undone("y"))]))
}

/// Does the next jobs of these types, which come up in this order.
fn work(world: &mut World, types: &[&str]) {
    for job_type in types {
        let jobs = world.activate(job_type, 10);
        assert_eq!(jobs.len(), 1, "one job of {job_type}: {jobs:?}");
        let result = format!(r#"{{"done{}": true}}"#, job_type.replace('-', ""));
        world.complete(jobs[0].job, &result).unwrap();
    }
}

fn begun(world: &mut World, models: &[String]) -> InstanceKey {
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    world.deploy(&models).unwrap();
    world.create("p", "{}")
}

#[test]
fn what_completed_in_a_called_process_is_undone_with_the_rest_and_in_its_place() {
    in_every_world(|world| {
        let p = begun(world, &[child("child"), saga("child")]);
        work(world, &["a", "x", "y", "b", "undo-b", "undo-y"]);
        let [first, second] = called(world, p)[..] else { panic!("two instances were called") };
        assert_eq!(status(world, first), Status::Completed);
        assert_eq!(status(world, second), Status::Active);
        assert_eq!(world.history(second).state.header().undoes, Some(first));
        assert_eq!(
            variable(world, second, "donex").as_deref(),
            Some("true"),
            "as it was at the end"
        );
        work(world, &["undo-x", "undo-a", "after"]);
        assert_eq!(status(world, second), Status::Completed);
        assert_eq!(status(world, p), Status::Completed);
        assert_eq!(variable(world, p, "doneundox"), None, "what undoes has nothing to give");
    });
}

/// The scope `scope`, with the job `id` in it, says itself how it is undone: by the job `whole-ID`, and
/// before it by what undoes its job, if `parts`.
fn undoes_itself(id: &str, parts: bool) -> String {
    let flow = |id: &str, from: &str, to: &str| {
        format!(r#"<bpmn:sequenceFlow id="{id}" sourceRef="{from}" targetRef="{to}"/>"#)
    };
    let throw = r#"<bpmn:intermediateThrowEvent id="parts"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>"#;
    let whole = format!("whole-{id}");
    let (before, into) = if parts { (throw, "parts") } else { ("", whole.as_str()) };
    let between = if parts { flow("h2", "parts", &whole) } else { String::new() };
    format!(
        r#"<bpmn:subProcess id="scope"><bpmn:startEvent id="is"/>{}<bpmn:endEvent id="ie"/>{}{}
        <bpmn:subProcess id="handler" triggeredByEvent="true"><bpmn:startEvent id="hs"><bpmn:compensateEventDefinition/>
        </bpmn:startEvent>{before}{}<bpmn:endEvent id="he"/>{}{between}{}</bpmn:subProcess></bpmn:subProcess>"#,
        undone(id),
        flow("i1", "is", id),
        flow("i2", id, "ie"),
        service(&whole),
        flow("h1", "hs", into),
        flow("h3", &whole, "he"),
    )
}

#[test]
fn a_scope_of_a_called_process_undoes_itself_as_it_says() {
    for (parts, undone_by) in [(true, &["undo-x", "whole-x"][..]), (false, &["whole-x"])] {
        in_every_world(|world| {
            let elements = [("scope", &*undoes_itself("x", parts)), ("y", &undone("y"))];
            let child = model_of("child", &line(&elements));
            let p = begun(world, &[child, saga("child")]);
            work(world, &["a", "x", "y", "b", "undo-b", "undo-y"]);
            work(world, undone_by);
            let [_, second] = called(world, p)[..] else { panic!("two instances were called") };
            assert_eq!(status(world, second), Status::Completed);
            assert_eq!(variable(world, second, "donex").as_deref(), Some("true"));
            work(world, &["undo-a", "after"]);
            assert_eq!(status(world, p), Status::Completed);
        });
    }
}

#[test]
fn calls_in_calls_are_undone_as_well() {
    in_every_world(|world| {
        let middle = model_of(
            "middle",
            &line(&[("m", &undone("m")), ("call", &call(r#"processId="child""#, ""))]),
        );
        let models = [child("child"), middle, saga("middle")];
        let p = begun(world, &models);
        work(world, &["a", "m", "x", "y", "b"]);
        work(world, &["undo-b", "undo-y", "undo-x", "undo-m", "undo-a", "after"]);
        assert_eq!(status(world, p), Status::Completed);
        assert_eq!(all(world).len(), 5, "two were called, and two have undone them");
    });
}

#[test]
fn a_called_process_in_which_nothing_can_be_undone_is_passed_over() {
    in_every_world(|world| {
        let child = model_of("child", &line(&[("x", &service("x"))]));
        let p = begun(world, &[child, saga("child")]);
        work(world, &["a", "x", "b", "undo-b", "undo-a", "after"]);
        assert_eq!(status(world, p), Status::Completed);
        assert_eq!(all(world).len(), 2);
    });
}

#[test]
fn undoing_that_fails_is_an_incident_and_goes_on_and_cancelling_ends_it() {
    in_every_world(|world| {
        let p = begun(world, &[child("child"), saga("child")]);
        work(world, &["a", "x", "y", "b", "undo-b"]);
        let job = world.activate("undo-y", 1)[0].job;
        let fail = FailJob {
            job,
            retries: 0,
            backoff_ms: 0,
            message: "no".into(),
            variables: base::Variables::new(),
        };
        world.command(Command::FailJob(fail)).unwrap();
        let second = called(world, p)[1];
        incident(world, second);
        resolve(world, second);
        work(world, &["undo-y"]);
        world.command(Command::Cancel { instance: p }).unwrap();
        assert_eq!(status(world, second), Status::Terminated);
        assert_eq!(status(world, p), Status::Terminated);
    });
}

#[test]
fn what_undoes_a_called_process_follows_its_log_and_no_operator() {
    in_every_world(|world| {
        let p = begun(world, &[child("child"), saga("child")]);
        work(world, &["a", "x", "y", "b", "undo-b"]);
        let second = called(world, p)[1];
        let terminate = vec![base::Selection::Element("undo-y".into())];
        let modify = base::ModifyInstance {
            instance: second,
            activate: Vec::new(),
            terminate,
            moves: Vec::new(),
        };
        let target = world.history(second).state.header().definition;
        let (mappings, dry_run) = (Vec::new(), false);
        let migrate = base::MigrateInstance { instance: second, target, mappings, dry_run };
        for command in [Command::Modify(modify), Command::Migrate(migrate)] {
            let refused = world.command(command).unwrap_err();
            assert!(refused.message.contains("cancel the root instance"), "{}", refused.message);
        }
        work(world, &["undo-y"]);
    });
}

//! Listeners of user tasks: called before a task comes up, changes hands or is completed.

use base::{ListenerEvent, ListenerResult, TaskPatch, UserTaskDetails};

use super::harness::Sim;
use super::refusals::refused;
use super::transcript::{check, xml};

const AROUND: &str = "<startEvent id=\"s\"/><endEvent id=\"e\"/>";

/// A user task with listeners: pairs of event and type.
fn task(listeners: &[(&str, &str)], content: &str) -> String {
    let one = |(event, job_type): &(&str, &str)| {
        format!("<zeebe:taskListener eventType=\"{event}\" type=\"{job_type}\"/>")
    };
    let listeners: String = listeners.iter().map(one).collect();
    format!(
        "<userTask id=\"u\"><extensionElements><zeebe:userTask/>{content}\
         <zeebe:taskListeners>{listeners}</zeebe:taskListeners></extensionElements></userTask>"
    )
}

fn body(listeners: &[(&str, &str)], content: &str) -> String {
    [AROUND, &task(listeners, content), "[[s -> u -> e]]"].concat()
}

fn sim(listeners: &[(&str, &str)], content: &str) -> Sim {
    let xml = xml(&body(listeners, content));
    Sim::of(fermata_bpmn::read(&xml).expect("a model").processes.remove(0), "{}")
}

fn answer(sim: &mut Sim, result: ListenerResult) {
    let job = sim.job("u");
    sim.input(|run| run.listener_answered(job, result));
}

fn details(sim: &Sim) -> UserTaskDetails {
    sim.state.user_tasks().values().next().expect("a task").details.clone()
}

#[test]
fn a_task_comes_up_and_is_completed_after_its_listeners() {
    check(
        &body(&[("creating", "c1"), ("creating", "c2"), ("completing", "d")], ""),
        r#"
        start              => creating listener c1 at u
        complete u         => creating listener c2 at u
        complete u         => task u
        task u {"x": 1}    => completing listener d at u, task u
        complete u         => completed
        variables          => x: 1
        "#,
    );
}

#[test]
fn who_the_model_gives_the_task_to_gets_it_when_that_was_listened_to() {
    let assigned = "<zeebe:assignmentDefinition assignee=\"ann\"/>";
    let mut sim = sim(&[("assigning", "a")], assigned);
    assert_eq!(details(&sim).assignee, None);
    sim.complete("u", "{}");
    assert_eq!(details(&sim).assignee.as_deref(), Some("ann"));
    assert_eq!(sim.waits(), ["u"]);
}

#[test]
fn a_listener_that_denies_leaves_all_as_it_was() {
    let mut sim = sim(&[("assigning", "a"), ("completing", "d")], "");
    let task = sim.nth_task("u", 1);
    let wanted = UserTaskDetails { assignee: Some("bob".into()), ..details(&sim) };
    sim.input(|run| run.task_changed(task, ListenerEvent::Assigning, "claim".into(), wanted));
    let denied = ListenerResult { denied: Some("on leave".into()), ..ListenerResult::default() };
    answer(&mut sim, denied.clone());
    assert_eq!(details(&sim).assignee, None);
    assert!(sim.state.jobs().is_empty());
    sim.input(|run| run.task_completed(task, "", base::Variables::parse("{\"x\": 1}").unwrap()));
    answer(&mut sim, denied);
    assert_eq!((sim.waits(), sim.variable("x")), (vec!["u".to_owned()], None));
    sim.input(|run| run.task_completed(task, "", base::Variables::new()));
    sim.complete("u", "{}");
    assert!(sim.ended());
}

#[test]
fn what_a_listener_corrects_is_seen_by_the_next_and_holds_at_the_end() {
    let mut sim = sim(&[("updating", "a"), ("updating", "b")], "");
    let task = sim.nth_task("u", 1);
    let wanted = UserTaskDetails { priority: 10, ..details(&sim) };
    sim.input(|run| run.task_changed(task, ListenerEvent::Updating, "update".into(), wanted));
    let corrections = TaskPatch { priority: Some(80), ..TaskPatch::default() };
    answer(&mut sim, ListenerResult { denied: None, corrections });
    assert_eq!(details(&sim).priority, 50, "not before the last listener");
    let users = Some(vec!["eve".into()]);
    let corrections = TaskPatch { candidate_users: users, ..TaskPatch::default() };
    answer(&mut sim, ListenerResult { denied: None, corrections });
    assert_eq!((details(&sim).priority, details(&sim).candidate_users), (80, vec!["eve".into()]));
}

#[test]
fn while_suspended_what_a_listener_says_is_held() {
    let mut sim = sim(&[("updating", "a"), ("updating", "b")], "");
    let task = sim.nth_task("u", 1);
    let wanted = |sim: &Sim| UserTaskDetails { priority: 10, ..details(sim) };
    let change = wanted(&sim);
    sim.input(|run| run.task_changed(task, ListenerEvent::Updating, "update".into(), change));
    let corrections = TaskPatch { priority: Some(80), ..TaskPatch::default() };
    sim.input(|run| run.suspend("".into()));
    let first = sim.job("u");
    answer(&mut sim, ListenerResult { denied: None, corrections });
    assert_eq!(sim.job("u"), first, "nothing goes on");
    assert!(sim.state.holds_answer_to(first.0), "there is no second answer");
    sim.input(super::transcript::resume);
    sim.advance(0);
    assert_ne!(sim.job("u"), first);
    sim.complete("u", "{}");
    assert_eq!(details(&sim).priority, 80);

    let change = wanted(&sim);
    sim.input(|run| run.task_changed(task, ListenerEvent::Updating, "update".into(), change));
    sim.input(|run| run.suspend("".into()));
    answer(&mut sim, ListenerResult { denied: Some("no".into()), ..ListenerResult::default() });
    sim.input(super::transcript::resume);
    sim.advance(0);
    assert!(sim.state.jobs().is_empty());
    assert_eq!(details(&sim).priority, 80);
}

#[test]
fn what_interrupts_the_task_ends_its_listeners_and_what_fails_is_called_again() {
    let boundary = "<boundaryEvent id=\"b\" attachedToRef=\"u\"><timerEventDefinition>\
                    <timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>";
    check(
        &[&body(&[("completing", "d")], ""), boundary, "<<late>>[[b -> late]]"].concat(),
        "
        start              => task u, timer b 3600s
        task u             => completing listener d at u, task u, timer b 3600s
        exhaust u          => completing listener d at u, incident TASK_LISTENER_NO_RETRIES at u, task u, timer b 3600s
        resolve u          => completing listener d at u, task u, timer b 3600s
        advance PT1H       => job late
        ",
    );
    check(
        &body(&[("completing", "d"), ("completing", "= t")], ""),
        r#"
        start              => task u
        task u             => completing listener d at u, task u
        complete u         => incident EXTRACT_VALUE_ERROR at u, task u
        set {"t": "late"}  => incident EXTRACT_VALUE_ERROR at u, task u
        resolve u          => completing listener d at u, task u
        complete u         => completing listener late at u, task u
        complete u         => completed
        "#,
    );
}

#[test]
fn task_listeners_that_are_not_understood_are_refused() {
    let with = |event: &str| xml(&body(&[(event, "t")], ""));
    refused(&with("start"), "B120", "`creating`");
    refused(&xml(&body(&[("creating", "t"), ("creating", "t")], "")), "B122", "same type");
    let service = task(&[("creating", "t")], "").replace("userTask", "manualTask");
    let service = service.replace("<zeebe:manualTask/>", "");
    refused(&xml(&[AROUND, &service, "[[s -> u -> e]]"].concat()), "B006", "taskListeners");
}

const AT_ONCE: &str = "<boundaryEvent id=\"b\" attachedToRef=\"u\"><messageEventDefinition messageRef=\"m\"/>\
                       </boundaryEvent><<late>>[[b -> late]]";

#[test]
fn what_interrupts_a_task_waits_for_who_listens_to_its_cancellation() {
    let canceling = [("canceling", "c1"), ("canceling", "c2"), ("completing", "d")];
    let bounded = [&body(&canceling, ""), AT_ONCE].concat();
    check(
        &bounded,
        r#"
        start {"id": 1}  => message paid at b, task u
        message paid     => canceling listener c1 at u
        complete u       => canceling listener c2 at u
        exhaust u        => canceling listener c2 at u, incident TASK_LISTENER_NO_RETRIES at u
        resolve u        => canceling listener c2 at u
        complete u       => job late
        complete late    => completed
        "#,
    );
    // What is in the middle of something else is cancelled as well; what is completed is not.
    check(
        &bounded,
        r#"
        start {"id": 1}  => message paid at b, task u
        task u           => completing listener d at u, message paid at b, task u
        message paid     => canceling listener c1 at u
        cancel           => canceling listener c1 at u
        complete u       => canceling listener c2 at u
        complete u       => terminated
        "#,
    );
    check(
        &bounded,
        r#"
        start {"id": 1}  => message paid at b, task u
        task u           => completing listener d at u, message paid at b, task u
        complete u       => completed
        "#,
    );
}

#[test]
fn a_cancelled_instance_ends_after_its_listeners_or_when_it_is_cancelled_again() {
    let body = body(&[("canceling", "c")], "");
    check(
        &body,
        "start       => task u
         cancel      => canceling listener c at u
         complete u  => terminated",
    );
    check(
        &body,
        "start   => task u
         cancel  => canceling listener c at u
         cancel  => terminated",
    );
    // Nobody could answer in an instance that is suspended.
    check(
        &body,
        "start    => task u
         suspend  => suspended, task u
         cancel   => terminated",
    );
}

#[test]
fn the_listener_sees_what_its_task_saw_whatever_has_ended() {
    let inner = format!(
        r#"<startEvent id="is"/>{}<endEvent id="ie"/>[[is -> u -> ie]]"#,
        task(&[("canceling", "= t")], "")
    );
    let mapped = r#"<extensionElements><zeebe:ioMapping><zeebe:input source="= 7" target="x"/>
        <zeebe:input source="= &quot;bye&quot;" target="t"/></zeebe:ioMapping></extensionElements>"#;
    let body = format!(
        r#"{AROUND}<subProcess id="sub">{mapped}{inner}</subProcess><<late>>
           <boundaryEvent id="b" attachedToRef="sub"><messageEventDefinition messageRef="m"/></boundaryEvent>
           [[s -> sub -> e, b -> late]]"#
    );
    let xml = xml(&body);
    let mut sim = Sim::of(
        fermata_bpmn::read(&xml).expect("a model").processes.remove(0),
        r#"{"id": 1, "y": 2}"#,
    );
    sim.named_message("paid", base::Variables::new());
    let (job, live) =
        sim.state.jobs().iter().find(|(_, job)| &*job.job_type == "bye").expect("called");
    let seen = sim.state.visible_variables(live.owner);
    assert_eq!(seen.get("x").map(base::Json::as_str), Some("7"), "of the scope that has ended");
    assert_eq!(seen.get("y").map(base::Json::as_str), Some("2"));
    let job = *job;
    assert!(sim.live("late").is_empty(), "the listener is waited for");
    sim.input(|run| run.job_completed(job, base::Variables::new()));
    assert_eq!(sim.waits(), ["late"]);
}

#[test]
fn every_way_to_end_a_task_calls_its_listener_but_a_modification() {
    let c = [("canceling", "c")];
    // A terminate end event beside it; an event sub-process; a turn of a loop whose condition holds.
    let beside = format!(
        r#"<startEvent id="s"/><parallelGateway id="g"/>{}<<a>><endEvent id="e"/>
           <endEvent id="stop"><terminateEventDefinition/></endEvent>[[s -> g -> u -> e, g -> a -> stop]]"#,
        task(&c, "")
    );
    check(
        &beside,
        "start       => job a, task u
         complete a  => canceling listener c at u
         complete u  => completed",
    );
    let handled = [
        &body(&c, ""),
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><signalEventDefinition signalRef="sig"/>
           </startEvent><<mend>><endEvent id="he"/>[[hs -> mend -> he]]</subProcess>"#,
    ]
    .concat();
    check(
        &handled,
        "start          => signal alarm at hs, task u
         signal alarm   => canceling listener c at u
         complete u     => job mend
         complete mend  => completed",
    );
    let looped = body(&c, "").replace(
        "</extensionElements></userTask>",
        r"</extensionElements><multiInstanceLoopCharacteristics><loopCardinality>= 2</loopCardinality>
           <completionCondition>= true</completionCondition></multiInstanceLoopCharacteristics></userTask>",
    );
    check(
        &looped,
        "start       => task u x2
         task u      => canceling listener c at u
         complete u  => completed",
    );
    let timed = body(&c, "<fermata:policy timeout=\"PT1H\"/>").replace(
        "<endEvent id=\"e\"/>",
        r#"<endEvent id="e"/><boundaryEvent id="b" attachedToRef="u"><errorEventDefinition errorRef="t"/>
           </boundaryEvent><<late>>[[b -> late]]"#,
    );
    check(
        &timed,
        "start         => task u, timeout u 3600s
         advance PT1H  => canceling listener c at u
         complete u    => job late",
    );
    // An operator's own hand is not listened to, as in Camunda 8; and not while they are called.
    check(&beside, "start => job a, task u\n modify -u => job a\n complete a => completed");
    check(
        &handled,
        "start         => signal alarm at hs, task u
         signal alarm  => canceling listener c at u
         refuse -h     => canceling listeners are being called",
    );
}

#[test]
fn variables_of_a_task_are_set_when_its_listeners_were_called() {
    let mut sim = sim(&[("updating", "a")], "");
    let owner = sim.nth_live("u", 1);
    let variables = || base::Variables::parse("{\"x\": 1}").unwrap();
    sim.input(|run| run.variables_set(owner, variables(), true));
    assert_eq!(sim.state.variable(owner, "x"), None, "not before the listener");
    sim.complete("u", "{}");
    assert_eq!(sim.state.variable(owner, "x").map(base::Json::as_str), Some("1"));
    assert_eq!(sim.variable("x"), None, "the element's own");
    let more = || base::Variables::parse("{\"y\": 1}").unwrap();
    sim.input(|run| run.variables_set(owner, more(), false));
    let denied = ListenerResult { denied: Some("no".into()), ..ListenerResult::default() };
    answer(&mut sim, denied);
    assert_eq!(sim.variable("y"), None, "denied");
    sim.input(|run| run.variables_set(owner, more(), false));
    sim.complete("u", "{}");
    assert_eq!(sim.variable("y"), Some("1"), "outwards");
}

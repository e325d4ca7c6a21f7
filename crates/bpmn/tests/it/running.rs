//! What each supported element does.

use super::harness::{Sim, flow, job};
use super::transcript::check;
use base::Variables;

#[test]
fn a_parallel_join_waits_for_every_branch() {
    let body = [
        "<startEvent id=\"s\"/><parallelGateway id=\"split\"/><parallelGateway id=\"join\"/><endEvent id=\"end\"/>",
        &job("a"), &job("b"), &flow("s", "split"), &flow("split", "a"), &flow("split", "b"),
        &flow("a", "join"), &flow("b", "join"), &flow("join", "end"),
    ]
    .concat();
    let mut sim = Sim::start(&body, "{}");
    assert_eq!(sim.waits(), ["a", "b"]);
    sim.complete("a", r#"{"x": 1}"#);
    assert_eq!(sim.waits(), ["b"]);
    sim.complete("b", r#"{"y": 2}"#);
    assert!(sim.ended());
    assert_eq!((sim.variable("x"), sim.variable("y")), (Some("1"), Some("2")));
}

fn choice() -> String {
    [
        "<startEvent id=\"s\"/><exclusiveGateway id=\"g\" name=\"Big?\"/><endEvent id=\"end\"/>",
        &job("big"), &job("small"), &flow("s", "g"), &flow("big", "end"), &flow("small", "end"),
        r#"<sequenceFlow id="yes" sourceRef="g" targetRef="big"><conditionExpression>= order.total &gt; 100</conditionExpression></sequenceFlow>
           <sequenceFlow id="no" sourceRef="g" targetRef="small"><conditionExpression>= order.total &lt;= 100</conditionExpression></sequenceFlow>"#,
    ]
    .concat()
}

#[test]
fn an_exclusive_gateway_takes_the_flow_whose_condition_holds() {
    assert_eq!(Sim::start(&choice(), r#"{"order": {"total": 100.5}}"#).waits(), ["big"]);
    assert_eq!(Sim::start(&choice(), r#"{"order": {"total": 100}}"#).waits(), ["small"]);
}

#[test]
fn a_null_condition_is_an_incident_that_explains_itself_and_goes_on_after_retry() {
    let mut sim = Sim::start(&choice(), r#"{"order": {"amount": 7}}"#);
    let (incident, message) = sim.incident();
    for part in ["\"Big?\" (g)", "order.total > 100", "no entry `total`", "`amount`", "retry"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let root = sim.state.key().root();
    let mended = Variables::parse(r#"{"order": {"total": 7}}"#).unwrap();
    sim.input(|run| run.variables_set(root, mended, false));
    sim.input(|run| run.resolve(incident));
    assert_eq!(sim.waits(), ["small"]);
    assert!(sim.state.incidents().is_empty());
}

#[test]
fn a_parallel_gateway_that_waits_for_what_can_never_come_is_an_incident() {
    check(
        r#"<startEvent id="s"/><exclusiveGateway id="g" default="g-b"/><endEvent id="end"/>
           <parallelGateway id="join"/> <<a b>>
           [[s -> g -(x)-> a -> join -> end, g -> b -> join]]"#,
        "start {\"x\": true}      => job a
         complete a {\"y\": 1}    => incident DEADLOCK at p, token a-join
         variables                => x: true, y: 1
         cancel                   => terminated",
    );
}

fn guarded(boundary: &str) -> String {
    [
        "<startEvent id=\"s\"/><endEvent id=\"end\"/><endEvent id=\"end2\"/>",
        &job("work"),
        &job("late"),
        boundary,
        &flow("s", "work"),
        &flow("work", "end"),
        &flow("b", "late"),
        &flow("late", "end2"),
    ]
    .concat()
}

#[test]
fn an_interrupting_timer_cancels_the_job_that_it_guards() {
    let boundary = r#"<boundaryEvent id="b" attachedToRef="work"><timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition></boundaryEvent>"#;
    let mut sim = Sim::start(&guarded(boundary), "{}");
    sim.advance(2 * 86_400_000 - 1);
    assert_eq!(sim.waits(), ["work"]);
    sim.advance(1);
    assert_eq!(sim.waits(), ["late"]);
    assert_eq!(sim.state.jobs().len(), 1);
    sim.complete("late", "{}");
    assert!(sim.ended());
}

#[test]
fn a_repeating_timer_that_does_not_interrupt_fires_as_often_as_it_says() {
    let boundary = r#"<boundaryEvent id="b" attachedToRef="work" cancelActivity="false"><timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition></boundaryEvent>"#;
    let mut sim = Sim::start(&guarded(boundary), "{}");
    for _ in 0..4 {
        sim.advance(3_600_000);
    }
    assert_eq!(sim.waits(), ["late", "late", "work"]);
    assert!(sim.state.timers().is_empty());
}

#[test]
fn an_error_boundary_event_catches_its_code_and_no_other() {
    let boundary = r#"<boundaryEvent id="b" attachedToRef="work"><errorEventDefinition errorRef="e"/></boundaryEvent>"#;
    let mut sim = Sim::start(&guarded(boundary), "{}");
    let work = sim.job("work");
    sim.input(|run| run.job_error(work, "OTHER", "odd", Variables::new()));
    let (incident, message) = sim.incident();
    assert!(message.contains("\"OTHER\""), "{message}");
    sim.input(|run| run.resolve(incident));
    assert_eq!(sim.waits(), ["work"]);
    sim.input(|run| {
        run.job_error(work, "NO", "none left", Variables::parse(r#"{"left": 0}"#).unwrap());
    });
    assert_eq!(sim.waits(), ["late"]);
    assert_eq!(sim.variable("left"), Some("0"));
}

#[test]
fn an_error_end_event_leaves_its_sub_process_by_the_boundary() {
    let body = [
        "<startEvent id=\"s\"/><endEvent id=\"end\"/>",
        r#"<subProcess id="sub"><startEvent id="s2"/><endEvent id="e2"><errorEventDefinition errorRef="e"/></endEvent><parallelGateway id="g"/>"#,
        &job("a"), &flow("s2", "g"), &flow("g", "a"), &flow("g", "e2"),
        "</subProcess><boundaryEvent id=\"b\" attachedToRef=\"sub\"><errorEventDefinition/></boundaryEvent>",
        &job("after"), &flow("s", "sub"), &flow("sub", "end"), &flow("b", "after"),
    ]
    .concat();
    let sim = Sim::start(&body, "{}");
    assert_eq!(sim.waits(), ["after"], "the job in the sub-process is gone with it");
    assert_eq!(sim.state.jobs().len(), 1);
}

#[test]
fn an_event_based_gateway_takes_what_comes_first_and_closes_the_rest() {
    let body = [
        "<startEvent id=\"s\"/><eventBasedGateway id=\"g\"/><endEvent id=\"end\"/>",
        r#"<intermediateCatchEvent id="msg"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
           <intermediateCatchEvent id="time"><timerEventDefinition><timeDuration>= "PT" + string(h) + "H"</timeDuration></timerEventDefinition></intermediateCatchEvent>"#,
        &job("paid"), &job("late"), &flow("s", "g"), &flow("g", "msg"), &flow("g", "time"),
        &flow("msg", "paid"), &flow("time", "late"), &flow("paid", "end"), &flow("late", "end"),
    ]
    .concat();
    let mut sim = Sim::start(&body, r#"{"id": 7, "h": 1}"#);
    let subscription = sim.state.subscriptions().values().next().unwrap();
    assert_eq!((&*subscription.name, &*subscription.correlation_key), ("paid", "7"));
    sim.message(r#"{"amount": 5}"#);
    assert_eq!(sim.waits(), ["paid"]);
    assert!(sim.state.timers().is_empty());
    assert_eq!(sim.variable("amount"), Some("5"));
    let mut sim = Sim::start(&body, r#"{"id": "a", "h": 1}"#);
    sim.advance(3_600_000);
    assert_eq!(sim.waits(), ["late"]);
    assert!(sim.state.subscriptions().is_empty());
}

#[test]
fn mappings_keep_a_task_s_own_variables_apart() {
    let body = [
        "<startEvent id=\"s\"/><endEvent id=\"end\"/>",
        r#"<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="= &quot;t-&quot; + kind"/><zeebe:ioMapping>
             <zeebe:input source="= order.total * 2" target="double"/><zeebe:output source="= result" target="out.value"/></zeebe:ioMapping></extensionElements></serviceTask>"#,
        &flow("s", "a"), &flow("a", "end"),
    ]
    .concat();
    let mut sim = Sim::start(&body, r#"{"order": {"total": 0.1}, "kind": "x"}"#);
    assert_eq!(&*sim.state.jobs().values().next().unwrap().job_type, "t-x");
    let owner = sim.state.jobs().values().next().unwrap().owner;
    assert_eq!(sim.state.variable(owner, "double").unwrap().as_str(), "0.2");
    sim.complete("a", r#"{"result": [1], "noise": true}"#);
    assert!(sim.ended());
    assert_eq!(sim.variable("out"), Some(r#"{"value":[1]}"#));
    assert_eq!((sim.variable("noise"), sim.variable("double")), (None, None));
}

#[test]
fn a_loop_that_never_waits_stops_with_an_incident() {
    let body = [
        "<startEvent id=\"s\"/><task id=\"a\"/><task id=\"b\"/>",
        &flow("s", "a"),
        &flow("a", "b"),
        &flow("b", "a"),
    ]
    .concat();
    let sim = Sim::start(&body, "{}");
    assert!(sim.incident().1.contains("without waiting"));
}

#[test]
fn a_join_that_can_never_complete_is_an_incident_and_not_silence() {
    let body = [
        "<startEvent id=\"s\"/><parallelGateway id=\"join\"/><endEvent id=\"end\"/><exclusiveGateway id=\"g\" default=\"g-join\"/>",
        &job("never"), &flow("s", "g"), &flow("g", "join"),
        r#"<sequenceFlow id="x" sourceRef="g" targetRef="never"><conditionExpression>= false</conditionExpression></sequenceFlow>"#,
        &flow("never", "join"), &flow("join", "end"),
    ]
    .concat();
    let sim = Sim::start(&body, "{}");
    assert!(sim.incident().1.contains("can never come"));
}

#[test]
fn cancelling_leaves_nothing_live_behind() {
    let boundary = r#"<boundaryEvent id="b" attachedToRef="work"><timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition></boundaryEvent>"#;
    let mut sim = Sim::start(&guarded(boundary), "{}");
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the path is not general enough"
    )]
    sim.input(|run| run.cancel());
    assert_eq!(sim.state.status(), instance::Status::Terminated);
    assert!(sim.state.jobs().is_empty() && sim.state.timers().is_empty());
}

#[test]
fn a_terminate_end_event_ends_the_other_branches() {
    let body = [
        "<startEvent id=\"s\"/><parallelGateway id=\"g\"/><endEvent id=\"end\"><terminateEventDefinition/></endEvent>",
        &job("a"), &job("b"), &flow("s", "g"), &flow("g", "a"), &flow("g", "b"), &flow("a", "end"),
    ]
    .concat();
    let mut sim = Sim::start(&body, "{}");
    sim.complete("a", "{}");
    assert!(sim.ended());
    assert!(sim.state.jobs().is_empty());
}

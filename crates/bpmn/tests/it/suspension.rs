//! A suspended instance: what comes is held, and done in the order in which it came.

use base::Variables;
use instance::Status;

use super::harness::{Sim, job};
use super::transcript::{cancel, check, resume, suspend, xml};

/// The job `a`, then `b`.
const LINE: &str = r#"<startEvent id="s"/><<a b>><endEvent id="end"/>[[s -> a -> b -> end]]"#;

/// The job `a` with an interrupting timer of a minute that leads to `late`.
const GUARDED: &str = r#"<startEvent id="s"/><<a late>><endEvent id="end"/>
    <boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1M</timeDuration>
    </timerEventDefinition></boundaryEvent>[[s -> a -> end, t -> late -> end]]"#;

/// The job `a` with a boundary event for the message `paid`, which leads to `paid`.
fn beside(attribute: &str) -> String {
    format!(
        r#"<startEvent id="s"/><<a paid>><endEvent id="end"/>
        <boundaryEvent id="m-b" attachedToRef="a" {attribute}><messageEventDefinition messageRef="m"/>
        </boundaryEvent>[[s -> a -> end, m-b -> paid -> end]]"#
    )
}

#[test]
fn a_completion_is_held_and_done_after_the_resumption() {
    check(
        LINE,
        r#"start                => job a
           suspend              => job a, suspended
           complete a {"x": 1}  => held, job a, suspended
           resume               => job b
           variables            => x: 1
           complete b           => completed"#,
    );
}

#[test]
fn nothing_is_held_when_nothing_came() {
    check(
        LINE,
        "start      => job a
         suspend    => job a, suspended
         resume     => job a
         complete a => job b",
    );
}

#[test]
fn suspending_after_the_completion_stops_at_what_follows_from_it() {
    check(
        LINE,
        "start      => job a
         complete a => job b
         suspend    => job b, suspended
         complete b => held, job b, suspended
         resume     => completed",
    );
}

#[test]
fn a_timer_does_not_fire_meanwhile_and_fires_once_afterwards() {
    check(
        GUARDED,
        "start        => job a, timer t 60s
         suspend      => job a, suspended, timer t 60s
         advance PT2M => job a, suspended, timer t -60s
         resume       => job late
         advance PT2M => job late",
    );
    check(
        GUARDED,
        "start        => job a, timer t 60s
         suspend      => job a, suspended, timer t 60s
         advance PT30S => job a, suspended, timer t 30s
         resume       => job a, timer t 30s
         advance PT30S => job late",
    );
}

#[test]
fn a_timer_and_a_completion_take_their_turns_as_they_came() {
    check(
        GUARDED,
        "start        => job a, timer t 60s
         suspend      => job a, suspended, timer t 60s
         advance PT30S => job a, suspended, timer t 30s
         complete a   => held, job a, suspended, timer t 30s
         advance PT1M => held, job a, suspended, timer t -30s
         resume       => completed",
    );
    check(
        GUARDED,
        "start        => job a, timer t 60s
         suspend      => job a, suspended, timer t 60s
         advance PT2M => job a, suspended, timer t -60s
         complete a   => held, job a, suspended, timer t -60s
         resume       => job late",
    );
}

#[test]
fn several_inputs_keep_their_order_also_around_a_timer() {
    let body = r#"<startEvent id="s"/><parallelGateway id="g"/><<a b c>><endEvent id="end"/>
        <subProcess id="sub"><startEvent id="s2"/><<d>><endEvent id="e2"/>[[s2 -> d -> e2]]</subProcess>
        <boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1M</timeDuration>
        </timerEventDefinition></boundaryEvent><<late>>
        [[s -> g -> a -> end, g -> b -> end, g -> c -> end, g -> sub -> end, t -> late -> end]]"#;
    check(
        body,
        r#"start                     => job a, job b, job c, job d, timer t 60s
           suspend                   => job a, job b, job c, job d, suspended, timer t 60s
           complete b {"last": "b"}  => held, job a, job b, job c, job d, suspended, timer t 60s
           advance PT30S             => held, job a, job b, job c, job d, suspended, timer t 30s
           complete a {"last": "a"}  => held x2, job a, job b, job c, job d, suspended, timer t 30s
           advance PT1M              => held x2, job a, job b, job c, job d, suspended, timer t -30s
           complete d {"last": "d"}  => held x3, job a, job b, job c, job d, suspended, timer t -30s
           complete c {"last": "c"}  => held x4, job a, job b, job c, job d, suspended, timer t -30s
           resume                    => job late
           variables                 => last: "c""#,
    );
}

#[test]
fn what_is_held_has_its_turn_also_when_the_process_has_come_to_its_end_listeners() {
    let listener = r#"<extensionElements><zeebe:executionListeners>
        <zeebe:executionListener eventType="end" type="bye"/></zeebe:executionListeners></extensionElements>"#;
    let body = listener.to_owned()
        + r#"<startEvent id="s"/><<a>><endEvent id="end"/>
        <boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1M</timeDuration>
        </timerEventDefinition></boundaryEvent>[[s -> a -> end, t -> end]]"#;
    check(
        &body,
        "start         => job a, timer t 60s
         suspend       => job a, suspended, timer t 60s
         advance PT2M  => job a, suspended, timer t -60s
         complete a    => held, job a, suspended, timer t -60s
         resume        => end listener bye at p",
    );
}

#[test]
fn messages_are_held_each_once() {
    check(
        &beside(""),
        r#"start {"id": 1}        => job a, message paid at m-b
           suspend                => job a, message paid at m-b, suspended
           message paid {"by": 1} => held, job a, message paid at m-b, suspended
           resume                 => job paid
           variables              => by: 1, id: 1"#,
    );
    check(
        &beside("cancelActivity=\"false\""),
        r#"start {"id": 1}        => job a, message paid at m-b
           suspend                => job a, message paid at m-b, suspended
           message paid           => held, job a, message paid at m-b, suspended
           message paid           => held x2, job a, message paid at m-b, suspended
           complete a             => held x3, job a, message paid at m-b, suspended
           resume                 => job paid x2"#,
    );
}

#[test]
fn a_message_that_nobody_waits_for_any_more_is_given_back() {
    let mut read = fermata_bpmn::read(&xml(&beside(""))).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), r#"{"id": 1}"#);
    sim.input(|run| run.suspend("audit".into()));
    sim.complete("a", "{}");
    sim.message("{}");
    sim.input(resume);
    sim.advance(0);
    // The completion came first and ended the instance: what is left over is the engine's to see.
    assert_eq!(sim.state.status(), Status::Completed);
    let left = sim.state.suspension().unwrap();
    assert_eq!((left.held.len(), sim.given_back), (1, 0));

    let body = beside("").replace("a -> end,", "a -> b -> end,") + &job("b");
    let mut read = fermata_bpmn::read(&xml(&body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), r#"{"id": 1}"#);
    sim.input(|run| run.suspend("audit".into()));
    sim.complete("a", "{}");
    sim.message("{}");
    sim.input(resume);
    sim.advance(0);
    assert_eq!((sim.waits(), sim.given_back), (vec!["b".to_owned()], 1));
    assert!(sim.state.suspension().is_none());
}

#[test]
fn failures_errors_and_people_are_held_too() {
    check(
        LINE,
        "start      => job a
         suspend    => job a, suspended
         throw a NO => held, job a, suspended
         resume     => incident UNHANDLED_ERROR_EVENT at a, job a",
    );
    check(
        r#"<startEvent id="s"/><userTask id="u"><extensionElements><zeebe:userTask/></extensionElements>
           </userTask><endEvent id="end"/>[[s -> u -> end]]"#,
        "start   => task u
         suspend => suspended, task u
         task u  => held, suspended, task u
         resume  => completed",
    );
    let mut read = fermata_bpmn::read(&xml(LINE)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.input(|run| run.suspend("".into()));
    sim.advance(1_000);
    let job = sim.job("a");
    let variables = Variables::parse(r#"{"why": "x"}"#).unwrap();
    let failed = |retries| base::FailJob {
        job,
        retries,
        backoff_ms: 5_000,
        message: "no".into(),
        variables: variables.clone(),
    };
    sim.input(|run| run.job_failed(failed(2)));
    assert_eq!(sim.state.jobs()[&job].retries, 3, "it is held");
    sim.advance(1_000);
    sim.input(resume);
    sim.advance(0);
    let live = &sim.state.jobs()[&job];
    assert_eq!((live.retries, live.available_ms), (2, 6_000), "from when it came");
    sim.input(|run| run.job_failed(failed(0)));
    assert!(sim.incident().1.contains("no attempts left"));
}

#[test]
fn variables_are_set_at_once_and_a_cancellation_ends_it() {
    check(
        LINE,
        r#"start          => job a
           suspend        => job a, suspended
           set {"x": 2}   => job a, suspended
           variables      => x: 2
           complete a     => held, job a, suspended
           cancel         => terminated"#,
    );
}

#[test]
fn what_comes_while_held_inputs_are_done_waits_behind_them() {
    let mut read = fermata_bpmn::read(&xml(LINE)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.input(|run| run.suspend("".into()));
    sim.complete("a", r#"{"n": 1}"#);
    sim.input(resume);
    // Resumed, and the held completion has not had its turn.
    assert!(!sim.state.is_suspended() && sim.state.holds_inputs());
    sim.input(|run| run.suspend("again".into()));
    sim.advance(60_000);
    assert_eq!(sim.waits(), ["a"]);
    sim.input(resume);
    sim.advance(0);
    assert_eq!(sim.waits(), ["b"]);
    assert!(sim.state.timers().is_empty() && !sim.state.holds_inputs());
    sim.complete("b", "{}");
    assert!(sim.ended());
}

#[test]
fn what_is_held_has_its_turn_also_when_the_instance_is_cancelled_before() {
    let body = r#"<startEvent id="s"/><parallelGateway id="g"/><<a>><userTask id="u"><extensionElements>
        <zeebe:userTask/><zeebe:taskListeners><zeebe:taskListener eventType="canceling" type="c"/>
        </zeebe:taskListeners></extensionElements></userTask><endEvent id="end"/>
        [[s -> g -> a -> end, g -> u -> end]]"#;
    let mut read = fermata_bpmn::read(&xml(body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.input(|run| run.suspend("".into()));
    sim.complete("a", "{}");
    sim.input(resume);
    sim.input(cancel);
    assert!(sim.state.ends_soon() && sim.state.holds_inputs());
    assert_eq!(sim.state.canceling_tasks(), 1);
    sim.advance(0);
    assert!(!sim.state.holds_inputs());
    sim.complete("u", "{}");
    assert_eq!(sim.state.status(), Status::Terminated);
}

#[test]
fn a_loop_stops_between_its_parts() {
    let body = r#"<startEvent id="s"/><serviceTask id="a"><extensionElements>
        <zeebe:taskDefinition type="a"/></extensionElements><multiInstanceLoopCharacteristics>
        <loopCardinality>= 3000</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
        <endEvent id="end"/>[[s -> a -> end]]"#;
    let mut read = fermata_bpmn::read(&xml(body)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.input(|run| run.suspend("".into()));
    let begun = sim.state.jobs().len();
    sim.advance(60_000);
    assert_eq!(sim.state.jobs().len(), begun);
    sim.input(resume);
    sim.advance(0);
    assert_eq!(sim.state.jobs().len(), 3_000);
}

#[test]
fn a_condition_that_comes_to_hold_is_met_after_the_resumption() {
    check(
        r#"<startEvent id="s"/><<a b>><endEvent id="end"/>
           <intermediateCatchEvent id="c"><conditionalEventDefinition><condition>= ready = true</condition>
           </conditionalEventDefinition></intermediateCatchEvent>[[s -> a -> c -> b -> end]]"#,
        r#"start                     => job a
           complete a                => condition c
           suspend                   => condition c, suspended
           set {"ready": true}       => condition c, suspended
           resume                    => job b
           complete b                => completed"#,
    );
    check(
        r#"<startEvent id="s"/><<a b>><endEvent id="end"/>
           <intermediateCatchEvent id="c"><conditionalEventDefinition><condition>= ready = true</condition>
           </conditionalEventDefinition></intermediateCatchEvent>[[s -> a -> c -> b -> end]]"#,
        r#"start                          => job a
           suspend                        => job a, suspended
           complete a {"ready": true}     => held, job a, suspended
           resume                         => job b"#,
    );
}

#[test]
fn what_is_held_has_its_turn_although_the_clock_was_set_back() {
    let mut read = fermata_bpmn::read(&xml(LINE)).unwrap();
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    sim.advance(3_600_000);
    sim.input(suspend);
    sim.complete("a", "{}");
    assert_eq!(sim.waits(), ["a"]);
    sim.advance(-1_800_000);
    sim.input(resume);
    sim.advance(0);
    assert_eq!(sim.waits(), ["b"]);
    assert!(sim.state.suspension().is_none() && sim.state.timers().is_empty());
}

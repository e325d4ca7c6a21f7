//! Starting at any element, and changing the course of an instance.

use base::{ModifyInstance, Selection};

use super::harness::Sim;
use super::transcript::{check, xml};

/// a, then a sub-process with b and c beside an event sub-process and a boundary timer, then d.
const NESTED: &str = r#"<startEvent id="s"/><endEvent id="end"/> <<a d late>>
<subProcess id="sub" name="Sub">
  <extensionElements><zeebe:ioMapping><zeebe:input source="= nothing.at.all + 1" target="x"/></zeebe:ioMapping></extensionElements>
  <startEvent id="is"/> <<b c>> <endEvent id="ie"/> [[is -> b -> c -> ie]]
  <subProcess id="beside" triggeredByEvent="true">
    <startEvent id="es" isInterrupting="false"><messageEventDefinition messageRef="m"/></startEvent>
    <<e>> <endEvent id="ee"/> [[es -> e -> ee]]
  </subProcess>
</subProcess>
<boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent>
<endEvent id="end2"/>
[[s -> a -> sub -> d -> end, t -> late -> end2]]"#;

#[test]
fn an_instance_begins_at_any_element() {
    check(
        NESTED,
        "start at d   => job d
         complete d   => completed",
    );
    // The scopes around it are entered without their start events and without their mappings.
    check(
        NESTED,
        "start at c {\"id\": \"7\"}  => job c, message paid at es, timer t 60s
         message paid {}            => job c, job e, message paid at es, timer t 60s
         complete e                 => job c, message paid at es, timer t 60s
         complete c                 => job d
         complete d                 => completed",
    );
    check(
        NESTED,
        "start at c {\"id\": \"7\"}  => job c, message paid at es, timer t 60s
         advance PT1M               => job late
         complete late              => completed",
    );
}

#[test]
fn an_instance_begins_at_several_elements_that_share_their_scopes() {
    check(
        NESTED,
        "start at b c a {\"id\": \"7\"}  => job a, job b, job c, message paid at es, timer t 60s
         complete b                     => job a, job c x2, message paid at es, timer t 60s
         complete c 2                   => job a, job c, message paid at es, timer t 60s
         complete c                     => job a, job d
         complete d                     => job a",
    );
    check(
        NESTED,
        "start at a a   => job a x2
         cancel         => terminated",
    );
}

#[test]
fn what_cannot_begin_alone_is_refused_with_the_reason() {
    let body = r#"<startEvent id="s"/> <<a b>> <endEvent id="end"/>
<eventBasedGateway id="g"/><intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="c2"><timerEventDefinition><timeDuration>PT2M</timeDuration></timerEventDefinition></intermediateCatchEvent>
<boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent>
<subProcess id="many"><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="= [1, 2]"/></extensionElements></multiInstanceLoopCharacteristics>
<startEvent id="ms"/> <<m>> <endEvent id="me"/> [[ms -> m -> me]]</subProcess>
<boundaryEvent id="undone" attachedToRef="b"><compensateEventDefinition/></boundaryEvent>
<serviceTask id="undo" isForCompensation="true"><extensionElements><zeebe:taskDefinition type="u"/></extensionElements></serviceTask>
<association associationDirection="One" sourceRef="undone" targetRef="undo"/>
[[s -> a -> b -> g -> c -> many -> end, g -> c2 -> end, t -> end]]"#;
    let read = fermata_bpmn::read(&xml(body)).expect("a model");
    let process = &read.processes[0];
    for (id, part) in [
        ("s", "a start event"),
        ("ms", "a start event"),
        ("t", "a boundary event"),
        ("c", "behind an event-based gateway"),
        ("m", "\"many\" around it repeats"),
        ("undo", "a compensation handler"),
        ("p", "the process itself"),
        ("s-a", "sequence flow"),
        ("nowhere", "none with the id `nowhere`"),
    ] {
        let refusal = process.startable(id).expect_err(id).message;
        assert!(refusal.contains(part), "{id}: {refusal}");
    }
    for id in ["a", "b", "g", "many", "end"] {
        process.startable(id).expect(id);
    }
}

#[test]
fn a_token_is_moved() {
    check(
        NESTED,
        "start {\"id\": \"7\"}   => job a
         modify a>c              => job c, message paid at es, timer t 60s
         modify c>b              => job b, message paid at es, timer t 60s
         modify b>d {\"y\": 1}   => job d
         variables               => id: \"7\", y: 1
         complete d              => completed",
    );
}

#[test]
fn an_incident_goes_with_what_is_ended_and_the_instance_goes_on() {
    check(
        NESTED,
        "start {\"id\": \"7\"}   => job a
         complete a              => incident IO_MAPPING_ERROR at sub
         modify +c -sub          => job c, message paid at es, timer t 60s
         complete c              => job d",
    );
    check(
        NESTED,
        "start                   => job a
         exhaust a               => incident JOB_NO_RETRIES at a, job a
         modify a>d              => job d",
    );
}

#[test]
fn listening_that_fails_is_an_incident_beside_what_begins() {
    // No `id` for the correlation key.
    check(
        NESTED,
        "start at c              => incident EXTRACT_VALUE_ERROR at sub, job c, timer t 60s
         complete c              => incident EXTRACT_VALUE_ERROR at sub, timer t 60s
         resolve sub             => incident EXTRACT_VALUE_ERROR at sub, timer t 60s
         set {\"id\": \"7\"}     => incident EXTRACT_VALUE_ERROR at sub, timer t 60s
         resolve sub             => job d",
    );
}

#[test]
fn what_is_left_empty_ends() {
    check(
        NESTED,
        "start at b a {\"id\": \"7\"}  => job a, job b, message paid at es, timer t 60s
         modify -b                    => job a
         modify -a                    => terminated",
    );
    // What begins comes before what ends, so that nothing is empty in between.
    check(
        NESTED,
        "start at b {\"id\": \"7\"}  => job b, message paid at es, timer t 60s
         modify -b +a               => job a",
    );
    // A scope that ends takes nothing in: a new one is entered.
    check(
        NESTED,
        "start at b {\"id\": \"7\"}  => job b, message paid at es, timer t 60s
         advance PT30S              => job b, message paid at es, timer t 30s
         modify -sub +c             => job c, message paid at es, timer t 60s",
    );
}

#[test]
fn a_called_instance_does_not_end_alone() {
    let mut read = fermata_bpmn::read(&xml(NESTED)).expect("a model");
    let mut sim = Sim::of(read.processes.remove(0), "{}");
    let command = ModifyInstance {
        instance: sim.state.key(),
        activate: Vec::new(),
        terminate: vec![Selection::Element("a".into())],
        moves: Vec::new(),
    };
    let refusal = sim.modify(&command, true).expect_err("its caller waits");
    assert!(refusal.contains("another instance has called it"), "{refusal}");
    sim.modify(&command, false).expect("nobody waits");
}

#[test]
fn nothing_happens_unless_everything_can() {
    check(
        NESTED,
        "start                    => job a
         refuse -a +nowhere       => none with the id `nowhere`
         refuse +d -b             => an active instance of \"b\", but there is none
         refuse +is               => a start event
         refuse +d@a              => in which it does not stand
         complete a               => incident IO_MAPPING_ERROR at sub",
    );
}

#[test]
fn an_ancestor_says_which_of_several_scopes() {
    check(
        NESTED,
        "start at b {\"id\": \"7\"}  => job b, message paid at es, timer t 60s
         modify +c@p                => job b, job c, message paid at es x2, timer t 60s x2
         refuse +c                  => but 2 live
         modify +c@sub/2            => job b, job c x2, message paid at es x2, timer t 60s x2
         modify -sub/2              => job b, message paid at es, timer t 60s",
    );
}

#[test]
fn a_join_that_waits_in_vain_gets_what_it_needs() {
    let body = r#"<startEvent id="s"/><exclusiveGateway id="g" default="g-b"/><endEvent id="end"/>
<parallelGateway id="join"/> <<a b c>> [[s -> g -(x)-> a -> join -> c -> end, g -> b -> join]]"#;
    check(
        body,
        "start {\"x\": true}   => job a
         complete a            => incident DEADLOCK at p, token a-join
         modify +b             => job b, token a-join
         complete b            => job c
         complete c            => completed",
    );
    // A gateway that begins without a token waits for none.
    check(
        body,
        "start {\"x\": true}   => job a
         modify a>join         => job c
         complete c            => completed",
    );
    check(
        body,
        "start at a b          => job a, job b
         complete a            => job b, token a-join
         modify -b             => incident DEADLOCK at p, token a-join
         cancel                => terminated",
    );
}

#[test]
fn turns_of_loops_end_and_take_in() {
    let body = r#"<startEvent id="s"/><endEvent id="end"/> <<after>>
<subProcess id="many"><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="= [1, 2]"/></extensionElements></multiInstanceLoopCharacteristics>
<startEvent id="ms"/> <<m n>> <endEvent id="me"/> [[ms -> m -> n -> me]]</subProcess>
[[s -> many -> after -> end]]"#;
    check(
        body,
        "start              => job m x2
         refuse +n          => \"many\" around it repeats
         refuse +n@many     => it is the loop \"many\"; name one of its turns
         modify +n@many/2   => job m x2, job n
         modify m/1>n       => job m, job n x2
         modify -many/3     => job n x2
         complete n         => job n
         complete n         => job after",
    );
    check(
        body,
        "start              => job m x2
         modify -many/2     => job m
         modify -many/2     => terminated",
    );
}

#[test]
fn an_event_sub_process_begins_without_interrupting() {
    let body = r#"<startEvent id="s"/> <<a>> <endEvent id="end"/> [[s -> a -> end]]
<subProcess id="es" triggeredByEvent="true"><startEvent id="ess"><messageEventDefinition messageRef="m"/></startEvent>
<<e>> <endEvent id="ee"/> [[ess -> e -> ee]]</subProcess>"#;
    check(
        body,
        "start {\"id\": \"7\"}   => job a, message paid at ess
         modify +es              => job a, job e, message paid at ess
         modify -a               => job e, message paid at ess
         complete e              => completed",
    );
}

#[test]
fn a_compensation_goes_on_without_a_handler_that_is_ended() {
    let body = r#"<startEvent id="s"/> <<a b after>> <endEvent id="end"/>
<intermediateThrowEvent id="back"><compensateEventDefinition/></intermediateThrowEvent>
<boundaryEvent id="a1" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
<boundaryEvent id="b1" attachedToRef="b"><compensateEventDefinition/></boundaryEvent>
<serviceTask id="ua" isForCompensation="true"><extensionElements><zeebe:taskDefinition type="u"/></extensionElements></serviceTask>
<serviceTask id="ub" isForCompensation="true"><extensionElements><zeebe:taskDefinition type="u"/></extensionElements></serviceTask>
<association associationDirection="One" sourceRef="a1" targetRef="ua"/>
<association associationDirection="One" sourceRef="b1" targetRef="ub"/>
[[s -> a -> b -> back -> after -> end]]"#;
    check(
        body,
        "start         => job a
         complete a    => job b
         complete b    => job ub
         modify -ub    => job ua
         complete ua   => job after",
    );
}

//! Gateways: which flows are taken, and what a join waits for.

use super::transcript::check;

/// An inclusive split and join around the jobs `a` and `b`.
const SPLIT: &str = r#"<startEvent id="s"/><inclusiveGateway id="g" default="g-c"/>
    <inclusiveGateway id="j"/> <<a b c>> <endEvent id="end"/>
    [[s -> g -(x > 1)-> a -> j -> end, g -(x > 2)-> b -> j, g -> c -> j]]"#;

#[test]
fn an_inclusive_gateway_takes_every_flow_that_holds_and_joins_them() {
    check(
        SPLIT,
        "start {\"x\": 3}  => job a, job b
         complete b       => job a, token b-j
         complete a       => completed",
    );
    check(SPLIT, "start {\"x\": 2} => job a\n complete a => completed");
    check(SPLIT, "start {\"x\": 1} => job c\n complete c => completed");
}

#[test]
fn an_inclusive_gateway_without_a_flow_to_take_is_an_incident() {
    let none = SPLIT.replace(" default=\"g-c\"", "").replace("g -> c", "g -(x > 9)-> c");
    check(
        &none,
        "start {\"x\": 0}  => incident CONDITION_ERROR at g
         set {\"x\": 3}    => incident CONDITION_ERROR at g
         resolve g        => job a, job b",
    );
}

#[test]
fn an_inclusive_join_waits_for_what_can_still_arrive_through_a_loop() {
    // `a` may come back before it joins.
    let model = r#"<startEvent id="s"/><parallelGateway id="g"/><exclusiveGateway id="m"/>
        <exclusiveGateway id="again" default="again-j"/><inclusiveGateway id="j"/>
        <<a b>><endEvent id="end"/>
        [[s -> g -> m -> a -> again -(more)-> m, again -> j -> end, g -> b -> j]]"#;
    check(
        model,
        "start {\"more\": true}         => job a, job b
         complete b                    => job a, token b-j
         complete a                    => job a, token b-j
         complete a {\"more\": false}    => completed",
    );
}

#[test]
fn a_token_behind_an_inclusive_join_in_a_loop_does_not_hold_it_up() {
    // `late` is behind the join and may come to it again: a path through the gateway itself does
    // not count, and the other token's way in is open already.
    let model = r#"<startEvent id="s"/><parallelGateway id="g"/><inclusiveGateway id="j"/>
        <exclusiveGateway id="again" default="again-end"/>
        <<a b late>><endEvent id="end"/>
        [[s -> g -> a -> j -> late -> again -(more)-> j, g -> b -> j, again -> end]]"#;
    check(
        model,
        "start {\"more\": true}         => job a, job b
         complete a                    => job b, token a-j
         complete b                    => job late
         complete late                 => job late
         complete late {\"more\": false} => completed",
    );
}

#[test]
fn an_inclusive_join_lets_go_when_the_other_path_ends() {
    let model = r#"<startEvent id="s"/><parallelGateway id="g"/><inclusiveGateway id="j"/>
        <exclusiveGateway id="x" default="x-j"/><<a b>><endEvent id="end"/><endEvent id="gone"/>
        [[s -> g -> a -> j -> end, g -> b -> x -(stop)-> gone, x -> j]]"#;
    check(
        model,
        "start                      => job a, job b
         complete a                 => job b, token a-j
         complete b {\"stop\": true}  => completed",
    );
}

#[test]
fn an_inclusive_join_sees_boundary_events_and_links() {
    let model = r#"<startEvent id="s"/><parallelGateway id="g"/><inclusiveGateway id="j"/>
        <<a b>><endEvent id="end"/><endEvent id="done"/>
        <boundaryEvent id="late" attachedToRef="b"><timerEventDefinition>
        <timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent>
        <intermediateThrowEvent id="out"><linkEventDefinition name="l"/></intermediateThrowEvent>
        <intermediateCatchEvent id="in"><linkEventDefinition name="l"/></intermediateCatchEvent>
        [[s -> g -> a -> j -> end, g -> b -> done, late -> out, in -> j]]"#;
    check(
        model,
        "start         => job a, job b, timer late 60s
         complete a    => job b, timer late 60s, token a-j
         advance PT1M  => completed",
    );
    check(
        model,
        "start         => job a, job b, timer late 60s
         complete a    => job b, timer late 60s, token a-j
         complete b    => completed",
    );
}

#[test]
fn flows_of_an_activity_may_have_conditions_and_a_default() {
    let model = r#"<startEvent id="s"/><serviceTask id="a" default="a-d"><extensionElements>
        <zeebe:taskDefinition type="a"/></extensionElements></serviceTask>
        <<b c d>><endEvent id="end"/>
        [[s -> a -(x > 1)-> b -> end, a -(x > 2)-> c -> end, a -> d -> end]]"#;
    check(model, "start => job a\n complete a {\"x\": 3} => job b, job c");
    check(model, "start => job a\n complete a {\"x\": 0} => job d");
    check(
        model,
        "start             => job a
         complete a        => incident CONDITION_ERROR at a
         set {\"x\": 2}     => incident CONDITION_ERROR at a
         resolve a         => job b",
    );
}

//! Complex gateways: what comes before and after the condition holds.

use super::transcript::{check, xml};

/// Three jobs `a`, `b` and `c` at once, joined by a complex gateway `g`, then `after` or `late`, as
/// `flows` says.
fn joined(activation: &str, flows: &str) -> String {
    let activation = activation.replace('<', "&lt;").replace('>', "&gt;");
    let late =
        if flows.contains("late") { r#"<<late>><endEvent id="e2"/>[[late -> e2]]"# } else { "" };
    format!(
        r#"<startEvent id="s"/><parallelGateway id="f"/><<a b c after>>
           <complexGateway id="g"><activationCondition>= {activation}</activationCondition>
           </complexGateway><endEvent id="end"/>
           [[s -> f -> a -> g, f -> b -> g, f -> c -> g, after -> end]]{flows}{late}"#
    )
}

const TWO: &str = "activationCount >= 2";

#[test]
fn two_of_three_suffice_and_the_third_is_taken_without_a_word() {
    let model = joined(TWO, "[[g -> after]]");
    check(
        &model,
        "start           => job a, job b, job c
         complete a      => job b, job c, token a-g
         complete c      => job after, job b
         complete b      => job after
         complete after  => completed",
    );
    // The other order: what came first has gone on to its end.
    check(
        &model,
        "start           => job a, job b, job c
         complete a      => job b, job c, token a-g
         complete c      => job after, job b
         complete after  => job b
         complete b      => completed",
    );
}

#[test]
fn conditions_tell_the_start_from_the_reset() {
    let flows = "[[g -(waitingForStart)-> after, g -(not(waitingForStart))-> late]]";
    check(
        &joined(TWO, flows),
        "start           => job a, job b, job c
         complete a      => job b, job c, token a-g
         complete b      => job after, job c
         complete c      => job after, job late
         complete late   => job after
         complete after  => completed",
    );
}

#[test]
fn what_can_no_longer_come_is_not_waited_for() {
    // `c` may go past the gateway: then the reset follows when that is seen.
    let model =
        r#"<startEvent id="s"/><parallelGateway id="f"/><<a c after>><exclusiveGateway id="x"
           default="x-e3"/><complexGateway id="g"><activationCondition>= activationCount > 0
           </activationCondition></complexGateway><endEvent id="end"/><endEvent id="e3"/>
           [[s -> f -> a -> g, f -> c -> x -(again)-> g, x -> e3, g -> after -> end]]"#
            .replace(" > 0", " &gt; 0");
    check(
        &model,
        "start {\"again\": false}  => job a, job c
         complete a               => job after, job c
         complete c               => job after
         complete after           => completed",
    );
    check(
        &model,
        "start {\"again\": true}   => job a, job c
         complete a               => job after, job c
         complete c               => job after
         complete after           => completed",
    );
}

#[test]
fn after_its_reset_it_begins_again() {
    let model = r#"<startEvent id="s"/><parallelGateway id="f"/><<a b after>>
        <exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-end"/>
        <complexGateway id="g"><activationCondition>= activationCount = 2</activationCondition>
        </complexGateway><endEvent id="end"/>
        [[s -> m -> f -> a -> g, f -> b -> g, g -> after -> x -(again)-> m, x -> end]]"#;
    check(
        model,
        "start                          => job a, job b
         complete a                     => job b, token a-g
         complete b                     => job after
         complete after {\"again\": true} => job a, job b
         complete b                     => job a, token b-g
         complete a                     => job after
         complete after {\"again\": false} => completed",
    );
}

#[test]
fn the_condition_sees_variables_and_the_tokens_of_each_flow() {
    let activation = r#"enough or get value(activationCounts, "a-g") +
        get value(activationCounts, "b-g") = 2"#;
    let model = joined(activation, "[[g -> after]]");
    check(
        &model,
        "start {\"enough\": false}  => job a, job b, job c
         complete c                => job a, job b, token c-g
         complete a                => job b, token a-g, token c-g
         complete b                => job after
         complete after            => completed",
    );
    // A variable makes it hold: it is seen when something happens in the scope.
    check(
        &model,
        "start {\"enough\": false}       => job a, job b, job c
         complete c                     => job a, job b, token c-g
         complete a {\"enough\": true}    => job after, job b
         complete b                     => job after",
    );
}

#[test]
fn a_condition_that_can_never_hold_is_an_incident() {
    check(
        &joined("activationCount > 3", "[[g -> after]]"),
        "start       => job a, job b, job c
         complete a  => job b, job c, token a-g
         complete b  => job c, token a-g, token b-g
         complete c  => incident DEADLOCK at p, token a-g, token b-g, token c-g
         cancel      => terminated",
    );
}

#[test]
fn what_is_neither_true_nor_false_is_an_incident_and_mended() {
    check(
        &joined("wanted", "[[g -> after]]"),
        "start                   => job a, job b, job c
         complete a              => incident CONDITION_ERROR at p, job b, job c, token a-g
         complete b              => incident CONDITION_ERROR at p, job c, token a-g, token b-g
         set {\"wanted\": true}    => incident CONDITION_ERROR at p, job c, token a-g, token b-g
         resolve p               => job after, job c
         complete c              => job after
         complete after          => completed",
    );
}

#[test]
fn no_flow_that_can_be_taken_is_an_incident_of_the_gateway() {
    let flows = "[[g -(x > 1)-> after]]";
    check(
        &joined("activationCount = 3", flows),
        "start {\"x\": 1}   => job a, job b, job c
         complete a       => job b, job c, token a-g
         complete b       => job c, token a-g, token b-g
         complete c       => incident CONDITION_ERROR at g
         set {\"x\": 2}     => incident CONDITION_ERROR at g
         resolve g        => job after
         complete after   => completed",
    );
}

#[test]
fn an_interruption_ends_the_wait_for_what_still_comes() {
    let inner = joined(TWO, "[[g -> after]]");
    let model = format!(
        r#"{inner}<subProcess id="h" triggeredByEvent="true"><startEvent id="hs">
           <messageEventDefinition messageRef="m"/></startEvent><<mend>><endEvent id="he"/>
           [[hs -> mend -> he]]</subProcess>"#
    );
    check(
        &model,
        "start {\"id\": 1}  => job a, job b, job c, message paid at hs
         complete a       => job b, job c, message paid at hs, token a-g
         complete b       => job after, job c, message paid at hs
         message paid     => job mend
         complete mend    => completed",
    );
}

#[test]
fn without_a_join_it_is_an_inclusive_split() {
    let model = r#"<startEvent id="s"/><complexGateway id="g" default="g-c"/><<a b c>>
        <endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/>
        [[s -> g -(x > 0)-> a -> e1, g -(x > 1)-> b -> e2, g -> c -> e3]]"#;
    check(model, "start {\"x\": 2} => job a, job b");
    check(model, "start {\"x\": 1} => job a");
    check(model, "start {\"x\": 0} => job c");
}

#[test]
fn a_loop_through_the_gateway_alone_has_an_end() {
    let model = r#"<startEvent id="s"/><complexGateway id="g"><activationCondition>= true
        </activationCondition></complexGateway><<a>><endEvent id="e"/>
        [[s -> g -> a -> e, g -(not(waitingForStart))-> g]]"#;
    check(
        model,
        "start   => incident STEP_LIMIT at a, job a x9999
         cancel  => terminated",
    );
}

#[test]
fn a_join_without_a_condition_is_refused() {
    let model = r#"<startEvent id="s"/><parallelGateway id="f"/><complexGateway id="g"/>
        <endEvent id="e"/>[[s -> f -> g -> e, f -> g]]"#;
    let model = model.replace("f -> g]]", "f -> t -> g]]") + r#"<task id="t"/>"#;
    let found = fermata_bpmn::read(&xml(&model)).unwrap_err();
    assert_eq!((found.len(), found[0].code), (1, "B110"), "{found:#?}");
    let empty = model.replace(
        r#"<complexGateway id="g"/>"#,
        r#"<complexGateway id="g"><activationCondition> </activationCondition></complexGateway>"#,
    );
    let found = fermata_bpmn::read(&xml(&empty)).unwrap_err();
    assert_eq!((found.len(), found[0].code), (1, "B110"), "{found:#?}");
}

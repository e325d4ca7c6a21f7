//! Running instances that go on by another definition.

use super::transcript::{check, check_migration};

const LINE: &str = r#"<startEvent id="s"/> <<a b>> <endEvent id="end"/> [[s -> a -> b -> end]]"#;

#[test]
fn what_follows_is_of_the_other_definition() {
    let longer = r#"<startEvent id="s"/> <<x a b c>> <endEvent id="end"/>
        [[s -> x -> a -> b -> c -> end]]"#;
    check_migration(
        LINE,
        longer,
        "start          => job a
         migrate a>a    => job a
         complete a     => job b
         complete b     => job c
         complete c     => completed",
    );
    check_migration(
        LINE,
        longer,
        "start          => job a
         migrate a>c    => job c
         complete c     => completed",
    );
    // Back and forth, and to the definition that it has.
    check(
        LINE,
        "start          => job a
         migrate a>b    => job b
         migrate b>a    => job a
         complete a     => job b",
    );
}

#[test]
fn every_refusal_says_which_element_and_what_to_do() {
    let other = r#"<startEvent id="s"/> <<a>> <userTask id="u"/> <endEvent id="end"/>
        <subProcess id="sub"><startEvent id="is"/> <<inner>> <endEvent id="ie"/> [[is -> inner -> ie]]</subProcess>
        <serviceTask id="many"><extensionElements><zeebe:taskDefinition type="m"/></extensionElements>
        <multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="= [1]"/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>
        [[s -> a -> u -> sub -> many -> end]]"#;
    check_migration(
        LINE,
        other,
        "start              => job a
         stay               => expected a mapping for \"a\", which is active
         stay a>u           => \"a\" to become a SERVICE_TASK, but \"u\" is a USER_TASK
         stay a>inner       => \"inner\" is in \"sub\"
         stay a>many        => \"many\" is a parallel multi-instance
         stay a>nowhere     => the target process `p` has none with the id `nowhere`
         stay q>a           => the present process `p` has none with the id `q`
         stay a>s-a         => one is a sequence flow
         migrate a>a        => job a",
    );
    // The same type and another kind of work.
    let decided = r#"<startEvent id="s"/><endEvent id="end"/>
        <scriptTask id="a"><extensionElements><zeebe:script expression="= 1" resultVariable="r"/></extensionElements></scriptTask>
        [[s -> a -> end]]"#;
    let worked = r#"<startEvent id="s"/><endEvent id="end"/>
        <scriptTask id="a"><extensionElements><zeebe:taskDefinition type="a"/></extensionElements></scriptTask>
        [[s -> a -> end]]"#;
    check_migration(
        worked,
        decided,
        "start          => job a
         stay a>a       => \"a\" is one that an expression does",
    );
}

fn timed(boundary: &str) -> String {
    format!(
        r#"<startEvent id="s"/> <<a b late>> <endEvent id="end"/><endEvent id="end2"/>
        {boundary} [[s -> a -> b -> end, t -> late -> end2]]"#
    )
}

fn timer(id: &str, at: &str, time: &str, interrupting: bool) -> String {
    format!(
        r#"<boundaryEvent id="{id}" attachedToRef="{at}" cancelActivity="{interrupting}"><timerEventDefinition><timeDuration>{time}</timeDuration></timerEventDefinition></boundaryEvent>"#
    )
}

#[test]
fn events_that_are_mapped_stay_and_others_begin_anew() {
    let week = timed(&timer("t", "a", "PT1H", true));
    let two = timed(&timer("t", "a", "PT2H", true));
    check_migration(
        &week,
        &two,
        "start              => job a, timer t 3600s
         advance PT30M      => job a, timer t 1800s
         migrate a>a t>t    => job a, timer t 1800s
         migrate a>a        => job a, timer t 7200s
         advance PT2H       => job late",
    );
    // Added and removed.
    check_migration(
        LINE,
        &two,
        "start              => job a
         migrate =          => job a, timer t 7200s
         complete a         => job b",
    );
    check_migration(
        &two,
        LINE,
        "start              => job a, timer t 7200s
         migrate a>a        => job a",
    );
    // It stays where it was, or is not mapped.
    let elsewhere = timed(&timer("t", "b", "PT2H", true));
    check_migration(
        &week,
        &elsewhere,
        "start              => job a, timer t 3600s
         stay =             => \"t\" does not belong to \"a\"
         migrate = t>       => job a
         complete a         => job b, timer t 7200s",
    );
}

#[test]
fn two_events_do_not_become_one() {
    let both = timed(&(timer("t", "a", "PT1H", true) + &timer("t2", "a", "PT2H", true)))
        .replace("t -> late", "t2 -> end2, t -> late");
    check_migration(
        &both,
        &both,
        "start                  => job a, timer t 3600s, timer t2 7200s
         stay a>a t>t t2>t      => \"t\" and \"t2\" would both be \"t\"
         migrate a>a t>t2       => job a, timer t 3600s, timer t2 3600s",
    );
}

#[test]
fn what_has_fired_already_is_not_waited_for_again() {
    let body = timed(&timer("t", "a", "PT1H", false));
    check(
        &body,
        "start              => job a, timer t 3600s
         advance PT1H       => job a, job late
         migrate =          => job a, job late
         migrate = t>       => job a, job late, timer t 3600s",
    );
}

#[test]
fn a_message_is_waited_for_once_or_again_and_again_as_the_other_definition_says() {
    let with = |interrupting: bool| {
        timed(&format!(
            r#"<boundaryEvent id="t" attachedToRef="a" cancelActivity="{interrupting}"><messageEventDefinition messageRef="m"/></boundaryEvent>"#
        ))
    };
    check_migration(
        &with(true),
        &with(false),
        "start {\"id\": \"1\"}  => job a, message paid at t
         migrate =              => job a, message paid at t
         message paid           => job a, job late, message paid at t
         message paid           => job a, job late x2, message paid at t",
    );
    check_migration(
        &with(false),
        &with(true),
        "start {\"id\": \"1\"}  => job a, message paid at t
         migrate =              => job a, message paid at t
         message paid           => job late",
    );
}

const SCOPES: &str = r#"<startEvent id="s"/> <endEvent id="end"/> <<after>>
<subProcess id="sub"><startEvent id="is"/> <<a>> <endEvent id="ie"/> [[is -> a -> ie]]
  <subProcess id="es" triggeredByEvent="true"><startEvent id="ess" isInterrupting="false"><messageEventDefinition messageRef="m"/></startEvent>
  <<e>> <endEvent id="ee"/> [[ess -> e -> ee]]</subProcess>
</subProcess>
[[s -> sub -> after -> end]]"#;

#[test]
fn sub_processes_and_event_sub_processes_stay_in_their_scopes() {
    let renamed = SCOPES
        .replace("\"sub\"", "\"whole\"")
        .replace("-> sub ->", "-> whole ->")
        .replace("<<a>>", "<<z>>")
        .replace("is -> a -> ie", "is -> z -> ie");
    check_migration(
        SCOPES,
        &renamed,
        "start {\"id\": \"1\"}           => job a, message paid at ess
         message paid                    => job a, job e, message paid at ess
         stay a>z e>e es>es ess>ess      => expected a mapping for \"sub\"
         migrate sub>whole a>z e>e es>es ess>ess  => job e, job z, message paid at ess
         message paid                    => job e x2, job z, message paid at ess
         complete z                      => job e x2, message paid at ess
         complete e                      => job e, message paid at ess
         complete e                      => job after",
    );
    let flat =
        r#"<startEvent id="s"/> <<a after>> <endEvent id="end"/> [[s -> a -> after -> end]]"#;
    check_migration(
        SCOPES,
        flat,
        "start {\"id\": \"1\"}           => job a, message paid at ess
         stay a>a                        => expected a mapping for \"sub\"",
    );
}

#[test]
fn an_interrupted_scope_does_not_listen_again() {
    let body = SCOPES.replace("isInterrupting=\"false\"", "isInterrupting=\"true\"");
    check(
        &body,
        "start {\"id\": \"1\"}           => job a, message paid at ess
         message paid                    => job e
         migrate = ess>                  => job e
         complete e                      => job after",
    );
}

#[test]
fn tokens_before_a_join_wait_before_the_join_of_the_other_definition() {
    let body = r#"<startEvent id="s"/><endEvent id="end"/><parallelGateway id="split"/><parallelGateway id="join"/>
        <<a b>> [[s -> split -> a -> join -> end, split -> b -> join]]"#;
    let other = r#"<startEvent id="s"/><endEvent id="end"/><parallelGateway id="split"/><parallelGateway id="meet"/>
        <<a b c>> [[s -> split -> a -> meet -> end, split -> b -> c -> meet]]"#;
    check_migration(
        body,
        other,
        "start                                => job a, job b
         complete a                           => job b, token a-join
         stay b>b                             => expected a mapping for the gateway \"join\"
         stay b>b join>meet                   => expected a mapping for the flow \"a-join\"
         stay b>b join>meet a-join>s-split    => expected a mapping for the flow \"a-join\"
         stay b>b join>split a-join>s-split   => to have at least the 2 incoming flows
         migrate b>b join>meet a-join>a-meet  => job b, token a-meet
         complete b                           => job c, token a-meet
         complete c                           => completed",
    );
}

#[test]
fn an_incident_is_mended_by_a_corrected_definition() {
    let body = r#"<startEvent id="s"/><endEvent id="end"/><exclusiveGateway id="g" default="g-b"/> <<a b>>
        [[s -> g -(ok)-> a -> end, g -> b -> end]]"#;
    let mended = body.replace("-(ok)->", "-(really)->");
    check_migration(
        body,
        &mended,
        "start {\"ok\": \"yes\", \"really\": true}  => incident CONDITION_ERROR at g
         resolve g                                  => incident CONDITION_ERROR at g
         migrate =                                  => incident CONDITION_ERROR at g
         resolve g                                  => job a",
    );
}

#[test]
fn loops_keep_their_turns_and_their_kind() {
    let many = |sequential: bool, rest: &str| {
        format!(
            r#"<startEvent id="s"/><endEvent id="end"/> <<after>>
            <serviceTask id="many"><extensionElements><zeebe:taskDefinition type="m"/></extensionElements>
            <multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements><zeebe:loopCharacteristics inputCollection="= [1, 2, 3]"/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>
            {rest}"#
        )
    };
    let present = many(true, "[[s -> many -> end]]");
    let other = many(true, "[[s -> after -> many -> end]]");
    check_migration(
        &present,
        &other,
        "start              => job many
         complete many      => job many
         migrate many>many  => job many
         complete many      => job many
         complete many      => completed",
    );
    let parallel = many(false, "[[s -> many -> end]]");
    check_migration(
        &present,
        &parallel,
        "start              => job many
         stay many>many     => to become a sequential multi-instance, but \"many\" is a parallel",
    );
}

#[test]
fn what_completed_stays_compensable_where_it_is_mapped() {
    let body = |undo: &str, more: &str| {
        format!(
            r#"<startEvent id="s"/> <<a b after>> <endEvent id="end"/>
<intermediateThrowEvent id="back"><compensateEventDefinition/></intermediateThrowEvent>
<boundaryEvent id="a1" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
<serviceTask id="{undo}" isForCompensation="true"><extensionElements><zeebe:taskDefinition type="u"/></extensionElements></serviceTask>
<association associationDirection="One" sourceRef="a1" targetRef="{undo}"/>
{more} [[s -> a -> b -> back -> after -> end]]"#
        )
    };
    let (present, other) = (body("undo", ""), body("repair", "<<unused>>"));
    check_migration(
        &present,
        &other,
        "start              => job a
         complete a         => job b
         migrate =          => job b
         complete b         => job repair
         complete repair    => job after",
    );
    check_migration(
        &present,
        &other,
        "start              => job a
         complete a         => job b
         stay b>b           => expected a mapping for \"a\", which has completed and can be compensated",
    );
}

#[test]
fn an_event_based_gateway_keeps_what_is_mapped() {
    let gateway = |time: &str| {
        format!(
            r#"<startEvent id="s"/><endEvent id="end"/><eventBasedGateway id="g"/> <<a b>>
<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>{time}</timeDuration></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="m"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
[[s -> g -> c -> a -> end, g -> m -> b -> end]]"#
        )
    };
    check_migration(
        &gateway("PT1H"),
        &gateway("PT2H"),
        "start {\"id\": \"1\"}  => message paid at m, timer c 3600s
         migrate g>g m>m        => message paid at m, timer c 7200s
         message paid           => job b",
    );
}

#[test]
fn listening_that_failed_is_tried_by_the_other_definition() {
    let with = |key: &str| {
        format!(
            r#"<startEvent id="s"/> <endEvent id="end"/>
<subProcess id="sub"><startEvent id="is"/> <<a>> <endEvent id="ie"/> [[is -> a -> ie]]</subProcess>
<boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition><timeDuration>= {key}</timeDuration></timerEventDefinition></boundaryEvent>
<endEvent id="end2"/> [[s -> sub -> end, t -> end2]]"#
        )
    };
    check_migration(
        &with("missing"),
        &with("\"PT1M\""),
        "start at a         => incident EXTRACT_VALUE_ERROR at sub, job a
         migrate =          => job a, timer t 60s",
    );
}

#[test]
fn conditions_are_asked_as_the_other_definition_says() {
    let with = |condition: &str, id: &str| {
        timed(&format!(
            r#"<boundaryEvent id="{id}" attachedToRef="a"><conditionalEventDefinition><condition>= {condition}</condition></conditionalEventDefinition></boundaryEvent>"#
        ))
        .replace("t -> late", &format!("{id} -> late"))
    };
    // The one that is mapped stays, and the next change is judged by the other condition.
    check_migration(
        &with("x", "t"),
        &with("y", "t"),
        r#"start            => condition t, job a
           migrate =        => condition t, job a
           set {"x": true}  => condition t, job a
           set {"y": true}  => job late"#,
    );
    // The one that is not mapped is waited for from now on, and asked at once.
    check_migration(
        &with("x", "t"),
        &with("y", "u"),
        r#"start {"y": true}  => condition t, job a
           migrate a>a        => job late"#,
    );
    check_migration(
        &with("x", "t"),
        LINE,
        r#"start            => condition t, job a
           migrate =        => job a
           set {"x": true}  => job a"#,
    );
    // What it waits for changes its kind: it is another event.
    check_migration(
        &with("x", "t"),
        &timed(&timer("t", "a", "PT1H", true)),
        "start      => condition t, job a
         migrate =  => job a, timer t 3600s",
    );
}

//! Instances that are ended when a certain element has ended.

use super::loops::{EACH, multi, task};
use super::transcript::{check, check_migration, xml};

const LINE: &str = r#"<startEvent id="s"/> <<a b>> <endEvent id="end"/> [[s -> a -> b -> end]]"#;

#[test]
fn it_ends_when_the_first_of_its_elements_has_completed() {
    check(LINE, "start until a => job a\n complete a => terminated");
    check(
        LINE,
        "start until b end {\"n\": 1} => job a
         complete a {\"n\": 2}   => job b
         fail b 1 no           => job b (1 left, in 0 ms)
         complete b {\"n\": 3}   => terminated
         variables             => n: 3",
    );
    // Also at the last element, at one that is passed, and at one that is reached at once.
    check(LINE, "start until end => job a\n complete a => job b\n complete b => terminated");
    check(LINE, "start until s => terminated");
    // One that is never reached changes nothing.
    let aside = r#"<startEvent id="s"/><exclusiveGateway id="x" default="x-a"/> <<a b>> <endEvent id="e"/>
        [[s -> x -> a -> e, x -(false)-> b -> e]]"#;
    check(aside, "start until b => job a\n complete a => completed");
}

#[test]
fn what_else_lives_ends_with_it() {
    let body = r#"<startEvent id="s"/><parallelGateway id="f"/><<a b c>><userTask id="u"/><endEvent id="e"/>
        <subProcess id="sub"><startEvent id="is"/><<i j>><endEvent id="ie"/>[[is -> i -> j -> ie]]</subProcess>
        <boundaryEvent id="t" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1M</timeDuration>
        </timerEventDefinition></boundaryEvent>
        [[s -> f -> a -> e, f -> u -> e, f -> sub -> b -> e, t -> c -> e]]"#;
    let start = "job a, job i, task u, timer t 60s";
    check(body, &format!("start until i => {start}\n complete i => terminated"));
    // A sub-process that is interrupted was terminated.
    check(body, &format!("start until sub => {start}\n advance PT1M => terminated"));
    check(body, &format!("start until i => {start}\n advance PT1M => terminated"));
    check(body, &format!("start until j => {start}\n advance PT1M => job a, job c, task u"));
    check(body, &format!("start until t => {start}\n advance PT1M => terminated"));
    // So was what an operator ends.
    check(body, &format!("start until u => {start}\n modify -u => terminated"));
    check(
        body,
        "start until u   => job a, job i, task u, timer t 60s
         suspend         => job a, job i, suspended, task u, timer t 60s
         task u          => held, job a, job i, suspended, task u, timer t 60s
         resume          => terminated",
    );
}

#[test]
fn a_loop_and_an_ad_hoc_sub_process_end_as_a_whole() {
    let each = task("a", &multi(false, EACH, ""), "");
    let body = format!(r#"<startEvent id="s"/>{each}<<b>><endEvent id="e"/>[[s -> a -> b -> e]]"#);
    check(
        &body,
        "start until a {\"items\": [1, 2]}  => job a x2
         complete a   => job a
         complete a   => terminated",
    );
    let ad_hoc = r#"<startEvent id="s"/><adHocSubProcess id="sub"><extensionElements>
        <zeebe:adHoc activeElementsCollection='= ["x", "y"]'/></extensionElements><<x y>></adHocSubProcess>
        <<b>><endEvent id="e"/>[[s -> sub -> b -> e]]"#;
    check(
        ad_hoc,
        "start until sub => job x, job y, open sub
         complete x   => job y, open sub
         complete y   => terminated",
    );
    check(ad_hoc, "start until x => job x, job y, open sub\n complete x => terminated");
}

#[test]
fn who_listens_to_the_cancellation_of_a_task_is_asked() {
    let body = r#"<startEvent id="s"/><parallelGateway id="f"/><<a b>><endEvent id="e"/>
        <userTask id="u"><extensionElements><zeebe:userTask/><zeebe:taskListeners>
        <zeebe:taskListener eventType="canceling" type="bye"/></zeebe:taskListeners></extensionElements></userTask>
        [[s -> f -> a -> b -> e, f -> u -> e]]"#;
    check(
        body,
        "start until a => job a, task u
         complete a   => canceling listener bye at u
         complete u   => terminated",
    );
    // A task that is cancelled has ended when they are done.
    check(
        body,
        "start until u => job a, task u
         cancel       => canceling listener bye at u
         complete u   => terminated",
    );
}

#[test]
fn a_migration_says_after_which_element_it_ends_there() {
    let other =
        r#"<startEvent id="s"/> <<x a c>> <endEvent id="end"/> [[s -> x -> a -> c -> end]]"#;
    check_migration(
        LINE,
        other,
        "start until b  => job a
         stay a>a       => expected a mapping for \"b\", after which the instance is to be terminated
         migrate a>a b>c => job a
         complete a     => job c
         complete c     => terminated",
    );
    check_migration(
        LINE,
        other,
        "start until a  => job a
         migrate =      => job a
         complete a     => terminated",
    );
}

#[test]
fn an_instance_ends_after_elements_only() {
    let process = fermata_bpmn::read(&xml(LINE)).unwrap().processes.remove(0);
    for (id, part) in [("q", "the id `q`"), ("s-a", "a sequence flow"), ("p", "the process itself")]
    {
        let why = process.endable(id).expect_err(id).message;
        assert!(why.contains(part), "{why}");
    }
}

//! Activities that repeat: for each item of a list, a number of times, or while a condition holds.

use super::transcript::check;

/// A service task with this marker and, among its extensions, this.
pub fn task(id: &str, marker: &str, extensions: &str) -> String {
    format!(
        r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="{id}"/>{extensions}
           </extensionElements>{marker}</serviceTask>"#
    )
}

/// A multi-instance marker: the attributes of `zeebe:loopCharacteristics`, then its own children.
pub fn multi(sequential: bool, attributes: &str, children: &str) -> String {
    format!(
        r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements>
           <zeebe:loopCharacteristics {attributes}/></extensionElements>{children}
           </multiInstanceLoopCharacteristics>"#
    )
}

pub const EACH: &str = r#"inputCollection="= items" inputElement="item""#;
pub const RESULTS: &str = r#"inputCollection="= items" inputElement="item" outputCollection="results" outputElement="= result""#;
pub const ENDS: &str = r#"<startEvent id="s"/><endEvent id="end"/>"#;

fn condition(text: &str) -> String {
    format!("<completionCondition>{text}</completionCondition>")
}

pub fn standard(attributes: &str, condition: &str) -> String {
    format!("<standardLoopCharacteristics {attributes}>{condition}</standardLoopCharacteristics>")
}

/// One activity between a start and an end.
pub fn alone(activity: &str) -> String {
    format!("{ENDS}{activity}[[s -> a -> end]]")
}

#[test]
fn a_parallel_multi_instance_works_on_all_items_and_keeps_their_order() {
    check(
        &alone(&task("a", &multi(false, RESULTS, ""), "")),
        r#"start {"items": [1, 2, 3]}        => job a x3
           complete a 3 {"result": "third"}  => job a x2
           complete a 1 {"result": "first"}  => job a
           variables                         => items: [1, 2, 3]
           complete a {}                     => completed
           variables                         => items: [1, 2, 3], results: ["first",null,"third"]"#,
    );
}

#[test]
fn a_sequential_multi_instance_begins_a_turn_when_the_one_before_ends() {
    check(
        &alone(&task("a", &multi(true, RESULTS, ""), "")),
        r#"start {"items": ["x", "y"]}  => job a
           complete a {"result": 1}     => job a
           complete a {"result": 2}     => completed
           variables                    => items: ["x", "y"], results: [1,2]"#,
    );
}

#[test]
fn an_empty_collection_completes_at_once_with_an_empty_output() {
    for sequential in [false, true] {
        check(
            &alone(&task("a", &multi(sequential, RESULTS, ""), "")),
            r#"start {"items": []}  => completed
               variables            => items: [], results: []"#,
        );
    }
}

#[test]
fn what_is_no_list_is_an_incident_and_a_retry_evaluates_it_again() {
    for items in ["null", "7", r#"{"a": 1}"#] {
        check(
            &alone(&task("a", &multi(false, RESULTS, ""), "")),
            &format!(
                r#"start {{"items": {items}}}  => incident EXTRACT_VALUE_ERROR at a
                   resolve a                   => incident EXTRACT_VALUE_ERROR at a
                   set {{"items": [1, 2]}}     => incident EXTRACT_VALUE_ERROR at a
                   resolve a                   => job a x2"#
            ),
        );
    }
    check(
        &alone(&task("a", &multi(false, RESULTS, ""), "")),
        "start {}  => incident EXTRACT_VALUE_ERROR at a
         cancel    => terminated",
    );
}

#[test]
fn a_cardinality_is_a_number_of_turns() {
    let marker = |text: &str| {
        let cardinality = format!("<loopCardinality>{text}</loopCardinality>");
        multi(
            false,
            r#"outputCollection="squares" outputElement="= loopCounter * loopCounter""#,
            &cardinality,
        )
    };
    let script = task("a", "", "")
        .replace("serviceTask", "task")
        .replace(r#"<zeebe:taskDefinition type="a"/>"#, "");
    let squares = |text: &str| {
        script.replace("</extensionElements>", &format!("</extensionElements>{}", marker(text)))
    };
    check(
        &alone(&squares("= n")),
        r#"start {"n": 4}  => completed
           variables       => n: 4, squares: [1,4,9,16]"#,
    );
    check(
        &alone(&squares("= n")),
        r#"start {"n": -1}    => incident EXTRACT_VALUE_ERROR at a
           set {"n": 1.5}     => incident EXTRACT_VALUE_ERROR at a
           resolve a          => incident EXTRACT_VALUE_ERROR at a
           set {"n": 1000001} => incident EXTRACT_VALUE_ERROR at a
           resolve a          => incident EXTRACT_VALUE_ERROR at a
           set {"n": 0}       => incident EXTRACT_VALUE_ERROR at a
           resolve a          => completed
           variables          => n: 0, squares: []"#,
    );
}

#[test]
fn a_completion_condition_ends_the_turns_that_live() {
    check(
        &alone(&task(
            "a",
            &multi(false, RESULTS, &condition("= numberOfCompletedInstances = 2")),
            "",
        )),
        r#"start {"items": [1, 2, 3, 4]}  => job a x4
           complete a 2 {"result": "b"}   => job a x3
           complete a 3 {"result": "d"}   => completed
           variables                      => items: [1, 2, 3, 4], results: [null,"b",null,"d"]"#,
    );
    check(
        &alone(&task("a", &multi(true, RESULTS, &condition("= result = \"enough\"")), "")),
        r#"start {"items": [1, 2, 3]}        => job a
           complete a {"result": "more"}     => job a
           complete a {"result": "enough"}   => completed
           variables                         => items: [1, 2, 3], results: ["more","enough",null]"#,
    );
}

#[test]
fn a_completion_condition_sees_what_camunda_shows_it() {
    let counts = condition(
        "= [numberOfInstances, numberOfActiveInstances, numberOfCompletedInstances, \
         numberOfTerminatedInstances, loopCounter] = expected",
    );
    // The turn that completes counts as completed.
    check(
        &alone(&task("a", &multi(false, EACH, &counts), "")),
        r#"start {"items": [1, 2, 3], "expected": [3, 1, 2, 0, 3]}  => job a x3
           complete a 1                                             => job a x2
           complete a 2                                             => completed"#,
    );
    check(
        &alone(&task("a", &multi(true, EACH, &counts), "")),
        r#"start {"items": [1, 2, 3], "expected": [2, 0, 2, 0, 2]}  => job a
           complete a                                               => job a
           complete a                                               => completed"#,
    );
}

#[test]
fn a_condition_or_output_that_fails_is_an_incident_of_the_turn() {
    check(
        &alone(&task("a", &multi(false, EACH, &condition("= enough")), "")),
        r#"start {"items": [1, 2]}  => job a x2
           complete a 2             => incident EXTRACT_VALUE_ERROR at a, job a
           complete a               => incident EXTRACT_VALUE_ERROR at a x2
           set {"enough": false}    => incident EXTRACT_VALUE_ERROR at a x2
           resolve a                => incident EXTRACT_VALUE_ERROR at a
           resolve a                => completed"#,
    );
    let failing = RESULTS.replace("= result", "= 1 + result");
    check(
        &alone(&task("a", &multi(true, &failing, ""), "")),
        r#"start {"items": [1], "result": "x"}  => job a
           complete a                           => incident EXTRACT_VALUE_ERROR at a
           set {"result": 2}                    => incident EXTRACT_VALUE_ERROR at a
           resolve a                            => completed
           variables                            => items: [1], result: 2, results: [3]"#,
    );
}

#[test]
fn a_job_without_attempts_stops_its_turn_alone() {
    check(
        &alone(&task("a", &multi(false, RESULTS, ""), "")),
        r#"start {"items": [1, 2]}   => job a x2
           exhaust a 1               => incident JOB_NO_RETRIES at a, job a x2
           complete a 2 {"result":2} => incident JOB_NO_RETRIES at a, job a
           resolve a                 => job a
           complete a {"result":1}   => completed
           variables                 => items: [1, 2], results: [1,2]"#,
    );
}

#[test]
fn mappings_belong_to_each_turn() {
    let mappings = r#"<zeebe:ioMapping><zeebe:input source="= item * factor + loopCounter" target="x"/>
        <zeebe:output source="= x + y" target="result"/></zeebe:ioMapping>"#;
    check(
        &alone(&task("a", &multi(false, RESULTS, ""), mappings)),
        r#"start {"items": [1, 2], "factor": 10}  => job a x2
           complete a 2 {"y": 100}                => job a
           complete a {"y": 200}                  => completed
           variables                              => factor: 10, items: [1, 2], results: [211,122]"#,
    );
    // The collection is evaluated outside of them.
    let mapped =
        r#"<zeebe:ioMapping><zeebe:input source="= [1, 2, 3]" target="items"/></zeebe:ioMapping>"#;
    check(
        &alone(&task("a", &multi(false, EACH, ""), mapped)),
        r#"start {"items": [1]}  => job a
           complete a            => completed"#,
    );
}

#[test]
fn the_collection_is_evaluated_once() {
    check(
        &alone(&task("a", &multi(true, RESULTS.replace("= result", "= item").as_str(), ""), "")),
        r#"start {"items": [1, 2]}  => job a
           set {"items": []}        => job a
           complete a               => job a
           complete a               => completed
           variables                => items: [], results: [1,2]"#,
    );
}

/// A sub-process with this inside, repeated.
fn sub(marker: &str, inside: &str) -> String {
    format!(
        r#"<subProcess id="a">{marker}<startEvent id="s2"/><endEvent id="end2"/>{inside}</subProcess>"#
    )
}

#[test]
fn a_sub_process_repeats_with_all_that_is_in_it() {
    check(
        &alone(&sub(&multi(false, RESULTS, ""), "<<b c>> [[s2 -> b -> c -> end2]]")),
        r#"start {"items": [1, 2]}    => job b x2
           complete b 2 {"result": 8} => job b, job c
           complete c                 => job b
           complete b {"result": 9}   => job c
           complete c                 => completed
           variables                  => items: [1, 2], results: [9,8]"#,
    );
}

#[test]
fn a_terminate_end_event_ends_its_turn_and_no_other() {
    let inside = r#"<parallelGateway id="g"/><endEvent id="stop"><terminateEventDefinition/></endEvent>
        <<b c>> [[s2 -> g -> b -> stop, g -> c -> end2]]"#;
    check(
        &alone(&sub(&multi(false, EACH, ""), inside)),
        r#"start {"items": [1, 2]}  => job b x2, job c x2
           complete b 1             => job b, job c
           complete c               => job b
           complete b               => completed"#,
    );
}

#[test]
fn loops_in_loops_give_lists_of_lists() {
    let rows = r#"inputCollection="= rows" inputElement="row" outputCollection="table" outputElement="= line""#;
    let cells = r#"inputCollection="= row" inputElement="cell" outputCollection="line" outputElement="= result""#;
    for (outer, inner) in [(false, false), (true, false), (false, true), (true, true)] {
        let task = task("b", &multi(inner, cells, ""), "");
        let inside = format!("{task}[[s2 -> b -> end2]]");
        let jobs = match (outer, inner) {
            (false, false) => ["job b x3", "job b x2", "job b"],
            (true, false) => ["job b x2", "job b", "job b"],
            (false, true) => ["job b x2", "job b x2", "job b"],
            (true, true) => ["job b"; 3],
        };
        check(
            &alone(&sub(&multi(outer, rows, ""), &inside)),
            &format!(
                r#"start {{"rows": [[1, 2], [3], []]}}  => {}
                   complete b {{"result": 1}}           => {}
                   complete b {{"result": 2}}           => {}
                   complete b {{"result": 3}}           => completed"#,
                jobs[0], jobs[1], jobs[2]
            ),
        );
    }
    let inside = format!("{}[[s2 -> b -> end2]]", task("b", &multi(true, cells, ""), ""));
    check(
        &alone(&sub(&multi(true, rows, ""), &inside)),
        r#"start {"rows": [[1, 2], []]}  => job b
           complete b {"result": 1}      => job b
           complete b {"result": 2}      => completed
           variables                     => rows: [[1, 2], []], table: [[1,2],[]]"#,
    );
}

/// An activity with a boundary event that leads to the job `late`.
fn guarded(activity: &str, interrupting: bool, definition: &str) -> String {
    format!(
        r#"{ENDS}{activity}<boundaryEvent id="b" attachedToRef="a" cancelActivity="{interrupting}">
           {definition}</boundaryEvent><<late>><endEvent id="end3"/>
           [[s -> a -> end, b -> late -> end3]]"#
    )
}

const HOUR: &str = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
const PAID: &str = r#"<messageEventDefinition messageRef="m"/>"#;

#[test]
fn an_interrupting_boundary_event_ends_all_turns() {
    let body = guarded(&task("a", &multi(false, RESULTS, ""), ""), true, HOUR);
    check(
        &body,
        r#"start {"items": [1, 2, 3]}  => job a x3, timer b 3600s
           complete a 2 {"result": 1}  => job a x2, timer b 3600s
           advance PT1H                => job late
           variables                   => items: [1, 2, 3]
           complete late               => completed"#,
    );
    check(
        &body,
        r#"start {"items": [1, 2]}  => job a x2, timer b 3600s
           complete a               => job a, timer b 3600s
           complete a               => completed"#,
    );
}

#[test]
fn a_boundary_event_that_does_not_interrupt_happens_once_for_all_turns() {
    let body = guarded(&task("a", &multi(true, EACH, ""), ""), false, PAID);
    check(
        &body,
        r#"start {"items": [1, 2], "id": 7}  => job a, message paid at b
           message paid                      => job a, job late, message paid at b
           complete a                        => job a, job late, message paid at b
           complete late                     => job a, message paid at b
           complete a                        => completed"#,
    );
    check(
        &body,
        r#"start {"items": [1], "id": 7}  => job a, message paid at b
           message paid                   => job a, job late, message paid at b
           complete a                     => job late
           complete late                  => completed"#,
    );
}

#[test]
fn an_error_of_one_turn_is_caught_at_the_loop_and_ends_all() {
    let caught = r#"<errorEventDefinition errorRef="e"/>"#;
    check(
        &guarded(&task("a", &multi(false, RESULTS, ""), ""), true, caught),
        r#"start {"items": [1, 2, 3]}  => job a x3
           throw a NO 2 {"why": "x"}   => job late
           variables                   => items: [1, 2, 3], why: "x"
           complete late               => completed"#,
    );
    check(
        &guarded(&task("a", &multi(false, RESULTS, ""), ""), true, caught),
        r#"start {"items": [1, 2]}  => job a x2
           throw a OTHER 2          => incident UNHANDLED_ERROR_EVENT at a, job a x2
           resolve a                => job a x2
           complete a 2             => job a
           complete a               => completed"#,
    );
    let inside = r#"<endEvent id="no"><errorEventDefinition errorRef="e"/></endEvent><<c>>[[s2 -> c -> no]]"#;
    check(
        &guarded(&sub(&multi(false, EACH, ""), inside), true, caught),
        r#"start {"items": [1, 2]}  => job c x2
           complete c 2             => job late"#,
    );
}

#[test]
fn cancelling_ends_every_turn() {
    let inside = format!("{}[[s2 -> c -> end2]]", task("c", &multi(false, EACH, ""), ""));
    check(
        &guarded(&sub(&multi(false, EACH, ""), &inside), true, HOUR),
        r#"start {"items": [1, 2]}  => job c x4, timer b 3600s
           cancel                   => terminated"#,
    );
}

#[test]
fn every_kind_of_task_repeats() {
    let marker = multi(false, EACH, "");
    let rest = "</extensionElements>";
    let of = |name: &str, extensions: &str, attributes: &str| {
        format!(
            r#"<{name} id="a" {attributes}><extensionElements>{extensions}{rest}{marker}</{name}>"#
        )
    };
    check(
        &alone(&of("userTask", "<zeebe:userTask/>", "")),
        r#"start {"items": [1, 2]}  => task a x2
           task a 2                 => task a
           task a                   => completed"#,
    );
    check(
        &alone(&of("receiveTask", "", r#"messageRef="m""#)),
        r#"start {"items": [1, 2], "id": 7}  => message paid at a x2
           message paid                      => message paid at a
           message paid                      => completed"#,
    );
    let script = r#"<zeebe:script expression="= item + 1" resultVariable="sum"/>"#;
    check(
        &alone(&of("scriptTask", script, "").replace(EACH, &RESULTS.replace("= result", "= sum"))),
        r#"start {"items": [1, 2]}  => completed
           variables                => items: [1, 2], results: [2,3]"#,
    );
    for name in ["task", "manualTask"] {
        check(&alone(&of(name, "", "")), r#"start {"items": [1, 2]}  => completed"#);
    }
}

#[test]
fn a_loop_takes_a_part_of_an_input_and_goes_on_with_a_timer_that_is_due() {
    let inside = "<<c>>[[s2 -> c -> end2]]";
    check(
        &alone(
            &sub(&multi(false, r#"inputCollection="= 1..1200""#, ""), inside)
                .replace("1..1200", "for i in 1..1200 return i"),
        ),
        "start         => job c x333, timer a 0s
         complete c    => job c x332, timer a 0s
         advance PT0S  => job c x1199
         cancel        => terminated",
    );
    let marker = standard("", "<loopCondition>= loopCounter &lt; 2500</loopCondition>");
    check(
        &alone(&format!(r#"<task id="a">{marker}</task>"#)),
        "start         => timer a 0s
         advance PT0S  => completed",
    );
}

#[test]
fn a_boundary_event_may_come_while_turns_are_still_begun() {
    let marker = multi(false, r#"inputCollection="= for i in 1..3000 return i""#, "");
    check(
        &guarded(&task("a", &marker, ""), true, PAID),
        r#"start {"id": 1}  => job a x998, message paid at b, timer a 0s
           message paid     => job late"#,
    );
}

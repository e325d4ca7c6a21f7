//! Compensation: what is undone, in which order, with which variables; races in both orders.

use super::harness::job;
use super::transcript::check;

/// A compensation boundary event on `of`, and the job `undo-of` that is its handler.
pub fn undo(of: &str) -> String {
    let handler = job(&format!("undo-{of}"));
    let handler = handler.replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    on_handler(of, &handler)
}

pub fn on_handler(of: &str, handler: &str) -> String {
    format!(
        r#"<boundaryEvent id="c-{of}" attachedToRef="{of}"><compensateEventDefinition/></boundaryEvent>
           <association id="as-{of}" sourceRef="c-{of}" targetRef="undo-{of}"/>{handler}"#
    )
}

pub fn undos(of: &[&str]) -> String {
    of.iter().map(|of| undo(of)).collect()
}

/// An intermediate event `t` that compensates.
pub fn throw(attributes: &str) -> String {
    format!(
        r#"<intermediateThrowEvent id="t"><compensateEventDefinition {attributes}/></intermediateThrowEvent>"#
    )
}

pub fn end(id: &str, definition: &str) -> String {
    format!(r#"<endEvent id="{id}"><{definition}EventDefinition/></endEvent>"#)
}

/// Jobs `a` and `b` with handlers, then a compensation, then the job `z`.
fn saga(attributes: &str) -> String {
    format!(
        r#"<startEvent id="s"/><<a b z>>{}{}<endEvent id="e"/>[[s -> a -> b -> t -> z -> e]]"#,
        undos(&["a", "b"]),
        throw(attributes)
    )
}

/// A sub-process `sub` around these jobs in a row, each with its handler, and `more`.
pub fn sub(jobs: &[&str], more: &str) -> String {
    let path: Vec<&str> = ["is"].iter().chain(jobs).chain(&["ie"]).copied().collect();
    let names = jobs.join(" ");
    format!(
        r#"<subProcess id="sub"><startEvent id="is"/><<{names}>>{}<endEvent id="ie"/>
           [[{}]]{more}</subProcess>"#,
        undos(jobs),
        path.join(" -> ")
    )
}

fn io(id: &str, inputs: &str) -> String {
    job(id).replace(
        "</extensionElements>",
        &format!("<zeebe:ioMapping>{inputs}</zeebe:ioMapping></extensionElements>"),
    )
}

const OUT: &str = r#"<zeebe:output source="= seen" target="seen"/>"#;

pub fn timer(id: &str, on: &str) -> String {
    format!(
        r#"<boundaryEvent id="{id}" attachedToRef="{on}"><timerEventDefinition><timeDuration>PT1M</timeDuration>
           </timerEventDefinition></boundaryEvent>"#
    )
}

#[test]
fn handlers_run_one_after_the_other_the_last_completed_first_then_the_event_goes_on() {
    check(
        &saga(""),
        "start            => job a
         complete a       => job b
         complete b       => job undo-b
         complete undo-b  => job undo-a
         complete undo-a  => job z
         complete z       => completed",
    );
}

#[test]
fn an_event_that_does_not_wait_goes_on_at_once() {
    let model = saga("waitForCompletion=\"false\"");
    check(
        &model,
        "start            => job a
         complete a       => job b
         complete b       => job undo-b, job z
         complete z       => job undo-b
         complete undo-b  => job undo-a
         complete undo-a  => completed",
    );
    check(
        &model,
        "start            => job a
         complete a       => job b
         complete b       => job undo-b, job z
         complete undo-b  => job undo-a, job z
         complete undo-a  => job z
         complete z       => completed",
    );
}

#[test]
fn one_activity_is_compensated_by_its_name_as_often_as_it_completed_and_never_twice() {
    let model = format!(
        r#"<startEvent id="s"/><exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-b"/>
           <<a b z>>{}{}<exclusiveGateway id="y" default="y-e"/><endEvent id="e"/>
           [[s -> m -> a -> x -(again)-> m, x -> b -> t -> z -> y -(redo)-> b, y -> e]]"#,
        undos(&["a", "b"]),
        throw("activityRef=\"a\"")
    );
    check(
        &model,
        "start {\"again\": true, \"redo\": true} => job a
         complete a                        => job a
         complete a {\"again\": false}       => job b
         complete b                        => job undo-a
         complete undo-a                   => job undo-a
         complete undo-a                   => job z
         complete z                        => job b
         complete b                        => job z
         complete z {\"redo\": false}        => completed",
    );
}

#[test]
fn nothing_to_compensate_is_nothing() {
    let model = format!(
        r#"<startEvent id="s"/><<a>>{}{}<endEvent id="e"/>[[s -> t -> a -> e]]"#,
        undo("a"),
        throw("")
    );
    check(&model, "start => job a\n complete a => completed");
    // What is active, or was terminated, did not complete.
    let model = format!(
        r#"<startEvent id="s"/><parallelGateway id="g"/><<a late>>{}{}{}<endEvent id="e"/>
           [[s -> g -> a -> e, l -> late -> t -> e]]"#,
        undo("a"),
        timer("l", "a"),
        throw("")
    );
    check(
        &model,
        "start => job a, timer l 60s\n advance PT1M => job late\n complete late => completed",
    );
}

#[test]
fn a_compensation_end_event_ends_its_path_when_all_is_undone() {
    let model = format!(
        r#"<startEvent id="s"/><<a>>{}{}[[s -> a -> t]]"#,
        undo("a"),
        end("t", "compensate")
    );
    check(&model, "start => job a\n complete a => job undo-a\n complete undo-a => completed");
}

#[test]
fn a_handler_has_the_variables_that_its_activity_had() {
    // `n` is 1 and local when `a` completes; outside it is 7 by then.
    let a = io(
        "a",
        r#"<zeebe:input source="= n" target="own"/><zeebe:output source="= got" target="n"/>"#,
    );
    let handler =
        io("undo-a", &format!(r#"<zeebe:input source="= [own, n, got]" target="seen"/>{OUT}"#))
            .replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    let model = format!(
        r#"<startEvent id="s"/>{a}{}{}<endEvent id="e"/>[[s -> a -> t -> e]]"#,
        on_handler("a", &handler),
        throw("")
    );
    check(
        &model,
        "start {\"n\": 1}              => job a
         complete a {\"got\": 7}       => job undo-a
         complete undo-a             => completed
         variables                   => n: 7, seen: [1,7,7]",
    );
}

#[test]
fn each_activation_is_undone_with_its_own_variables() {
    let a = io(
        "a",
        r#"<zeebe:input source="= n" target="own"/><zeebe:output source="= n + 1" target="n"/>"#,
    );
    let handler = io("undo-a", r#"<zeebe:output source="= append(seen, own)" target="seen"/>"#)
        .replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    let model = format!(
        r#"<startEvent id="s"/><exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-t"/>
           {a}{}{}<endEvent id="e"/>[[s -> m -> a -> x -(n < 3)-> m, x -> t -> e]]"#,
        on_handler("a", &handler),
        throw("")
    );
    check(
        &model,
        "start {\"n\": 1, \"seen\": []}  => job a
         complete a                 => job a
         complete a                 => job undo-a
         complete undo-a            => job undo-a
         complete undo-a            => completed
         variables                  => n: 3, seen: [2,1]",
    );
}

#[test]
fn a_completed_sub_process_is_compensated_by_what_completed_in_it() {
    for attribute in ["", "activityRef=\"sub\""] {
        let model = format!(
            r#"<startEvent id="s"/>{}<<a z>>{}{}{}<endEvent id="e"/>[[s -> sub -> a -> t -> z -> e]]"#,
            sub(&["i", "j"], ""),
            if attribute.is_empty() { undo("a") } else { String::new() },
            timer("late", "sub"),
            throw(attribute)
        ) + "<endEvent id=\"e2\"/>[[late -> e2]]";
        let first = if attribute.is_empty() {
            "complete a => job undo-a\n complete undo-a => job undo-j"
        } else {
            "complete a => job undo-j"
        };
        // Its boundary events do not listen again.
        check(
            &model,
            &format!(
                "start           => job i, timer late 60s
                 complete i      => job j, timer late 60s
                 complete j      => job a
                 {first}
                 complete undo-j => job undo-i
                 complete undo-i => job z
                 complete z      => completed"
            ),
        );
    }
}

#[test]
fn a_handler_in_a_sub_process_sees_the_variables_that_the_sub_process_had() {
    let handler = io("undo-i", &format!(r#"<zeebe:input source="= price" target="seen"/>{OUT}"#))
        .replacen("<serviceTask", "<serviceTask isForCompensation=\"true\"", 1);
    let model = format!(
        r#"<startEvent id="s"/><subProcess id="sub"><extensionElements><zeebe:ioMapping>
           <zeebe:input source="= n * 2" target="price"/><zeebe:output source="= price" target="total"/>
           </zeebe:ioMapping></extensionElements>
           <startEvent id="is"/><<i>>{}<endEvent id="ie"/>[[is -> i -> ie]]</subProcess><<a>>{}
           <endEvent id="e"/>[[s -> sub -> a -> t -> e]]"#,
        on_handler("i", &handler),
        throw("")
    );
    // Its own mappings are not done again: `total` stays.
    check(
        &model,
        "start {\"n\": 2}              => job i
         complete i                  => job a
         complete a {\"total\": 0, \"price\": 9} => job undo-i
         complete undo-i             => completed
         variables                   => n: 2, price: 9, seen: 4, total: 0",
    );
}

#[test]
fn sub_processes_nest() {
    let inner = sub(&["i", "j"], "");
    let model = format!(
        r#"<startEvent id="s"/><subProcess id="outer"><startEvent id="os"/>{inner}<<k>>{}<endEvent id="oe"/>
           [[os -> sub -> k -> oe]]</subProcess>{}<endEvent id="e"/>[[s -> outer -> t -> e]]"#,
        undo("k"),
        throw("")
    );
    check(
        &model,
        "start            => job i
         complete i       => job j
         complete j       => job k
         complete k       => job undo-k
         complete undo-k  => job undo-j
         complete undo-j  => job undo-i
         complete undo-i  => completed",
    );
}

#[test]
fn a_boundary_handler_of_a_sub_process_takes_the_place_of_what_is_in_it() {
    let model = format!(
        r#"<startEvent id="s"/>{}{}{}<endEvent id="e"/>[[s -> sub -> t -> e]]"#,
        sub(&["i"], ""),
        undo("sub"),
        throw("")
    );
    check(&model, "start => job i\n complete i => job undo-sub\n complete undo-sub => completed");
}

/// A compensation event sub-process.
pub fn whole(inner: &str) -> String {
    format!(
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><compensateEventDefinition/></startEvent>
           {inner}</subProcess>"#
    )
}

#[test]
fn a_compensation_event_sub_process_is_what_compensates_its_sub_process() {
    let undoing = whole(r#"<<mend>><endEvent id="he"/>[[hs -> mend -> he]]"#);
    let model = format!(
        r#"<startEvent id="s"/>{}{}<endEvent id="e"/>[[s -> sub -> t -> e]]"#,
        sub(&["i"], &undoing),
        throw("")
    );
    // It never listens: an error passes it by.
    check(&model, "start => job i\n throw i NO => incident UNHANDLED_ERROR_EVENT at i, job i");
    check(&model, "start => job i\n complete i => job mend\n complete mend => completed");
}

#[test]
fn a_compensation_event_sub_process_compensates_what_it_names() {
    for (attribute, script) in [
        ("activityRef=\"i\"", "complete mend => job undo-i\n complete undo-i => completed"),
        (
            "",
            "complete mend => job undo-j\n complete undo-j => job undo-i\n complete undo-i => completed",
        ),
    ] {
        let inner = format!(
            r#"<<mend>><intermediateThrowEvent id="ht"><compensateEventDefinition {attribute}/></intermediateThrowEvent>
               <endEvent id="he"/>[[hs -> mend -> ht -> he]]"#
        );
        let model = format!(
            r#"<startEvent id="s"/>{}{}<endEvent id="e"/>[[s -> sub -> t -> e]]"#,
            sub(&["i", "j"], &whole(&inner)),
            throw("activityRef=\"sub\"")
        );
        check(
            &model,
            &format!("start => job i\n complete i => job j\n complete j => job mend\n {script}"),
        );
    }
}

#[test]
fn an_event_sub_process_compensates_the_scope_that_it_interrupted() {
    let model = format!(
        r#"<startEvent id="s"/><<a b>>{}<endEvent id="done"/>[[s -> a -> b -> done]]
           <subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><errorEventDefinition errorRef="e"/></startEvent>
           {}<endEvent id="he"/>[[hs -> t -> he]]</subProcess>"#,
        undos(&["a", "b"]),
        throw("")
    );
    check(
        &model,
        "start            => job a
         complete a       => job b
         throw b NO       => job undo-a
         complete undo-a  => completed",
    );
}

#[test]
fn what_completed_in_an_event_sub_process_is_compensated_with_its_scope() {
    let beside = format!(
        r#"<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">
           <messageEventDefinition messageRef="m"/></startEvent><<k>>{}<endEvent id="he"/>
           [[hs -> k -> he]]</subProcess>"#,
        undo("k")
    );
    let model = format!(
        r#"<startEvent id="s"/>{}{}<endEvent id="e"/>[[s -> sub -> t -> e]]"#,
        sub(&["i"], &beside),
        throw("")
    );
    check(
        &model,
        "start {\"id\": 1}  => job i, message paid at hs
         message paid      => job i, job k, message paid at hs
         complete k        => job i, message paid at hs
         complete i        => job undo-i
         complete undo-i   => job undo-k
         complete undo-k   => completed",
    );
}

#[test]
fn a_handler_that_fails_is_an_incident_and_goes_on_when_it_is_resolved() {
    check(
        &saga(""),
        "start            => job a
         complete a       => job b
         complete b       => job undo-b
         exhaust undo-b   => incident JOB_NO_RETRIES at undo-b, job undo-b
         resolve undo-b   => job undo-b
         throw undo-b NO  => incident UNHANDLED_ERROR_EVENT at undo-b, job undo-b
         resolve undo-b   => job undo-b
         complete undo-b  => job undo-a
         complete undo-a  => job z",
    );
    let handler = io("undo-a", r#"<zeebe:input source="= 10 / by" target="share"/>"#).replacen(
        "<serviceTask",
        "<serviceTask isForCompensation=\"true\"",
        1,
    );
    let model = format!(
        r#"<startEvent id="s"/><<a>>{}{}<endEvent id="e"/>[[s -> a -> t -> e]]"#,
        on_handler("a", &handler),
        throw("")
    );
    check(
        &model,
        "start            => job a
         complete a       => incident IO_MAPPING_ERROR at undo-a
         set {\"by\": 2}    => incident IO_MAPPING_ERROR at undo-a
         resolve undo-a   => job undo-a
         complete undo-a  => completed",
    );
}

#[test]
fn handlers_that_wait_for_nothing_run_in_one_step() {
    let handler = r#"<scriptTask id="undo-a" isForCompensation="true"><extensionElements>
        <zeebe:script expression="= n + 1" resultVariable="n"/></extensionElements></scriptTask>"#;
    let model = format!(
        r#"<startEvent id="s"/><exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-t"/>
           <task id="a"/>{}<scriptTask id="i"><extensionElements><zeebe:script expression="= k + 1" resultVariable="k"/>
           </extensionElements></scriptTask>{}<<z>><endEvent id="e"/>
           [[s -> m -> a -> i -> x -(k < 50)-> m, x -> t -> z -> e]]"#,
        on_handler("a", handler),
        throw("")
    );
    check(&model, "start {\"k\": 0, \"n\": 0} => job z\n variables => k: 50, n: 50");
}

#[test]
fn a_handler_may_be_a_sub_process() {
    let handler = r#"<subProcess id="undo-a" isForCompensation="true"><startEvent id="us"/><<u>><endEvent id="ue"/>
        [[us -> u -> ue]]</subProcess>"#;
    let model = format!(
        r#"<startEvent id="s"/><<a>>{}{}<endEvent id="e"/>[[s -> a -> t -> e]]"#,
        on_handler("a", handler),
        throw("")
    );
    check(&model, "start => job a\n complete a => job u\n complete u => completed");
}

/// `sub` compensates itself and has a boundary timer that leads to `late`.
fn guarded() -> String {
    format!(
        r#"<startEvent id="s"/><subProcess id="sub"><startEvent id="is"/><<i j>>{}{}<endEvent id="ie"/>
           [[is -> i -> j -> t -> ie]]</subProcess>{}<<late>>
           <intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
           <endEvent id="e"/><endEvent id="e2"/>[[s -> sub -> e, b -> late -> t2 -> e2]]"#,
        undos(&["i", "j"]),
        throw(""),
        timer("b", "sub")
    )
}

#[test]
fn a_boundary_timer_and_a_compensation_race_in_both_orders() {
    // What is interrupted is gone, also for a compensation outside.
    check(
        &guarded(),
        "start            => job i, timer b 60s
         complete i       => job j, timer b 60s
         complete j       => job undo-j, timer b 60s
         advance PT1M     => job late
         complete late    => completed",
    );
    check(
        &guarded(),
        "start            => job i, timer b 60s
         complete i       => job j, timer b 60s
         complete j       => job undo-j, timer b 60s
         complete undo-j  => job undo-i, timer b 60s
         complete undo-i  => completed",
    );
    check(
        &guarded(),
        "start            => job i, timer b 60s
         complete i       => job j, timer b 60s
         advance PT1M     => job late
         complete late    => completed",
    );
}

#[test]
fn two_compensations_share_nothing() {
    let model = format!(
        r#"<startEvent id="s"/><parallelGateway id="g"/><<a b x y>>{}{}
           <intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
           <endEvent id="e"/><endEvent id="e2"/>
           [[s -> a -> g -> x -> t -> e, g -> b -> t2 -> y -> e2]]"#,
        undos(&["a", "b"]),
        throw("")
    );
    check(
        &model,
        "start            => job a
         complete a       => job b, job x
         complete x       => job b, job undo-a
         complete b       => job undo-a, job undo-b
         complete undo-b  => job undo-a, job y
         complete y       => job undo-a
         complete undo-a  => completed",
    );
    check(
        &model,
        "start            => job a
         complete a       => job b, job x
         complete b       => job undo-b, job x
         complete x       => job undo-b
         complete undo-b  => job undo-a
         complete undo-a  => job y
         complete y       => completed",
    );
}

#[test]
fn what_an_interrupted_compensation_did_not_come_to_can_be_compensated_still() {
    let model = format!(
        r#"<startEvent id="s"/><<a b>>{}{}<endEvent id="done"/>[[s -> a -> b -> t -> done]]
           <subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><errorEventDefinition errorRef="e"/></startEvent>
           <intermediateThrowEvent id="t2"><compensateEventDefinition/></intermediateThrowEvent>
           <endEvent id="he"/>[[hs -> t2 -> he]]</subProcess>"#,
        undos(&["a", "b"]),
        throw("")
    );
    check(
        &model,
        "start            => job a
         complete a       => job b
         complete b       => job undo-b
         throw undo-b NO  => job undo-a
         complete undo-a  => completed",
    );
}

#[test]
fn cancelling_the_instance_ends_a_compensation() {
    check(
        &saga(""),
        "start            => job a
         complete a       => job b
         complete b       => job undo-b
         cancel           => terminated",
    );
}

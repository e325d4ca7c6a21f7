//! One function a fragment: an element kind with what it needs around it. A new element joins by
//! being added to the table.

use super::{JOB_TYPES, Maker, PROCESSES, Span, ad_hoc, duties, scopes, watches};

type Make = fn(&mut Maker) -> Span;

/// How often, and how it is made.
pub(super) const FRAGMENTS: &[(u64, Make)] = &[
    (8, job),
    (3, job_with_boundary),
    (3, user_task),
    (2, script),
    (2, decision),
    (3, call),
    (2, pass),
    (3, catch_message),
    (2, catch_timer),
    (2, tells),
    (3, exclusive),
    (3, parallel),
    (2, event_based),
    (3, sub_process),
    (2, throwing_sub_process),
    (2, terminated_sub_process),
    (2, loop_of_jobs),
    (1, long_loop),
    (2, scopes::listening_sub_process),
    (2, scopes::escalation),
    (2, scopes::inclusive),
    (3, scopes::repeated),
    (2, scopes::remembered),
    (2, scopes::undone),
    (2, scopes::transaction),
    (2, scopes::signal),
    (1, scopes::link),
    (1, scopes::several),
    (1, scopes::conditional_flows),
    (2, watches::condition),
    (3, watches::guarded_by_condition),
    (2, watches::complex),
    (3, ad_hoc::ad_hoc),
    (3, duties::listened),
    (3, duties::listened_user_task),
    (5, duties::with_policy),
];

pub(super) fn one(id: String) -> Span {
    Span { first: id.clone(), last: id }
}

pub(super) fn extensions(content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<bpmn:extensionElements>{content}</bpmn:extensionElements>")
}

/// Mappings that cannot fail, or only when a variable is missing.
pub(super) fn mappings(maker: &mut Maker) -> &'static str {
    maker.rng.pick::<&'static str>(&[
        "",
        "",
        "",
        r#"<zeebe:ioMapping><zeebe:input source="=k" target="copy.of"/></zeebe:ioMapping>"#,
        r#"<zeebe:ioMapping><zeebe:output source="=again" target="again"/></zeebe:ioMapping>"#,
        r#"<zeebe:ioMapping><zeebe:input source="fixed" target="own"/><zeebe:output source="=b" target="b"/><zeebe:output source="=again" target="again"/></zeebe:ioMapping>"#,
    ])
}

pub(super) fn job(maker: &mut Maker) -> Span {
    one(job_node(maker))
}

pub(super) fn job_node(maker: &mut Maker) -> String {
    let element = *maker.rng.pick(&[
        "serviceTask",
        "serviceTask",
        "sendTask",
        "businessRuleTask",
        "scriptTask",
    ]);
    let job_type = *maker.rng.pick(JOB_TYPES);
    let job_type = if maker.rng.chance(1, 6) {
        format!("=&quot;{job_type}&quot;")
    } else {
        job_type.to_owned()
    };
    let retries = *maker.rng.pick(&["", r#"retries="1""#, r#"retries="=1 + 1""#]);
    let headers = *maker
        .rng
        .pick(&["", r#"<zeebe:taskHeaders><zeebe:header key="h" value="v"/></zeebe:taskHeaders>"#]);
    let mapping = mappings(maker);
    let definition = format!(r#"<zeebe:taskDefinition type="{job_type}" {retries}/>"#);
    maker.node(element, &extensions(&format!("{definition}{headers}{mapping}")))
}

fn user_task(maker: &mut Maker) -> Span {
    let assignment = *maker.rng.pick(&[
        "",
        r#"<zeebe:assignmentDefinition assignee="ann" candidateGroups="g, h"/>"#,
        r#"<zeebe:assignmentDefinition candidateUsers="=[&quot;bob&quot;]"/>"#,
    ]);
    let schedule = *maker.rng.pick(&[
        "",
        r#"<zeebe:taskSchedule dueDate="2026-12-24T12:00:00Z" followUpDate="=now()"/><zeebe:priorityDefinition priority="70"/>"#,
    ]);
    let mapping = mappings(maker);
    let content = extensions(&format!("<zeebe:userTask/>{assignment}{schedule}{mapping}"));
    let task = maker.node("userTask", &content);
    if maker.rng.chance(1, 3) {
        return guarded(maker, one(task));
    }
    one(task)
}

fn script(maker: &mut Maker) -> Span {
    let expression = *maker.rng.pick(&["=n + 1", "=if b then 1 else 2", "={x: k, y: [n, n]}"]);
    let result = if expression == "=n + 1" { "n" } else { "s" };
    let content = extensions(&format!(
        r#"<zeebe:script expression="{expression}" resultVariable="{result}"/>"#
    ));
    one(maker.node("scriptTask", &content))
}

fn decision(maker: &mut Maker) -> Span {
    let id = *maker.rng.pick(&["size", "both", "=&quot;bo&quot; + &quot;th&quot;"]);
    let binding = *maker.rng.pick(&[
        "",
        r#"bindingType="latest""#,
        r#"bindingType="deployment""#,
        r#"bindingType="versionTag" versionTag="good""#,
    ]);
    let mapping = mappings(maker);
    let called =
        format!(r#"<zeebe:calledDecision decisionId="{id}" resultVariable="s" {binding}/>"#);
    let task = maker.node("businessRuleTask", &extensions(&format!("{called}{mapping}")));
    if maker.rng.chance(1, 4) {
        return guarded(maker, one(task));
    }
    one(task)
}

/// Another process. Where it hands over its own variables alone, the key of a boundary message is one of
/// them: a retry maps anew, so that nobody could mend it there.
pub(super) fn call(maker: &mut Maker) -> Span {
    let others = PROCESSES - 1 - maker.process;
    if others == 0 {
        return job(maker);
    }
    let called = maker.process + 1 + maker.rng.below(others);
    let fixed = format!("p{called}");
    let (id, binding) = match maker.rng.below(8) {
        0 | 1 => (format!("=&quot;p&quot; + &quot;{called}&quot;"), ""),
        2 | 3 => (fixed, r#"bindingType="deployment""#),
        4 => (fixed, r#"bindingType="versionTag" versionTag="good""#),
        _ => (fixed, ""),
    };
    let (flags, mapping) = *maker.rng.pick(&[
        ("", ""),
        ("", ""),
        (r#"propagateAllChildVariables="false""#, ""),
        (
            r#"propagateAllParentVariables="false""#,
            r#"<zeebe:ioMapping><zeebe:input source="=k" target="k"/><zeebe:input source="=if k2 = null then 1 else k2" target="k2"/><zeebe:input source="=n" target="n"/><zeebe:input source="=b" target="b"/><zeebe:input source="=false" target="again"/></zeebe:ioMapping>"#,
        ),
        (
            r#"propagateAllChildVariables="true""#,
            r#"<zeebe:ioMapping><zeebe:output source="=b" target="b"/></zeebe:ioMapping>"#,
        ),
    ]);
    let called = format!(r#"<zeebe:calledElement processId="{id}" {binding} {flags}/>{mapping}"#);
    let activity = maker.node("callActivity", &extensions(&called));
    if maker.rng.chance(1, 2) {
        return guarded(maker, one(activity));
    }
    one(activity)
}

fn pass(maker: &mut Maker) -> Span {
    let element = *maker.rng.pick(&["task", "manualTask", "intermediateThrowEvent"]);
    let mapping = mappings(maker);
    one(maker.node(element, &extensions(mapping)))
}

/// What a path waits for. Boundary events have a message of their own: one that does not interrupt
/// would take every message of this name from the paths behind it, for ever.
fn awaited(maker: &mut Maker) -> &'static str {
    if maker.rng.chance(1, 2) { "m0" } else { "m1" }
}

fn message(maker: &mut Maker) -> String {
    let name = awaited(maker);
    format!(r#"<bpmn:messageEventDefinition messageRef="{name}"/>"#)
}

pub(super) fn duration(maker: &mut Maker) -> String {
    let time = *maker.rng.pick(&["PT30S", "PT2M", "=duration(\"PT1M\")", "PT1H"]);
    format!(
        "<bpmn:timerEventDefinition><bpmn:timeDuration>{time}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
}

fn catch_message(maker: &mut Maker) -> Span {
    if maker.rng.chance(1, 2) {
        let name = awaited(maker);
        let receive = maker.node_with("receiveTask", &format!(r#"messageRef="{name}""#), "");
        return if maker.rng.chance(1, 2) { guarded(maker, one(receive)) } else { one(receive) };
    }
    let message = message(maker);
    one(maker.node("intermediateCatchEvent", &message))
}

/// Somebody sends a message: a worker does.
fn tells(maker: &mut Maker) -> Span {
    let job_type = *maker.rng.pick(JOB_TYPES);
    let mapping = mappings(maker);
    let message = r#"<bpmn:messageEventDefinition messageRef="m0"/>"#;
    let work = extensions(&format!(r#"<zeebe:taskDefinition type="{job_type}"/>{mapping}"#));
    let content = format!("{work}{message}");
    if maker.rng.chance(1, 2) {
        return one(maker.node("intermediateThrowEvent", &content));
    }
    let id = around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let body = maker.sequence(1);
        let end = maker.node("endEvent", &content);
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &end);
    });
    if maker.rng.chance(1, 3) { guarded(maker, one(id)) } else { one(id) }
}

fn catch_timer(maker: &mut Maker) -> Span {
    let definition = if maker.rng.chance(1, 3) {
        "<bpmn:timerEventDefinition><bpmn:timeDate>=now() + duration(\"PT2M\")</bpmn:timeDate></bpmn:timerEventDefinition>".to_owned()
    } else {
        duration(maker)
    };
    one(maker.node("intermediateCatchEvent", &definition))
}

/// Paths between a gateway that splits and one that merges.
pub(super) fn between(maker: &mut Maker, split: &str, merge: &str, condition: &str) -> String {
    let path = maker.sequence(2);
    let flow = maker.flow_if(split, &path.first, condition);
    maker.flow(&path.last, merge);
    flow
}

fn exclusive(maker: &mut Maker) -> Span {
    let split = maker.id();
    let merge = maker.node("exclusiveGateway", "");
    between(maker, &split, &merge, "=b");
    if maker.rng.chance(1, 3) {
        between(maker, &split, &merge, "=n &gt; 3");
    }
    let default = between(maker, &split, &merge, "");
    maker.splits(&split, &default);
    Span { first: split, last: merge }
}

fn parallel(maker: &mut Maker) -> Span {
    let split = maker.node("parallelGateway", "");
    let join = maker.node("parallelGateway", "");
    for _ in 0..2 + maker.rng.below(2) {
        between(maker, &split, &join, "");
    }
    Span { first: split, last: join }
}

fn event_based(maker: &mut Maker) -> Span {
    let split = maker.node("eventBasedGateway", "");
    let merge = maker.node("exclusiveGateway", "");
    let condition = watches::definition(maker, watches::REACHED);
    let definitions = [message(maker), duration(maker), condition, message(maker)];
    let most = 2 + maker.rng.index(3);
    for definition in &definitions[..most] {
        let event = maker.node("intermediateCatchEvent", definition);
        maker.flow(&split, &event);
        maker.flow(&event, &merge);
    }
    Span { first: split, last: merge }
}

fn job_with_boundary(maker: &mut Maker) -> Span {
    let task = job_node(maker);
    guarded(maker, one(task))
}

/// Attaches boundary events to an activity. What interrupts goes on to the same place.
pub(super) fn guarded(maker: &mut Maker, host: Span) -> Span {
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&host.last, &merge);
    for _ in 0..=maker.rng.below(2) {
        boundary(maker, &host.first, &merge);
    }
    Span { first: host.first, last: merge }
}

fn boundary(maker: &mut Maker, host: &str, merge: &str) {
    let message = r#"<bpmn:messageEventDefinition messageRef="m2"/>"#;
    let (definition, interrupting) = match maker.rng.below(6) {
        0 => (message.to_owned(), true),
        1 => (message.to_owned(), false),
        2 => (duration(maker), true),
        3 => (duration(maker), false),
        4 => {
            let cycle = *maker.rng.pick(&["R2/PT45S", "R/PT3M"]);
            let cycle = format!(
                "<bpmn:timerEventDefinition><bpmn:timeCycle>{cycle}</bpmn:timeCycle></bpmn:timerEventDefinition>"
            );
            (cycle, false)
        }
        _ => {
            let code = *maker.rng.pick(&[r#"errorRef="gone""#, ""]);
            (format!("<bpmn:errorEventDefinition {code}/>"), true)
        }
    };
    let attributes = format!(r#"attachedToRef="{host}" cancelActivity="{interrupting}""#);
    let event = maker.node_with("boundaryEvent", &attributes, &definition);
    if interrupting {
        maker.flow(&event, merge);
        return;
    }
    let end = maker.node("endEvent", "");
    if maker.rng.chance(1, 2) {
        let task = job_node(maker);
        maker.flow(&event, &task);
        maker.flow(&task, &end);
    } else {
        maker.flow(&event, &end);
    }
}

/// A sub-process of some kind around what `inside` makes.
pub(super) fn around(maker: &mut Maker, element: &str, inside: impl FnOnce(&mut Maker)) -> String {
    let id = maker.id();
    let mapping = mappings(maker);
    let listeners = if maker.rng.chance(1, 12) {
        duties::listeners(maker, &["start", "end"])
    } else {
        String::new()
    };
    maker.opens(element, &id, &extensions(&format!("{mapping}{listeners}")));
    inside(maker);
    maker.closes(element);
    id
}

fn sub_process(maker: &mut Maker) -> Span {
    let id = around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let body = maker.sequence(2);
        let end = maker.node("endEvent", "");
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &end);
    });
    if maker.rng.chance(1, 2) { guarded(maker, one(id)) } else { one(id) }
}

/// A sub-process that may end with an error, which its boundary catches.
fn throwing_sub_process(maker: &mut Maker) -> Span {
    let id = around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let body = maker.sequence(1);
        let split = maker.id();
        let end = maker.node("endEvent", "");
        let throw = maker.node("endEvent", r#"<bpmn:errorEventDefinition errorRef="gone"/>"#);
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &split);
        maker.flow_if(&split, &throw, "=b");
        let default = maker.flow(&split, &end);
        maker.splits(&split, &default);
    });
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&id, &merge);
    let code = *maker.rng.pick(&[r#"errorRef="gone""#, ""]);
    let definition = format!("<bpmn:errorEventDefinition {code}/>");
    let caught = maker.node_with("boundaryEvent", &format!(r#"attachedToRef="{id}""#), &definition);
    maker.flow(&caught, &merge);
    Span { first: id, last: merge }
}

/// A sub-process with two paths, of which one ends the other.
fn terminated_sub_process(maker: &mut Maker) -> Span {
    one(around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let split = maker.node("parallelGateway", "");
        maker.flow(&start, &split);
        let ends = [r"<bpmn:terminateEventDefinition/>", ""];
        for end in ends {
            let path = maker.sequence(1);
            let end = maker.node("endEvent", end);
            maker.flow(&split, &path.first);
            maker.flow(&path.last, &end);
        }
        // A message may end what waits for the next one, too.
        if maker.rng.chance(1, 2) {
            let (host, end) = (job_node(maker), maker.node("endEvent", ""));
            maker.flow(&split, &host);
            maker.flow(&host, &end);
            let message = r#"<bpmn:messageEventDefinition messageRef="m2"/>"#;
            let attributes = format!(r#"attachedToRef="{host}" cancelActivity="false""#);
            let heard = maker.node_with("boundaryEvent", &attributes, message);
            let over = maker.node("endEvent", ends[0]);
            maker.flow(&heard, &over);
        }
    }))
}

/// Jobs again and again while a worker says so.
fn loop_of_jobs(maker: &mut Maker) -> Span {
    let merge = maker.node("exclusiveGateway", "");
    let body = maker.sequence(1);
    let task = job_node(maker);
    let split = maker.id();
    let out = maker.node("exclusiveGateway", "");
    maker.flow(&merge, &body.first);
    maker.flow(&body.last, &task);
    maker.flow(&task, &split);
    maker.flow_if(&split, &merge, "=again");
    let default = maker.flow(&split, &out);
    maker.splits(&split, &default);
    Span { first: merge, last: out }
}

/// A loop that waits for nothing: events enough for a snapshot when the instance leaves memory, or
/// even before.
fn long_loop(maker: &mut Maker) -> Span {
    let rounds = if maker.rng.chance(1, 4) { 400 } else { 60 };
    let script = |expression: &str| {
        extensions(&format!(r#"<zeebe:script expression="{expression}" resultVariable="c"/>"#))
    };
    let zero = maker.node("scriptTask", &script("=0"));
    let merge = maker.node("exclusiveGateway", "");
    let count = maker.node("scriptTask", &script("=c + 1"));
    let split = maker.id();
    let out = maker.node("task", "");
    maker.flow(&zero, &merge);
    maker.flow(&merge, &count);
    maker.flow(&count, &split);
    maker.flow_if(&split, &merge, &format!("=c &lt; {rounds}"));
    let default = maker.flow(&split, &out);
    maker.splits(&split, &default);
    Span { first: zero, last: out }
}

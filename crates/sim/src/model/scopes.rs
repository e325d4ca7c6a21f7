//! Fragments of what listens, repeats, escalates and is undone.
//!
//! In:  the model in the making.
//! Out: blocks with one entry and one exit, as the other fragments.
//! Absent: what could stand still with honest workers. What does not interrupt begins a job at most:
//! with more, each new message would find the one before still at work, for ever.

use super::fragments::{around, call, duration, guarded, job_node, mappings, one};
use super::{Maker, Span, watches};

const LATE: &str = r#"<bpmn:escalationEventDefinition escalationRef="late"/>"#;
const ANY_ESCALATION: &str = "<bpmn:escalationEventDefinition/>";
const SIGNAL: &str = r#"<bpmn:signalEventDefinition signalRef="g0"/>"#;
const BESIDE: &str = r#"<bpmn:messageEventDefinition messageRef="m2"/>"#;
const COMPENSATE: &str = "<bpmn:compensateEventDefinition/>";
const GONE: &str = r#"<bpmn:errorEventDefinition errorRef="gone"/>"#;

/// A sub-process in which an event sub-process listens.
pub(super) fn listening_sub_process(maker: &mut Maker) -> Span {
    let id = around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let body = maker.sequence(2);
        // Somebody may have something to say to the event sub-process.
        let throw = *maker.rng.pick(&["", "", LATE, SIGNAL]);
        let say = maker.node("intermediateThrowEvent", throw);
        let end = maker.node("endEvent", "");
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &say);
        maker.flow(&say, &end);
        event_sub_process(maker);
    });
    if maker.rng.chance(1, 3) { guarded(maker, one(id)) } else { one(id) }
}

/// An event sub-process of the scope that is being made.
pub(super) fn event_sub_process(maker: &mut Maker) {
    let (trigger, interrupting) = match maker.rng.below(11) {
        0 => (BESIDE.to_owned(), true),
        1 => (BESIDE.to_owned(), false),
        2 => (duration(maker), maker.rng.chance(1, 2)),
        3 | 9 => (GONE.to_owned(), true),
        4 => (LATE.to_owned(), maker.rng.chance(1, 2)),
        5 => (ANY_ESCALATION.to_owned(), maker.rng.chance(1, 2)),
        6 => (watches::definition(maker, watches::SELDOM), true),
        7 => (watches::definition(maker, watches::SELDOM), false),
        8 => (format!("{BESIDE}{SIGNAL}"), maker.rng.chance(1, 2)),
        _ => (SIGNAL.to_owned(), maker.rng.chance(1, 2)),
    };
    let id = maker.id();
    maker.opens_with("subProcess", &id, r#"triggeredByEvent="true""#, "");
    let attribute = format!(r#"isInterrupting="{interrupting}""#);
    let start = maker.node_with("startEvent", &attribute, &trigger);
    let end = maker.node("endEvent", "");
    if interrupting {
        let body = maker.sequence(1);
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &end);
    } else {
        let task = watches::keeps_to_itself(maker);
        maker.flow(&start, &task);
        maker.flow(&task, &end);
    }
    maker.closes("subProcess");
}

/// Somebody who escalates in a sub-process that somebody looks after.
pub(super) fn escalation(maker: &mut Maker) -> Span {
    let at_end = maker.rng.chance(1, 2);
    let id = around(maker, "subProcess", |maker| {
        let start = maker.node("startEvent", "");
        let body = maker.sequence(1);
        maker.flow(&start, &body.first);
        if at_end {
            let end = maker.node("endEvent", LATE);
            maker.flow(&body.last, &end);
        } else {
            let throw = maker.node("intermediateThrowEvent", LATE);
            let task = job_node(maker);
            let end = maker.node("endEvent", "");
            maker.flow(&body.last, &throw);
            maker.flow(&throw, &task);
            maker.flow(&task, &end);
        }
    });
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&id, &merge);
    let catches = *maker.rng.pick(&[LATE, ANY_ESCALATION]);
    let interrupting = maker.rng.chance(1, 2);
    let attributes = format!(r#"attachedToRef="{id}" cancelActivity="{interrupting}""#);
    let caught = maker.node_with("boundaryEvent", &attributes, catches);
    if interrupting {
        maker.flow(&caught, &merge);
    } else {
        let (task, end) = (job_node(maker), maker.node("endEvent", ""));
        maker.flow(&caught, &task);
        maker.flow(&task, &end);
    }
    Span { first: id, last: merge }
}

/// Some of several paths, and a join of as many as were taken.
pub(super) fn inclusive(maker: &mut Maker) -> Span {
    let split = maker.id();
    let join = maker.node("inclusiveGateway", "");
    for condition in ["=b", "=n &gt; 1"] {
        let path = maker.sequence(1);
        maker.flow_if(&split, &path.first, condition);
        maker.flow(&path.last, &join);
    }
    let other = maker.sequence(1);
    let default = maker.flow(&split, &other.first);
    maker.flow(&other.last, &join);
    maker.gateway("inclusiveGateway", &split, &default);
    Span { first: split, last: join }
}

/// Says that an activity is done for each of a list, so many times, or while a condition holds.
pub(super) fn marker(maker: &mut Maker) -> String {
    let sequential = maker.rng.chance(1, 2);
    let multiple = |content: &str, after: &str| {
        format!(
            r#"<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">{content}{after}</bpmn:multiInstanceLoopCharacteristics>"#
        )
    };
    let over = |attributes: &str| {
        format!(
            r#"<bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2, 3]" inputElement="item" {attributes}/></bpmn:extensionElements>"#
        )
    };
    match maker.rng.below(5) {
        0 => multiple(&over(""), ""),
        1 => multiple(&over(r#"outputCollection="all" outputElement="=item + loopCounter""#), ""),
        2 => multiple(
            &over(""),
            "<bpmn:completionCondition>=numberOfCompletedInstances &gt; 1</bpmn:completionCondition>",
        ),
        3 => multiple("", "<bpmn:loopCardinality>=2</bpmn:loopCardinality>"),
        _ => r#"<bpmn:standardLoopCharacteristics loopMaximum="3" testBefore="true"><bpmn:loopCondition>=loopCounter &lt; 2</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"#.to_owned(),
    }
}

/// An activity that is done several times.
pub(super) fn repeated(maker: &mut Maker) -> Span {
    let how = marker(maker);
    let repeated = if maker.rng.chance(1, 2) {
        repeated_job(maker, &how)
    } else {
        around(maker, "subProcess", |maker| {
            maker.says(&how);
            let start = maker.node("startEvent", "");
            let body = maker.sequence(1);
            let end = maker.node("endEvent", "");
            maker.flow(&start, &body.first);
            maker.flow(&body.last, &end);
        })
    };
    if maker.rng.chance(1, 3) { guarded(maker, one(repeated)) } else { one(repeated) }
}

fn repeated_job(maker: &mut Maker, how: &str) -> String {
    let task = maker.id();
    let definition =
        r#"<bpmn:extensionElements><zeebe:taskDefinition type="a"/></bpmn:extensionElements>"#;
    maker.opens("serviceTask", &task, &format!("{definition}{how}"));
    maker.closes("serviceTask");
    task
}

/// A job that another one undoes, also one that is done several times.
fn undone_job(maker: &mut Maker) -> String {
    let task = if maker.rng.chance(1, 5) {
        let how = marker(maker);
        repeated_job(maker, &how)
    } else {
        job_node(maker)
    };
    let definition =
        r#"<bpmn:extensionElements><zeebe:taskDefinition type="b"/></bpmn:extensionElements>"#;
    let undo = maker.node_with("serviceTask", r#"isForCompensation="true""#, definition);
    let attached = format!(r#"attachedToRef="{task}""#);
    let boundary = maker.node_with("boundaryEvent", &attached, COMPENSATE);
    let ends = format!(r#"sourceRef="{boundary}" targetRef="{undo}""#);
    maker.node_with("association", &ends, "");
    task
}

/// A sub-process that says itself how it is undone as a whole; perhaps by what undoes its job.
fn undone_scope(maker: &mut Maker) -> String {
    let how = if maker.rng.chance(1, 5) { marker(maker) } else { String::new() };
    around(maker, "subProcess", |maker| {
        maker.says(&how);
        let (start, end) = (maker.node("startEvent", ""), maker.node("endEvent", ""));
        let task = undone_job(maker);
        maker.flow(&start, &task);
        maker.flow(&task, &end);
        let id = maker.id();
        maker.opens_with("subProcess", &id, r#"triggeredByEvent="true""#, "");
        let (start, end) = (maker.node("startEvent", COMPENSATE), maker.node("endEvent", ""));
        let body = match maker.rng.below(3) {
            0 => one(job_node(maker)),
            1 => maker.sequence(1),
            _ => {
                let throw = maker.node("intermediateThrowEvent", COMPENSATE);
                let then = job_node(maker);
                maker.flow(&throw, &then);
                Span { first: throw, last: then }
            }
        };
        maker.flow(&start, &body.first);
        maker.flow(&body.last, &end);
        maker.closes("subProcess");
    })
}

/// Something that can be undone.
fn undoable(maker: &mut Maker) -> String {
    if maker.rng.chance(1, 3) { undone_scope(maker) } else { undone_job(maker) }
}

/// Something that an event later may have undone, perhaps in whoever has called this process.
pub(super) fn remembered(maker: &mut Maker) -> Span {
    one(undoable(maker))
}

/// Some work that is undone afterwards.
pub(super) fn undone(maker: &mut Maker) -> Span {
    let task = undoable(maker);
    let body = if maker.rng.chance(1, 2) { call(maker) } else { maker.sequence(1) };
    let waits = maker.rng.chance(2, 3);
    let one_only =
        if maker.rng.chance(1, 2) { format!(r#"activityRef="{task}""#) } else { String::new() };
    let throw = maker.node(
        "intermediateThrowEvent",
        &format!(r#"<bpmn:compensateEventDefinition waitForCompletion="{waits}" {one_only}/>"#),
    );
    maker.flow(&task, &body.first);
    maker.flow(&body.last, &throw);
    Span { first: task, last: throw }
}

/// A transaction that is cancelled or not.
pub(super) fn transaction(maker: &mut Maker) -> Span {
    let id = around(maker, "transaction", |maker| {
        let start = maker.node("startEvent", "");
        let task = undoable(maker);
        let body = maker.sequence(1);
        let split = maker.id();
        let end = maker.node("endEvent", "");
        let cancel = maker.node("endEvent", "<bpmn:cancelEventDefinition/>");
        maker.flow(&start, &task);
        maker.flow(&task, &body.first);
        maker.flow(&body.last, &split);
        maker.flow_if(&split, &cancel, "=b");
        let default = maker.flow(&split, &end);
        maker.splits(&split, &default);
    });
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&id, &merge);
    let attached = format!(r#"attachedToRef="{id}""#);
    let cancelled = maker.node_with("boundaryEvent", &attached, "<bpmn:cancelEventDefinition/>");
    let task = job_node(maker);
    maker.flow(&cancelled, &task);
    maker.flow(&task, &merge);
    Span { first: id, last: merge }
}

/// A signal that is thrown, or waited for at one of several places.
pub(super) fn signal(maker: &mut Maker) -> Span {
    let both = format!("{SIGNAL}{LATE}");
    let throws = *maker.rng.pick(&[SIGNAL, SIGNAL, &both]);
    match maker.rng.below(4) {
        0 => one(maker.node("intermediateThrowEvent", throws)),
        1 => one(maker.node("intermediateCatchEvent", SIGNAL)),
        2 => {
            let id = around(maker, "subProcess", |maker| {
                let start = maker.node("startEvent", "");
                let body = maker.sequence(1);
                let end = maker.node("endEvent", throws);
                maker.flow(&start, &body.first);
                maker.flow(&body.last, &end);
            });
            one(id)
        }
        _ => {
            let host = job_node(maker);
            let merge = maker.node("exclusiveGateway", "");
            maker.flow(&host, &merge);
            let interrupting = maker.rng.chance(1, 2);
            let attributes = format!(r#"attachedToRef="{host}" cancelActivity="{interrupting}""#);
            let message = format!("{SIGNAL}{BESIDE}");
            let catches = *maker.rng.pick(&[SIGNAL, &message]);
            let caught = maker.node_with("boundaryEvent", &attributes, catches);
            if interrupting {
                maker.flow(&caught, &merge);
            } else {
                let end = maker.node("endEvent", "");
                maker.flow(&caught, &end);
            }
            Span { first: host, last: merge }
        }
    }
}

/// A token that goes on elsewhere.
pub(super) fn link(maker: &mut Maker) -> Span {
    let name = maker.id();
    let definition = format!(r#"<bpmn:linkEventDefinition name="{name}"/>"#);
    let throw = maker.node("intermediateThrowEvent", &definition);
    let catch = maker.node("intermediateCatchEvent", &definition);
    Span { first: throw, last: catch }
}

/// An event that waits for one of several, or for all of them.
pub(super) fn several(maker: &mut Maker) -> Span {
    let timer = duration(maker);
    let both = maker.rng.chance(1, 2);
    let attribute = format!(r#"parallelMultiple="{both}""#);
    let condition = watches::definition(maker, watches::REACHED);
    let second = *maker.rng.pick(&[SIGNAL, &condition]);
    one(maker.node_with("intermediateCatchEvent", &attribute, &format!("{timer}{second}")))
}

/// Flows of an activity that are taken under conditions.
pub(super) fn conditional_flows(maker: &mut Maker) -> Span {
    let task = maker.id();
    let join = maker.node("inclusiveGateway", "");
    let path = maker.sequence(1);
    maker.flow_if(&task, &path.first, "=b");
    maker.flow(&path.last, &join);
    let default = maker.flow(&task, &join);
    let mapping = mappings(maker);
    let content = format!("<bpmn:extensionElements>{mapping}</bpmn:extensionElements>");
    maker.opens_with("task", &task, &format!(r#"default="{default}""#), &content);
    maker.closes("task");
    Span { first: task, last: join }
}

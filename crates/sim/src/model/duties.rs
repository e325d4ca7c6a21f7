//! Fragments of what stands beside the work: listeners, policies.

use std::fmt::Write as _;

use super::fragments::{call, duration, extensions, guarded, mappings, one};
use super::{JOB_TYPES, Maker, Span};

/// Execution listeners to some of these events. Two to the same event have types of their own.
pub(super) fn listeners(maker: &mut Maker, events: &[&str]) -> String {
    let mut all = String::new();
    for event in events {
        let first = maker.rng.index(JOB_TYPES.len());
        for nth in 0..maker.rng.index(3) {
            let job_type = JOB_TYPES[(first + nth) % JOB_TYPES.len()];
            let retries = *maker.rng.pick(&["", r#"retries="1""#, r#"retries="=1 + 1""#]);
            let _ = write!(
                all,
                r#"<zeebe:executionListener eventType="{event}" type="{job_type}" {retries}/>"#
            );
        }
    }
    if all.is_empty() {
        return all;
    }
    format!("<zeebe:executionListeners>{all}</zeebe:executionListeners>")
}

/// Something that others listen to.
pub(super) fn listened(maker: &mut Maker) -> Span {
    let both = listeners(maker, &["start", "end"]);
    let mapping = mappings(maker);
    let id = match maker.rng.below(6) {
        0 => {
            let starts = listeners(maker, &["start"]);
            maker.node("exclusiveGateway", &extensions(&starts))
        }
        1 => {
            let definition = duration(maker);
            maker.node("intermediateCatchEvent", &format!("{}{definition}", extensions(&both)))
        }
        2 => maker.node("task", &extensions(&format!("{both}{mapping}"))),
        3 => {
            let script = r#"<zeebe:script expression="=n + 1" resultVariable="n"/>"#;
            maker.node("scriptTask", &extensions(&format!("{script}{both}{mapping}")))
        }
        _ => {
            let definition = r#"<zeebe:taskDefinition type="a"/>"#;
            let content = extensions(&format!("{definition}{both}{mapping}"));
            let task = maker.node("serviceTask", &content);
            return if maker.rng.chance(1, 2) { guarded(maker, one(task)) } else { one(task) };
        }
    };
    one(id)
}

/// At the same time.
const SEVERAL: &str = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>=3</bpmn:loopCardinality>\
                       </bpmn:multiInstanceLoopCharacteristics>";

/// A task whose changes others are asked about.
pub(super) fn listened_user_task(maker: &mut Maker) -> Span {
    let mut all = String::new();
    for event in ["creating", "assigning", "updating", "completing", "completing", "canceling"] {
        if maker.rng.chance(if event == "updating" { 1 } else { 2 }, 4) {
            continue;
        }
        let job_type = *maker.rng.pick(JOB_TYPES);
        let one = format!(r#"<zeebe:taskListener eventType="{event}" type="{job_type}"/>"#);
        if !all.contains(&one) {
            all.push_str(&one);
        }
    }
    if all.is_empty() {
        all.push_str(r#"<zeebe:taskListener eventType="completing" type="a"/>"#);
    }
    let assignment = *maker.rng.pick(&["", r#"<zeebe:assignmentDefinition assignee="ann"/>"#]);
    let around =
        if maker.rng.chance(1, 3) { listeners(maker, &["start", "end"]) } else { String::new() };
    let content = extensions(&format!(
        "<zeebe:userTask/>{assignment}<zeebe:taskListeners>{all}</zeebe:taskListeners>{around}"
    ));
    // Several of them may be cancelled at once.
    let several = if maker.rng.chance(1, 2) { SEVERAL } else { "" };
    let task = maker.node("userTask", &(content + several));
    if maker.rng.chance(1, 2) { guarded(maker, one(task)) } else { one(task) }
}

/// What policies of attempts say, and nothing that a worker could not live with.
pub(super) const ATTEMPTS: &[&str] = &[
    r#"retries="3" initialDelay="PT5S" factor="2" maximumDelay="PT15S" jitter="0.5""#,
    r#"retries="2" doNotRetry="GONE, OTHER" jitter="1" initialDelay="PT20S""#,
    r#"attemptTimeout="PT20S" retries="5" initialDelay="PT2S" jitter="0.25""#,
    r#"attemptTimeout="PT5S" retries="1" initialDelay="PT1S""#,
    r#"idempotencyKey="=k""#,
];

/// How long a step may take, and what is said of it meanwhile.
const TIMES: &[&str] = &[
    r#"timeout="PT2M""#,
    r#"timeout="=duration(&quot;PT40S&quot;)" reminder="PT10S""#,
    r#"reminder="PT30S" dueDate="PT1M""#,
    r#"dueDate="=now() + duration(&quot;PT20S&quot;)" expectedDuration="PT5S""#,
];

/// A step with a policy.
pub(super) fn with_policy(maker: &mut Maker) -> Span {
    let attempts = *maker.rng.pick(ATTEMPTS);
    let times = *maker.rng.pick(TIMES);
    let job_type = *maker.rng.pick(JOB_TYPES);
    let definition = format!(r#"<zeebe:taskDefinition type="{job_type}"/>"#);
    let policy = |says: &str| format!("<fermata:policy {says}/>");
    let id = match maker.rng.below(6) {
        // Nothing waits for it.
        0 => {
            let says = format!(r#"sideEffect="true" {attempts}"#);
            let content = extensions(&format!("{definition}{}", policy(&says)));
            return one(maker.node("serviceTask", &content));
        }
        1 => maker.node("serviceTask", &extensions(&format!("{definition}{}", policy(attempts)))),
        2 => {
            let says = policy(&format!("{attempts} {times}"));
            maker.node("serviceTask", &extensions(&format!("{definition}{says}")))
        }
        3 => maker.node("userTask", &extensions(&format!("<zeebe:userTask/>{}", policy(times)))),
        4 => {
            let id = maker.id();
            maker.opens("subProcess", &id, &extensions(&policy(times)));
            let (start, end) = (maker.node("startEvent", ""), maker.node("endEvent", ""));
            let body = if maker.rng.chance(1, 2) { call(maker) } else { maker.sequence(1) };
            maker.flow(&start, &body.first);
            maker.flow(&body.last, &end);
            maker.closes("subProcess");
            // What takes long is done anew for ever where nobody catches that.
            return late(maker, id);
        }
        _ => {
            let says = policy(&format!(r#"{attempts} timeout="PT1M""#));
            maker.node("serviceTask", &extensions(&format!("{definition}{says}")))
        }
    };
    match maker.rng.below(3) {
        0 => one(id),
        1 => guarded(maker, one(id)),
        _ => late(maker, id),
    }
}

/// Somebody catches that the step took too long.
fn late(maker: &mut Maker, id: String) -> Span {
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&id, &merge);
    let code = *maker.rng.pick(&[r#"errorRef="timeout""#, r#"errorRef="timeout""#, ""]);
    let definition = format!("<bpmn:errorEventDefinition {code}/>");
    let caught = maker.node_with("boundaryEvent", &format!(r#"attachedToRef="{id}""#), &definition);
    maker.flow(&caught, &merge);
    Span { first: id, last: merge }
}

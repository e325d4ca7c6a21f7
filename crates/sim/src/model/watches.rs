//! Fragments that look at variables: conditional events, complex gateways.
//!
//! In:  the model in the making.
//! Out: blocks with one entry and one exit, as the other fragments.
//! Absent: a condition on a path that an honest operator cannot make true (see `Play::mend`), and
//! one that what it triggers makes true again.

use super::fragments::{between, extensions, guarded, job_node, one};
use super::{JOB_TYPES, Maker, Span, scopes};

/// Conditions that come true when somebody mends.
pub(super) const REACHED: &[&str] = &["=b", "=n &lt; 3", "=not(again)", "=b and k2 != null"];
/// Conditions that some results of workers make true.
pub(super) const SELDOM: &[&str] = &["=b = false", "=n &gt; 4", "=again", "=k = \"y\" and not(b)"];

/// A definition with one of these conditions.
pub(super) fn definition(maker: &mut Maker, conditions: &[&'static str]) -> String {
    let condition = *maker.rng.pick(conditions);
    let filter = *maker.rng.pick(&[
        "",
        "",
        r#"<zeebe:conditionalFilter variableEvents="create, update"/>"#,
        r#"<zeebe:conditionalFilter variableNames="b, n, again"/>"#,
    ]);
    let filter = extensions(filter);
    format!(
        "<bpmn:conditionalEventDefinition>{filter}<bpmn:condition>{condition}</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
}

/// A job whose result nobody else sees: no condition is true again because of it.
pub(super) fn keeps_to_itself(maker: &mut Maker) -> String {
    let job_type = *maker.rng.pick(JOB_TYPES);
    let content = extensions(&format!(
        r#"<zeebe:taskDefinition type="{job_type}"/><zeebe:ioMapping><zeebe:output source="=1" target="seen"/></zeebe:ioMapping>"#
    ));
    maker.node("serviceTask", &content)
}

/// A path that waits until something is so.
pub(super) fn condition(maker: &mut Maker) -> Span {
    let definition = definition(maker, REACHED);
    one(maker.node("intermediateCatchEvent", &definition))
}

/// Work that is interrupted, or that something is done beside, when something is so.
pub(super) fn guarded_by_condition(maker: &mut Maker) -> Span {
    let host = match maker.rng.below(3) {
        0 => scopes::listening_sub_process(maker),
        1 => {
            let task = maker.node("userTask", &extensions("<zeebe:userTask/>"));
            one(task)
        }
        _ => one(job_node(maker)),
    };
    let definition = definition(maker, SELDOM);
    let merge = maker.node("exclusiveGateway", "");
    maker.flow(&host.last, &merge);
    let interrupting = maker.rng.chance(1, 2);
    let attributes = format!(r#"attachedToRef="{}" cancelActivity="{interrupting}""#, host.first);
    let event = maker.node_with("boundaryEvent", &attributes, &definition);
    if interrupting {
        maker.flow(&event, &merge);
    } else {
        let (task, end) = (keeps_to_itself(maker), maker.node("endEvent", ""));
        maker.flow(&event, &task);
        maker.flow(&task, &end);
    }
    let span = Span { first: host.first, last: merge };
    if maker.rng.chance(1, 4) { guarded(maker, span) } else { span }
}

/// Several paths of which some suffice; what comes later is taken without a word, or noticed.
pub(super) fn complex(maker: &mut Maker) -> Span {
    let split = maker.node("parallelGateway", "");
    let join = maker.id();
    let paths = 2 + maker.rng.below(2);
    for _ in 0..paths {
        between(maker, &split, &join, "");
    }
    let enough = match maker.rng.below(4) {
        0 => "=activationCount &gt; 0".to_owned(),
        1 => "=activationCount &gt;= 2".to_owned(),
        2 => format!("=activationCount = {paths}"),
        _ => format!("=activationCount = {paths} or (b and activationCount &gt; 0)"),
    };
    let content = format!("<bpmn:activationCondition>{enough}</bpmn:activationCondition>");
    maker.opens("complexGateway", &join, &content);
    maker.closes("complexGateway");
    let out = maker.node("exclusiveGateway", "");
    maker.flow(&join, &out);
    if maker.rng.chance(1, 2) {
        let (late, end) = (job_node(maker), maker.node("endEvent", ""));
        maker.flow_if(&join, &late, "=not(waitingForStart)");
        maker.flow(&late, &end);
    }
    Span { first: split, last: out }
}

//! Ad-hoc sub-processes: what a list, or somebody, begins in them.

use super::fragments::{around, extensions, guarded, job_node, mappings, one};
use super::{Maker, Span, scopes};

/// Jobs, two in a row, a sub-process: each begins when it is activated. Without a list, or while its
/// condition does not hold, a client must say what begins.
pub(super) fn ad_hoc(maker: &mut Maker) -> Span {
    let id = maker.id();
    let (first, second, last) = (maker.id(), maker.id(), maker.id());
    let named = match maker.rng.below(4) {
        0 => String::new(),
        1 => r#"activeElementsCollection="=[]""#.to_owned(),
        2 => format!(r#"activeElementsCollection="=[&quot;{first}&quot;]""#),
        _ => format!(
            r#"activeElementsCollection="=[&quot;{first}&quot;, &quot;{second}&quot;, &quot;{last}&quot;]""#
        ),
    };
    let (output, condition) = *maker.rng.pick(&[
        ("", ""),
        (r#"outputCollection="did" outputElement="=1""#, ""),
        (r#"outputCollection="did" outputElement="=1""#, "=count(did) &gt; 1"),
        ("", "=b"),
    ]);
    let cancels = maker.rng.chance(1, 2);
    let mapping = mappings(maker);
    let content = extensions(&format!("<zeebe:adHoc {named} {output}/>{mapping}"));
    let attribute = format!(r#"cancelRemainingInstances="{cancels}""#);
    maker.opens_with("adHocSubProcess", &id, &attribute, &content);
    if !condition.is_empty() {
        maker.says(&format!("<bpmn:completionCondition>{condition}</bpmn:completionCondition>"));
    }
    let job =
        r#"<bpmn:extensionElements><zeebe:taskDefinition type="b"/></bpmn:extensionElements>"#;
    for id in [&first, &second] {
        maker.opens("serviceTask", id, job);
        maker.closes("serviceTask");
    }
    let then = job_node(maker);
    maker.flow(&second, &then);
    maker.opens("subProcess", &last, "");
    let start = maker.node("startEvent", "");
    let body = maker.sequence(1);
    let end = maker.node("endEvent", "");
    maker.flow(&start, &body.first);
    maker.flow(&body.last, &end);
    maker.closes("subProcess");
    if maker.rng.chance(1, 4) {
        scopes::event_sub_process(maker);
    }
    maker.closes("adHocSubProcess");
    if maker.rng.chance(1, 3) {
        return guarded(maker, one(id));
    }
    if maker.rng.chance(1, 4) {
        // In a scope that something else may end.
        let within = around(maker, "subProcess", |maker| {
            let (start, end) = (maker.node("startEvent", ""), maker.node("endEvent", ""));
            let task = job_node(maker);
            maker.flow(&start, &task);
            maker.flow(&task, &end);
        });
        maker.flow(&id, &within);
        return Span { first: id, last: within };
    }
    one(id)
}

//! Ad-hoc sub-processes: what a list, a worker, or somebody begins in them.

use super::duties::ATTEMPTS;
use super::fragments::{around, extensions, guarded, job_node, mappings, one};
use super::{JOB_TYPES, Maker, Span, scopes};

/// Who says what begins, and when it is done.
struct Says {
    attributes: String,
    extensions: String,
    condition: &'static str,
}

/// Jobs, two in a row, a sub-process: each begins when it is activated. Without a list or a job, or
/// while its condition does not hold, a client must say what begins.
pub(super) fn ad_hoc(maker: &mut Maker) -> Span {
    let id = maker.id();
    let (first, second, last) = (maker.id(), maker.id(), maker.id());
    let says = if maker.rng.chance(1, 2) {
        by_worker(maker)
    } else {
        by_list(maker, [&first, &second, &last])
    };
    let ordering = *maker.rng.pick(&["", r#" ordering="Sequential""#, r#" ordering="Parallel""#]);
    let mapping = mappings(maker);
    let content = extensions(&format!("{}{mapping}", says.extensions));
    maker.opens_with("adHocSubProcess", &id, &format!("{}{ordering}", says.attributes), &content);
    if !says.condition.is_empty() {
        let condition = says.condition;
        maker.says(&format!("<bpmn:completionCondition>{condition}</bpmn:completionCondition>"));
    }
    if maker.rng.chance(1, 5) {
        let repeated = scopes::marker(maker);
        maker.says(&repeated);
    }
    inside(maker, [&first, &second, &last]);
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

fn by_list(maker: &mut Maker, [first, second, last]: [&str; 3]) -> Says {
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
    Says {
        attributes: format!(r#"cancelRemainingInstances="{cancels}""#),
        extensions: format!("<zeebe:adHoc {named} {output}/>"),
        condition,
    }
}

/// An honest worker says at once that it is done.
fn by_worker(maker: &mut Maker) -> Says {
    let job_type = *maker.rng.pick(JOB_TYPES);
    let retries = *maker.rng.pick(&["", r#"retries="1""#]);
    let output =
        *maker.rng.pick(&["", r#"<zeebe:adHoc outputCollection="did" outputElement="=1"/>"#]);
    let policy = if maker.rng.chance(1, 4) {
        let attempts = ATTEMPTS.iter().filter(|says| !says.contains("idempotencyKey"));
        let attempts: Vec<_> = attempts.collect();
        format!("<fermata:policy {}/>", maker.rng.pick(&attempts))
    } else {
        String::new()
    };
    let definition = format!(r#"<zeebe:taskDefinition type="{job_type}" {retries}/>"#);
    Says {
        attributes: String::new(),
        extensions: format!("{definition}{output}{policy}"),
        condition: "",
    }
}

fn inside(maker: &mut Maker, [first, second, last]: [&str; 3]) {
    let job =
        r#"<bpmn:extensionElements><zeebe:taskDefinition type="b"/></bpmn:extensionElements>"#;
    for id in [first, second] {
        maker.opens("serviceTask", id, job);
        maker.closes("serviceTask");
    }
    let then = job_node(maker);
    maker.flow(second, &then);
    maker.opens("subProcess", last, "");
    let start = maker.node("startEvent", "");
    let body = maker.sequence(1);
    let end = maker.node("endEvent", "");
    maker.flow(&start, &body.first);
    maker.flow(&body.last, &end);
    maker.closes("subProcess");
}

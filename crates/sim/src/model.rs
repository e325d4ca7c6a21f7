//! Random models out of every element that is supported.
//!
//! Models are built from blocks with one entry and one exit, so that honest workers bring every
//! instance to its end: what stands still in the simulator is then the engine's fault.

mod ad_hoc;
mod duties;
mod fragments;
mod names;
mod scopes;
mod starts;
mod watches;

use std::fmt::Write as _;

use bpmn::{Binding, Kind, Process, Value};

pub(crate) use names::{ELEMENTS, name_of};

use crate::rng::Rng;

/// Processes of a run: `p0`, `p1`, ...
pub(crate) const PROCESSES: u64 = 4;
/// Different texts of each.
pub(crate) const VARIANTS: u64 = 3;
/// Those of them that have a version tag.
pub(crate) const TAGGED: u64 = 2;
pub(crate) const JOB_TYPES: &[&str] = &["a", "b", "c"];
/// Messages that instances wait for, and those that start some. The last two start together what
/// needs both.
pub(crate) const CATCH_MESSAGES: &[&str] = &["m0", "m1", "m2"];
pub(crate) const START_MESSAGES: &[&str] = &["s0", "s1", "s2", "s3"];
/// The signal that starts instances. None of them throws it, so that they do not start for ever.
pub(crate) const START_SIGNAL: &str = "g1";
/// The signal that instances throw and wait for, and the name of its slot.
pub(crate) const SIGNAL: &str = "g0";
pub(crate) const SIGNAL_SLOT: &str = "\u{1}g0";
/// Values of the variables `k` and `k2`, as correlation keys.
pub(crate) const KEYS: &[&str] = &["x", "y", "1", "2", "", "z"];
/// Code of the error that some boundary events name.
pub(crate) const CODES: &[&str] = &["GONE", "OTHER"];

/// The decisions that models call. They cannot fail: what stands still is the engine's fault.
const DECISIONS: &str = r##"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="shop" name="Shop" namespace="urn:fermata:sim">
<decision id="size" name="size"><extensionElements><zeebe:versionTag value="good"/></extensionElements>
<variable name="size"/><decisionTable id="sizes" hitPolicy="FIRST">
<input id="in"><inputExpression id="in-n"><text>n</text></inputExpression></input>
<output id="out" name="size"/>
<rule id="few"><inputEntry id="e1"><text>&lt; 3</text></inputEntry><outputEntry id="e2"><text>"few"</text></outputEntry></rule>
<rule id="many"><inputEntry id="e3"><text>-</text></inputEntry><outputEntry id="e4"><text>n</text></outputEntry></rule>
</decisionTable></decision>
<decision id="both" name="both"><extensionElements><zeebe:versionTag value="good"/></extensionElements>
<variable name="both"/>
<informationRequirement id="r"><requiredDecision href="#size"/></informationRequirement>
<literalExpression id="l"><text>[size, k]</text></literalExpression></decision>
</definitions>"##;

/// As [`DECISIONS`], the same or another version; the last of them without the tag.
pub(crate) fn decisions(variant: u64) -> String {
    let text = if variant < TAGGED { DECISIONS.into() } else { DECISIONS.replace("good", "new") };
    format!("{text}<!-- {variant} -->")
}

/// A model as text and graph.
pub(crate) struct Model {
    pub(crate) text: String,
    pub(crate) processes: Vec<Process>,
}

/// A file that our own reader refuses is a bug of the generator or of the reader.
fn read(text: String) -> Model {
    let model = bpmn::read(&text).unwrap_or_else(|findings| {
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        panic!("a generated model was refused:\n{}\n{text}", lines.join("\n"))
    });
    Model { processes: model.processes, text }
}

/// One of the run's models. `fragments_max` bounds its size.
pub(crate) fn generate(seed: u64, process: u64, variant: u64, fragments_max: u64) -> Model {
    let rng = Rng::of(seed, 1_000 + process * VARIANTS + variant);
    let budget = fragments_max.max(1);
    let mut maker = Maker { rng, xml: String::new(), next: 0, budget, process };
    let tag = if variant < TAGGED { r#"<zeebe:versionTag value="good"/>"# } else { "" };
    let listens = maker.rng.chance(1, 8);
    let listeners =
        if listens { duties::listeners(&mut maker, &["start", "end"]) } else { String::new() };
    maker.says(&fragments::extensions(&format!("{tag}{listeners}")));
    let starts = starts::starts(&mut maker);
    let body = maker.sequence(3);
    let end = maker.node("endEvent", "");
    if maker.rng.chance(1, 4) {
        scopes::event_sub_process(&mut maker);
    }
    // Paths meet at an exclusive gateway: a parallel one would wait for all of them.
    let first = if starts.len() > 1 {
        let merge = maker.node("exclusiveGateway", "");
        maker.flow(&merge, &body.first);
        merge
    } else {
        body.first
    };
    for start in starts {
        maker.flow(&start, &first);
    }
    maker.flow(&body.last, &end);
    read(file(process, &maker.xml))
}

/// What must be deployed together with a model, or has a version with the tag that it asks for: of the
/// processes that it calls, and of those that these call.
pub(crate) fn bound(seed: u64, model: &Model, variant: u64, fragments: u64) -> Vec<(u64, Model)> {
    let mut all: Vec<(u64, Model)> = Vec::new();
    let mut open = callees(model);
    while let Some(process) = open.pop() {
        if all.iter().any(|(known, _)| *known == process) {
            continue;
        }
        let model = generate(seed, process, (variant + process) % TAGGED, fragments);
        open.extend(callees(&model));
        all.push((process, model));
    }
    all
}

fn callees(model: &Model) -> Vec<u64> {
    let nodes = model.processes.iter().flat_map(|process| &process.nodes);
    let called = nodes.filter_map(|node| match &node.kind {
        Kind::Call(called) if called.binding != Binding::Latest => Some(&called.process_id),
        _ => None,
    });
    let number = |id: &Value| match id {
        Value::Fixed(id) => id.strip_prefix('p')?.parse().ok(),
        Value::Feel(_) => None,
    };
    called.filter_map(number).collect()
}

/// A version of the process that starts by itself no more and ends at once.
pub(crate) fn retired(process: u64) -> Model {
    let mut maker = Maker { rng: Rng::new(0), xml: String::new(), next: 0, budget: 1, process };
    let (start, end) = (maker.node("startEvent", ""), maker.node("endEvent", ""));
    maker.flow(&start, &end);
    read(file(process, &maker.xml))
}

/// The same elements with other numbers, and other names if so wanted.
pub(crate) fn twin(text: &str, rename: bool) -> Model {
    let begins = r#"isExecutable="true">"#;
    // Nobody reaches it.
    let nth = text.matches("id=\"extra").count();
    let mut twin = text.replacen(begins, &format!(r#"{begins}<bpmn:task id="extra{nth}"/>"#), 1);
    if rename {
        twin = renamed(&twin);
    }
    read(twin)
}

/// A text with all names of elements replaced: `n12` by `r12`, and back.
pub(crate) fn renamed(text: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(at) = rest.next() {
        let names = !before.is_alphanumeric() && rest.peek().is_some_and(char::is_ascii_digit);
        renamed.push(match at {
            'n' if names => 'r',
            'r' if names => 'n',
            other => other,
        });
        before = at;
    }
    renamed
}

fn file(process: u64, body: &str) -> String {
    let mut roots = String::new();
    let keyed = [("m0", "=k"), ("m1", "=k"), ("m2", "=k2"), ("s2", "=k"), ("s3", "=k")];
    for (name, key) in keyed {
        let _ = write!(
            roots,
            r#"<bpmn:message id="{name}" name="{name}"><bpmn:extensionElements><zeebe:subscription correlationKey="{key}"/></bpmn:extensionElements></bpmn:message>"#
        );
    }
    for name in &START_MESSAGES[..2] {
        let _ = write!(roots, r#"<bpmn:message id="{name}" name="{name}"/>"#);
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:fermata="https://fermata.dev/schema/bpmn/1.0" targetNamespace="urn:fermata:sim">
<bpmn:process id="p{process}" isExecutable="true">
{body}</bpmn:process>
{roots}<bpmn:error id="gone" errorCode="GONE"/>
<bpmn:error id="timeout" errorCode="TIMEOUT"/>
<bpmn:escalation id="late" escalationCode="LATE"/>
<bpmn:signal id="g0" name="{SIGNAL}"/>
<bpmn:signal id="g1" name="{START_SIGNAL}"/>
</bpmn:definitions>"#
    )
}

/// A block's entry and exit.
pub(crate) struct Span {
    first: String,
    last: String,
}

/// A model in the making.
pub(crate) struct Maker {
    rng: Rng,
    xml: String,
    next: u32,
    /// Fragments that may still be made.
    budget: u64,
    /// Whose model it is: it calls only later ones, so that no chain of calls is without end.
    process: u64,
}

impl Maker {
    fn id(&mut self) -> String {
        self.next += 1;
        format!("n{}", self.next)
    }

    /// An element with this content; answers its id.
    fn node(&mut self, element: &str, content: &str) -> String {
        self.node_with(element, "", content)
    }

    fn node_with(&mut self, element: &str, attributes: &str, content: &str) -> String {
        let id = self.id();
        let _ = writeln!(
            self.xml,
            r#"<bpmn:{element} id="{id}" {attributes}>{content}</bpmn:{element}>"#
        );
        id
    }

    /// An exclusive gateway that was promised under this id, with its default flow.
    fn splits(&mut self, id: &str, default: &str) {
        self.gateway("exclusiveGateway", id, default);
    }

    /// A gateway that was promised under this id, with its default flow.
    fn gateway(&mut self, element: &str, id: &str, default: &str) {
        let _ = writeln!(self.xml, r#"<bpmn:{element} id="{id}" default="{default}"/>"#);
    }

    /// Begins an element that has others in it.
    fn opens(&mut self, element: &str, id: &str, content: &str) {
        self.opens_with(element, id, "", content);
    }

    fn opens_with(&mut self, element: &str, id: &str, attributes: &str, content: &str) {
        let _ = writeln!(self.xml, r#"<bpmn:{element} id="{id}" {attributes}>{content}"#);
    }

    fn closes(&mut self, element: &str) {
        let _ = writeln!(self.xml, "</bpmn:{element}>");
    }

    /// Content of the element that was begun.
    fn says(&mut self, content: &str) {
        self.xml.push_str(content);
    }

    fn flow(&mut self, from: &str, to: &str) -> String {
        self.flow_if(from, to, "")
    }

    fn flow_if(&mut self, from: &str, to: &str, condition: &str) -> String {
        let id = self.id();
        let condition = if condition.is_empty() {
            String::new()
        } else {
            format!("<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>")
        };
        let _ = writeln!(
            self.xml,
            r#"<bpmn:sequenceFlow id="{id}" sourceRef="{from}" targetRef="{to}">{condition}</bpmn:sequenceFlow>"#
        );
        id
    }

    /// Some fragments in a line.
    fn sequence(&mut self, most: u64) -> Span {
        let mut whole: Option<Span> = None;
        for _ in 0..=self.rng.below(most) {
            let next = self.fragment();
            whole = Some(match whole {
                None => next,
                Some(whole) => {
                    self.flow(&whole.last, &next.first);
                    Span { first: whole.first, last: next.last }
                }
            });
        }
        whole.unwrap_or_else(|| self.fragment())
    }

    /// One fragment; a plain job when the model is large enough.
    fn fragment(&mut self) -> Span {
        if self.budget == 0 {
            return fragments::job(self);
        }
        self.budget -= 1;
        let all: u64 = fragments::FRAGMENTS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.rng.below(all);
        for (weight, make) in fragments::FRAGMENTS {
            if at < *weight {
                return make(self);
            }
            at -= weight;
        }
        fragments::job(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_model_is_one_that_the_reader_takes_and_all_elements_occur() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..400 {
            for process in 0..PROCESSES {
                let model = generate(seed, process, 0, 8);
                seen.extend(model.processes.iter().flat_map(|p| &p.nodes).map(name_of));
            }
        }
        let never: Vec<_> = ELEMENTS.iter().filter(|name| !seen.contains(*name)).collect();
        assert!(never.is_empty(), "the generator makes no {never:?}");
        // Nothing ever enters it: its handler is all that there is.
        seen.remove("boundary compensation");
        let unknown: Vec<_> = seen.iter().filter(|name| !ELEMENTS.contains(name)).collect();
        assert!(unknown.is_empty(), "ELEMENTS does not have {unknown:?}");
    }
}

//! Loop markers: `multiInstanceLoopCharacteristics` and `standardLoopCharacteristics`.
//!
//! In:  an activity's XML.
//! Out: its marker, or what is wrong with it.
//! Absent: what is not executed (data inputs, behaviours that throw events): it is refused.

use base::Severity;
use base::Text;
use feel::Expression;
use roxmltree::{Attribute, Node as Xml};

use super::builder::{Builder, bpmn_child, elements};
use super::extension::named;
use super::{BPMN, ZEEBE};
use crate::marker::{Marker, MultiInstance, Output, Over, StandardLoop};

const MULTI: &str = "multiInstanceLoopCharacteristics";
const STANDARD: &str = "standardLoopCharacteristics";
/// Activities that may repeat.
const ACTIVITIES: &[&str] = &[
    "task",
    "manualTask",
    "serviceTask",
    "sendTask",
    "userTask",
    "scriptTask",
    "businessRuleTask",
    "receiveTask",
    "subProcess",
    "transaction",
    "adHocSubProcess",
    "callActivity",
];
/// Children of a marker that say nothing to an engine.
const NOTES: &[&str] = &["documentation", "extensionElements"];

impl<'a> Builder<'a> {
    /// The loop marker of an element, if it has one.
    pub fn marker(&mut self, source: Xml<'a, 'a>) -> Option<Marker> {
        let mut markers = elements(source).filter(|child| {
            child.has_tag_name((BPMN, MULTI)) || child.has_tag_name((BPMN, STANDARD))
        });
        let marker = markers.next()?;
        if let Some(second) = markers.next() {
            let message = "the activity has two loop markers";
            self.error(second, "B030", message, "keep one, or put one on a sub-process around it");
            return None;
        }
        let name = source.tag_name().name();
        let event = source.attribute("triggeredByEvent") == Some("true");
        if !ACTIVITIES.contains(&name) || event {
            let message = format!("<{name}> cannot have a loop marker");
            let help = "mark a task or a sub-process; other elements repeat by flows";
            self.error(marker, "B030", message, help);
            return None;
        }
        if marker.has_tag_name((BPMN, MULTI)) {
            self.multi_instance(marker).map(Marker::Multi)
        } else {
            self.standard_loop(marker).map(Marker::Standard)
        }
    }

    fn multi_instance(&mut self, marker: Xml<'a, 'a>) -> Option<MultiInstance> {
        let before = self.findings.len();
        self.only_attributes(marker, &["id", "isSequential", "behavior"]);
        self.only_children(marker, &["loopCardinality", "completionCondition"]);
        if let Some(behavior) = marker.attribute("behavior").filter(|found| *found != "All") {
            let message = format!("the behavior \"{behavior}\" is not supported by this version");
            self.error(marker, "B034", message, "remove it: no event is thrown between turns");
        }
        let sequential = self.flag(marker, "isSequential");
        let extensions = self.extensions(marker, &["loopCharacteristics"]);
        let spec = named(&extensions, "loopCharacteristics").next();
        if let Some(spec) = spec {
            let known = ["inputCollection", "inputElement", "outputCollection", "outputElement"];
            self.only_attributes(spec, &known);
        }
        let collection = spec.and_then(|spec| self.expression(spec, "inputCollection"));
        let cardinality = self.expression_child(marker, "loopCardinality");
        let input_element = spec.and_then(|spec| self.variable(spec, "inputElement"));
        let output = spec.and_then(|spec| self.output(spec));
        let completion = self.expression_child(marker, "completionCondition");
        if before != self.findings.len() {
            return None;
        }
        let over = match (collection, cardinality) {
            (Some(collection), None) => Over::Collection(collection),
            (None, Some(_)) if input_element.is_some() => {
                let message = "there is an input element, but no input collection";
                let help = "add inputCollection=\"= ...\" instead of the cardinality, or remove it";
                self.error(marker, "B032", message, help);
                return None;
            }
            (None, Some(cardinality)) => Over::Cardinality(cardinality),
            (Some(_), Some(_)) => {
                let message = "there is both an input collection and a loop cardinality";
                self.error(marker, "B031", message, "keep one of them");
                return None;
            }
            (None, None) => {
                let message = "the multi-instance does not say how often";
                let help = "add <zeebe:loopCharacteristics inputCollection=\"= ...\" />, or \
                            <loopCardinality>= 3</loopCardinality>";
                self.error(marker, "B031", message, help);
                return None;
            }
        };
        Some(MultiInstance { sequential, over, input_element, output, completion })
    }

    pub(super) fn output(&mut self, spec: Xml<'a, 'a>) -> Option<Output> {
        let collection = self.variable(spec, "outputCollection");
        let element = self.expression(spec, "outputElement");
        let said = |name| spec.attribute(name).is_some_and(|text: &str| !text.trim().is_empty());
        match (said("outputCollection"), said("outputElement")) {
            (true, false) => {
                let message = "there is an output collection, but nothing says what goes into it";
                self.error(spec, "B032", message, "add outputElement=\"= ...\"");
            }
            (false, true) => {
                let message = "there is an output element, but no collection that it goes into";
                self.error(spec, "B032", message, "add outputCollection=\"...\"");
            }
            (true, true) | (false, false) => {}
        }
        let (collection, element) = (collection?, element?);
        let variable = variable_of(element.source());
        Some(Output { collection, element, variable })
    }

    fn standard_loop(&mut self, marker: Xml<'a, 'a>) -> Option<StandardLoop> {
        let before = self.findings.len();
        self.only_attributes(marker, &["id", "testBefore", "loopMaximum"]);
        self.only_children(marker, &["loopCondition"]);
        self.extensions(marker, &[]);
        let test_before = self.flag(marker, "testBefore");
        let maximum = match marker.attribute("loopMaximum").map(str::trim) {
            None | Some("") => None,
            Some(text) => {
                let maximum = text.parse::<u32>().ok().filter(|maximum| *maximum >= 1);
                if maximum.is_none() {
                    let message = format!(
                        "expected the maximum to be a whole number above 0, but found \"{text}\""
                    );
                    self.error(marker, "B033", message, "say how often it repeats at most");
                }
                maximum
            }
        };
        let condition = self.expression_child(marker, "loopCondition");
        if before != self.findings.len() {
            return None;
        }
        if condition.is_none() && maximum.is_none() {
            let message = "the loop never ends: it has neither a condition nor a maximum";
            let help = "add <loopCondition>= ...</loopCondition>; it goes on while that is true";
            self.error(marker, "B033", message, help);
            return None;
        }
        Some(StandardLoop { test_before, maximum, condition })
    }

    /// `true` or `false`; false if absent.
    fn flag(&mut self, at: Xml<'a, 'a>, name: &str) -> bool {
        match at.attribute(name) {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                let message = format!("expected {name} to be true or false, but found \"{other}\"");
                self.error(at, "B034", message, "write true or false");
                false
            }
        }
    }

    pub(super) fn expression(&mut self, at: Xml<'a, 'a>, name: &str) -> Option<Expression> {
        let attribute = at.attribute_node(name)?;
        if attribute.value().trim().is_empty() {
            return None;
        }
        self.feel(at, attribute.value(), attribute.range_value().start)
    }

    pub(super) fn expression_child(&mut self, at: Xml<'a, 'a>, name: &str) -> Option<Expression> {
        let child = bpmn_child(at, name)?;
        let text = child.text().unwrap_or_default();
        if text.trim().is_empty() {
            let message = format!("<{name}> is empty");
            self.error(child, "B034", message, "write a FEEL expression, or remove it");
            return None;
        }
        let start = child.first_child().map_or(0, |text| text.range().start);
        self.feel(child, text, start)
    }

    /// The name of a variable.
    fn variable(&mut self, at: Xml<'a, 'a>, name: &str) -> Option<Text> {
        let found = at.attribute(name).map(str::trim).filter(|found| !found.is_empty())?;
        if !is_name(found) {
            let message = format!("expected {name} to be a variable name, but found \"{found}\"");
            self.error(at, "B032", message, "name a variable, without `=`");
            return None;
        }
        Some(found.into())
    }

    pub(super) fn only_attributes(&mut self, at: Xml<'a, 'a>, known: &[&str]) {
        let foreign = |attribute: &Attribute<'_, '_>| {
            attribute.namespace().is_some_and(|uri| uri != ZEEBE && !uri.contains("camunda"))
        };
        for attribute in at.attributes().filter(|attribute| !foreign(attribute)) {
            let name = attribute.name();
            if attribute.namespace().is_some() || !known.contains(&name) {
                let message = format!(
                    "the attribute {name} is not supported on <{}> by this version",
                    at.tag_name().name()
                );
                let help = format!("remove it; known are {}", known.join(", "));
                let byte = attribute.range().start;
                self.finding_at(at, byte, Severity::Error, "B034", message, help);
            }
        }
    }

    fn only_children(&mut self, at: Xml<'a, 'a>, known: &[&str]) {
        for child in elements(at) {
            let name = child.tag_name().name();
            let bpmn = child.tag_name().namespace() == Some(BPMN);
            if !bpmn || !(known.contains(&name) || NOTES.contains(&name)) {
                let message = format!(
                    "<{name}> is not supported in <{}> by this version",
                    at.tag_name().name()
                );
                self.error(
                    child,
                    "B034",
                    message,
                    format!("remove it; known are {}", known.join(", ")),
                );
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.chars().all(name) && text.chars().next().is_some_and(|first| !first.is_numeric())
}

/// The variable that an expression is (`a`), or is a part of (`a.b`).
fn variable_of(source: &str) -> Option<Text> {
    let mut parts = source.trim().split('.').map(str::trim);
    let first = parts.next().filter(|first| is_name(first))?;
    parts.all(is_name).then(|| first.into())
}

#[cfg(test)]
mod tests {
    use super::variable_of;

    #[test]
    fn only_a_variable_or_a_part_of_one_is_kept_apart() {
        assert_eq!(variable_of(" result ").as_deref(), Some("result"));
        assert_eq!(variable_of("order.total").as_deref(), Some("order"));
        for other in ["1.5", "a + b", "f(x)", "", "null + 1"] {
            assert_eq!(variable_of(other), None, "{other}");
        }
    }
}

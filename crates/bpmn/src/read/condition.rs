//! Conditional events: the condition, and which changes of variables have it evaluated.
//!
//! In:  a `conditionalEventDefinition`.
//! Out: the condition, or what is wrong with it.
//! Absent: when it is evaluated (see `run::condition`).

use base::{Severity, Text};
use feel::Expression;
use roxmltree::Node as Xml;

use super::ZEEBE;
use super::builder::{Builder, Draft, bpmn_child};
use super::extension::named;
use crate::graph::{Condition, Kind, Trigger};

/// What `zeebe:conditionalFilter` may say.
const ATTRIBUTES: &[&str] = &["variableNames", "variableEvents"];

impl<'a> Builder<'a> {
    /// `in_instance` is false for a start event of a process, whose condition a caller asks for.
    pub(super) fn conditional(
        &mut self,
        definition: Xml<'a, 'a>,
        in_instance: bool,
    ) -> Option<Trigger> {
        let condition = bpmn_child(definition, "condition");
        let text = condition.and_then(|found| found.text()).unwrap_or_default();
        let Some(condition) = condition.filter(|_| !text.trim().is_empty()) else {
            let help = "add <condition>= ...</condition>, a FEEL expression";
            self.error(definition, "B045", "the conditional event has no condition", help);
            return None;
        };
        let start = condition.first_child().map_or(0, |text| text.range().start);
        let expression = self.feel(condition, text, start)?;
        let names = expression.names().iter().map(|name| Text::from(&**name)).collect();
        let mut read = Condition { expression, names, on_create: true, on_update: true };
        let extensions = self.extensions(definition, &["conditionalFilter"]);
        for filter in named(&extensions, "conditionalFilter") {
            self.filter(filter, &mut read);
            if !in_instance {
                let message = "a filter has no effect on the start event of a process";
                let help = "remove it: a caller says when the condition is evaluated";
                self.warning(filter, "B046", message, help);
            }
        }
        if in_instance && read.names.is_empty() {
            let message = "the condition reads no variable: it is evaluated once and never again";
            let help = "name the variables that it depends on";
            self.warning(condition, "B046", message, help);
        }
        Some(Trigger::Condition(read))
    }

    fn filter(&mut self, filter: Xml<'a, 'a>, read: &mut Condition) {
        let ours = filter.attributes().filter(|a| matches!(a.namespace(), None | Some(ZEEBE)));
        let unknown: Vec<&str> =
            ours.map(|a| a.name()).filter(|name| !ATTRIBUTES.contains(name)).collect();
        for name in unknown {
            let message = format!("the attribute {name} of a condition's filter is not supported");
            self.error(filter, "B045", message, format!("known are {}", ATTRIBUTES.join(", ")));
        }
        let words = |name: &str| {
            let list = filter.attribute(name).unwrap_or_default().split(',').map(str::trim);
            list.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        let names = words("variableNames");
        if !names.is_empty() {
            read.names = names.into_iter().map(Text::from).collect();
        }
        let events = words("variableEvents");
        if let Some(other) = events.iter().find(|word| !matches!(**word, "create" | "update")) {
            let message =
                format!("expected variableEvents to be create, update, but found \"{other}\"");
            self.error(filter, "B045", message, "variables are created and updated, never deleted");
        }
        if !events.is_empty() {
            read.on_create = events.contains(&"create");
            read.on_update = events.contains(&"update");
        }
    }

    /// `<activationCondition>` of a complex gateway.
    pub(super) fn activation(&mut self, gateway: Xml<'a, 'a>) -> Option<Expression> {
        let condition = bpmn_child(gateway, "activationCondition")?;
        let text = condition.text().unwrap_or_default();
        let start = condition.first_child().map_or(0, |text| text.range().start);
        if text.trim().is_empty() {
            let message = "the activation condition is empty";
            self.error(condition, "B110", message, "write a FEEL expression");
            return None;
        }
        self.feel(condition, text, start)
    }

    fn warning(&mut self, at: Xml<'a, 'a>, code: &'static str, message: &str, help: &str) {
        self.finding_at(at, at.range().start, Severity::Warning, code, message, help);
    }

    /// A process has no two start events with the same condition: both would always start together.
    pub(super) fn check_conditions(&mut self, draft: &Draft<'a>) {
        let mut known: Vec<&str> = Vec::new();
        let mut twice = Vec::new();
        for (node, source) in draft.nodes.iter().zip(&draft.sources) {
            let trigger = match &node.kind {
                Kind::Start(trigger) if node.scope == 0 => trigger,
                Kind::Catch(trigger) if node.instantiates => trigger,
                _ => continue,
            };
            for one in trigger.choices() {
                let Trigger::Condition(condition) = one else { continue };
                let text = condition.expression.source().trim();
                if known.contains(&text) {
                    twice.push(*source);
                }
                known.push(text);
            }
        }
        for source in twice {
            let message = "two start events of the process have the same condition";
            self.error(source, "B045", message, "keep one of them");
        }
    }
}

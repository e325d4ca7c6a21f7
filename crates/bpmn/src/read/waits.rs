//! What an event waits for in time or from others: messages and timers; root elements by reference.

use roxmltree::Node as Xml;

use super::BPMN;
use super::builder::{Builder, bpmn_child};
use super::event::Wait;
use super::extension::named;
use crate::graph::{Timer, Trigger, Value};

impl<'a> Builder<'a> {
    pub(super) fn message(
        &mut self,
        event: Xml<'a, 'a>,
        definition: Xml<'a, 'a>,
        wait: Wait,
    ) -> Option<Trigger> {
        let message = self.root_ref(definition, "messageRef", "message")?;
        let before = self.errors();
        let name = self.value_attribute(message, "name");
        if name.is_none() && before == self.errors() {
            self.error(message, "B014", "the message has no name", "name it as publishers will");
        }
        if wait.begins() && matches!(name, Some(Value::Feel(_))) {
            self.error(
                message,
                "B014",
                "the message of a start event needs a fixed name",
                "remove the leading =; there are no variables before the start",
            );
        }
        let extensions = self.extensions(message, &["subscription"]);
        let key = named(&extensions, "subscription")
            .next()
            .and_then(|s| s.attribute_node("correlationKey"));
        let correlation_key =
            key.and_then(|key| self.feel(message, key.value(), key.range_value().start));
        if wait.correlates() && key.is_none() {
            let message = format!(
                "<{}> waits for a message without a correlation key",
                event.tag_name().name()
            );
            self.error(
                event,
                "B014",
                message,
                "add <zeebe:subscription correlationKey=\"= ...\" /> to the message",
            );
        }
        Some(Trigger::Message { name: name?, correlation_key })
    }

    pub(super) fn timer(&mut self, event: Xml<'a, 'a>, definition: Xml<'a, 'a>) -> Option<Timer> {
        let choices: Vec<_> = ["timeDate", "timeDuration", "timeCycle"]
            .into_iter()
            .filter_map(|name| bpmn_child(definition, name))
            .collect();
        let [choice] = choices[..] else {
            self.error(
                definition,
                "B015",
                "expected one of timeDate, timeDuration and timeCycle",
                "say when the timer is due",
            );
            return None;
        };
        let before = self.errors();
        let Some(value) = self.value_text(choice) else {
            if before == self.errors() {
                self.error(choice, "B015", "the timer is empty", "say when it is due");
            }
            return None;
        };
        let timer = match choice.tag_name().name() {
            "timeDate" => Timer::Date(value),
            "timeDuration" => Timer::Duration(value),
            _ => Timer::Cycle(value),
        };
        if let Err(message) = crate::timer::check(&timer) {
            self.error(choice, "B015", message, "write ISO-8601, for example PT15M or R3/PT10S");
        }
        let name = event.tag_name().name();
        let parent = event.parent();
        let of_process = parent.is_some_and(|parent| parent.tag_name().name() == "process");
        let repeats = name == "startEvent"
            && (of_process || event.attribute("isInterrupting") == Some("false"))
            || name == "boundaryEvent" && event.attribute("cancelActivity") == Some("false");
        if matches!(timer, Timer::Cycle(_)) && !repeats {
            self.error(
                choice,
                "B015",
                "a cycle cannot repeat here",
                "use timeDuration, or an event that starts or does not interrupt",
            );
        }
        if matches!(timer, Timer::Duration(_)) && name == "startEvent" && of_process {
            self.error(
                choice,
                "B015",
                "a start event has nothing from which a duration could run",
                "use timeDate or timeCycle",
            );
        }
        Some(timer)
    }

    pub(super) fn root_ref(
        &mut self,
        at: Xml<'a, 'a>,
        attribute: &str,
        kind: &str,
    ) -> Option<Xml<'a, 'a>> {
        if at.attribute(attribute).is_none() {
            let message = format!("<{}> refers to no {kind}", at.tag_name().name());
            self.error(at, "B014", message, format!("add {attribute}=\"...\""));
        }
        self.root_ref_optional(at, attribute, kind)
    }

    pub(super) fn root_ref_optional(
        &mut self,
        at: Xml<'a, 'a>,
        attribute: &str,
        kind: &str,
    ) -> Option<Xml<'a, 'a>> {
        let id = at.attribute(attribute)?;
        let local = id.rsplit(':').next().unwrap_or(id);
        let found = self.roots.get(local).copied().filter(|node| node.has_tag_name((BPMN, kind)));
        if found.is_none() {
            self.error(
                at,
                "B007",
                format!("there is no {kind} with the id \"{id}\""),
                format!("add <{kind} id=\"{id}\" ... />, or correct the reference"),
            );
        }
        found
    }
}

//! One element to one node.

use roxmltree::Node as Xml;

use super::BPMN;
use super::builder::{Builder, Draft, blank, bpmn_child, elements};
use super::extension::named;
use crate::graph::{EndKind, Kind, Timer, Trigger, Value};

/// What may stand in an activity or event beside its own content.
const JOB: &[&str] = &["taskDefinition", "taskHeaders", "ioMapping"];
const USER: &[&str] = &[
    "userTask",
    "taskDefinition",
    "taskHeaders",
    "ioMapping",
    "assignmentDefinition",
    "taskSchedule",
    "formDefinition",
    "priorityDefinition",
];

impl<'a> Builder<'a> {
    pub fn node(&mut self, source: Xml<'a, 'a>, scope: u32, draft: &mut Draft<'a>) {
        let Some(id) = self.id_of(source) else { return };
        let number = u32::try_from(draft.nodes.len()).unwrap_or(u32::MAX);
        if draft.ids.insert(source.attribute("id").unwrap_or_default(), number).is_some() {
            let message = format!("the id \"{id}\" is used twice");
            self.error(source, "B005", message, "give every element an id of its own");
            return;
        }
        self.refuse_markers(source);
        let marker = self.marker(source);
        let Some((kind, element_type, extensions)) = self.kind(source, scope) else {
            draft.ids.remove(source.attribute("id").unwrap_or_default());
            return;
        };
        let mut node = blank(id, source, scope, kind, element_type);
        node.marker = marker;
        self.mappings(&extensions, &mut node);
        let is_scope = matches!(node.kind, Kind::SubProcess { .. });
        draft.nodes.push(node);
        draft.sources.push(source);
        if is_scope {
            self.scope(source, number, draft);
        }
    }

    fn refuse_markers(&mut self, source: Xml<'a, 'a>) {
        if source.attribute("isForCompensation") == Some("true") {
            self.error(
                source,
                "B004",
                "compensation is not supported by this version",
                "model the undoing as a path of its own",
            );
        }
    }

    #[expect(clippy::too_many_lines, reason = "one row an element; splitting hides the table")]
    fn kind(
        &mut self,
        source: Xml<'a, 'a>,
        scope: u32,
    ) -> Option<(Kind, &'static str, Vec<Xml<'a, 'a>>)> {
        let name = source.tag_name().name();
        Some(match name {
            "serviceTask" | "sendTask" => {
                let extensions = self.extensions(source, JOB);
                let kind = Kind::Job(self.job(source, &extensions)?);
                let element_type = if name == "sendTask" { "SEND_TASK" } else { "SERVICE_TASK" };
                (kind, element_type, extensions)
            }
            "businessRuleTask" => self.business_rule(source)?,
            "scriptTask" => self.script(source)?,
            "userTask" => {
                let extensions = self.extensions(source, USER);
                (Kind::UserTask(self.user_task(&extensions)), "USER_TASK", extensions)
            }
            "task" | "manualTask" => {
                let element_type = if name == "task" { "TASK" } else { "MANUAL_TASK" };
                (Kind::Pass, element_type, self.extensions(source, &["ioMapping"]))
            }
            "receiveTask" => {
                let trigger = self.message(source, source, true)?;
                (Kind::Catch(trigger), "RECEIVE_TASK", self.extensions(source, &["ioMapping"]))
            }
            "exclusiveGateway" => {
                (Kind::Exclusive, "EXCLUSIVE_GATEWAY", self.extensions(source, &[]))
            }
            "parallelGateway" => (Kind::Parallel, "PARALLEL_GATEWAY", self.extensions(source, &[])),
            "eventBasedGateway" => {
                if source.attribute("instantiate") == Some("true") {
                    self.error(
                        source,
                        "B004",
                        "an instantiating event-based gateway is not supported",
                        "use message start events",
                    );
                }
                (Kind::EventBased, "EVENT_BASED_GATEWAY", self.extensions(source, &[]))
            }
            "startEvent" => {
                let trigger = self.trigger(
                    source,
                    scope != 0,
                    &["messageEventDefinition", "timerEventDefinition"],
                )?;
                (Kind::Start(trigger), "START_EVENT", self.extensions(source, &["ioMapping"]))
            }
            "endEvent" => {
                (Kind::End(self.end(source)?), "END_EVENT", self.extensions(source, &["ioMapping"]))
            }
            "intermediateCatchEvent" => {
                let trigger = self.trigger(
                    source,
                    true,
                    &["messageEventDefinition", "timerEventDefinition"],
                )?;
                if matches!(trigger, Trigger::None) {
                    self.error(
                        source,
                        "B012",
                        "the catch event says nothing to wait for",
                        "add a message or a timer",
                    );
                }
                (
                    Kind::Catch(trigger),
                    "INTERMEDIATE_CATCH_EVENT",
                    self.extensions(source, &["ioMapping"]),
                )
            }
            "intermediateThrowEvent" => {
                self.trigger(source, true, &[])?;
                (Kind::Pass, "INTERMEDIATE_THROW_EVENT", self.extensions(source, &["ioMapping"]))
            }
            "boundaryEvent" => {
                let allowed =
                    ["messageEventDefinition", "timerEventDefinition", "errorEventDefinition"];
                let trigger = self.trigger(source, true, &allowed)?;
                let interrupting = source.attribute("cancelActivity") != Some("false");
                if matches!(trigger, Trigger::None) {
                    self.error(
                        source,
                        "B012",
                        "the boundary event says nothing to wait for",
                        "add a message, a timer or an error",
                    );
                }
                if matches!(trigger, Trigger::Error { .. }) && !interrupting {
                    self.error(
                        source,
                        "B012",
                        "an error boundary event always interrupts",
                        "remove cancelActivity=\"false\"",
                    );
                }
                let kind = Kind::Boundary { attached: 0, interrupting, trigger };
                (kind, "BOUNDARY_EVENT", self.extensions(source, &["ioMapping"]))
            }
            "subProcess" => {
                if source.attribute("triggeredByEvent") == Some("true") {
                    self.error(
                        source,
                        "B004",
                        "event sub-processes are not supported by this version",
                        "use boundary events",
                    );
                }
                (
                    Kind::SubProcess { start: 0 },
                    "SUB_PROCESS",
                    self.extensions(source, &["ioMapping"]),
                )
            }
            _ => {
                self.unsupported(source, "");
                return None;
            }
        })
    }

    fn script(&mut self, source: Xml<'a, 'a>) -> Option<(Kind, &'static str, Vec<Xml<'a, 'a>>)> {
        let extensions =
            self.extensions(source, &["script", "taskDefinition", "taskHeaders", "ioMapping"]);
        let Some(script) = named(&extensions, "script").next() else {
            if named(&extensions, "taskDefinition").next().is_some() {
                return Some((
                    Kind::Job(self.job(source, &extensions)?),
                    "SCRIPT_TASK",
                    extensions,
                ));
            }
            self.error(
                source,
                "B011",
                "the script task has neither an expression nor a job type",
                "add <zeebe:script expression=\"= ...\" resultVariable=\"...\" />",
            );
            return None;
        };
        let result = script.attribute("resultVariable").filter(|name| !name.trim().is_empty());
        if result.is_none() {
            self.error(
                script,
                "B011",
                "the script names no result variable",
                "add resultVariable=\"...\"",
            );
        }
        let attribute = script.attribute_node("expression");
        let (text, start) = attribute.map_or(("", 0), |a| (a.value(), a.range_value().start));
        let expression = self.feel(script, text, start)?;
        Some((
            Kind::Script { expression, result: result?.trim().into() },
            "SCRIPT_TASK",
            extensions,
        ))
    }

    fn end(&mut self, source: Xml<'a, 'a>) -> Option<EndKind> {
        let Some(definition) =
            self.definition(source, &["terminateEventDefinition", "errorEventDefinition"])?
        else {
            return Some(EndKind::None);
        };
        if definition.tag_name().name() == "terminateEventDefinition" {
            return Some(EndKind::Terminate);
        }
        let error = self.root_ref(definition, "errorRef", "error");
        let code = error.and_then(|error| self.value_attribute(error, "errorCode"));
        if code.is_none() {
            self.error(
                definition,
                "B013",
                "the error end event has no error code",
                "refer to an error with an errorCode",
            );
        }
        Some(EndKind::Error { code: code? })
    }

    /// The one event definition of an event; outer `None` when it was refused.
    fn definition(&mut self, source: Xml<'a, 'a>, allowed: &[&str]) -> Option<Option<Xml<'a, 'a>>> {
        let mut definitions = elements(source).filter(|child| {
            child.tag_name().name().ends_with("ventDefinition")
                || child.tag_name().name() == "eventDefinitionRef"
        });
        let Some(first) = definitions.next() else { return Some(None) };
        if let Some(second) = definitions.next() {
            self.error(
                second,
                "B004",
                "an event with several definitions is not supported",
                "use one event for each",
            );
            return None;
        }
        if !allowed.contains(&first.tag_name().name()) {
            self.unsupported(first, "");
            return None;
        }
        Some(Some(first))
    }

    fn trigger(
        &mut self,
        source: Xml<'a, 'a>,
        correlated: bool,
        allowed: &[&str],
    ) -> Option<Trigger> {
        let Some(definition) = self.definition(source, allowed)? else {
            return Some(Trigger::None);
        };
        match definition.tag_name().name() {
            "messageEventDefinition" => self.message(source, definition, correlated),
            "timerEventDefinition" => self.timer(source, definition).map(Trigger::Timer),
            _ => {
                let code = self
                    .root_ref_optional(definition, "errorRef", "error")
                    .and_then(|error| error.attribute("errorCode"))
                    .filter(|code| !code.is_empty());
                Some(Trigger::Error { code: code.map(Into::into) })
            }
        }
    }

    fn message(
        &mut self,
        event: Xml<'a, 'a>,
        definition: Xml<'a, 'a>,
        correlated: bool,
    ) -> Option<Trigger> {
        let message = self.root_ref(definition, "messageRef", "message")?;
        let before = self.findings.len();
        let name = self.value_attribute(message, "name");
        if name.is_none() && before == self.findings.len() {
            self.error(message, "B014", "the message has no name", "name it as publishers will");
        }
        if !correlated && matches!(name, Some(Value::Feel(_))) {
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
        if correlated && key.is_none() {
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

    fn timer(&mut self, event: Xml<'a, 'a>, definition: Xml<'a, 'a>) -> Option<Timer> {
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
        let before = self.findings.len();
        let Some(value) = self.value_text(choice) else {
            if before == self.findings.len() {
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
        let repeats = name == "startEvent"
            && event.parent().is_some_and(|p| p.tag_name().name() == "process")
            || name == "boundaryEvent" && event.attribute("cancelActivity") == Some("false");
        if matches!(timer, Timer::Cycle(_)) && !repeats {
            self.error(
                choice,
                "B015",
                "a cycle cannot repeat here",
                "use timeDuration, or a start event or non-interrupting boundary event",
            );
        }
        if matches!(timer, Timer::Duration(_)) && name == "startEvent" {
            self.error(
                choice,
                "B015",
                "a start event has nothing from which a duration could run",
                "use timeDate or timeCycle",
            );
        }
        Some(timer)
    }

    fn root_ref(&mut self, at: Xml<'a, 'a>, attribute: &str, kind: &str) -> Option<Xml<'a, 'a>> {
        if at.attribute(attribute).is_none() {
            let message = format!("<{}> refers to no {kind}", at.tag_name().name());
            self.error(at, "B014", message, format!("add {attribute}=\"...\""));
        }
        self.root_ref_optional(at, attribute, kind)
    }

    fn root_ref_optional(
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

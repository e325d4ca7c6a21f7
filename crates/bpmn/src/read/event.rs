//! Events: what triggers one, and what one does.
//!
//! In:  the element of an event, and where it stands.
//! Out: its trigger or throws; findings for definitions that cannot stand there.
//! Absent: which throw of a link leads to which catch (see `wiring`).

use roxmltree::Node as Xml;

use super::builder::{Builder, elements};
use crate::graph::{Kind, Throw, Timer, Trigger, Value};

/// What an event may have: kind, element type as the APIs name it, extensions.
pub(super) type Read<'a> = Option<(Kind, &'static str, Vec<Xml<'a, 'a>>)>;

/// Where a start event stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Process,
    SubProcess,
    EventSubProcess,
}

/// What an event that catches has when it begins to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    /// An instance with variables.
    Inside,
    /// No instance: it begins one.
    ToBegin,
    /// It begins an instance, or is one of several that the instance then waits for.
    ForOthers,
}

impl Wait {
    /// Whether there may be no variables yet, so that names are fixed.
    pub(super) fn begins(self) -> bool {
        self != Self::Inside
    }

    /// Whether a message must find an instance.
    pub(super) fn correlates(self) -> bool {
        self != Self::ToBegin
    }
}

impl<'a> Builder<'a> {
    pub(super) fn start_event(&mut self, source: Xml<'a, 'a>, home: Home) -> Read<'a> {
        const BEGINS: &[&str] = &[
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "conditionalEventDefinition",
        ];
        const HANDLES: &[&str] = &[
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "conditionalEventDefinition",
            "errorEventDefinition",
            "escalationEventDefinition",
            "compensateEventDefinition",
        ];
        let allowed = match home {
            Home::EventSubProcess => HANDLES,
            Home::Process | Home::SubProcess => BEGINS,
        };
        let is_definition = |it: &Xml<'_, '_>| it.tag_name().name().ends_with("ventDefinition");
        let several = elements(source).filter(is_definition).count() > 1;
        let all = several && source.attribute("parallelMultiple") == Some("true");
        let wait = match home {
            Home::Process if all => Wait::ForOthers,
            Home::Process => Wait::ToBegin,
            Home::SubProcess | Home::EventSubProcess => Wait::Inside,
        };
        let trigger = self.trigger(source, wait, allowed)?;
        if home == Home::EventSubProcess && matches!(trigger, Trigger::None) {
            self.error(
                source,
                "B012",
                "the start event of an event sub-process says nothing to wait for",
                "add a message, a timer, a signal, a condition, an error or an escalation",
            );
        }
        if let Trigger::All(parts) = &trigger
            && home == Home::Process
        {
            self.check_all_start(source, parts);
        }
        let interrupting = source.attribute("isInterrupting") != Some("false");
        self.check_interrupting(source, &trigger, interrupting, "isInterrupting");
        Some((Kind::Start(trigger), "START_EVENT", self.extensions(source, &["ioMapping"])))
    }

    pub(super) fn catch_event(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        const ALLOWED: &[&str] = &[
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "conditionalEventDefinition",
            "linkEventDefinition",
        ];
        let trigger = self.trigger(source, self.wait_of(source), ALLOWED)?;
        if matches!(trigger, Trigger::None) {
            self.error(
                source,
                "B012",
                "the catch event says nothing to wait for",
                "add a message, a timer, a signal, a condition or a link",
            );
        }
        let extensions = self.extensions(source, &["ioMapping"]);
        Some((Kind::Catch(trigger), "INTERMEDIATE_CATCH_EVENT", extensions))
    }

    pub(super) fn boundary_event(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        const ALLOWED: &[&str] = &[
            "messageEventDefinition",
            "timerEventDefinition",
            "signalEventDefinition",
            "conditionalEventDefinition",
            "errorEventDefinition",
            "escalationEventDefinition",
            "compensateEventDefinition",
            "cancelEventDefinition",
        ];
        let trigger = self.trigger(source, Wait::Inside, ALLOWED)?;
        let interrupting = source.attribute("cancelActivity") != Some("false");
        if matches!(trigger, Trigger::None) {
            self.error(
                source,
                "B012",
                "the boundary event says nothing to wait for",
                "add a message, a timer, a signal, a condition, an error or an escalation",
            );
        }
        self.check_interrupting(source, &trigger, interrupting, "cancelActivity");
        let kind = Kind::Boundary { attached: 0, interrupting, trigger };
        Some((kind, "BOUNDARY_EVENT", self.extensions(source, &["ioMapping"])))
    }

    fn check_interrupting(
        &mut self,
        source: Xml<'a, 'a>,
        trigger: &Trigger,
        interrupting: bool,
        attribute: &str,
    ) {
        let is_error = |trigger: &Trigger| matches!(trigger, Trigger::Error { .. });
        let has_error = match trigger {
            Trigger::Any(several) | Trigger::All(several) => several.iter().any(is_error),
            one => is_error(one),
        };
        if has_error && !interrupting {
            self.error(
                source,
                "B012",
                "an event that catches an error always interrupts",
                format!("remove {attribute}=\"false\""),
            );
        }
    }

    /// An intermediate throw event. A message is sent by a worker, as Camunda 8 does it.
    pub(super) fn throw_event(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        const ALLOWED: &[&str] = &[
            "messageEventDefinition",
            "signalEventDefinition",
            "escalationEventDefinition",
            "linkEventDefinition",
            "compensateEventDefinition",
        ];
        const TYPE: &str = "INTERMEDIATE_THROW_EVENT";
        let definitions = self.definitions_of(source, ALLOWED)?;
        if let Some(job) = self.sent(source, &definitions, TYPE) {
            return job;
        }
        if let Some(undoing) = self.undoing(source, &definitions, TYPE) {
            return undoing;
        }
        let mut throws = Vec::new();
        for definition in definitions {
            throws.extend(self.throw(definition));
        }
        let kind = if throws.is_empty() { Kind::Pass } else { Kind::Throw(throws) };
        Some((kind, TYPE, self.extensions(source, &["ioMapping"])))
    }

    pub(super) fn end_event(&mut self, source: Xml<'a, 'a>) -> Read<'a> {
        const ALLOWED: &[&str] = &[
            "messageEventDefinition",
            "terminateEventDefinition",
            "signalEventDefinition",
            "errorEventDefinition",
            "escalationEventDefinition",
            "compensateEventDefinition",
            "cancelEventDefinition",
        ];
        const TYPE: &str = "END_EVENT";
        let definitions = self.definitions_of(source, ALLOWED)?;
        if let Some(job) = self.sent(source, &definitions, TYPE) {
            return job;
        }
        if let Some(undoing) = self.undoing(source, &definitions, TYPE) {
            return undoing;
        }
        let mut throws = Vec::new();
        for definition in definitions {
            throws.push(self.throw(definition)?);
        }
        // What ends the thrower comes last.
        throws.sort_by_key(|throw| matches!(throw, Throw::Terminate | Throw::Error { .. }));
        Some((Kind::End(throws), TYPE, self.extensions(source, &["ioMapping"])))
    }

    /// An event that throws a message is a job. `None` if it throws none.
    fn sent(
        &mut self,
        source: Xml<'a, 'a>,
        definitions: &[Xml<'a, 'a>],
        element_type: &'static str,
    ) -> Option<Read<'a>> {
        let is_message = |it: &&Xml<'a, 'a>| it.tag_name().name() == "messageEventDefinition";
        let message = definitions.iter().find(is_message)?;
        if definitions.len() > 1 {
            self.error(
                *message,
                "B004",
                "an event that sends a message does nothing else",
                "put the other definitions into an event before it",
            );
            return Some(None);
        }
        let extensions = self.extensions(source, super::node::JOB);
        let job = self.job(source, &extensions);
        Some(job.map(|job| (Kind::Job(job), element_type, extensions)))
    }

    fn throw(&mut self, definition: Xml<'a, 'a>) -> Option<Throw> {
        match definition.tag_name().name() {
            "terminateEventDefinition" => Some(Throw::Terminate),
            "linkEventDefinition" => {
                self.link_name(definition)?;
                Some(Throw::Link { target: 0 })
            }
            "signalEventDefinition" => Some(Throw::Signal { name: self.signal_name(definition)? }),
            "errorEventDefinition" => {
                let code = self.thrown_code(definition, "error")?;
                Some(Throw::Error { code })
            }
            _ => {
                let code = self.thrown_code(definition, "escalation")?;
                Some(Throw::Escalation { code })
            }
        }
    }

    /// The code of what is thrown.
    fn thrown_code(&mut self, definition: Xml<'a, 'a>, kind: &str) -> Option<Value> {
        let before = self.errors();
        let root = self.root_ref(definition, &format!("{kind}Ref"), kind);
        let code = root.and_then(|root| self.value_attribute(root, &format!("{kind}Code")));
        if code.is_none() && before == self.errors() {
            self.error(
                definition,
                "B013",
                format!("the event throws an {kind} without a code"),
                format!("give the {kind} an {kind}Code"),
            );
        }
        code
    }

    /// The code of what is caught; none catches all.
    fn caught_code(&mut self, definition: Xml<'a, 'a>, kind: &str) -> Option<base::Text> {
        let root = self.root_ref_optional(definition, &format!("{kind}Ref"), kind)?;
        let code = root.attribute(format!("{kind}Code").as_str())?;
        (!code.is_empty()).then(|| code.into())
    }

    fn signal_name(&mut self, definition: Xml<'a, 'a>) -> Option<Value> {
        let before = self.errors();
        let signal = self.root_ref(definition, "signalRef", "signal")?;
        let name = self.value_attribute(signal, "name");
        if name.is_none() && before == self.errors() {
            self.error(signal, "B017", "the signal has no name", "name it as broadcasters will");
        }
        name
    }

    /// The name that links a throw to a catch.
    pub(super) fn link_name(&mut self, definition: Xml<'a, 'a>) -> Option<&'a str> {
        let name = definition.attribute("name").map(str::trim).filter(|name| !name.is_empty());
        if name.is_none() {
            let help = "add name=\"...\", the same at the other end";
            self.error(definition, "B016", "the link has no name", help);
        }
        name
    }

    /// The event definitions of an event; `None` when one was refused.
    fn definitions_of(
        &mut self,
        source: Xml<'a, 'a>,
        allowed: &[&str],
    ) -> Option<Vec<Xml<'a, 'a>>> {
        let mut found = Vec::new();
        let mut complete = true;
        for child in elements(source) {
            let name = child.tag_name().name();
            if !name.ends_with("ventDefinition") && name != "eventDefinitionRef" {
                continue;
            }
            if allowed.contains(&name) {
                found.push(child);
            } else {
                self.unsupported(child, "");
                complete = false;
            }
        }
        complete.then_some(found)
    }

    fn trigger(&mut self, source: Xml<'a, 'a>, wait: Wait, allowed: &[&str]) -> Option<Trigger> {
        let mut triggers = Vec::new();
        for definition in self.definitions_of(source, allowed)? {
            triggers.push(self.one_trigger(source, definition, wait)?);
        }
        let all = source.attribute("parallelMultiple") == Some("true");
        let timers: Vec<&Timer> = triggers
            .iter()
            .filter_map(|one| match one {
                Trigger::Timer(timer) => Some(timer),
                _ => None,
            })
            .collect();
        let repeats = timers.iter().any(|timer| matches!(timer, Timer::Cycle(_)));
        if timers.len() > 1 && (repeats || wait == Wait::ToBegin) {
            self.error(
                source,
                "B015",
                "an event with a timer that repeats, or that starts a process, has one timer only",
                "give the other timer an event of its own",
            );
        }
        Some(match triggers.len() {
            0 => Trigger::None,
            1 => triggers.pop()?,
            _ if triggers.iter().any(|one| matches!(one, Trigger::Link(_))) => {
                let help = "give the other definitions an event of their own";
                self.error(source, "B016", "a link is the only definition of its event", help);
                return None;
            }
            _ if triggers
                .iter()
                .any(|one| matches!(one, Trigger::Compensation | Trigger::Cancel)) =>
            {
                self.not_alone(source);
                return None;
            }
            _ if all => {
                let thrown = |one: &Trigger| {
                    matches!(one, Trigger::Error { .. } | Trigger::Escalation { .. })
                };
                if triggers.iter().any(thrown) {
                    self.error(
                        source,
                        "B012",
                        "an error or an escalation cannot be one of several that must all come",
                        "catch it with an event of its own",
                    );
                }
                Trigger::All(triggers)
            }
            _ => Trigger::Any(triggers),
        })
    }

    fn one_trigger(
        &mut self,
        source: Xml<'a, 'a>,
        definition: Xml<'a, 'a>,
        wait: Wait,
    ) -> Option<Trigger> {
        match definition.tag_name().name() {
            "messageEventDefinition" => self.message(source, definition, wait),
            "timerEventDefinition" => self.timer(source, definition).map(Trigger::Timer),
            "signalEventDefinition" => {
                let name = self.signal_name(definition)?;
                if wait.begins() && matches!(name, Value::Feel(_)) {
                    self.error(
                        definition,
                        "B017",
                        "the signal of a start event needs a fixed name",
                        "remove the leading =; there are no variables before the start",
                    );
                }
                Some(Trigger::Signal(name))
            }
            "conditionalEventDefinition" => self.conditional(definition, wait != Wait::ToBegin),
            "linkEventDefinition" => Some(Trigger::Link(self.link_name(definition)?.into())),
            "compensateEventDefinition" => Some(Trigger::Compensation),
            "cancelEventDefinition" => Some(Trigger::Cancel),
            "escalationEventDefinition" => {
                Some(Trigger::Escalation { code: self.caught_code(definition, "escalation") })
            }
            _ => Some(Trigger::Error { code: self.caught_code(definition, "error") }),
        }
    }
}

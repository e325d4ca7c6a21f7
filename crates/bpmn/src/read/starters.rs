//! What starts an instance without being a start event: receive tasks and the events behind
//! event-based gateways with `instantiate="true"` (BPMN 2.0.2, 10.3.3 and 10.6.6).
//!
//! In:  a process; later its graph.
//! Out: which elements do so; what cannot.
//! Absent: how the instance begins (see `run::handler`).

use roxmltree::Node as Xml;

use super::BPMN;
use super::builder::{Builder, Draft, elements};
use super::event::Wait;
use crate::graph::{Kind, Trigger, Value};

/// How an element starts instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Starter {
    /// Its message, signal or condition suffices.
    Alone,
    /// The other events of its gateway must come to the same instance.
    WithOthers,
}

impl<'a> Builder<'a> {
    /// Looks for them in a process, before its elements are read.
    pub(super) fn find_starters(&mut self, process: Xml<'a, 'a>) {
        self.starters.clear();
        let instantiates = |node: &Xml<'a, 'a>| node.attribute("instantiate") == Some("true");
        for node in elements(process).filter(instantiates) {
            let Some(id) = node.attribute("id") else { continue };
            match node.tag_name().name() {
                "receiveTask" => {
                    self.starters.insert(id, Starter::Alone);
                }
                "eventBasedGateway" => {
                    let parallel = node.attribute("eventGatewayType") == Some("Parallel");
                    let starter = if parallel { Starter::WithOthers } else { Starter::Alone };
                    let flows = elements(process).filter(|flow| {
                        flow.has_tag_name((BPMN, "sequenceFlow"))
                            && flow.attribute("sourceRef") == Some(id)
                    });
                    let targets = flows.filter_map(|flow| flow.attribute("targetRef"));
                    self.starters.extend(targets.map(|target| (target, starter)));
                }
                _ => {}
            }
        }
    }

    /// What the event has when it begins to wait.
    pub(super) fn wait_of(&self, event: Xml<'a, 'a>) -> Wait {
        match self.starter(event) {
            None => Wait::Inside,
            Some(Starter::Alone) => Wait::ToBegin,
            Some(Starter::WithOthers) => Wait::ForOthers,
        }
    }

    /// A start event that needs several: the first to come begins an instance, which waits for the
    /// others.
    pub(super) fn check_all_start(&mut self, source: Xml<'a, 'a>, parts: &[Trigger]) {
        let mut names: Vec<&Value> = Vec::new();
        for part in parts {
            let Trigger::Message { name, .. } = part else {
                self.error(
                    source,
                    "B111",
                    "only messages have a correlation key by which all find the same instance",
                    "use messages, or remove parallelMultiple=\"true\"",
                );
                return;
            };
            if names
                .iter()
                .any(|known| matches!((known, name), (Value::Fixed(a), Value::Fixed(b)) if a == b))
            {
                let message = "an event that waits for all of its messages names one twice";
                self.error(source, "B111", message, "use messages of different names");
                return;
            }
            names.push(name);
        }
    }

    pub(super) fn starter(&self, event: Xml<'a, 'a>) -> Option<Starter> {
        self.starters.get(event.attribute("id")?).copied()
    }

    /// `instantiate` and `eventGatewayType` of an event-based gateway.
    pub(super) fn event_based(&mut self, gateway: Xml<'a, 'a>) -> Kind {
        let instantiates = gateway.attribute("instantiate") == Some("true");
        let parallel = match gateway.attribute("eventGatewayType") {
            None | Some("Exclusive") => false,
            Some("Parallel") => true,
            Some(other) => {
                let message = format!("expected Exclusive or Parallel, but found \"{other}\"");
                self.error(gateway, "B112", message, "correct eventGatewayType");
                false
            }
        };
        if parallel && !instantiates {
            self.error(
                gateway,
                "B112",
                "only a gateway that starts an instance can wait for all of its events",
                "use a parallel gateway before the events, or add instantiate=\"true\"",
            );
        }
        Kind::EventBased { parallel }
    }

    /// What must hold of them in the graph.
    pub(super) fn check_starters(&mut self, draft: &mut Draft<'a>) {
        for number in 0..draft.nodes.len() {
            let source = draft.sources[number];
            if matches!(draft.nodes[number].kind, Kind::EventBased { .. }) {
                self.check_gateway(draft, number);
            }
            let Some(starter) = self.starter(source).filter(|_| draft.nodes[number].scope == 0)
            else {
                if source.attribute("instantiate") == Some("true")
                    && !matches!(draft.nodes[number].kind, Kind::EventBased { .. })
                {
                    self.error(
                        source,
                        "B111",
                        "only an element directly in the process can start an instance",
                        "remove instantiate=\"true\"",
                    );
                }
                continue;
            };
            if matches!(draft.nodes[number].kind, Kind::Catch(_)) {
                self.check_starter(draft, number, starter);
                draft.nodes[number].instantiates = true;
            }
        }
    }

    fn check_gateway(&mut self, draft: &Draft<'a>, number: usize) {
        let (node, source) = (&draft.nodes[number], draft.sources[number]);
        let instantiates = source.attribute("instantiate") == Some("true");
        if instantiates && (!node.incoming.is_empty() || node.scope != 0) {
            let message = "a gateway that starts an instance stands directly in the process and has \
                           no incoming flow";
            self.error(source, "B111", message, "remove the flow, or instantiate=\"true\"");
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let behind =
            draft.nodes.iter().zip(&draft.sources).filter(|(target, _)| {
                target.incoming.iter().any(|flow| node.outgoing.contains(flow))
            });
        let mut wrong = Vec::new();
        for (target, at) in behind {
            let why = match &target.kind {
                Kind::Catch(Trigger::Link(_)) => Some("a link is no event to wait for"),
                Kind::Catch(_) if target.marker.is_some() || !target.boundaries.is_empty() => {
                    Some("what is behind the gateway has no loop marker and no boundary events")
                }
                Kind::Catch(_) => None,
                _ => Some("only catch events and receive tasks stand behind it"),
            };
            wrong.extend(why.map(|why| (*at, why)));
        }
        for (at, why) in wrong {
            let label = draft.nodes[number as usize].label();
            let message = format!("the event-based gateway {label} cannot wait for this: {why}");
            self.error(at, "B112", message, "put what is done behind a catch event");
        }
    }

    fn check_starter(&mut self, draft: &Draft<'a>, number: usize, starter: Starter) {
        let (node, source) = (&draft.nodes[number], draft.sources[number]);
        let Kind::Catch(trigger) = &node.kind else { return };
        let wrong = trigger.parts().iter().find_map(|part| match (part, starter) {
            (Trigger::Timer(_), _) => Some((
                "a timer would start instances whatever else comes",
                "use a timer start event beside it",
            )),
            (Trigger::Signal(_) | Trigger::Condition(_), Starter::WithOthers) => Some((
                "only messages have a correlation key by which all find the same instance",
                "use messages, or remove eventGatewayType=\"Parallel\"",
            )),
            _ => None,
        });
        let several = matches!(trigger, Trigger::All(_))
            || starter == Starter::WithOthers && trigger.parts().len() > 1;
        let wrong = wrong.or(several.then_some((
            "several events cannot be waited for before there is an instance",
            "give each an event of its own",
        )));
        let alone = source.attribute("instantiate") == Some("true");
        let special =
            node.marker.is_some() || !node.boundaries.is_empty() || !node.incoming.is_empty();
        let wrong = wrong.or((alone && special).then_some((
            "a receive task that starts an instance has no incoming flow, marker or boundary event: \
             it has happened when the instance begins",
            "remove it, or use a message start event before the task",
        )));
        let wrong = wrong.or((!alone && node.incoming.len() > 1).then_some((
            "an event that starts an instance is reached from its gateway only",
            "remove the other incoming flows",
        )));
        if let Some((message, help)) = wrong {
            self.error(source, "B111", message, help);
        }
    }
}

//! Listeners: `zeebe:executionListeners` of what is entered and left, `zeebe:taskListeners` of user tasks.
//!
//! In:  the extensions of an element.
//! Out: its listeners, in order; findings for those that could never run.
//! Absent: when they run (see `run::listener`).

use base::{ListenerEvent, Text};
use roxmltree::Node as Xml;

use super::ZEEBE;
use super::builder::{Builder, Draft, elements};
use super::extension::named;
use crate::graph::{JobSpec, Kind, ListenerSpec, Node, Throw, Trigger, Value};

/// The extension that holds listeners to the execution of an element.
pub(super) const EXECUTION: &str = "executionListeners";
/// The extension that holds listeners to a user task.
pub(super) const TASK: &str = "taskListeners";
/// Attempts at a listener's job unless the model says otherwise.
const RETRIES: &str = "3";

impl<'a> Builder<'a> {
    /// The listeners of a node.
    pub fn listeners(&mut self, extensions: &[Xml<'a, 'a>], node: &Node) -> Vec<ListenerSpec> {
        let mut found: Vec<ListenerSpec> = Vec::new();
        let lists = [(EXECUTION, "executionListener"), (TASK, "taskListener")];
        let lists = lists.into_iter().flat_map(|(list, one)| {
            named(extensions, list).flat_map(elements).map(move |source| (source, one))
        });
        for (source, one) in lists.collect::<Vec<_>>() {
            {
                if !source.has_tag_name((ZEEBE, one)) {
                    let message = format!("<{}> is no listener here", source.tag_name().name());
                    self.error(source, "B120", message, format!("use zeebe:{one}"));
                    continue;
                }
                let Some(listener) = self.listener(source, extensions) else { continue };
                if let Some((message, help)) = never_runs(node, listener.event) {
                    self.error(source, "B121", message, help);
                }
                if found.iter().any(|known| is_same(known, &listener)) {
                    let event = listener.event.model_name();
                    let message = format!("two {event} listeners have the same type");
                    self.error(source, "B122", message, "give each a type of its own");
                }
                found.push(listener);
            }
        }
        found
    }

    fn listener(
        &mut self,
        source: Xml<'a, 'a>,
        extensions: &[Xml<'a, 'a>],
    ) -> Option<ListenerSpec> {
        for attribute in source.attributes() {
            if !matches!(attribute.name(), "eventType" | "type" | "retries") {
                let message = format!("the attribute \"{}\" of a listener", attribute.name());
                let message = format!("{message} is not supported");
                self.error(source, "B120", message, "use eventType, type and retries");
            }
        }
        for child in elements(source).filter(|it| !it.has_tag_name((ZEEBE, "taskHeaders"))) {
            let message = format!("<{}> in a listener is not supported", child.tag_name().name());
            self.error(child, "B120", message, "use zeebe:taskHeaders");
        }
        let said = source.attribute("eventType").unwrap_or_default();
        let of_task = source.tag_name().name() == "taskListener";
        let known = ListenerEvent::ALL.into_iter().filter(|event| event.is_of_task() == of_task);
        let known: Vec<ListenerEvent> = known.collect();
        let event = known.iter().copied().find(|event| event.model_name() == said);
        if event.is_none() {
            let names: Vec<_> = known.iter().map(|it| format!("`{}`", it.model_name())).collect();
            let names = names.join(" or ");
            let message = format!("expected the eventType {names}, but found \"{said}\"");
            self.error(source, "B120", message, "say when the listener is called");
        }
        let before = self.errors();
        let job_type = self.value_attribute(source, "type");
        if job_type.is_none() && before == self.errors() {
            let message = "the listener has no type";
            self.error(source, "B120", message, "name the type that workers ask for");
        }
        let retries = self.value_attribute(source, "retries");
        let mut headers = Self::headers(extensions);
        for (name, value) in Self::headers(&elements(source).collect::<Vec<_>>()) {
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
        }
        let retries = retries.unwrap_or_else(|| Value::Fixed(Text::from(RETRIES)));
        Some(ListenerSpec { event: event?, job: JobSpec { job_type: job_type?, retries, headers } })
    }

    /// What can be seen only when everything is connected.
    pub fn check_listeners(&mut self, draft: &Draft<'a>) {
        for (number, node) in draft.nodes.iter().enumerate() {
            let behind = |flow: &u32| {
                let leads = |node: &&Node| node.outgoing.contains(flow);
                let mut sources = draft.nodes.iter().filter(leads);
                sources.any(|source| matches!(source.kind, Kind::EventBased { .. }))
            };
            if node.listens(ListenerEvent::Start) && node.incoming.iter().any(behind) {
                self.error(
                    draft.sources[number],
                    "B121",
                    "a start listener never runs here: the gateway before the event waits for it",
                    "put the listener on the event-based gateway",
                );
            }
        }
    }
}

/// Why the node never calls a listener to this event, and what to do.
fn never_runs(node: &Node, event: ListenerEvent) -> Option<(&'static str, &'static str)> {
    let throws_error = |throws: &[Throw]| matches!(throws.last(), Some(Throw::Error { .. }));
    match (&node.kind, event) {
        (Kind::Boundary { trigger: Trigger::Compensation, .. }, _) => Some((
            "a listener never runs on a compensation boundary event",
            "put it on the compensation handler",
        )),
        (Kind::Start(_), ListenerEvent::Start) => Some((
            "a start listener never runs on a start event",
            "put it on the process or sub-process that begins there",
        )),
        (Kind::Boundary { .. }, ListenerEvent::Start) => Some((
            "a start listener never runs on a boundary event",
            "put it on the activity, or on what follows the event",
        )),
        (_, ListenerEvent::End) if node.element_type.ends_with("GATEWAY") => Some((
            "an end listener never runs on a gateway",
            "make it a start listener, or put it on what follows the gateway",
        )),
        (Kind::End(throws), ListenerEvent::End) if throws_error(throws) => Some((
            "an end listener never runs on an error end event",
            "put it on the event that catches the error",
        )),
        (Kind::Cancel, ListenerEvent::End) => Some((
            "an end listener never runs on a cancel end event",
            "put it on the cancel boundary event",
        )),
        _ => None,
    }
}

/// Whether both would be the same to workers.
fn is_same(left: &ListenerSpec, right: &ListenerSpec) -> bool {
    let same_type = match (&left.job.job_type, &right.job.job_type) {
        (Value::Fixed(left), Value::Fixed(right)) => left == right,
        (Value::Feel(left), Value::Feel(right)) => left.source() == right.source(),
        _ => false,
    };
    left.event == right.event && same_type
}

//! Flows between nodes, and what must hold of the graph as a whole.

use std::collections::BTreeMap;

use base::Text;
use roxmltree::Node as Xml;

use super::builder::{Builder, Draft, bpmn_child};
use crate::graph::{Flow, Kind, Node, Throw, Trigger};

impl<'a> Builder<'a> {
    /// Connects the nodes of a draft. Flows are numbered from `nodes_len`.
    pub fn wire(&mut self, draft: &mut Draft<'a>, nodes_len: u32) -> Vec<Flow> {
        let mut flows = Vec::new();
        for (source, scope) in
            std::mem::take(&mut draft.flows).into_iter().zip(draft.flow_scopes.clone())
        {
            let Some(id) = self.id_of(source) else { continue };
            let number = nodes_len + u32::try_from(flows.len()).unwrap_or(u32::MAX);
            if draft.ids.insert(source.attribute("id").unwrap_or_default(), number).is_some() {
                self.error(
                    source,
                    "B005",
                    format!("the id \"{id}\" is used twice"),
                    "give every element an id of its own",
                );
            }
            let from = self.flow_end(source, "sourceRef", scope, draft, nodes_len);
            let to = self.flow_end(source, "targetRef", scope, draft, nodes_len);
            let condition = self.condition(source);
            let (Some(from), Some(to)) = (from, to) else { continue };
            if condition.is_some() && !may_choose(&draft.nodes[from as usize]) {
                self.error(
                    source,
                    "B022",
                    "nobody evaluates a condition here",
                    "put an exclusive or inclusive gateway before the flow",
                );
            }
            draft.nodes[from as usize].outgoing.push(number);
            draft.nodes[to as usize].incoming.push(number);
            if draft.sources[from as usize].attribute("default") == Some(&*id) {
                draft.nodes[from as usize].default = Some(number);
            }
            let place = self.places.at(source.range().start);
            flows.push(Flow { id, source: from, target: to, condition, place });
        }
        flows
    }

    fn flow_end(
        &mut self,
        flow: Xml<'a, 'a>,
        attribute: &str,
        scope: u32,
        draft: &Draft<'a>,
        nodes_len: u32,
    ) -> Option<u32> {
        let id = flow.attribute(attribute).unwrap_or_default();
        match draft.ids.get(id).copied().filter(|number| *number < nodes_len) {
            Some(number) if draft.nodes[number as usize].scope == scope => Some(number),
            Some(_) => {
                self.error(
                    flow,
                    "B008",
                    format!("the flow crosses the border of a sub-process at \"{id}\""),
                    "connect elements of the same scope",
                );
                None
            }
            // An element that was itself refused is named once, there.
            None if !id.is_empty() && self.with_id(id).is_some() => None,
            None => {
                self.error(
                    flow,
                    "B007",
                    format!("the flow's {attribute} \"{id}\" does not exist"),
                    "connect the flow to an element",
                );
                None
            }
        }
    }

    /// Starts, boundaries, gateways: what an instance relies on.
    pub fn check(&mut self, draft: &mut Draft<'a>) {
        self.attach_boundaries(draft);
        let links = links(draft);
        for number in 0..draft.nodes.len() {
            self.check_default(draft, number);
            self.check_position(draft, number);
            match draft.nodes[number].kind {
                Kind::Process { .. } | Kind::SubProcess { .. } => self.find_start(draft, number),
                Kind::AdHoc(_) => {
                    self.check_ad_hoc(draft, number);
                    self.set_offers(draft, number);
                }
                Kind::EventSubProcess { .. } => self.find_handler_start(draft, number),
                Kind::Throw(_) => self.find_link(draft, number, &links),
                _ => {}
            }
        }
        self.check_starters(draft);
        self.check_conditions(draft);
        self.check_compensation(draft);
        self.check_listeners(draft);
        self.check_policies(draft);
    }

    fn attach_boundaries(&mut self, draft: &mut Draft<'a>) {
        for number in 0..draft.nodes.len() {
            let source = draft.sources[number];
            let scope = draft.nodes[number].scope;
            let Kind::Boundary { attached, .. } = &mut draft.nodes[number].kind else { continue };
            let id = source.attribute("attachedToRef").unwrap_or_default();
            match draft.ids.get(id).copied() {
                Some(host) if (host as usize) < draft.sources.len() => {
                    *attached = host;
                    let host = &mut draft.nodes[host as usize];
                    if is_activity(host) && host.scope == scope {
                        host.boundaries.push(u32::try_from(number).unwrap_or(u32::MAX));
                    } else {
                        self.error(
                            source,
                            "B009",
                            format!("a boundary event cannot be attached to \"{id}\""),
                            "attach it to a task or sub-process of the same scope",
                        );
                    }
                }
                _ => self.error(
                    source,
                    "B007",
                    format!("the boundary event's activity \"{id}\" does not exist"),
                    "attach the event to an activity",
                ),
            }
        }
    }

    fn check_default(&mut self, draft: &Draft<'a>, number: usize) {
        let (node, source) = (&draft.nodes[number], draft.sources[number]);
        let Some(default) = source.attribute("default") else { return };
        if node.default.is_none() {
            self.error(
                source,
                "B007",
                format!("the default flow \"{default}\" does not leave this element"),
                "name one of its outgoing flows",
            );
        }
    }

    fn check_position(&mut self, draft: &Draft<'a>, number: usize) {
        let (node, source) = (&draft.nodes[number], draft.sources[number]);
        let wrong: Option<(&str, &str)> = match &node.kind {
            _ if node.element_type == "END_EVENT" && !node.outgoing.is_empty() => {
                Some(("an end event has an outgoing flow", "remove the flow"))
            }
            Kind::Start(_) | Kind::Boundary { .. } if !node.incoming.is_empty() => {
                Some(("an event that starts a path has an incoming flow", "remove the flow"))
            }
            // It has no flow, see `compensation`.
            Kind::Boundary { trigger: Trigger::Compensation, .. } => None,
            Kind::Boundary { .. } | Kind::Start(_) if node.outgoing.is_empty() => {
                Some(("the event leads nowhere", "connect it to what happens next"))
            }
            Kind::Exclusive | Kind::Parallel | Kind::Inclusive | Kind::Complex { .. }
                if node.outgoing.is_empty() =>
            {
                Some(("the gateway leads nowhere", "add an outgoing flow"))
            }
            Kind::EventBased { .. } if node.outgoing.len() < 2 => Some((
                "an event-based gateway needs two events to choose from",
                "add outgoing flows to catch events",
            )),
            Kind::Start(trigger)
                if is_embedded(draft, node) && !matches!(trigger, Trigger::None) =>
            {
                Some((
                    "a sub-process starts with a none start event",
                    "remove the event definition",
                ))
            }
            Kind::EventSubProcess { .. }
                if !node.incoming.is_empty() || !node.outgoing.is_empty() =>
            {
                Some(("an event sub-process has a flow", "remove it: its start event begins it"))
            }
            Kind::Catch(Trigger::Link(_)) if !node.incoming.is_empty() => {
                Some(("a link that is caught has an incoming flow", "remove the flow"))
            }
            Kind::Catch(Trigger::Link(_)) if node.outgoing.is_empty() => {
                Some(("the link leads nowhere", "connect it to what happens next"))
            }
            _ => None,
        };
        if let Some((message, help)) = wrong {
            self.error(source, "B009", message, help);
        }
        if matches!(node.kind, Kind::Complex { activation: None })
            && node.incoming.len() > 1
            && bpmn_child(source, "activationCondition").is_none()
        {
            let message = "a complex gateway that joins does not say when it goes on";
            let help = "add <activationCondition>= activationCount &gt; 1</activationCondition>";
            self.error(source, "B110", message, help);
        }
    }

    fn find_start(&mut self, draft: &mut Draft<'a>, number: usize) {
        let scope = u32::try_from(number).unwrap_or(u32::MAX);
        let mut none_starts = Vec::new();
        let mut starts = 0;
        for (node, at) in within(draft, scope) {
            if let Kind::Start(trigger) = &node.kind
                && node.scope == scope
            {
                starts += 1;
                if matches!(trigger, Trigger::None) {
                    none_starts.push(at);
                }
            }
        }
        let source = draft.sources[number];
        let others = scope == 0 && !self.starters.is_empty();
        if starts == 0 && !others {
            self.error(source, "B010", "there is no start event", "add a start event");
        }
        if none_starts.len() > 1 {
            let second = draft.sources[none_starts[1] as usize];
            self.error(second, "B010", "there are two none start events in one scope", "keep one");
        }
        match &mut draft.nodes[number].kind {
            Kind::Process { start } => *start = none_starts.first().copied(),
            Kind::SubProcess { start } => *start = none_starts.first().copied().unwrap_or(0),
            _ => {}
        }
    }

    /// The one start event of an event sub-process, and the scope that listens for it.
    fn find_handler_start(&mut self, draft: &mut Draft<'a>, number: usize) {
        let handler = u32::try_from(number).unwrap_or(u32::MAX);
        let starts: Vec<u32> = within(draft, handler)
            .filter(|(node, _)| node.scope == handler && matches!(node.kind, Kind::Start(_)))
            .map(|(_, at)| at)
            .collect();
        let [begin] = starts[..] else {
            self.error(
                draft.sources[number],
                "B010",
                "an event sub-process has exactly one start event",
                "keep the one that says what begins it",
            );
            return;
        };
        let attribute = draft.sources[begin as usize].attribute("isInterrupting");
        if let Kind::EventSubProcess { start, interrupting } = &mut draft.nodes[number].kind {
            *start = begin;
            *interrupting = attribute != Some("false");
        }
        let scope = draft.nodes[number].scope as usize;
        draft.nodes[scope].handlers.push(handler);
    }

    /// The catch event that a link leads to.
    fn find_link(&mut self, draft: &mut Draft<'a>, number: usize, links: &Links) {
        let source = draft.sources[number];
        let Kind::Throw(throws) = &draft.nodes[number].kind else { return };
        if !throws.iter().any(|throw| matches!(throw, Throw::Link { .. })) {
            return;
        }
        if throws.len() > 1 || !draft.nodes[number].outgoing.is_empty() {
            let message = "an event that throws a link does nothing else and has no outgoing flow";
            self.error(source, "B016", message, "remove what is beside the link");
            return;
        }
        let name = bpmn_child(source, "linkEventDefinition").and_then(|it| self.link_name(it));
        let Some(name) = name else { return };
        let scope = draft.nodes[number].scope;
        let catches = links.get(&(scope, name.into())).map_or(&[][..], Vec::as_slice);
        let [catch] = *catches else {
            let found = if catches.is_empty() { "none catches it" } else { "several catch it" };
            let message = format!(
                "expected one event of this scope to catch the link \"{name}\", but {found}"
            );
            self.error(source, "B016", message, "add a catch event with this link, and only one");
            return;
        };
        if let Kind::Throw(throws) = &mut draft.nodes[number].kind {
            *throws = vec![Throw::Link { target: catch }];
        }
    }
}

/// What stands in a scope, however deep: it comes right after it.
fn within<'d>(draft: &'d Draft<'_>, scope: u32) -> impl Iterator<Item = (&'d Node, u32)> + use<'d> {
    let after = draft.nodes.iter().zip(0_u32..).skip(scope as usize + 1);
    after.take_while(move |(node, _)| node.scope >= scope)
}

/// Events that catch links, by their scope and name.
type Links = BTreeMap<(u32, Text), Vec<u32>>;

fn links(draft: &Draft<'_>) -> Links {
    let mut links = Links::new();
    for (node, number) in draft.nodes.iter().zip(0_u32..) {
        if let Kind::Catch(Trigger::Link(name)) = &node.kind {
            links.entry((node.scope, name.clone())).or_default().push(number);
        }
    }
    links
}

/// Whether conditions of the node's outgoing flows are evaluated (BPMN 2.0.2, 8.4.13).
fn may_choose(node: &Node) -> bool {
    matches!(node.kind, Kind::Exclusive | Kind::Inclusive | Kind::Complex { .. })
        || is_activity(node)
}

pub(super) fn is_activity(node: &Node) -> bool {
    node.element_type.ends_with("TASK")
        || matches!(node.kind, Kind::SubProcess { .. } | Kind::AdHoc(_) | Kind::Call(_))
}

/// Whether the node stands in a sub-process that a flow leads to.
fn is_embedded(draft: &Draft<'_>, node: &Node) -> bool {
    matches!(draft.nodes[node.scope as usize].kind, Kind::SubProcess { .. })
}

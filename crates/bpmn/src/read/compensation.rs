//! Compensation and transactions: what undoes what (BPMN 2.0.2, 10.5.7 and 10.3.5).
//!
//! In:  a draft whose flows and boundary events are connected.
//! Out: activities that know their handlers; findings for what can never be compensated.
//! Absent: when a handler runs (see `run::compensation`).

use std::collections::BTreeMap;

use roxmltree::Node as Xml;

use super::BPMN;
use super::builder::{Builder, Draft, bpmn_child};
use super::event::Read;
use super::wiring::is_activity;
use crate::graph::{Kind, Trigger};

/// The element type of transactions. Camunda 8 has none.
pub(super) const TRANSACTION: &str = "TRANSACTION";

/// Ends of associations, by where they begin.
type Associations<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl<'a> Builder<'a> {
    /// An event that throws a compensation or cancels. `None` if it does neither.
    pub(super) fn undoing(
        &mut self,
        source: Xml<'a, 'a>,
        definitions: &[Xml<'a, 'a>],
        element_type: &'static str,
    ) -> Option<Read<'a>> {
        let undoes = |it: &&Xml<'a, 'a>| {
            matches!(it.tag_name().name(), "compensateEventDefinition" | "cancelEventDefinition")
        };
        let definition = definitions.iter().find(undoes)?;
        if definitions.len() > 1 {
            self.not_alone(source);
            return Some(None);
        }
        let kind = if definition.tag_name().name() == "cancelEventDefinition" {
            Kind::Cancel
        } else {
            let wait = definition.attribute("waitForCompletion") != Some("false");
            // The activity is found when all are known.
            Kind::Compensate { activity: None, wait }
        };
        Some(Some((kind, element_type, self.extensions(source, &["ioMapping"]))))
    }

    /// Compensation and cancel are the only definition of their event.
    pub(super) fn not_alone(&mut self, source: Xml<'a, 'a>) {
        self.error(
            source,
            "B042",
            "an event that has to do with compensation or cancels has no other definition",
            "give the other definitions an event of their own",
        );
    }

    /// How a transaction is carried out is ours to say: by compensation.
    pub(super) fn check_transaction(&mut self, source: Xml<'a, 'a>) {
        let Some(method) = source.attribute("method") else { return };
        if !matches!(method, "" | "##Compensate" | "compensate") {
            let message = format!("a transaction by the method \"{method}\" is not supported");
            self.error(source, "B044", message, "remove the method: it is ##Compensate");
        }
    }

    /// Finds the handlers, and refuses what could never run or be caught.
    pub(super) fn check_compensation(&mut self, draft: &mut Draft<'a>) {
        let mut referred = vec![false; draft.nodes.len()];
        let mut associations: Option<Associations<'a>> = None;
        for number in 0..draft.nodes.len() {
            match draft.nodes[number].kind {
                Kind::Boundary { attached, trigger: Trigger::Compensation, .. } => {
                    let ends = associations.get_or_insert_with(|| ends(self.document));
                    if let Some(handler) = self.find_handler(draft, number, ends) {
                        referred[handler as usize] = true;
                        self.set_handler(draft, number, attached, handler);
                    }
                }
                Kind::Boundary { attached, trigger: Trigger::Cancel, .. } => {
                    self.check_cancel_boundary(draft, number, attached);
                }
                Kind::Start(Trigger::Compensation) => self.set_event_sub_process(draft, number),
                Kind::Cancel => self.check_cancel(draft, number),
                _ => {}
            }
        }
        for (number, referred) in referred.into_iter().enumerate() {
            if draft.nodes[number].compensation.is_handler {
                self.check_handler(draft, number, referred);
            }
            if matches!(draft.nodes[number].kind, Kind::Compensate { .. }) {
                self.find_compensated(draft, number);
            }
        }
    }

    /// The one handler that a compensation boundary event leads to.
    fn find_handler(
        &mut self,
        draft: &Draft<'a>,
        boundary: usize,
        ends: &Associations<'a>,
    ) -> Option<u32> {
        let (node, source) = (&draft.nodes[boundary], draft.sources[boundary]);
        if !node.outgoing.is_empty() {
            self.error(
                source,
                "B040",
                "a compensation boundary event has an outgoing flow",
                "remove the flow and connect the event to its handler by an association",
            );
            return None;
        }
        let ends = ends.get(&*node.id).map_or(&[][..], Vec::as_slice);
        // Associations lead to annotations too.
        let known = ends.iter().filter_map(|end| draft.ids.get(end).copied());
        let found: Vec<u32> = known.filter(|end| (*end as usize) < draft.nodes.len()).collect();
        let [handler] = found[..] else {
            let found = found.len();
            let message = format!(
                "expected one association from the compensation event to its handler, but found {found}"
            );
            let help =
                "associate it with the activity that undoes, which has isForCompensation=\"true\"";
            self.error(source, "B040", message, help);
            return None;
        };
        let target = &draft.nodes[handler as usize];
        if !target.compensation.is_handler || target.scope != node.scope {
            let message =
                format!("{} cannot be the handler of the compensation event", target.label());
            let help = "associate it with an activity of the same scope that has isForCompensation=\"true\"";
            self.error(source, "B040", message, help);
            return None;
        }
        Some(handler)
    }

    fn set_handler(&mut self, draft: &mut Draft<'a>, boundary: usize, attached: u32, handler: u32) {
        let compensation = &mut draft.nodes[attached as usize].compensation;
        if compensation.handler.replace(handler).is_some() {
            self.error(
                draft.sources[boundary],
                "B040",
                "the activity has two compensation boundary events",
                "keep one; its handler may be a sub-process",
            );
        } else if compensation.event_sub_process.is_some() {
            self.two_ways(draft.sources[boundary]);
        }
    }

    fn two_ways(&mut self, at: Xml<'a, 'a>) {
        self.error(
            at,
            "B043",
            "the sub-process has a compensation boundary event and a compensation event sub-process",
            "keep one of them",
        );
    }

    /// Nothing but compensation begins a handler.
    fn check_handler(&mut self, draft: &Draft<'a>, number: usize, referred: bool) {
        let node = &draft.nodes[number];
        let wrong = if !is_activity(node) {
            Some(("only an activity can be for compensation", "remove isForCompensation"))
        } else if !node.incoming.is_empty() || !node.outgoing.is_empty() {
            Some(("a compensation handler has a flow", "remove it: the association begins it"))
        } else if !node.boundaries.is_empty() {
            Some((
                "a compensation handler has a boundary event",
                "make the handler a sub-process and put the activity with its event into it",
            ))
        } else if !referred {
            Some((
                "no compensation boundary event leads to this handler",
                "associate one with it, or remove isForCompensation",
            ))
        } else {
            None
        };
        if let Some((message, help)) = wrong {
            self.error(draft.sources[number], "B041", message, help);
        }
    }

    /// The activity that a compensation event names: in its own scope, or, from an event
    /// sub-process, in the scope that it is in.
    fn find_compensated(&mut self, draft: &mut Draft<'a>, number: usize) {
        let definition = bpmn_child(draft.sources[number], "compensateEventDefinition");
        let Some(definition) = definition else { return };
        let Some(id) = definition.attribute("activityRef") else { return };
        let id = id.rsplit(':').next().unwrap_or(id);
        let found = draft.ids.get(id).copied().filter(|at| (*at as usize) < draft.nodes.len());
        let Some(found) = found else {
            let message = format!("the activity \"{id}\" to be compensated does not exist");
            return self.error(definition, "B042", message, "name an activity of the same scope");
        };
        let target = &draft.nodes[found as usize];
        let scope = draft.nodes[number].scope;
        let home = &draft.nodes[scope as usize];
        let around = matches!(home.kind, Kind::EventSubProcess { .. }).then_some(home.scope);
        let is_compensable = is_activity(target) && !target.compensation.is_handler;
        let can_be_undone = target.compensation.handler.is_some()
            || matches!(target.kind, Kind::SubProcess { .. } | Kind::AdHoc(_));
        let by_activation = Some(target.scope) == around
            && matches!(draft.nodes[target.scope as usize].kind, Kind::AdHoc(_));
        let wrong = if by_activation {
            Some((
                "was done in an activation of the ad-hoc sub-process, which is compensated as a whole",
                "name no activity: all that was done in it is compensated",
            ))
        } else if !is_compensable || target.scope != scope && Some(target.scope) != around {
            Some(("cannot be compensated from here", "name an activity of the same scope"))
        } else if !can_be_undone {
            Some((
                "has nothing that compensates it",
                "attach a compensation boundary event with a handler to it",
            ))
        } else {
            None
        };
        if let Some((what, help)) = wrong {
            let message = format!("{} {what}", target.label());
            self.error(definition, "B042", message, help);
        } else if let Kind::Compensate { activity, .. } = &mut draft.nodes[number].kind {
            *activity = Some(found);
        }
    }

    /// What compensates a sub-process from within.
    fn set_event_sub_process(&mut self, draft: &mut Draft<'a>, start: usize) {
        let handler = draft.nodes[start].scope;
        let scope = draft.nodes[handler as usize].scope as usize;
        let home = &draft.nodes[scope];
        let source = draft.sources[start];
        if draft.sources[start].attribute("isInterrupting") == Some("false") {
            return self.error(
                source,
                "B043",
                "a compensation start event cannot run beside: its sub-process has ended",
                "remove isInterrupting=\"false\"",
            );
        }
        let is_whole = matches!(home.kind, Kind::SubProcess { .. } | Kind::AdHoc(_));
        if !is_whole || home.compensation.is_handler {
            let message = format!("{} can never be compensated as a whole", home.label());
            let help =
                "put the compensation event sub-process into an embedded or ad-hoc sub-process";
            return self.error(source, "B043", message, help);
        }
        let compensation = &mut draft.nodes[scope].compensation;
        if compensation.event_sub_process.replace(handler).is_some() {
            self.error(
                source,
                "B043",
                "the sub-process has two compensation event sub-processes",
                "keep one",
            );
        } else if compensation.handler.is_some() {
            self.two_ways(source);
        }
    }

    fn check_cancel(&mut self, draft: &Draft<'a>, number: usize) {
        let transaction = &draft.nodes[draft.nodes[number].scope as usize];
        let source = draft.sources[number];
        if transaction.element_type != TRANSACTION {
            let help = "move it directly into a transaction, or throw an error";
            return self.error(
                source,
                "B044",
                "a cancel end event stands outside of a transaction",
                help,
            );
        }
        let is_cancel = |at: &u32| {
            let kind = &draft.nodes[*at as usize].kind;
            matches!(kind, Kind::Boundary { trigger: Trigger::Cancel, .. })
        };
        if !transaction.boundaries.iter().any(is_cancel) {
            let message =
                format!("{} has no cancel boundary event to go on from", transaction.label());
            self.error(
                source,
                "B044",
                message,
                "attach a cancel boundary event to the transaction",
            );
        }
    }

    fn check_cancel_boundary(&mut self, draft: &Draft<'a>, number: usize, attached: u32) {
        let source = draft.sources[number];
        let host = &draft.nodes[attached as usize];
        let is_other = |at: &u32| {
            let kind = &draft.nodes[*at as usize].kind;
            *at as usize != number
                && matches!(kind, Kind::Boundary { trigger: Trigger::Cancel, .. })
        };
        let wrong = if host.element_type != TRANSACTION {
            Some(("a cancel boundary event is attached to no transaction", "use an error"))
        } else if source.attribute("cancelActivity") == Some("false") {
            Some(("a cancel boundary event always interrupts", "remove cancelActivity=\"false\""))
        } else if host.boundaries.iter().any(is_other) {
            Some(("the transaction has two cancel boundary events", "keep one"))
        } else {
            None
        };
        if let Some((message, help)) = wrong {
            self.error(source, "B044", message, help);
        }
    }
}

fn ends<'a>(document: &'a roxmltree::Document<'a>) -> Associations<'a> {
    let mut all = Associations::new();
    let found = document.descendants().filter(|node| node.has_tag_name((BPMN, "association")));
    for association in found {
        if let (Some(from), Some(to)) =
            (association.attribute("sourceRef"), association.attribute("targetRef"))
        {
            all.entry(from).or_default().push(to);
        }
    }
    all
}

//! Which flows are taken, and when an inclusive gateway has all that it joins.
//!
//! In:  a node that is left; the tokens that wait before gateways of a scope.
//! Out: flows; whether a gateway may go on.
//! Absent: exclusive gateways' order of conditions (see `activate`), parallel joins (see `run`).

use std::collections::BTreeSet;

use base::{ElementKey, Event, IncidentKind};
use feel::Expression;

use super::activate::Stuck;
use super::{Run, Step};
use crate::graph::{Kind, Node, Throw, Trigger};

impl<'p> Run<'p, '_, '_> {
    /// Whether a flow of the node is taken only under a condition.
    pub(super) fn is_conditional(&self, node: &Node) -> bool {
        node.outgoing.iter().any(|flow| self.process.flow(*flow).condition.is_some())
    }

    /// Every flow without a condition, and those whose condition holds; the default if there are
    /// none (BPMN 2.0.2, 13.3.4 and 13.4.3).
    pub(super) fn flows_of(&self, node: &Node, scope: ElementKey) -> Result<Vec<u32>, Stuck> {
        let mut taken = Vec::new();
        for flow in &node.outgoing {
            if Some(*flow) == node.default {
                continue;
            }
            let Some(condition) = &self.process.flow(*flow).condition else {
                taken.push(*flow);
                continue;
            };
            if self.flow_holds(*flow, condition, scope)? {
                taken.push(*flow);
            }
        }
        if taken.is_empty() {
            taken.extend(node.default);
        }
        if taken.is_empty() && !node.outgoing.is_empty() {
            return Err((IncidentKind::ConditionError, self.no_flow(node)));
        }
        Ok(taken)
    }

    /// Whether the condition of a flow is true; one that is neither true nor false is an incident.
    pub(super) fn flow_holds(
        &self,
        flow: u32,
        condition: &Expression,
        scope: ElementKey,
    ) -> Result<bool, Stuck> {
        let (value, why) = self.evaluate(condition, scope);
        value.as_bool().ok_or_else(|| {
            let what = format!("the condition of the flow \"{}\"", self.process.flow(flow).id);
            let message = super::values::unfit(&what, "true or false", condition, &value, &why);
            (IncidentKind::ConditionError, message)
        })
    }

    /// That no condition holds, with all of them.
    pub(super) fn no_flow(&self, node: &Node) -> String {
        let conditions =
            node.outgoing.iter().filter_map(|flow| self.process.flow(*flow).condition.as_ref());
        let tried: Vec<_> =
            conditions.map(|condition| format!("`{}`", condition.source().trim())).collect();
        format!(
            "expected a flow to take, but no condition holds ({}) and there is no default flow; \
             correct the variables, then retry",
            tried.join(", ")
        )
    }

    /// An inclusive gateway takes its flows.
    pub(super) fn split(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        let scope = self.scope_of(key).unwrap_or(key);
        // What its listeners have set is its own.
        let flows = self.flows_of(node, key)?;
        self.decision.emit(Event::ElementCompleted { key });
        self.take(&flows, scope);
        Ok(())
    }

    /// Sends a token over each of these flows, and looks at the scope afterwards.
    pub(super) fn take(&mut self, flows: &[u32], scope: ElementKey) {
        self.steps.push(Step::Check { scope });
        for flow in flows.iter().rev() {
            self.push_enter(self.process.flow(*flow).target, scope, Some(*flow));
        }
    }

    /// Lets the first inclusive gateway go on for which no further token can arrive. False if every
    /// one waits.
    pub(super) fn join_inclusive(&mut self, scope: ElementKey) -> bool {
        let Some(element) = self.decision.state().element(scope) else { return false };
        let targets = element.tokens.keys().map(|flow| self.process.flow(*flow).target);
        let gateways: BTreeSet<u32> = targets
            .filter(|target| matches!(self.process.node(*target).kind, Kind::Inclusive))
            .collect();
        let ready = gateways.into_iter().find(|gateway| self.is_complete(*gateway, scope));
        let Some(gateway) = ready else { return false };
        let node = self.process.node(gateway);
        let flows = self.arrived(node, scope);
        self.decision.emit(Event::TokensJoined { scope, flows });
        // A step as any other, so that a flow from the gateway to itself has an end.
        self.push_enter(gateway, scope, None);
        true
    }

    /// Incoming flows on which a token waits.
    pub(super) fn arrived(&self, node: &Node, scope: ElementKey) -> Vec<u32> {
        let tokens = self.decision.state().element(scope).map(|element| &element.tokens);
        let waits = |flow: &u32| tokens.is_some_and(|tokens| tokens.contains_key(flow));
        node.incoming.iter().copied().filter(waits).collect()
    }

    /// BPMN 2.0.2, 13.4.3: no token elsewhere can reach a flow into the gateway on which none waits,
    /// unless it can also reach one on which one does; paths through the gateway do not count.
    fn is_complete(&self, gateway: u32, scope: ElementKey) -> bool {
        self.is_settled(gateway, scope, &self.process.node(gateway).incoming)
    }

    /// As [`Self::is_complete`], with these flows into the gateway as if they were all.
    pub(super) fn is_settled(&self, gateway: u32, scope: ElementKey, flows: &[u32]) -> bool {
        let arrived = self.arrived(self.process.node(gateway), scope);
        let (full, empty): (Vec<u32>, Vec<u32>) =
            flows.iter().copied().partition(|flow| arrived.contains(flow));
        if empty.is_empty() {
            return true;
        }
        let to_empty = self.sources_of(empty.into_iter(), gateway);
        let to_full = self.sources_of(full.into_iter(), gateway);
        let state = self.decision.state();
        let live = state.children_of(scope).filter_map(|child| state.element(child));
        // What compensates has no token, nor has a side effect.
        let live =
            live.filter(|element| element.compensates.is_none() && element.detached.is_none());
        let live = live.map(|element| element.element);
        let parked = state.element(scope).into_iter().flat_map(|element| element.tokens.keys());
        let parked = parked.map(|flow| self.process.flow(*flow).target);
        live.chain(parked)
            .filter(|at| *at != gateway)
            .all(|at| !to_empty.contains(&at) || to_full.contains(&at))
    }

    /// Nodes from which a token can come over one of these flows without passing the gateway.
    fn sources_of(&self, flows: impl Iterator<Item = u32>, gateway: u32) -> BTreeSet<u32> {
        let mut open: Vec<u32> = flows.map(|flow| self.process.flow(flow).source).collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if at == gateway || !seen.insert(at) {
                continue;
            }
            let node = self.process.node(at);
            open.extend(node.incoming.iter().map(|flow| self.process.flow(*flow).source));
            match &node.kind {
                Kind::Boundary { attached, .. } => open.push(*attached),
                Kind::Catch(Trigger::Link(_)) => open.extend(self.links_to(at, node.scope)),
                _ => {}
            }
        }
        seen
    }

    /// Throw events that lead to this link.
    fn links_to(&self, link: u32, scope: u32) -> impl Iterator<Item = u32> + use<'p> {
        let leads = move |throw: &Throw| matches!(throw, Throw::Link { target } if *target == link);
        self.process.nodes.iter().zip(0..).filter_map(move |(node, at)| match &node.kind {
            Kind::Throw(throws) if node.scope == scope && throws.iter().any(leads) => Some(at),
            _ => None,
        })
    }
}

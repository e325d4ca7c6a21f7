//! A scope as a net: which ways a token can take out of each element, and in which order elements come.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Kind, Node, Throw, Trigger};
use crate::lint::model::{Model, throws};

/// A way out of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Way {
    /// Flows that get a token each.
    pub flows: Vec<u32>,
    /// The boundary event over which it leads.
    pub event: Option<u32>,
    /// Everything else in the scope ends.
    pub ends: bool,
}

pub(super) struct Net<'a> {
    pub model: &'a Model<'a>,
    /// By element: its place in an order in which, but for circles, everything comes before what it
    /// leads to, and a branch as a whole before the next one.
    ranks: BTreeMap<u32, u32>,
}

/// Whether there can be two tokens because of this element, or one waits there.
pub(super) fn is_parallel(model: &Model<'_>, element: u32) -> bool {
    let node = model.node(element);
    let many = |flows: &[u32]| flows.len() > 1;
    match node.kind {
        Kind::Parallel => many(&node.incoming) || many(&node.outgoing),
        Kind::Exclusive | Kind::EventBased => false,
        _ => many(&node.outgoing),
    }
}

impl<'a> Net<'a> {
    pub fn of(model: &'a Model<'a>, scope: u32) -> Self {
        let mut net = Self { model, ranks: BTreeMap::new() };
        let mut order: Vec<u32> = Vec::new();
        let mut seen = BTreeSet::new();
        let begins = model.children[scope as usize].iter().copied();
        for start in begins.filter(|at| matches!(model.node(*at).kind, Kind::Start(_))) {
            let mut path = vec![(start, net.leads_to(start))];
            seen.insert(start);
            while let Some((at, open)) = path.last_mut() {
                let Some(next) = open.pop() else {
                    order.push(*at);
                    path.pop();
                    continue;
                };
                if seen.insert(next) {
                    path.push((next, net.leads_to(next)));
                }
            }
        }
        net.ranks = order.into_iter().rev().zip(0_u32..).collect();
        net
    }

    pub fn rank(&self, element: u32) -> u32 {
        self.ranks.get(&element).copied().unwrap_or(u32::MAX)
    }

    pub fn node(&self, element: u32) -> &'a Node {
        self.model.node(element)
    }

    pub fn target(&self, flow: u32) -> u32 {
        self.model.flow(flow).target
    }

    /// Elements right after it.
    pub fn leads_to(&self, element: u32) -> Vec<u32> {
        let node = self.node(element);
        let mut next: Vec<u32> = node.outgoing.iter().map(|flow| self.target(*flow)).collect();
        next.extend(&node.boundaries);
        next.extend(link(node));
        next
    }

    /// The ways out of an element; one of them is taken. None: the token ends.
    pub fn ways(&self, element: u32) -> Vec<Way> {
        let node = self.node(element);
        let mut ways: Vec<Way> = match link(node) {
            Some(catch) => self.choices(self.node(catch)),
            None => self.choices(node),
        }
        .into_iter()
        .map(|flows| Way { flows, event: None, ends: ends(node) })
        .collect();
        for boundary in &node.boundaries {
            let event = self.node(*boundary);
            if interrupts(event) {
                let flows = event.outgoing.clone();
                ways.push(Way { flows, event: Some(*boundary), ends: false });
            }
        }
        ways
    }

    /// Sets of flows of which one is taken, as `Run` takes them.
    fn choices(&self, node: &Node) -> Vec<Vec<u32>> {
        match node.kind {
            Kind::Exclusive | Kind::EventBased => {
                return node.outgoing.iter().map(|flow| vec![*flow]).collect();
            }
            Kind::Parallel => return vec![node.outgoing.clone()],
            _ => {}
        }
        let others = node.outgoing.iter().copied().filter(|flow| Some(*flow) != node.default);
        let (conditional, always): (Vec<u32>, Vec<u32>) =
            others.partition(|flow| self.model.flow(*flow).condition.is_some());
        // Of several conditions one holds: that two do is possible, but nothing says so.
        let mut choices: Vec<Vec<u32>> =
            conditional.iter().map(|flow| [&always[..], &[*flow]].concat()).collect();
        if !always.is_empty() || node.outgoing.is_empty() {
            choices.push(always);
        } else {
            choices.extend(node.default.map(|flow| vec![flow]));
        }
        choices
    }

    /// A choice in words.
    pub fn told(&self, element: u32, way: &Way) -> String {
        match (way.event, &way.flows[..]) {
            (Some(event), _) => format!("{} comes", self.node(event).label()),
            (None, [flow, ..]) => {
                format!(
                    "{} goes on over {}",
                    self.node(element).label(),
                    self.model.flow_label(*flow)
                )
            }
            (None, []) => format!("{} ends", self.node(element).label()),
        }
    }
}

fn link(node: &Node) -> Option<u32> {
    throws(node).iter().find_map(|throw| match throw {
        Throw::Link { target } => Some(*target),
        Throw::Terminate
        | Throw::Error { .. }
        | Throw::Escalation { .. }
        | Throw::Signal { .. } => None,
    })
}

/// Whether it ends everything in its scope.
fn ends(node: &Node) -> bool {
    matches!(node.kind, Kind::Cancel)
        || throws(node).iter().any(|it| matches!(it, Throw::Terminate | Throw::Error { .. }))
}

fn interrupts(event: &Node) -> bool {
    match &event.kind {
        Kind::Boundary { interrupting, trigger, .. } => {
            *interrupting && !matches!(trigger, Trigger::Compensation)
        }
        _ => false,
    }
}

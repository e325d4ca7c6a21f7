//! Tokens: what leaves an element arrives where its flows lead, once.

use std::collections::BTreeMap;

use base::{ElementKey, Event, IncidentKind};
use bpmn::{Kind, Process};

use super::Checked;
use super::facts::Past;
use super::places::Places;
use crate::model;
use crate::play::{Play, wrong};

/// What happened in the scopes of one instance.
#[derive(Default)]
struct Traffic {
    /// Tokens that arrived, by scope and flow.
    arrived: BTreeMap<(ElementKey, u32), u64>,
    /// How often an element was left in the normal way.
    left: BTreeMap<(ElementKey, u32), u64>,
    entered: BTreeMap<(ElementKey, u32), u64>,
    open: BTreeMap<ElementKey, (u32, ElementKey)>,
    /// Elements that somebody has begun without a token.
    begun: BTreeMap<u32, u64>,
    /// Something ended before it was done: tokens may have been dropped.
    cut: bool,
}

impl Play {
    pub(super) fn check_flows(&mut self, past: &Past) -> Checked {
        let mut places = Places::default();
        let mut traffic = Traffic::default();
        for (_, event) in past.events() {
            let before = places.graph(&self.graphs);
            places.read(event);
            if let (Event::InstanceMigrated(_), Some(from), Some(to)) =
                (event, before, places.graph(&self.graphs))
            {
                traffic.renumber(from, to);
            }
            let Some(graph) = places.graph(&self.graphs) else {
                return Err(wrong("rows")(format!("{} has no definition", past.row.instance)));
            };
            traffic.read(graph, event);
        }
        let Some(graph) = self.graphs.get(&past.row.definition) else {
            return Err(wrong("rows")(format!("{} has no definition", past.row.instance)));
        };
        let checked = traffic.judge(graph);
        self.coverage.count("check", "flows");
        checked.map_err(|what| wrong("flows")(format!("instance {}: {what}", past.row.instance)))
    }
}

fn joins(graph: &Process, element: u32) -> bool {
    let node = graph.node(element);
    matches!(node.kind, Kind::Parallel) && node.incoming.len() > 1
}

impl Traffic {
    fn enter(&mut self, graph: &Process, element: u32, scope: ElementKey, via: Option<u32>) {
        *self.entered.entry((scope, element)).or_default() += 1;
        // A join counts what is parked before it.
        if let Some(flow) = via.filter(|_| !joins(graph, element)) {
            *self.arrived.entry((scope, flow)).or_default() += 1;
        }
    }

    fn read(&mut self, graph: &Process, event: &Event) {
        match event {
            Event::ElementEntered { key, element, scope, via } => {
                self.enter(graph, *element, *scope, *via);
                self.open.insert(*key, (*element, *scope));
                // A condition may be met while a token is on its way: nothing lives then that ends.
                let kind = &graph.node(*element).kind;
                if matches!(kind, Kind::EventSubProcess { interrupting: true, .. }) {
                    self.cut = true;
                }
            }
            Event::ElementPassed { key: _, element, scope, via } => {
                self.enter(graph, *element, *scope, *via);
                *self.left.entry((*scope, *element)).or_default() += 1;
            }
            Event::ElementCompleted { key } => {
                if let Some((element, scope)) = self.open.remove(key) {
                    // A turn of a loop sends no token: the loop does, at its end.
                    let within = self.open.get(&scope);
                    if within.is_some_and(|(around, _)| *around == element) {
                        return;
                    }
                    *self.left.entry((scope, element)).or_default() += 1;
                    if matches!(&graph.node(element).kind, Kind::End(throws) if throws.iter().any(|it| matches!(it, bpmn::Throw::Terminate)))
                    {
                        self.cut = true;
                    }
                }
            }
            // Its token has gone on, its work stays.
            Event::ElementDetached { key } => {
                if let Some((element, scope)) = self.open.remove(key) {
                    *self.left.entry((scope, element)).or_default() += 1;
                }
            }
            // It begins without a token, and ends without one.
            Event::CompensationStarted { key, .. } => {
                self.open.remove(key);
            }
            Event::TokenParked { scope, flow } => {
                *self.arrived.entry((*scope, *flow)).or_default() += 1;
            }
            Event::InstanceModified { activated, .. } => {
                for element in activated {
                    *self.begun.entry(*element).or_default() += 1;
                }
                self.cut = true;
            }
            Event::ElementTerminated { .. }
            | Event::InstanceTerminated
            | Event::InstanceCanceling
            | Event::IncidentRaised { kind: IncidentKind::StepLimit, .. } => self.cut = true,
            _ => {}
        }
    }

    /// The other version has the same elements and flows, perhaps under other names.
    fn renumber(&mut self, from: &Process, to: &Process) {
        let numbers: BTreeMap<&str, u32> =
            (0..).map_while(|number| Some((&**to.id_of(number)?, number))).collect();
        let now = |number: u32| {
            let id = from.id_of(number).map_or("", |id| &**id);
            let renamed = model::renamed(id);
            let known = numbers.get(id).or_else(|| numbers.get(&*renamed));
            known.copied().unwrap_or(number)
        };
        for counts in [&mut self.arrived, &mut self.left, &mut self.entered] {
            let before = std::mem::take(counts);
            counts.extend(before.into_iter().map(|((scope, at), count)| ((scope, now(at)), count)));
        }
        let begun = std::mem::take(&mut self.begun);
        self.begun.extend(begun.into_iter().map(|(at, count)| (now(at), count)));
        self.open.values_mut().for_each(|(element, _)| *element = now(*element));
    }

    fn judge(&self, graph: &Process) -> Result<(), String> {
        for (&(scope, element), &entered) in &self.entered {
            let node = graph.node(element);
            if joins(graph, element) {
                let parked = |flow: &u32| self.arrived.get(&(scope, *flow)).copied().unwrap_or(0);
                let whole = node.incoming.iter().map(parked).min().unwrap_or(0);
                let begun = self.begun.get(&element).copied().unwrap_or(0);
                if entered > whole + begun || (entered < whole && !self.cut) {
                    return Err(format!(
                        "the join {} was passed {entered} times, but tokens came for {whole}",
                        node.id
                    ));
                }
            }
        }
        for (&(scope, element), &left) in &self.left {
            let node = graph.node(element);
            let arrived = |flow: &u32| self.arrived.get(&(scope, *flow)).copied().unwrap_or(0);
            let sent: u64 = node.outgoing.iter().map(arrived).sum();
            let all = left * node.outgoing.len() as u64;
            let conditional =
                node.outgoing.iter().any(|flow| graph.flow(*flow).condition.is_some());
            let (least, most) = match node.kind {
                Kind::Exclusive | Kind::EventBased { parallel: false } => (left, left),
                _ if conditional => (left, all),
                _ => (all, all),
            };
            if sent > most || (sent < least && !self.cut) {
                return Err(format!(
                    "{} was left {left} times, but {sent} tokens arrived behind it",
                    node.id
                ));
            }
        }
        for ((scope, flow), arrived) in &self.arrived {
            let from = (0_u32..).zip(&graph.nodes).find(|(_, node)| node.outgoing.contains(flow));
            let left = from.and_then(|(from, _)| self.left.get(&(*scope, from))).copied();
            if left.is_none_or(|left| *arrived > left) {
                return Err(format!("{arrived} tokens came by flow {flow}, {left:?} were sent"));
            }
        }
        Ok(())
    }
}

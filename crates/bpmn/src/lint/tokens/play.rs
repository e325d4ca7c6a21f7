//! The token game: every choice is taken each way, and the token that stands first moves first.
//!
//! In:  a net, and where tokens begin.
//! Out: verdicts about joins and merges.
//! Absent: other orders of the same moves. In a net without circles, when it is the turn of an element
//!         all tokens that can come to it are there, so that no order shows more.

use std::collections::{BTreeMap, BTreeSet};

use super::net::{Net, Way};
use crate::graph::Kind;

/// What the game has shown.
pub(super) enum Verdict {
    /// A token waits at a join, and nothing moves.
    Waits { join: u32, missing: u32, because: Option<Choice> },
    /// Two tokens came to an element that does not join them.
    Twice { at: u32, over: [u32; 2], split: Option<u32> },
}

/// A choice and what was chosen.
pub(super) struct Choice {
    pub node: u32,
    pub way: Way,
}

/// A choice that is not yet taken each way.
struct Open {
    node: u32,
    ways: Vec<Way>,
    taken: usize,
    /// How long the log of changes was.
    log: usize,
}

pub(super) struct Play<'a> {
    net: &'a Net<'a>,
    steps: &'a mut usize,
    /// Flows on which a token is.
    marked: BTreeSet<u32>,
    /// Elements before which a token is, with the number of them, in their order.
    waiting: BTreeMap<(u32, u32), usize>,
    /// Flows whose mark has changed.
    log: Vec<u32>,
    /// A number for `marked`, to know it again.
    hash: u64,
    seen: BTreeSet<u64>,
    open: Vec<Open>,
    /// Joins to which a token of the scope itself comes.
    joins: BTreeSet<u32>,
    main: bool,
    waits: BTreeMap<u32, Verdict>,
    twice: BTreeMap<u32, Verdict>,
}

impl<'a> Play<'a> {
    pub fn new(net: &'a Net<'a>, steps: &'a mut usize) -> Self {
        Self {
            net,
            steps,
            marked: BTreeSet::new(),
            waiting: BTreeMap::new(),
            log: Vec::new(),
            hash: 0,
            seen: BTreeSet::new(),
            open: Vec::new(),
            joins: BTreeSet::new(),
            main: true,
            waits: BTreeMap::new(),
            twice: BTreeMap::new(),
        }
    }

    pub fn verdicts(self) -> impl Iterator<Item = Verdict> {
        self.waits.into_values().chain(self.twice.into_values())
    }

    /// Plays from an event; `main`: what begins the scope, not what runs beside an activity.
    pub fn from(&mut self, begin: u32, main: bool) {
        self.main = main;
        self.seen.clear();
        let ways = self.net.ways(begin);
        self.choose(begin, ways);
        while *self.steps > 0 {
            *self.steps -= 1;
            if !self.advance() && !self.back() {
                break;
            }
        }
        self.undo(0);
        self.open.clear();
    }

    /// One token moves. False if none can, or it is known what follows.
    fn advance(&mut self) -> bool {
        if !self.seen.insert(self.hash) {
            return false;
        }
        let Some(at) = self.next() else {
            self.stopped();
            return false;
        };
        let arrived = self.arrived(at);
        if !self.joins(at)
            && let [first, second, ..] = arrived[..]
        {
            self.twice(at, [first, second]);
        }
        // Of two tokens that are not joined one goes on: what the other does is told.
        for flow in arrived {
            self.toggle(flow);
        }
        let ways = self.net.ways(at);
        self.choose(at, ways)
    }

    fn choose(&mut self, node: u32, mut ways: Vec<Way>) -> bool {
        let log = self.log.len();
        if ways.len() > 1 {
            let way = ways[0].clone();
            self.open.push(Open { node, ways, taken: 0, log });
            self.take(&way);
        } else if let Some(way) = ways.pop() {
            self.take(&way);
        }
        true
    }

    /// Back to the last choice that has another way.
    fn back(&mut self) -> bool {
        while let Some(mut open) = self.open.pop() {
            self.undo(open.log);
            open.taken += 1;
            if let Some(way) = open.ways.get(open.taken).cloned() {
                self.open.push(open);
                self.take(&way);
                return true;
            }
        }
        false
    }

    fn take(&mut self, way: &Way) {
        if way.ends {
            for flow in self.marked.clone() {
                self.toggle(flow);
            }
        }
        for flow in &way.flows {
            if !self.marked.contains(flow) {
                self.toggle(*flow);
            }
        }
    }

    fn undo(&mut self, to: usize) {
        while self.log.len() > to {
            if let Some(flow) = self.log.pop() {
                self.change(flow);
            }
        }
    }

    fn toggle(&mut self, flow: u32) {
        self.log.push(flow);
        self.change(flow);
    }

    fn change(&mut self, flow: u32) {
        self.hash ^= mixed(flow);
        let target = self.net.target(flow);
        let place = (self.net.rank(target), target);
        let count = self.waiting.entry(place).or_insert(0);
        if self.marked.remove(&flow) {
            *count -= 1;
        } else {
            self.marked.insert(flow);
            *count += 1;
        }
        if *count == 0 {
            self.waiting.remove(&place);
        }
    }

    /// The first element that can go on.
    fn next(&mut self) -> Option<u32> {
        let mut inclusive = None;
        let mut from = (0, 0);
        while let Some((&(rank, at), &count)) = self.waiting.range(from..).next() {
            from = (rank, at + 1);
            let node = self.net.node(at);
            let complete = count == node.incoming.len();
            if self.main && matches!(node.kind, Kind::Parallel) {
                self.joins.insert(at);
            }
            match node.kind {
                Kind::Parallel if !complete => {}
                Kind::Inclusive if !complete && self.more_can_come(at) => {
                    inclusive = inclusive.or(Some(at));
                }
                _ => return Some(at),
            }
        }
        // Two that wait for each other: one goes on, as `Run` lets it.
        inclusive
    }

    fn joins(&self, at: u32) -> bool {
        let node = self.net.node(at);
        node.incoming.len() > 1 && matches!(node.kind, Kind::Parallel | Kind::Inclusive)
    }

    fn arrived(&self, at: u32) -> Vec<u32> {
        let incoming = self.net.node(at).incoming.iter().copied();
        incoming.filter(|flow| self.marked.contains(flow)).collect()
    }

    /// Whether a token elsewhere can come to a flow into the gateway on which there is none.
    fn more_can_come(&mut self, gateway: u32) -> bool {
        if self.waiting.len() == 1 {
            return false;
        }
        let incoming = self.net.node(gateway).incoming.iter();
        let empty: Vec<u32> =
            incoming.copied().filter(|flow| !self.marked.contains(flow)).collect();
        let sources = self.sources(&empty, gateway);
        self.waiting.keys().any(|(_, at)| *at != gateway && sources.contains(at))
    }

    /// Elements from which a token comes over one of these flows without passing `not_over`.
    fn sources(&mut self, flows: &[u32], not_over: u32) -> BTreeSet<u32> {
        let model = self.net.model;
        let mut seen = BTreeSet::new();
        let mut open: Vec<u32> = flows.iter().map(|flow| model.flow(*flow).source).collect();
        while let Some(at) = open.pop() {
            if at == not_over || !seen.insert(at) {
                continue;
            }
            *self.steps = self.steps.saturating_sub(1);
            let node = model.node(at);
            open.extend(node.incoming.iter().map(|flow| model.flow(*flow).source));
            match node.kind {
                Kind::Boundary { attached, .. } => open.push(attached),
                Kind::Catch(_) if node.incoming.is_empty() => open.extend(self.links_to(at)),
                _ => {}
            }
        }
        seen
    }

    fn links_to(&self, catch: u32) -> Vec<u32> {
        let scope = self.net.node(catch).scope;
        let inside = &self.net.model.children[scope as usize];
        inside.iter().copied().filter(|at| self.net.leads_to(*at).contains(&catch)).collect()
    }

    /// Nothing moves: the first join at which a token is waits for ever.
    fn stopped(&mut self) {
        let is_join = |at: &u32| {
            self.net.node(*at).incoming.len() > 1
                && matches!(self.net.node(*at).kind, Kind::Parallel)
        };
        let Some(join) = self.waiting.keys().map(|(_, at)| *at).find(is_join) else { return };
        let known = self.waits.contains_key(&join) || !self.main && self.joins.contains(&join);
        let incoming = self.net.node(join).incoming.iter().copied();
        let missing = incoming.into_iter().find(|flow| !self.marked.contains(flow));
        let (false, Some(missing)) = (known, missing) else { return };
        let sources = self.sources(&[missing], join);
        let leads = |way: &Way| {
            way.flows
                .iter()
                .any(|flow| *flow == missing || sources.contains(&self.net.target(*flow)))
        };
        let because = self.open.iter().rev().find_map(|open| {
            let way = &open.ways[open.taken];
            let decided = !leads(way) && open.ways.iter().any(leads);
            decided.then(|| Choice { node: open.node, way: way.clone() })
        });
        self.waits.insert(join, Verdict::Waits { join, missing, because });
    }

    fn twice(&mut self, at: u32, over: [u32; 2]) {
        if self.twice.contains_key(&at) {
            return;
        }
        let first = self.sources(&[over[0]], at);
        let second = self.sources(&[over[1]], at);
        let rank = |element: &u32| self.net.rank(*element);
        let is_split = |element: &u32| {
            let leads = |flow: &u32, to: &BTreeSet<u32>, over: u32| {
                *flow == over || to.contains(&self.net.target(*flow))
            };
            self.net.ways(*element).iter().any(|way| {
                let one = way.flows.iter().find(|flow| leads(flow, &first, over[0]));
                let other = way
                    .flows
                    .iter()
                    .find(|flow| Some(*flow) != one && leads(flow, &second, over[1]));
                one.is_some() && other.is_some()
            })
        };
        let both = first.intersection(&second).copied().filter(is_split);
        let split = both.filter(|it| rank(it) < rank(&at)).max_by_key(rank);
        self.twice.insert(at, Verdict::Twice { at, over, split });
    }
}

/// Spreads numbers over all bits (splitmix64).
fn mixed(number: u32) -> u64 {
    let mut bits = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

//! Where an element begins that no token reaches: which elements may, and in which scope.
//!
//! In:  an element's id; what lives; the scope that somebody names, if they do.
//! Out: the scope that lives, and those between it and the element that are to be new; or why not.
//! Absent: any change (see `modify`).

use std::collections::BTreeSet;

use base::{ElementKey, Rejection, Within};

use super::Run;
use crate::graph::{Kind, Node, Process, Trigger};

/// Where an element begins.
#[derive(Debug)]
pub(super) struct Place {
    /// The scope that lives.
    pub(super) within: ElementKey,
    /// New scopes from there inwards.
    pub(super) fresh: Vec<u32>,
}

impl Process {
    /// The element with this id, if an instance can begin before it.
    pub fn startable(&self, id: &str) -> Result<u32, Rejection> {
        let element = self.enterable(id)?;
        for scope in self.scopes_of(element).into_iter().skip(1) {
            self.creatable(scope, element)?;
        }
        Ok(element)
    }

    /// The element with this id, if an instance can be ended after it.
    pub fn endable(&self, id: &str) -> Result<u32, Rejection> {
        match self.known(id)? {
            0 => Err(Rejection::invalid(format!(
                "expected an element after which the instance is ended, but `{id}` is the process \
                 itself; name an element in it"
            ))),
            element => Ok(element),
        }
    }

    /// The element with this id, if it can begin without a token.
    pub(super) fn enterable(&self, id: &str) -> Result<u32, Rejection> {
        let element = self.known(id)?;
        let node = self.node(element);
        let behind_a_gateway = node
            .incoming
            .iter()
            .any(|flow| matches!(self.node(self.flow(*flow).source).kind, Kind::EventBased { .. }));
        let why = match &node.kind {
            Kind::Process { .. } => "the process itself; name an element in it",
            Kind::Start(_) => {
                "a start event; name the sub-process that it begins, or what follows it"
            }
            Kind::Boundary { .. } => "a boundary event; name what follows it",
            // Their message needs no correlation key, so that an instance could wait in vain.
            Kind::Catch(_) | Kind::EventBased { .. } if self.begins_instances(node) => {
                "where messages from outside begin instances; name what follows it"
            }
            Kind::Catch(_) if behind_a_gateway => {
                "an event behind an event-based gateway; name the gateway, or what follows the event"
            }
            _ if node.compensation.is_handler => {
                "a compensation handler, and there is nothing that it would undo"
            }
            _ if self.is_undoing(node) => {
                "a compensation event sub-process, and there is nothing that it would undo"
            }
            _ => return Ok(element),
        };
        Err(Rejection::invalid(format!(
            "expected an element at which an instance can begin, but {} is {why}",
            node.label()
        )))
    }

    /// Whether it starts instances without being a start event.
    fn begins_instances(&self, node: &Node) -> bool {
        let mut behind = node.outgoing.iter().map(|flow| self.node(self.flow(*flow).target));
        let gateway = matches!(node.kind, Kind::EventBased { .. });
        node.instantiates && node.incoming.is_empty() || gateway && behind.any(|it| it.instantiates)
    }

    /// The node with this id.
    pub(super) fn known(&self, id: &str) -> Result<u32, Rejection> {
        if let Some(element) = self.node_by_id(id) {
            return Ok(element);
        }
        let is_flow = self.flows.iter().any(|flow| flow.id == *id);
        let found = if is_flow {
            format!("`{id}` is a sequence flow; name the element that it leads to")
        } else {
            format!("the process `{}` has none with the id `{id}`", self.id)
        };
        Err(Rejection::invalid(format!("expected the id of an element, but {found}")))
    }

    /// The scopes around an element, the process first.
    pub(super) fn scopes_of(&self, element: u32) -> Vec<u32> {
        let mut scopes = Vec::new();
        let mut at = element;
        while at != 0 {
            at = self.node(at).scope;
            scopes.push(at);
        }
        scopes.reverse();
        scopes
    }

    fn is_undoing(&self, node: &Node) -> bool {
        let Kind::EventSubProcess { start, .. } = node.kind else { return false };
        matches!(self.node(start).trigger(), Some(Trigger::Compensation))
    }

    /// Refuses a scope that cannot be entered in order to begin something in it.
    fn creatable(&self, scope: u32, element: u32) -> Result<(), Rejection> {
        let node = self.node(scope);
        let why = if node.marker.is_some() {
            "repeats; begin before the whole of it, or name the element instance of the turn"
        } else if node.compensation.is_handler || self.is_undoing(node) {
            "compensates what has completed, and nothing is to be compensated"
        } else if matches!(node.kind, Kind::SubProcess { .. } | Kind::EventSubProcess { .. }) {
            return Ok(());
        } else {
            "is nothing in which one element can begin alone; begin before the whole of it"
        };
        Err(Rejection::invalid(format!(
            "expected {} to stand where it can begin alone, but {} around it {why}",
            self.node(element).label(),
            node.label()
        )))
    }
}

impl Run<'_, '_, '_> {
    /// Where an element begins. What is `doomed` ends in the same decision and takes in nothing.
    pub(super) fn place(
        &self,
        element: u32,
        within: Within,
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<Place, Rejection> {
        let scopes = self.process.scopes_of(element);
        match within {
            Within::Existing => {
                self.descend(element, self.decision.state().key().root(), &scopes[1..], doomed)
            }
            Within::Scope(key) => {
                let at = self.named_scope(element, key, &scopes, doomed)?;
                let fresh = scopes[at + 1..].to_vec();
                fresh.iter().try_for_each(|scope| self.process.creatable(*scope, element))?;
                Ok(Place { within: key, fresh })
            }
        }
    }

    /// Where an element begins for what ends at `source`: in the innermost scope around that which
    /// is also one around the element, and further inwards as if none were named.
    pub(super) fn place_near(
        &self,
        element: u32,
        source: ElementKey,
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<Place, Rejection> {
        let scopes = self.process.scopes_of(element);
        let state = self.decision.state();
        let shared = state.scopes(source).skip(1).find_map(|(key, live)| {
            let at = scopes.iter().position(|scope| *scope == live.element)?;
            (!self.is_body(key) && !self.is_reentered(key)).then_some((key, at))
        });
        let (key, at) = shared.unwrap_or((state.key().root(), 0));
        self.descend(element, key, &scopes[at + 1..], doomed)
    }

    /// Goes inwards from a live scope as long as exactly one of the next scopes lives.
    fn descend(
        &self,
        element: u32,
        mut within: ElementKey,
        scopes: &[u32],
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<Place, Rejection> {
        for (at, scope) in scopes.iter().enumerate() {
            if self.process.node(*scope).marker.is_some() {
                self.process.creatable(*scope, element)?;
            }
            let state = self.decision.state();
            let lives = |key: &ElementKey| {
                !doomed.contains(key)
                    && state
                        .element(*key)
                        .is_some_and(|live| live.element == *scope && live.compensates.is_none())
            };
            let live: Vec<ElementKey> = state.children_of(within).filter(lives).collect();
            match live[..] {
                [] => {
                    let fresh = scopes[at..].to_vec();
                    fresh.iter().try_for_each(|scope| self.process.creatable(*scope, element))?;
                    return Ok(Place { within, fresh });
                }
                [one] => within = one,
                [..] => {
                    let keys: Vec<_> = live.iter().map(ToString::to_string).collect();
                    return Err(Rejection::invalid(format!(
                        "expected one {} in which {} could begin, but {} live ({}); name one of \
                         them as the ancestor",
                        self.process.node(*scope).label(),
                        self.process.node(element).label(),
                        live.len(),
                        keys.join(", ")
                    )));
                }
            }
        }
        Ok(Place { within, fresh: Vec::new() })
    }

    /// Where among the scopes of the element the one stands that somebody has named.
    fn named_scope(
        &self,
        element: u32,
        key: ElementKey,
        scopes: &[u32],
        doomed: &BTreeSet<ElementKey>,
    ) -> Result<usize, Rejection> {
        let label = self.process.node(element).label();
        let wrong = |found: String| {
            Err(Rejection::invalid(format!(
                "expected the ancestor {key} to be a live scope around {label}, but {found}"
            )))
        };
        let Some(live) = self.decision.state().element(key) else {
            return wrong("it is no live element instance of this process instance".into());
        };
        let around = self.process.node(live.element).label();
        if doomed.contains(&key) {
            return wrong(format!("it is {around}, which this command ends"));
        }
        if self.is_reentered(key) {
            return wrong(format!("it is {around}, which is being compensated"));
        }
        if self.is_body(key) {
            return wrong(format!("it is the loop {around}; name one of its turns"));
        }
        match scopes.iter().position(|scope| *scope == live.element) {
            Some(at) => Ok(at),
            None => wrong(format!("it is {around}, in which it does not stand")),
        }
    }
}

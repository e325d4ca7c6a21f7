//! Which element of one graph an element of another can become while it is active.
//!
//! In:  two elements.
//! Out: nothing, or what does not fit and what to do.
//! Absent: what lives (see `migrate`).

use std::collections::BTreeMap;
use std::mem::discriminant;

use base::{Rejection, Text};

use crate::graph::{Kind, Node, Process, Trigger};
use crate::marker::Marker;

impl Process {
    /// Nodes and flows by their ids.
    pub(super) fn numbers_by_id(&self) -> BTreeMap<&str, u32> {
        let nodes = self.nodes.iter().map(|node| &*node.id);
        nodes.chain(self.flows.iter().map(|flow| &*flow.id)).zip(0_u32..).collect()
    }

    /// The ids of elements and flows that an instance keeps in the other graph if nobody says
    /// otherwise: those of elements that fit.
    pub fn alike(&self, to: &Self) -> Vec<Text> {
        let others = to.numbers_by_id();
        let nodes = self.counts().0;
        let kept = self.numbers_by_id().into_iter().filter(|(id, from)| {
            let Some(into) = others.get(id).copied() else { return false };
            let (flow, other) = (*from as usize >= nodes, into as usize >= to.counts().0);
            *from != 0
                && into != 0
                && flow == other
                && (flow || fits(self, *from, to, into).is_ok())
        });
        kept.map(|(id, _)| id.into()).collect()
    }

    /// Whether a boundary event, or the event sub-process of a start event, ends what it is at.
    pub(super) fn interrupts(&self, event: &Node) -> bool {
        match event.kind {
            Kind::Boundary { interrupting, .. } => interrupting,
            _ => match self.node(event.scope).kind {
                Kind::EventSubProcess { interrupting, .. } => interrupting,
                _ => true,
            },
        }
    }

    /// What begins the node, or what it waits for.
    fn trigger_of<'n>(&'n self, node: &'n Node) -> Option<&'n Trigger> {
        match node.kind {
            Kind::EventSubProcess { start, .. } => self.node(start).trigger(),
            _ => node.trigger(),
        }
    }
}

/// An active element becomes another one of its type that does the same kind of work.
pub(super) fn fits(from: &Process, element: u32, to: &Process, into: u32) -> Result<(), Rejection> {
    let (node, other) = (from.node(element), to.node(into));
    let wrong = |wanted: String, found: String| {
        Err(Rejection::state(format!(
            "expected {} to become {wanted}, but {} is {found}; map it to another element, or end \
             it by a modification first",
            node.label(),
            other.label()
        )))
    };
    if node.element_type != other.element_type {
        return wrong(format!("a {}", node.element_type), format!("a {}", other.element_type));
    }
    if discriminant(&node.kind) != discriminant(&other.kind) {
        return wrong("one that does its work in the same way".into(), work(&other.kind).into());
    }
    if let (Kind::AdHoc(one), Kind::AdHoc(two)) = (&node.kind, &other.kind)
        && one.job.is_some() != two.job.is_some()
    {
        let form = |has_job| if has_job { "one with a job" } else { "one without a job" };
        return wrong(form(one.job.is_some()).into(), form(two.job.is_some()).into());
    }
    if let (Kind::AdHoc(one), Kind::AdHoc(two)) = (&node.kind, &other.kind)
        && one.sequential != two.sequential
    {
        let order = |sequential| {
            if sequential { "one whose elements take turns" } else { "one whose elements do not" }
        };
        return wrong(order(one.sequential).into(), order(two.sequential).into());
    }
    if repeats(node) != repeats(other) {
        return wrong(repeats(node).into(), repeats(other).into());
    }
    if node.compensation.is_handler != other.compensation.is_handler {
        return wrong("one that compensates as it does".into(), "none".into());
    }
    match (from.trigger_of(node), to.trigger_of(other)) {
        (Some(one), Some(two)) if !same(one, two) => {
            wrong("an event of the same kind".into(), "one of another kind".into())
        }
        _ => Ok(()),
    }
}

/// An event that is waited for stays at the element that waits.
pub(super) fn stays_attached(
    from: &Process,
    event: u32,
    to: &Process,
    into: u32,
    owner: u32,
) -> Result<(), Rejection> {
    fits(from, event, to, into)?;
    let other = to.node(into);
    let attached = match &other.kind {
        Kind::Boundary { attached, .. } => *attached == owner,
        Kind::Start(_) => {
            let within = to.node(other.scope);
            matches!(within.kind, Kind::EventSubProcess { .. }) && within.scope == owner
        }
        _ => to.node(owner).outgoing.iter().any(|flow| to.flow(*flow).target == into),
    };
    if attached {
        return Ok(());
    }
    Err(Rejection::state(format!(
        "expected {} to stay with the element that waits for it, but {} does not belong to {}; take \
         the mapping away to wait anew, or map it to an event of {}",
        from.node(event).label(),
        other.label(),
        to.node(owner).label(),
        to.node(owner).label()
    )))
}

/// What waits for its turn in an ad-hoc sub-process can begin in the one `into` that it becomes.
pub(super) fn waits_in(
    from: &Process,
    queued: u32,
    to: &Process,
    into: u32,
    element: Option<u32>,
) -> Result<u32, Rejection> {
    let fits = |at: &u32| to.node(*at).scope == into && to.node(*at).begins_by_choice();
    element.filter(fits).ok_or_else(|| {
        Rejection::state(format!(
            "expected a mapping for {}, which waits for its turn, to an element that can begin in {}; \
             map it, or wait until it has begun",
            from.node(queued).label(),
            to.node(into).label()
        ))
    })
}

fn same(one: &Trigger, two: &Trigger) -> bool {
    match (one, two) {
        (Trigger::Any(ones), Trigger::Any(twos)) | (Trigger::All(ones), Trigger::All(twos)) => {
            ones.len() == twos.len() && ones.iter().zip(twos).all(|(one, two)| same(one, two))
        }
        _ => discriminant(one) == discriminant(two),
    }
}

fn repeats(node: &Node) -> &'static str {
    match &node.marker {
        None => "one that does not repeat",
        Some(Marker::Standard(_)) => "a standard loop",
        Some(Marker::Multi(multi)) if multi.sequential => "a sequential multi-instance",
        Some(Marker::Multi(_)) => "a parallel multi-instance",
    }
}

fn work(kind: &Kind) -> &'static str {
    match kind {
        Kind::Job(_) => "one that a worker does",
        Kind::UserTask(_) => "one that a person does",
        Kind::Decision(_) => "one that a decision does",
        Kind::Script { .. } => "one that an expression does",
        _ => "one of another kind",
    }
}

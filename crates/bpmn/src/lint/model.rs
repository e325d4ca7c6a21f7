//! What the rules look at: a process, who stands in which scope, and what other models do.

use std::collections::{BTreeMap, BTreeSet};

use base::{Finding, Severity};

use crate::graph::{Flow, Kind, Node, Process, Throw, Trigger, Value};
use crate::place::Place;
use crate::read::Definitions;

/// A process, prepared for the rules.
pub(super) struct Model<'a> {
    pub process: &'a Process,
    /// Elements directly in each element.
    pub children: Vec<Vec<u32>>,
    pub around: &'a Around<'a>,
}

/// What all models together do, this one included.
#[derive(Default)]
pub(super) struct Around<'a> {
    /// Signals that are thrown.
    pub signals: Names<'a>,
    /// Call activities by the process that they call.
    pub calls: BTreeMap<&'a str, Vec<(&'a Process, u32)>>,
}

/// Names, of which some may be known only when an instance is there.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub fixed: BTreeSet<&'a str>,
    pub any: bool,
}

impl<'a> Names<'a> {
    pub fn add(&mut self, name: &'a Value) {
        match name {
            Value::Fixed(name) => {
                self.fixed.insert(name);
            }
            Value::Feel(_) => self.any = true,
        }
    }
}

impl<'a> Around<'a> {
    pub fn of(model: &'a Definitions, others: &[&'a Definitions]) -> Self {
        let mut around = Self::default();
        for process in others.iter().copied().chain([model]).flat_map(|it| &it.processes) {
            for (node, number) in process.nodes.iter().zip(0_u32..) {
                for throw in throws(node) {
                    if let Throw::Signal { name } = throw {
                        around.signals.add(name);
                    }
                }
                if let Kind::Call(called) = &node.kind
                    && let Value::Fixed(id) = &called.process_id
                {
                    around.calls.entry(id).or_default().push((process, number));
                }
            }
        }
        around
    }
}

impl<'a> Model<'a> {
    pub fn of(process: &'a Process, around: &'a Around<'a>) -> Self {
        let mut children = vec![Vec::new(); process.nodes.len()];
        for (node, number) in process.nodes.iter().zip(0_u32..).skip(1) {
            children[node.scope as usize].push(number);
        }
        Self { process, children, around }
    }

    /// All elements but the process itself, with their numbers.
    pub fn elements(&self) -> impl Iterator<Item = (u32, &'a Node)> + use<'a> {
        self.process.nodes.iter().zip(0_u32..).skip(1).map(|(node, number)| (number, node))
    }

    pub fn node(&self, element: u32) -> &'a Node {
        self.process.node(element)
    }

    pub fn flow(&self, flow: u32) -> &'a Flow {
        self.process.flow(flow)
    }

    /// The scopes around an element, inwards to outwards; the process is the last.
    pub fn scopes(&self, element: u32) -> impl Iterator<Item = u32> + use<'_, 'a> {
        let mut at = element;
        std::iter::from_fn(move || {
            let scope = (at != 0).then(|| self.node(at).scope)?;
            at = scope;
            Some(scope)
        })
    }

    /// Everything that stands in an element, however deep.
    pub fn within(&self, element: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut open = vec![element];
        while let Some(at) = open.pop() {
            found.extend(&self.children[at as usize]);
            open.extend(&self.children[at as usize]);
        }
        found
    }

    /// The start events of the event sub-processes directly in a scope, with their sub-processes.
    pub fn handlers(&self, scope: u32) -> impl Iterator<Item = (u32, u32)> + use<'_, 'a> {
        self.node(scope).handlers.iter().filter_map(|handler| match self.node(*handler).kind {
            Kind::EventSubProcess { start, .. } => Some((start, *handler)),
            _ => None,
        })
    }

    /// What catches what is thrown at an element: events of its own and those of the scopes around
    /// it, but not of an event sub-process that it is in.
    pub fn catchers(&self, thrower: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut inside = thrower;
        for scope in std::iter::once(thrower).chain(self.scopes(thrower)) {
            let handlers = self.handlers(scope).filter(|(_, handler)| *handler != inside);
            found.extend(handlers.map(|(start, _)| start));
            found.extend(&self.node(scope).boundaries);
            inside = scope;
        }
        found
    }

    /// A flow as messages to people call it.
    pub fn flow_label(&self, flow: u32) -> String {
        format!("\"{}\"", self.flow(flow).id)
    }
}

/// What an event throws.
pub(super) fn throws(node: &Node) -> &[Throw] {
    match &node.kind {
        Kind::Throw(throws) | Kind::End(throws) => throws,
        _ => &[],
    }
}

/// What an event waits for: of several, each.
pub(super) fn triggers(node: &Node) -> &[Trigger] {
    match node.trigger() {
        Some(Trigger::Any(several) | Trigger::All(several)) => several,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// The findings about a process.
pub(super) struct Found<'a> {
    process: &'a Process,
    pub findings: Vec<Finding>,
}

impl<'a> Found<'a> {
    pub fn new(process: &'a Process) -> Self {
        Self { process, findings: Vec::new() }
    }

    /// A warning about an element or a flow.
    pub fn warn(
        &mut self,
        element: u32,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let process = self.process;
        let (nodes, _) = process.counts();
        let place = if (element as usize) < nodes {
            process.node(element).place
        } else {
            process.flow(element).place
        };
        self.warn_at(element, place, code, message, help);
    }

    /// A warning about a part of an element.
    pub fn warn_at(
        &mut self,
        element: u32,
        place: Place,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding {
            code,
            file: None,
            line: place.line,
            column: place.column,
            element_id: self.process.id_of(element).map(ToString::to_string),
            message: message.into(),
            help: help.into(),
            severity: Severity::Warning,
        });
    }
}

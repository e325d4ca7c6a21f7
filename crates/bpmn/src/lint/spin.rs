//! Circles that an instance never gets out of and never rests in: it would stop with an incident after
//! a limit of steps.

use super::codes::NEVER_WAITS;
use super::kinds::never_waits;
use super::model::{Found, Model};
use crate::graph::{Kind, Node};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    OnPath,
    Done,
}

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let mut seen = vec![Seen::Not; model.process.nodes.len()];
    for (element, _) in model.elements() {
        // Elements on the way, each with what is still to be followed from it.
        let mut path: Vec<(u32, Vec<u32>)> = Vec::new();
        enter(model, element, &mut seen, &mut path);
        while let Some((at, open)) = path.last_mut() {
            let Some(next) = open.pop() else {
                seen[*at as usize] = Seen::Done;
                path.pop();
                continue;
            };
            if seen[next as usize] == Seen::OnPath {
                report(model, next, found);
            } else {
                enter(model, next, &mut seen, &mut path);
            }
        }
    }
}

fn enter(model: &Model<'_>, element: u32, seen: &mut [Seen], path: &mut Vec<(u32, Vec<u32>)>) {
    let node = model.node(element);
    if seen[element as usize] == Seen::Not && never_waits(node) {
        seen[element as usize] = Seen::OnPath;
        path.push((element, certain(model, node)));
    }
}

/// Where a token goes whatever the conditions say.
fn certain(model: &Model<'_>, node: &Node) -> Vec<u32> {
    let target = |flow: &u32| model.flow(*flow).target;
    if let [flow] = &node.outgoing[..] {
        return if model.flow(*flow).condition.is_none() { vec![target(flow)] } else { Vec::new() };
    }
    if matches!(node.kind, Kind::Exclusive) {
        return Vec::new();
    }
    let always =
        |flow: &&u32| Some(**flow) != node.default && model.flow(**flow).condition.is_none();
    node.outgoing.iter().filter(always).map(target).collect()
}

fn report(model: &Model<'_>, element: u32, found: &mut Found<'_>) {
    let message = format!(
        "{} leads back to itself over elements that never wait, and no condition leads out: an instance \
         that comes here stops with an incident",
        model.node(element).label()
    );
    let help = "put a timer, a task or an exclusive gateway with a way out into the circle";
    found.warn(element, NEVER_WAITS, message, help);
}

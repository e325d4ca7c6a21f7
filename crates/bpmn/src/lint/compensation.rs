//! Work that stays done where everything is to be undone: a scope that compensates or cancels, with an
//! activity before it that has no compensation handler.

use super::codes::NOT_COMPENSATED;
use super::kinds::has_effect;
use super::model::{Found, Model};
use crate::graph::{Kind, Node};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for scope in 0..model.children.len() {
        let inside = &model.children[scope];
        let undoes: Vec<u32> =
            inside.iter().copied().filter(|at| undoes_all(model.node(*at))).collect();
        let handlers = model.node(number(scope)).handlers.iter();
        let from_handler = handlers
            .flat_map(|handler| &model.children[*handler as usize])
            .copied()
            .find(|at| matches!(model.node(*at).kind, Kind::Compensate { activity: None, .. }));
        let Some(by) = undoes.first().copied().or(from_handler) else { continue };
        let before = before(model, &undoes);
        let mut bare = Vec::new();
        let mut handled = false;
        for at in inside.iter().copied() {
            let node = model.node(at);
            handled |= node.compensation.handler.is_some();
            let is_before = is_followed(model, node, |next| before[next as usize]);
            let fails_after = from_handler.is_some() && is_followed_by_work(model, node);
            if is_before || fails_after {
                collect(model, at, &mut bare, &mut handled);
            }
        }
        // Where nothing has a handler, nothing was meant to be undone.
        if handled {
            bare.sort_unstable();
            for at in bare {
                report(model, at, by, found);
            }
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn undoes_all(node: &Node) -> bool {
    matches!(node.kind, Kind::Compensate { activity: None, .. } | Kind::Cancel)
}

/// Elements from which one of these is come to.
fn before(model: &Model<'_>, targets: &[u32]) -> Vec<bool> {
    let mut before = vec![false; model.process.nodes.len()];
    let mut open = targets.to_vec();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut before[at as usize], true) {
            continue;
        }
        let node = model.node(at);
        open.extend(node.incoming.iter().map(|flow| model.flow(*flow).source));
        if let Kind::Boundary { attached, .. } = node.kind {
            open.push(attached);
        }
    }
    before
}

/// Whether it has completed when something for which `is_it` holds is come to: its own flows lead
/// there, not only its boundary events.
fn is_followed(model: &Model<'_>, node: &Node, is_it: impl Fn(u32) -> bool) -> bool {
    node.outgoing.iter().any(|flow| is_it(model.flow(*flow).target))
}

/// Whether work follows, which may fail.
fn is_followed_by_work(model: &Model<'_>, node: &Node) -> bool {
    let targets = |node: &Node| -> Vec<u32> {
        node.outgoing.iter().map(|flow| model.flow(*flow).target).collect()
    };
    let mut seen = vec![false; model.process.nodes.len()];
    let mut open = targets(node);
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at as usize], true) {
            continue;
        }
        if has_effect(model.node(at)) {
            return true;
        }
        open.extend(targets(model.node(at)));
    }
    false
}

/// Work in an activity that nothing undoes.
fn collect(model: &Model<'_>, activity: u32, bare: &mut Vec<u32>, handled: &mut bool) {
    let node = model.node(activity);
    let compensation = node.compensation;
    let undone = compensation.handler.is_some() || compensation.event_sub_process.is_some();
    *handled |= undone;
    if undone || compensation.is_handler {
        return;
    }
    match node.kind {
        // Events that send messages cannot have a handler.
        Kind::Job(_) | Kind::Call(_)
            if !matches!(node.element_type, "END_EVENT" | "INTERMEDIATE_THROW_EVENT") =>
        {
            bare.push(activity);
        }
        Kind::SubProcess { .. } | Kind::AdHoc(_) => {
            for inner in &model.children[activity as usize] {
                collect(model, *inner, bare, handled);
            }
        }
        _ => {}
    }
}

fn report(model: &Model<'_>, activity: u32, by: u32, found: &mut Found<'_>) {
    let message = format!(
        "{} has no compensation handler: it stays done when {} undoes what is around it",
        model.node(activity).label(),
        model.node(by).label()
    );
    let help = "attach a compensation boundary event with a handler; if there is nothing to undo, \
                silence this with that as the reason";
    found.warn(activity, NOT_COMPENSATED, message, help);
}

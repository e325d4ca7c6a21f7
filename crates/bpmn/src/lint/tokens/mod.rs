//! Parallel joins that wait for ever, and paths that are taken twice.
//!
//! In:  a process.
//! Out: joins at which a token waits while no other token can come; places where two tokens of one
//!      split meet and nothing joins them, with something to do afterwards.
//! Absent: what conditions say. Each way out of a choice is taken once, whatever the others were: two
//!         gateways that ask the same are not known to agree. What lies beyond [`STEPS_MAX`] steps.

mod net;
mod play;

use super::codes::{RUNS_TWICE, WAITS_FOR_EVER};
use super::kinds::has_effect;
use super::model::{Found, Model};
use crate::graph::{Kind, Trigger};
use net::Net;
use play::{Play, Verdict};

/// Steps of the game in one process; the time that it may take, too.
const STEPS_MAX: usize = 200_000;

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    let mut steps = STEPS_MAX;
    for scope in (0_u32..).take(model.children.len()) {
        let inside = &model.children[scope as usize];
        // Without a join or a split there is one token.
        if !inside.iter().any(|at| net::is_parallel(model, *at)) {
            continue;
        }
        let net = Net::of(model, scope);
        let mut play = Play::new(&net, &mut steps);
        let starts = inside.iter().filter(|at| matches!(model.node(**at).kind, Kind::Start(_)));
        for start in starts {
            play.from(*start, true);
        }
        // What runs beside an activity has a token of its own.
        for event in inside.iter().filter(|at| runs_beside(model, **at)) {
            play.from(*event, false);
        }
        for verdict in play.verdicts() {
            report(model, &net, verdict, found);
        }
    }
}

fn runs_beside(model: &Model<'_>, event: u32) -> bool {
    match &model.node(event).kind {
        Kind::Boundary { interrupting, trigger, .. } => {
            !interrupting && !matches!(trigger, Trigger::Compensation)
        }
        _ => false,
    }
}

fn report(model: &Model<'_>, net: &Net<'_>, verdict: Verdict, found: &mut Found<'_>) {
    match verdict {
        Verdict::Waits { join, missing, because } => {
            let because = because.map_or_else(String::new, |choice| {
                format!(" if {}", net.told(choice.node, &choice.way))
            });
            let message = format!(
                "{} waits for ever{because}: nothing comes over {} then",
                model.node(join).label(),
                model.flow_label(missing)
            );
            let help = "join paths of which one is taken with an exclusive gateway, or paths of which \
                        some are taken with an inclusive one";
            found.warn(join, WAITS_FOR_EVER, message, help);
        }
        Verdict::Twice { at, over, split } => {
            if !leads_to_effect(model, at) {
                return;
            }
            let node = model.node(at);
            let what = if has_effect(node) { "" } else { "what follows " };
            let split = split
                .map_or_else(String::new, |split| format!(" of {}", model.node(split).label()));
            let message = format!(
                "{what}{} runs twice: paths{split} come over {} and {}, and nothing joins them",
                node.label(),
                model.flow_label(over[0]),
                model.flow_label(over[1])
            );
            found.warn(at, RUNS_TWICE, message, "join the paths with a parallel gateway before it");
        }
    }
}

/// Whether somebody notices that an element is passed twice.
fn leads_to_effect(model: &Model<'_>, element: u32) -> bool {
    let mut seen = vec![false; model.process.nodes.len()];
    let mut open = vec![element];
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at as usize], true) {
            continue;
        }
        let node = model.node(at);
        if has_effect(node) {
            return true;
        }
        open.extend(node.outgoing.iter().map(|flow| model.flow(*flow).target));
    }
    false
}

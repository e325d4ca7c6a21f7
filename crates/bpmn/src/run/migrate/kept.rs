//! What a migration does with what is kept for later: completed activities that can be compensated,
//! gateways that wait for their reset, steps that remain to be taken, the elements after which the
//! instance ends.
//!
//! In:  the other graph, and which element becomes which.
//! Out: the numbers of all that stays known; or what has no counterpart.
//! Absent: what lives (see `migrate`).

use std::collections::{BTreeMap, BTreeSet};

use base::{ElementKey, KeptStep, Rejection, Stage};
use instance::{Compensable, Job};

use super::super::Run;
use super::super::fit::fits;
use super::Plan;
use crate::graph::{Kind, Node, Process};

/// Completed activities: the scope that each was in, and its element.
type Completed = BTreeMap<ElementKey, (ElementKey, u32)>;

impl Run<'_, '_, '_> {
    pub(super) fn plan_kept(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        let all = || self.decision.state().all_compensable();
        let completed: Completed =
            all().map(|(scope, done)| (done.key, (scope, done.element))).collect();
        for (scope, done) in all() {
            // What nobody can come to is forgotten.
            if !is_undone_as_a_whole(scope, &completed, to, plan) {
                let live = self.decision.state().element(scope).map(|live| live.element);
                let around = live.or_else(|| completed.get(&scope).map(|(_, element)| *element));
                self.plan_completed(around.unwrap_or(0), done, to, plan)?;
            }
        }
        self.plan_resets(to, plan)?;
        for step in self.decision.state().kept_steps() {
            self.plan_step(step, to, plan)?;
        }
        self.plan_end(plan)
    }

    /// What is done again later must be there.
    pub(super) fn plan_incidents(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        for (incident, open) in self.decision.state().incidents() {
            match &open.stage {
                Stage::Starting { start } | Stage::Beginning { start } => {
                    self.plan_start(*start, to, plan)?;
                }
                Stage::Listening { .. } => plan.resolved.push(*incident),
                Stage::Entering
                | Stage::Activating
                | Stage::Working
                | Stage::Leaving
                | Stage::Going
                | Stage::Throwing { .. } => {}
            }
        }
        let listeners = self.decision.state().jobs().values().filter_map(Job::listener);
        let starts: Vec<u32> = listeners.filter_map(|listener| listener.start).collect();
        starts.into_iter().try_for_each(|start| self.plan_start(start, to, plan))
    }

    /// The start event, or what stands for one, at which the process is about to begin.
    fn plan_start(&self, start: u32, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        let none = match to.node(0).kind {
            Kind::Process { start } => start,
            _ => None,
        };
        let into = plan.mapped.get(&start).copied().or(none);
        let into = into.filter(|into| to.starts().any(|(start, _)| start == *into));
        let into = into.ok_or_else(|| {
            Rejection::state(format!(
                "expected a mapping for the start event {}, at which the instance is about to \
                 begin, to a start event of the process",
                self.process.node(start).label()
            ))
        })?;
        plan.numbers.insert(start, into);
        Ok(())
    }

    /// What completed, in a scope of the element `around`, can be compensated by the other graph as
    /// well.
    fn plan_completed(
        &self,
        around: u32,
        done: &Compensable,
        to: &Process,
        plan: &mut Plan,
    ) -> Result<(), Rejection> {
        let node = self.process.node(done.element);
        let Some(into) = plan.mapped.get(&done.element).copied() else {
            return Err(Rejection::state(format!(
                "expected a mapping for {}, which has completed and can be compensated; map it to an \
                 activity of the type {} with a compensation handler",
                node.label(),
                node.element_type
            )));
        };
        fits(self.process, done.element, to, into)?;
        self.stays_in(around, done.element, to, into, plan)?;
        let undoes = to.node(into).compensation;
        let inside = !self.decision.state().compensable(done.key).is_empty();
        let whole = done.called.is_some() || inside;
        if undoes.handler.or(undoes.event_sub_process).is_none() && !whole {
            return Err(Rejection::state(format!(
                "expected {}, which has completed and can be compensated, to become an activity that \
                 can be, but {} has no compensation handler; map it to one that has",
                node.label(),
                to.node(into).label()
            )));
        }
        plan.numbers.insert(done.element, into);
        Ok(())
    }

    /// A complex gateway that has gone on becomes one that knows which tokens it had.
    fn plan_resets(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        for scope in self.decision.state().elements().values() {
            let mut taken = BTreeSet::new();
            for (gateway, flows) in &scope.resets {
                let node = self.process.node(*gateway);
                let Some(into) = plan.mapped.get(gateway).copied() else {
                    return Err(Rejection::state(format!(
                        "expected a mapping for {}, which has gone on and waits for the rest of its \
                         tokens; map it to a complex gateway, or migrate when they have come",
                        node.label()
                    )));
                };
                let mut had = BTreeSet::new();
                for flow in flows {
                    let flow_into = self.flow_into(to, plan, *flow, scope.element)?;
                    had.insert(flow_into);
                    plan.numbers.insert(*flow, flow_into);
                }
                if had.len() < flows.len() || !taken.insert(into) {
                    return Err(Rejection::state(format!(
                        "expected the flows on which {} had its tokens, and what else waits for the \
                         rest, to stay apart; map them to different ones",
                        node.label()
                    )));
                }
                plan.numbers.insert(*gateway, into);
            }
        }
        Ok(())
    }

    /// What was not begun because there were too many steps begins in the other graph.
    fn plan_step(&self, step: &KeptStep, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        let KeptStep::Enter { element, scope, via } = step else { return Ok(()) };
        let Some(around) = self.decision.state().element(*scope) else { return Ok(()) };
        let Some(into) = plan.mapped.get(element).copied() else {
            return Err(Rejection::state(format!(
                "expected a mapping for {}, at which the instance goes on when its incident \
                 STEP_LIMIT is resolved; map it to an element of the type {}",
                self.process.node(*element).label(),
                self.process.node(*element).element_type
            )));
        };
        fits(self.process, *element, to, into)?;
        self.stays_in(around.element, *element, to, into, plan)?;
        plan.numbers.insert(*element, into);
        let Some(flow) = *via else { return Ok(()) };
        if joins(to.node(into)) {
            let flow_into = self.flow_into(to, plan, flow, around.element)?;
            plan.numbers.insert(flow, flow_into);
        } else if let Some(flow_into) = plan.mapped.get(&flow) {
            plan.numbers.insert(flow, *flow_into);
        }
        Ok(())
    }

    /// The elements after which the instance ends early are others then.
    fn plan_end(&self, plan: &mut Plan) -> Result<(), Rejection> {
        for element in self.decision.state().ends_after() {
            let Some(into) = plan.mapped.get(element) else {
                return Err(Rejection::state(format!(
                    "expected a mapping for {}, after which the instance is to be terminated (a \
                     runtime instruction); map it to the element after which it is to be",
                    self.process.node(*element).label()
                )));
            };
            plan.numbers.insert(*element, *into);
        }
        Ok(())
    }
}

/// Whether the scope is in a completed activity that becomes one with a handler for all that was done
/// in it.
fn is_undone_as_a_whole(
    mut scope: ElementKey,
    completed: &Completed,
    to: &Process,
    plan: &Plan,
) -> bool {
    while let Some((around, element)) = completed.get(&scope) {
        let into = plan.mapped.get(element).map(|into| to.node(*into));
        // Of a loop it is each turn that has it.
        let is_turn = || completed.get(around).is_some_and(|(_, of)| of == element);
        let whole = |it: &Node| it.marker.is_none() || is_turn();
        if into.is_some_and(|it| it.compensation.handler.is_some() && whole(it)) {
            return true;
        }
        scope = *around;
    }
    false
}

/// Whether it matters over which flow a token reaches it.
fn joins(node: &Node) -> bool {
    node.incoming.len() > 1
        && matches!(node.kind, Kind::Parallel | Kind::Inclusive | Kind::Complex { .. })
}

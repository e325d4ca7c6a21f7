//! An instance goes on by another definition.
//!
//! In:  the other graph, and which element becomes which.
//! Out: one event that gives everything that lives its number there; before it what is waited for no
//!      more, after it what is waited for anew. Or nothing, and what does not fit.
//! Absent: the fold of the numbers (see `instance::migrate`), what fits (see `fit`), what is kept
//! for later (see `kept`).
//!
//! Jobs, user tasks, variables, loops and called instances stay as they are.

mod kept;

use std::collections::{BTreeMap, BTreeSet};

use base::limits::MAPPINGS_MAX;
use base::{
    DefinitionKey, ElementKey, ElementMapping, Event, IncidentKey, InstanceMigrated,
    MigrationReport, Rejection, Stage, SubscriptionKey, Text,
};
use instance::{ElementInstance, Owned};

use super::{Run, Step};
use crate::graph::{Kind, Process, Trigger};

/// Where an instance goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// Its graph.
    pub process: &'t Process,
    /// The definition.
    pub definition: DefinitionKey,
    /// Its version.
    pub version: i32,
}

/// Everything that a migration does.
#[derive(Default)]
struct Plan {
    /// What the caller maps: nodes and flows by their numbers.
    mapped: BTreeMap<u32, u32>,
    /// The numbers of all that stays.
    numbers: BTreeMap<u32, u32>,
    /// Waits that end, before the renumbering.
    closing: Vec<Event>,
    /// Subscriptions that the event replaces by an equal one.
    replaced: Vec<(SubscriptionKey, bool)>,
    /// Incidents of events that nobody could wait for.
    resolved: Vec<IncidentKey>,
    /// Events of the other graph that are waited for already, and what they were.
    held: BTreeMap<(ElementKey, u32), u32>,
    /// What is waited for anew: owner and event of the other graph.
    opening: Vec<(ElementKey, u32)>,
    report: MigrationReport,
}

impl Run<'_, '_, '_> {
    /// Goes on by the other definition from now on, or says what does not fit. A `dry_run` changes
    /// nothing.
    pub fn migrate(
        mut self,
        target: Target<'_>,
        mappings: &[ElementMapping],
        dry_run: bool,
    ) -> Result<MigrationReport, Rejection> {
        let to = target.process;
        let mut plan = Plan { mapped: self.mapped(to, mappings)?, ..Plan::default() };
        self.check_goes_on()?;
        self.plan_elements(to, &mut plan)?;
        self.plan_tokens(to, &mut plan)?;
        self.plan_incidents(to, &mut plan)?;
        self.plan_waits(to, &mut plan)?;
        self.plan_kept(to, &mut plan)?;
        if !dry_run {
            self.apply_plan(target, &plan);
        }
        Ok(plan.report)
    }

    /// One that was cancelled goes on by no definition.
    fn check_goes_on(&self) -> Result<(), Rejection> {
        if self.decision.state().ends_soon() {
            return Err(Rejection::state(
                "expected an instance that goes on, but it was cancelled and ends when its canceling \
                 listeners are done; wait for them, or cancel it again to end it at once",
            ));
        }
        Ok(())
    }

    /// The mapping by numbers.
    fn mapped(
        &self,
        to: &Process,
        mappings: &[ElementMapping],
    ) -> Result<BTreeMap<u32, u32>, Rejection> {
        if mappings.len() > MAPPINGS_MAX {
            return Err(Rejection::invalid(format!(
                "expected at most {MAPPINGS_MAX} mapping instructions, but found {}",
                mappings.len()
            )));
        }
        let (from_ids, to_ids) = (self.process.numbers_by_id(), to.numbers_by_id());
        let mut mapped = BTreeMap::new();
        for ElementMapping { source, target } in mappings {
            let unknown = |id: &Text, which: &str, process: &Process| {
                Rejection::invalid(format!(
                    "expected the mapping `{source}` to `{target}` to name two elements, but the \
                     {which} process `{}` has none with the id `{id}`; take the mapping away, or \
                     correct it",
                    process.id
                ))
            };
            let known = |ids: &BTreeMap<&str, u32>, id: &Text| ids.get(&**id).copied();
            let from =
                known(&from_ids, source).ok_or_else(|| unknown(source, "present", self.process))?;
            let into = known(&to_ids, target).ok_or_else(|| unknown(target, "target", to))?;
            let is_flow = |process: &Process, at: u32| at as usize >= process.counts().0;
            if is_flow(self.process, from) != is_flow(to, into) {
                return Err(Rejection::invalid(format!(
                    "expected two elements or two flows, but of `{source}` and `{target}` one is a \
                     sequence flow and the other is none"
                )));
            }
            if mapped.insert(from, into).is_some() {
                return Err(Rejection::invalid(format!(
                    "expected each element to be mapped once, but `{source}` is mapped twice"
                )));
            }
        }
        Ok(mapped)
    }

    /// Every live element instance becomes one of an element that fits, in the scope that its own
    /// scope becomes.
    fn plan_elements(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        let state = self.decision.state();
        for (key, live) in state.elements() {
            if *key == state.key().root() {
                continue;
            }
            let node = self.process.node(live.element);
            let canceling = state.is_canceling(*key);
            let Some(into) = plan.mapped.get(&live.element).copied() else {
                let (what, or) = if canceling {
                    ("whose canceling listeners are being called", "wait until they are done")
                } else {
                    ("which is active", "end it by a modification first")
                };
                return Err(Rejection::state(format!(
                    "expected a mapping for {}, {what} ({key}); map it to an element of the type {}, \
                     or {or}",
                    node.label(),
                    node.element_type
                )));
            };
            super::fit::fits(self.process, live.element, to, into)?;
            let around = state.element(live.scope).map_or(0, |scope| scope.element);
            // The scope of what has ended but for its listeners may have ended.
            if !canceling {
                self.stays_in(around, live.element, to, into, plan)?;
            }
            for queued in &live.queued {
                let element = plan.mapped.get(&queued.element).copied();
                let element =
                    super::fit::waits_in(self.process, queued.element, to, into, element)?;
                plan.numbers.insert(queued.element, element);
            }
            plan.numbers.insert(live.element, into);
            let ids = (node.id.clone(), to.node(into).id.clone());
            plan.report.elements.push((*key, ids.0, ids.1));
        }
        Ok(())
    }

    /// An element stays in the scope that its own becomes. Turns of a loop and activations of an
    /// ad-hoc sub-process stand in the same element.
    fn stays_in(
        &self,
        around: u32,
        element: u32,
        to: &Process,
        into: u32,
        plan: &Plan,
    ) -> Result<(), Rejection> {
        let wanted = plan.mapped.get(&around).copied().filter(|_| around != 0).unwrap_or(0);
        // What undoes the turns of a loop works in it, and stands beside it.
        let handles = |process: &Process, activity: u32, handler: u32| {
            process.node(activity).compensation.handler == Some(handler)
        };
        let undoes = handles(self.process, around, element) && handles(to, wanted, into);
        if around == element || undoes || to.node(into).scope == wanted {
            return Ok(());
        }
        Err(Rejection::state(format!(
            "expected {} to stay in its scope, but it is in {} and {} is in {}; map the scopes alike, \
             or map it to an element that stands in {}",
            self.process.node(element).label(),
            self.process.node(around).label(),
            to.node(into).label(),
            to.node(to.node(into).scope).label(),
            to.node(wanted).label()
        )))
    }

    /// Every token that waits before a gateway waits before the one that it becomes.
    fn plan_tokens(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        for scope in self.decision.state().elements().values() {
            let mut taken = BTreeSet::new();
            for flow in scope.tokens.keys() {
                let into = self.flow_into(to, plan, *flow, scope.element)?;
                if !taken.insert(into) {
                    return Err(Rejection::state(format!(
                        "expected the tokens that wait to stay apart, but two of them would wait on \
                         \"{}\"; map their flows to different ones",
                        to.flow(into).id
                    )));
                }
                plan.numbers.insert(*flow, into);
                let ids = (self.process.flow(*flow).id.clone(), to.flow(into).id.clone());
                plan.report.tokens.push(ids);
            }
        }
        Ok(())
    }

    /// The flow into a gateway, in a scope of the element `around`, on which a token waits, or has
    /// come and is remembered.
    fn flow_into(
        &self,
        to: &Process,
        plan: &Plan,
        flow: u32,
        around: u32,
    ) -> Result<u32, Rejection> {
        let present = self.process.flow(flow);
        let gateway = self.process.node(present.target);
        let Some(into) = plan.mapped.get(&present.target).copied() else {
            return Err(Rejection::state(format!(
                "expected a mapping for the gateway {}, before which a token waits on \"{}\"; map \
                 it to a gateway of the same type",
                gateway.label(),
                present.id
            )));
        };
        super::fit::fits(self.process, present.target, to, into)?;
        self.stays_in(around, present.target, to, into, plan)?;
        let node = to.node(into);
        if node.incoming.len() < gateway.incoming.len() {
            return Err(Rejection::state(format!(
                "expected {} to have at least the {} incoming flows of {}, before which tokens \
                 wait, but it has {}",
                node.label(),
                gateway.incoming.len(),
                gateway.label(),
                node.incoming.len()
            )));
        }
        let same = || node.incoming.iter().copied().find(|at| to.flow(*at).id == present.id);
        let chosen = plan.mapped.get(&flow).copied().or_else(same);
        chosen.filter(|at| node.incoming.contains(at)).ok_or_else(|| {
            Rejection::state(format!(
                "expected a mapping for the flow \"{}\", on which a token waits, to one that leads \
                 into {}",
                present.id,
                node.label()
            ))
        })
    }

    fn plan_waits(&self, to: &Process, plan: &mut Plan) -> Result<(), Rejection> {
        let mut owners = self.decision.state().elements().keys();
        owners.try_for_each(|owner| self.plan_waits_of(*owner, to, plan))
    }

    /// What stays, what is closed and what is opened for one element instance.
    fn plan_waits_of(
        &self,
        owner: ElementKey,
        to: &Process,
        plan: &mut Plan,
    ) -> Result<(), Rejection> {
        let state = self.decision.state();
        let Some(live) = state.element(owner) else { return Ok(()) };
        // The process becomes the process.
        let into = if live.element == 0 { 0 } else { plan.mapped[&live.element] };
        for wait in state.waits_of(owner) {
            let (target, closed) = match wait {
                Owned::Timer(timer) => {
                    let Some(set) = state.timers().get(&timer) else { continue };
                    (set.target, Event::TimerCanceled { timer })
                }
                Owned::Subscription(subscription) => {
                    let Some(open) = state.subscriptions().get(&subscription) else { continue };
                    (open.target, Event::SubscriptionClosed { subscription })
                }
                Owned::Condition(condition) => {
                    let Some(open) = state.conditions().get(&condition) else { continue };
                    self.check_condition(open, to, plan)?;
                    (open.target, Event::ConditionClosed { condition })
                }
                Owned::Job(_) | Owned::UserTask(_) | Owned::Incident(_) | Owned::Child(_) => {
                    continue;
                }
            };
            if target == 0 {
                // What was held while the instance was suspended has its turn.
                continue;
            }
            let id = self.process.node(target).id.clone();
            let Some(target_into) = plan.mapped.get(&target).copied() else {
                plan.closing.push(closed);
                plan.report.closed.push(id);
                continue;
            };
            if target != live.element {
                super::fit::stays_attached(self.process, target, to, target_into, into)?;
            }
            let first = *plan.held.entry((owner, target_into)).or_insert(target);
            if first != target {
                return Err(Rejection::state(format!(
                    "expected each event to become another one, but {} and {} would both be {}; take \
                     one of the mappings away",
                    self.process.node(first).label(),
                    self.process.node(target).label(),
                    to.node(target_into).label()
                )));
            }
            plan.numbers.insert(target, target_into);
            plan.report.kept.push((id, to.node(target_into).id.clone()));
            if let Owned::Subscription(subscription) = wait {
                self.plan_again(subscription, to, target_into, plan);
            }
        }
        if self.listens_to_nothing(owner) {
            return Ok(());
        }
        for target in self.future_listeners(to, owner, into) {
            if !self.is_heard(owner, live.element, target, plan) {
                plan.opening.push((owner, target));
                plan.report.opened.push(to.node(target).id.clone());
            }
        }
        Ok(())
    }

    /// A condition that is waited for must be one of the event that its own becomes.
    fn check_condition(
        &self,
        open: &instance::Condition,
        to: &Process,
        plan: &Plan,
    ) -> Result<(), Rejection> {
        let Some(into) = plan.mapped.get(&open.target) else { return Ok(()) };
        let trigger = to.node(*into).trigger();
        let part = trigger.and_then(|trigger| trigger.parts().get(open.part as usize));
        if matches!(part, Some(Trigger::Condition(_))) {
            return Ok(());
        }
        Err(Rejection::state(format!(
            "expected {} to wait for a condition where {} does; take the mapping away, or correct it",
            to.node(*into).label(),
            self.process.node(open.target).label()
        )))
    }

    /// A subscription that stays is opened again where its slot must know another process, or
    /// whether one message is all that it waits for.
    fn plan_again(&self, subscription: SubscriptionKey, to: &Process, into: u32, plan: &mut Plan) {
        let Some(open) = self.decision.state().subscriptions().get(&subscription) else { return };
        let event = to.node(into);
        let several = matches!(event.trigger(), Some(Trigger::All(_)));
        let waited_for = !matches!(event.kind, Kind::Boundary { .. } | Kind::Start(_));
        let once = waited_for || several || to.interrupts(event);
        if to.id != self.process.id || once != open.once {
            plan.closing.push(Event::SubscriptionClosed { subscription });
            plan.replaced.push((subscription, once));
        }
    }

    /// Begins to wait only when it is set to work again, or not at all.
    fn listens_to_nothing(&self, owner: ElementKey) -> bool {
        let state = self.decision.state();
        let later = state.incidents_of(owner).any(|incident| {
            state
                .incidents()
                .get(&incident)
                .is_some_and(|open| matches!(open.stage, Stage::Entering | Stage::Starting { .. }))
        });
        let later = later || self.is_held(owner) && !self.is_body(owner);
        let over = state.is_canceling(owner);
        later || over || self.is_reentered(owner) || self.cancel_in(owner).is_some()
    }

    /// The events that the owner waits for in the other graph beside its own work.
    fn future_listeners(&self, to: &Process, owner: ElementKey, into: u32) -> Vec<u32> {
        let node = to.node(into);
        let mut targets = self.listeners(to, node, owner);
        if self.is_interrupted(owner) {
            targets.retain(|target| matches!(to.node(*target).kind, Kind::Boundary { .. }));
        }
        if matches!(node.kind, Kind::EventBased { .. }) {
            targets.extend(node.outgoing.iter().map(|flow| to.flow(*flow).target));
        }
        targets
    }

    /// Whether the event is one that the owner waits for already, or that has come: the plan maps to
    /// it an event that the owner has at present.
    fn is_heard(&self, owner: ElementKey, element: u32, target: u32, plan: &Plan) -> bool {
        let state = self.decision.state();
        let node = self.process.node(element);
        let mut present = self.listeners(self.process, node, owner);
        if matches!(node.kind, Kind::EventBased { .. }) {
            present.extend(node.outgoing.iter().map(|flow| self.process.flow(*flow).target));
        }
        let failed = |event: &u32| {
            state.incidents_of(owner).any(|incident| {
                state.incidents().get(&incident).is_some_and(|open| match &open.stage {
                    Stage::Listening { targets } => targets.contains(event),
                    _ => false,
                })
            })
        };
        present.iter().any(|event| plan.mapped.get(event) == Some(&target) && !failed(event))
    }

    fn apply_plan(&mut self, target: Target<'_>, plan: &Plan) {
        let state = self.decision.state();
        let replaced = plan.replaced.iter().filter_map(|(key, once)| {
            let open = state.subscriptions().get(key)?;
            Some((open.clone(), *plan.numbers.get(&open.target)?, *once))
        });
        let replaced: Vec<_> = replaced.collect();
        plan.closing.iter().for_each(|event| self.decision.emit(event.clone()));
        for incident in &plan.resolved {
            self.decision.emit(Event::IncidentResolved { incident: *incident });
        }
        self.decision.emit(Event::InstanceMigrated(Box::new(InstanceMigrated {
            definition: target.definition,
            process_id: target.process.id.clone(),
            version: target.version,
            numbers: plan.numbers.iter().map(|(from, into)| (*from, *into)).collect(),
        })));
        for (open, target, once) in replaced {
            let subscription = SubscriptionKey(self.decision.next_key());
            self.decision.emit(Event::SubscriptionOpened {
                subscription,
                owner: open.owner,
                target,
                name: open.name,
                correlation_key: open.correlation_key,
                once,
            });
        }
        let mut run = Run::new(target.process, self.decision);
        for owner in plan.opening.chunk_by(|one, next| one.0 == next.0) {
            let targets: Vec<u32> = owner.iter().map(|(_, target)| *target).collect();
            run.listen_for(owner[0].0, &targets);
        }
        let scopes = run.decision.state().elements().iter();
        let waits = |scope: &ElementInstance| !scope.tokens.is_empty() || !scope.resets.is_empty();
        let waiting = scopes.filter(|(_, scope)| waits(scope)).map(|(key, _)| *key);
        let waiting: Vec<ElementKey> = waiting.collect();
        for scope in waiting {
            run.steps.push(Step::Check { scope });
        }
        run.go();
    }
}

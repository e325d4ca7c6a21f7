//! Complex gateways (BPMN 2.0.2, 13.4.5): a condition says when what has come suffices; what comes
//! later is taken without a word, and then it begins again.
//!
//! In:  tokens that wait before the gateway, its condition.
//! Out: the flows that it takes when the condition holds, and those that it takes at its reset.
//! Absent: which tokens can still come (see `flows`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base::limits::STEPS_PER_INPUT_MAX;
use base::{ElementKey, Event, IncidentKind, Stage, Text};
use feel::Value as Feel;

use super::activate::Stuck;
use super::values::unfit;
use super::{Run, Step};
use crate::graph::{Kind, Node};

impl Run<'_, '_, '_> {
    /// A token waits before the gateway, or variables are others. True if it goes on.
    pub(super) fn start_complex(&mut self, gateway: u32, scope: ElementKey) -> bool {
        let node = self.process.node(gateway);
        let Kind::Complex { activation: Some(activation) } = &node.kind else { return false };
        let Some(around) = self.decision.state().element(scope) else { return false };
        if around.resets.contains_key(&gateway) {
            return false;
        }
        let flows = self.arrived(node, scope);
        if flows.is_empty() {
            return false;
        }
        let seen = self.counts(node, scope);
        let (value, why) = self.evaluate_with(activation, scope, &seen);
        match value.as_bool() {
            Some(false) => return false,
            Some(true) => {}
            None => {
                let what = "the activation condition";
                let message = unfit(what, "true or false", activation, &value, &why);
                self.stop_gateway(node, scope, IncidentKind::ConditionError, &message);
                return false;
            }
        }
        if self.decision.step() > STEPS_PER_INPUT_MAX {
            let message = format!(
                "the instance took {STEPS_PER_INPUT_MAX} steps without waiting and stopped; if that \
                 is a loop without an end, cancel the instance, else retry to go on"
            );
            self.stop_gateway(node, scope, IncidentKind::StepLimit, &message);
            return false;
        }
        self.decision.emit(Event::TokensJoined { scope, flows: flows.clone() });
        if flows.len() < node.incoming.len() {
            self.decision.emit(Event::ResetAwaited { scope, gateway, flows });
        }
        let key = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key, element: gateway, scope, via: None });
        self.activate(key);
        true
    }

    /// The gateway takes every flow whose condition holds, or the default.
    pub(super) fn split_complex(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        let scope = self.scope_of(key).unwrap_or(key);
        let mut flows = self.complex_flows(node, scope, true)?;
        if flows.is_empty() {
            flows.extend(node.default);
        }
        if flows.is_empty() {
            return Err((IncidentKind::ConditionError, self.no_flow(node)));
        }
        self.decision.emit(Event::ElementCompleted { key });
        self.take(&flows, scope);
        Ok(())
    }

    /// Lets the first gateway begin again for which nothing more can come of what it has not had.
    /// The tokens that came meanwhile go; flows whose condition holds now are taken.
    pub(super) fn reset_complex(&mut self, scope: ElementKey) -> bool {
        let Some(around) = self.decision.state().element(scope) else { return false };
        let ready = around.resets.iter().find_map(|(gateway, had)| {
            let node = self.process.node(*gateway);
            let late: Vec<u32> =
                node.incoming.iter().copied().filter(|flow| !had.contains(flow)).collect();
            self.is_settled(*gateway, scope, &late).then_some((*gateway, late))
        });
        let Some((gateway, late)) = ready else { return false };
        let node = self.process.node(gateway);
        let flows = match self.complex_flows(node, scope, false) {
            Ok(flows) => flows,
            Err((kind, message)) => {
                self.stop_gateway(node, scope, kind, &message);
                return false;
            }
        };
        let came = self.arrived(node, scope);
        let came: Vec<u32> = late.into_iter().filter(|flow| came.contains(flow)).collect();
        if !came.is_empty() {
            self.decision.emit(Event::TokensJoined { scope, flows: came });
        }
        self.decision.emit(Event::ResetReached { scope, gateway });
        self.take(&flows, scope);
        true
    }

    /// A gateway before which tokens wait goes on because variables are others now.
    pub(super) fn start_any_complex(&mut self, scope: ElementKey) -> bool {
        let Some(around) = self.decision.state().element(scope) else { return false };
        let mut gateways: Vec<u32> =
            around.tokens.keys().map(|flow| self.process.flow(*flow).target).collect();
        gateways.dedup();
        gateways.into_iter().any(|gateway| self.start_complex(gateway, scope))
    }

    /// Flows whose condition holds; when the gateway starts, also those without a condition.
    fn complex_flows(
        &self,
        node: &Node,
        scope: ElementKey,
        starts: bool,
    ) -> Result<Vec<u32>, Stuck> {
        let waiting = Feel::from(starts);
        let seen = BTreeMap::from([(Text::from("waitingForStart"), waiting)]);
        let mut taken = Vec::new();
        for flow in node.outgoing.iter().filter(|flow| Some(**flow) != node.default) {
            let Some(condition) = &self.process.flow(*flow).condition else {
                taken.extend(starts.then_some(*flow));
                continue;
            };
            let (value, why) = self.evaluate_with(condition, scope, &seen);
            let Some(holds) = value.as_bool() else {
                let what = format!("the condition of the flow \"{}\"", self.process.flow(*flow).id);
                let message = unfit(&what, "true or false", condition, &value, &why);
                return Err((IncidentKind::ConditionError, message));
            };
            taken.extend(holds.then_some(*flow));
        }
        Ok(taken)
    }

    /// What the activation condition sees beside variables: how many flows a token waits on, and
    /// how many wait on each.
    fn counts(&self, node: &Node, scope: ElementKey) -> BTreeMap<Text, Feel> {
        let tokens = self.decision.state().element(scope).map(|element| &element.tokens);
        let on = |flow: &u32| tokens.and_then(|it| it.get(flow)).copied().unwrap_or(0);
        let mut json = String::from("{");
        for flow in &node.incoming {
            let comma = if json.len() > 1 { "," } else { "" };
            let name = base::Json::string(&self.process.flow(*flow).id);
            // Writing into a text cannot fail.
            let _ = write!(json, "{comma}{}:{}", name.as_str(), on(flow));
        }
        json.push('}');
        let flows = node.incoming.iter().filter(|flow| on(flow) > 0).count();
        let flows = i64::try_from(flows).unwrap_or(i64::MAX);
        BTreeMap::from([
            ("activationCount".into(), Feel::from(flows)),
            ("activationCounts".into(), Feel::from_json(&json).unwrap_or(Feel::NULL)),
        ])
    }

    /// An incident of the scope, for the gateway is not entered; a retry looks at it again. One at a
    /// time.
    fn stop_gateway(&mut self, node: &Node, scope: ElementKey, kind: IncidentKind, message: &str) {
        let state = self.decision.state();
        let open: Vec<_> = state.incidents_of(scope).collect();
        let mut open = open.iter().filter_map(|key| state.incidents().get(key));
        if open.any(|open| open.kind == kind && open.stage == Stage::Working) {
            return;
        }
        let message = format!("{}: {message}", node.label());
        self.decision.raise(scope, kind, Stage::Working, None, message);
    }

    /// A complex gateway has one token more; see [`Self::start_complex`].
    pub(super) fn arrive_complex(&mut self, gateway: u32, scope: ElementKey, flow: u32) {
        self.decision.emit(Event::TokenParked { scope, flow });
        self.steps.push(Step::Check { scope });
        self.start_complex(gateway, scope);
    }
}

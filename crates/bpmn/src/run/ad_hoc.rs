//! Ad-hoc sub-processes (BPMN 2.0.2, 10.3.5): elements that no flow leads to begin when somebody
//! says so, each in a scope of its own, an *inner instance*: an activation of the same element in it.
//!
//! In:  the list that the model names, what the API asks for, or what its job says; inner instances
//!      that are done.
//! Out: inner instances; the list of what they gave; the end of the whole.
//! Absent: its job (see `ad_hoc_job`).
//!
//! It waits for activation as long as it lives and is not done: that is its state, and no row.

use std::collections::BTreeMap;

use base::limits::{AD_HOC_ELEMENTS_MAX, AD_HOC_WAITING_MAX};
use base::{
    ActivateElement, ElementKey, Event, HeldInput, IncidentKind, Json, Stage, Text, Variables,
};
use feel::Value as Feel;
use instance::Queued;

use super::Run;
use super::activate::Stuck;
use super::values::unfit;
use crate::ad_hoc::AdHoc;
use crate::graph::{Kind, Node};

/// The variable that says what can begin, under the name that Camunda 8 gives it.
pub(crate) const OFFERS: &str = "adHocSubProcessElements";

impl Run<'_, '_, '_> {
    /// Begins the elements that the model names, or asks a worker. With none it waits for the API.
    pub(super) fn enter_ad_hoc(
        &mut self,
        node: &Node,
        ad_hoc: &AdHoc,
        key: ElementKey,
    ) -> Result<(), Stuck> {
        let extract = |message| (IncidentKind::ExtractValueError, message);
        self.set_variables(key, Variables::from_iter([(OFFERS.into(), ad_hoc.offers.clone())]));
        self.open_handlers(node, key)?;
        let mut elements = Vec::new();
        if let Some(expression) = &ad_hoc.elements {
            let (value, why) = self.evaluate(expression, key);
            let list = value.as_list().map(|items| items.iter().map(Feel::as_str).collect());
            let ids: Option<Vec<Option<&str>>> = list;
            let Some(ids) = ids.and_then(|ids| ids.into_iter().collect::<Option<Vec<_>>>()) else {
                let what = "the active elements";
                return Err(extract(unfit(what, "a list of strings", expression, &value, &why)));
            };
            self.check_count(key, ids.len()).map_err(extract)?;
            for id in ids {
                elements.push(self.activatable(key, id).map_err(extract)?);
            }
        }
        if let Some(spec) = &ad_hoc.job {
            self.create_ad_hoc_job(spec, key).map_err(extract)?;
        }
        self.decision.emit(Event::AdHocEntered { owner: key });
        for element in elements {
            self.begin_or_wait(key, element, Variables::new());
        }
        Ok(())
    }

    /// Activates elements of a live ad-hoc sub-process, with variables of their own. Nothing has
    /// happened if it says why not.
    pub fn activate_elements(
        mut self,
        owner: ElementKey,
        elements: Vec<ActivateElement>,
        cancel_remaining: bool,
    ) -> Result<(), String> {
        if self.must_wait() {
            self.check_activation(owner, &elements)?;
            self.hold(HeldInput::ElementsActivated { owner, elements, cancel_remaining });
            return Ok(());
        }
        self.activate_in(owner, elements, cancel_remaining)?;
        self.go();
        Ok(())
    }

    /// As [`Self::activate_elements`], now.
    pub(super) fn activate_in(
        &mut self,
        key: ElementKey,
        wanted: Vec<ActivateElement>,
        cancel_remaining: bool,
    ) -> Result<(), String> {
        let elements = self.check_activation(key, &wanted)?;
        if cancel_remaining {
            self.terminate_inner(key);
        }
        for (element, wanted) in elements.into_iter().zip(wanted) {
            self.begin_or_wait(key, element, wanted.variables);
        }
        Ok(())
    }

    /// The elements, if the sub-process is open and all of them can begin in it.
    fn check_activation(
        &self,
        key: ElementKey,
        wanted: &[ActivateElement],
    ) -> Result<Vec<u32>, String> {
        let state = self.decision.state();
        let open = state.element(key).and_then(|element| element.ad_hoc.as_ref());
        match open {
            None => return Err(format!("expected {key} to be an ad-hoc sub-process that lives")),
            Some(open) if open.done => {
                return Err(format!(
                    "expected the ad-hoc sub-process {key} to be open, but it is done (its completion \
                     condition holds, or it is being left) and only waits for what is active in it"
                ));
            }
            Some(_) => {}
        }
        self.check_count(key, wanted.len())?;
        if let Some(why) = self.too_many_live() {
            return Err(format!("{why}; activate when some of them have ended"));
        }
        wanted.iter().map(|one| self.activatable(key, &one.element_id)).collect()
    }

    /// Nothing more is activated: what is active ends or is waited for.
    pub(super) fn end_ad_hoc(&mut self, key: ElementKey, cancel_remaining: bool) {
        self.decision.emit(Event::AdHocDone { owner: key });
        self.withdraw_job(key);
        if cancel_remaining {
            let canceled = self.interrupt(|run| run.terminate_children(key));
            self.move_canceled(key, canceled);
        }
        self.steps.push(super::Step::Check { scope: key });
    }

    pub(super) fn terminate_inner(&mut self, key: ElementKey) {
        let inner: Vec<ElementKey> = self.active_inner(key).collect();
        for inner in inner {
            self.terminate(inner);
        }
        if self.decision.state().element(key).is_some_and(|it| !it.queued.is_empty()) {
            self.decision.emit(Event::ActivationsDropped { owner: key });
        }
    }

    /// Begins the element; or later, where one is active and they go one after the other.
    pub(super) fn begin_or_wait(&mut self, key: ElementKey, element: u32, variables: Variables) {
        let kind = self.node_of(key).map(|node| &node.kind);
        let sequential = matches!(kind, Some(Kind::AdHoc(AdHoc { sequential: true, .. })));
        if sequential && self.is_taken(key) {
            self.decision.emit(Event::ActivationQueued { owner: key, element, variables });
        } else {
            self.begin_inner(key, element, variables);
        }
    }

    /// Whether something is active in it, or waits for its turn.
    fn is_taken(&self, key: ElementKey) -> bool {
        let own = self.decision.state().element(key);
        own.is_some_and(|it| !it.queued.is_empty()) || self.active_inner(key).next().is_some()
    }

    /// Begins what has its turn; false if nothing waits, or something is active.
    pub(super) fn begin_queued(&mut self, key: ElementKey) -> bool {
        let state = self.decision.state();
        let first = state.element(key).and_then(|it| it.queued.front());
        let Some(Queued { element, variables }) = first.cloned() else { return false };
        if self.active_inner(key).next().is_some() {
            return false;
        }
        self.decision.emit(Event::ActivationTaken { owner: key });
        self.begin_inner(key, element, variables);
        true
    }

    /// The activations that are active: what is compensated was done before.
    fn active_inner(&self, key: ElementKey) -> impl Iterator<Item = ElementKey> {
        let state = self.decision.state();
        state.children_of(key).filter(|it| {
            self.is_inner(*it) && state.element(*it).is_some_and(|live| live.compensates.is_none())
        })
    }

    /// The element with this id, if it can be activated in the ad-hoc sub-process.
    pub(super) fn activatable(&self, key: ElementKey, id: &str) -> Result<u32, String> {
        let own = self.decision.state().element(key).map(|element| element.element);
        let fits = |number: &u32| {
            let node = self.process.node(*number);
            Some(node.scope) == own && node.begins_by_choice()
        };
        self.process.node_by_id(id).filter(fits).ok_or_else(|| {
            format!(
                "expected an element of the ad-hoc sub-process to which no flow leads, but \"{id}\" is \
                 none"
            )
        })
    }

    pub(super) fn begin_inner(&mut self, key: ElementKey, begins: u32, variables: Variables) {
        let Some(element) = self.decision.state().element(key).map(|it| it.element) else { return };
        let inner = ElementKey(self.decision.next_key());
        self.decision.emit(Event::ElementEntered { key: inner, element, scope: key, via: None });
        self.set_variables(inner, variables);
        self.push_enter(begins, inner, None);
    }

    /// Whether this is the scope of one activation in an ad-hoc sub-process, also of one that has
    /// completed and is compensated.
    pub(super) fn is_inner(&self, key: ElementKey) -> bool {
        let own = self.decision.state().element(key).filter(|own| own.scope != key);
        own.is_some_and(|own| self.holds_inner(own.element, own.scope))
    }

    /// Whether the element in this scope is one activation in an ad-hoc sub-process: the same element is
    /// around it, and is not the loop whose turn it is.
    pub(super) fn holds_inner(&self, element: u32, scope: ElementKey) -> bool {
        let node = self.process.node(element);
        if !matches!(node.kind, Kind::AdHoc(_)) {
            return false;
        }
        let around = self.decision.state().scopes(scope);
        let same = around.take_while(|(_, it)| it.element == element).count();
        same == 1 + usize::from(node.marker.is_some())
    }

    /// What an inner instance did is done: what it gave joins the list, and the whole may be done.
    pub(super) fn leave_inner(&mut self, inner: ElementKey) {
        let Some(key) = self.scope_of(inner) else { return };
        let Some(node) = self.node_of(key) else { return };
        let Kind::AdHoc(ad_hoc) = &node.kind else { return };
        let judged = self.judge_inner(ad_hoc, inner, key);
        let (list, holds) = match judged {
            Ok(judged) => judged,
            Err(message) => {
                let message = format!("{}: {message}", node.label());
                let kind = IncidentKind::ExtractValueError;
                self.decision.raise(inner, kind, Stage::Leaving, None, message);
                return;
            }
        };
        if !self.decision.state().compensable(inner).is_empty() {
            self.decision.emit(Event::CompletionRemembered { key: inner });
        }
        self.cancel_waits(inner);
        self.decision.emit(Event::ElementCompleted { key: inner });
        if let Some((name, list)) = list {
            self.set_variables(key, Variables::from_iter([(name.shared(), list)]));
        }
        let element = self.decision.state().element(key);
        let open = element.is_some_and(|it| it.ad_hoc.is_some_and(|ad_hoc| !ad_hoc.done));
        if holds && open {
            return self.end_ad_hoc(key, ad_hoc.cancel_remaining);
        }
        self.ask_worker(key);
        self.begin_queued(key);
        self.steps.push(super::Step::Check { scope: key });
    }

    /// The list with what the inner instance gave, and whether the completion condition holds.
    fn judge_inner(
        &self,
        ad_hoc: &AdHoc,
        inner: ElementKey,
        key: ElementKey,
    ) -> Result<(Option<(Text, Json)>, bool), String> {
        let mut list = None;
        let mut seen = BTreeMap::new();
        if let Some(output) = &ad_hoc.output {
            let (value, why) = self.evaluate(&output.element, inner);
            if let Feel::Null(reason) = &value
                && reason.is_failure()
            {
                let what = "the output element";
                return Err(unfit(what, "a value", &output.element, &value, &why));
            }
            let own = self.decision.state().element(key).map(|element| &element.variables);
            let known = own.and_then(|own| own.get(&output.collection)).map_or("[]", Json::as_str);
            // A loop whose output it is has made it, without a value.
            let known = if known == "null" { "[]" } else { known };
            let Some(begun) = known.trim().strip_suffix(']').filter(|it| it.starts_with('['))
            else {
                return Err(format!(
                    "expected the output collection `{}` to be a list, but found {known}; correct \
                     it, then retry",
                    &*output.collection
                ));
            };
            let comma = if begun.trim_end().ends_with('[') { "" } else { "," };
            let json = format!("{begun}{comma}{}]", value.to_json());
            seen.insert(output.collection.clone(), Feel::from_json(&json).unwrap_or(Feel::NULL));
            list = Some((output.collection.clone(), Json::trusted(json)));
        }
        let Some(condition) = &ad_hoc.completion else { return Ok((list, false)) };
        let (value, why) = self.evaluate_with(condition, key, &seen);
        let Some(holds) = value.as_bool() else {
            let what = "the completion condition";
            return Err(unfit(what, "true or false", condition, &value, &why));
        };
        Ok((list, holds))
    }

    /// It is being left: nothing more is activated, however long that takes.
    pub(super) fn close_ad_hoc(&mut self, owner: ElementKey) {
        let live = self.decision.state().element(owner);
        if live.is_some_and(|live| live.ad_hoc.is_some_and(|it| !it.done)) {
            self.decision.emit(Event::AdHocDone { owner });
        }
    }

    /// Nothing lives in it any more: whether that is its end.
    pub(super) fn ends_ad_hoc(&self, key: ElementKey) -> bool {
        let Some(node) = self.node_of(key) else { return false };
        let Kind::AdHoc(ad_hoc) = &node.kind else { return true };
        let element = self.decision.state().element(key);
        let Some(open) = element.and_then(|element| element.ad_hoc.as_ref()) else { return true };
        let decided_elsewhere = ad_hoc.completion.is_some() || ad_hoc.job.is_some();
        open.done || !decided_elsewhere && open.activated > 0
    }

    /// The list of outputs goes outwards with the end, unless output mappings say what does.
    pub(super) fn give_outputs(&mut self, node: &Node, key: ElementKey, scope: ElementKey) {
        let Kind::AdHoc(AdHoc { output: Some(output), .. }) = &node.kind else { return };
        // A turn keeps the list: what it gives to its loop may read it.
        if !node.outputs.is_empty() || self.is_turn(key) {
            return;
        }
        let own = self.decision.state().element(key).map(|element| &element.variables);
        let list = own.and_then(|own| own.get(&output.collection)).cloned();
        let list = list.unwrap_or_else(|| Json::trusted("[]"));
        let given = Variables::from_iter([(output.collection.shared(), list)]);
        self.propagate(scope, &given);
    }

    /// How many elements may be activated at once, and wait.
    pub(super) fn check_count(&self, key: ElementKey, elements: usize) -> Result<(), String> {
        if elements > AD_HOC_ELEMENTS_MAX {
            return Err(format!(
                "expected at most {AD_HOC_ELEMENTS_MAX} elements to activate at once, but found \
                 {elements}"
            ));
        }
        let waiting = self.decision.state().element(key).map_or(0, |it| it.queued.len());
        if waiting > 0 && waiting + elements > AD_HOC_WAITING_MAX {
            return Err(format!(
                "expected at most {AD_HOC_WAITING_MAX} elements to wait for their turn, but {waiting} \
                 wait and {elements} would come to them; try again when some are done"
            ));
        }
        Ok(())
    }
}

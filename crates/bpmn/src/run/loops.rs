//! Activities that repeat: multi-instance and standard loops (BPMN 2.0.2, 13.3.6 and 13.3.7).
//!
//! In:  an activity with a marker that is entered, and the ends of its turns.
//! Out: its body, an element instance that is the scope of its turns; the turns; the list of what
//!      they gave.
//! Absent: what a turn does. It is the activity as it would be without the marker, except that the
//! boundary events are the body's.
//!
//! A loop takes a bounded part of one input: then a timer that is due at once is set for the body,
//! which has a row as any other, so that a crash between two parts loses nothing.

use std::collections::BTreeMap;

use base::limits::{LOOP_STEPS_PER_INPUT, LOOP_TURNS_MAX};
use base::{ElementKey, Event, IncidentKind, Json, Stage, Text, TimerKey, Variables};
use feel::{Expression, Value as Feel};
use instance::{Loop, Owned};

use super::activate::Stuck;
use super::values::unfit;
use super::{Run, Step};
use crate::graph::Node;
use crate::marker::{Marker, MultiInstance, Over, StandardLoop};

/// What is decided when a turn has done its work.
struct Verdict {
    output: Option<Json>,
    /// No further turn, and those that live end.
    done: bool,
}

impl<'p> Run<'p, '_, '_> {
    /// Whether this is a turn of a loop.
    pub(super) fn is_turn(&self, key: ElementKey) -> bool {
        self.decision.state().element(key).is_some_and(|element| element.turn.is_some())
    }

    /// Whether this is the body of a loop: what repeats, and not a turn of it.
    pub(super) fn is_body(&self, key: ElementKey) -> bool {
        self.node_of(key).is_some_and(|node| node.marker.is_some())
            && !self.is_turn(key)
            && !self.is_inner(key)
            && !self.is_reentered(key)
    }

    /// Sets the body to work. What it repeats for is evaluated once, here.
    pub(super) fn enter_loop(
        &mut self,
        node: &'p Node,
        marker: &'p Marker,
        body: ElementKey,
    ) -> Result<(), Stuck> {
        let extract = |message| (IncidentKind::ExtractValueError, message);
        let (total, items, begins) = match marker {
            Marker::Multi(multi) => {
                let (total, items) = self.turns_of(multi, body).map_err(extract)?;
                (Some(total), items, total > 0)
            }
            Marker::Standard(StandardLoop { test_before, condition, .. }) => {
                let tested = condition.as_ref().filter(|_| *test_before);
                let begins = tested.map_or(Ok(true), |condition| {
                    let counter = [("loopCounter", 0)];
                    self.holds(condition, body, "the loop condition", &counter)
                });
                (None, None, begins.map_err(extract)?)
            }
        };
        self.wait_at_boundaries(node, body)?;
        self.set_policy_timers(node, body)?;
        if !self.lives_on(body) {
            return Ok(());
        }
        self.decision.emit(Event::LoopEntered { owner: body, total, items });
        if begins {
            self.steps.push(Step::Turn { body });
        } else {
            self.complete_loop(body);
        }
        Ok(())
    }

    fn turns_of(
        &self,
        multi: &MultiInstance,
        body: ElementKey,
    ) -> Result<(u32, Option<Vec<Json>>), String> {
        let bounded = |turns: i64| {
            u32::try_from(turns).ok().filter(|turns| *turns <= LOOP_TURNS_MAX).ok_or_else(|| {
                format!(
                    "expected 0 to {LOOP_TURNS_MAX} turns, but found {turns}; correct the \
                     variables, then retry"
                )
            })
        };
        match &multi.over {
            Over::Collection(expression) => {
                let (value, why) = self.evaluate(expression, body);
                let Some(items) = value.as_list() else {
                    return Err(unfit("the input collection", "a list", expression, &value, &why));
                };
                let turns = bounded(i64::try_from(items.len()).unwrap_or(i64::MAX))?;
                let json = |item: &Feel| Json::trusted(item.to_json());
                // Nobody reads them where they have no name.
                let named = multi.input_element.is_some();
                Ok((turns, named.then(|| items.iter().map(json).collect())))
            }
            Over::Cardinality(expression) => {
                let (value, why) = self.evaluate(expression, body);
                let number = value.as_number().filter(|number| number.is_whole());
                let Some(turns) = number.and_then(feel::Number::as_i64) else {
                    let what = "the loop cardinality";
                    return Err(unfit(what, "a whole number", expression, &value, &why));
                };
                Ok((bounded(turns)?, None))
            }
        }
    }

    /// Begins the next turn of a body, if there is one; or later, when this input has taken long.
    pub(super) fn next_turn(&mut self, body: ElementKey) {
        let Some(element) = self.decision.state().element(body) else { return };
        let Some(repeat) = &element.repeat else { return };
        if self.is_held(body) {
            return;
        }
        if repeat.total.is_some_and(|total| repeat.started >= total) {
            return;
        }
        let endless = repeat.total.is_none() && repeat.started > 0;
        if endless && repeat.started.is_multiple_of(LOOP_TURNS_MAX) {
            let label = self.node_of(body).map_or_else(String::new, Node::label);
            let message = format!(
                "{label}: the loop took {} turns and its condition still holds; if it has no end, \
                 cancel the instance, else retry to go on",
                repeat.started
            );
            self.decision.raise(body, IncidentKind::StepLimit, Stage::Working, None, message);
        } else if let Some(why) = self.too_many_live() {
            let label = self.node_of(body).map_or_else(String::new, Node::label);
            let message = format!("{label}: {why}; retry to go on when some of them have ended");
            self.decision.raise(body, IncidentKind::StepLimit, Stage::Working, None, message);
        } else if self.decision.steps() >= LOOP_STEPS_PER_INPUT {
            let (target, due_ms) = (element.element, self.decision.now_ms());
            let timer = TimerKey(self.decision.next_key());
            self.decision.emit(Event::TimerSet { timer, owner: body, target, due_ms, repeats: 0 });
        } else {
            self.begin_turn(body);
        }
    }

    /// Goes on where an incident of the body itself stopped it, unless something of it lives.
    pub(super) fn resume_loop(&mut self, body: ElementKey) {
        let live = self.decision.state().element(body);
        if live.is_some_and(|live| live.children == 0) && !self.goes_on_later(body) {
            self.begin_turn(body);
        }
    }

    /// Whether a timer is set for the next part of the loop.
    fn goes_on_later(&self, body: ElementKey) -> bool {
        let state = self.decision.state();
        let Some(own) = state.element(body).map(|live| live.element) else { return false };
        state.waits_of(body).any(|wait| match wait {
            Owned::Timer(timer) => {
                !state.policy_timers().contains_key(&timer)
                    && state.timers().get(&timer).is_some_and(|set| set.target == own)
            }
            _ => false,
        })
    }

    /// A loop that stopped because so much lived begins its further turns. If none lives, the look at
    /// its body does so.
    pub(super) fn turns_again(&mut self, body: ElementKey) {
        let marker = self.node_of(body).and_then(|node| node.marker.as_ref());
        let at_once = matches!(marker, Some(Marker::Multi(multi)) if !multi.sequential);
        let live = self.decision.state().element(body);
        let stopped = live.is_some_and(|live| live.repeat.is_some() && live.children > 0);
        if at_once && stopped && !self.goes_on_later(body) {
            self.steps.push(Step::Turn { body });
        }
    }

    fn begin_turn(&mut self, body: ElementKey) {
        let Some(marker) = self.node_of(body).and_then(|node| node.marker.as_ref()) else { return };
        let Some(live) = self.decision.state().element(body) else { return };
        let Some(repeat) = &live.repeat else { return };
        let (element, turn) = (live.element, repeat.started.saturating_add(1));
        let mut variables = Variables::new();
        if let Marker::Multi(multi) = marker {
            let own = multi.output.as_ref().and_then(|output| output.variable.as_ref());
            if let Some(own) = own {
                variables.set(own.shared(), Json::null());
            }
            if let (Some(name), Some(item)) = (&multi.input_element, repeat.items.front()) {
                variables.set(name.shared(), item.clone());
            }
            // Below what this turn does: that comes first.
            if !multi.sequential {
                self.steps.push(Step::Turn { body });
            }
        }
        variables.set("loopCounter".into(), Json::trusted(turn.to_string()));
        let key = ElementKey(self.decision.next_key());
        self.decision.step();
        self.decision.emit(Event::ElementEntered { key, element, scope: body, via: None });
        self.set_variables(key, variables);
        self.activate(key);
    }

    /// A turn has done its work. What cannot be evaluated is an incident of the turn, and resolving
    /// it tries again.
    pub(super) fn leave_turn(&mut self, node: &'p Node, key: ElementKey, body: ElementKey) {
        let Some(marker) = &node.marker else { return };
        let verdict = match marker {
            Marker::Multi(multi) => self.judge_multi(multi, key, body),
            Marker::Standard(standard) => self.judge_standard(standard, key),
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(message) => {
                let message = format!("{}: {message}", node.label());
                let kind = IncidentKind::ExtractValueError;
                self.decision.raise(key, kind, Self::stage_of_leaving(node), None, message);
                return;
            }
        };
        let turn = self.decision.state().element(key).and_then(|element| element.turn);
        if let (Some(output), Some(turn)) = (verdict.output, turn) {
            self.decision.emit(Event::LoopOutput { owner: body, turn, output });
        }
        self.complete(node, key);
        let Some(element) = self.decision.state().element(body) else { return };
        let Some(repeat) = &element.repeat else { return };
        let begun = repeat.total.is_some_and(|total| repeat.started >= total);
        let one_by_one = match marker {
            Marker::Multi(multi) => multi.sequential,
            Marker::Standard(_) => true,
        };
        if verdict.done || (begun && element.children == 0) {
            self.complete_loop(body);
        } else if one_by_one {
            self.steps.push(Step::Turn { body });
        }
    }

    fn judge_multi(
        &self,
        multi: &MultiInstance,
        key: ElementKey,
        body: ElementKey,
    ) -> Result<Verdict, String> {
        let mut output = None;
        if let Some(spec) = &multi.output {
            let (value, why) = self.evaluate(&spec.element, key);
            // A missing variable is null, as in mappings; an operation that failed is an incident.
            if let Feel::Null(reason) = &value
                && reason.is_failure()
            {
                let what = "the output element";
                return Err(unfit(what, "a value", &spec.element, &value, &why));
            }
            output = (!value.is_null()).then(|| Json::trusted(value.to_json()));
        }
        let done = match &multi.completion {
            None => false,
            Some(condition) => {
                let body = self.decision.state().element(body);
                let repeat = body.and_then(|body| body.repeat.as_deref());
                let counts = repeat.map(|repeat| counts(multi, repeat)).unwrap_or_default();
                self.holds(condition, key, "the completion condition", &counts)?
            }
        };
        Ok(Verdict { output, done })
    }

    fn judge_standard(&self, standard: &StandardLoop, key: ElementKey) -> Result<Verdict, String> {
        let turn = self.decision.state().element(key).and_then(|element| element.turn);
        let last = standard.maximum.is_some_and(|maximum| turn.is_some_and(|turn| turn >= maximum));
        let goes_on = match &standard.condition {
            _ if last => false,
            None => true,
            Some(condition) => self.holds(condition, key, "the loop condition", &[])?,
        };
        Ok(Verdict { output: None, done: !goes_on })
    }

    /// A condition, with these numbers beside what is visible in `scope`.
    fn holds(
        &self,
        condition: &Expression,
        scope: ElementKey,
        what: &str,
        numbers: &[(&str, u32)],
    ) -> Result<bool, String> {
        let number =
            |(name, value): &(&str, u32)| (Text::from(*name), Feel::from(i64::from(*value)));
        let numbers: BTreeMap<Text, Feel> = numbers.iter().map(number).collect();
        let (value, why) = self.evaluate_with(condition, scope, &numbers);
        value.as_bool().ok_or_else(|| unfit(what, "true or false", condition, &value, &why))
    }

    /// Ends what lives of the turns, writes what they gave, and leaves the activity.
    pub(super) fn complete_loop(&mut self, body: ElementKey) {
        let Some(node) = self.node_of(body) else { return };
        let Some(scope) = self.scope_of(body) else { return };
        let canceled = self.interrupt(|run| run.terminate_children(body));
        if self.wait_for_canceled(body, canceled, &Variables::new()) {
            return;
        }
        if let Some(Marker::Multi(MultiInstance { output: Some(output), .. })) = &node.marker {
            let element = self.decision.state().element(body);
            let repeat = element.and_then(|element| element.repeat.as_deref());
            let list = repeat.map_or_else(Json::null, outputs);
            let collection = Variables::from_iter([(output.collection.shared(), list)]);
            self.propagate(scope, &collection);
        }
        self.go_out(node, body, scope);
    }
}

/// What the turns gave, in their order; null where nothing was given.
fn outputs(repeat: &Loop) -> Json {
    let given = |turn| repeat.outputs.get(&turn).map_or("null", Json::as_str);
    let mut list = String::from("[");
    for turn in 1..=repeat.total.unwrap_or(0) {
        if turn > 1 {
            list.push(',');
        }
        list.push_str(given(turn));
    }
    list.push(']');
    Json::trusted(list)
}

/// The counts that a completion condition sees while a turn completes: it counts as completed. Turns
/// that run at once count from the start, in however many parts they are begun.
fn counts(multi: &MultiInstance, repeat: &Loop) -> Vec<(&'static str, u32)> {
    let begun = if multi.sequential { repeat.started } else { repeat.total.unwrap_or(0) };
    let completed = repeat.completed.saturating_add(1);
    vec![
        ("numberOfInstances", begun),
        ("numberOfActiveInstances", begun.saturating_sub(completed + repeat.terminated)),
        ("numberOfCompletedInstances", completed),
        ("numberOfTerminatedInstances", repeat.terminated),
    ]
}

//! Conditional events: a condition is evaluated when the wait for it begins, and again whenever a
//! variable changes that it names and sees.
//!
//! In:  waits that were opened and variables that were set, noted as they are.
//! Out: what the event triggers, before the next step is taken.
//! Absent: evaluation of anything that nobody waits for: an instance without such waits notes
//!         nothing. Start events of a process (see `engine`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::limits::{CONDITION_PER_INPUT_MAX, STEPS_PER_INPUT_MAX};
use base::{ConditionKey, ElementKey, Event, IncidentKind, Stage, Variables};

use super::Run;
use super::values::unfit;
use crate::graph::{Condition, Node, Trigger};

/// What happened since conditions were looked at.
#[derive(Debug, Default)]
pub(super) struct Changes {
    opened: Vec<ConditionKey>,
    set: Vec<Change>,
    /// How often each wait that stays open was triggered by this input.
    met: BTreeMap<ConditionKey, u32>,
}

#[derive(Debug)]
struct Change {
    scope: ElementKey,
    name: Arc<str>,
    /// The scope did not have it before.
    created: bool,
}

/// Variables without an instance.
struct Given<'a>(&'a Variables);

impl feel::Scope for Given<'_> {
    fn get(&self, name: &str) -> Option<feel::Value> {
        feel::Value::from_json(self.0.get(name)?.as_str()).ok()
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.to_string()).collect()
    }
}

impl Condition {
    /// Whether it holds with these variables; false if it is null. `now` is the input's time,
    /// milliseconds since 1970, with a seed for what is random.
    pub fn holds_for(&self, variables: &Variables, now: (i64, u64)) -> Result<bool, String> {
        let now = feel::Now { ms: now.0, seed: now.1 };
        let outcome = self.expression.evaluate(&Given(variables), now);
        let why = outcome.reason().unwrap_or_default();
        self.verdict(&outcome.value, &why)
    }

    /// One that is null does not hold: a variable is missing.
    fn verdict(&self, value: &feel::Value, why: &str) -> Result<bool, String> {
        match value.as_bool() {
            Some(holds) => Ok(holds),
            None if value.is_null() => Ok(false),
            None => Err(unfit("the condition", "true or false", &self.expression, value, why)),
        }
    }
}

impl<'p> Run<'p, '_, '_> {
    /// Waits for a condition; it is evaluated before the next step.
    pub(super) fn open_condition(&mut self, owner: ElementKey, target: u32, part: u32, once: bool) {
        let condition = ConditionKey(self.decision.next_key());
        self.decision.emit(Event::ConditionOpened { condition, owner, target, part, once });
        self.changes.opened.push(condition);
    }

    /// Notes variables that are about to be set.
    pub(super) fn note_changes(&mut self, scope: ElementKey, variables: &Variables) {
        let state = self.decision.state();
        if state.conditions().is_empty() {
            return;
        }
        let Some(own) = state.element(scope).map(|element| &element.variables) else { return };
        let changes = variables.iter().map(|(name, _)| Change {
            scope,
            name: name.clone(),
            created: own.get(name).is_none(),
        });
        self.changes.set.extend(changes);
    }

    /// The conditions of `owner` are evaluated again.
    pub(super) fn ask_conditions(&mut self, owner: ElementKey) {
        self.changes.opened.extend(self.decision.state().conditions_of(owner));
    }

    /// The waits that `open` begins are not evaluated before a variable changes.
    pub(super) fn without_asking<R>(&mut self, open: impl FnOnce(&mut Self) -> R) -> R {
        let known = self.changes.opened.len();
        let result = open(self);
        self.changes.opened.truncate(known);
        result
    }

    /// Whether conditions must be looked at.
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.opened.is_empty() || !self.changes.set.is_empty()
    }

    /// Every condition that is waited for is evaluated again.
    pub(super) fn ask_all_conditions(&mut self) {
        self.changes.opened.extend(self.decision.state().conditions().keys());
    }

    /// Evaluates what was opened and what the changes concern, outer scopes first. Each triggers
    /// once, however many variables were set. While the instance is suspended nothing is triggered:
    /// all are evaluated when it is resumed.
    pub(super) fn look_at_conditions(&mut self) {
        let opened = std::mem::take(&mut self.changes.opened);
        let set = std::mem::take(&mut self.changes.set);
        let state = self.decision.state();
        if state.is_suspended() {
            return;
        }
        let mut asked: BTreeSet<(ElementKey, ConditionKey)> = BTreeSet::new();
        for condition in opened {
            asked.extend(state.conditions().get(&condition).map(|wait| (wait.owner, condition)));
        }
        for change in &set {
            self.concerned(change, &mut asked);
        }
        for (_, condition) in asked {
            self.try_condition(condition);
        }
    }

    /// Evaluates at once what `owner` has just begun to wait for. False if that has ended it.
    pub(super) fn lives_on(&mut self, owner: ElementKey) -> bool {
        if self.changes.opened.is_empty() {
            return true;
        }
        let state = self.decision.state();
        let own: Vec<ConditionKey> = state.conditions_of(owner).collect();
        self.changes.opened.retain(|condition| !own.contains(condition));
        for condition in own {
            self.try_condition(condition);
        }
        self.node_of(owner).is_some()
    }

    /// Waits that see the variable where it was set. In a scope that is not the root they are
    /// looked for in what is inside it, so that a turn of a loop costs what the turn holds.
    fn concerned(&self, change: &Change, asked: &mut BTreeSet<(ElementKey, ConditionKey)>) {
        let state = self.decision.state();
        if change.scope == state.key().root() {
            let waits = state.conditions().iter();
            let seen = waits.filter(|(_, wait)| self.concerns(wait, change));
            asked.extend(seen.map(|(condition, wait)| (wait.owner, *condition)));
            return;
        }
        let mut inside = vec![change.scope];
        while let Some(owner) = inside.pop() {
            for condition in state.conditions_of(owner) {
                let wait = state.conditions().get(&condition);
                if wait.is_some_and(|wait| self.concerns(wait, change)) {
                    asked.insert((owner, condition));
                }
            }
            inside.extend(state.children_of(owner));
        }
    }

    fn concerns(&self, wait: &instance::Condition, change: &Change) -> bool {
        let Some(condition) = self.condition_of(wait) else { return false };
        let counts = if change.created { condition.on_create } else { condition.on_update };
        let mut scopes = self.decision.state().scopes(wait.owner);
        let home = scopes.find(|(_, element)| element.variables.get(&change.name).is_some());
        counts
            && condition.names.iter().any(|name| **name == *change.name)
            && home.is_some_and(|(scope, _)| scope == change.scope)
    }

    fn condition_of(&self, wait: &instance::Condition) -> Option<&'p Condition> {
        let trigger = self.process.node(wait.target).trigger()?;
        match trigger.parts().get(wait.part as usize)? {
            Trigger::Condition(condition) => Some(condition),
            _ => None,
        }
    }

    /// Triggers if the condition is true.
    fn try_condition(&mut self, key: ConditionKey) {
        // One that was looked at before may have ended who waits.
        let Some(wait) = self.decision.state().conditions().get(&key).copied() else { return };
        let Some(condition) = self.condition_of(&wait) else { return };
        let event = self.process.node(wait.target);
        let (value, why) = self.evaluate(&condition.expression, wait.owner);
        let holds = match condition.verdict(&value, &why) {
            Ok(holds) => holds,
            Err(message) => {
                return self.stop_at(&wait, event, IncidentKind::ConditionError, &message);
            }
        };
        if !holds {
            return;
        }
        let met = self.changes.met.entry(key).or_default();
        *met += u32::from(!wait.once);
        if *met > CONDITION_PER_INPUT_MAX || self.decision.step() > STEPS_PER_INPUT_MAX {
            let message = "the instance went on without waiting, and the condition holds again and \
                           again; if that has no end, cancel the instance, else retry to go on";
            return self.stop_at(&wait, event, IncidentKind::StepLimit, message);
        }
        self.decision.emit(Event::ConditionMet { condition: key });
        self.trigger(wait.owner, wait.target, Variables::new());
    }

    /// An incident of who waits; resolving it evaluates its conditions again. One at a time.
    fn stop_at(
        &mut self,
        wait: &instance::Condition,
        event: &Node,
        kind: IncidentKind,
        message: &str,
    ) {
        let state = self.decision.state();
        let open: Vec<_> = state.incidents_of(wait.owner).collect();
        let mut open = open.iter().filter_map(|key| state.incidents().get(key));
        if open.any(|open| open.kind == kind && open.stage == Stage::Working) {
            return;
        }
        let message = format!("{}: {message}", event.label());
        self.decision.raise(wait.owner, kind, Stage::Working, None, message);
    }
}

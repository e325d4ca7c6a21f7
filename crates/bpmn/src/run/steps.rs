//! What remains to be done for an input: a stack, and how much of it begins something in each scope.
//!
//! In:  steps as they come up.
//! Out: the next; whether something is still to begin in a scope, without a search.
//! Absent: what a step does (see `run`).

use std::collections::{BTreeMap, BTreeSet};

use base::{ElementKey, Event, IncidentKind, KeptStep};

use super::Run;

/// What remains to be done for this input.
#[derive(Debug)]
pub(super) enum Step {
    /// A token reaches an element.
    Enter { element: u32, scope: ElementKey, via: Option<u32> },
    /// A scope may be done.
    Check { scope: ElementKey },
    /// A loop may have a next turn.
    Turn { body: ElementKey },
    /// The next handler of a compensation that `by` asked for.
    Compensate { by: ElementKey, scope: ElementKey },
    /// What was entered without a token goes to work.
    Work { key: ElementKey },
}

impl Step {
    /// The scope in which something begins.
    fn begins(&self) -> Option<ElementKey> {
        match self {
            Self::Enter { scope, .. } | Self::Compensate { scope, .. } => Some(*scope),
            Self::Check { .. } | Self::Turn { .. } | Self::Work { .. } => None,
        }
    }
}

/// The stack.
#[derive(Debug, Default)]
pub(super) struct Steps {
    stack: Vec<Step>,
    /// How many steps begin something in a scope.
    begin: BTreeMap<ElementKey, usize>,
}

impl Steps {
    /// A scope is looked at once, however many have asked for it in a row: a storm of tokens asks as
    /// often as it has tokens, and each look may go through all that lives.
    pub(super) fn push(&mut self, step: Step) {
        if let (Step::Check { scope }, Some(Step::Check { scope: last })) =
            (&step, self.stack.last())
            && scope == last
        {
            return;
        }
        if let Some(scope) = step.begins() {
            *self.begin.entry(scope).or_default() += 1;
        }
        self.stack.push(step);
    }

    pub(super) fn pop(&mut self) -> Option<Step> {
        let step = self.stack.pop()?;
        if let Some(scope) = step.begins()
            && let Some(count) = self.begin.get_mut(&scope)
        {
            *count -= 1;
            if *count == 0 {
                self.begin.remove(&scope);
            }
        }
        Some(step)
    }

    /// Whether something is still to begin in this scope.
    pub(super) fn begin_in(&self, scope: ElementKey) -> bool {
        self.begin.contains_key(&scope)
    }

    /// Nothing begins in this scope any more.
    pub(super) fn drop_in(&mut self, scope: ElementKey) {
        if self.begin.remove(&scope).is_some() {
            self.stack.retain(|step| step.begins() != Some(scope));
        }
    }

    /// Takes all, the last first. A scope is looked at once: when all else is done.
    fn take(&mut self) -> Vec<KeptStep> {
        self.begin.clear();
        let mut looked_at = BTreeSet::new();
        let mut kept: Vec<KeptStep> = std::mem::take(&mut self.stack)
            .into_iter()
            .filter_map(|step| match step {
                Step::Enter { element, scope, via } => {
                    Some(KeptStep::Enter { element, scope, via })
                }
                Step::Check { scope } => {
                    looked_at.insert(scope).then_some(KeptStep::Check { scope })
                }
                Step::Turn { body } => Some(KeptStep::Turn { body }),
                Step::Compensate { by, scope } => Some(KeptStep::Compensate { by, scope }),
                Step::Work { key } => Some(KeptStep::Work { key }),
            })
            .collect();
        kept.reverse();
        kept
    }
}

impl Run<'_, '_, '_> {
    /// Too many steps were taken: what remains is kept until the incident is resolved.
    pub(super) fn keep_steps(&mut self) {
        let kept = self.steps.take();
        if !kept.is_empty() {
            self.decision.emit(Event::StepsKept(kept));
        }
    }

    /// Goes on with what was kept.
    pub(super) fn take_kept(&mut self) {
        let kept = self.decision.state().kept_steps().to_vec();
        if kept.is_empty() {
            return;
        }
        self.decision.emit(Event::KeptStepsTaken);
        for step in kept.into_iter().rev() {
            self.steps.push(match step {
                KeptStep::Enter { element, scope, via } => Step::Enter { element, scope, via },
                KeptStep::Check { scope } => Step::Check { scope },
                KeptStep::Turn { body } => Step::Turn { body },
                KeptStep::Compensate { by, scope } => Step::Compensate { by, scope },
                KeptStep::Work { key } => Step::Work { key },
            });
        }
    }

    /// What was kept must have an incident that is waited for: if the last one went with the scope
    /// that it was in, the rest goes on.
    pub(super) fn goes_on_with_kept(&mut self) -> bool {
        let state = self.decision.state();
        let stopped =
            || state.incidents().values().any(|open| open.kind == IncidentKind::StepLimit);
        if state.kept_steps().is_empty() || stopped() {
            return false;
        }
        self.take_kept();
        true
    }

    /// Nothing begins in the scope any more: neither now nor from what was kept.
    pub(super) fn drop_steps(&mut self, scope: ElementKey) {
        self.steps.drop_in(scope);
        let begins = |step: &KeptStep| step.begins() == Some(scope);
        if self.decision.state().kept_steps().iter().any(begins) {
            self.decision.emit(Event::KeptStepsDropped(scope));
        }
    }

    /// Whether something is still to begin in this scope.
    pub(super) fn begins_in(&self, scope: ElementKey) -> bool {
        let kept = self.decision.state().kept_steps();
        self.steps.begin_in(scope) || kept.iter().any(|step| step.begins() == Some(scope))
    }
}

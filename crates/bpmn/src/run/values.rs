//! Expressions in the scope of an element instance, and where variables go.

use std::collections::BTreeMap;

use base::{ElementKey, Event, Json, Text, Variables};
use feel::{Expression, Value as Feel};
use instance::Instance;

use super::Run;
use crate::graph::{Mapping, Value};

/// The variables that an expression sees: those of its scope, then outwards.
struct Visible<'a> {
    state: &'a Instance,
    scope: ElementKey,
}

impl feel::Scope for Visible<'_> {
    fn get(&self, name: &str) -> Option<Feel> {
        let json = self.state.variable(self.scope, name)?;
        // Variables were checked to be JSON when they came.
        Feel::from_json(json.as_str()).ok()
    }

    fn names(&self) -> Vec<String> {
        let all = self.state.visible_variables(self.scope);
        all.iter().map(|(name, _)| name.to_string()).collect()
    }
}

impl Run<'_, '_, '_> {
    /// Evaluates in `scope`. With the reasons for a null, for messages to people.
    pub(super) fn evaluate(&self, expression: &Expression, scope: ElementKey) -> (Feel, String) {
        let visible = Visible { state: self.decision.state(), scope };
        let outcome = expression.evaluate(&visible, self.now(scope));
        let notes: Vec<_> = outcome.notes.iter().map(ToString::to_string).collect();
        let why = outcome.reason().unwrap_or_else(|| notes.join("; "));
        (outcome.value, why)
    }

    /// As [`Self::evaluate`], with these values before what is visible.
    pub(super) fn evaluate_with(
        &self,
        expression: &Expression,
        scope: ElementKey,
        targets: &BTreeMap<Text, Feel>,
    ) -> (Feel, String) {
        let mapped = Mapped { targets, outer: Visible { state: self.decision.state(), scope } };
        let outcome = expression.evaluate(&mapped, self.now(scope));
        let why = outcome.reason().unwrap_or_else(|| {
            outcome.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        });
        (outcome.value, why)
    }

    /// What `now()` and `random number()` see in an expression of `scope`.
    fn now(&self, scope: ElementKey) -> feel::Now {
        feel::Now { ms: self.decision.now_ms(), seed: self.decision.draw_seed(scope) }
    }

    /// A text: the fixed one, or what the expression gives, which must be a string.
    pub(super) fn text(
        &self,
        value: &Value,
        scope: ElementKey,
        what: &str,
    ) -> Result<Text, String> {
        match value {
            Value::Fixed(text) => Ok(text.clone()),
            Value::Feel(expression) => {
                let (value, why) = self.evaluate(expression, scope);
                match value.as_str() {
                    Some(text) => Ok(text.into()),
                    None => Err(unfit(what, "a string", expression, &value, &why)),
                }
            }
        }
    }

    /// A text in any form that a timer or number understands: dates and durations become ISO-8601.
    pub(super) fn scalar(
        &self,
        value: &Value,
        scope: ElementKey,
        what: &str,
    ) -> Result<Text, String> {
        match value {
            Value::Fixed(text) => Ok(text.clone()),
            Value::Feel(expression) => {
                let (value, why) = self.evaluate(expression, scope);
                match &value {
                    Feel::Null(_) | Feel::List(_) | Feel::Context(_) => {
                        Err(unfit(what, "a simple value", expression, &value, &why))
                    }
                    value => Ok(value
                        .as_str()
                        .map_or_else(|| value.to_json().trim_matches('"').into(), Text::from)),
                }
            }
        }
    }

    /// A correlation key: a string or a number.
    pub(super) fn correlation_key(
        &self,
        key: &Expression,
        scope: ElementKey,
    ) -> Result<Text, String> {
        let (value, why) = self.evaluate(key, scope);
        match &value {
            Feel::String(text) if !text.is_empty() => Ok(Text::from(&**text)),
            Feel::Number(_) => Ok(value.to_json().into()),
            value => Err(unfit("the correlation key", "a string or a number", key, value, &why)),
        }
    }

    /// Names: a list of strings, or text with commas.
    pub(super) fn names(
        &self,
        value: &Value,
        scope: ElementKey,
        what: &str,
    ) -> Result<Vec<Text>, String> {
        let split = |text: &str| {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Text::from).collect()
        };
        match value {
            Value::Fixed(text) => Ok(split(text)),
            Value::Feel(expression) => {
                let (value, why) = self.evaluate(expression, scope);
                match &value {
                    Feel::String(text) => Ok(split(text)),
                    Feel::List(items) if items.iter().all(|item| item.as_str().is_some()) => {
                        Ok(items.iter().filter_map(Feel::as_str).map(Text::from).collect())
                    }
                    value => Err(unfit(what, "a list of strings", expression, value, &why)),
                }
            }
        }
    }

    /// Evaluates mappings in order; each sees the targets of those before it.
    pub(super) fn map(&self, mappings: &[Mapping], scope: ElementKey) -> Result<Variables, String> {
        let mut targets: BTreeMap<Text, Feel> = BTreeMap::new();
        for mapping in mappings {
            let value = match &mapping.source {
                Value::Fixed(text) => Feel::String(text.shared()),
                Value::Feel(expression) => {
                    let mapped = Mapped {
                        targets: &targets,
                        outer: Visible { state: self.decision.state(), scope },
                    };
                    let outcome = expression.evaluate(&mapped, self.now(scope));
                    // A missing variable maps to null, as in Camunda 8; an operation that failed
                    // is an incident.
                    if let Feel::Null(why) = &outcome.value
                        && why.is_failure()
                    {
                        let what = format!("the mapping to `{}`", join(&mapping.target));
                        let why = why.to_string();
                        return Err(unfit(&what, "a value", expression, &outcome.value, &why));
                    }
                    outcome.value
                }
            };
            assign(&mut targets, &mapping.target, value);
        }
        Ok(targets
            .into_iter()
            .map(|(name, value)| (name.shared(), Json::trusted(value.to_json())))
            .collect())
    }

    /// Sets variables in this very scope.
    pub(super) fn set_variables(&mut self, scope: ElementKey, variables: Variables) {
        if !variables.is_empty() {
            self.note_changes(scope, &variables);
            self.decision.emit(Event::VariablesSet { scope, variables });
        }
    }

    /// Sets each variable in the innermost scope from `scope` outwards that has the name, else in
    /// the root (Camunda 8's propagation).
    pub(super) fn propagate(&mut self, scope: ElementKey, variables: &Variables) {
        let state = self.decision.state();
        // What is done in an ad-hoc sub-process stays with its activation.
        let outermost = state.scopes(scope).map(|(key, _)| key).find(|key| self.is_inner(*key));
        let root = outermost.unwrap_or_else(|| state.key().root());
        let mut by_scope: BTreeMap<ElementKey, Variables> = BTreeMap::new();
        for (name, value) in variables.iter() {
            let home = state
                .scopes(scope)
                .take_while(|(key, _)| *key >= root)
                .find(|(_, element)| element.variables.get(name).is_some())
                .map_or(root, |(key, _)| key);
            by_scope.entry(home).or_default().set(name.clone(), value.clone());
        }
        for (scope, variables) in by_scope {
            self.set_variables(scope, variables);
        }
    }
}

/// Mapped targets first, then what is visible.
struct Mapped<'a> {
    targets: &'a BTreeMap<Text, Feel>,
    outer: Visible<'a>,
}

impl feel::Scope for Mapped<'_> {
    fn get(&self, name: &str) -> Option<Feel> {
        self.targets.get(name).cloned().or_else(|| self.outer.get(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.outer.names();
        names.extend(self.targets.keys().map(ToString::to_string));
        names
    }
}

fn assign(targets: &mut BTreeMap<Text, Feel>, path: &[Text], value: Feel) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        targets.insert(first.clone(), value);
        return;
    }
    let current = targets.remove(first).unwrap_or(Feel::NULL);
    targets.insert(first.clone(), current.with_path(rest, value));
}

fn join(path: &[Text]) -> String {
    path.iter().map(|part| &**part).collect::<Vec<_>>().join(".")
}

/// Says what an expression should have given and what it gave, and why.
pub(super) fn unfit(
    what: &str,
    wanted: &str,
    expression: &Expression,
    got: &Feel,
    why: &str,
) -> String {
    let mut shown = got.to_json();
    if shown.len() > 200 {
        let cut = (0..=200).rev().find(|at| shown.is_char_boundary(*at)).unwrap_or(0);
        shown.truncate(cut);
        shown.push('…');
    }
    let because = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!(
        "expected {what} to be {wanted}, but `{}` gives {} {shown}{because}; correct the variables, then retry",
        expression.source().trim(),
        got.type_name(),
    )
}

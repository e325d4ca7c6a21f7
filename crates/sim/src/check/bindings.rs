//! Which version is called: the one that was deployed together with the caller, the latest with a
//! tag, or the latest.
//!
//! In:  all logs, the heads of all versions, when deployments were acknowledged.
//! Out: the first call of another version than the model says.
//! Absent: which of two versions is the latest while the newer is not acknowledged.

use base::{DefinitionKey, Event, IncidentRow, Text};
use bpmn::{Binding, Kind};

use super::Checked;
use super::facts::{Facts, Past};
use super::places::Places;
use crate::play::{Play, wrong};

/// A version of a process or decision.
#[derive(Clone, Copy, Debug)]
struct Version<'a> {
    id: &'a Text,
    number: i32,
    deployment: DefinitionKey,
    tag: Option<&'a Text>,
    /// When everybody knew of it; nobody asks for what is deleted.
    known_ms: Option<i64>,
}

impl Version<'_> {
    /// Whether the caller's model means this one, of all that there are.
    fn is_meant(
        &self,
        binding: &Binding,
        caller: DefinitionKey,
        all: &[Version<'_>],
        at_ms: i64,
    ) -> bool {
        let fits = |other: &Version<'_>| match binding {
            Binding::Deployment => other.deployment == caller,
            Binding::VersionTag(tag) => other.tag == Some(tag),
            Binding::Latest => true,
        };
        let newer = |other: &&Version<'_>| {
            other.id == self.id
                && other.number > self.number
                && other.known_ms.is_some_and(|known_ms| known_ms < at_ms)
        };
        fits(self) && !all.iter().filter(newer).any(fits)
    }

    fn is_old(&self, all: &[Version<'_>], at_ms: i64) -> bool {
        !self.is_meant(&Binding::Latest, self.deployment, all, at_ms)
    }
}

impl Play {
    pub(super) fn check_bindings(&mut self, facts: &Facts) -> Checked {
        let graphs = self.reader().decision_graphs();
        let graphs = graphs.map_err(|fault| wrong("rows")(fault.to_string()))?;
        let (deployed, decided) = (self.clients.deployed.clone(), self.clients.decided.clone());
        let processes = facts.definitions.iter().map(|row| Version {
            id: &row.id,
            number: row.version,
            deployment: row.deployment,
            tag: row.version_tag.as_ref(),
            known_ms: deployed.get(&row.key).copied().filter(|_| row.deleted_ms.is_none()),
        });
        let processes: Vec<_> = processes.collect();
        let decisions = graphs.iter().flat_map(|graph| {
            graph.decisions.iter().map(|row| Version {
                id: &row.id,
                number: row.version,
                deployment: graph.deployment,
                tag: row.version_tag.as_ref(),
                known_ms: decided.get(&graph.key).copied(),
            })
        });
        let decisions: Vec<_> = decisions.collect();
        for past in facts.all() {
            self.check_bound(facts, past, &processes, &decisions)?;
        }
        Ok(())
    }

    fn check_bound(
        &mut self,
        facts: &Facts,
        past: &Past,
        processes: &[Version<'_>],
        decisions: &[Version<'_>],
    ) -> Checked {
        let mut places = Places::default();
        for (at_ms, event) in past.events() {
            places.read(event);
            let (owner, all, called) = match event {
                Event::InstanceCalled { owner, instance } => {
                    // What is undone is undone by the version that has done it.
                    let called = facts.known(*instance);
                    let called = called.filter(|it| it.state.header().undoes.is_none());
                    let key = called.map(Past::first_definition);
                    let at = facts.definitions.iter().position(|row| Some(row.key) == key);
                    (*owner, processes, at.map(|at| processes[at]))
                }
                Event::DecisionEvaluated { owner, evaluation } => {
                    let known = |it: &&Version<'_>| {
                        *it.id == evaluation.id && it.number == evaluation.version
                    };
                    (*owner, decisions, decisions.iter().find(known).copied())
                }
                _ => continue,
            };
            let asking = facts.definitions.iter().find(|row| Some(row.key) == places.definition);
            let binding = places.node(&self.graphs, owner).and_then(|node| match &node.kind {
                Kind::Call(called) => Some(&called.binding),
                Kind::Decision(called) => Some(&called.binding),
                _ => None,
            });
            let (Some(called), Some(asking), Some(binding)) = (called, asking, binding) else {
                continue;
            };
            self.coverage.count("check", "bindings");
            if !called.is_meant(binding, asking.deployment, all, at_ms) && !self.clock_jumped {
                let what = format!("{owner} of {} called {called:?} by {binding:?}", asking.key);
                return Err(wrong("bindings")(what));
            }
            if called.is_old(all, at_ms) {
                match (event, binding) {
                    (Event::InstanceCalled { .. }, Binding::Deployment) => {
                        self.coverage.count("happened", "old version called by its deployment");
                    }
                    (Event::InstanceCalled { .. }, _) => {
                        self.coverage.count("happened", "old version called by its tag");
                    }
                    _ => self.coverage.count("happened", "old decision called"),
                }
            }
        }
        Ok(())
    }

    /// Whether the version that an activity is bound to was deleted.
    pub(super) fn calls_deleted(&mut self, row: &IncidentRow) -> bool {
        let states = self.live_states();
        let Some(state) = states.iter().find(|state| state.key() == row.instance) else {
            return false;
        };
        let mut reader = self.reader();
        let heads = reader.definitions().expect("reads");
        let definition = state.header().definition;
        let graph = self.graph(&mut *reader, definition).expect("a graph");
        let node = state.element(row.owner).map(|live| graph.node(live.element));
        let Some(Kind::Call(call)) = node.map(|node| &node.kind) else { return false };
        let caller = heads.iter().find(|head| head.key == definition).map(|head| head.deployment);
        let bpmn::Value::Fixed(id) = &call.process_id else { return false };
        let deleted = heads.iter().filter(|head| head.id == *id && head.deleted_ms.is_some());
        deleted.into_iter().any(|head| match &call.binding {
            Binding::Deployment => Some(head.deployment) == caller,
            Binding::VersionTag(tag) => head.version_tag.as_ref() == Some(tag),
            Binding::Latest => false,
        })
    }
}

//! Whether a state that was read from a disk is one that can be worked with.
//!
//! In:  a state that was decoded or folded, and how many nodes and flows its definition has.
//! Out: the first thing that does not fit, before a loop over scopes never ends, a number names
//!      nothing or a count asks for all memory.
//! Absent: whether the state is the right one: that is what checksums are for.

use std::collections::BTreeMap;

use base::{ElementKey, InstanceKey, KeptStep, Key};

use crate::loops::check_loop;
use crate::state::{ElementInstance, Instance};

/// Waiting tokens of one scope: some hundred times what one input can make.
const TOKENS_MAX: u64 = 2_000_000;

impl Instance {
    /// Refuses a state that does not hang together. `nodes` is how many nodes its definition has,
    /// which are numbered before the flows; `elements` is how many both are.
    pub fn check(&self, key: InstanceKey, nodes: usize, elements: usize) -> Result<(), String> {
        if self.key() != key {
            return Err(format!("it is the state of {}", self.key()));
        }
        let root = key.root();
        if self.elements.get(&root).is_none_or(|element| element.scope != root) {
            return Err("its root scope is missing".into());
        }
        let mut children: BTreeMap<ElementKey, u32> = BTreeMap::new();
        for (element, found) in &self.elements {
            // Scopes are older than what is in them, so that the way outwards has an end; but what has
            // interrupted something is younger than that, in which nothing is.
            let ordered = |scope: ElementKey| {
                (scope < *element || self.is_canceling(*element)) && !self.is_canceling(scope)
            };
            let placed = *element == root
                || ordered(found.scope) && self.elements.contains_key(&found.scope);
            if !placed {
                return Err(format!("element instance {element} is in no scope"));
            }
            if *element != root {
                *children.entry(found.scope).or_default() += 1;
            }
            check_numbers(*element, found, nodes, elements)?;
            check_loop(found)?;
        }
        for (element, found) in &self.elements {
            let there = children.get(element).copied().unwrap_or(0);
            if found.children != there {
                let said = found.children;
                return Err(format!("scope {element} holds {there} elements, it says {said}"));
            }
        }
        let waiting = self.calls.keys().chain(self.interrupted());
        if let Some(owner) = { waiting }.find(|owner| !self.elements.contains_key(owner)) {
            return Err(format!("element instance {owner} waits for a call and is none"));
        }
        let targets = self.timers.values().map(|timer| timer.target);
        let targets = targets.chain(self.subscriptions.values().map(|open| open.target));
        let targets = targets.chain(self.conditions.values().map(|wait| wait.target));
        for target in targets {
            if target as usize >= nodes {
                return Err(format!("it waits for element {target}, which is none"));
            }
        }
        if let Some(element) = self.ends_after().iter().find(|element| **element as usize >= nodes)
        {
            return Err(format!("it ends after element {element}, which is none"));
        }
        self.check_kept(nodes, elements)?;
        self.check_compensable(nodes)?;
        self.check_keys()
    }

    /// Steps that were kept name what there is.
    fn check_kept(&self, nodes: usize, elements: usize) -> Result<(), String> {
        let wrong = |step: &&KeptStep| match step {
            KeptStep::Enter { element, via, .. } => {
                let flow = |flow: u32| (nodes..elements).contains(&(flow as usize));
                *element as usize >= nodes || via.is_some_and(|via| !flow(via))
            }
            KeptStep::Check { .. }
            | KeptStep::Turn { .. }
            | KeptStep::Work { .. }
            | KeptStep::Compensate { .. } => false,
        };
        match self.kept_steps.iter().find(wrong) {
            Some(step) => Err(format!("a step was kept that leads nowhere: {step:?}")),
            None => Ok(()),
        }
    }

    /// Its next key is above all that it gave away.
    fn check_keys(&self) -> Result<(), String> {
        let given = [
            self.elements.keys().next_back().map(|key| key.0),
            self.jobs.keys().next_back().map(|key| key.0),
            self.timers.keys().next_back().map(|key| key.0),
            self.subscriptions.keys().next_back().map(|key| key.0),
            self.user_tasks.keys().next_back().map(|key| key.0),
            self.conditions.keys().next_back().map(|key| key.0),
            self.incidents.keys().next_back().map(|key| key.0),
        ];
        let last = given.into_iter().flatten().max().unwrap_or_default();
        let in_range = self.keys_end <= Key::MAX && self.next_key <= self.keys_end;
        if last < self.next_key && in_range {
            return Ok(());
        }
        Err(format!("its keys go on from {} to {}, after {last}", self.next_key, self.keys_end))
    }
}

fn check_numbers(
    key: ElementKey,
    found: &ElementInstance,
    nodes: usize,
    elements: usize,
) -> Result<(), String> {
    if found.element as usize >= nodes {
        return Err(format!("{key} is of element {}, which is none", found.element));
    }
    if let Some(queued) = found.queued.iter().find(|queued| queued.element as usize >= nodes) {
        return Err(format!("element {} waits for its turn in {key}, and is none", queued.element));
    }
    let mut tokens = 0_u64;
    for (flow, count) in &found.tokens {
        if !(nodes..elements).contains(&(*flow as usize)) {
            return Err(format!("a token waits on flow {flow}, which is none"));
        }
        tokens += u64::from(*count);
    }
    let flows = found.resets.values().flatten();
    if found.resets.keys().any(|gateway| *gateway as usize >= nodes)
        || flows.clone().any(|flow| !(nodes..elements).contains(&(*flow as usize)))
    {
        return Err(format!("a gateway or flow that is none waits for its reset in {key}"));
    }
    if tokens > TOKENS_MAX {
        return Err(format!("{tokens} tokens wait in {key}, over the limit of {TOKENS_MAX}"));
    }
    Ok(())
}

//! Ad-hoc sub-processes: what is activated in them begins, in which order, and who is asked.
//!
//! In:  one log, and the graphs of its time.
//! Out: the first activation that should not be, should be first, or that no worker was asked after.
//! Absent: what of all this remains (`past`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::{ElementKey, Event, JobKey};
use bpmn::{AdHoc, Kind};

use super::Checked;
use super::facts::Past;
use super::places::{Graphs, Places};
use crate::play::{Play, wrong};

/// One that lives.
#[derive(Default)]
struct Open {
    done: bool,
    /// The activations that live.
    active: BTreeSet<ElementKey>,
    /// What waits for its turn.
    queued: VecDeque<u32>,
    /// What has its turn now.
    turn: Option<u32>,
}

#[derive(Default)]
struct AdHocs {
    open: BTreeMap<ElementKey, Open>,
    /// Whose activation it is.
    inner: BTreeMap<ElementKey, ElementKey>,
    /// What must be the first in it.
    begins: BTreeMap<ElementKey, u32>,
    jobs: BTreeMap<JobKey, ElementKey>,
    /// In these something was done, and a worker must hear of it.
    owed: BTreeSet<ElementKey>,
    /// An operator has begun elements, in no order.
    modified: bool,
    looked_at: u64,
}

impl Play {
    pub(super) fn check_ad_hocs(&mut self, past: &Past) -> Checked {
        let mut places = Places::default();
        let mut all = AdHocs::default();
        for record in &past.records {
            let mut events = record.events.iter().peekable();
            while let Some(event) = events.next() {
                places.read(event);
                let undoes = matches!(events.peek(), Some(Event::CompensationStarted { .. }));
                all.read(&places, &self.graphs, event, undoes).map_err(|what| {
                    wrong("ad-hoc")(format!("instance {}: {what}", past.row.instance))
                })?;
            }
            if let Some(owner) = all.owed.first() {
                let what = format!("instance {}: {owner}: no worker", past.row.instance);
                return Err(wrong("ad-hoc")(format!("{what} hears of what was done")));
            }
        }
        self.coverage.add("check", "ad-hoc", all.looked_at);
        Ok(())
    }
}

/// What the model says of it.
fn spec<'g>(places: &Places, graphs: &'g Graphs, key: ElementKey) -> Option<&'g AdHoc> {
    match &places.node(graphs, key)?.kind {
        Kind::AdHoc(ad_hoc) => Some(ad_hoc),
        _ => None,
    }
}

impl AdHocs {
    /// `undoes`: what is entered completed before, and is compensated.
    fn read(
        &mut self,
        places: &Places,
        graphs: &Graphs,
        event: &Event,
        undoes: bool,
    ) -> Result<(), String> {
        let sequential = |key| spec(places, graphs, key).is_some_and(|it| it.sequential);
        match event {
            Event::AdHocEntered { owner } => {
                self.open.insert(*owner, Open::default());
                self.looked_at += 1;
            }
            Event::AdHocDone { owner } => {
                let open = self.known(*owner)?;
                open.done = true;
                open.queued.clear();
                self.owed.remove(owner);
            }
            Event::ElementEntered { key, element, scope, .. }
            | Event::ElementPassed { key, element, scope, .. } => {
                if self.begins.remove(scope).is_some_and(|first| first != *element) {
                    return Err(format!("{event:?} begins before its turn"));
                }
                if self.open.contains_key(scope) && places.same(*key, *scope) && !undoes {
                    return self.begun(*key, *scope, sequential(*scope));
                }
            }
            Event::ActivationQueued { owner, element, .. } => {
                let sequential = sequential(*owner);
                let open = self.known(*owner)?;
                if !sequential || open.done || open.active.is_empty() && open.queued.is_empty() {
                    return Err(format!("{event:?}, and it could begin or never does"));
                }
                open.queued.push_back(*element);
            }
            Event::ActivationTaken { owner } => {
                let open = self.known(*owner)?;
                open.turn = open.queued.pop_front();
                if open.turn.is_none() {
                    return Err(format!("{event:?}, and nothing waits"));
                }
            }
            Event::InstanceModified { .. } => self.modified = true,
            Event::InstanceMigrated(migrated) => {
                let numbers: BTreeMap<u32, u32> = migrated.numbers.iter().copied().collect();
                for element in self.open.values_mut().flat_map(|open| &mut open.queued) {
                    *element = numbers.get(element).copied().unwrap_or(*element);
                }
            }
            event => return self.read_end(places, graphs, event),
        }
        Ok(())
    }

    /// What ends, and who is asked.
    fn read_end(&mut self, places: &Places, graphs: &Graphs, event: &Event) -> Result<(), String> {
        let asks = |key| spec(places, graphs, key).is_some_and(|it| it.job.is_some());
        match event {
            Event::ActivationsDropped { owner } => self.known(*owner)?.queued.clear(),
            Event::ElementCompleted { key } => {
                let open = |key: &ElementKey| self.open.get(key).is_some_and(|open| !open.done);
                let owner = self.inner.get(key).copied();
                self.owed.extend(owner.filter(|owner| open(owner) && asks(*owner)));
                if open(key) && asks(*key) {
                    return Err(format!("{key} ends, and no worker has said so"));
                }
                self.gone(*key);
            }
            Event::ElementTerminated { key } => self.gone(*key),
            Event::JobCreated { job, owner, extra, .. }
                if extra.as_ref().is_some_and(|extra| extra.ad_hoc == Some(true)) =>
            {
                self.owed.remove(owner);
                if self.jobs.values().any(|other| other == owner) {
                    return Err(format!("{event:?}, and another worker is asked"));
                }
                self.jobs.insert(*job, *owner);
            }
            Event::JobCompleted { job } | Event::JobCanceled { job } => {
                self.jobs.remove(job);
            }
            Event::IncidentRaised { owner, .. } => {
                self.owed.remove(owner);
            }
            _ => {}
        }
        Ok(())
    }

    fn known(&mut self, owner: ElementKey) -> Result<&mut Open, String> {
        let open = self.open.get_mut(&owner);
        open.ok_or_else(|| format!("{owner} is no ad-hoc sub-process that lives"))
    }

    fn begun(&mut self, key: ElementKey, owner: ElementKey, alone: bool) -> Result<(), String> {
        let modified = self.modified;
        let open = self.known(owner)?;
        let turn = open.turn.take();
        let early = alone && !open.active.is_empty() || turn.is_none() && !open.queued.is_empty();
        if open.done || early && !modified {
            return Err(format!("{key} begins in {owner}, where it cannot"));
        }
        open.active.insert(key);
        self.begins.extend(turn.map(|element| (key, element)));
        self.inner.insert(key, owner);
        Ok(())
    }

    fn gone(&mut self, key: ElementKey) {
        self.open.remove(&key);
        self.owed.remove(&key);
        self.begins.remove(&key);
        if let Some(open) = self.inner.remove(&key).and_then(|owner| self.open.get_mut(&owner)) {
            open.active.remove(&key);
        }
    }
}

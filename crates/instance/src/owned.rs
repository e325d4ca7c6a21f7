//! What belongs to each element instance: an index, so that ending one element costs what it owns
//! and not what lives.
//!
//! In:  what was added to the state and what left it.
//! Out: an element's children, jobs, timers, subscriptions, user tasks, conditions and incidents, in order.
//! Absent: its bytes. A snapshot does not have it; it is built again when one is read.

use std::collections::BTreeSet;

use base::{
    ConditionKey, ElementKey, IncidentKey, JobKey, Key, SubscriptionKey, TimerKey, UserTaskKey,
};

use crate::state::Instance;

/// One thing that belongs to an element instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Owned {
    /// A job.
    Job(JobKey),
    /// A timer.
    Timer(TimerKey),
    /// A message subscription.
    Subscription(SubscriptionKey),
    /// A user task.
    UserTask(UserTaskKey),
    /// A condition.
    Condition(ConditionKey),
    /// An open incident.
    Incident(IncidentKey),
    /// An element instance directly in it. The root is in no other and is not listed.
    Child(ElementKey),
}

/// All of it, by owner.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Index(BTreeSet<(ElementKey, Owned)>);

impl Index {
    pub(crate) fn add(&mut self, owner: ElementKey, thing: Owned) {
        self.0.insert((owner, thing));
    }

    pub(crate) fn remove(&mut self, owner: ElementKey, thing: Owned) {
        self.0.remove(&(owner, thing));
    }

    fn range(&self, owner: ElementKey, from: Owned, to: Owned) -> impl Iterator<Item = Owned> {
        self.0.range((owner, from)..(owner, to)).map(|(_, thing)| *thing)
    }
}

const FIRST: Key = Key::from_raw(0);
const LAST: Key = Key::from_raw(u64::MAX);

impl Instance {
    /// What `owner` itself waits for, and its incidents.
    pub fn waits_of(&self, owner: ElementKey) -> impl Iterator<Item = Owned> {
        self.index.range(owner, Owned::Job(JobKey(FIRST)), Owned::Child(ElementKey(FIRST)))
    }

    /// The conditions that `owner` itself waits for.
    pub fn conditions_of(&self, owner: ElementKey) -> impl Iterator<Item = ConditionKey> {
        let from = Owned::Condition(ConditionKey(FIRST));
        let to = Owned::Incident(IncidentKey(FIRST));
        self.index.range(owner, from, to).filter_map(|thing| match thing {
            Owned::Condition(condition) => Some(condition),
            _ => None,
        })
    }

    /// The open incidents of `owner` itself.
    pub fn incidents_of(&self, owner: ElementKey) -> impl Iterator<Item = IncidentKey> {
        let (from, to) = (Owned::Incident(IncidentKey(FIRST)), Owned::Child(ElementKey(FIRST)));
        self.index.range(owner, from, to).filter_map(|thing| match thing {
            Owned::Incident(incident) => Some(incident),
            _ => None,
        })
    }

    /// The element instances directly in `scope`, oldest first.
    pub fn children_of(&self, scope: ElementKey) -> impl Iterator<Item = ElementKey> {
        let (from, to) = (Owned::Child(ElementKey(FIRST)), Owned::Child(ElementKey(LAST)));
        self.index.range(scope, from, to).filter_map(|thing| match thing {
            Owned::Child(child) => Some(child),
            _ => None,
        })
    }

    /// Builds the index again.
    pub(crate) fn index_owned(&mut self) {
        let mut index = Index::default();
        let elements = self.elements.iter().filter(|(key, element)| element.scope != **key);
        elements.for_each(|(key, element)| index.add(element.scope, Owned::Child(*key)));
        self.jobs.iter().for_each(|(key, job)| index.add(job.owner, Owned::Job(*key)));
        self.timers.iter().for_each(|(key, timer)| index.add(timer.owner, Owned::Timer(*key)));
        for (key, open) in &self.subscriptions {
            index.add(open.owner, Owned::Subscription(*key));
        }
        self.user_tasks.iter().for_each(|(key, task)| index.add(task.owner, Owned::UserTask(*key)));
        let conditions = self.conditions.iter();
        conditions.for_each(|(key, wait)| index.add(wait.owner, Owned::Condition(*key)));
        self.incidents.iter().for_each(|(key, open)| index.add(open.owner, Owned::Incident(*key)));
        self.index = index;
    }
}

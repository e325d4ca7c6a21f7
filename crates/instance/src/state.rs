//! What an instance is at one moment.

use std::collections::{BTreeMap, VecDeque};

use base::{
    ConditionKey, CorrelationSource, DefinitionKey, ElementKey, IncidentKey, IncidentKind,
    InstanceKey, JobExtra, JobKey, JobRole, JobState, Json, KeptStep, Key, KeyBase, Listener,
    Parent, Purpose, Stage, SubscriptionKey, TaskTransition, Text, TimerKey, UserTaskDetails,
    UserTaskKey, Variables,
};
use minicbor::{Decode, Encode};

use crate::canceling::{EarlyEnd, Interruptions};
use crate::compensable::Lists;
use crate::owned::Index;
use crate::suspension::Suspension;

/// The state of one instance. Only live things are in it; the past is the log.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Instance {
    #[n(0)]
    pub(crate) header: Header,
    #[n(1)]
    pub(crate) status: Status,
    #[n(2)]
    pub(crate) elements: BTreeMap<ElementKey, ElementInstance>,
    #[n(3)]
    pub(crate) jobs: BTreeMap<JobKey, Job>,
    #[n(4)]
    pub(crate) timers: BTreeMap<TimerKey, Timer>,
    #[n(5)]
    pub(crate) subscriptions: BTreeMap<SubscriptionKey, Subscription>,
    #[n(6)]
    pub(crate) user_tasks: BTreeMap<UserTaskKey, UserTask>,
    #[n(7)]
    pub(crate) incidents: BTreeMap<IncidentKey, Incident>,
    /// The next key of its own, and the end of the run it is from.
    #[n(8)]
    pub(crate) next_key: Key,
    #[n(9)]
    pub(crate) keys_end: Key,
    #[n(10)]
    pub(crate) ended_ms: Option<i64>,
    /// What call activities have started and wait for.
    #[cbor(n(13), skip_if = "BTreeMap::is_empty")]
    pub(crate) calls: BTreeMap<ElementKey, InstanceKey>,
    /// What belongs to whom. Not in the bytes.
    #[cbor(skip)]
    pub(crate) index: Index,
    /// What completed and can be compensated.
    #[n(20)]
    #[cbor(skip_if = "BTreeMap::is_empty")]
    pub(crate) compensable: Lists,
    /// That nothing goes on, and what waits for that.
    #[n(27)]
    pub(crate) suspension: Option<Box<Suspension>>,
    /// What timers of policies are for; each is one of `timers`, too.
    #[cbor(n(24), skip_if = "BTreeMap::is_empty")]
    pub(crate) policy_timers: BTreeMap<TimerKey, PolicyTimer>,
    /// Conditions that are waited for.
    #[cbor(n(21), skip_if = "BTreeMap::is_empty")]
    pub(crate) conditions: BTreeMap<ConditionKey, Condition>,
    /// What remains to be done when an incident about too many steps is resolved, the next first.
    #[cbor(n(28), skip_if = "Vec::is_empty")]
    pub(crate) kept_steps: Vec<KeptStep>,
    /// It was cancelled and ends when its last listeners are done.
    #[n(30)]
    pub(crate) canceling: Option<bool>,
    #[n(31)]
    pub(crate) early_end: Option<Box<EarlyEnd>>,
    #[n(32)]
    pub(crate) interruptions: Option<Box<Interruptions>>,
}

/// What an instance is. Only its definition changes, when it is migrated.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Header {
    /// Its key, and that of its root scope.
    #[n(0)]
    pub instance: InstanceKey,
    /// What it is a run of.
    #[n(1)]
    pub definition: DefinitionKey,
    /// The definition's id.
    #[n(2)]
    pub process_id: Text,
    /// The definition's version.
    #[n(3)]
    pub version: i32,
    /// The caller's own name for it.
    #[n(4)]
    pub business_id: Option<Text>,
    /// Labels.
    #[n(5)]
    pub tags: Vec<Text>,
    /// The message that started it.
    #[n(6)]
    pub message: Option<CorrelationSource>,
    /// When it began, milliseconds since 1970.
    #[n(7)]
    pub started_ms: i64,
    /// The call activity that started it.
    #[n(8)]
    pub parent: Option<Parent>,
    /// How many instances are above it in the chain of calls.
    #[n(9)]
    pub depth: Option<u32>,
    /// The completed instance that it compensates.
    #[n(10)]
    pub undoes: Option<InstanceKey>,
}

/// How an instance stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum Status {
    /// Lives.
    #[n(0)]
    Active,
    /// Ended in the normal way.
    #[n(1)]
    Completed,
    /// Was cancelled.
    #[n(2)]
    Terminated,
}

/// One live activation of an element. Scopes (the root, sub-processes) have children and tokens.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct ElementInstance {
    /// Position in the definition's element table.
    #[n(0)]
    pub element: u32,
    /// The scope it is in; its own key for the root.
    #[n(1)]
    pub scope: ElementKey,
    /// Variables of its own.
    #[n(2)]
    pub variables: Variables,
    /// Live element instances directly in it.
    #[n(3)]
    pub children: u32,
    /// Tokens that wait before joins in it: flow to number.
    #[n(4)]
    pub tokens: BTreeMap<u32, u32>,
    /// When it was entered, milliseconds since 1970.
    #[n(5)]
    pub entered_ms: i64,
    /// How its loop stands, if it is an activity that repeats.
    #[n(10)]
    pub repeat: Option<Box<Loop>>,
    /// Which turn of the loop around it this is, from 1.
    #[n(11)]
    pub turn: Option<u32>,
    /// The compensation that it is a part of: who asked for it.
    #[n(20)]
    pub compensates: Option<ElementKey>,
    /// Complex gateways in it that went on and wait for what still comes: on which flows they had
    /// a token.
    #[cbor(n(21), skip_if = "BTreeMap::is_empty")]
    pub resets: BTreeMap<u32, Vec<u32>>,
    /// How it stands, if it is an ad-hoc sub-process: as long as it is not done it waits for
    /// somebody to activate its elements.
    #[n(22)]
    pub ad_hoc: Option<AdHoc>,
    /// The instance that it has called, if that has completed and can be compensated, or is.
    #[n(29)]
    pub called: Option<InstanceKey>,
    /// What is about to happen to its user task, while listeners are called.
    #[n(23)]
    pub transition: Option<Box<TaskTransition>>,
    /// Its token has gone on: nothing waits for its work but the scope's end.
    #[n(24)]
    pub detached: Option<bool>,
    /// What begins in the ad-hoc sub-process, one after the other, when what is active is done.
    #[cbor(n(25), skip_if = "VecDeque::is_empty")]
    pub queued: VecDeque<Queued>,
}

/// An element of an ad-hoc sub-process that waits for its turn.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub struct Queued {
    /// Position in the definition's element table.
    #[n(0)]
    pub element: u32,
    /// Variables of its activation.
    #[n(1)]
    pub variables: Variables,
}

/// What a timer of a policy is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct PolicyTimer {
    /// What happens when it is due.
    #[n(0)]
    pub purpose: Purpose,
    /// The job whose attempt it bounds.
    #[n(1)]
    pub job: Option<JobKey>,
    /// How far the lease of that attempt can be extended, milliseconds since 1970.
    #[n(2)]
    pub latest_ms: Option<i64>,
}

/// An ad-hoc sub-process. The scopes of its activations are element instances directly in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct AdHoc {
    /// How many elements were activated.
    #[n(0)]
    pub activated: u32,
    /// Nothing is activated any more.
    #[n(1)]
    pub done: bool,
}

/// The loop of an activity. Its turns are the element instances directly in it.
#[derive(Clone, PartialEq, Debug, Default, Encode, Decode)]
pub struct Loop {
    /// How many turns there will be, if that is known.
    #[n(0)]
    pub total: Option<u32>,
    /// Turns that were begun.
    #[n(1)]
    pub started: u32,
    /// Turns that came to their end.
    #[n(2)]
    pub completed: u32,
    /// Turns that were ended before.
    #[n(3)]
    pub terminated: u32,
    /// What the turns that were not begun are for, in order.
    #[n(4)]
    pub items: VecDeque<Json>,
    /// What turns gave, by turn.
    #[n(5)]
    pub outputs: BTreeMap<u32, Json>,
}

/// A live job.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Job {
    /// Whose work it is.
    #[n(0)]
    pub owner: ElementKey,
    /// Its type.
    #[n(1)]
    pub job_type: Text,
    /// Attempts left.
    #[n(2)]
    pub retries: i32,
    /// As [`base::JobRow::available_ms`].
    #[n(3)]
    pub available_ms: i64,
    /// How it stands.
    #[n(4)]
    pub state: JobState,
    /// Who has or had it.
    #[n(5)]
    pub worker: Text,
    /// Why the last attempt failed.
    #[n(6)]
    pub error_message: Text,
    /// Code of an error that nothing caught.
    #[n(7)]
    pub error_code: Text,
    /// What makes it other than the plain work of its owner.
    #[n(8)]
    pub extra: Option<Box<JobExtra>>,
}

impl Job {
    /// What it is to its owner.
    pub fn role(&self) -> JobRole {
        self.extra.as_ref().map_or(JobRole::Work, |extra| extra.role())
    }

    /// The listener that it is.
    pub fn listener(&self) -> Option<Listener> {
        self.extra.as_ref().and_then(|extra| extra.listener)
    }
}

/// A live timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Timer {
    /// Who waits.
    #[n(0)]
    pub owner: ElementKey,
    /// What it triggers.
    #[n(1)]
    pub target: u32,
    /// When, milliseconds since 1970.
    #[n(2)]
    pub due_ms: i64,
    /// What remains after this one; -1 is for ever.
    #[n(3)]
    pub repeats: i32,
}

/// A live subscription.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Subscription {
    /// Who waits.
    #[n(0)]
    pub owner: ElementKey,
    /// What it triggers.
    #[n(1)]
    pub target: u32,
    /// Message name.
    #[n(2)]
    pub name: Text,
    /// Correlation key.
    #[n(3)]
    pub correlation_key: Text,
    /// The first message closes it.
    #[n(4)]
    pub once: bool,
}

/// A condition that is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Condition {
    /// Who waits: the condition sees the variables that it sees.
    #[n(0)]
    pub owner: ElementKey,
    /// What it triggers.
    #[n(1)]
    pub target: u32,
    /// Which of the target's definitions it is, from 0.
    #[n(2)]
    pub part: u32,
    /// The first time that it holds closes it.
    #[n(3)]
    pub once: bool,
}

/// A live user task.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct UserTask {
    /// Whose work it is.
    #[n(0)]
    pub owner: ElementKey,
    /// Who, when, how urgent.
    #[n(1)]
    pub details: UserTaskDetails,
    /// When it came up, milliseconds since 1970.
    #[n(2)]
    pub created_ms: i64,
}

/// An open incident.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct Incident {
    /// Where.
    #[n(0)]
    pub owner: ElementKey,
    /// The job that is its cause.
    #[n(1)]
    pub job: Option<JobKey>,
    /// Kind.
    #[n(2)]
    pub kind: IncidentKind,
    /// What is done again on resolution.
    #[n(3)]
    pub stage: Stage,
    /// What, where and what to do.
    #[n(4)]
    pub message: Text,
    /// When, milliseconds since 1970.
    #[n(5)]
    pub created_ms: i64,
}

impl Instance {
    /// What it is, and a run of what.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// Its key.
    pub fn key(&self) -> InstanceKey {
        self.header.instance
    }
    /// How it stands.
    pub fn status(&self) -> Status {
        self.status
    }
    /// Live element instances by key; the root scope is one of them while the instance lives.
    pub fn elements(&self) -> &BTreeMap<ElementKey, ElementInstance> {
        &self.elements
    }
    /// One live element instance.
    pub fn element(&self, key: ElementKey) -> Option<&ElementInstance> {
        self.elements.get(&key)
    }
    /// Live jobs.
    pub fn jobs(&self) -> &BTreeMap<JobKey, Job> {
        &self.jobs
    }
    /// Live timers.
    pub fn timers(&self) -> &BTreeMap<TimerKey, Timer> {
        &self.timers
    }
    /// What timers of policies are for; they are live timers, too.
    pub fn policy_timers(&self) -> &BTreeMap<TimerKey, PolicyTimer> {
        &self.policy_timers
    }
    /// Live subscriptions.
    pub fn subscriptions(&self) -> &BTreeMap<SubscriptionKey, Subscription> {
        &self.subscriptions
    }
    /// Conditions that are waited for.
    pub fn conditions(&self) -> &BTreeMap<ConditionKey, Condition> {
        &self.conditions
    }
    /// How many ad-hoc sub-processes wait for somebody to activate their elements.
    pub fn open_ad_hocs(&self) -> usize {
        let open = |element: &&ElementInstance| element.ad_hoc.is_some_and(|it| !it.done);
        self.elements.values().filter(open).count()
    }
    /// Live user tasks.
    pub fn user_tasks(&self) -> &BTreeMap<UserTaskKey, UserTask> {
        &self.user_tasks
    }
    /// Open incidents.
    pub fn incidents(&self) -> &BTreeMap<IncidentKey, Incident> {
        &self.incidents
    }
    /// Live call activities, and the instances that they have started.
    pub fn calls(&self) -> &BTreeMap<ElementKey, InstanceKey> {
        &self.calls
    }
    /// The instance at the beginning of the chain of calls: itself if nobody has called it.
    pub fn root_instance(&self) -> InstanceKey {
        self.header.parent.map_or(self.header.instance, |parent| parent.root)
    }
    /// What remains to be done when an incident about too many steps is resolved, the next first.
    pub fn kept_steps(&self) -> &[KeptStep] {
        &self.kept_steps
    }
    /// When it ended, milliseconds since 1970.
    pub fn ended_ms(&self) -> Option<i64> {
        self.ended_ms
    }

    /// The snapshot of the state.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut ctx = self.key();
        minicbor::to_vec_with(self, &mut ctx).unwrap_or_default()
    }

    /// Reads a snapshot back.
    pub fn from_bytes(bytes: &[u8], instance: InstanceKey) -> Result<Self, String> {
        let mut ctx = instance;
        let mut state: Self =
            minicbor::decode_with(bytes, &mut ctx).map_err(|error| error.to_string())?;
        state.index_owned();
        state.index_held();
        Ok(state)
    }
}

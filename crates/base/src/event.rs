//! Events: facts that were decided about one instance. Never changed, never re-decided.
//!
//! Every variant and field has a number that is never reused and never changes its meaning; a new
//! meaning is a new variant. Fields that come later are `Option`s. `golden` tests hold the bytes.
//! Elements and flows are named by their position in the definition's element table
//! ([`crate::DefinitionRow::elements`]), which is stored with the definition, so that a later
//! parser cannot renumber them.

use minicbor::{Decode, Encode};

use crate::{
    Cancellation, ConditionKey, ElementKey, Evaluation, HeldInput, IncidentKey, IncidentKind,
    InstanceCreated, InstanceKey, InstanceMigrated, JobExtra, JobKey, Json, KeptStep, Key, KeyBase,
    MessageKey, Purpose, Stage, SubscriptionKey, TaskTransition, Text, TimerKey, UserTaskDetails,
    UserTaskKey, Variables,
};

/// A fact about one instance.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and values named by their types; the variant says what they mean"
)]
pub enum Event {
    /// The first event of every instance. Its root scope is entered by the same fact.
    #[n(0)]
    InstanceCreated(#[n(0)] Box<InstanceCreated>),
    /// An element was activated; its input mappings come next.
    #[n(1)]
    ElementEntered {
        #[n(0)]
        key: ElementKey,
        #[n(1)]
        element: u32,
        #[n(2)]
        scope: ElementKey,
        /// The flow by which the token came, if any.
        #[n(3)]
        via: Option<u32>,
    },
    /// An element that waits for nothing was entered and left in one go.
    #[n(2)]
    ElementPassed {
        #[n(0)]
        key: ElementKey,
        #[n(1)]
        element: u32,
        #[n(2)]
        scope: ElementKey,
        #[n(3)]
        via: Option<u32>,
    },
    /// An element was left in the normal way.
    #[n(3)]
    ElementCompleted {
        #[n(0)]
        key: ElementKey,
    },
    /// An element was ended before it was done.
    #[n(4)]
    ElementTerminated {
        #[n(0)]
        key: ElementKey,
    },
    /// A token waits before a joining gateway for the others.
    #[n(5)]
    TokenParked {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        flow: u32,
    },
    /// One token of each of these flows was joined (or dropped with its scope).
    #[n(6)]
    TokensJoined {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        flows: Vec<u32>,
    },
    /// These variables were set in this scope, beside those that it has.
    #[n(7)]
    VariablesSet {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        variables: Variables,
    },
    /// Work for a worker came up. It is available now unless the next event leases it.
    #[n(8)]
    JobCreated {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        job_type: Text,
        #[n(3)]
        retries: i32,
        /// What makes it other than the plain work of its owner.
        #[n(4)]
        extra: Option<Box<JobExtra>>,
    },
    /// A worker has the job until the time says otherwise. Said again when the lease is extended.
    #[n(9)]
    JobLeased {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        worker: Text,
        #[n(2)]
        until_ms: i64,
    },
    /// The work is done.
    #[n(10)]
    JobCompleted {
        #[n(0)]
        job: JobKey,
    },
    /// An attempt failed; `retries` are left, the next not before `available_ms`.
    #[n(11)]
    JobFailed {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        retries: i32,
        #[n(2)]
        available_ms: i64,
        #[n(3)]
        message: Text,
    },
    /// The worker reported an error of the business, which the model may catch.
    #[n(12)]
    JobErrorThrown {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        code: Text,
        #[n(2)]
        message: Text,
    },
    /// Somebody set the number of attempts that are left.
    #[n(13)]
    JobRetriesSet {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        retries: i32,
    },
    /// The work is no longer wanted.
    #[n(14)]
    JobCanceled {
        #[n(0)]
        job: JobKey,
    },
    /// A timer runs for `owner`; when due, `target` is triggered (the owner itself, or a boundary
    /// or event behind a gateway). `repeats` counts what remains after this one, -1 is for ever.
    #[n(15)]
    TimerSet {
        #[n(0)]
        timer: TimerKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        target: u32,
        #[n(3)]
        due_ms: i64,
        #[n(4)]
        repeats: i32,
    },
    /// The time has come.
    #[n(16)]
    TimerFired {
        #[n(0)]
        timer: TimerKey,
    },
    /// Nobody waits for this timer any more.
    #[n(17)]
    TimerCanceled {
        #[n(0)]
        timer: TimerKey,
    },
    /// `owner` waits for a message; `target` is triggered by it. With `once`, the first closes it.
    #[n(18)]
    SubscriptionOpened {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        target: u32,
        #[n(3)]
        name: Text,
        #[n(4)]
        correlation_key: Text,
        #[n(5)]
        once: bool,
    },
    /// A message reached the instance.
    #[n(19)]
    SubscriptionCorrelated {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        message: MessageKey,
    },
    /// Nobody waits for this message any more.
    #[n(20)]
    SubscriptionClosed {
        #[n(0)]
        subscription: SubscriptionKey,
    },
    /// Work for a person came up.
    #[n(21)]
    UserTaskCreated {
        #[n(0)]
        task: UserTaskKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        details: Box<UserTaskDetails>,
    },
    /// The task's details are these now (assigned, unassigned, updated).
    #[n(22)]
    UserTaskUpdated {
        #[n(0)]
        task: UserTaskKey,
        #[n(1)]
        details: Box<UserTaskDetails>,
        /// What the caller said it was: `assign`, `claim`, `unassign`, `update`, ...
        #[n(3)]
        action: Text,
    },
    /// The person is done.
    #[n(23)]
    UserTaskCompleted {
        #[n(0)]
        task: UserTaskKey,
        #[n(1)]
        action: Text,
    },
    /// The task is no longer wanted.
    #[n(24)]
    UserTaskCanceled {
        #[n(0)]
        task: UserTaskKey,
    },
    /// The instance cannot go on at `owner` until somebody acts.
    #[n(25)]
    IncidentRaised {
        #[n(0)]
        incident: IncidentKey,
        #[n(1)]
        owner: ElementKey,
        /// The job that ran out of attempts, if that is the cause.
        #[n(2)]
        job: Option<JobKey>,
        #[n(3)]
        kind: IncidentKind,
        #[n(4)]
        stage: Stage,
        #[n(5)]
        message: Text,
    },
    /// Somebody acted, or what was stuck ended.
    #[n(26)]
    IncidentResolved {
        #[n(0)]
        incident: IncidentKey,
    },
    /// Somebody ends the instance; it is terminated when listeners to what is cancelled are done.
    #[n(77)]
    InstanceCanceling,
    /// Somebody is to hear of what was ended, or nobody.
    #[n(78)]
    Cancellation(#[n(0)] Cancellation),
    /// Everything in the root scope is done.
    #[n(27)]
    InstanceCompleted,
    /// Somebody ended the instance before it was done.
    #[n(28)]
    InstanceTerminated,
    /// The instance needed more keys: `count` of them from `first`.
    #[n(29)]
    KeysReserved {
        #[n(0)]
        first: Key,
        #[n(1)]
        count: u64,
    },
    /// A message with no open subscription for it any more was sent back to be correlated again.
    #[n(30)]
    CorrelationRefused {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        message: MessageKey,
    },
    /// A decision was evaluated for `owner`, perhaps in vain: events that follow say what it gave.
    #[n(31)]
    DecisionEvaluated {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        evaluation: Box<Evaluation>,
    },
    /// The activity `owner` has a loop marker and repeats: what is entered in it as the same element
    /// is its turns, numbered from 1. `total` turns if that is known; `items` are what they are for.
    #[n(40)]
    LoopEntered {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        total: Option<u32>,
        #[n(2)]
        items: Option<Vec<Json>>,
    },
    /// What a turn gave to the loop of `owner`. A turn that gave nothing gives null.
    #[n(41)]
    LoopOutput {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        turn: u32,
        #[n(2)]
        output: Json,
    },
    /// A call activity has started this instance and waits for its end.
    #[n(45)]
    InstanceCalled {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
    },
    /// The called instance has completed: its result is here.
    #[n(46)]
    InstanceReturned {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
        /// Something that completed in it can be compensated.
        #[n(2)]
        undoable: Option<bool>,
    },
    /// The called instance is no longer wanted.
    #[n(47)]
    CallCanceled {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
    },
    /// What completes next can be compensated: its variables stay known, and what completed in it.
    #[n(50)]
    CompletionRemembered {
        #[n(0)]
        key: ElementKey,
    },
    /// `by` compensates these completed activities, the last first.
    #[n(51)]
    CompensationTriggered {
        #[n(0)]
        by: ElementKey,
        #[n(1)]
        activities: Vec<ElementKey>,
    },
    /// `key`, which was entered just now, compensates a completed activity, for `by`. Nothing else
    /// ever will.
    #[n(52)]
    CompensationStarted {
        #[n(0)]
        key: ElementKey,
        #[n(1)]
        activity: ElementKey,
        #[n(2)]
        by: ElementKey,
    },
    /// Somebody changed the course: these elements begin now, these element instances end.
    #[n(80)]
    InstanceModified {
        #[n(0)]
        activated: Vec<u32>,
        #[n(1)]
        terminated: Vec<ElementKey>,
    },
    /// The instance goes on by another definition: what lives has its numbers from now on.
    #[n(81)]
    InstanceMigrated(#[n(0)] Box<InstanceMigrated>),
    /// In the instance that this one undoes, `activity` had completed in `scope`: the root of this one,
    /// or an activity that had completed, too.
    #[n(53)]
    CompensationInherited {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        activity: ElementKey,
        #[n(2)]
        element: u32,
        #[n(3)]
        variables: Variables,
        #[n(4)]
        called: Option<InstanceKey>,
    },
    /// Nothing goes on in the instance until it is resumed. The text is why.
    #[n(90)]
    InstanceSuspended(#[n(0)] Text),
    /// It goes on: first what is held, in order.
    #[n(91)]
    InstanceResumed,
    /// This came while the instance was suspended, or while earlier ones were held.
    #[n(92)]
    InputHeld(#[n(0)] Box<HeldInput>),
    /// The first that was held is done now: what follows is its effect.
    #[n(93)]
    HeldInputTaken,
    /// A timer runs for the policy of `owner`. Of an attempt: for `job`, whose lease can be extended no
    /// further than `latest_ms`.
    #[n(70)]
    PolicyTimerSet {
        #[n(0)]
        timer: TimerKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        purpose: Purpose,
        #[n(3)]
        due_ms: i64,
        #[n(4)]
        job: Option<JobKey>,
        #[n(5)]
        latest_ms: Option<i64>,
    },
    /// The time by which the step should have been done has passed.
    #[n(71)]
    StepOverdue {
        #[n(0)]
        owner: ElementKey,
    },
    /// It is time to remind somebody of the step.
    #[n(72)]
    StepReminded {
        #[n(0)]
        owner: ElementKey,
    },
    /// The step takes longer than its model expects.
    #[n(76)]
    StepSlow {
        #[n(0)]
        owner: ElementKey,
    },
    /// The token of this element goes on, its work stays: nothing waits for it but the scope's end.
    #[n(73)]
    ElementDetached {
        #[n(0)]
        key: ElementKey,
    },
    /// `owner` waits until a condition holds; `target` is triggered then. `part` says which of the
    /// target's definitions it is, from 0. With `once`, the first time closes it.
    #[n(60)]
    ConditionOpened {
        #[n(0)]
        condition: ConditionKey,
        #[n(1)]
        owner: ElementKey,
        #[n(2)]
        target: u32,
        #[n(3)]
        part: u32,
        #[n(4)]
        once: bool,
    },
    /// The condition held when somebody looked.
    #[n(61)]
    ConditionMet {
        #[n(0)]
        condition: ConditionKey,
    },
    /// Nobody waits for this condition any more.
    #[n(62)]
    ConditionClosed {
        #[n(0)]
        condition: ConditionKey,
    },
    /// Too many steps were taken for one input: these remain, the next first.
    #[n(94)]
    StepsKept(#[n(0)] Vec<KeptStep>),
    /// They are done now.
    #[n(95)]
    KeptStepsTaken,
    /// Those that would begin something in this scope are no longer wanted.
    #[n(96)]
    KeptStepsDropped(#[n(0)] ElementKey),
    /// Listeners are called before this happens to the user task of `owner`; said again when one of them
    /// corrects it. With `Canceling`, the owner has ended for all but them and goes to the root scope.
    #[n(74)]
    UserTaskTransition {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        transition: Box<TaskTransition>,
    },
    /// A listener has denied it: the user task is as it was before.
    #[n(75)]
    UserTaskDenied {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        task: UserTaskKey,
        #[n(2)]
        reason: Text,
    },
    /// A complex gateway went on with the tokens of these flows. Before it can go on again it takes
    /// what still comes on the others.
    #[n(63)]
    ResetAwaited {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        gateway: u32,
        #[n(2)]
        flows: Vec<u32>,
    },
    /// It begins again.
    #[n(64)]
    ResetReached {
        #[n(0)]
        scope: ElementKey,
        #[n(1)]
        gateway: u32,
    },
    /// The elements of an ad-hoc sub-process can be activated. What is entered in it as the same
    /// element is the scope of one activation.
    #[n(65)]
    AdHocEntered {
        #[n(0)]
        owner: ElementKey,
    },
    /// Nothing is activated in it any more, also nothing that waits; it ends when nothing lives in it.
    #[n(66)]
    AdHocDone {
        #[n(0)]
        owner: ElementKey,
    },
    /// This element of an ad-hoc sub-process begins when what was activated before is done.
    #[n(67)]
    ActivationQueued {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        element: u32,
        #[n(2)]
        variables: Variables,
    },
    /// The first that waits so begins now.
    #[n(68)]
    ActivationTaken {
        #[n(0)]
        owner: ElementKey,
    },
    /// None that waits so begins any more.
    #[n(69)]
    ActivationsDropped {
        #[n(0)]
        owner: ElementKey,
    },
}

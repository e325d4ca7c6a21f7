//! Commands: what reaches a shard from outside, and what the caller is told.

use crate::{
    ActivateElement, AdHocResult, DecisionGraphRow, DecisionKey, DefinitionKey, ElementKey,
    Evaluation, IncidentKey, InstanceKey, JobKey, JobRole, Key, ListenedTask, ListenerResult,
    MessageKey, MigrateInstance, MigrationReport, ModifyInstance, Rejection, Text, UserTaskKey,
    Variables,
};

/// An input from outside. The host has routed it to the right shard.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Start an instance.
    Create(CreateInstance),
    /// End some elements of an instance and begin others.
    Modify(ModifyInstance),
    /// Run an instance by another definition from now on.
    Migrate(MigrateInstance),
    /// End an instance before it is done.
    Cancel {
        /// Which.
        instance: InstanceKey,
    },
    /// Let nothing go on in an instance, and in what it has called.
    Suspend {
        /// Which.
        instance: InstanceKey,
        /// Why, for people.
        reason: Text,
    },
    /// Let it go on.
    Resume {
        /// Which.
        instance: InstanceKey,
    },
    /// Start nothing more of a definition, or evaluate nothing more of a decision requirements graph.
    DeleteResource {
        /// Key of either.
        resource: Key,
    },
    /// Let nothing be left of an instance that has ended, and of what it has called.
    DeleteInstance {
        /// Which.
        instance: InstanceKey,
    },
    /// Lease available jobs of a type. Answered at once, with none if there are none.
    ActivateJobs(ActivateJobs),
    /// The work is done.
    CompleteJob {
        /// Which.
        job: JobKey,
        /// What it resulted in.
        variables: Variables,
    },
    /// A listener of a user task is done, and has something to say about it.
    AnswerListener {
        /// Which.
        job: JobKey,
        /// What it says.
        result: Box<ListenerResult>,
    },
    /// The job of an ad-hoc sub-process is done, and says how that goes on.
    AnswerAdHoc {
        /// Which.
        job: JobKey,
        /// Variables of the ad-hoc sub-process.
        variables: Variables,
        /// What it says.
        result: Box<AdHocResult>,
    },
    /// An attempt failed.
    FailJob(FailJob),
    /// The worker reports an error of the business.
    ThrowError(ThrowError),
    /// Change retries, lease, or both.
    UpdateJob {
        /// Which.
        job: JobKey,
        /// Attempts left, 1 or more.
        retries: Option<i32>,
        /// New lease from now, in milliseconds.
        timeout_ms: Option<i64>,
    },
    /// Publish a message.
    Publish(PublishMessage),
    /// Broadcast a signal to everybody who waits for it, and start what it starts.
    Broadcast {
        /// Its name.
        signal: Text,
        /// Handed to each receiver.
        variables: Variables,
    },
    /// Try again where an incident stopped.
    ResolveIncident {
        /// Which.
        incident: IncidentKey,
    },
    /// Set variables of a scope.
    SetVariables {
        /// An instance's or element instance's key.
        scope: ElementKey,
        /// The values.
        variables: Variables,
        /// Keep them in this scope even if an outer one has the name.
        local: bool,
    },
    /// Evaluate a decision outside of any instance. Nothing is kept of it.
    Evaluate(EvaluateDecision),
    /// Evaluate the conditions of start events, and start an instance for each that holds.
    EvaluateConditions {
        /// Of this definition; unless said, of the latest version of every process.
        definition: Option<DefinitionKey>,
        /// What conditions see, and what instances start with.
        variables: Variables,
    },
    /// Activate elements of an ad-hoc sub-process.
    ActivateElements {
        /// The ad-hoc sub-process.
        owner: ElementKey,
        /// Elements in it.
        elements: Vec<ActivateElement>,
        /// End what is active in it first.
        cancel_remaining: bool,
    },
    /// Change who does a task or its details.
    UpdateTask {
        /// Which.
        task: UserTaskKey,
        /// What changes.
        patch: TaskPatch,
    },
    /// A person is done.
    CompleteTask {
        /// Which.
        task: UserTaskKey,
        /// What it resulted in.
        variables: Variables,
        /// What the caller calls it; `complete` unless said.
        action: Text,
    },
}

/// Which definition to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DefinitionRef {
    /// This very version.
    Key(DefinitionKey),
    /// By id; the latest version unless one is named.
    Id {
        /// `bpmnProcessId`.
        id: Text,
        /// From 1.
        version: Option<i32>,
    },
}

/// Which decision to evaluate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecisionRef {
    /// This very version.
    Key(DecisionKey),
    /// The latest version of this id.
    Id(Text),
}

/// Evaluate a decision.
#[derive(Clone, PartialEq, Debug)]
pub struct EvaluateDecision {
    /// Which.
    pub decision: DecisionRef,
    /// What it sees.
    pub variables: Variables,
}

/// Start an instance.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateInstance {
    /// Of what.
    pub definition: DefinitionRef,
    /// Into its root scope.
    pub variables: Variables,
    /// Ids of the elements at which it begins; its none start event if there are none.
    pub start_at: Vec<Text>,
    /// Ids of elements: the instance is ended when the first of them has completed or was terminated.
    pub end_after: Vec<Text>,
    /// The caller's own name for it.
    pub business_id: Option<Text>,
    /// Refuse when an active instance of the same process has this business id.
    pub business_id_unique: bool,
    /// Labels.
    pub tags: Vec<Text>,
    /// Answer when the instance has ended, with these variables (all if empty).
    pub await_result: Option<Vec<Text>>,
}

/// Lease jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct ActivateJobs {
    /// Type of the jobs.
    pub job_type: Text,
    /// Who asks.
    pub worker: Text,
    /// Length of the lease, above 0.
    pub timeout_ms: i64,
    /// At most so many.
    pub jobs_max: u32,
    /// Only these variables; all if empty.
    pub fetch_variables: Vec<Text>,
}

/// An attempt failed.
#[derive(Clone, PartialEq, Debug)]
pub struct FailJob {
    /// Which.
    pub job: JobKey,
    /// Attempts left, 0 raises an incident.
    pub retries: i32,
    /// Why.
    pub message: Text,
    /// Not again before so many milliseconds.
    pub backoff_ms: i64,
    /// Set in the task's own scope.
    pub variables: Variables,
}

/// An error of the business.
#[derive(Clone, PartialEq, Debug)]
pub struct ThrowError {
    /// Which job reports it.
    pub job: JobKey,
    /// Code that boundary events name.
    pub code: Text,
    /// For people.
    pub message: Text,
    /// Set where the error is caught.
    pub variables: Variables,
}

/// Publish a message.
#[derive(Clone, PartialEq, Debug)]
pub struct PublishMessage {
    /// Name as in the model.
    pub name: Text,
    /// Which instance; empty for start events.
    pub correlation_key: Text,
    /// How long it waits for somebody, in milliseconds; 0 is now or never.
    pub time_to_live_ms: i64,
    /// Publishing again with the same id creates nothing.
    pub message_id: Text,
    /// Handed to the receiver.
    pub variables: Variables,
    /// Answer with the instance that took it, and refuse if none did.
    pub await_correlation: bool,
}

/// What changes at a user task; `None` leaves as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TaskPatch {
    /// New assignee; `Some(None)` unassigns.
    pub assignee: Option<Option<Text>>,
    /// Take it from somebody who has it already.
    pub allow_override: bool,
    /// New groups.
    pub candidate_groups: Option<Vec<Text>>,
    /// New people.
    pub candidate_users: Option<Vec<Text>>,
    /// New due date.
    pub due_ms: Option<Option<i64>>,
    /// New follow-up date.
    pub follow_up_ms: Option<Option<i64>>,
    /// New priority, 0 to 100.
    pub priority: Option<i32>,
    /// What the caller calls it.
    pub action: Text,
}

/// What the caller is told when the command was accepted and is durable.
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// It was done.
    Done,
    /// An instance was started.
    Created(CreatedInstance),
    /// The instance that was waited for has ended.
    Ended(InstanceResult),
    /// Leased jobs. `more` when there are more of the type.
    Jobs {
        /// The leased ones.
        jobs: Vec<ActivatedJob>,
    },
    /// A message was accepted.
    Published {
        /// Its key.
        message: MessageKey,
        /// The instance that took it, when one did at once and was asked for.
        instance: Option<InstanceKey>,
    },
    /// A signal was broadcast.
    Broadcast {
        /// Its key.
        signal: MessageKey,
    },
    /// Definitions were deployed.
    Deployed {
        /// Key of the deployment.
        deployment: DefinitionKey,
        /// In the order of the resources.
        definitions: Vec<DeployedDefinition>,
        /// In the order of the resources, without the files.
        graphs: Vec<DecisionGraphRow>,
    },
    /// Conditions of start events were evaluated.
    Conditions {
        /// Key of this evaluation.
        evaluation: Key,
        /// What was started; none if no condition holds.
        started: Vec<CreatedInstance>,
    },
    /// A decision was evaluated, perhaps in vain.
    Evaluated(Box<Evaluation>),
    /// An instance was migrated, or would have been.
    Migrated(Box<MigrationReport>),
}

/// How a command ended.
pub type Outcome = Result<Reply, Rejection>;

/// A started instance.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatedInstance {
    /// The new instance.
    pub instance: InstanceKey,
    /// Its definition.
    pub definition: DefinitionKey,
    /// Id of the definition.
    pub process_id: Text,
    /// Version of the definition.
    pub version: i32,
    /// Business id, if one was given.
    pub business_id: Option<Text>,
    /// Labels.
    pub tags: Vec<Text>,
}

/// An ended instance.
#[derive(Clone, PartialEq, Debug)]
pub struct InstanceResult {
    /// Which.
    pub created: CreatedInstance,
    /// Variables of its root scope.
    pub variables: Variables,
}

/// A job as a worker gets it.
#[derive(Clone, PartialEq, Debug)]
pub struct ActivatedJob {
    /// Which.
    pub job: JobKey,
    /// Its type.
    pub job_type: Text,
    /// Its instance.
    pub instance: InstanceKey,
    /// The instance's definition.
    pub definition: DefinitionKey,
    /// Id of the definition.
    pub process_id: Text,
    /// Version of the definition.
    pub version: i32,
    /// The element in the model.
    pub element_id: Text,
    /// The activation of it.
    pub element: ElementKey,
    /// Task headers of the model as a JSON object, with the idempotency key.
    pub headers: Text,
    /// Who has it.
    pub worker: Text,
    /// Attempts left.
    pub retries: i32,
    /// End of the lease, milliseconds since 1970.
    pub deadline_ms: i64,
    /// The visible variables as a JSON object.
    pub variables: Text,
    /// Labels of the instance.
    pub tags: Vec<Text>,
    /// The business id of its instance.
    pub business_id: Option<Text>,
    /// The instance at the beginning of the chain of calls that its instance is in: itself if
    /// nobody has called it.
    pub root: InstanceKey,
    /// For a listener of a user task: what is about to happen to it.
    pub user_task: Option<Box<ListenedTask>>,
    /// What it is to its element.
    pub role: JobRole,
}

/// A deployed definition.
#[derive(Clone, PartialEq, Debug)]
pub struct DeployedDefinition {
    /// Its key; the earlier one's when nothing had changed.
    pub key: DefinitionKey,
    /// Its id.
    pub id: Text,
    /// Its version, from 1.
    pub version: i32,
    /// The resource that it came in.
    pub resource_name: Text,
}

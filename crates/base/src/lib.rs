//! The vocabulary that every room shares: keys, JSON values, limits, commands, events, rejections,
//! and the batch that passes between `engine` and `store`.
//!
//! Absent: behaviour. Nothing here decides, folds, reads a clock or touches a disk.

mod ad_hoc;
mod batch;
mod cancellation;
mod change;
mod command;
mod created;
mod evaluation;
mod event;
mod finding;
mod held;
mod incident;
mod json;
mod kept;
mod key;
pub mod limits;
mod listener;
mod mail;
mod purpose;
mod record;
mod rejection;
mod rows;
pub mod signal;
mod task;
mod text;
pub mod xml;

pub use ad_hoc::{ActivateElement, AdHocResult};
pub use batch::{Batch, Op};
pub use cancellation::Cancellation;
pub use change::{
    Activation, ElementMapping, InstanceMigrated, MigrateInstance, MigrationReport, ModifyInstance,
    Move, MoveWithin, ScopedVariables, Selection, Within,
};
pub use command::{
    ActivateJobs, ActivatedJob, Command, CreateInstance, CreatedInstance, DecisionRef,
    DefinitionRef, DeployedDefinition, EvaluateDecision, FailJob, InstanceResult, Outcome,
    PublishMessage, Reply, TaskPatch, ThrowError,
};
pub use created::{CorrelationSource, InstanceCreated, Parent};
pub use evaluation::{
    EvaluatedDecision, EvaluatedValue, Evaluation, EvaluationFailure, MatchedRule,
};
pub use event::Event;
pub use finding::{Finding, Severity};
pub use held::HeldInput;
pub use incident::{IncidentKind, Stage};
pub use json::{Json, JsonError, Variables};
pub use kept::KeptStep;
pub use key::{
    ConditionKey, DecisionGraphKey, DecisionKey, DefinitionKey, ElementKey, EvaluationKey,
    IncidentKey, InstanceKey, JobKey, Key, KeyBase, KeyRange, MessageKey, ShardId, SubscriptionKey,
    TimerKey, UserTaskKey,
};
pub use listener::{JobExtra, JobRole, Listener, ListenerEvent};
pub use mail::Mail;
pub use purpose::Purpose;
pub use record::Record;
pub use rejection::{Rejection, RejectionKind};
pub use rows::{
    DecisionGraphRow, DecisionRow, DefinitionRow, DefinitionTimerRow, ImportedFile, IncidentRow,
    InstanceRow, InstanceState, JobRow, JobState, LogRow, MailRow, MessageRow, ShardRow,
    SnapshotRow, StartLockRow, SubscriptionRow, SuspendedRow, TimerRow, UserTaskRow,
};
pub use task::{ListenedTask, ListenerResult, TaskTransition, UserTaskDetails};
pub use text::Text;

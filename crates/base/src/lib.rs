//! The vocabulary that every room shares: keys, JSON values, limits, commands, events, rejections,
//! and the batch that passes between `engine` and `store`.
//!
//! Absent: behaviour. Nothing here decides, folds, reads a clock or touches a disk.

mod batch;
mod change;
mod command;
mod evaluation;
mod event;
mod finding;
mod incident;
mod json;
mod key;
pub mod limits;
mod mail;
mod rejection;
mod rows;
pub mod signal;
mod text;
pub mod xml;

pub use batch::{Batch, Op};
pub use change::{
    Activation, ElementMapping, InstanceMigrated, MigrateInstance, MigrationReport, ModifyInstance,
    Move, MoveWithin, ScopedVariables, Selection, Within,
};
pub use command::{
    ActivateJobs, ActivatedJob, Command, CreateInstance, CreatedInstance, DecisionRef,
    DefinitionRef, DeployedDefinition, EvaluateDecision, FailJob, InstanceResult, Outcome,
    PublishMessage, Reply, TaskPatch, ThrowError,
};
pub use evaluation::{
    EvaluatedDecision, EvaluatedValue, Evaluation, EvaluationFailure, MatchedRule,
};
pub use event::{CorrelationSource, Event, InstanceCreated, Parent, Record, UserTaskDetails};
pub use finding::{Finding, Severity};
pub use incident::{IncidentKind, Stage};
pub use json::{Json, JsonError, Variables};
pub use key::{
    DecisionGraphKey, DecisionKey, DefinitionKey, ElementKey, EvaluationKey, IncidentKey,
    InstanceKey, JobKey, Key, KeyBase, KeyRange, MessageKey, ShardId, SubscriptionKey, TimerKey,
    UserTaskKey,
};
pub use mail::Mail;
pub use rejection::{Rejection, RejectionKind};
pub use rows::{
    DecisionGraphRow, DecisionRow, DefinitionRow, DefinitionTimerRow, ImportedFile, IncidentRow,
    InstanceRow, InstanceState, JobRow, JobState, LogRow, MailRow, MessageRow, ShardRow,
    SnapshotRow, StartLockRow, SubscriptionRow, TimerRow, UserTaskRow,
};
pub use text::Text;

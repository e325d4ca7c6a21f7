//! Inputs that a suspended instance holds until it is resumed.

use minicbor::{Decode, Encode};

use crate::{
    ActivateElement, AdHocResult, ElementKey, InstanceKey, JobKey, Key, KeyBase, MessageKey,
    SubscriptionKey, Text, UserTaskDetails, UserTaskKey, Variables,
};

/// What reached a suspended instance and was accepted. Numbers as in [`crate::Event`].
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and values named by their types; the variant says what they mean"
)]
pub enum HeldInput {
    /// A worker has done the work.
    #[n(0)]
    JobCompleted {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        variables: Variables,
    },
    /// An attempt failed; the next not before so many milliseconds after it came.
    #[n(1)]
    JobFailed {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        retries: i32,
        #[n(2)]
        backoff_ms: i64,
        #[n(3)]
        message: Text,
        #[n(4)]
        variables: Variables,
    },
    /// A worker reported an error of the business.
    #[n(2)]
    ErrorThrown {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        code: Text,
        #[n(2)]
        message: Text,
        #[n(3)]
        variables: Variables,
    },
    /// A person is done.
    #[n(3)]
    TaskCompleted {
        #[n(0)]
        task: UserTaskKey,
        #[n(1)]
        action: Text,
        #[n(2)]
        variables: Variables,
    },
    /// A message, or a signal, for an open subscription.
    #[n(4)]
    Message {
        #[n(0)]
        subscription: SubscriptionKey,
        #[n(1)]
        message: MessageKey,
        #[n(2)]
        name: Text,
        #[n(3)]
        correlation_key: Text,
        #[n(4)]
        variables: Variables,
    },
    /// The job of an ad-hoc sub-process is done, and says how that goes on.
    #[n(5)]
    AdHocAnswered {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        variables: Variables,
        #[n(2)]
        result: AdHocResult,
    },
    /// Somebody activates elements of an ad-hoc sub-process.
    #[n(6)]
    ElementsActivated {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        elements: Vec<ActivateElement>,
        #[n(2)]
        cancel_remaining: bool,
    },
    /// A listener of a user task has denied what was about to happen, or says what the details will be.
    #[n(7)]
    ListenerAnswered {
        #[n(0)]
        job: JobKey,
        #[n(1)]
        denied: Option<Text>,
        #[n(2)]
        details: Box<UserTaskDetails>,
    },
    /// An instance whose call was cancelled has ended.
    #[n(8)]
    CalledEnded {
        #[n(0)]
        owner: ElementKey,
        #[n(1)]
        instance: InstanceKey,
    },
}

impl HeldInput {
    /// The job or user task that it answers: there is no second answer.
    pub fn answers(&self) -> Option<Key> {
        match self {
            Self::JobCompleted { job, .. }
            | Self::JobFailed { job, .. }
            | Self::AdHocAnswered { job, .. }
            | Self::ListenerAnswered { job, .. }
            | Self::ErrorThrown { job, .. } => Some(job.0),
            Self::TaskCompleted { task, .. } => Some(task.0),
            Self::Message { .. } | Self::ElementsActivated { .. } | Self::CalledEnded { .. } => {
                None
            }
        }
    }
}

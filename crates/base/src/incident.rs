//! Why an instance cannot go on, and what is done again when somebody has mended it.

use minicbor::{Decode, Encode};

use crate::{KeyBase, Text};

/// Why an instance cannot go on. Names as Camunda 8's API has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum IncidentKind {
    /// A job has no attempts left.
    #[n(0)]
    JobNoRetries,
    /// A condition is not true or false, or no flow can be taken.
    #[n(1)]
    ConditionError,
    /// An expression gave what its place cannot use.
    #[n(2)]
    ExtractValueError,
    /// An input or output mapping failed.
    #[n(3)]
    IoMappingError,
    /// An error that nothing catches.
    #[n(4)]
    UnhandledErrorEvent,
    /// The instance stepped too long without waiting.
    #[n(5)]
    StepLimit,
    /// Our own code failed on this instance; nothing of the failed input was kept.
    #[n(6)]
    Quarantined,
    /// Tokens wait before a join for others that can never come.
    #[n(7)]
    Deadlock,
    /// The decision that is called is not deployed.
    #[n(8)]
    CalledDecisionError,
    /// A decision was evaluated in vain.
    #[n(9)]
    DecisionEvaluationError,
    /// The process that is called is not deployed, or cannot be called.
    #[n(14)]
    CalledElementError,
    /// The job of an execution listener has no attempts left.
    #[n(25)]
    ExecutionListenerNoRetries,
    /// The job of a listener of a user task has no attempts left.
    #[n(26)]
    TaskListenerNoRetries,
    /// The job of an ad-hoc sub-process has no attempts left.
    #[n(27)]
    AdHocSubProcessNoRetries,
}

impl IncidentKind {
    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::JobNoRetries => "JOB_NO_RETRIES",
            Self::ConditionError => "CONDITION_ERROR",
            Self::ExtractValueError => "EXTRACT_VALUE_ERROR",
            Self::IoMappingError => "IO_MAPPING_ERROR",
            Self::UnhandledErrorEvent => "UNHANDLED_ERROR_EVENT",
            Self::StepLimit => "STEP_LIMIT",
            Self::Quarantined => "UNKNOWN",
            Self::Deadlock => "DEADLOCK",
            Self::CalledDecisionError => "CALLED_DECISION_ERROR",
            Self::DecisionEvaluationError => "DECISION_EVALUATION_ERROR",
            Self::CalledElementError => "CALLED_ELEMENT_ERROR",
            Self::ExecutionListenerNoRetries => "EXECUTION_LISTENER_NO_RETRIES",
            Self::TaskListenerNoRetries => "TASK_LISTENER_NO_RETRIES",
            Self::AdHocSubProcessNoRetries => "AD_HOC_SUB_PROCESS_NO_RETRIES",
        }
    }
}

/// What was being done when an incident stopped it, and is done again when it is resolved.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
#[expect(
    missing_docs,
    reason = "fields are keys and values named by their types; the variant says what they mean"
)]
pub enum Stage {
    /// The element was being entered: mappings, then its work is set up.
    #[n(0)]
    Entering,
    /// The element's work goes on; a job of it needs attention.
    #[n(1)]
    Working,
    /// The element was being left: mappings, then flows.
    #[n(2)]
    Leaving,
    /// An error was thrown here and nothing caught it.
    #[n(3)]
    Throwing {
        #[n(0)]
        code: Text,
        #[n(1)]
        message: Text,
    },
    /// The process was about to begin at this start event.
    #[n(4)]
    Starting {
        #[n(0)]
        start: u32,
    },
    /// What lives was about to wait for these boundary and start events; nothing else was held up.
    #[n(10)]
    Listening {
        #[n(0)]
        targets: Vec<u32>,
    },
    /// The element's start listeners are done: its work is set up. Also where its work was ended
    /// and is to be done anew.
    #[n(7)]
    Activating,
    /// The element's end listeners are done: its flows are taken.
    #[n(8)]
    Going,
    /// The process's start listeners are done: it begins at this start event.
    #[n(9)]
    Beginning {
        #[n(0)]
        start: u32,
    },
}

//! What jobs are to the elements that have them: their work, listeners of their life or of their user
//! tasks, or who says what is activated in an ad-hoc sub-process.

use minicbor::{Decode, Encode};

use crate::Text;

/// What a listener listens to. Names as Camunda 8's API has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum ListenerEvent {
    /// The element was entered and has read its inputs; its work has not begun.
    #[n(0)]
    Start,
    /// The element's work is done and its outputs are written; no flow was taken.
    #[n(1)]
    End,
    /// The user task comes up.
    #[n(2)]
    Creating,
    /// Somebody gets the user task.
    #[n(3)]
    Assigning,
    /// The user task's details change.
    #[n(4)]
    Updating,
    /// A person is done with the user task.
    #[n(5)]
    Completing,
    /// The user task was cancelled; its element does not end before the listeners are done.
    #[n(6)]
    Canceling,
}

impl ListenerEvent {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::End,
        Self::Creating,
        Self::Assigning,
        Self::Updating,
        Self::Completing,
        Self::Canceling,
    ];

    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::End => "END",
            Self::Creating => "CREATING",
            Self::Assigning => "ASSIGNING",
            Self::Updating => "UPDATING",
            Self::Completing => "COMPLETING",
            Self::Canceling => "CANCELING",
        }
    }

    /// The name in models.
    pub fn model_name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Creating => "creating",
            Self::Assigning => "assigning",
            Self::Updating => "updating",
            Self::Completing => "completing",
            Self::Canceling => "canceling",
        }
    }

    /// The number in files; never reused.
    pub fn number(self) -> i64 {
        match self {
            Self::Start => 0,
            Self::End => 1,
            Self::Creating => 2,
            Self::Assigning => 3,
            Self::Updating => 4,
            Self::Completing => 5,
            Self::Canceling => 6,
        }
    }

    /// The event with this [`ListenerEvent::number`].
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.number() == number)
    }

    /// Whether it listens to a user task, else to the execution of an element.
    pub fn is_of_task(self) -> bool {
        match self {
            Self::Start | Self::End => false,
            Self::Creating
            | Self::Assigning
            | Self::Updating
            | Self::Completing
            | Self::Canceling => true,
        }
    }
}

/// What a job is to the element that has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum JobRole {
    /// The element's own work.
    #[default]
    Work,
    /// It listens to this.
    Listener(ListenerEvent),
    /// It says what is activated in the ad-hoc sub-process.
    AdHoc,
}

impl JobRole {
    /// The number of [`JobRole::AdHoc`] in files.
    pub const AD_HOC: i64 = 100;

    /// The kind of the job in APIs.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Work => "BPMN_ELEMENT",
            Self::Listener(event) if event.is_of_task() => "TASK_LISTENER",
            Self::Listener(_) => "EXECUTION_LISTENER",
            Self::AdHoc => "AD_HOC_SUB_PROCESS",
        }
    }

    /// What it listens to in APIs.
    pub fn listener_event_type(self) -> &'static str {
        self.listener().map_or("UNSPECIFIED", ListenerEvent::name)
    }

    /// What it listens to, if it does.
    pub fn listener(self) -> Option<ListenerEvent> {
        match self {
            Self::Listener(event) => Some(event),
            Self::Work | Self::AdHoc => None,
        }
    }

    /// The number in files; never reused. None for an element's own work.
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Work => None,
            Self::Listener(event) => Some(event.number()),
            Self::AdHoc => Some(Self::AD_HOC),
        }
    }

    /// The role with this [`JobRole::number`].
    pub fn from_number(number: Option<i64>) -> Option<Self> {
        match number {
            None => Some(Self::Work),
            Some(Self::AD_HOC) => Some(Self::AdHoc),
            Some(number) => ListenerEvent::from_number(number).map(Self::Listener),
        }
    }
}

/// Which of an element's listeners a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Listener {
    /// What it listens to.
    #[n(0)]
    pub event: ListenerEvent,
    /// Its position among those of the element that listen to the same, from 0.
    #[n(1)]
    pub index: u32,
    /// Where the process begins when its start listeners are done.
    #[n(2)]
    pub start: Option<u32>,
}

/// What makes a job other than the plain work of an element.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct JobExtra {
    /// The listener that it is.
    #[n(0)]
    pub listener: Option<Listener>,
    /// The key that the model gives to the work, instead of the job's own.
    #[n(1)]
    pub idempotency_key: Option<Text>,
    /// It says what is activated in the ad-hoc sub-process.
    #[n(2)]
    pub ad_hoc: Option<bool>,
}

impl JobExtra {
    /// What the job is to its element.
    pub fn role(&self) -> JobRole {
        match self.listener {
            Some(listener) => JobRole::Listener(listener.event),
            None if self.ad_hoc == Some(true) => JobRole::AdHoc,
            None => JobRole::Work,
        }
    }
}

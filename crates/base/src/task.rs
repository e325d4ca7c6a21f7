//! What a person is told of their task.

use minicbor::{Decode, Encode};

use crate::{KeyBase, ListenerEvent, TaskPatch, Text, UserTaskKey, Variables};

/// What a person needs to know of their task.
#[derive(Clone, PartialEq, Debug, Default, Encode, Decode)]
pub struct UserTaskDetails {
    /// Who does it.
    #[n(0)]
    pub assignee: Option<Text>,
    /// Groups whose members may claim it.
    #[n(1)]
    pub candidate_groups: Vec<Text>,
    /// People who may claim it.
    #[n(2)]
    pub candidate_users: Vec<Text>,
    /// When it should be done, in milliseconds since 1970.
    #[n(3)]
    pub due_ms: Option<i64>,
    /// When to look at it again, in milliseconds since 1970.
    #[n(4)]
    pub follow_up_ms: Option<i64>,
    /// 0 to 100, 50 unless said.
    #[n(5)]
    pub priority: i32,
}

/// What is about to happen to a user task while its listeners are called.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
#[cbor(context_bound = "KeyBase")]
pub struct TaskTransition {
    /// Which.
    #[n(0)]
    pub task: UserTaskKey,
    /// What the listeners listen to.
    #[n(1)]
    pub event: ListenerEvent,
    /// What the caller said it was.
    #[n(2)]
    pub action: Text,
    /// The details as they will be.
    #[n(3)]
    pub details: UserTaskDetails,
    /// What the task resulted in, when it is about to be completed; what is to be set, when it is
    /// about to be updated.
    #[n(4)]
    pub variables: Option<Variables>,
    /// These variables are to be the element's own.
    #[n(5)]
    pub local: Option<bool>,
}

/// What a listener of a user task is told of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ListenedTask {
    /// Which.
    pub task: UserTaskKey,
    /// What the caller said it was.
    pub action: Text,
    /// The details as they will be.
    pub details: UserTaskDetails,
    /// Which of them will be other ones.
    pub changed: Vec<&'static str>,
}

impl UserTaskDetails {
    /// What differs, by the names that Camunda 8 gives to listeners.
    pub fn changes(&self, to: &Self) -> Vec<&'static str> {
        let differs = [
            ("assignee", self.assignee != to.assignee),
            ("candidateGroupsList", self.candidate_groups != to.candidate_groups),
            ("candidateUsersList", self.candidate_users != to.candidate_users),
            ("dueDate", self.due_ms != to.due_ms),
            ("followUpDate", self.follow_up_ms != to.follow_up_ms),
            ("priority", self.priority != to.priority),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// What a listener of a user task says beside that it is done.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListenerResult {
    /// It must not happen, and why; all is as it was before.
    pub denied: Option<Text>,
    /// Details that are to be other ones.
    pub corrections: TaskPatch,
}

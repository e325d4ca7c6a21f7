//! What is known of a user task.

use minicbor::{Decode, Encode};

use crate::Text;

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

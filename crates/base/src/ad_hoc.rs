//! What is said about an ad-hoc sub-process while it lives.

use minicbor::{Decode, Encode};

use crate::{Text, Variables};

/// An element of an ad-hoc sub-process that somebody wants to begin.
#[derive(Clone, PartialEq, Debug, Encode, Decode)]
pub struct ActivateElement {
    /// Its id in the model.
    #[n(0)]
    pub element_id: Text,
    /// Variables of the activation.
    #[n(1)]
    pub variables: Variables,
}

/// What the job of an ad-hoc sub-process says beside that it is done.
#[derive(Clone, PartialEq, Debug, Default, Encode, Decode)]
pub struct AdHocResult {
    /// What begins.
    #[n(0)]
    pub activate: Vec<ActivateElement>,
    /// Nothing is activated any more: it ends when nothing is active in it.
    #[n(1)]
    pub fulfilled: bool,
    /// What is active in it ends first.
    #[n(2)]
    pub cancel_remaining: bool,
}

//! Ad-hoc sub-processes in the graph: what begins in them, and when they are done.

use feel::Expression;

use crate::graph::JobSpec;
use crate::marker::Output;

/// An ad-hoc sub-process.
#[derive(Debug)]
pub struct AdHoc {
    /// The job that says what begins in it, and when it is done.
    pub job: Option<JobSpec>,
    /// Ids of the elements that begin with it.
    pub elements: Option<Expression>,
    /// Evaluated when an activation is done; without it and a job the whole ends with the last.
    pub completion: Option<Expression>,
    /// What still lives when the condition holds ends, else it is waited for.
    pub cancel_remaining: bool,
    /// What is kept of the activations.
    pub output: Option<Output>,
}

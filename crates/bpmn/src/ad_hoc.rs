//! Ad-hoc sub-processes in the graph: what begins in them, and when they are done.

use base::Json;
use feel::Expression;

use crate::graph::{JobSpec, Kind, Node};
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
    /// At most one activation is active, others wait for their turn.
    pub sequential: bool,
    /// What is kept of the activations.
    pub output: Option<Output>,
    /// What can begin in it, as a list for those who choose.
    pub offers: Json,
}

impl Node {
    /// Whether it begins when somebody says so, if it stands in an ad-hoc sub-process: no flow leads to
    /// it, no event begins it, and it undoes nothing.
    pub fn begins_by_choice(&self) -> bool {
        let by_event = matches!(
            self.kind,
            Kind::EventSubProcess { .. } | Kind::Boundary { .. } | Kind::Start(_)
        );
        !by_event && self.incoming.is_empty() && !self.compensation.is_handler
    }
}

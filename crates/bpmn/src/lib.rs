//! BPMN 2.0: XML to a checked graph ([`read`]), and the decisions of a process instance ([`Run`]).
//!
//! Absent: keys of shards, leases, queues, correlation between instances (see `engine`), and any
//! change of state other than by emitting events (see `instance`).

mod graph;
mod marker;
mod read;
mod run;
pub mod timer;

pub use graph::{
    Binding, CalledDecision, CalledProcess, Compensation, Flow, JobSpec, Kind, Mapping, Node,
    Process, Throw, Timer, Trigger, UserTaskSpec, Value,
};
pub use marker::{Marker, MultiInstance, Output, Over, StandardLoop};
pub use read::{Definitions, read};
pub use run::{Run, Target};

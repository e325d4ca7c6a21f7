//! BPMN 2.0: XML to a checked graph ([`read`]), what may not be meant in it ([`lint`]), and the
//! decisions of a process instance ([`Run`]). A [`Document`] keeps everything that a file says.
//!
//! Absent: keys of shards, leases, queues, correlation between instances (see `engine`), and any
//! change of state other than by emitting events (see `instance`).

mod ad_hoc;
mod data;
mod document;
mod graph;
pub mod lint;
mod marker;
mod place;
mod policy;
mod read;
mod run;
pub mod timer;

pub use ad_hoc::AdHoc;
pub use data::{Association, Data, DataKind, DataObject, Direction};
pub use document::{Attribute, Content, Document, Element, Name, Namespace};
pub use graph::{
    Binding, CalledDecision, CalledProcess, Compensation, Condition, Flow, JobSpec, Kind,
    ListenerSpec, Mapping, Node, Process, Silence, Throw, Timer, Trigger, UserTaskSpec, Value,
};
pub use marker::{Marker, MultiInstance, Output, Over, StandardLoop};
pub use place::Place;
pub use policy::{Policy, RETRY_DELAY_MS_MAX, RetryPolicy, retry_delay_ms};
pub use read::{Definitions, read};
pub use run::{Run, TIMEOUT, Target, corrected};

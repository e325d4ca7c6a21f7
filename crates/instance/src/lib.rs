//! The state of one instance: the fold of its events.
//!
//! In:  events, live ([`Decision::emit`]) or read back from the log ([`Instance::replay`]).
//! Out: the state, to be read; the events, to be kept.
//! Absent: any other way to change the state. Its fields are private to this crate, so a language
//! (BPMN, later the States Language) can only emit.

mod canceling;
mod compensable;
mod decision;
mod evolve;
mod evolve_scope;
mod invariants;
mod loops;
mod migrate;
mod owned;
mod sound;
mod state;
mod suspension;
#[cfg(test)]
mod testing;
mod view;
mod visible;

pub use compensable::Compensable;
pub use decision::{Ask, Decision, KeySource};
pub use owned::Owned;
pub use state::{
    AdHoc, Condition, ElementInstance, Header, Incident, Instance, Job, Loop, PolicyTimer, Queued,
    Status, Subscription, Timer, UserTask,
};
pub use suspension::{Held, Suspension};
pub use view::{ElementRecord, ElementState, History, TimelineEntry};

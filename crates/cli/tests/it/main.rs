//! The binary as a person or a script calls it, against a real server of its own.

mod call;
mod calls;
mod changes;
mod decisions;
mod feel;
mod incidents;
mod instances;
mod lint;
mod messages;
mod policies;
mod rig;
mod signals;
mod suspension;
mod tasks;
mod worker;
mod worker_ends;

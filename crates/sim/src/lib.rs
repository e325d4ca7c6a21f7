//! The shipped host, engine and stores under virtual time: stories for tests, and seeds.
//!
//! In:  commands, the passing of time, crashes; or a seed, from which models, clients, threads and
//!      faults all follow.
//! Out: replies; what did not hold, with the script that shows it.
//! Absent: threads, clocks, sockets.

mod check;
mod clients;
mod coverage;
mod disk;
mod explore;
mod machine;
mod model;
mod operators;
mod play;
mod requests;
mod rng;
mod script;
mod shrink;
mod verify;
mod world;

pub use coverage::Coverage;
pub use explore::{Report, explore, keep_panics, replay};
pub use world::{Crash, World};

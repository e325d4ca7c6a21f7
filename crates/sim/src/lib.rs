//! A world for tests: the shipped shards on a store in memory, under virtual time, with crashes.
//!
//! In:  commands, the passing of time, crashes.
//! Out: replies; [`World::verify`], which compares every row with the state that it is made from.
//! Absent: threads, clocks, sockets.

// The shipped one: `sim` may not depend on `server` (see xtask), and a copy would not be tested.
#[path = "../../server/src/host/answer.rs"]
mod answer;
mod verify;
mod world;

pub use answer::answer;
pub use world::{Crash, World};

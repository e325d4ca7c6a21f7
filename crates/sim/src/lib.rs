//! A world for tests: the shipped shards on a store in memory, under virtual time, with crashes.
//!
//! In:  commands, the passing of time, crashes.
//! Out: replies; [`World::verify`], which compares every row with the state that it is made from.
//! Absent: threads, clocks, sockets.

mod verify;
mod world;

pub use world::{Crash, World};

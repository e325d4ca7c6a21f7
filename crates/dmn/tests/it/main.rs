//! The crate from outside.

mod boxed;
mod docs;
mod graph;
mod harness;
mod kit;
mod reading;
mod tables;

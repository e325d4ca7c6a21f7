//! One shard: the unit of ordering and ownership. Sans-I/O, like a protocol implementation.
//!
//! In:  inputs ([`Input`]) with the host's time, and what the shard asked to read ([`Loaded`]).
//! Out: questions to the store ([`Poll::Read`]), and commits ([`Commit`]): a batch of operations,
//!      and what may happen once it is durable (replies, mail, hints).
//! Absent: clocks, threads, files, sockets; what an element of a model does (see `bpmn`).
//!
//! The host's part: [`Shard::submit`] inputs, [`Shard::poll`] until it is idle, reading what it
//! asks for; [`Shard::take_commit`], commit it, tell [`Shard::committed`], then carry out the
//! effects.

mod activate;
mod ask;
mod cache;
mod call;
mod catalog;
mod change;
mod conditions;
mod create;
mod decisions;
mod delete;
mod deploy;
mod escalate;
mod evaluate;
mod input;
mod jobs;
mod mail;
mod needs;
mod project;
mod queue;
mod retire;
mod shard;
mod signals;
mod slots;
mod streams;
mod suspend;
mod tasks;
mod ticks;

pub use activate::check_activation;
pub use catalog::{Catalog, Definition};
pub use decisions::{DecisionGraph, DecisionPlace, Decisions};
pub use input::{
    Commit, Deployed, Effects, Input, Loaded, Model, Poll, Read, Resource, SlotRows, StreamId,
    Ticket,
};
pub use shard::{Shard, ShardOptions};

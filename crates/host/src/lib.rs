//! The host's logic without its threads: the loop around a shard, and the commit.
//!
//! In:  messages for a shard ([`Message`]) with the host's time; batches that shards have decided.
//! Out: what the driver does next ([`Step`]); after a commit what rests on it, to [`Outside`].
//! Absent: threads, channels, clocks, sockets. The server drives it with threads, the simulator
//! under virtual time; both drive the same code.
//!
//! `R` is the driver's handle of a caller that waits for a reply, `P` that of a stream of jobs.

mod answer;
mod committer;
mod route;
mod shard_loop;

pub use answer::answer;
pub use committer::{Committer, Outside};
pub use route::route;
pub use shard_loop::{Decided, INPUTS_PER_BATCH_MAX, Loops, Message, ShardLoop, Step, loops};

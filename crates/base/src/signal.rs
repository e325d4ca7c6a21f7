//! Signals share the slots of messages: who waits for a signal waits in the slot of a name that no
//! message can have, with an empty correlation key.

use crate::{ShardId, Text};

/// No message name begins with it.
pub const SIGNAL_MARK: char = '\u{1}';

/// Stands among the names that start a process for its conditional start events. Neither a message
/// nor a signal that starts anything has this name.
pub const CONDITIONS: &str = "\u{1}\u{2}conditions";

/// The name of a signal's slot.
pub fn slot(signal: &str) -> Text {
    format!("{SIGNAL_MARK}{signal}").into()
}

/// The signal whose slot has this name, if it is one.
pub fn of_slot(name: &str) -> Option<&str> {
    name.strip_prefix(SIGNAL_MARK)
}

/// The shard that a signal is broadcast from.
pub fn shard(signal: &str, shards: u16) -> ShardId {
    ShardId::of_message(&slot(signal), "", shards)
}

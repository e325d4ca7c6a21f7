//! Camunda 8's gRPC gateway and gRPC's health protocol.
//!
//! In:  requests of the package `gateway_protocol`.
//! Out: commands to the host; its replies, and rejections as statuses with their own words.
//! Absent: decisions; what REST alone offers (searches, user tasks).

mod gateway;
mod health;
mod status;
mod stream;

pub use gateway::Gateway;
pub use health::Health;

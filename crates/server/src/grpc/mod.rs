//! Camunda 8's gRPC gateway and gRPC's health protocol.
//!
//! In:  requests of the package `gateway_protocol`.
//! Out: commands to the host; its replies, and rejections as statuses with their own words.
//! Absent: decisions; what REST alone offers (searches, user tasks).

mod changes;
pub(crate) mod convert;
mod decisions;
mod gateway;
mod health;
mod listened;
mod status;
mod stream;

pub use gateway::Gateway;
pub use health::Health;

pub(crate) use status::has_timeout;
pub(crate) use stream::Pushes;

/// Largest message: a deployment of the largest size and its frame.
pub(crate) const GRPC_MESSAGE_BYTES_MAX: usize = base::limits::DEPLOYMENT_BYTES_MAX + 64 * 1024;

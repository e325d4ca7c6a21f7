//! The server: the host of the shards, and the faces that speak with the world.
//!
//! In:  a store, addresses to listen on.
//! Out: Camunda 8's gRPC gateway and REST API v2.
//! Absent: decisions about instances (see `engine`), SQL (see `store`).

mod grpc;
pub mod host;
mod http2;
mod listen;
mod rest;
mod serve;
mod work;

pub use serve::{ServeError, Server, ServerOptions};
#[doc(hidden)]
pub use serve::{routes, serve_http2};

/// The one tenant, as Camunda 8 names it.
pub const DEFAULT_TENANT: &str = "<default>";

/// The release of Camunda 8 whose gateway protocol this is: clients look at it.
pub const GATEWAY_VERSION: &str = "8.7.0";

//! A client of Fermata.
//!
//! In:  the address of a server.
//! Out: [`Client`], whose calls speak REST v2 and answer with the server's own JSON, and
//!      [`Worker`], which leases jobs over gRPC and runs a handler for each.
//! Absent: TLS and login (the server has neither; a proxy in front brings both), retries of REST
//!      calls (the caller knows which of them may be repeated).

mod address;
mod document;
mod error;
mod http;
mod multipart;
mod rest;
mod worker;

pub use document::Document;
pub use error::{Error, Problem};
pub use http::Client;
pub use multipart::ResourceFile;
pub use rest::{CreateInstance, Definition, Page, PublishMessage};
pub use worker::{
    Handler, Job, Notice, Outcome, Stop, Stopper, Worker, WorkerOptions, stop_signal,
};

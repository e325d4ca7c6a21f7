//! The server from outside, through its faces.

mod grpc;
mod rest;

//! The server from outside, through its faces.

mod faults;
mod grpc;
mod rest;

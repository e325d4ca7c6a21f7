//! The wire types of the gRPC faces, generated once for server and client.
//!
//! In:  `proto/*.proto` (our text; the facts it must agree with are in `testdata/facts.tsv`).
//! Out: [`gateway`], Camunda 8's gateway protocol; [`health`], gRPC's health protocol;
//!      [`DESCRIPTORS`], the compiled descriptors of both; and [`frame`], how a message stands in a
//!      body, for who speaks HTTP/2 itself.
//! Absent: any behaviour (see the server's gRPC face), any transport (a client brings its channel:
//!      `GatewayClient::new(channel)`).

pub mod frame;

/// The descriptors of everything here: an encoded `google.protobuf.FileDescriptorSet`, as gRPC
/// server reflection wants it.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Camunda 8's gateway protocol (package `gateway_protocol`): messages, `GatewayServer`,
/// `GatewayClient`.
#[allow(missing_docs, unused_qualifications, clippy::pedantic, reason = "generated")]
pub mod gateway {
    tonic::include_proto!("gateway_protocol");
}

/// gRPC's health protocol (package `grpc.health.v1`): messages, `HealthServer`, `HealthClient`.
#[allow(missing_docs, unused_qualifications, clippy::pedantic, reason = "generated")]
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}

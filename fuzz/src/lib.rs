//! What the fuzzers run: each target is a function from bytes that must return.
//!
//! In:  bytes, from a fuzzer (`fuzz/libfuzzer`), or from the corpora (`tests/it`).
//! Out: nothing; a panic, an endless loop or unbounded memory is a finding.
//! Absent: the fuzzer itself, so that the corpora are replayed on a stable compiler.

mod acting;
mod bpmn;
mod dmn;
#[cfg(feature = "server")]
mod faces;
mod feel;
mod records;
#[cfg(feature = "server")]
mod store;
mod variables;

/// One target.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: &[(&str, Target)] = &[
    ("bpmn", bpmn::run),
    ("dmn", dmn::run),
    ("feel", feel::run),
    ("variables", variables::run),
    ("records", records::run),
    #[cfg(feature = "server")]
    ("grpc", faces::grpc),
    #[cfg(feature = "server")]
    ("rest", faces::rest),
    #[cfg(feature = "server")]
    ("store", store::run),
];

/// Runs one target on one input.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(input);
}

/// Inputs for `records`, by name: what an instance of the model writes at every step of its life.
pub fn record_seeds() -> Vec<(String, Vec<u8>)> {
    records::seeds()
}

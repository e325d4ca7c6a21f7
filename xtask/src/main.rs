//! Checks that no linter does.
fn main() {}

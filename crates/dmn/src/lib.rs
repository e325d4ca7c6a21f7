//! DMN 1.5: XML to a checked requirements graph to decisions with their explanation.
//!
//! In:  the text of a `.dmn` file and of those it imports; later variables and the input's time.
//! Out: definitions, or findings with their places; a decision's output and how it came about.
//! Absent: FEEL itself (see `feel`), a clock, randomness, I/O, and anything without a bound.

mod finding;
mod link;
mod model;
mod read;
mod report;

pub use finding::{Finding, Severity};

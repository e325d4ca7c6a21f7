//! DMN 1.5: XML to a checked requirements graph to decisions with their explanation.
//!
//! In:  the text of a `.dmn` file and of those it imports; later variables and the input's time.
//! Out: definitions, or findings with their places; a decision's output and how it came about.
//! Absent: FEEL itself (see `feel`), a clock, randomness, I/O, and anything without a bound.

mod compile;
mod definitions;
mod evaluate;
mod explain;
mod index;
mod link;
mod model;
mod program;
mod read;
mod report;

pub use compile::Options;
pub use definitions::{DecisionInfo, Definitions, compile, compile_as, compile_with};
pub use explain::{
    DecisionKind, EvaluatedDecision, EvaluatedInput, EvaluatedOutput, Evaluation, Failure,
    MatchedRule,
};

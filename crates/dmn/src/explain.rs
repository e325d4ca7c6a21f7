//! What an evaluation gives beside the output: how it came about.
//!
//! Absent: any text for people but messages; faces write it as their protocol wants it.

use std::sync::Arc;

use feel::Value;

/// The result of a decision.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The decision's output. After a failure it is what the standard says: null flows on.
    pub output: Value,
    /// The first thing that went wrong. A null alone is none: its reason is inside it.
    pub failure: Option<Failure>,
    /// Every decision that was evaluated, in that order, each once; the one asked for is last.
    pub decisions: Vec<EvaluatedDecision>,
}

/// Why an evaluation cannot be relied on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Id of the decision where it happened.
    pub decision_id: String,
    /// What was expected, what was found, what to do.
    pub message: String,
}

/// One decision's part.
#[derive(Clone, Debug)]
pub struct EvaluatedDecision {
    /// Its id; its name if it has none.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What its logic is.
    pub kind: DecisionKind,
    /// Its output.
    pub output: Value,
    /// The inputs of its table, in the order of the columns; of other logic the required inputs and
    /// decisions.
    pub inputs: Vec<EvaluatedInput>,
    /// The rules of its table that matched, in the order of the table.
    pub rules: Vec<MatchedRule>,
    /// Why something became null in it.
    pub reasons: Vec<String>,
}

/// What a decision's logic is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecisionKind {
    /// `decisionTable`
    Table,
    /// `literalExpression`
    Literal,
    /// `context`
    Context,
    /// `list`
    List,
    /// `relation`
    Relation,
    /// `invocation`
    Invocation,
    /// `functionDefinition`
    Function,
    /// `conditional`
    Conditional,
    /// `filter`
    Filter,
    /// `for`, `some` or `every`
    Iterator,
    /// It has no logic, or none that could be read.
    None,
}

impl DecisionKind {
    /// As Camunda 8's API names it, where it does.
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Table => "DECISION_TABLE",
            Self::Literal => "LITERAL_EXPRESSION",
            Self::Context => "CONTEXT",
            Self::List => "LIST",
            Self::Relation => "RELATION",
            Self::Invocation => "INVOCATION",
            Self::Function => "FUNCTION",
            Self::Conditional => "CONDITIONAL",
            Self::Filter => "FILTER",
            Self::Iterator => "ITERATOR",
            Self::None => "UNKNOWN",
        }
    }
}

/// An input of a decision.
#[derive(Clone, Debug)]
pub struct EvaluatedInput {
    /// Id of the column, or of the required element.
    pub id: Arc<str>,
    /// The column's label or its expression; the required element's name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Value,
}

/// A rule that matched.
#[derive(Clone, Debug)]
pub struct MatchedRule {
    /// Its id.
    pub id: Arc<str>,
    /// Its number in the table, from 1.
    pub index: u32,
    /// Its outputs, in the order of the columns.
    pub outputs: Vec<EvaluatedOutput>,
}

/// An output of a rule.
#[derive(Clone, Debug)]
pub struct EvaluatedOutput {
    /// Id of the column.
    pub id: Arc<str>,
    /// The column's label, else its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Value,
}

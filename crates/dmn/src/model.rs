//! What a DMN file says, as it stands there: names and texts are not resolved or compiled yet.
//!
//! In:  built by `read`.
//! Out: looked through by `link` and `compile`.
//! Absent: checks of what one element says about another.

/// A text and where it begins in its file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spot {
    pub text: String,
    /// Byte of the file where the content begins; what the XML escapes makes the file's bytes more.
    pub at: usize,
}

/// One file.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub id: String,
    pub name: String,
    pub namespace: String,
    pub imports: Vec<Import>,
    pub items: Vec<Item>,
    pub elements: Vec<Element>,
    /// XML prefixes of namespaces that the root declares: DMN 1.1 writes types with them.
    pub prefixes: Vec<(String, String)>,
}

/// `import`.
#[derive(Debug)]
pub(crate) struct Import {
    pub at: usize,
    /// What the imported names begin with; empty: nothing (DMN 1.5, 6.3.3).
    pub name: String,
    pub namespace: String,
    /// Imports DMN; others (XML Schema, PMML) are not followed.
    pub is_dmn: bool,
}

/// `itemDefinition` or `itemComponent`.
#[derive(Debug)]
pub(crate) struct Item {
    pub at: usize,
    pub name: String,
    pub type_ref: Option<Spot>,
    pub allowed: Option<Spot>,
    pub constraint: Option<Spot>,
    pub components: Vec<Item>,
    pub function: Option<FunctionItem>,
    pub is_collection: bool,
}

/// `functionItem`.
#[derive(Debug)]
pub(crate) struct FunctionItem {
    pub output: Option<Spot>,
    pub parameters: Vec<Variable>,
}

/// An `informationItem`: the variable of an element, a parameter, a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variable {
    pub at: usize,
    pub name: String,
    pub type_ref: Option<Spot>,
}

/// An element of the requirements graph.
#[derive(Debug)]
pub(crate) struct Element {
    pub at: usize,
    pub id: Option<String>,
    pub name: String,
    pub variable: Variable,
    pub kind: ElementKind,
}

/// What an [`Element`] is.
#[derive(Debug)]
pub(crate) enum ElementKind {
    Input,
    Decision(Decision),
    Knowledge(Knowledge),
    Service(Service),
    /// `knowledgeSource`: required as an authority, without behaviour.
    Source,
}

impl ElementKind {
    /// The name of its XML element.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Input => "inputData",
            Self::Decision(_) => "decision",
            Self::Knowledge(_) => "businessKnowledgeModel",
            Self::Service(_) => "decisionService",
            Self::Source => "knowledgeSource",
        }
    }
}

/// `decision`.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    pub version_tag: Option<String>,
    pub information: Vec<Spot>,
    pub knowledge: Vec<Spot>,
    pub authority: Vec<Spot>,
    pub logic: Option<Boxed>,
}

/// `businessKnowledgeModel`.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    pub required: Vec<Spot>,
    pub authority: Vec<Spot>,
    pub function: Option<FunctionDefinition>,
}

/// `decisionService`.
#[derive(Debug, Default)]
pub(crate) struct Service {
    pub outputs: Vec<Spot>,
    pub encapsulated: Vec<Spot>,
    pub input_decisions: Vec<Spot>,
    pub input_data: Vec<Spot>,
}

/// A boxed expression (DMN 1.5, 7.3).
#[derive(Debug)]
pub(crate) struct Boxed {
    pub type_ref: Option<Spot>,
    pub kind: BoxedKind,
}

/// What a [`Boxed`] is.
#[derive(Debug)]
pub(crate) enum BoxedKind {
    /// FEEL; `None` where no text stands.
    Literal(Option<Spot>),
    Table(Box<Table>),
    Context(Vec<ContextEntry>),
    List(Vec<Boxed>),
    Relation {
        columns: Vec<Variable>,
        rows: Vec<Vec<Boxed>>,
    },
    Invocation {
        callee: Box<Boxed>,
        bindings: Vec<Binding>,
    },
    Function(Box<FunctionDefinition>),
    Conditional {
        condition: Box<Boxed>,
        then: Box<Boxed>,
        otherwise: Box<Boxed>,
    },
    Filter {
        source: Box<Boxed>,
        matching: Box<Boxed>,
    },
    Iterator(Box<Iterator>),
    /// Was refused; a finding says why.
    Refused,
}

/// `contextEntry`; without a variable it is the result.
#[derive(Debug)]
pub(crate) struct ContextEntry {
    pub variable: Option<Variable>,
    pub value: Boxed,
}

/// `binding` of an invocation; without an expression the parameter is null.
#[derive(Debug)]
pub(crate) struct Binding {
    pub parameter: Variable,
    pub value: Option<Boxed>,
}

/// `functionDefinition` and `encapsulatedLogic`.
#[derive(Debug)]
pub(crate) struct FunctionDefinition {
    pub kind: FunctionKind,
    pub parameters: Vec<Variable>,
    pub type_ref: Option<Spot>,
    pub body: Option<Boxed>,
}

/// In what a function is written; only FEEL can be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FunctionKind {
    Feel,
    Java,
    Pmml,
}

/// `for`, `some`, `every`.
#[derive(Debug)]
pub(crate) struct Iterator {
    pub kind: IteratorKind,
    pub variable: String,
    pub source: Boxed,
    pub body: Boxed,
}

/// Which [`Iterator`] it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IteratorKind {
    For,
    Some,
    Every,
}

/// `decisionTable`.
#[derive(Debug)]
pub(crate) struct Table {
    pub policy: HitPolicy,
    pub inputs: Vec<InputClause>,
    pub outputs: Vec<OutputClause>,
    pub rules: Vec<Rule>,
}

/// Which of the rules that match count, and how (DMN 1.5, 8.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HitPolicy {
    Unique,
    Any,
    Priority,
    First,
    RuleOrder,
    OutputOrder,
    Collect(Option<Aggregation>),
}

/// What a collecting table makes of its outputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aggregation {
    Sum,
    Min,
    Max,
    Count,
}

/// A column of conditions.
#[derive(Debug)]
pub(crate) struct InputClause {
    pub id: String,
    pub label: Option<String>,
    pub expression: Spot,
    pub type_ref: Option<Spot>,
    pub values: Option<Spot>,
}

/// A column of results.
#[derive(Debug)]
pub(crate) struct OutputClause {
    pub at: usize,
    pub id: String,
    pub name: Option<String>,
    pub label: Option<String>,
    pub type_ref: Option<Spot>,
    pub values: Option<Spot>,
    pub default: Option<Spot>,
}

/// A row.
#[derive(Debug)]
pub(crate) struct Rule {
    pub id: String,
    pub inputs: Vec<Spot>,
    pub outputs: Vec<OutputEntry>,
}

/// A cell of results.
#[derive(Debug)]
pub(crate) struct OutputEntry {
    pub text: Spot,
    pub type_ref: Option<Spot>,
}

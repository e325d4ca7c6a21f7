//! What is evaluated: elements with their logic compiled, by number.
//!
//! In:  built by `compile`.
//! Out: walked by `evaluate`.
//! Absent: names to look up in models; a requirement is a number.

use std::collections::BTreeMap;
use std::sync::Arc;

use feel::{Constant, Expression, Number, Parameter, Type, UnaryTests, Value};

use crate::index::Index;
use crate::model::{FunctionKind, IteratorKind};

/// All elements of the first file and of those it imports.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub elements: Vec<Element>,
    /// By id, then by name, those of the first file.
    pub by_name: BTreeMap<String, usize>,
    /// Undeclared names are looked up in the variables, as Camunda 8 does.
    pub open: bool,
}

/// An element of the requirements graph.
#[derive(Debug)]
pub(crate) struct Element {
    /// The id, or the name where it has none.
    pub id: Arc<str>,
    pub name: Arc<str>,
    /// What expressions call it.
    pub variable: Arc<str>,
    /// Type of the variable; that of a function's result.
    pub of: Type,
    /// Names of the imports that lead from the first file to this one's, for each way.
    pub paths: Arc<Vec<Vec<Arc<str>>>>,
    pub kind: ElementKind,
}

/// What an [`Element`] is.
#[derive(Debug)]
pub(crate) enum ElementKind {
    Input,
    Decision(Decision),
    Knowledge(Arc<Knowledge>),
    Service(Arc<Service>),
    Source,
}

/// A decision.
#[derive(Debug)]
pub(crate) struct Decision {
    pub version_tag: Option<String>,
    /// Inputs and decisions that are evaluated before it.
    pub information: Vec<usize>,
    /// What its logic sees.
    pub scope: Vec<Binding>,
    pub logic: Logic,
}

/// A required element under the name that an expression gives it.
#[derive(Debug)]
pub(crate) struct Binding {
    /// Name of the import, if it is an imported one.
    pub prefix: Option<Arc<str>>,
    pub name: Arc<str>,
    pub element: usize,
}

/// A business knowledge model.
#[derive(Debug)]
pub(crate) struct Knowledge {
    pub name: String,
    pub result: Type,
    pub scope: Vec<Binding>,
    pub function: Arc<FunctionLogic>,
}

/// A decision service.
#[derive(Debug)]
pub(crate) struct Service {
    pub name: String,
    pub result: Type,
    /// Input data, then input decisions (DMN 1.5, 10.4): element and parameter.
    pub inputs: Vec<usize>,
    pub parameters: Vec<Parameter>,
    pub outputs: Vec<usize>,
}

/// A boxed expression and the type that its value is coerced to.
#[derive(Debug)]
pub(crate) struct Logic {
    pub of: Type,
    pub kind: LogicKind,
}

/// What a [`Logic`] is.
#[derive(Debug)]
pub(crate) enum LogicKind {
    /// Nothing stands there: null.
    Nothing,
    /// It was refused for this reason, which is that of its null.
    Broken(String),
    Literal(Expression),
    Table(Box<Table>),
    Context(Vec<ContextEntry>),
    List(Vec<Logic>),
    Relation {
        columns: Vec<(Arc<str>, Type)>,
        rows: Vec<Vec<Logic>>,
    },
    Invocation {
        callee: Box<Logic>,
        bindings: Vec<(Arc<str>, Logic)>,
    },
    Function(Arc<FunctionLogic>),
    Conditional {
        condition: Box<Logic>,
        then: Box<Logic>,
        otherwise: Box<Logic>,
    },
    Filter {
        source: Box<Logic>,
        matching: Box<Matching>,
    },
    Iterator(Box<Iterator>),
}

/// An entry of a context; without a name it is the result.
#[derive(Debug)]
pub(crate) struct ContextEntry {
    pub name: Option<Arc<str>>,
    pub of: Type,
    pub value: Logic,
}

/// A function that a model defines.
#[derive(Debug)]
pub(crate) struct FunctionLogic {
    pub kind: FunctionKind,
    pub parameters: Vec<Parameter>,
    pub body: Logic,
}

/// What a filter asks of an item.
#[derive(Debug)]
pub(crate) enum Matching {
    /// FEEL, compiled as the filter of a list that is called [`FILTERED`].
    Feel(Expression),
    Boxed(Logic),
}

/// The list of one item that [`Matching::Feel`] filters. No name in a model is written like it.
pub(crate) const FILTERED: &str = "_filtered_item_";

/// `for`, `some`, `every`.
#[derive(Debug)]
pub(crate) struct Iterator {
    pub kind: IteratorKind,
    pub source: Logic,
    /// FEEL's own `for`, for that: it knows ranges, and grows `partial` in place. It goes over
    /// [`SOURCE`] and calls [`EACH`].
    pub collect: Option<Expression>,
    /// Takes the item; that of `for` also what was collected so far.
    pub body: Arc<FunctionLogic>,
}

/// What FEEL's `for` goes over.
pub(crate) const SOURCE: &str = "source";
/// The function that it calls for each item.
pub(crate) const EACH: &str = "each";

/// A decision table.
#[derive(Debug)]
pub(crate) struct Table {
    pub policy: Policy,
    pub inputs: Vec<InputClause>,
    pub outputs: Vec<OutputClause>,
    pub rules: Vec<Rule>,
    pub index: Index,
}

/// A hit policy with what it needs.
#[derive(Debug)]
pub(crate) enum Policy {
    Unique,
    Any,
    Priority,
    First,
    RuleOrder,
    OutputOrder,
    Collect,
    /// FEEL's own function over the list [`COLLECTED`].
    Aggregate(Expression),
}

/// The list that an aggregation is called with.
pub(crate) const COLLECTED: &str = "collected";

/// A column of conditions.
#[derive(Debug)]
pub(crate) struct InputClause {
    pub id: Arc<str>,
    /// The label, or the expression's text.
    pub name: Arc<str>,
    pub expression: Expression,
    pub of: Type,
    /// What `-` asks for.
    pub values: Option<UnaryTests>,
}

/// A column of results.
#[derive(Debug)]
pub(crate) struct OutputClause {
    pub id: Arc<str>,
    /// For people: the label, else the key.
    pub name: Arc<str>,
    pub key: Arc<str>,
    pub of: Type,
    pub order: Option<Order>,
    pub default: Option<Expression>,
}

/// The output values of a column, the most important first.
#[derive(Debug)]
pub(crate) struct Order {
    pub values: Expression,
    /// Whether [`OUTPUT`] is in [`LISTED`], for values that are ranges.
    pub is_in: Expression,
}

/// An output whose place is looked for.
pub(crate) const OUTPUT: &str = "output";
/// One of the output values.
pub(crate) const LISTED: &str = "listed";

/// A row.
#[derive(Debug)]
pub(crate) struct Rule {
    pub id: Arc<str>,
    pub conditions: Vec<Condition>,
    pub outputs: Vec<Output>,
}

/// A cell of conditions.
#[derive(Debug)]
pub(crate) enum Condition {
    /// `-`, or nothing.
    Any,
    /// Texts and numbers: another one does not pass. Values of other kinds are for the tests.
    OneOf(Box<[Value]>, UnaryTests),
    /// A range of numbers. Values of other kinds are for the tests.
    Within(Within, UnaryTests),
    Tests(UnaryTests),
}

/// A range of numbers; an end says whether it belongs to the range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    pub low: Option<(Number, bool)>,
    pub high: Option<(Number, bool)>,
}

impl Within {
    pub fn contains(&self, number: Number) -> bool {
        let above = |(end, included): (Number, bool)| number > end || included && number == end;
        let below = |(end, included): (Number, bool)| number < end || included && number == end;
        self.low.is_none_or(above) && self.high.is_none_or(below)
    }
}

impl Condition {
    /// The cheapest form of the tests.
    pub fn new(tests: UnaryTests) -> Self {
        match tests.constant() {
            Some(Constant::Any) => Self::Any,
            Some(Constant::OneOf(values)) => {
                let plain = |value: &Value| matches!(value, Value::Number(_) | Value::String(_));
                if values.iter().all(plain) {
                    Self::OneOf(values.into(), tests)
                } else {
                    Self::Tests(tests)
                }
            }
            Some(Constant::In(range)) => {
                let end = |end: &Option<Value>, included| match end {
                    None => Some(None),
                    Some(Value::Number(number)) => Some(Some((*number, included))),
                    Some(_) => None,
                };
                match (end(&range.low, range.low_included), end(&range.high, range.high_included)) {
                    (Some(low), Some(high)) => Self::Within(Within { low, high }, tests),
                    _ => Self::Tests(tests),
                }
            }
            None => Self::Tests(tests),
        }
    }
}

/// A cell of results.
#[derive(Debug)]
pub(crate) struct Output {
    /// `None` if it is empty: null.
    pub expression: Option<Expression>,
    pub of: Type,
}

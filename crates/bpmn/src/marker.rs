//! Loop markers of activities, as they are read.

use base::Text;
use feel::Expression;

/// How an activity repeats.
#[derive(Debug)]
pub enum Marker {
    /// Once for each of many.
    Multi(MultiInstance),
    /// While a condition holds.
    Standard(StandardLoop),
}

/// `multiInstanceLoopCharacteristics`.
#[derive(Debug)]
pub struct MultiInstance {
    /// One turn after the other; else all at once.
    pub sequential: bool,
    /// How many turns, and for what.
    pub over: Over,
    /// The variable of a turn that has its item.
    pub input_element: Option<Text>,
    /// What is kept of the turns.
    pub output: Option<Output>,
    /// Evaluated when a turn completes; true ends the others.
    pub completion: Option<Expression>,
}

/// How many turns a multi-instance has.
#[derive(Debug)]
pub enum Over {
    /// One an item of a list.
    Collection(Expression),
    /// A number of them.
    Cardinality(Expression),
}

/// What is kept of the turns of a multi-instance.
#[derive(Debug)]
pub struct Output {
    /// The variable that becomes the list, in the order of the turns.
    pub collection: Text,
    /// What a turn gives to it.
    pub element: Expression,
    /// The variable that `element` is, or is a part of: each turn has one of its own.
    pub variable: Option<Text>,
}

/// `standardLoopCharacteristics`.
#[derive(Debug)]
pub struct StandardLoop {
    /// The condition is evaluated before the first turn, too.
    pub test_before: bool,
    /// Turns after which it ends all the same.
    pub maximum: Option<u32>,
    /// It goes on while this is true.
    pub condition: Option<Expression>,
}

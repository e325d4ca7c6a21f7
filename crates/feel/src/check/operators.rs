//! Operators: which kinds they compute with (DMN 1.5, tables 49 to 56).
//!
//! In:  what is known of the operands.
//! Out: what is known of the result; a warning if it is null whatever the operands are.
//! Absent: what a null operand makes null (see `machine::operators`): a kind that may be null is
//!         taken for what else it may be.

use super::Checker;
use super::known::Known;
use crate::code::{Code, Kind, Test};
use crate::kinds::Kinds;
use crate::syntax::ast::{Op, Span};
use crate::value::Value;

const BOOLEAN_OR_NULL: Kinds = Kinds::BOOL.or(Kinds::NULL);

impl<'a> Checker<'a> {
    pub(super) fn arithmetic(&mut self, first: &'a Code, rest: &'a [(Op, Code)]) -> Known<'a> {
        let mut left = self.code(first);
        for (op, operand) in rest {
            let right = self.code(operand);
            let result = computed(*op, left.kinds, right.kinds);
            if result.is_none() {
                let (a, b) = (left.described(), right.described());
                let joined = *op == Op::Add && (left.kinds | right.kinds).has(Kinds::STRING);
                let help = joined.then(|| "make both texts with `string(...)`".to_owned());
                self.warn(
                    first.span.to(operand.span),
                    format!(
                        "{a} and {b} cannot be computed with `{}`; the result is null",
                        op.symbol()
                    ),
                    help,
                );
                left = Known::ANYTHING;
            } else {
                left = Known::new(result | Kinds::NULL);
            }
        }
        left
    }

    pub(super) fn negated(&mut self, span: Span, operand: &'a Code) -> Known<'a> {
        let known = self.code(operand);
        let kinds = known.kinds & (Kinds::NUMBER | Kinds::DAY_TIME | Kinds::YEAR_MONTH);
        if kinds.is_none() {
            self.warn(
                span,
                format!("{} has no negative; the result is null", known.described()),
                None,
            );
            return Known::ANYTHING;
        }
        Known::new(kinds | Kinds::NULL)
    }

    pub(super) fn comparison(&mut self, span: Span, op: Op, sides: &'a (Code, Code)) -> Known<'a> {
        let (left, right) = (self.code(&sides.0), self.code(&sides.1));
        self.compared(span, op, left, right)
    }

    fn compared(&mut self, span: Span, op: Op, left: Known<'a>, right: Known<'a>) -> Known<'a> {
        if comparable(op, left.kinds, right.kinds) {
            // Equality is only unknown of two kinds that differ.
            let kinds = (left.kinds | right.kinds).without(Kinds::NULL);
            let sure = matches!(op, Op::Eq | Op::Ne) && (kinds.is_one() || kinds.is_none());
            return Known::new(if sure { Kinds::BOOL } else { BOOLEAN_OR_NULL });
        }
        let (a, b) = (left.described(), right.described());
        let message =
            format!("{a} cannot be compared with {b} by `{}`; the result is null", op.symbol());
        let help = conversion(left.kinds, right.kinds);
        self.warn(span, message, help.map(str::to_owned));
        Known::new(BOOLEAN_OR_NULL)
    }

    pub(super) fn between(&mut self, span: Span, parts: &'a (Code, Code, Code)) -> Known<'a> {
        let value = self.code(&parts.0);
        let (low, high) = (self.code(&parts.1), self.code(&parts.2));
        // One end that can be compared may make it false.
        let (above, below) = (value.kinds.orderable(), low.kinds | high.kinds);
        if !above.has(below) {
            let (a, b) = (value.described(), low.or(high).described());
            self.warn(span, format!("{a} cannot be compared with {b}; the result is null"), None);
        }
        Known::new(BOOLEAN_OR_NULL)
    }

    /// `and`, `or`: null if no operand can decide, and one is no boolean.
    pub(super) fn connected(&mut self, operands: &'a [Code], decides: bool) -> Known<'a> {
        let mut culprit = None;
        let mut open = false;
        for operand in operands {
            let known = self.code(operand);
            let idle = matches!(operand.kind, Kind::Constant(Value::Bool(it)) if it != decides);
            open |= known.kinds.has(Kinds::BOOL) && !idle;
            if !known.kinds.has(BOOLEAN_OR_NULL) {
                culprit.get_or_insert((operand.span, known));
            }
        }
        if let Some((span, known)) = culprit
            && !open
        {
            let found = known.described();
            self.warn(
                span,
                format!("expected a boolean, but found {found}; the result is null"),
                None,
            );
        }
        Known::new(BOOLEAN_OR_NULL)
    }

    pub(super) fn range(
        &mut self,
        span: Span,
        low: Option<&'a Code>,
        high: Option<&'a Code>,
    ) -> Known<'a> {
        let low = low.map(|code| self.code(code));
        let high = high.map(|code| self.code(code));
        let kinds = match (low, high) {
            (Some(low), Some(high)) => {
                (low.kinds & high.kinds.orderable()) | (high.kinds & low.kinds.orderable())
            }
            (Some(end), None) | (None, Some(end)) => end.kinds & Kinds::ORDERED,
            (None, None) => Kinds::ALL,
        };
        if kinds.is_none() {
            let ends = [low, high].into_iter().flatten().map(|end| end.described());
            let ends: Vec<String> = ends.collect();
            self.warn(
                span,
                format!("no range has the ends {}; the result is null", ends.join(" and ")),
                None,
            );
            return Known::ANYTHING;
        }
        Known::with_items(Kinds::RANGE | Kinds::NULL, kinds)
    }

    /// The tests of a value; each says alone whether it can be decided.
    pub(super) fn tests(&mut self, tests: &'a [Test], value: Known<'a>) {
        for test in tests {
            match test {
                Test::Any => {}
                Test::Not(tests) => self.tests(tests, value),
                Test::Compare(op, with) => {
                    let known = self.code(with);
                    self.compared(with.span, *op, value, known);
                }
                Test::Condition(code) => {
                    self.code(code);
                }
                Test::Value(code) => {
                    let known = self.code(code);
                    self.member(code, value, known);
                }
            }
        }
    }

    /// A list or a boolean tells something of every value; a range of what has an order with its
    /// ends. A range that could not be made is null, but another null is equal to null, or not.
    fn member(&mut self, code: &'a Code, value: Known<'a>, with: Known<'a>) {
        let literal = matches!(code.kind, Kind::Range(_));
        if with.kinds == Kinds::RANGE || literal {
            if !value.kinds.orderable().has(with.items) {
                let (a, b) = (value.described(), with.items.described());
                let message = format!(
                    "{a} cannot be compared with the ends of the range, {b}; the result is null"
                );
                self.warn(code.span, message, None);
            }
        } else if !with.kinds.has(Kinds::LIST | Kinds::BOOL | Kinds::RANGE) {
            self.compared(code.span, Op::Eq, value, with);
        }
    }
}

/// The comparison of such values may give more than null.
fn comparable(op: Op, left: Kinds, right: Kinds) -> bool {
    match op {
        Op::Eq | Op::Ne => left.has(right) || (left | right).has(Kinds::NULL),
        _ => left.orderable().has(right),
    }
}

/// What to write where a text stands beside what has a constructor.
fn conversion(left: Kinds, right: Kinds) -> Option<&'static str> {
    if !(left | right).has(Kinds::STRING) {
        return None;
    }
    super::made_of_text((left | right).without(Kinds::STRING | Kinds::NULL))
}

/// What the operator gives for such values, short of null.
fn computed(op: Op, left: Kinds, right: Kinds) -> Kinds {
    if left == Kinds::ALL && right == Kinds::ALL {
        return Kinds::ALL;
    }
    let mut kinds = Kinds::NONE;
    for a in left.each() {
        for b in right.each() {
            kinds = kinds | result(op, a, b);
        }
    }
    kinds
}

fn result(op: Op, left: Kinds, right: Kinds) -> Kinds {
    const NUMBER: Kinds = Kinds::NUMBER;
    const DAYS: Kinds = Kinds::DAY_TIME;
    const MONTHS: Kinds = Kinds::YEAR_MONTH;
    const DATE: Kinds = Kinds::DATE;
    const DATE_TIME: Kinds = Kinds::DATE_TIME;
    const TIME: Kinds = Kinds::TIME;
    match (op, left, right) {
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow, NUMBER, NUMBER)
        | (Op::Div, DAYS, DAYS)
        | (Op::Div, MONTHS, MONTHS) => NUMBER,
        (Op::Add | Op::Sub, DAYS, DAYS)
        | (Op::Sub, DATE | DATE_TIME, DATE | DATE_TIME)
        | (Op::Sub, TIME, TIME) => DAYS,
        (Op::Add, Kinds::STRING, Kinds::STRING) => Kinds::STRING,
        (Op::Add | Op::Sub, MONTHS, MONTHS) => MONTHS,
        (Op::Add | Op::Sub, DATE | DATE_TIME, DAYS | MONTHS)
        | (Op::Add | Op::Sub, TIME, DAYS)
        | (Op::Mul | Op::Div, DAYS | MONTHS, NUMBER) => left,
        (Op::Add, DAYS | MONTHS, DATE | DATE_TIME)
        | (Op::Add, DAYS, TIME)
        | (Op::Mul, NUMBER, DAYS | MONTHS) => right,
        _ => Kinds::NONE,
    }
}

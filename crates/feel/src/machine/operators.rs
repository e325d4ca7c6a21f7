//! Arithmetic and comparison of values (DMN 1.5, tables 49 to 56).

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Frame, Machine, cost};
use crate::code::Code;
use crate::syntax::ast::Op;
use crate::temporal::{DateTime, DayTime, YearMonth};
use crate::value::{Range, Value};
use crate::{Number, STRING_BYTES_MAX};

impl Machine {
    pub(super) fn arithmetic(
        &mut self,
        frame: &Frame<'_>,
        first: &Code,
        rest: &[(Op, Code)],
    ) -> Value {
        let mut left = self.eval(frame, first);
        for (op, operand) in rest {
            let right = self.eval(frame, operand);
            if let (Op::Pow, Value::Number(exponent)) = (op, &right) {
                self.charge(if exponent.is_whole() { cost::WHOLE_POWER } else { cost::POWER });
            }
            left = match computed(*op, &left, &right) {
                Some(value) => value,
                None => self.uncomputed(frame, first, *op, operand, &left, &right),
            };
            if let Value::String(text) = &left {
                self.charge(text.len() / 64);
            }
        }
        left
    }

    #[cold]
    fn uncomputed(
        &mut self,
        frame: &Frame<'_>,
        first: &Code,
        op: Op,
        operand: &Code,
        left: &Value,
        right: &Value,
    ) -> Value {
        let cause = if left.is_null() { left.why() } else { right.why() };
        let span = first.span.to(operand.span);
        self.null(span, cause, true, || {
            let text = frame.source.get(span.range()).unwrap_or_default();
            if explained(left) || explained(right) {
                return format!("`{text}` is null");
            }
            let why = reason(op, left, right);
            format!("`{text}` is null: {why}")
        })
    }

    pub(super) fn comparison(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        op: Op,
        sides: &(Code, Code),
    ) -> Value {
        let (left, right) = (self.eval(frame, &sides.0), self.eval(frame, &sides.1));
        self.compared(frame, code, op, &left, &right)
    }

    pub(super) fn compared(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        op: Op,
        left: &Value,
        right: &Value,
    ) -> Value {
        let verdict = match op {
            Op::Eq | Op::Ne => {
                let cost = left.size().min(right.size());
                if cost > 8 {
                    self.charge(usize::try_from(cost).unwrap_or(usize::MAX));
                }
                equal(left, right).map(|equal| equal == (op == Op::Eq))
            }
            Op::Lt => order(left, right).map(Ordering::is_lt),
            Op::Le => order(left, right).map(Ordering::is_le),
            Op::Gt => order(left, right).map(Ordering::is_gt),
            Op::Ge => order(left, right).map(Ordering::is_ge),
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => None,
        };
        match verdict {
            Some(verdict) => Value::Bool(verdict),
            None => self.incomparable(frame, code, op, left, right),
        }
    }

    #[cold]
    fn incomparable(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        op: Op,
        left: &Value,
        right: &Value,
    ) -> Value {
        let null = left.is_null() || right.is_null();
        let cause = if left.is_null() { left.why() } else { right.why() };
        // A missing value makes an unknown one, as SQL has it; two kinds are a mistake.
        self.null(code.span, cause, !null, || {
            if explained(left) || explained(right) {
                return format!("`{}` is null", Self::text(frame, code));
            }
            format!(
                "`{}` is null: a {} cannot be compared with a {} by `{}`",
                Self::text(frame, code),
                left.type_name(),
                right.type_name(),
                op.symbol()
            )
        })
    }

    pub(super) fn between(
        &mut self,
        frame: &Frame<'_>,
        code: &Code,
        operands: &(Code, Code, Code),
    ) -> Value {
        let value = self.eval(frame, &operands.0);
        let (low, high) = (self.eval(frame, &operands.1), self.eval(frame, &operands.2));
        let above = self.compared(frame, code, Op::Ge, &value, &low);
        let below = self.compared(frame, code, Op::Le, &value, &high);
        match (above.as_bool(), below.as_bool()) {
            (Some(true), Some(true)) => Value::Bool(true),
            (Some(false), _) | (_, Some(false)) => Value::Bool(false),
            (None, _) => above,
            (_, None) => below,
        }
    }
}

/// Whether two values are equal: kinds that differ cannot be said to be (DMN 1.5, table 53).
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Null(_), Value::Null(_)) => Some(true),
        (Value::Null(_), _) | (_, Value::Null(_)) => Some(false),
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => Some(left == right),
        _ => None,
    }
}

/// Which of two values of one kind comes first; `None` if the kind has no order or they differ.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => a.compare(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.compare(b),
        (Value::Date(a), Value::DateTime(b)) => DateTime::from(*a).compare(b),
        (Value::DateTime(a), Value::Date(b)) => a.compare(&DateTime::from(*b)),
        (Value::DayTime(a), Value::DayTime(b)) => Some(a.cmp(b)),
        (Value::YearMonth(a), Value::YearMonth(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether a value is in a range; `None` if it cannot be compared with an end.
pub(crate) fn contains(range: &Range, value: &Value) -> Option<bool> {
    let above = match &range.low {
        None => true,
        Some(low) => match order(value, low)? {
            Ordering::Greater => true,
            Ordering::Equal => range.low_included,
            Ordering::Less => false,
        },
    };
    let below = match &range.high {
        None => true,
        Some(high) => match order(value, high)? {
            Ordering::Less => true,
            Ordering::Equal => range.high_included,
            Ordering::Greater => false,
        },
    };
    Some(above && below)
}

/// A range, if its ends are of one kind that has an order, the low one not above the high one.
pub(crate) fn range_of(range: Range) -> Result<Value, &'static str> {
    let orders = |end: &Value| order(end, end).is_some();
    match (&range.low, &range.high) {
        (Some(low), Some(high)) => match order(low, high) {
            Some(Ordering::Greater) => return Err("its low end is above its high end"),
            Some(Ordering::Less | Ordering::Equal) => {}
            None => return Err("its ends cannot be compared"),
        },
        (Some(end), None) | (None, Some(end)) if orders(end) => {}
        (Some(_), None) | (None, Some(_)) => return Err("its end is of a kind without an order"),
        (None, None) => return Err("it has no ends"),
    }
    Ok(Value::Range(Arc::new(range)))
}

fn computed(op: Op, left: &Value, right: &Value) -> Option<Value> {
    if let (Value::Number(a), Value::Number(b)) = (left, right) {
        let number = match op {
            Op::Add => a.plus(*b),
            Op::Sub => a.minus(*b),
            Op::Mul => a.times(*b),
            Op::Div => a.over(*b),
            Op::Pow => a.pow(*b),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => None,
        };
        return number.map(Value::Number);
    }
    match op {
        Op::Add => sum(left, right).or_else(|| sum(right, left).filter(|_| commutes(left, right))),
        Op::Sub => difference(left, right),
        Op::Mul => product(left, right).or_else(|| product(right, left)),
        Op::Div => quotient(left, right),
        Op::Pow | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => None,
    }
}

/// A duration may stand on either side of what it is added to; texts may not be swapped.
fn commutes(left: &Value, right: &Value) -> bool {
    matches!(left, Value::DayTime(_) | Value::YearMonth(_)) && !matches!(right, Value::String(_))
}

fn sum(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::String(a), Value::String(b)) => {
            if a.len() + b.len() > STRING_BYTES_MAX {
                return None;
            }
            Value::String([&**a, &**b].concat().into())
        }
        (Value::DayTime(a), Value::DayTime(b)) => Value::DayTime(a.plus(*b)?),
        (Value::YearMonth(a), Value::YearMonth(b)) => Value::YearMonth(a.plus(*b)?),
        (Value::Date(date), Value::DayTime(duration)) => Value::Date(date.plus(*duration)?),
        (Value::Date(date), Value::YearMonth(duration)) => {
            Value::Date(date.plus_months(duration.total_months())?)
        }
        (Value::Time(time), Value::DayTime(duration)) => {
            Value::Time(Arc::new(time.plus(*duration)))
        }
        (Value::DateTime(at), Value::DayTime(duration)) => {
            Value::DateTime(Arc::new(at.plus(*duration)?))
        }
        (Value::DateTime(at), Value::YearMonth(duration)) => {
            Value::DateTime(Arc::new(at.plus_months(*duration)?))
        }
        _ => return None,
    })
}

fn difference(left: &Value, right: &Value) -> Option<Value> {
    let at = |value: &Value| match value {
        Value::Date(date) => Some(DateTime::from(*date)),
        Value::DateTime(at) => Some((**at).clone()),
        _ => None,
    };
    match (left, right) {
        (Value::Time(a), Value::Time(b)) => a.minus(b).map(Value::DayTime),
        (Value::Date(_) | Value::DateTime(_), Value::Date(_) | Value::DateTime(_)) => {
            at(left)?.minus(&at(right)?).map(Value::DayTime)
        }
        (_, Value::DayTime(duration)) => sum(left, &Value::DayTime(duration.negated())),
        (_, Value::YearMonth(duration)) => sum(left, &Value::YearMonth(duration.negated())),
        _ => None,
    }
}

fn product(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::DayTime(duration), Value::Number(factor)) => {
            let nanos = whole_number(duration.total_nanos())?.times(*factor)?;
            DayTime::from_nanos(truncated(nanos)?).map(Value::DayTime)
        }
        (Value::YearMonth(duration), Value::Number(factor)) => {
            let months = Number::from(duration.total_months()).times(*factor)?;
            year_month(months)
        }
        _ => None,
    }
}

fn quotient(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::DayTime(duration), Value::Number(divisor)) => {
            let nanos = whole_number(duration.total_nanos())?.over(*divisor)?;
            DayTime::from_nanos(truncated(nanos)?).map(Value::DayTime)
        }
        (Value::YearMonth(duration), Value::Number(divisor)) => {
            year_month(Number::from(duration.total_months()).over(*divisor)?)
        }
        (Value::DayTime(a), Value::DayTime(b)) => {
            let quotient = whole_number(a.total_nanos())?.over(whole_number(b.total_nanos())?)?;
            Some(Value::Number(quotient))
        }
        (Value::YearMonth(a), Value::YearMonth(b)) => {
            let quotient = Number::from(a.total_months()).over(Number::from(b.total_months()))?;
            Some(Value::Number(quotient))
        }
        _ => None,
    }
}

fn whole_number(value: i128) -> Option<Number> {
    Number::parse(&value.to_string())
}

fn truncated(number: Number) -> Option<i128> {
    number.round(0, crate::Round::Down)?.as_i128()
}

fn year_month(months: Number) -> Option<Value> {
    let months = i64::try_from(truncated(months)?).ok()?;
    YearMonth::from_months(months).map(Value::YearMonth)
}

/// It is null, and says why itself.
fn explained(value: &Value) -> bool {
    value.is_null() && !value.why().is_none()
}

/// Why two values could not be computed with.
fn reason(op: Op, left: &Value, right: &Value) -> String {
    let zero = |value: &Value| match value {
        Value::Number(number) => number.is_zero(),
        Value::DayTime(duration) => duration.total_nanos() == 0,
        Value::YearMonth(duration) => duration.total_months() == 0,
        _ => false,
    };
    let same = std::mem::discriminant(left) == std::mem::discriminant(right);
    match op {
        Op::Div if zero(right) && !left.is_null() => "it would divide by zero".into(),
        Op::Add if matches!((left, right), (Value::String(_), Value::String(_))) => {
            format!("the text would be longer than {STRING_BYTES_MAX} bytes")
        }
        Op::Add
            if !left.is_null()
                && !right.is_null()
                && (matches!(left, Value::String(_)) || matches!(right, Value::String(_))) =>
        {
            format!(
                "a {} and a {} cannot be joined; make both texts with string(...)",
                left.type_name(),
                right.type_name()
            )
        }
        _ if same && matches!(left, Value::Number(_)) => {
            "the result is no number, or has too many digits".into()
        }
        _ => format!(
            "a {} and a {} cannot be computed with `{}`",
            left.type_name(),
            right.type_name(),
            op.symbol()
        ),
    }
}

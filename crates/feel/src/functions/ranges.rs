//! How points and ranges lie to each other (DMN 1.5, table 80).

use std::cmp::Ordering;

use super::{Answer, Args, Trouble};
use crate::machine::{Machine, contains, order};
use crate::value::{Range, Value};

/// A point, or a range with both ends.
enum Side<'a> {
    Point(&'a Value),
    Range { range: &'a Range, low: &'a Value, high: &'a Value },
}

fn side<'a>(args: &Args<'a>, at: usize) -> Result<Side<'a>, Trouble> {
    let single = match args.get(at) {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    };
    match single {
        Value::Range(range) => match (&range.low, &range.high) {
            (Some(low), Some(high)) => Ok(Side::Range { range, low, high }),
            _ => Err(args.unfit(at, "a range with two ends")),
        },
        point if order(point, point).is_some() => Ok(Side::Point(point)),
        _ => Err(args.unfit(at, "a point or a range")),
    }
}

fn ordered(a: &Value, b: &Value) -> Result<Ordering, Trouble> {
    order(a, b).ok_or_else(|| {
        format!("cannot compare a {} with a {}", a.type_name(), b.type_name()).into()
    })
}

fn ranges<'a>(args: &Args<'a>) -> Result<[(&'a Range, &'a Value, &'a Value); 2], Trouble> {
    let one = |at: usize| match side(args, at)? {
        Side::Range { range, low, high } => Ok((range, low, high)),
        Side::Point(_) => Err(args.unfit(at, "a range")),
    };
    Ok([one(0)?, one(1)?])
}

fn is_before(a: &Side<'_>, b: &Side<'_>) -> Result<bool, Trouble> {
    let (end, end_included) = match a {
        Side::Point(point) => (*point, true),
        Side::Range { range, high, .. } => (*high, range.high_included),
    };
    let (start, start_included) = match b {
        Side::Point(point) => (*point, true),
        Side::Range { range, low, .. } => (*low, range.low_included),
    };
    Ok(match ordered(end, start)? {
        Ordering::Less => true,
        Ordering::Equal => !end_included || !start_included,
        Ordering::Greater => false,
    })
}

pub(super) fn before(_: &mut Machine, args: &Args<'_>) -> Answer {
    is_before(&side(args, 0)?, &side(args, 1)?).map(Value::Bool)
}

pub(super) fn after(_: &mut Machine, args: &Args<'_>) -> Answer {
    is_before(&side(args, 1)?, &side(args, 0)?).map(Value::Bool)
}

type Both<'a> = [(&'a Range, &'a Value, &'a Value); 2];

fn swapped(args: &Args<'_>, holds: fn(Both<'_>) -> Result<bool, Trouble>) -> Answer {
    let [a, b] = ranges(args)?;
    holds([b, a]).map(Value::Bool)
}

fn do_meet([(a, _, a_high), (b, b_low, _)]: Both<'_>) -> Result<bool, Trouble> {
    Ok(a.high_included && b.low_included && ordered(a_high, b_low)?.is_eq())
}

pub(super) fn meets(_: &mut Machine, args: &Args<'_>) -> Answer {
    do_meet(ranges(args)?).map(Value::Bool)
}

pub(super) fn met_by(_: &mut Machine, args: &Args<'_>) -> Answer {
    swapped(args, do_meet)
}

/// The low ends, an included one before one that is not.
fn low_ends(
    (a, a_low, _): (&Range, &Value, &Value),
    (b, b_low, _): (&Range, &Value, &Value),
) -> Result<Ordering, Trouble> {
    Ok(ordered(a_low, b_low)?.then_with(|| b.low_included.cmp(&a.low_included)))
}

/// The high ends, an included one behind one that is not.
fn high_ends(
    (a, _, a_high): (&Range, &Value, &Value),
    (b, _, b_high): (&Range, &Value, &Value),
) -> Result<Ordering, Trouble> {
    Ok(ordered(a_high, b_high)?.then_with(|| a.high_included.cmp(&b.high_included)))
}

/// They have at least one point in common.
fn touch([a, b]: Both<'_>) -> Result<bool, Trouble> {
    let reaches = |(x, _, x_high): (&Range, &Value, &Value),
                   (y, y_low, _): (&Range, &Value, &Value)| {
        Ok::<_, Trouble>(match ordered(x_high, y_low)? {
            Ordering::Greater => true,
            Ordering::Equal => x.high_included && y.low_included,
            Ordering::Less => false,
        })
    };
    Ok(reaches(a, b)? && reaches(b, a)?)
}

pub(super) fn overlaps(_: &mut Machine, args: &Args<'_>) -> Answer {
    touch(ranges(args)?).map(Value::Bool)
}

fn do_overlap_before([a, b]: Both<'_>) -> Result<bool, Trouble> {
    Ok(touch([a, b])? && low_ends(a, b)?.is_lt() && high_ends(a, b)?.is_le())
}

pub(super) fn overlaps_before(_: &mut Machine, args: &Args<'_>) -> Answer {
    do_overlap_before(ranges(args)?).map(Value::Bool)
}

fn do_overlap_after([a, b]: Both<'_>) -> Result<bool, Trouble> {
    Ok(touch([a, b])? && low_ends(a, b)?.is_ge() && high_ends(a, b)?.is_gt())
}

pub(super) fn overlaps_after(_: &mut Machine, args: &Args<'_>) -> Answer {
    do_overlap_after(ranges(args)?).map(Value::Bool)
}

fn does_finish(a: &Side<'_>, b: &Side<'_>) -> Result<bool, Trouble> {
    match (a, b) {
        (Side::Point(point), Side::Range { range, high, .. }) => {
            Ok(range.high_included && ordered(point, high)?.is_eq())
        }
        (
            Side::Range { range: a, low: a_low, high: a_high },
            Side::Range { range: b, low: b_low, high: b_high },
        ) => Ok(ordered(a_high, b_high)?.is_eq()
            && a.high_included == b.high_included
            && low_ends((a, a_low, a_high), (b, b_low, b_high))?.is_ge()),
        (Side::Point(_) | Side::Range { .. }, Side::Point(_)) => {
            Err("expects a range to finish".into())
        }
    }
}

pub(super) fn finishes(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_finish(&side(args, 0)?, &side(args, 1)?).map(Value::Bool)
}

pub(super) fn finished_by(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_finish(&side(args, 1)?, &side(args, 0)?).map(Value::Bool)
}

fn does_start(a: &Side<'_>, b: &Side<'_>) -> Result<bool, Trouble> {
    match (a, b) {
        (Side::Point(point), Side::Range { range, low, .. }) => {
            Ok(range.low_included && ordered(point, low)?.is_eq())
        }
        (
            Side::Range { range: a, low: a_low, high: a_high },
            Side::Range { range: b, low: b_low, high: b_high },
        ) => Ok(ordered(a_low, b_low)?.is_eq()
            && a.low_included == b.low_included
            && high_ends((a, a_low, a_high), (b, b_low, b_high))?.is_le()),
        (Side::Point(_) | Side::Range { .. }, Side::Point(_)) => {
            Err("expects a range to start".into())
        }
    }
}

pub(super) fn starts(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_start(&side(args, 0)?, &side(args, 1)?).map(Value::Bool)
}

pub(super) fn started_by(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_start(&side(args, 1)?, &side(args, 0)?).map(Value::Bool)
}

fn does_include(a: &Side<'_>, b: &Side<'_>) -> Result<bool, Trouble> {
    match (a, b) {
        (Side::Range { range, .. }, Side::Point(point)) => contains(range, point)
            .ok_or_else(|| format!("cannot compare the range with a {}", point.type_name()).into()),
        (
            Side::Range { range: a, low: a_low, high: a_high },
            Side::Range { range: b, low: b_low, high: b_high },
        ) => {
            let (a, b) = ((*a, *a_low, *a_high), (*b, *b_low, *b_high));
            Ok(low_ends(a, b)?.is_le() && high_ends(a, b)?.is_ge())
        }
        (Side::Point(_), Side::Point(_) | Side::Range { .. }) => {
            Err("expects a range that includes".into())
        }
    }
}

pub(super) fn includes(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_include(&side(args, 0)?, &side(args, 1)?).map(Value::Bool)
}

pub(super) fn during(_: &mut Machine, args: &Args<'_>) -> Answer {
    does_include(&side(args, 1)?, &side(args, 0)?).map(Value::Bool)
}

pub(super) fn coincides(_: &mut Machine, args: &Args<'_>) -> Answer {
    match (side(args, 0)?, side(args, 1)?) {
        (Side::Point(a), Side::Point(b)) => Ok(Value::Bool(ordered(a, b)?.is_eq())),
        (
            Side::Range { range: a, low: a_low, high: a_high },
            Side::Range { range: b, low: b_low, high: b_high },
        ) => {
            let (a, b) = ((a, a_low, a_high), (b, b_low, b_high));
            Ok(Value::Bool(low_ends(a, b)?.is_eq() && high_ends(a, b)?.is_eq()))
        }
        (Side::Point(_), Side::Range { .. }) | (Side::Range { .. }, Side::Point(_)) => {
            Err("expects two points or two ranges".into())
        }
    }
}

//! Functions of lists (DMN 1.5, table 77).

use super::{Answer, Args, Trouble};
use crate::function::Function;
use crate::machine::{Machine, equal};
use crate::value::Value;
use crate::{Number, Round};

pub(super) fn list_contains(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let (list, element) = (args.list(0)?, args.get(1));
    machine.charge(list.len());
    Ok(Value::Bool(list.iter().any(|item| item == element)))
}

pub(super) fn count(_: &mut Machine, args: &Args<'_>) -> Answer {
    let items = args.items()?;
    Ok(Value::from(i64::try_from(items.len()).unwrap_or(i64::MAX)))
}

pub(super) fn is_empty(_: &mut Machine, args: &Args<'_>) -> Answer {
    match args.get(0) {
        Value::Context(context) => Ok(Value::Bool(context.is_empty())),
        _ => Ok(Value::Bool(args.list(0)?.is_empty())),
    }
}

/// The index of a position from 1 (its fraction does not count), or from the end if negative; up to one behind the last if
/// `behind`.
fn index(args: &Args<'_>, at: usize, count: usize, behind: bool) -> Result<usize, Trouble> {
    let position = args.number(at)?.round(0, Round::Down).and_then(Number::as_i64);
    let position = position.ok_or_else(|| args.unfit(at, "a position"))?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let index = match position {
        0 => None,
        1.. => Some(position - 1),
        _ => count.checked_add(position),
    };
    let last = if behind { count } else { count - 1 };
    index
        .filter(|index| (0..=last).contains(index))
        .and_then(|index| usize::try_from(index).ok())
        .ok_or_else(|| format!("has no position {position} in a list of {count}").into())
}

pub(super) fn sublist(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    let start = index(args, 1, list.len(), false)?;
    let length = if args.given(2) {
        usize::try_from(args.whole(2)?).map_err(|_| args.unfit(2, "a length from 0"))?
    } else {
        list.len() - start
    };
    if length > list.len() - start {
        return Err(format!("has no {length} items from there in a list of {}", list.len()).into());
    }
    machine.charge(length);
    Ok(Value::list(list[start..start + length].to_vec()))
}

pub(super) fn append(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = args.list(0)?.to_vec();
    items.extend_from_slice(&args.all()[1..]);
    machine.charge(items.len());
    Ok(Value::list(items))
}

pub(super) fn concatenate(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = Vec::new();
    for at in 0..args.len() {
        items.extend_from_slice(args.list(at)?);
    }
    machine.charge(items.len());
    Ok(Value::list(items))
}

pub(super) fn union(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = Vec::new();
    for at in 0..args.len() {
        items.extend_from_slice(args.list(at)?);
    }
    Ok(Value::list(distinct(machine, &items)))
}

pub(super) fn insert_before(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = args.list(0)?.to_vec();
    let at = index(args, 1, items.len(), true)?;
    items.insert(at, args.get(2).clone());
    machine.charge(items.len());
    Ok(Value::list(items))
}

pub(super) fn remove(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = args.list(0)?.to_vec();
    let at = index(args, 1, items.len(), false)?;
    items.remove(at);
    machine.charge(items.len());
    Ok(Value::list(items))
}

/// By position, or each item for which `match(item, new item)` is true.
pub(super) fn list_replace(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = args.list(0)?.to_vec();
    machine.charge(items.len());
    let new = args.get(2);
    if let Value::Function(function) = args.get(1) {
        if function.arity().is_some_and(|arity| arity != 2) {
            return Err(args.unfit(1, "a function of two parameters, an item and the new item,"));
        }
        for item in &mut items {
            match machine.call(function, vec![item.clone(), new.clone()]) {
                Value::Bool(true) => *item = new.clone(),
                Value::Bool(false) => {}
                other => {
                    return Err(Trouble {
                        message: format!(
                            "needs a match that is true or false, but got a {}",
                            other.type_name()
                        ),
                        cause: other.why(),
                    });
                }
            }
        }
        return Ok(Value::list(items));
    }
    let at = index(args, 1, items.len(), false)?;
    items[at] = new.clone();
    Ok(Value::list(items))
}

pub(super) fn reverse(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    machine.charge(list.len());
    Ok(Value::list(list.iter().rev().cloned().collect()))
}

pub(super) fn index_of(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let (list, wanted) = (args.list(0)?, args.get(1));
    machine.charge(list.len());
    let positions = list.iter().enumerate().filter(|(_, item)| *item == wanted);
    let positions = positions.map(|(at, _)| Value::from(i64::try_from(at + 1).unwrap_or(i64::MAX)));
    Ok(Value::list(positions.collect()))
}

/// Without those that came before; compared with each, so it costs their product in steps.
fn distinct(machine: &mut Machine, items: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !machine.charge(1 + kept.len() / 16) {
            break;
        }
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

pub(super) fn distinct_values(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    Ok(Value::list(distinct(machine, list)))
}

pub(super) fn duplicate_values(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    let mut repeated: Vec<Value> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        if !machine.charge(1 + at / 16) {
            break;
        }
        if list[..at].contains(item) && !repeated.contains(item) {
            repeated.push(item.clone());
        }
    }
    Ok(Value::list(repeated))
}

pub(super) fn flatten(machine: &mut Machine, args: &Args<'_>) -> Answer {
    fn collect(machine: &mut Machine, items: &[Value], flat: &mut Vec<Value>) {
        for item in items {
            if !machine.charge(1) {
                return;
            }
            match item {
                Value::List(inner) => collect(machine, inner, flat),
                other => flat.push(other.clone()),
            }
        }
    }
    let mut flat = Vec::new();
    collect(machine, args.list(0)?, &mut flat);
    Ok(Value::list(flat))
}

pub(super) fn partition(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    let size = usize::try_from(args.whole(1)?).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| args.unfit(1, "a size from 1"))?;
    machine.charge(list.len());
    Ok(Value::list(list.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect()))
}

/// Stable, in `n log n` calls of `precedes`, whatever that answers.
pub(super) fn sort(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut items = args.list(0)?.to_vec();
    if !args.given(1) {
        return sort_naturally(items);
    }
    let Value::Function(precedes) = args.get(1) else {
        return Err(
            args.unfit(1, "a function of two items that says whether the first comes first")
        );
    };
    if precedes.arity().is_some_and(|arity| arity != 2) {
        return Err(args.unfit(1, "a function of two items"));
    }
    let mut width = 1;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(width * 2) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            merge(machine, precedes, left, right, &mut merged)?;
        }
        items = merged;
        width *= 2;
    }
    Ok(Value::list(items))
}

fn merge(
    machine: &mut Machine,
    precedes: &Function,
    mut left: &[Value],
    mut right: &[Value],
    merged: &mut Vec<Value>,
) -> Result<(), Trouble> {
    while let (Some((a, left_rest)), Some((b, right_rest))) =
        (left.split_first(), right.split_first())
    {
        // The right one comes first only if it says so: equal items keep their order.
        let right_first = match machine.call(precedes, vec![b.clone(), a.clone()]) {
            Value::Bool(first) => first,
            other => {
                return Err(Trouble {
                    message: format!(
                        "needs a function that says true or false, but got a {}",
                        other.type_name()
                    ),
                    cause: other.why(),
                });
            }
        };
        if right_first {
            merged.push(b.clone());
            right = right_rest;
        } else {
            merged.push(a.clone());
            left = left_rest;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

fn sort_naturally(mut items: Vec<Value>) -> Answer {
    let comparable =
        items.windows(2).all(|pair| crate::machine::order(&pair[0], &pair[1]).is_some());
    if !comparable {
        return Err("needs a function as its second argument: the items have no order".into());
    }
    items.sort_by(|a, b| crate::machine::order(a, b).unwrap_or(std::cmp::Ordering::Equal));
    Ok(Value::list(items))
}

/// Equal in kind, value and zone (DMN 1.5, table 81).
pub(super) fn is(_: &mut Machine, args: &Args<'_>) -> Answer {
    let (a, b) = (args.get(0), args.get(1));
    Ok(Value::Bool(match (a, b) {
        (Value::Time(a), Value::Time(b)) => a.is_same(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.is_same(b),
        (a, b) => equal(a, b) == Some(true),
    }))
}

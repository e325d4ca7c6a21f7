//! Sums and statistics of numbers, smallest and largest, `all` and `any` (DMN 1.5, table 77).

use std::cmp::Ordering;

use super::{Answer, Args, Trouble};
use crate::Number;
use crate::machine::{Machine, cost, order};
use crate::notes::Why;
use crate::value::Value;

fn numbers(machine: &mut Machine, args: &Args<'_>) -> Result<Vec<Number>, Trouble> {
    let items = args.items()?;
    machine.charge(items.len());
    if items.is_empty() {
        return Err("has no numbers to compute with: the list is empty".into());
    }
    items.iter().map(|item| item.as_number().ok_or_else(|| not_a("number", item))).collect()
}

fn not_a(wanted: &str, item: &Value) -> Trouble {
    Trouble {
        message: format!(
            "expects only {wanted}s, but got the {} {}",
            item.type_name(),
            crate::notes::shortened(item)
        ),
        cause: item.why(),
    }
}

fn too_large() -> Trouble {
    "gives a number that is too large".into()
}

fn total(numbers: &[Number]) -> Result<Number, Trouble> {
    let total = numbers.iter().try_fold(Number::ZERO, |sum, number| sum.plus(*number));
    total.ok_or_else(too_large)
}

pub(super) fn sum(machine: &mut Machine, args: &Args<'_>) -> Answer {
    total(&numbers(machine, args)?).map(Value::Number)
}

pub(super) fn product(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let numbers = numbers(machine, args)?;
    let product = numbers.iter().try_fold(Number::from(1), |all, number| all.times(*number));
    product.map(Value::Number).ok_or_else(too_large)
}

fn count_of(numbers: &[Number]) -> Number {
    Number::from(i64::try_from(numbers.len()).unwrap_or(i64::MAX))
}

fn average(numbers: &[Number]) -> Result<Number, Trouble> {
    total(numbers)?.over(count_of(numbers)).ok_or_else(too_large)
}

pub(super) fn mean(machine: &mut Machine, args: &Args<'_>) -> Answer {
    average(&numbers(machine, args)?).map(Value::Number)
}

pub(super) fn median(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let mut numbers = numbers(machine, args)?;
    numbers.sort_unstable();
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        return Ok(Value::Number(numbers[middle]));
    }
    average(&numbers[middle - 1..=middle]).map(Value::Number)
}

/// The standard deviation of a sample.
pub(super) fn stddev(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let numbers = numbers(machine, args)?;
    if numbers.len() < 2 {
        return Err("needs at least two numbers".into());
    }
    let average = average(&numbers)?;
    let squares = numbers.iter().map(|number| {
        let away = number.minus(average)?;
        away.times(away)
    });
    let squares: Option<Vec<Number>> = squares.collect();
    let total = total(&squares.ok_or_else(too_large)?)?;
    let variance = total.over(count_of(&numbers[1..])).ok_or_else(too_large)?;
    machine.charge(cost::ROOT);
    variance.sqrt().map(Value::Number).ok_or_else(too_large)
}

/// The most frequent numbers, smallest first; of nothing, nothing.
pub(super) fn mode(machine: &mut Machine, args: &Args<'_>) -> Answer {
    if args.items()?.is_empty() {
        return Ok(Value::list(Vec::new()));
    }
    let mut numbers = numbers(machine, args)?;
    numbers.sort_unstable();
    let runs: Vec<&[Number]> = numbers.chunk_by(|a, b| a == b).collect();
    let most = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    let modes = runs.iter().filter(|run| run.len() == most).map(|run| Value::Number(run[0]));
    Ok(Value::list(modes.collect()))
}

fn extreme(machine: &mut Machine, args: &Args<'_>, wanted: Ordering) -> Answer {
    let items = args.items()?;
    machine.charge(items.len());
    let Some((first, rest)) = items.split_first() else {
        return Err("has nothing to choose from: the list is empty".into());
    };
    let mut best = first;
    if order(first, first).is_none() {
        return Err(uncomparable(first, first));
    }
    for item in rest {
        let found = order(item, best).ok_or_else(|| uncomparable(item, best))?;
        if found == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

fn uncomparable(a: &Value, b: &Value) -> Trouble {
    Trouble {
        message: format!("cannot compare a {} with a {}", a.type_name(), b.type_name()),
        cause: if a.is_null() { a.why() } else { b.why() },
    }
}

pub(super) fn min(machine: &mut Machine, args: &Args<'_>) -> Answer {
    extreme(machine, args, Ordering::Less)
}

pub(super) fn max(machine: &mut Machine, args: &Args<'_>) -> Answer {
    extreme(machine, args, Ordering::Greater)
}

/// `decides` as soon as one item is; else null if one is no boolean (DMN 1.5, table 77).
fn all_or_any(machine: &mut Machine, args: &Args<'_>, decides: bool) -> Answer {
    let items = args.items()?;
    machine.charge(items.len());
    let mut unknown: Option<&Value> = None;
    for item in items {
        match item {
            Value::Bool(value) if *value == decides => return Ok(Value::Bool(decides)),
            Value::Bool(_) => {}
            other => {
                unknown.get_or_insert(other);
            }
        }
    }
    match unknown {
        None => Ok(Value::Bool(!decides)),
        Some(Value::Null(why)) => Err(Trouble {
            message: "depends on an item that is null".into(),
            cause: Why::clone(why),
        }),
        Some(other) => Err(not_a("boolean", other)),
    }
}

pub(super) fn all(machine: &mut Machine, args: &Args<'_>) -> Answer {
    all_or_any(machine, args, false)
}

pub(super) fn any(machine: &mut Machine, args: &Args<'_>) -> Answer {
    all_or_any(machine, args, true)
}

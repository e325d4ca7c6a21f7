//! Functions of contexts (DMN 1.5, table 83).

use std::sync::Arc;

use super::{Answer, Args, Trouble};
use crate::machine::Machine;
use crate::value::{Context, Value};

/// By a key, or by a list of keys from the outside inwards.
pub(super) fn get_value(_: &mut Machine, args: &Args<'_>) -> Answer {
    let context = args.context(0)?;
    let absent = |key: &str, context: &Context| {
        Trouble::from(format!(
            "finds no entry `{key}`; there are {}",
            crate::nearest::listed(context.iter().map(|(name, _)| &**name))
        ))
    };
    match args.get(1) {
        Value::String(key) => context.get(key).cloned().ok_or_else(|| absent(key, context)),
        Value::List(keys) => {
            let mut value: Option<&Value> = None;
            for (at, key) in keys.iter().enumerate() {
                let key = key.as_str().ok_or_else(|| args.unfit(1, "a list of strings"))?;
                let inside = match value {
                    None if at == 0 => context,
                    Some(Value::Context(inside)) => inside,
                    Some(_) | None => {
                        return Err(format!("finds no context to hold `{key}`").into());
                    }
                };
                value = Some(inside.get(key).ok_or_else(|| absent(key, inside))?);
            }
            value.cloned().ok_or_else(|| args.unfit(1, "at least one key"))
        }
        _ => Err(args.unfit(1, "a string, or a list of strings,")),
    }
}

pub(super) fn get_entries(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let context = args.context(0)?;
    machine.charge(context.len());
    let entries = context.iter().map(|(name, value)| {
        let entry: Context =
            [("key", Value::String(name.clone())), ("value", value.clone())].into_iter().collect();
        Value::context(entry)
    });
    Ok(Value::list(entries.collect()))
}

/// From a list of contexts with `key` and `value`.
pub(super) fn context(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let entries = args.list(0)?;
    machine.charge(entries.len());
    let mut built = Context::default();
    for entry in entries {
        let entry = entry.as_context().ok_or_else(|| args.unfit(0, "a list of contexts"))?;
        let (Some(Value::String(key)), Some(value)) = (entry.get("key"), entry.get("value")) else {
            return Err("expects each entry to have a string `key` and a `value`".into());
        };
        if built.get(key).is_some() {
            return Err(format!("got two entries with the key `{key}`").into());
        }
        built.set(key.clone(), value.clone());
    }
    Ok(Value::context(built))
}

/// Sets an entry by its key, or by the keys of the contexts around it and its own.
pub(super) fn context_put(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let context = args.context(0)?;
    machine.charge(context.len());
    match args.get(1) {
        Value::String(key) => {
            let mut changed = context.clone();
            changed.set(key.clone(), args.get(2).clone());
            Ok(Value::context(changed))
        }
        Value::List(keys) => {
            let keys: Option<Vec<&str>> = keys.iter().map(Value::as_str).collect();
            let keys = keys.filter(|keys| !keys.is_empty());
            let keys = keys.ok_or_else(|| args.unfit(1, "a list of at least one string"))?;
            put_path(context, &keys, args.get(2))
        }
        _ => Err(args.unfit(1, "a string, or a list of strings,")),
    }
}

fn put_path(context: &Context, keys: &[&str], value: &Value) -> Answer {
    let Some((first, rest)) = keys.split_first() else { return Ok(value.clone()) };
    let inner = if rest.is_empty() {
        value.clone()
    } else {
        match context.get(first) {
            Some(Value::Context(inner)) => put_path(inner, rest, value)?,
            None | Some(Value::Null(_)) => put_path(&Context::default(), rest, value)?,
            Some(other) => {
                return Err(format!(
                    "cannot set an entry of `{first}`, which is a {}",
                    other.type_name()
                )
                .into());
            }
        }
    };
    let mut changed = context.clone();
    changed.set(Arc::from(*first), inner);
    Ok(Value::context(changed))
}

/// All entries; of those with one name the last counts.
pub(super) fn context_merge(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let contexts = args.items()?;
    let mut merged = Context::default();
    for (at, context) in contexts.iter().enumerate() {
        let context =
            context.as_context().ok_or_else(|| args.unfit(at.min(args.len() - 1), "contexts"))?;
        machine.charge(context.len());
        for (name, value) in context.iter() {
            merged.set(name.clone(), value.clone());
        }
    }
    Ok(Value::context(merged))
}

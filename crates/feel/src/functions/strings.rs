//! Functions of strings (DMN 1.5, table 76). Positions and lengths count characters.

use std::borrow::Cow;

use super::{Answer, Args, Pattern, Trouble};
use crate::machine::Machine;
use crate::value::Value;
use crate::{Round, STRING_BYTES_MAX};

fn charge(machine: &mut Machine, bytes: usize) {
    machine.charge(bytes / 64);
}

fn whole_text(text: String) -> Answer {
    if text.len() > STRING_BYTES_MAX {
        return Err(format!("gives a text of over {STRING_BYTES_MAX} bytes").into());
    }
    Ok(Value::text(text))
}

fn length_of(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

pub(super) fn substring(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    let start = args.number(1)?.round(0, Round::Down).and_then(crate::Number::as_i64);
    let start = start.ok_or_else(|| args.unfit(1, "a position"))?;
    let count = length_of(text);
    let from = match start {
        0 => return Err(args.unfit(1, "a position from 1, or from the end if negative,")),
        1.. => start - 1,
        _ => count.saturating_add(start).max(0),
    };
    let length = if args.given(2) {
        let length = args.number(2)?.round(0, Round::Down).and_then(crate::Number::as_i64);
        length.filter(|length| *length >= 1).ok_or_else(|| args.unfit(2, "a length from 1"))?
    } else {
        count
    };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(Value::text(text.chars().skip(from).take(length).collect::<String>()))
}

pub(super) fn string_length(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    Ok(Value::from(length_of(text)))
}

pub(super) fn upper_case(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    whole_text(text.to_uppercase())
}

pub(super) fn lower_case(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    whole_text(text.to_lowercase())
}

pub(super) fn trim(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::text(args.string(0)?.trim()))
}

pub(super) fn is_blank(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::Bool(args.string(0)?.trim().is_empty()))
}

pub(super) fn substring_before(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let (text, wanted) = (args.string(0)?, args.string(1)?);
    charge(machine, text.len());
    Ok(Value::text(text.split_once(wanted).map_or("", |(before, _)| before)))
}

pub(super) fn substring_after(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let (text, wanted) = (args.string(0)?, args.string(1)?);
    charge(machine, text.len());
    Ok(Value::text(text.split_once(wanted).map_or("", |(_, after)| after)))
}

pub(super) fn contains(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    Ok(Value::Bool(text.contains(args.string(1)?)))
}

pub(super) fn starts_with(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::Bool(args.string(0)?.starts_with(args.string(1)?)))
}

pub(super) fn ends_with(_: &mut Machine, args: &Args<'_>) -> Answer {
    Ok(Value::Bool(args.string(0)?.ends_with(args.string(1)?)))
}

/// The pattern of the call, compiled with it or now.
fn pattern<'a>(
    machine: &mut Machine,
    args: &Args<'a>,
    at: usize,
    flags: Option<usize>,
) -> Result<Cow<'a, Pattern>, Trouble> {
    if let Some(pattern) = args.pattern {
        return Ok(Cow::Borrowed(pattern));
    }
    let text = args.string(at)?;
    let flags = match flags {
        Some(flags) if args.given(flags) && !args.get(flags).is_null() => args.string(flags)?,
        Some(_) | None => "",
    };
    // Compiling one costs about as much as this many steps.
    machine.charge(200);
    Ok(Cow::Owned(Pattern::new(text, flags)?))
}

fn gave_up(_: fancy_regex::Error) -> Trouble {
    "gave up: the regular expression takes too long on this text".into()
}

pub(super) fn matches(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    let pattern = pattern(machine, args, 1, Some(2))?;
    pattern.0.is_match(text).map(Value::Bool).map_err(gave_up)
}

pub(super) fn replace(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let (text, replacement) = (args.string(0)?, args.string(2)?);
    charge(machine, text.len());
    let pattern = pattern(machine, args, 1, Some(3))?;
    let literal = args.given(3) && args.get(3).as_str().is_some_and(|flags| flags.contains('q'));
    let groups = pattern.0.captures_len();
    let pieces = if literal {
        vec![Piece::Text(replacement.to_owned())]
    } else {
        pieces(replacement, groups)?
    };
    let mut out = String::with_capacity(text.len());
    let mut behind = 0;
    for found in pattern.0.captures_iter(text) {
        let found = found.map_err(gave_up)?;
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[behind..whole.start()]);
        behind = whole.end();
        for piece in &pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(at) => out.push_str(found.get(*at).map_or("", |group| group.as_str())),
            }
        }
        if out.len() > STRING_BYTES_MAX || !machine.charge(1) {
            break;
        }
    }
    out.push_str(&text[behind..]);
    charge(machine, out.len());
    whole_text(out)
}

enum Piece {
    Text(String),
    Group(usize),
}

/// `$1` stands for a group, `\$` and `\\` for the signs themselves. Of several digits as many
/// count as there are groups for (`XPath` Functions 3.1, 5.6.4).
fn pieces(replacement: &str, groups: usize) -> Result<Vec<Piece>, Trouble> {
    let mut pieces = vec![Piece::Text(String::new())];
    let push = |pieces: &mut Vec<Piece>, c: char| match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(c),
        Some(Piece::Group(_)) | None => pieces.push(Piece::Text(c.into())),
    };
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(sign @ ('\\' | '$')) => push(&mut pieces, sign),
                _ => return Err("expects `\\` in a replacement to be written `\\\\`".into()),
            },
            '$' => {
                let Some(first) = chars.next().and_then(|c| c.to_digit(10)) else {
                    return Err("expects `$` in a replacement to be followed by the number of a group; write the sign itself `\\$`".into());
                };
                let mut group = first as usize;
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10))
                    && group * 10 + (digit as usize) < groups
                {
                    group = group * 10 + digit as usize;
                    chars.next();
                }
                if group < groups {
                    pieces.push(Piece::Group(group));
                }
            }
            c => push(&mut pieces, c),
        }
    }
    Ok(pieces)
}

pub(super) fn split(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    let pattern = pattern(machine, args, 1, None)?;
    let mut parts = Vec::new();
    for part in pattern.0.split(text) {
        machine.charge(1);
        parts.push(Value::text(part.map_err(gave_up)?));
    }
    Ok(Value::list(parts))
}

/// What matches the pattern, from left to right.
pub(super) fn extract(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let text = args.string(0)?;
    charge(machine, text.len());
    let pattern = pattern(machine, args, 1, None)?;
    let mut found = Vec::new();
    for one in pattern.0.find_iter(text) {
        machine.charge(1);
        found.push(Value::text(one.map_err(gave_up)?.as_str()));
    }
    Ok(Value::list(found))
}

/// Nulls are left out.
pub(super) fn string_join(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let list = args.list(0)?;
    let optional = |at: usize| match args.get(at) {
        Value::Null(_) => Ok(""),
        _ => args.string(at),
    };
    let (delimiter, prefix, suffix) = (optional(1)?, optional(2)?, optional(3)?);
    let mut out = String::from(prefix);
    let mut first = true;
    for item in list {
        let text = match item {
            Value::String(text) => text,
            Value::Null(_) => continue,
            _ => return Err(args.unfit(0, "a list of strings")),
        };
        if !std::mem::take(&mut first) {
            out.push_str(delimiter);
        }
        out.push_str(text);
        if out.len() > STRING_BYTES_MAX || !machine.charge(1 + text.len() / 64) {
            break;
        }
    }
    out.push_str(suffix);
    whole_text(out)
}

/// `%s` any value as text, `%d` a whole number, `%.2f` a number with that many decimals, `%%` the
/// sign itself.
pub(super) fn string_format(machine: &mut Machine, args: &Args<'_>) -> Answer {
    let template = args.string(0)?;
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    let mut next = 1;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut decimals = None;
        if chars.next_if_eq(&'.').is_some() {
            let mut count = 0_i64;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                count = (count * 10 + i64::from(digit)).min(1_000);
                chars.next();
            }
            decimals = Some(count);
        }
        if !args.given(next) {
            return Err(
                format!("expects {next} values behind its template, but got {}", next - 1).into()
            );
        }
        match (chars.next(), decimals) {
            (Some('s'), None) => out.push_str(&args.get(next).to_text()),
            (Some('d'), None) => out.push_str(&args.whole(next)?.to_string()),
            (Some('f'), decimals) => fixed(args, next, decimals.unwrap_or(6), &mut out)?,
            _ => return Err("knows %s, %d, %f, %.2f and %% in its template".into()),
        }
        next += 1;
        charge(machine, out.len());
        if out.len() > STRING_BYTES_MAX {
            break;
        }
    }
    whole_text(out)
}

fn fixed(args: &Args<'_>, at: usize, decimals: i64, out: &mut String) -> Result<(), Trouble> {
    let number = args.number(at)?.round(decimals, Round::HalfUp);
    let text = number.ok_or_else(|| args.unfit(at, "a number"))?.to_string();
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    out.push_str(&text);
    if decimals > 0 {
        if digits == 0 {
            out.push('.');
        }
        let missing = usize::try_from(decimals).unwrap_or(0).saturating_sub(digits);
        out.extend(std::iter::repeat_n('0', missing));
    }
    Ok(())
}

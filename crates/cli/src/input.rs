//! What people type: keys, variables, durations.

use std::io::Read as _;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::screen::{clean, cut};

/// Widest part of a line of JSON that is shown.
const EXCERPT_CHARS: usize = 60;

/// A key, for clap.
pub(crate) fn key(text: &str) -> Result<String, String> {
    if text.parse::<i64>().is_ok_and(|key| key > 0) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("expected a key: a positive number, as `fermata list` shows it".into())
}

/// A duration, for clap: `30s`, `1h`, `1h 30m`, `2d`, `500ms`, `PT4H`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration like 30s, 5m, 1h 30m, 2d or PT4H".to_owned();
    let span: jiff::Span = text.trim().parse().map_err(|_| wrong())?;
    let length =
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

/// A JSON object from `JSON`, `@FILE` or `-`, word for word.
pub(crate) fn variables(argument: Option<&str>) -> Result<Option<Box<RawValue>>, Failure> {
    argument.map(|argument| given("--variables", argument)).transpose()
}

/// As [`variables`], of this option.
pub(crate) fn given(option: &str, argument: &str) -> Result<Box<RawValue>, Failure> {
    let (source, text) = read(option, argument)?;
    object(&text).map_err(|problem| {
        let hint = if source == option {
            format!("\nquote it for the shell, like {option} '{{\"amount\": 12}}'")
        } else {
            String::new()
        };
        Failure::wrong_call(format!("expected {source} to be a JSON object, but {problem}{hint}"))
    })
}

fn read(option: &str, argument: &str) -> Result<(String, String), Failure> {
    if argument == "-" {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => Ok(("standard input".into(), text)),
            Err(error) => Err(Failure::wrong_call(format!("cannot read standard input: {error}"))),
        };
    }
    let Some(path) = argument.strip_prefix('@') else {
        return Ok((option.to_owned(), argument.to_owned()));
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((path.to_owned(), text)),
        Err(error) => Err(Failure::wrong_call(format!("cannot read {path}: {error}"))),
    }
}

/// A JSON object, or what is wrong with the text and where.
pub(crate) fn object(text: &str) -> Result<Box<RawValue>, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("found nothing".into());
    }
    match serde_json::from_str::<Box<RawValue>>(trimmed) {
        Ok(value) if value.get().starts_with('{') => Ok(value),
        Ok(value) => Err(format!("found {} `{}`", kind(value.get()), excerpt(value.get()))),
        Err(error) => Err(located(trimmed, &error)),
    }
}

fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'[') => "the array",
        Some(b'"') => "the string",
        Some(b't' | b'f') => "the boolean",
        Some(b'n') => "the value",
        _ => "the number",
    }
}

fn excerpt(text: &str) -> String {
    cut(&clean(text), EXCERPT_CHARS)
}

/// The parser's words, its position, the line, and a mark below the place.
fn located(text: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    let whole = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    // The parser counts bytes.
    let before = whole.get(..column.saturating_sub(1)).map_or(column, |part| part.chars().count());
    let fits = whole.chars().count() < EXCERPT_CHARS;
    let from = if fits { 0 } else { before.saturating_sub(EXCERPT_CHARS / 2) };
    let shown: String = whole.chars().skip(from).take(EXCERPT_CHARS).collect();
    let mark = " ".repeat(before - from);
    format!("at line {line}, column {column} it is not ({words}):\n  {}\n  {mark}^", clean(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_positive_numbers() {
        assert_eq!(key("2251799813685249").as_deref(), Ok("2251799813685249"));
        for wrong in ["0", "-1", "+1", "abc", "", "99999999999999999999"] {
            assert!(key(wrong).unwrap_err().contains("positive number"), "{wrong}");
        }
    }

    #[test]
    fn durations_are_what_people_write() {
        for (text, seconds) in
            [("30s", 30), ("5m", 300), ("1h 30m", 5_400), ("2d", 172_800), ("PT4H", 14_400)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["30", "-5s", "soon", "1mo"] {
            assert!(duration(wrong).unwrap_err().contains("like 30s"), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_object_is_shown_with_the_place() {
        assert_eq!(
            object("{\"a\": 1,}").unwrap_err(),
            "at line 1, column 9 it is not (key must be a string):\n  {\"a\": 1,}\n          ^"
        );
        let long = format!("{{\"{}\": x}}", "ä".repeat(100));
        let shown = object(&long).unwrap_err();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[1].chars().nth(lines[2].chars().count() - 1), Some('x'), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 80), "{shown}");
        assert_eq!(object("[1]").unwrap_err(), "found the array `[1]`");
        assert_eq!(object(" ").unwrap_err(), "found nothing");
    }

    #[test]
    fn an_object_is_taken_word_for_word() {
        assert_eq!(
            object(" {\"a\": 0.10000000000000000001} ").unwrap().get(),
            "{\"a\": 0.10000000000000000001}"
        );
    }
}

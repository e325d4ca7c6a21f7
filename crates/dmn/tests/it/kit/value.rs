//! The kit's values as FEEL's, and whether a result is what was expected.

use feel::{Context, Number, Value};

use super::case::Given;

/// Digits after the point from which an expected number counts as a rounded one: the kit writes
/// irrational results with eight digits and more, and exact ones with fewer.
const ROUNDED_DIGITS_MIN: usize = 8;
/// How far a result may be from a rounded number, relatively.
const TOLERANCE: f64 = 1e-8;

/// The value that the file means.
pub fn value(given: &Given) -> Result<Value, String> {
    match given {
        Given::Nil => Ok(Value::NULL),
        Given::Simple(kind, text) => simple(kind, text),
        Given::List(items) => {
            Ok(Value::list(items.iter().map(value).collect::<Result<Vec<_>, _>>()?))
        }
        Given::Components(components) => {
            let entries = components.iter().map(|(name, given)| Ok((name.as_str(), value(given)?)));
            let entries: Context = entries.collect::<Result<_, String>>()?;
            Ok(Value::context(entries))
        }
    }
}

fn simple(kind: &str, text: &str) -> Result<Value, String> {
    let literal = |function: &str| {
        let expression =
            feel::compile(&format!("{function}(text)")).map_err(|it| it.to_string())?;
        let scope = Context::from_iter([("text", Value::from(text.trim()))]);
        match expression.evaluate(&scope, 0).value {
            Value::Null(why) => Err(format!("{function}(\"{text}\"): {why}")),
            value => Ok(value),
        }
    };
    match kind {
        "string" => Ok(text.into()),
        "boolean" => Ok((text.trim() == "true" || text.trim() == "1").into()),
        "decimal" | "double" | "integer" | "int" | "long" | "float" => {
            let number = Number::parse(text.trim()).ok_or(format!("{text} is no number"))?;
            Ok(number.into())
        }
        "date" => literal("date"),
        "time" => literal("time"),
        "dateTime" => literal("date and time"),
        "duration" => literal("duration"),
        other => Err(format!("the type {other} is not known")),
    }
}

/// Whether a result is what was expected: equal, a number as near as its rounded text says.
pub fn agrees(expected: &Given, found: &Value) -> Result<bool, String> {
    match (expected, found) {
        (Given::List(items), Value::List(found)) => {
            let pairs = items.iter().zip(found.iter());
            Ok(items.len() == found.len() && all(pairs.map(|(given, found)| agrees(given, found)))?)
        }
        (Given::Components(components), Value::Context(found)) => {
            let pairs = components.iter().map(|(name, given)| match found.get(name) {
                Some(found) => agrees(given, found),
                None => Ok(false),
            });
            Ok(components.len() == found.len() && all(pairs)?)
        }
        (Given::Simple(_, text), Value::Number(found)) if is_rounded(text) => {
            let expected = text.trim().parse::<f64>().map_err(|error| error.to_string())?;
            Ok((found.to_f64() - expected).abs() <= expected.abs() * TOLERANCE)
        }
        (given, found) => {
            let expected = value(given)?;
            Ok(expected.type_name() == found.type_name() && expected == *found)
        }
    }
}

fn is_rounded(text: &str) -> bool {
    let is_number = text.trim().parse::<f64>().is_ok();
    let digits = text.trim().split_once('.').map_or(0, |(_, fraction)| fraction.len());
    is_number && digits >= ROUNDED_DIGITS_MIN
}

fn all(mut results: impl Iterator<Item = Result<bool, String>>) -> Result<bool, String> {
    results.try_fold(true, |all, one| Ok(all & one?))
}

#[test]
fn numbers_are_exact_unless_they_are_rounded() {
    let given = |text: &str| Given::Simple("decimal".into(), text.into());
    let number = |text: &str| Value::from(Number::parse(text).unwrap());
    assert_eq!(agrees(&given("1.50"), &number("1.5")), Ok(true));
    assert_eq!(agrees(&given("0.3"), &number("0.30000000000000004")), Ok(false));
    assert_eq!(agrees(&given("2.71828182845905"), &number("2.718281828459045235")), Ok(true));
    assert_eq!(agrees(&given("2.71828182845905"), &number("2.7182")), Ok(false));
}

#[test]
fn contexts_and_lists_have_what_is_expected_and_no_more() {
    let given = Given::Components(vec![("a".into(), Given::List(vec![Given::Nil]))]);
    let found = value(&given).unwrap();
    assert_eq!(agrees(&given, &found), Ok(true));
    let more = Value::context(Context::from_iter([("a", Value::NULL), ("b", Value::NULL)]));
    assert_eq!(agrees(&given, &more), Ok(false));
    assert_eq!(agrees(&Given::List(Vec::new()), &found), Ok(false));
}

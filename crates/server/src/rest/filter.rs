//! Filters of searches: their JSON as tests on named fields, and those tests on rows in memory.

use serde_json::{Map, Value as Json};
use store::{Test, Value};

use super::problem::Problem;
use super::wire::{parse_key, parse_time};

/// What a field holds, and so which operators it takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A key, as a string of digits.
    Key,
    /// A text.
    Text,
    /// One of these words.
    Name(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// An instant.
    Time,
    /// True or false.
    Flag,
    /// A list of texts, all of which must be there.
    Texts,
    /// Camunda 8 has the field, this release cannot ask for it.
    Later,
}

/// A field that a filter may name.
pub(super) type Field = (&'static str, Kind);

/// What must hold of one field.
pub(super) type NamedTest = (&'static str, Test);

/// Reads a filter. What it does not know it refuses by name.
pub(super) fn read(
    filter: &Map<String, Json>,
    fields: &'static [Field],
) -> Result<Vec<NamedTest>, Problem> {
    let mut tests = Vec::new();
    for (name, value) in filter {
        let Some((name, kind)) = fields.iter().find(|(known, _)| known == name) else {
            let known: Vec<_> = fields.iter().map(|(known, _)| *known).collect();
            return Err(Problem::invalid(format!(
                "expected a field to filter by, but found `{name}`; there are {}",
                known.join(", ")
            )));
        };
        // As absent, which is how clients send a field that is not set.
        if value.is_null() {
            continue;
        }
        read_field(name, *kind, value, &mut tests)?;
    }
    Ok(tests)
}

fn read_field(
    name: &'static str,
    kind: Kind,
    value: &Json,
    tests: &mut Vec<NamedTest>,
) -> Result<(), Problem> {
    match (kind, value) {
        (Kind::Later, _) => {
            return Err(Problem::unsupported(&format!("filtering by `{name}`")));
        }
        (Kind::Texts, Json::Array(all)) => {
            for one in all {
                tests.push((name, Test::Is(scalar(name, Kind::Text, one)?)));
            }
        }
        (_, Json::Object(operators)) => {
            for (operator, operand) in operators {
                tests.push((name, operation(name, kind, operator, operand)?));
            }
        }
        (_, value) => tests.push((name, Test::Is(scalar(name, kind, value)?))),
    }
    Ok(())
}

fn operation(name: &str, kind: Kind, operator: &str, operand: &Json) -> Result<Test, Problem> {
    let one = || scalar(name, kind, operand);
    let list = || match operand {
        Json::Array(all) => all.iter().map(|value| scalar(name, kind, value)).collect(),
        other => Err(expected(name, "a list", other)),
    };
    let ordered = matches!(kind, Kind::Integer | Kind::Time);
    Ok(match operator {
        "$eq" => Test::Is(one()?),
        "$neq" => Test::Not(one()?),
        "$exists" => match operand {
            Json::Bool(there) => Test::Exists(*there),
            other => return Err(expected(name, "true or false after $exists", other)),
        },
        "$in" => Test::In(list()?),
        "$notIn" => Test::NotIn(list()?),
        "$gt" if ordered => Test::Above(one()?),
        "$gte" if ordered => Test::AtLeast(one()?),
        "$lt" if ordered => Test::Below(one()?),
        "$lte" if ordered => Test::AtMost(one()?),
        "$like" if matches!(kind, Kind::Text | Kind::Name(_)) => match operand {
            Json::String(pattern) => Test::Like(pattern.clone()),
            other => return Err(expected(name, "a pattern after $like", other)),
        },
        _ => {
            let more = match kind {
                Kind::Integer | Kind::Time => ", $gt, $gte, $lt, $lte",
                Kind::Text | Kind::Name(_) => ", $like",
                _ => "",
            };
            return Err(Problem::invalid(format!(
                "expected an operator for `{name}` ($eq, $neq, $exists, $in, $notIn{more}), but \
                 found `{operator}`"
            )));
        }
    })
}

fn scalar(name: &str, kind: Kind, value: &Json) -> Result<Value, Problem> {
    let named = |why: String| Problem::invalid(format!("in the filter's `{name}`: {why}"));
    Ok(match (kind, value) {
        (Kind::Key, Json::String(text)) => Value::Number(parse_key(text).map_err(named)?.as_i64()),
        (Kind::Text, Json::String(text)) => Value::Text(text.clone()),
        (Kind::Name(words), Json::String(text)) => {
            if !words.contains(&text.as_str()) {
                let words = words.join(", ");
                return Err(named(format!("expected one of {words}, but found `{text}`")));
            }
            Value::Text(text.clone())
        }
        (Kind::Time, Json::String(text)) => Value::Number(parse_time(text).map_err(named)?),
        (Kind::Flag, Json::Bool(flag)) => Value::Number(i64::from(*flag)),
        (Kind::Integer, number) if number.as_i64().is_some() => {
            Value::Number(number.as_i64().unwrap_or_default())
        }
        (kind, other) => {
            let wanted = match kind {
                Kind::Key => "a key as a string of decimal digits",
                Kind::Integer => "a whole number",
                Kind::Time => "an instant as a string",
                Kind::Flag => "true or false",
                Kind::Texts => "a list of strings",
                Kind::Text | Kind::Name(_) | Kind::Later => "a string",
            };
            return Err(expected(name, wanted, other));
        }
    })
}

fn expected(name: &str, wanted: &str, found: &Json) -> Problem {
    Problem::invalid(format!("in the filter's `{name}`: expected {wanted}, but found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        ("key", Kind::Key),
        ("state", Kind::Name(&["ACTIVE", "ENDED"])),
        ("at", Kind::Time),
        ("variables", Kind::Later),
    ];

    fn read_text(filter: &str) -> Result<Vec<NamedTest>, String> {
        let filter: Map<String, Json> = serde_json::from_str(filter).unwrap();
        read(&filter, FIELDS).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn bare_values_and_operators_become_tests() {
        let tests = read_text(
            r#"{"key":"7","state":{"$in":["ACTIVE"]},"at":{"$gt":"1970-01-01T00:00:01Z"}}"#,
        );
        let mut tests = tests.unwrap();
        tests.sort_by_key(|(name, _)| *name);
        assert_eq!(
            tests,
            [
                ("at", Test::Above(Value::Number(1000))),
                ("key", Test::Is(Value::Number(7))),
                ("state", Test::In(vec![Value::Text("ACTIVE".into())])),
            ]
        );
    }

    #[test]
    fn nothing_unknown_is_passed_over() {
        for (filter, named) in [
            (r#"{"colour":"red"}"#, "colour"),
            (r#"{"state":"RED"}"#, "RED"),
            (r#"{"key":7}"#, "decimal digits"),
            (r#"{"key":{"$gt":"7"}}"#, "$gt"),
            (r#"{"at":"yesterday"}"#, "yesterday"),
            (r#"{"variables":[]}"#, "variables"),
        ] {
            let problem = read_text(filter).unwrap_err();
            assert!(problem.contains(named), "{filter}: {problem}");
        }
    }
}

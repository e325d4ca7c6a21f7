//! What goes over the wire: bodies, keys, instants, JSON that is passed on as it came.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Key, Text, Variables};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::DEFAULT_TENANT;

/// A JSON body, and how many bytes it had. No body, or `null`, is an empty object.
pub(super) struct Body<T>(pub(super) T, pub(super) usize);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| unreadable(error.status(), &error.body_text()))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Problem::invalid(format!(
                "expected the body to be UTF-8, but byte {} is not",
                error.valid_up_to()
            ))
        })?;
        let text = match text.trim() {
            "" | "null" => "{}",
            _ => {
                // A page of another site can send any other kind without asking the browser first.
                let json = kind.as_ref().and_then(|kind| kind.to_str().ok()).is_some_and(is_json);
                if !json {
                    return Err(Problem::new(
                        StatusCode::UNSUPPORTED_MEDIA_TYPE,
                        "UNSUPPORTED_MEDIA_TYPE",
                        "expected a body with the header Content-Type: application/json",
                    ));
                }
                text
            }
        };
        let body = serde_json::from_str(text)
            .map_err(|error| Problem::invalid(format!("the body is refused: {error}")))?;
        Ok(Self(body, bytes.len()))
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
        || (kind.len() > 5 && kind.to_ascii_lowercase().ends_with("+json"))
}

/// A body that could not be read: too large, or broken off.
pub(super) fn unreadable(status: StatusCode, why: &str) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = "expected a body within the limit (4 MB of variables, 32 MB of a deployment), \
                     but it is larger; keep large data outside and pass a reference";
        return Problem::new(status, "PAYLOAD_TOO_LARGE", limit);
    }
    Problem::invalid(format!("the body could not be read: {why}"))
}

/// The key that a path names.
pub(super) struct PathKey(pub(super) Key);

impl<S: Send + Sync> FromRequestParts<S> for PathKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::invalid(error.body_text()))?;
        parse_key(&text).map(Self).map_err(Problem::invalid)
    }
}

/// The query of a path; an unknown parameter is refused by the type that asks for it.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(parameters) =
            Query::try_from_uri(&parts.uri).map_err(|error| Problem::invalid(error.body_text()))?;
        Ok(Self(parameters))
    }
}

/// A key from its decimal digits.
pub(super) fn parse_key(text: &str) -> Result<Key, String> {
    text.parse()
        .ok()
        .and_then(Key::from_i64)
        .ok_or_else(|| format!("expected a key as a string of decimal digits, but found `{text}`"))
}

/// A key as the wire has it: a string of decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WireKey(pub(super) Key);

/// Any key for the wire.
pub(super) fn key(key: impl Into<Key>) -> WireKey {
    WireKey(key.into())
}

impl Serialize for WireKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WireKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        parse_key(&text).map(Self).map_err(D::Error::custom)
    }
}

/// An instant as the wire has it: ISO 8601 in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireTime(pub(crate) i64);

impl std::fmt::Display for WireTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let far = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(far);
        write!(f, "{time:.3}")
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An instant from its text, in milliseconds since 1970.
pub(super) fn parse_time(text: &str) -> Result<i64, String> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        format!(
            "expected an instant like 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00, but found \
             `{text}`"
        )
    })?;
    Ok(time.as_millisecond())
}

/// Variables of a body, passed on as they came.
pub(super) fn variables(raw: Option<&RawValue>) -> Result<Variables, Problem> {
    let Some(raw) = raw else { return Ok(Variables::new()) };
    Variables::parse(raw.get()).map_err(|error| Problem::invalid(error.to_string()))
}

/// JSON that our own code wrote or has checked.
pub(super) fn raw(text: impl Into<String>) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(text.into())
        .map_err(|error| Problem::internal(format!("a stored value is not JSON: {error}")))
}

/// Names of a body.
pub(super) fn texts(names: Option<Vec<String>>) -> Vec<Text> {
    names.unwrap_or_default().into_iter().map(Text::from).collect()
}

/// Names for the wire.
pub(super) fn shared(texts: &[Text]) -> Vec<Arc<str>> {
    texts.iter().map(Text::shared).collect()
}

/// Refuses tenants: there is one.
pub(super) fn tenant(id: Option<&str>) -> Result<(), Problem> {
    match id {
        None | Some("" | DEFAULT_TENANT) => Ok(()),
        Some(id) => Err(Problem::invalid(format!(
            "expected the tenant `{DEFAULT_TENANT}` or none, but found `{id}`; this server has one \
             tenant"
        ))),
    }
}

/// Refuses what only newer or larger servers can do, unless it is absent or `null`.
pub(super) fn absent<T>(what: &str, value: Option<&T>) -> Result<(), Problem> {
    value.map_or(Ok(()), |_| Err(Problem::unsupported(what)))
}

/// An answer with a JSON body.
pub(super) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            Problem::internal(format!("the answer could not be written: {error}")).into_response()
        }
    }
}

/// An answer without a body.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_milliseconds_and_read_with_any_offset() {
        assert_eq!(WireTime(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_time("1970-01-01T02:00:00.25+02:00"), Ok(250));
        assert!(parse_time("1970-01-01T02:00:00").is_err());
        assert!(WireTime(i64::MAX).to_string().starts_with("9999-"));
    }

    #[test]
    fn keys_are_digits_only() {
        assert_eq!(parse_key("2251799813685249").map(Key::as_i64), Ok(2_251_799_813_685_249));
        for wrong in ["", "0", "-1", "1.0", "x", "9223372036854775808"] {
            assert!(parse_key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_is_known_by_its_content_type() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/x+json"] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in ["", "text/plain", "application/x-www-form-urlencoded", "+json"] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}

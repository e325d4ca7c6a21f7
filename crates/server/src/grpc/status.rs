//! Rejections as gRPC statuses, and keys and variables from requests.

use std::time::Duration;

use base::{Key, Rejection, RejectionKind, Text, Variables};
use http::HeaderMap;
use tonic::{Code, Status};

/// The header in which a caller says how long it waits.
const TIMEOUT: &str = "grpc-timeout";
/// gRPC's own bound on it.
const TIMEOUT_DIGITS_MAX: usize = 8;

/// The rejection's own words under the code that clients know for its kind.
pub(crate) fn status(rejection: Rejection) -> Status {
    let code = match rejection.kind {
        RejectionKind::InvalidArgument => Code::InvalidArgument,
        RejectionKind::NotFound => Code::NotFound,
        RejectionKind::AlreadyExists => Code::AlreadyExists,
        RejectionKind::InvalidState => Code::FailedPrecondition,
        RejectionKind::Exhausted => Code::ResourceExhausted,
        RejectionKind::Unsupported => Code::Unimplemented,
        RejectionKind::Cancelled => Code::Cancelled,
        RejectionKind::Unavailable => Code::Unavailable,
        // A kind that came later.
        _ => Code::Internal,
    };
    Status::new(code, rejection.message)
}

/// A key from a request: what is not positive names nothing.
pub(super) fn key(what: &str, value: i64) -> Result<Key, Status> {
    Key::from_i64(value).ok_or_else(|| {
        status(Rejection::not_found(format!("expected the key of {what}, but found {value}")))
    })
}

/// Variables from a request.
pub(super) fn variables(text: &str) -> Result<Variables, Status> {
    Variables::parse(text).map_err(|error| status(error.into()))
}

/// Names from a request.
pub(super) fn texts(names: Vec<String>) -> Vec<Text> {
    names.into_iter().map(Text::from).collect()
}

/// Refuses tenants: there is one.
pub(super) fn tenant(id: &str) -> Result<(), Status> {
    if id.is_empty() || id == crate::DEFAULT_TENANT {
        return Ok(());
    }
    Err(status(Rejection::invalid(format!(
        "expected the tenant `{}` or none, but found `{id}`; this server has one tenant",
        crate::DEFAULT_TENANT
    ))))
}

/// How long the caller waits for the whole call, if it says so.
pub(super) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(TIMEOUT) else { return Ok(None) };
    read_timeout(value.as_bytes()).map(Some).ok_or_else(|| {
        status(Rejection::invalid(format!(
            "expected {TIMEOUT} to be a number of at most {TIMEOUT_DIGITS_MAX} digits and a unit of \
             H, M, S, m, u and n, but found `{}`",
            String::from_utf8_lossy(value.as_bytes())
        )))
    })
}

/// Whether the caller says how long it waits.
pub(crate) fn has_timeout(headers: &HeaderMap) -> bool {
    headers.contains_key(TIMEOUT)
}

fn read_timeout(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.len() > TIMEOUT_DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(count * 3600),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

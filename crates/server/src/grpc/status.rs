//! Rejections as gRPC statuses, and keys and variables from requests.

use std::time::Duration;

use base::{Key, Rejection, RejectionKind, Text, Variables};
use http::HeaderMap;
use tonic::{Code, Status};

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

/// How long the caller waits for the whole call (`grpc-timeout`), if it says so.
pub(crate) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at(text.len().checked_sub(1)?);
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count.saturating_mul(3600)),
        "M" => Duration::from_secs(count.saturating_mul(60)),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

//! Errors as problem documents (RFC 9457).
//!
//! A handler answers a [`Problem`]; [`name_instance`], around all routes, writes the document,
//! since only it knows the path that was asked for.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::{Rejection, RejectionKind};
use serde::Serialize;

/// Why a request was refused, for the caller.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
}

impl Problem {
    /// The request itself can never be accepted.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", detail)
    }

    /// What it names does not exist.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
    }

    /// Camunda 8 has it, this server does not. `what` stands before "yet".
    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "UNSUPPORTED",
            format!("this release of Fermata does not support {what} yet"),
        )
    }

    /// The time that the caller gave was over first.
    pub(super) fn timed_out(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", detail)
    }

    /// Our own code did what it never should.
    pub(super) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// Any other refusal.
    pub(super) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// Makes an answer its document. Other headers stay, those that name the methods for example.
    fn write(&self, instance: &str, response: &mut Response) {
        let document = Document {
            r#type: "about:blank",
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
        };
        *response.body_mut() = Body::from(serde_json::to_string(&document).unwrap_or_default());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let (status, title) = match rejection.kind {
            RejectionKind::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
            RejectionKind::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            RejectionKind::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
            RejectionKind::InvalidState => (StatusCode::CONFLICT, "INVALID_STATE"),
            // Clients retry a 503 only under this very title.
            RejectionKind::Exhausted => (StatusCode::SERVICE_UNAVAILABLE, "RESOURCE_EXHAUSTED"),
            RejectionKind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "UNSUPPORTED"),
            // Not 503: who tries again after it starts a second instance.
            RejectionKind::Cancelled => (StatusCode::CONFLICT, "CANCELLED"),
            RejectionKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            // A kind that came later.
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        };
        Self::new(status, title, rejection.message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the document of a problem, with the path as its instance.
pub(super) async fn name_instance(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.write(&path, &mut response);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: RejectionKind) -> (u16, &'static str, Option<String>) {
        let problem = Problem::from(Rejection::new(kind, "why"));
        assert_eq!(problem.detail, "why");
        let mut response = problem.clone().into_response();
        problem.write("/v2/x", &mut response);
        let retry = response.headers().get(header::RETRY_AFTER);
        let retry = retry.map(|after| after.to_str().unwrap().to_owned());
        (response.status().as_u16(), problem.title, retry)
    }

    #[test]
    fn every_rejection_has_the_status_and_title_that_clients_know() {
        let once = Some("1".to_owned());
        for (kind, status, title, retry) in [
            (RejectionKind::InvalidArgument, 400, "INVALID_ARGUMENT", None),
            (RejectionKind::NotFound, 404, "NOT_FOUND", None),
            (RejectionKind::AlreadyExists, 409, "ALREADY_EXISTS", None),
            (RejectionKind::InvalidState, 409, "INVALID_STATE", None),
            (RejectionKind::Cancelled, 409, "CANCELLED", None),
            (RejectionKind::Unsupported, 501, "UNSUPPORTED", None),
            (RejectionKind::Exhausted, 503, "RESOURCE_EXHAUSTED", once.clone()),
            (RejectionKind::Unavailable, 503, "UNAVAILABLE", once),
        ] {
            assert_eq!(answer(kind), (status, title, retry), "{kind:?}");
        }
    }
}

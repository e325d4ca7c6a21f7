//! Camunda 8's REST API v2 (`/v2`), and Fermata's own (`/fermata/v1`).
//!
//! In:  HTTP requests, as docs/reference/rest-v2-facts.md describes them.
//! Out: commands to the host and its replies; answers from the store and from the logs of
//!      instances; every error as a problem document (RFC 9457).
//! Absent: decisions (see `engine`); login, users and tenants: there is one of each.
//!
//! Searches ask the store for what lives (jobs, user tasks, incidents) and for instances, live and
//! ended. What has ended leaves the store's tables: a search that names a `processInstanceKey`
//! finds it in that instance's log. Element instances, variables and decision instances are found only
//! so.

mod changes;
mod conditionals;
mod decision_instances;
mod decisions;
mod definitions;
mod deletion;
mod deployments;
mod elements;
mod evaluation;
mod filter;
mod history;
mod incidents;
mod instances;
mod job_result;
mod job_search;
mod jobs;
mod later;
mod messages;
mod names;
mod past;
mod problem;
mod search;
mod show;
mod statistics;
mod suspension;
mod task_search;
mod tasks;
mod timeline;
mod topology;
mod variables;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use base::limits::VARIABLES_BYTES_MAX;

use crate::host::Host;
use problem::Problem;
pub(crate) use wire::WireTime;

/// Largest JSON body: the largest variables, and what stands around them.
const BODY_BYTES_MAX: usize = VARIABLES_BYTES_MAX + 256 * 1024;

/// All routes, with answers for every path that is none.
pub fn router(host: Arc<Host>) -> Router {
    let v2 = Router::new()
        .merge(topology::router())
        .merge(deployments::router())
        .merge(definitions::router())
        .merge(decisions::router())
        .merge(evaluation::router())
        .merge(decision_instances::router())
        .merge(instances::router())
        .merge(changes::router())
        .merge(statistics::router())
        .merge(elements::router())
        .merge(variables::router())
        .merge(incidents::router())
        .merge(jobs::router())
        .merge(job_search::router())
        .merge(messages::router())
        .merge(conditionals::router())
        .merge(tasks::router())
        .merge(task_search::router())
        .merge(later::router());
    Router::new()
        .nest("/v2", v2)
        .nest("/fermata/v1", show::router())
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(problem::name_instance))
        .with_state(host)
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        format!("expected another method for this path, but found {method}"),
    )
}

async fn unknown(request: Request) -> Response {
    Problem::not_found(format!("there is nothing at {}", request.uri().path())).into_response()
}

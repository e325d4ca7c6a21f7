//! What Camunda 8 documents and this release does not have: a 501 instead of "there is nothing".

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::routing::any;

use super::problem::Problem;
use crate::host::Host;

/// Whole families of paths, by their first segment.
const FAMILIES: &[&str] = &[
    "agent-definitions",
    "agent-instances",
    "audit-logs",
    "authorizations",
    "backups",
    "batch-operation-items",
    "batch-operations",
    "clock",
    "cluster",
    "cluster-variables",
    "correlated-message-subscriptions",
    "documents",
    "exporting",
    "expression",
    "forms",
    "global-task-listeners",
    "groups",
    "mapping-rules",
    "message-subscriptions",
    "mode",
    "restore",
    "roles",
    "secrets",
    "setup",
    "system",
    "tenants",
    "users",
];

/// Single paths of families that are here otherwise.
const PATHS: &[&str] = &[
    "/authentication/me/authorizations/search",
    "/decision-instances/deletion",
    "/decision-instances/{key}/deletion",
    "/element-instances/wait-states/search",
    "/incidents/statistics/process-instances-by-definition",
    "/incidents/statistics/process-instances-by-error",
    "/jobs/batch-update",
    "/jobs/statistics/by-types",
    "/jobs/statistics/by-workers",
    "/jobs/statistics/errors",
    "/jobs/statistics/global",
    "/jobs/statistics/time-series",
    "/process-definitions/statistics/message-subscriptions",
    "/process-definitions/statistics/process-instances",
    "/process-definitions/statistics/process-instances-by-version",
    "/process-definitions/{key}/statistics/element-instances",
    "/process-definitions/{key}/variable-names/search",
    "/process-instances/cancellation",
    "/process-instances/deletion",
    "/process-instances/incident-resolution",
    "/process-instances/migration",
    "/process-instances/modification",
    "/process-instances/resumption",
    "/process-instances/suspension",
    "/process-instances/{key}/business-id-assignment",
    "/process-instances/{key}/incident-resolution",
    "/process-instances/{key}/statistics/wait-states",
    "/resources/search",
    "/resources/{key}",
    "/resources/{key}/content",
    "/user-tasks/{key}/audit-logs/search",
];

pub(super) fn router() -> Router<Arc<Host>> {
    let families = FAMILIES.iter().fold(Router::new(), |router, family| {
        router
            .route(&format!("/{family}"), any(later))
            .route(&format!("/{family}/{{*rest}}"), any(later))
    });
    PATHS.iter().fold(families, |router, path| router.route(path, any(later)))
}

/// The routes stand below `/v2`, which their paths have lost here.
async fn later(uri: Uri) -> Problem {
    Problem::unsupported(&format!("/v2{}", uri.path()))
}

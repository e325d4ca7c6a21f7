//! Deleting instances that have ended, and what was deployed.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::Command;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::wire::{Body, PathKey, WireKey, done, json};
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-instances/{key}/deletion", post(delete))
        .route("/resources/{key}/deletion", post(retire))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeleteBody {
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

async fn delete(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(DeleteBody { .. }, bytes): Body<DeleteBody>,
) -> Result<Response, Problem> {
    host.command(Command::DeleteInstance { instance: key.into() }, bytes).await?;
    Ok(done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetireBody {
    delete_history: Option<bool>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Retired {
    resource_key: WireKey,
    batch_operation: Option<()>,
}

async fn retire(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, bytes): Body<RetireBody>,
) -> Result<Response, Problem> {
    if body.delete_history == Some(true) {
        return Err(Problem::invalid(
            "expected deleteHistory to be false: this release deletes the instances of a definition \
             one by one, with POST /v2/process-instances/{key}/deletion",
        ));
    }
    host.command(Command::DeleteResource { resource: key }, bytes).await?;
    Ok(json(&Retired { resource_key: WireKey(key), batch_operation: None }))
}

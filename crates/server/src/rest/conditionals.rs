//! Conditional start events: evaluated for a caller.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{Command, Reply};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::instances::unexpected;
use super::problem::Problem;
use super::wire::{self, Body, WireKey, json, key, tenant};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/conditionals/evaluation", post(evaluate))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EvaluationBody {
    variables: Option<Box<RawValue>>,
    process_definition_key: Option<WireKey>,
    tenant_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated {
    conditional_evaluation_key: WireKey,
    tenant_id: &'static str,
    process_instances: Vec<Started>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    process_definition_key: WireKey,
    process_instance_key: WireKey,
}

async fn evaluate(
    State(host): State<Arc<Host>>,
    Body(body, bytes): Body<EvaluationBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    let variables = wire::variables(body.variables.as_deref())?;
    let definition = body.process_definition_key.map(|key| key.0.into());
    let command = Command::EvaluateConditions { definition, variables };
    let reply = host.command(command, bytes).await?;
    let Reply::Conditions { evaluation, started } = reply else { return Err(unexpected()) };
    let started = started.into_iter().map(|instance| Started {
        process_definition_key: key(instance.definition),
        process_instance_key: key(instance.instance),
    });
    Ok(json(&Evaluated {
        conditional_evaluation_key: key(evaluation),
        tenant_id: DEFAULT_TENANT,
        process_instances: started.collect(),
    }))
}

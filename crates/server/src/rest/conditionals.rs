//! Conditional start events, evaluated for a caller; elements of ad-hoc sub-processes, activated by one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{Command, Reply};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::instances::unexpected;
use super::job_result::{Activated, activated};
use super::problem::Problem;
use super::wire::{self, Body, PathKey, WireKey, done, json, key, tenant};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/conditionals/evaluation", post(evaluate))
        .route("/element-instances/ad-hoc-activities/{key}/activation", post(activate))
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActivationBody {
    elements: Vec<Activated>,
    cancel_remaining_instances: Option<bool>,
}

async fn activate(
    State(host): State<Arc<Host>>,
    PathKey(owner): PathKey,
    Body(body, bytes): Body<ActivationBody>,
) -> Result<Response, Problem> {
    let elements = activated(body.elements)?;
    let cancel_remaining = body.cancel_remaining_instances.unwrap_or(false);
    let command = Command::ActivateElements { owner: owner.into(), elements, cancel_remaining };
    host.command(command, bytes).await?;
    Ok(done())
}

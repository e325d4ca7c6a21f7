//! Deployments: models in a multipart body.

use std::sync::Arc;

use axum::Router;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::response::Response;
use axum::routing::post;
use base::limits::DEPLOYMENT_BYTES_MAX;
use base::{DecisionGraphRow, DecisionRow, DeployedDefinition, Reply};
use serde::Serialize;

use super::instances::unexpected;
use super::problem::Problem;
use super::wire::{WireKey, json, key, tenant, unreadable};
use crate::host::Host;
use crate::{DEFAULT_TENANT, work};

/// The largest deployment, and what frames its parts.
const BODY_BYTES_MAX: usize = DEPLOYMENT_BYTES_MAX + 64 * 1024;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/deployments", post(deploy).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentResult {
    deployment_key: WireKey,
    tenant_id: &'static str,
    deployments: Vec<Metadata>,
}

/// One thing that was deployed: one of the fields is set.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    process_definition: Option<DeployedProcess>,
    decision_definition: Option<DeployedDecision>,
    decision_requirements: Option<DeployedGraph>,
    form: Option<()>,
    resource: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedProcess {
    process_definition_id: Arc<str>,
    process_definition_version: i32,
    resource_name: Arc<str>,
    tenant_id: &'static str,
    process_definition_key: WireKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedDecision {
    decision_definition_id: Arc<str>,
    version: i32,
    name: Arc<str>,
    tenant_id: &'static str,
    decision_requirements_id: Arc<str>,
    decision_definition_key: WireKey,
    decision_requirements_key: WireKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedGraph {
    decision_requirements_id: Arc<str>,
    decision_requirements_name: Arc<str>,
    version: i32,
    resource_name: Arc<str>,
    tenant_id: &'static str,
    decision_requirements_key: WireKey,
}

/// The decisions of a graph, then the graph.
fn graph_metadata(graph: &DecisionGraphRow) -> Vec<Metadata> {
    let decision = |decision: &DecisionRow| DeployedDecision {
        decision_definition_id: decision.id.shared(),
        version: decision.version,
        name: decision.name.shared(),
        tenant_id: DEFAULT_TENANT,
        decision_requirements_id: graph.id.shared(),
        decision_definition_key: key(decision.key),
        decision_requirements_key: key(graph.key),
    };
    let decisions = graph
        .decisions
        .iter()
        .map(|row| Metadata { decision_definition: Some(decision(row)), ..Metadata::default() });
    let requirements = DeployedGraph {
        decision_requirements_id: graph.id.shared(),
        decision_requirements_name: graph.name.shared(),
        version: graph.version,
        resource_name: graph.resource_name.shared(),
        tenant_id: DEFAULT_TENANT,
        decision_requirements_key: key(graph.key),
    };
    let requirements =
        Metadata { decision_requirements: Some(requirements), ..Metadata::default() };
    decisions.chain([requirements]).collect()
}

fn metadata(definition: &DeployedDefinition) -> Metadata {
    Metadata {
        process_definition: Some(DeployedProcess {
            process_definition_id: definition.id.shared(),
            process_definition_version: definition.version,
            resource_name: definition.resource_name.shared(),
            tenant_id: DEFAULT_TENANT,
            process_definition_key: key(definition.key),
        }),
        ..Metadata::default()
    }
}

async fn deploy(State(host): State<Arc<Host>>, request: Request) -> Result<Response, Problem> {
    let parts = Multipart::from_request(request, &()).await.map_err(|error| {
        Problem::invalid(format!(
            "expected a multipart/form-data body whose parts `resources` are files, but {}",
            error.body_text()
        ))
    })?;
    let resources = work::read_resources(files(parts).await?).await?;
    let reply = host.deploy(resources).await?;
    let Reply::Deployed { deployment, definitions, graphs } = reply else {
        return Err(unexpected());
    };
    let decisions = graphs.iter().flat_map(graph_metadata);
    Ok(json(&DeploymentResult {
        deployment_key: key(deployment),
        tenant_id: DEFAULT_TENANT,
        deployments: definitions.iter().map(metadata).chain(decisions).collect(),
    }))
}

/// Names and contents of the files.
async fn files(mut parts: Multipart) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let broken = |error: MultipartError| unreadable(error.status(), &error.body_text());
    let mut files = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("resources") => {
                let Some(name) = part.file_name().map(str::to_owned) else {
                    return Err(Problem::invalid(
                        "expected every part `resources` to have a file name, but one has none",
                    ));
                };
                files.push((name, part.bytes().await.map_err(broken)?.to_vec()));
            }
            Some("tenantId") => tenant(Some(&part.text().await.map_err(broken)?))?,
            other => {
                return Err(Problem::invalid(format!(
                    "expected parts named `resources` and `tenantId`, but found `{}`",
                    other.unwrap_or_default()
                )));
            }
        }
    }
    Ok(files)
}

//! Messages: publication, and correlation that is answered with its receiver. Signals.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{Command, PublishMessage, Reply};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::instances::unexpected;
use super::problem::Problem;
use super::wire::{self, Body, WireKey, absent, json, key, tenant};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/messages/publication", post(publish))
        .route("/messages/correlation", post(correlate))
        .route("/signals/broadcast", post(broadcast))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PublicationBody {
    name: String,
    correlation_key: Option<String>,
    time_to_live: Option<i64>,
    message_id: Option<String>,
    variables: Option<Box<RawValue>>,
    tenant_id: Option<String>,
    business_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    tenant_id: &'static str,
    message_key: WireKey,
}

async fn publish(
    State(host): State<Arc<Host>>,
    Body(body, bytes): Body<PublicationBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    absent("business ids of messages", body.business_id.as_ref())?;
    let publish = PublishMessage {
        name: body.name.into(),
        correlation_key: body.correlation_key.unwrap_or_default().into(),
        time_to_live_ms: body.time_to_live.unwrap_or(0),
        message_id: body.message_id.unwrap_or_default().into(),
        variables: wire::variables(body.variables.as_deref())?,
        await_correlation: false,
    };
    let reply = host.command(Command::Publish(publish), bytes).await?;
    let Reply::Published { message, instance: _ } = reply else { return Err(unexpected()) };
    Ok(json(&Published { tenant_id: DEFAULT_TENANT, message_key: key(message) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CorrelationBody {
    name: String,
    correlation_key: Option<String>,
    variables: Option<Box<RawValue>>,
    tenant_id: Option<String>,
    business_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Correlated {
    tenant_id: &'static str,
    message_key: WireKey,
    process_instance_key: WireKey,
}

async fn correlate(
    State(host): State<Arc<Host>>,
    Body(body, bytes): Body<CorrelationBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    absent("business ids of messages", body.business_id.as_ref())?;
    let publish = PublishMessage {
        name: body.name.into(),
        correlation_key: body.correlation_key.unwrap_or_default().into(),
        time_to_live_ms: 0,
        message_id: "".into(),
        variables: wire::variables(body.variables.as_deref())?,
        await_correlation: true,
    };
    let reply = host.command(Command::Publish(publish), bytes).await?;
    let Reply::Published { message, instance: Some(instance) } = reply else {
        return Err(unexpected());
    };
    Ok(json(&Correlated {
        tenant_id: DEFAULT_TENANT,
        message_key: key(message),
        process_instance_key: key(instance),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignalBody {
    signal_name: String,
    variables: Option<Box<RawValue>>,
    tenant_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Broadcasted {
    tenant_id: &'static str,
    signal_key: WireKey,
}

async fn broadcast(
    State(host): State<Arc<Host>>,
    Body(body, bytes): Body<SignalBody>,
) -> Result<Response, Problem> {
    tenant(body.tenant_id.as_deref())?;
    let variables = wire::variables(body.variables.as_deref())?;
    let command = Command::Broadcast { signal: body.signal_name.into(), variables };
    let reply = host.command(command, bytes).await?;
    let Reply::Broadcast { signal } = reply else { return Err(unexpected()) };
    Ok(json(&Broadcasted { tenant_id: DEFAULT_TENANT, signal_key: key(signal) }))
}

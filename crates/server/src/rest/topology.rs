//! What the server says about itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::{Rejection, RejectionKind};
use serde::Serialize;

use super::problem::Problem;
use super::wire::json;
use crate::host::Host;
use crate::{DEFAULT_TENANT, GATEWAY_VERSION};

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/topology", get(topology))
        .route("/status", get(status))
        .route("/license", get(license))
        .route("/authentication/me", get(me))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Topology {
    brokers: [BrokerInfo; 1],
    cluster_id: Option<()>,
    cluster_size: u32,
    partitions_count: u16,
    replication_factor: u32,
    gateway_version: &'static str,
    last_completed_change_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BrokerInfo {
    node_id: u32,
    host: String,
    port: u16,
    partitions: Vec<PartitionInfo>,
    version: &'static str,
    broker_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartitionInfo {
    partition_id: u16,
    role: &'static str,
    health: &'static str,
    state: &'static str,
}

async fn topology(State(host): State<Arc<Host>>, headers: HeaderMap) -> Response {
    // The address by which the caller found us: it is the one that works for them.
    let authority = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = authority.and_then(|text| text.parse::<Authority>().ok());
    let health = if host.failed().borrow().is_none() { "healthy" } else { "dead" };
    // Clients count partitions from 1.
    let partitions = (1..=host.shards()).map(|partition_id| PartitionInfo {
        partition_id,
        role: "leader",
        health,
        state: "active",
    });
    json(&Topology {
        brokers: [BrokerInfo {
            node_id: 0,
            host: authority.as_ref().map_or("localhost", Authority::host).to_owned(),
            port: authority.as_ref().and_then(Authority::port_u16).unwrap_or(80),
            partitions: partitions.collect(),
            version: GATEWAY_VERSION,
            broker_id: "0",
        }],
        cluster_id: None,
        cluster_size: 1,
        partitions_count: host.shards(),
        replication_factor: 1,
        gateway_version: GATEWAY_VERSION,
        last_completed_change_id: "-1",
    })
}

async fn status(State(host): State<Arc<Host>>) -> Response {
    match &*host.failed().borrow() {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(fault) => Problem::from(Rejection::new(RejectionKind::Unavailable, fault.to_string()))
            .into_response(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LicenseInfo {
    valid_license: bool,
    license_type: &'static str,
    is_commercial: bool,
    expires_at: Option<()>,
}

async fn license() -> Response {
    json(&LicenseInfo {
        valid_license: true,
        license_type: "Apache-2.0",
        is_commercial: false,
        expires_at: None,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    username: &'static str,
    display_name: &'static str,
    email: Option<()>,
    authorized_components: [&'static str; 1],
    tenants: [TenantInfo; 1],
    groups: [&'static str; 0],
    roles: [&'static str; 0],
    sales_plan_type: Option<()>,
    c8_links: BTreeMap<&'static str, &'static str>,
    can_logout: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantInfo {
    name: &'static str,
    tenant_id: &'static str,
    description: Option<()>,
}

/// There is no login: everyone is the same local user.
async fn me() -> Response {
    json(&User {
        username: "local",
        display_name: "Local user",
        email: None,
        authorized_components: ["*"],
        tenants: [TenantInfo { name: "Default", tenant_id: DEFAULT_TENANT, description: None }],
        groups: [],
        roles: [],
        sales_plan_type: None,
        c8_links: BTreeMap::new(),
        can_logout: false,
    })
}

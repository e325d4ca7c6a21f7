//! What happened in one instance, counted: elements, flows, and where it came from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use base::limits::CALL_DEPTH_MAX;
use base::{DefinitionKey, Event, InstanceKey};
use instance::ElementState;
use serde::Serialize;

use super::history::{self, Past};
use super::instances::{head, no_instance, row};
use super::problem::Problem;
use super::wire::{PathKey, WireKey, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-instances/{key}/statistics/element-instances", get(elements))
        .route("/process-instances/{key}/sequence-flows", get(flows))
        .route("/process-instances/{key}/call-hierarchy", get(hierarchy))
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

async fn past(host: &Host, instance: InstanceKey) -> Result<Past, Problem> {
    history::of_instance(host, instance).await?.ok_or_else(|| no_instance(instance))
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ElementCount {
    element_id: String,
    active: u32,
    canceled: u32,
    incidents: u32,
    completed: u32,
}

async fn elements(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    let past = past(&host, key.into()).await?;
    // In the order of the definition; elements of earlier ones with the same id count as the same.
    let mut places: HashMap<&str, u32> = HashMap::new();
    let mut counts: BTreeMap<(u32, &str), ElementCount> = BTreeMap::new();
    // The first is the process itself.
    for element in past.history.elements.iter().skip(1) {
        let id = past.id(element);
        let place = *places.entry(id).or_insert(element.element);
        let count = counts.entry((place, id)).or_default();
        match element.state {
            ElementState::Active => count.active += 1,
            ElementState::Completed => count.completed += 1,
            ElementState::Terminated => count.canceled += 1,
        }
        count.incidents += u32::from(element.incident.is_some());
    }
    for ((_, id), count) in &mut counts {
        (*id).clone_into(&mut count.element_id);
    }
    Ok(json(&Items { items: counts.into_values().collect() }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFlow {
    sequence_flow_id: String,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    process_definition_key: WireKey,
    process_definition_id: Arc<str>,
    element_id: String,
    tenant_id: &'static str,
}

/// Every flow that was taken, once.
async fn flows(
    State(host): State<Arc<Host>>,
    PathKey(instance): PathKey,
) -> Result<Response, Problem> {
    let past = past(&host, instance.into()).await?;
    let taken = past.history.timeline.iter().filter_map(|entry| {
        let flow = match &entry.event {
            Event::ElementEntered { via, .. } | Event::ElementPassed { via, .. } => (*via)?,
            Event::TokenParked { scope: _, flow } => *flow,
            _ => return None,
        };
        Some((flow, entry.definition))
    });
    let taken: BTreeSet<(u32, DefinitionKey)> = taken.collect();
    let mut known = HashSet::new();
    let named = taken.into_iter().map(|(flow, of)| (past.names_of(of).id(flow), of));
    let items = named.filter(|(id, _)| known.insert(*id)).map(|(id, definition)| WireFlow {
        sequence_flow_id: format!("{instance}_{id}"),
        process_instance_key: WireKey(instance),
        root_process_instance_key: key(past.row.root()),
        process_definition_key: key(definition),
        process_definition_id: past.process_id(definition).shared(),
        element_id: id.to_owned(),
        tenant_id: DEFAULT_TENANT,
    });
    Ok(json(&Items { items: items.collect() }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's names")]
struct Caller {
    process_instance_key: WireKey,
    process_definition_key: WireKey,
    process_definition_name: Arc<str>,
}

/// From the root to the instance, by whom each was called.
async fn hierarchy(
    State(host): State<Arc<Host>>,
    PathKey(instance): PathKey,
) -> Result<Response, Problem> {
    let mut next = Some(InstanceKey(instance));
    let mut callers = VecDeque::new();
    while let Some(instance) = next.filter(|_| callers.len() < CALL_DEPTH_MAX as usize) {
        let row = row(&host, instance).await?;
        next = row.parent.map(|parent| parent.instance);
        let name = head(&host, row.definition).and_then(|head| head.name);
        callers.push_front(Caller {
            process_instance_key: key(instance),
            process_definition_key: key(row.definition),
            process_definition_name: name.unwrap_or(row.process_id).shared(),
        });
    }
    Ok(json(&callers))
}

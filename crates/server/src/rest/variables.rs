//! Variables, from the log of their instance: those of ended scopes too.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base::{ElementKey, Event, InstanceKey, Key, ShardId};
use serde::{Deserialize, Serialize};
use store::Value;

use super::elements::searched;
use super::filter::{Field, Kind};
use super::history::{self, Past};
use super::problem::Problem;
use super::search::{self, Answer, SearchBody};
use super::task_search::task;
use super::wire::{Body, Parameters, PathKey, WireKey, json, key};
use crate::DEFAULT_TENANT;
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/variables/search", post(find))
        .route("/variables/{key}", get(one))
        .route("/user-tasks/{key}/variables/search", post(find_of_task))
        .route("/user-tasks/{key}/effective-variables/search", post(find_effective))
}

/// A variable of one scope.
#[derive(Clone, Debug)]
struct Variable {
    key: Key,
    name: Arc<str>,
    value: String,
    scope: ElementKey,
    instance: InstanceKey,
    root: InstanceKey,
}

/// A variable as the wire has it. Values are never cut.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireVariable {
    name: Arc<str>,
    tenant_id: &'static str,
    variable_key: WireKey,
    scope_key: WireKey,
    process_instance_key: WireKey,
    root_process_instance_key: WireKey,
    value: String,
    is_truncated: bool,
}

fn wire_variable(variable: Variable) -> WireVariable {
    WireVariable {
        name: variable.name,
        tenant_id: DEFAULT_TENANT,
        variable_key: WireKey(variable.key),
        scope_key: key(variable.scope),
        process_instance_key: key(variable.instance),
        root_process_instance_key: key(variable.root),
        value: variable.value,
        is_truncated: false,
    }
}

/// Bits of a variable's key that count the variables of its instance.
const ORDINAL_BITS: u32 = 14;
const ORDINAL_MAX: u64 = (1 << ORDINAL_BITS) - 1;
/// Bits for the instance's block.
const BLOCK_BITS: u32 = 36;

/// Variables have no keys of their own in the engine: shard, block and ordinal make one, which is
/// the same at every question. Beyond 16,383 variables an instance's last ones share a key.
fn variable_key(instance: InstanceKey, ordinal: u64) -> Key {
    let block = instance.0.block() & ((1 << BLOCK_BITS) - 1);
    let shard = u64::from(instance.0.shard().0);
    Key::from_raw(
        (shard << (BLOCK_BITS + ORDINAL_BITS)) | (block << ORDINAL_BITS) | ordinal.min(ORDINAL_MAX),
    )
}

fn instance_of(variable: Key) -> Option<InstanceKey> {
    let block = (variable.raw() >> ORDINAL_BITS) & ((1 << BLOCK_BITS) - 1);
    let shard = u16::try_from(variable.raw() >> (BLOCK_BITS + ORDINAL_BITS)).ok()?;
    (shard < ShardId::COUNT_MAX).then(|| InstanceKey(Key::of_block(ShardId(shard), block)))
}

/// All variables of an instance, in the order in which they came up.
fn variables(past: &Past) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut known: HashSet<(ElementKey, Arc<str>)> = HashSet::new();
    let instance = past.row.instance;
    for entry in &past.history.timeline {
        let Event::VariablesSet { scope, variables } = &entry.event else { continue };
        for (name, _) in variables.iter() {
            if !known.insert((*scope, name.clone())) {
                continue;
            }
            let last = past.history.variables.get(scope).and_then(|scope| scope.get(name));
            found.push(Variable {
                key: variable_key(instance, found.len() as u64),
                name: name.clone(),
                value: last.map(|value| value.as_str().to_owned()).unwrap_or_default(),
                scope: *scope,
                instance,
                root: past.row.root(),
            });
        }
    }
    found
}

/// The query of variable searches. Values are always whole, so there is nothing to choose.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Truncation {
    #[serde(rename = "truncateValues")]
    _truncate_values: Option<bool>,
}

const FIELDS: &[Field] = &[
    ("name", Kind::Text),
    ("value", Kind::Text),
    ("tenantId", Kind::Text),
    ("isTruncated", Kind::Flag),
    ("variableKey", Kind::Key),
    ("scopeKey", Kind::Key),
    ("processInstanceKey", Kind::Key),
];

const TASK_FIELDS: &[Field] = &[("name", Kind::Text)];

const SORTS: &[&str] =
    &["value", "name", "tenantId", "variableKey", "scopeKey", "processInstanceKey"];

fn values(variable: &Variable, field: &str) -> Vec<Value> {
    let number = |key: Key| vec![Value::Number(key.as_i64())];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    match field {
        "name" => text(&variable.name),
        "value" => text(&variable.value),
        "isTruncated" => vec![Value::Number(0)],
        "variableKey" => number(variable.key),
        "scopeKey" => number(variable.scope.0),
        "processInstanceKey" => number(variable.instance.0),
        _ => text(DEFAULT_TENANT),
    }
}

fn body(answer: Answer<Variable>) -> Response {
    answer.body(wire_variable)
}

async fn find(
    State(host): State<Arc<Host>>,
    Parameters(Truncation { .. }): Parameters<Truncation>,
    Body(asked, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = asked.read(FIELDS, SORTS)?;
    let past = match search.key("variableKey").and_then(instance_of) {
        Some(instance) => history::of_instance(&host, instance).await?,
        None => searched(&host, &search, "variables", &["scopeKey"]).await?,
    };
    let all = past.as_ref().map(variables).unwrap_or_default();
    Ok(body(search::pick(all, &search, values)))
}

async fn one(State(host): State<Arc<Host>>, PathKey(key): PathKey) -> Result<Response, Problem> {
    let past = match instance_of(key) {
        Some(instance) => history::of_instance(&host, instance).await?,
        None => None,
    };
    let all = past.as_ref().map(variables).unwrap_or_default();
    let found = all.into_iter().find(|variable| variable.key == key);
    let found = found.ok_or_else(|| {
        Problem::not_found(format!(
            "expected {key} to be a variable, but there is none with this key"
        ))
    })?;
    Ok(json(&wire_variable(found)))
}

/// The variables in the scopes of a task, inner scopes first.
async fn of_task(host: &Host, key: Key) -> Result<Vec<Variable>, Problem> {
    let task = task(host, key).await?;
    let Some(past) = history::of_instance(host, task.row.instance).await? else {
        return Ok(Vec::new());
    };
    let all = variables(&past);
    let scopes = past.scopes(task.row.owner);
    let in_scope =
        |scope: ElementKey| all.iter().filter(move |variable| variable.scope == scope).cloned();
    Ok(scopes.flat_map(|scope| in_scope(scope.key)).collect())
}

async fn find_of_task(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Parameters(Truncation { .. }): Parameters<Truncation>,
    Body(asked, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = asked.read(TASK_FIELDS, SORTS)?;
    Ok(body(search::pick(of_task(&host, key).await?, &search, values)))
}

/// Of a name only the innermost variable, which is the one that the task sees.
async fn find_effective(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Parameters(Truncation { .. }): Parameters<Truncation>,
    Body(asked, _): Body<SearchBody>,
) -> Result<Response, Problem> {
    let search = asked.read(TASK_FIELDS, SORTS)?;
    let mut all = of_task(&host, key).await?;
    let mut seen = BTreeSet::new();
    all.retain(|variable| seen.insert(variable.name.clone()));
    Ok(body(search::pick(all, &search, values)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variables_key_names_its_instance_and_stays_positive() {
        for (shard, block, ordinal) in [(0, 1, 0), (8191, (1 << 36) - 1, 16_383), (3, 77, 20_000)] {
            let instance = InstanceKey(Key::of_block(ShardId(shard), block));
            let key = variable_key(instance, ordinal);
            assert!(key.as_i64() > 0);
            assert_eq!(instance_of(key), Some(instance));
        }
    }
}

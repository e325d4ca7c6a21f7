//! One document with everything about one instance: `fermata show` prints it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::elements;
use super::evaluation::{WireEvaluation, wire_evaluation};
use super::history::{self, Past};
use super::incidents::{WireIncident, wire_incident};
use super::instances::{WireInstance, no_instance, wire_instance};
use super::job_search::{WireJob, wire_job};
use super::names::NameBook;
use super::problem::Problem;
use super::task_search::{WireTask, wire_task};
use super::timeline::{Line, lines};
use super::wire::{Parameters, PathKey, WireKey, WireTime, json, key, raw};
use crate::host::Host;

/// Entries of the timeline that are shown when the caller does not say.
const LINES_DEFAULT: usize = 200;
/// Entries that are shown at most.
const LINES_MAX: usize = 10_000;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new().route("/process-instances/{key}", get(show))
}

/// Which part of the timeline; its end unless said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    from: Option<usize>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    instance: WireInstance,
    definition: Definition,
    /// After the first end of one of these elements it is terminated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terminate_after: Vec<String>,
    elements: Vec<ShownElement>,
    variables: Vec<Variable>,
    incidents: Vec<WireIncident>,
    jobs: Vec<WireJob>,
    user_tasks: Vec<WireTask>,
    timers: Vec<Timer>,
    subscriptions: Vec<Subscription>,
    conditions: Vec<Condition>,
    decisions: Vec<Decision>,
    timeline: Vec<Line>,
    timeline_from: usize,
    timeline_total: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    key: WireKey,
    id: Arc<str>,
    name: Option<Arc<str>>,
    version: i32,
    resource_name: Option<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownElement {
    key: WireKey,
    element_id: String,
    element_name: String,
    r#type: &'static str,
    scope_key: WireKey,
    state: &'static str,
    start_date: WireTime,
    end_date: Option<WireTime>,
    incident_key: Option<WireKey>,
    /// The instance that a call activity has started.
    called_process_instance_key: Option<WireKey>,
    /// It has ended for all but the listeners to its cancellation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    canceling: bool,
    /// How long it usually takes, as its policy says it, and in milliseconds.
    expected_duration: Option<Arc<str>>,
    expected_duration_ms: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    scope_key: WireKey,
    name: Arc<str>,
    value: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timer {
    key: WireKey,
    /// What it triggers: the event that waits, or a boundary event.
    element_id: String,
    due_date: WireTime,
    repeats: i32,
    /// What a timer of a policy is for.
    purpose: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    key: WireKey,
    /// Of a message; a signal has a name only.
    message_name: Option<Arc<str>>,
    signal_name: Option<Arc<str>>,
    correlation_key: Option<Arc<str>>,
    element_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    key: WireKey,
    /// What it triggers.
    element_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    element_id: String,
    element_instance_key: WireKey,
    evaluation_date: WireTime,
    #[serde(flatten)]
    evaluation: WireEvaluation,
}

async fn show(
    State(host): State<Arc<Host>>,
    PathKey(instance): PathKey,
    Parameters(lines_of): Parameters<Part>,
) -> Result<Response, Problem> {
    let past = history::of_instance(&host, instance.into()).await?;
    let past = past.ok_or_else(|| no_instance(instance.into()))?;
    let definitions = past.history.definitions().into_iter();
    let belongs = definitions.map(|definition| (definition, past.row.instance));
    let book = NameBook::of(&host, belongs).await?;
    let total = past.history.timeline.len();
    let limit = lines_of.limit.unwrap_or(LINES_DEFAULT).min(LINES_MAX);
    let from = lines_of.from.unwrap_or_else(|| total.saturating_sub(limit));
    Ok(json(&Shown {
        instance: wire_instance(&host, past.row.clone()),
        definition: definition(&past),
        terminate_after: terminate_after(&past),
        elements: elements(&past),
        variables: variables(&past)?,
        incidents: past
            .incidents()
            .into_iter()
            .map(|found| wire_incident(found, past.row.root()))
            .collect(),
        jobs: past.jobs().iter().map(|found| wire_job(found, &book)).collect(),
        user_tasks: past.tasks().into_iter().map(|found| wire_task(found, &book)).collect(),
        timers: timers(&past),
        subscriptions: subscriptions(&past),
        conditions: conditions(&past),
        decisions: decisions(&past),
        timeline: lines(&past, from, limit),
        timeline_from: from,
        timeline_total: total,
    }))
}

fn definition(past: &Past) -> Definition {
    let head = past.names.head.as_ref();
    Definition {
        key: key(past.row.definition),
        id: past.row.process_id.shared(),
        name: head.and_then(|head| Some(head.name.as_ref()?.shared())),
        version: past.row.version,
        resource_name: head.map(|head| head.resource_name.shared()),
    }
}

fn terminate_after(past: &Past) -> Vec<String> {
    let elements = past.history.state.ends_after().iter();
    elements.map(|element| past.names.id(*element).to_owned()).collect()
}

fn elements(past: &Past) -> Vec<ShownElement> {
    let elements = past.history.elements.iter().map(|element| ShownElement {
        key: key(element.key),
        element_id: past.id(element).to_owned(),
        element_name: past.name(element).to_owned(),
        r#type: past.kind(element),
        scope_key: key(element.scope),
        state: elements::state(element),
        start_date: WireTime(element.started_ms),
        end_date: element.ended_ms.map(WireTime),
        incident_key: element.incident.map(key),
        called_process_instance_key: element.called.map(key),
        canceling: past.history.state.is_canceling(element.key),
        expected_duration: expected(past, element.element).map(|(text, _)| text.shared()),
        expected_duration_ms: expected(past, element.element).map(|(_, ms)| *ms),
    });
    elements.collect()
}

fn expected(past: &Past, element: u32) -> Option<&(base::Text, i64)> {
    past.names.node(element)?.policy.as_ref()?.expected_duration.as_ref()
}

fn variables(past: &Past) -> Result<Vec<Variable>, Problem> {
    let scopes = past.history.variables.iter();
    let all = scopes.flat_map(|(scope, variables)| variables.iter().map(move |one| (scope, one)));
    let wire = all.map(|(scope, (name, value))| {
        let value = raw(value.as_str())?;
        Ok(Variable { scope_key: key(*scope), name: name.clone(), value })
    });
    wire.collect()
}

fn timers(past: &Past) -> Vec<Timer> {
    let timers = past.history.state.timers().iter().map(|(timer, live)| Timer {
        key: key(*timer),
        element_id: past.names.id(live.target).to_owned(),
        due_date: WireTime(live.due_ms),
        repeats: live.repeats,
        purpose: past.history.state.policy_timers().get(timer).map(|policy| policy.purpose.name()),
    });
    timers.collect()
}

fn decisions(past: &Past) -> Vec<Decision> {
    let element = |owner| past.element(owner).map_or("", |found| past.id(found));
    let decisions = past.evaluations().map(|found| Decision {
        element_id: element(found.owner).to_owned(),
        element_instance_key: key(found.owner),
        evaluation_date: WireTime(found.at_ms),
        evaluation: wire_evaluation(found.evaluation),
    });
    decisions.collect()
}

fn subscriptions(past: &Past) -> Vec<Subscription> {
    let open = past.history.state.subscriptions().iter().map(|(subscription, live)| {
        let signal = base::signal::of_slot(&live.name);
        Subscription {
            key: key(*subscription),
            message_name: signal.is_none().then(|| live.name.shared()),
            signal_name: signal.map(Into::into),
            correlation_key: signal.is_none().then(|| live.correlation_key.shared()),
            element_id: past.names.id(live.target).to_owned(),
        }
    });
    open.collect()
}

fn conditions(past: &Past) -> Vec<Condition> {
    let waits = past.history.state.conditions().iter();
    let waits = waits.map(|(condition, wait)| Condition {
        key: key(*condition),
        element_id: past.names.id(wait.target).to_owned(),
    });
    waits.collect()
}

//! Suspending an instance, and letting it go on; what its timeline says of that.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use base::{Command, Event, HeldInput, Text};
use serde::Deserialize;

use super::problem::Problem;
use super::timeline::{Fact, about, of_all};
use super::wire::{Body, PathKey, done};
use crate::host::Host;

pub(super) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/process-instances/{key}/suspension", post(suspend))
        .route("/process-instances/{key}/resumption", post(resume))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SuspendBody {
    /// Our own: why, for people.
    reason: Option<String>,
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResumeBody {
    #[serde(rename = "operationReference")]
    _operation_reference: Option<i64>,
}

async fn suspend(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(body, bytes): Body<SuspendBody>,
) -> Result<Response, Problem> {
    let reason = body.reason.unwrap_or_default().into();
    host.command(Command::Suspend { instance: key.into(), reason }, bytes).await?;
    Ok(done())
}

async fn resume(
    State(host): State<Arc<Host>>,
    PathKey(key): PathKey,
    Body(ResumeBody { .. }, bytes): Body<ResumeBody>,
) -> Result<Response, Problem> {
    host.command(Command::Resume { instance: key.into() }, bytes).await?;
    Ok(done())
}

/// An event of a suspension as a line of the timeline.
pub(super) fn fact(event: &Event) -> Fact {
    match event {
        Event::InstanceSuspended(reason) => of_all("instanceSuspended", reason.to_string()),
        Event::InstanceResumed => of_all("instanceResumed", String::new()),
        Event::InputHeld(input) => held(input),
        _ => of_all("heldInputTaken", String::new()),
    }
}

fn held(input: &HeldInput) -> Fact {
    let kind = "inputHeld";
    match input {
        HeldInput::JobCompleted { job, .. } => about(kind, *job, "the job is completed"),
        HeldInput::JobFailed { job, message, .. } => {
            about(kind, *job, format!("an attempt at the job failed{}", said(message)))
        }
        HeldInput::ErrorThrown { job, code, .. } => {
            about(kind, *job, format!("the job threw the error {code}"))
        }
        HeldInput::AdHocAnswered { job, .. } => {
            about(kind, *job, "the job of the ad-hoc sub-process is completed")
        }
        HeldInput::ElementsActivated { owner, elements, .. } => {
            about(kind, *owner, format!("{} elements are activated", elements.len()))
        }
        HeldInput::ListenerAnswered { job, denied: Some(_), .. } => {
            about(kind, *job, "the listener denies it")
        }
        HeldInput::ListenerAnswered { job, denied: None, .. } => {
            about(kind, *job, "the listener is done")
        }
        HeldInput::CalledEnded { owner, instance } => {
            about(kind, *owner, format!("the called instance {instance} has ended"))
        }
        HeldInput::TaskCompleted { task, .. } => about(kind, *task, "the user task is completed"),
        HeldInput::Message { message, name, .. } => match base::signal::of_slot(name) {
            Some(signal) => about(kind, *message, format!("the signal {signal}")),
            None => about(kind, *message, format!("the message {name}")),
        },
    }
}

fn said(message: &Text) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

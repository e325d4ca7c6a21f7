//! The calls of REST v2 that a client of Fermata needs, and `show`'s own.
//!
//! Keys go into paths as they were typed: the server says what is wrong with one.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::http::{ANSWER_TIMEOUT, Body};
use crate::{Client, Document, Error, ResourceFile, multipart};

/// Most items that one page of a search asks for.
const PAGE_ITEMS: usize = 500;

/// Which definition to start.
#[derive(Clone, Debug)]
pub enum Definition {
    /// One version for ever.
    Key(String),
    /// The `id` of a process; `None` is the latest version.
    Process {
        /// The id.
        id: String,
        /// Counts from 1.
        version: Option<i32>,
    },
}

/// What to start an instance with.
#[derive(Clone, Debug)]
pub struct CreateInstance {
    /// Of what.
    pub definition: Definition,
    /// A JSON object, sent as it is.
    pub variables: Option<Box<RawValue>>,
    /// The caller's own name for the instance.
    pub business_id: Option<String>,
    /// Whether a live instance with the same business id is a reason to refuse.
    pub business_id_unique: bool,
    /// Marks to find it by.
    pub tags: Vec<String>,
    /// Ids of the elements at which it begins instead of its start event.
    pub start_at: Vec<String>,
    /// Ids of elements: the instance is ended when the first of them has ended.
    pub end_after: Vec<String>,
    /// Answer when it has ended, at the latest after so long.
    pub await_completion: Option<Duration>,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct PublishMessage {
    /// Its name, as in the model.
    pub name: String,
    /// Whom it is for; empty starts instances only.
    pub correlation_key: String,
    /// How long it is kept when nobody waits for it yet.
    pub time_to_live: Duration,
    /// A second message of the same id is refused while the first is known.
    pub message_id: Option<String>,
    /// A JSON object, sent as it is.
    pub variables: Option<Box<RawValue>>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most as many as were asked for.
    pub items: Vec<Document>,
    /// How many there are in all, as far as the server counted.
    pub total: u64,
    /// Whether there are more than `total`.
    pub total_is_least: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    process_definition_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_definition_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_definition_version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_id: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    business_id_unique: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    start_instructions: Vec<StartBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runtime_instructions: Vec<RuntimeBody<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    await_completion: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_timeout: Option<u128>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartBody<'a> {
    element_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeBody<'a> {
    r#type: &'static str,
    after_element_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignalBody<'a> {
    signal_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageBody<'a> {
    name: &'a str,
    correlation_key: &'a str,
    time_to_live: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct VariablesBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SearchAnswer {
    items: Vec<Box<RawValue>>,
    page: SearchPage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchPage {
    total_items: u64,
    #[serde(default)]
    has_more_total_items: bool,
    end_cursor: Option<String>,
}

impl Client {
    /// Makes every file a definition, or none of them.
    pub async fn deploy(&self, files: &[ResourceFile]) -> Result<Document, Error> {
        let (content_type, bytes) = multipart::encode(files);
        let body = Body::Other(content_type, bytes);
        self.document(Method::POST, "/v2/deployments", body, ANSWER_TIMEOUT).await
    }

    /// Starts an instance.
    pub async fn create_instance(&self, create: &CreateInstance) -> Result<Document, Error> {
        let (key, id, version) = match &create.definition {
            Definition::Key(key) => (Some(key.as_str()), None, None),
            Definition::Process { id, version } => (None, Some(id.as_str()), *version),
        };
        let body = Body::json(&CreateBody {
            process_definition_key: key,
            process_definition_id: id,
            process_definition_version: version,
            variables: create.variables.as_deref(),
            business_id: create.business_id.as_deref(),
            business_id_unique: create.business_id_unique,
            tags: &create.tags,
            start_instructions: create
                .start_at
                .iter()
                .map(|id| StartBody { element_id: id })
                .collect(),
            runtime_instructions: create
                .end_after
                .iter()
                .map(|id| RuntimeBody {
                    r#type: "TERMINATE_PROCESS_INSTANCE",
                    after_element_id: id,
                })
                .collect(),
            await_completion: create.await_completion.is_some(),
            request_timeout: create.await_completion.map(|wait| wait.as_millis()),
        });
        let timeout = ANSWER_TIMEOUT + create.await_completion.unwrap_or_default();
        self.document(Method::POST, "/v2/process-instances", body, timeout).await
    }

    /// Ends elements of an instance and begins others: a body as REST v2 has it.
    pub async fn modify_instance(&self, key: &str, body: &RawValue) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/modification", segment(key));
        self.done(Method::POST, &path, Body::json(body)).await
    }

    /// Runs an instance by another definition from now on: a body as REST v2 has it.
    pub async fn migrate_instance(&self, key: &str, body: &Value) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/migration", segment(key));
        self.done(Method::POST, &path, Body::json(body)).await
    }

    /// What a migration would do: with `dryRun` in the body nothing is changed.
    pub async fn plan_migration(&self, key: &str, body: &Value) -> Result<Document, Error> {
        let path = format!("/v2/process-instances/{}/migration", segment(key));
        self.document(Method::POST, &path, Body::json(body), ANSWER_TIMEOUT).await
    }

    /// The file in which a definition was deployed.
    pub async fn definition_xml(&self, key: &str) -> Result<String, Error> {
        self.text(&format!("/v2/process-definitions/{}/xml", segment(key))).await
    }

    /// Ends an instance now.
    pub async fn cancel_instance(&self, key: &str) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/cancellation", segment(key));
        self.done(Method::POST, &path, Body::Empty).await
    }

    /// Starts nothing more of a definition, or evaluates nothing more of a graph of decisions.
    pub async fn delete_resource(&self, key: &str) -> Result<(), Error> {
        let path = format!("/v2/resources/{}/deletion", segment(key));
        self.document(Method::POST, &path, Body::Empty, ANSWER_TIMEOUT).await.map(drop)
    }

    /// Lets nothing be left of an instance that has ended and of what it has called.
    pub async fn delete_instance(&self, key: &str) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/deletion", segment(key));
        self.done(Method::POST, &path, Body::Empty).await
    }

    /// Lets nothing go on in an instance and in what it has called.
    pub async fn suspend_instance(&self, key: &str, reason: &str) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/suspension", segment(key));
        let body = Body::json(&serde_json::json!({ "reason": reason }));
        self.done(Method::POST, &path, body).await
    }

    /// Lets a suspended instance go on.
    pub async fn resume_instance(&self, key: &str) -> Result<(), Error> {
        let path = format!("/v2/process-instances/{}/resumption", segment(key));
        self.done(Method::POST, &path, Body::Empty).await
    }

    /// All about one instance in one document, with its timeline from entry `from`, `limit` of it.
    pub async fn show_instance(&self, key: &str, from: u64, limit: u64) -> Result<Document, Error> {
        let key = segment(key);
        let path = format!("/fermata/v1/process-instances/{key}?from={from}&limit={limit}");
        self.document(Method::GET, &path, Body::Empty, ANSWER_TIMEOUT).await
    }

    /// All about one instance, with the last `limit` entries of its timeline.
    pub async fn show_instance_end(&self, key: &str, limit: u64) -> Result<Document, Error> {
        let path = format!("/fermata/v1/process-instances/{}?limit={limit}", segment(key));
        self.document(Method::GET, &path, Body::Empty, ANSWER_TIMEOUT).await
    }

    /// One thing by its key: `GET /v2/{kind}/{key}`.
    pub async fn get(&self, kind: &str, key: &str) -> Result<Document, Error> {
        let path = format!("/v2/{kind}/{}", segment(key));
        self.document(Method::GET, &path, Body::Empty, ANSWER_TIMEOUT).await
    }

    /// `POST /v2/{what}/search` with `filter` and `sort` in `query`, page by page, until `limit`
    /// items are there or there are no more.
    pub async fn search(&self, what: &str, query: &Value, limit: usize) -> Result<Page, Error> {
        let path = format!("/v2/{what}/search");
        let mut found = Page { items: Vec::new(), total: 0, total_is_least: false };
        let mut after: Option<String> = None;
        loop {
            let items = (limit - found.items.len()).min(PAGE_ITEMS);
            let mut body = query.clone();
            body["page"] = match &after {
                None => json!({ "limit": items }),
                Some(cursor) => json!({ "limit": items, "after": cursor }),
            };
            let answer =
                self.document(Method::POST, &path, Body::json(&body), ANSWER_TIMEOUT).await?;
            let answer: SearchAnswer = answer.read().ok_or_else(|| Error::Unexpected {
                server: self.server().to_owned(),
                call: format!("POST {path}"),
                found: "the answer has no `items` and `page`".to_owned(),
                hint: "check that the address names a Fermata server of this release",
            })?;
            found.total = answer.page.total_items;
            found.total_is_least = answer.page.has_more_total_items;
            let full = answer.items.len() >= items;
            found.items.extend(answer.items.into_iter().map(Document::new));
            after = answer.page.end_cursor;
            if !full || after.is_none() || found.items.len() >= limit {
                return Ok(found);
            }
        }
    }

    /// Sets how many attempts a job has left.
    pub async fn update_job_retries(&self, job: &str, retries: i32) -> Result<(), Error> {
        let body = Body::json(&json!({ "changeset": { "retries": retries } }));
        self.done(Method::PATCH, &format!("/v2/jobs/{}", segment(job)), body).await
    }

    /// Writes variables, each where its name is found going up from the scope, else at the top.
    pub async fn set_variables(&self, scope: &str, variables: &RawValue) -> Result<(), Error> {
        let path = format!("/v2/element-instances/{}/variables", segment(scope));
        let body = Body::json(&VariablesBody { variables: Some(variables) });
        self.done(Method::PUT, &path, body).await
    }

    /// Says that the cause of an incident is gone.
    pub async fn resolve_incident(&self, incident: &str) -> Result<(), Error> {
        let path = format!("/v2/incidents/{}/resolution", segment(incident));
        self.done(Method::POST, &path, Body::Empty).await
    }

    /// Publishes a message.
    pub async fn publish_message(&self, message: &PublishMessage) -> Result<Document, Error> {
        let body = Body::json(&MessageBody {
            name: &message.name,
            correlation_key: &message.correlation_key,
            time_to_live: message.time_to_live.as_millis(),
            message_id: message.message_id.as_deref(),
            variables: message.variables.as_deref(),
        });
        self.document(Method::POST, "/v2/messages/publication", body, ANSWER_TIMEOUT).await
    }

    /// Broadcasts a signal to everybody who waits for it.
    pub async fn broadcast_signal(
        &self,
        name: &str,
        variables: Option<&RawValue>,
    ) -> Result<Document, Error> {
        let body = Body::json(&SignalBody { signal_name: name, variables });
        self.document(Method::POST, "/v2/signals/broadcast", body, ANSWER_TIMEOUT).await
    }

    /// Gives a user task to a user; `take_over` also when another has it.
    pub async fn assign_task(&self, task: &str, user: &str, take_over: bool) -> Result<(), Error> {
        let path = format!("/v2/user-tasks/{}/assignment", segment(task));
        let body = Body::json(&json!({ "assignee": user, "allowOverride": take_over }));
        self.done(Method::POST, &path, body).await
    }

    /// Takes a user task from whoever has it.
    pub async fn unassign_task(&self, task: &str) -> Result<(), Error> {
        let path = format!("/v2/user-tasks/{}/assignee", segment(task));
        self.done(Method::DELETE, &path, Body::Empty).await
    }

    /// Completes a user task.
    pub async fn complete_task(
        &self,
        task: &str,
        variables: Option<&RawValue>,
    ) -> Result<(), Error> {
        let path = format!("/v2/user-tasks/{}/completion", segment(task));
        self.done(Method::POST, &path, Body::json(&VariablesBody { variables })).await
    }
}

/// A key as one segment of a path: whatever was typed, it names nothing else.
fn segment(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_leaves_its_segment() {
        assert_eq!(segment("2251799813685249"), "2251799813685249");
        assert_eq!(segment("../x?y=ä"), "%2E%2E%2Fx%3Fy%3D%C3%A4");
    }

    #[test]
    fn variables_are_sent_as_they_were_written() {
        let variables =
            RawValue::from_string(r#"{"price":0.10000000000000000001}"#.into()).unwrap();
        let body = serde_json::to_string(&VariablesBody { variables: Some(&variables) }).unwrap();
        assert_eq!(body, r#"{"variables":{"price":0.10000000000000000001}}"#);
    }
}

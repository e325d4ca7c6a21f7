//! What a command is given, and how its end is read.

use std::time::Duration;

use client::{Job, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::input;

/// Exit code that says: a BPMN error.
pub(super) const BPMN_ERROR: i32 = 100;
/// Longest pause that doubling leads to.
const BACKOFF_MAX_MS: u64 = 3_600_000;

/// The job as the command reads it. Keys are strings, as in the REST API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobDocument<'a> {
    key: String,
    r#type: &'a str,
    process_instance_key: String,
    bpmn_process_id: &'a str,
    process_definition_version: i32,
    process_definition_key: String,
    element_id: &'a str,
    element_instance_key: String,
    headers: Box<RawValue>,
    retries: i32,
    deadline: i64,
    variables: Box<RawValue>,
}

/// One JSON document and a line end.
pub(super) fn document(job: &Job) -> String {
    let document = JobDocument {
        key: job.key.to_string(),
        r#type: &job.job_type,
        process_instance_key: job.process_instance_key.to_string(),
        bpmn_process_id: &job.process_id,
        process_definition_version: job.process_version,
        process_definition_key: job.process_definition_key.to_string(),
        element_id: &job.element_id,
        element_instance_key: job.element_instance_key.to_string(),
        headers: raw(&job.headers),
        retries: job.retries,
        deadline: job.deadline_ms,
        variables: raw(&job.variables),
    };
    // What is made of strings, numbers and JSON texts is always serialisable.
    let mut text = serde_json::to_string(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn raw(text: &str) -> Box<RawValue> {
    let text = if text.is_empty() { "{}" } else { text };
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct End {
    /// Its exit code; `None` when a signal ended it.
    pub(super) code: Option<i32>,
    /// How it ended, in words, where it was not by its own exit.
    pub(super) signal: Option<i32>,
    /// What it printed.
    pub(super) stdout: Vec<u8>,
    /// Whether it printed more than that.
    pub(super) too_much: bool,
    /// The last lines of its standard error.
    pub(super) last_words: String,
}

#[derive(Deserialize)]
struct ErrorDocument {
    #[serde(alias = "errorCode")]
    code: String,
    #[serde(default, alias = "errorMessage")]
    message: String,
    #[serde(default)]
    variables: Option<Box<RawValue>>,
}

/// What becomes of a job whose command ended so.
pub(super) fn outcome(job: &Job, end: End, backoff: Duration) -> Outcome {
    let fail =
        |message: String| Outcome::Fail { retries: (job.retries - 1).max(0), message, backoff };
    if end.too_much {
        let max = base::limits::VARIABLES_BYTES_MAX;
        return fail(format!("the command printed more than {max} bytes, the limit of variables"));
    }
    let stdout = String::from_utf8(end.stdout).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("expected the command to print UTF-8, but byte {at} is not")
    });
    match (end.code, stdout) {
        (Some(0 | BPMN_ERROR), Err(why)) => fail(why),
        (Some(0), Ok(text)) if text.trim().is_empty() => {
            Outcome::Complete { variables: String::new() }
        }
        (Some(0), Ok(text)) => match input::object(&text) {
            Ok(object) => Outcome::Complete { variables: object.get().to_owned() },
            Err(problem) => fail(format!(
                "expected the command to print a JSON object of variables, or nothing, but {problem}"
            )),
        },
        (Some(BPMN_ERROR), Ok(text)) => match error(&text) {
            Ok(thrown) => thrown,
            Err(problem) => fail(problem),
        },
        (code, _) => {
            let ended = match (code, end.signal) {
                (Some(code), _) => format!("the command ended with exit code {code}"),
                (None, Some(signal)) => format!("the command was ended by signal {signal}"),
                (None, None) => "the command was ended".to_owned(),
            };
            fail(if end.last_words.is_empty() { ended } else { end.last_words })
        }
    }
}

fn error(text: &str) -> Result<Outcome, String> {
    const WANTED: &str =
        "expected a command that ends with 100 to print {\"code\": \"...\", \"message\": \"...\"}";
    let object = input::object(text).map_err(|problem| format!("{WANTED}, but {problem}"))?;
    let error: ErrorDocument = serde_json::from_str(object.get())
        .map_err(|error| format!("{WANTED}, but found {error}"))?;
    let variables = error.variables.map_or_else(String::new, |raw| raw.get().to_owned());
    if !(variables.is_empty() || variables.starts_with('{')) {
        return Err(format!("{WANTED} and a JSON object of variables, but found {variables}"));
    }
    Ok(Outcome::Error { code: error.code, message: error.message, variables })
}

/// The pause before the next attempt: the task header `retryBackoffMs`, doubled for each failure
/// of this job that was seen before, at most an hour unless the header itself is longer.
pub(super) fn backoff(job: &Job, failures_before: u32) -> Duration {
    let headers: serde_json::Value = serde_json::from_str(&job.headers).unwrap_or_default();
    let header = &headers["retryBackoffMs"];
    let first = header.as_str().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    let doubled = first.saturating_mul(1_u64.checked_shl(failures_before).unwrap_or(u64::MAX));
    Duration::from_millis(doubled.min(BACKOFF_MAX_MS.max(first)))
}

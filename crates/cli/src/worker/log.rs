//! What a worker tells while it works: one line for each job.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use client::{Job, Outcome};
use jiff::Timestamp;
use serde_json::json;

use crate::screen::{BAD, DIM, GOOD, clean, cut, put, styled};

/// Widest part of a message in a line of the log.
const MESSAGE_COLUMNS: usize = 200;

/// Jobs go to standard output, all else to standard error.
#[derive(Debug)]
pub(super) struct Log {
    json: bool,
}

impl Log {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// About the worker itself.
    #[allow(clippy::unused_self, reason = "one way to speak, whatever the output is")]
    pub(super) fn say(&self, words: &str) {
        note(&format!("fermata: {}\n", clean(words)));
    }

    /// A line that a command wrote to its standard error.
    #[allow(clippy::unused_self, reason = "one way to speak, whatever the output is")]
    pub(super) fn heard(&self, job: &Job, line: &str) {
        note(&format!("{} {}: {}\n", clean(&job.job_type), job.key, clean(line)));
    }

    /// What became of a job.
    pub(super) fn job(&self, job: &Job, outcome: &Outcome, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (word, message) = match outcome {
            Outcome::Complete { .. } => ("completed", String::new()),
            Outcome::Error { code, .. } => ("error", code.clone()),
            Outcome::Fail { message, .. } => ("failed", message.clone()),
        };
        if self.json {
            let mut line = json!({
                "at": Timestamp::now().to_string(), "key": job.key.to_string(),
                "type": job.job_type, "processInstanceKey": job.process_instance_key.to_string(),
                "outcome": word, "ms": ms, "message": message,
            });
            if let Outcome::Fail { retries, .. } = outcome {
                line["retries"] = json!(retries);
            }
            return tell(&format!("{line}\n"));
        }
        let style = if matches!(outcome, Outcome::Fail { .. }) { BAD } else { GOOD };
        let mut line = format!(
            "{} {} {} {} in {ms} ms",
            styled(DIM, &now()),
            clean(&job.job_type),
            job.key,
            styled(style, word),
        );
        // Writing to a string cannot fail.
        if let Outcome::Fail { retries, .. } = outcome {
            let left = if *retries == 1 { "attempt" } else { "attempts" };
            let _ = write!(line, ", {retries} {left} left");
        }
        if !message.is_empty() {
            let _ = write!(line, ": {}", cut(&clean(&message), MESSAGE_COLUMNS));
        }
        line.push('\n');
        tell(&line);
    }
}

/// The time of day, in UTC.
fn now() -> String {
    let text = Timestamp::now().to_string();
    text.get(11..19).map_or_else(String::new, |time| format!("{time}Z"))
}

/// A log whose reader went away is not a reason to leave jobs undone.
fn tell(line: &str) {
    let _ = put(line);
}

fn note(line: &str) {
    let _ = anstream::stderr().lock().write_all(line.as_bytes());
}

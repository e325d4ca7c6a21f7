//! A job under lease, what became of it, and who does the work.

use std::future::Future;
use std::time::Duration;

use proto::gateway as wire;

/// A job under lease.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Names it for ever.
    pub key: i64,
    /// Its type.
    pub job_type: String,
    /// The instance that waits for it.
    pub process_instance_key: i64,
    /// The `id` of the process.
    pub process_id: String,
    /// The version of the process.
    pub process_version: i32,
    /// The definition.
    pub process_definition_key: i64,
    /// The task in the model.
    pub element_id: String,
    /// The task in the instance.
    pub element_instance_key: i64,
    /// The task's headers: a JSON object of strings, as text.
    pub headers: String,
    /// Attempts left, this one included.
    pub retries: i32,
    /// When the lease ends unless it is prolonged, in milliseconds since the Unix epoch.
    pub deadline_ms: i64,
    /// A JSON object, as text.
    pub variables: String,
}

impl From<wire::ActivatedJob> for Job {
    fn from(job: wire::ActivatedJob) -> Self {
        Self {
            key: job.key,
            job_type: job.r#type,
            process_instance_key: job.process_instance_key,
            process_id: job.bpmn_process_id,
            process_version: job.process_definition_version,
            process_definition_key: job.process_definition_key,
            element_id: job.element_id,
            element_instance_key: job.element_instance_key,
            headers: job.custom_headers,
            retries: job.retries,
            deadline_ms: job.deadline,
            variables: job.variables,
        }
    }
}

/// What became of a job. Variables are JSON objects as text; empty is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The work is done.
    Complete {
        /// Written where the task's output mapping says.
        variables: String,
    },
    /// The attempt failed for a technical reason.
    Fail {
        /// Attempts left; 0 raises an incident.
        retries: i32,
        /// Why.
        message: String,
        /// How long until the next attempt.
        backoff: Duration,
    },
    /// The work ended in a BPMN error, which the model may catch.
    Error {
        /// The error's code.
        code: String,
        /// Why.
        message: String,
        /// For whoever catches it.
        variables: String,
    },
}

/// What a worker has to tell beside the outcomes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The server does not answer; the worker keeps trying.
    ServerAway {
        /// Its address.
        server: String,
        /// What the system or the server said.
        cause: String,
    },
    /// It answers again.
    ServerBack,
    /// The server took the outcome.
    Reported {
        /// Of this job.
        key: i64,
    },
    /// The server did not take the outcome: the job is no longer this worker's, or the outcome was
    /// refused, and then the job failed with the same words.
    NotReported {
        /// Of this job.
        key: i64,
        /// In the server's words.
        why: String,
    },
    /// The job ended while the handler ran (cancelled, or a boundary event came); the handler was
    /// dropped.
    Gone {
        /// This job.
        key: i64,
        /// In the server's words.
        why: String,
    },
    /// The handler was dropped because the worker ends at once; the job is given back.
    GivenBack {
        /// This job.
        key: i64,
    },
}

/// Does the work. A closure from [`Job`] to a future of [`Outcome`] is one.
pub trait Handler: Send + Sync + 'static {
    /// Does one job. The future is dropped when the job ends elsewhere: what it holds must end
    /// with it.
    fn handle(&self, job: Job) -> impl Future<Output = Outcome> + Send;

    /// Hears of what happened around the jobs.
    fn notice(&self, notice: Notice) {
        drop(notice);
    }
}

impl<F, W> Handler for F
where
    F: Fn(Job) -> W + Send + Sync + 'static,
    W: Future<Output = Outcome> + Send,
{
    fn handle(&self, job: Job) -> impl Future<Output = Outcome> + Send {
        self(job)
    }
}

//! The load over REST: instances awaited to their end, jobs by long polls.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::post::Posts;
use super::{Count, Failure, take};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    job_key: String,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

/// Polls for jobs and completes each at once.
pub(super) async fn work(posts: Posts, count: Arc<Count>) -> Result<(), Failure> {
    let activate = json!({
        "type": "bench-step", "worker": "bench", "timeout": 60_000, "maxJobsToActivate": 64,
        "fetchVariable": ["none"], "requestTimeout": 20_000,
    });
    let activate = Bytes::from(activate.to_string());
    loop {
        let answer = posts.post("/v2/jobs/activation", activate.clone()).await?;
        let jobs: Jobs = serde_json::from_slice(&answer)?;
        for job in jobs.jobs {
            let (posts, count) = (posts.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let path = format!("/v2/jobs/{}/completion", job.job_key);
                count.completed(posts.post(&path, Bytes::from_static(b"{}")).await);
            });
        }
    }
}

/// One instance after the other.
pub(super) async fn run_instances(
    posts: Posts,
    variables: String,
    left: Arc<AtomicU64>,
) -> Result<Vec<Duration>, Failure> {
    let variables: serde_json::Value = serde_json::from_str(&variables)?;
    let create = json!({
        "processDefinitionId": "bench", "variables": variables, "awaitCompletion": true,
        "requestTimeout": 60_000, "fetchVariables": ["none"],
    });
    let create = Bytes::from(create.to_string());
    let mut latencies = Vec::new();
    while take(&left) {
        let begin = Instant::now();
        posts.post("/v2/process-instances", create.clone()).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

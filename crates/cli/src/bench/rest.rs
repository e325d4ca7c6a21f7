//! The load over REST: instances awaited to their end, jobs by long polls.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use client::Client;
use serde::Deserialize;
use serde_json::json;

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
pub(super) async fn work(client: Client, count: Arc<Count>) -> Result<(), Failure> {
    let activate = json!({
        "type": "bench-step", "worker": "bench", "timeout": 60_000, "maxJobsToActivate": 64,
        "fetchVariable": ["none"], "requestTimeout": 20_000,
    });
    loop {
        let answer = client.call("/v2/jobs/activation", Some(&activate)).await?;
        let jobs: Jobs = answer.read().ok_or("found no jobs in the answer to an activation")?;
        for job in jobs.jobs {
            let (client, count) = (client.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let path = format!("/v2/jobs/{}/completion", job.job_key);
                count.completed(client.tell(&path, &json!({})).await.map_err(Failure::from));
            });
        }
    }
}

/// One instance after the other.
pub(super) async fn run_instances(
    client: Client,
    variables: String,
    left: Arc<AtomicU64>,
) -> Result<Vec<Duration>, Failure> {
    let variables: serde_json::Value = serde_json::from_str(&variables)?;
    let create = json!({
        "processDefinitionId": "bench", "variables": variables, "awaitCompletion": true,
        "requestTimeout": 60_000, "fetchVariables": ["none"],
    });
    let mut latencies = Vec::new();
    while take(&left) {
        let begin = Instant::now();
        client.call("/v2/process-instances", Some(&create)).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

//! The built-in workers: one stream of jobs a type, connected again after each kill.

use std::sync::Arc;
use std::time::Duration;

use proto::gateway as wire;
use proto::gateway::gateway_client::GatewayClient;
use serde_json::Value;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use super::{Drill, LEASE};

const TYPES: [&str; 5] =
    ["reserve-stock", "check-credit", "charge-card", "notify-customer", "ship"];
/// Pause before a worker connects again.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts them.
pub(super) fn start(drill: &Arc<Drill>, tasks: &mut JoinSet<()>) {
    for job_type in TYPES {
        let drill = Arc::clone(drill);
        tasks.spawn(async move {
            loop {
                // A server that was killed ends the stream; the next one begins when it is back.
                let _ = stream(&drill, job_type).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}

async fn stream(drill: &Arc<Drill>, job_type: &str) -> Result<(), Status> {
    let endpoint = Channel::from_shared(format!("http://{}", drill.grpc))
        .map_err(|error| Status::internal(error.to_string()))?;
    let channel = endpoint
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut client = GatewayClient::new(channel);
    let request = wire::StreamActivatedJobsRequest {
        r#type: job_type.into(),
        worker: "demo".into(),
        timeout: i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX),
        fetch_variable: Vec::new(),
        tenant_ids: Vec::new(),
    };
    let mut jobs = client.stream_activated_jobs(request).await?.into_inner();
    while let Some(job) = jobs.message().await? {
        let (drill, client) = (Arc::clone(drill), client.clone());
        tokio::spawn(async move {
            let key = job.key;
            // A refusal or a lost connection: the job comes again, or was somebody else's.
            if answer(client, job).await.is_ok() {
                drill.acknowledge(|record| {
                    record.jobs.insert(key);
                });
            }
        });
    }
    Ok(())
}

/// Does the work. What is acknowledged here ends the job or this attempt at it.
async fn answer(mut client: GatewayClient<Channel>, job: wire::ActivatedJob) -> Result<(), Status> {
    let variables: Value = serde_json::from_str(&job.variables).unwrap_or_default();
    let order = variables["orderId"].as_str().unwrap_or_default();
    let done = match job.r#type.as_str() {
        "reserve-stock" if variables["items"][0]["sku"] == "UNICORN-1" => {
            let request = wire::ThrowErrorRequest {
                job_key: job.key,
                error_code: "OUT_OF_STOCK".into(),
                error_message: "out of stock: UNICORN-1".into(),
                variables: r#"{"missing": ["UNICORN-1"]}"#.into(),
            };
            client.throw_error(request).await?;
            return Ok(());
        }
        "reserve-stock" => serde_json::json!({"reservationId": format!("RES-{order}")}),
        "check-credit" => serde_json::json!({"rating": "A"}),
        // Every fifth order needs a second try, at the first of its three.
        "charge-card" if job.retries == 3 && order.ends_with(['5', '0']) => {
            let request = wire::FailJobRequest {
                job_key: job.key,
                retries: 2,
                error_message: format!("the card network did not answer for {order}"),
                retry_back_off: 300,
                variables: String::new(),
            };
            client.fail_job(request).await?;
            return Err(Status::aborted("not done yet"));
        }
        "charge-card" => serde_json::json!({"paymentId": format!("PAY-{order}")}),
        "ship" => serde_json::json!({"trackingId": format!("TRK-{order}")}),
        _ => serde_json::json!({"notified": true}),
    };
    let request =
        wire::CompleteJobRequest { job_key: job.key, variables: done.to_string(), result: None };
    client.complete_job(request).await?;
    Ok(())
}

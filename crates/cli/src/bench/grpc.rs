//! The load over gRPC: instances awaited to their end, jobs over streams.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use proto::gateway as wire;

use super::call::Caller;
use super::{Count, Failure, take};

const SERVICE: &str = "/gateway_protocol.Gateway";

pub(super) async fn deploy(caller: &Caller, model: String) -> Result<(), Failure> {
    let method = caller.method(&format!("{SERVICE}/DeployResource"))?;
    let resource = wire::Resource { name: "bench.bpmn".into(), content: model.into_bytes() };
    let request =
        wire::DeployResourceRequest { resources: vec![resource], tenant_id: String::new() };
    caller.unary::<wire::DeployResourceResponse>(&method, &request).await.map(drop)
}

/// One stream of jobs, each completed at once.
pub(super) async fn work(address: String, count: Arc<Count>) -> Result<(), Failure> {
    let caller = Caller::connect(&address).await?;
    let complete = caller.method(&format!("{SERVICE}/CompleteJob"))?;
    let request = wire::StreamActivatedJobsRequest {
        r#type: "bench-step".into(),
        worker: "bench".into(),
        timeout: 60_000,
        fetch_variable: vec!["none".into()],
        tenant_ids: Vec::new(),
    };
    let stream = caller.method(&format!("{SERVICE}/StreamActivatedJobs"))?;
    let mut jobs = caller.stream(&stream, &request).await?;
    while let Some(job) = jobs.next::<wire::ActivatedJob>().await? {
        let (caller, complete, count) = (caller.clone(), complete.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            let request = wire::CompleteJobRequest {
                job_key: job.key,
                variables: String::new(),
                result: None,
            };
            count.completed(caller.unary::<wire::CompleteJobResponse>(&complete, &request).await);
        });
    }
    Ok(())
}

/// One instance after the other.
pub(super) async fn run_instances(
    caller: Caller,
    variables: String,
    left: Arc<AtomicU64>,
) -> Result<Vec<Duration>, Failure> {
    type Answer = wire::CreateProcessInstanceWithResultResponse;
    let method = caller.method(&format!("{SERVICE}/CreateProcessInstanceWithResult"))?;
    let request = wire::CreateProcessInstanceRequest {
        bpmn_process_id: "bench".into(),
        version: -1,
        variables,
        ..Default::default()
    };
    let request = wire::CreateProcessInstanceWithResultRequest {
        request: Some(request),
        request_timeout: 0,
        fetch_variables: vec!["none".into()],
    };
    let mut latencies = Vec::new();
    while take(&left) {
        let begin = Instant::now();
        caller.unary::<Answer>(&method, &request).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

//! The gateway service, call by call.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::{ActivateJobs, Command, Reply};
use proto::gateway as wire;
use proto::gateway::gateway_server::Gateway as GatewayService;
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::changes;
use super::convert::{self, end_of_call, unexpected};
use super::decisions;
use super::status::{key, status, tenant, texts, variables};
use crate::host::Host;
use crate::{GATEWAY_VERSION, work};

/// The service.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Who decides.
    pub host: Arc<Host>,
    /// The port that topology names.
    pub port: u16,
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Gateway {
    async fn done(&self, command: Command, bytes: usize) -> Result<Reply, Status> {
        self.host.command(command, bytes).await.map_err(status)
    }
}

#[tonic::async_trait]
impl GatewayService for Gateway {
    async fn topology(
        &self,
        _: Request<wire::TopologyRequest>,
    ) -> Result<Response<wire::TopologyResponse>, Status> {
        let shards = i32::from(self.host.shards());
        // Clients count partitions from 1.
        let partitions =
            (1..=shards).map(|partition_id| wire::Partition { partition_id, role: 0, health: 0 });
        let broker = wire::BrokerInfo {
            node_id: 0,
            host: "localhost".into(),
            port: i32::from(self.port),
            partitions: partitions.collect(),
            version: GATEWAY_VERSION.into(),
        };
        Ok(Response::new(wire::TopologyResponse {
            brokers: vec![broker],
            cluster_size: 1,
            partitions_count: shards,
            replication_factor: 1,
            gateway_version: GATEWAY_VERSION.into(),
        }))
    }

    async fn deploy_resource(
        &self,
        request: Request<wire::DeployResourceRequest>,
    ) -> Result<Response<wire::DeployResourceResponse>, Status> {
        let request = request.into_inner();
        tenant(&request.tenant_id)?;
        let files = request.resources.into_iter().map(|file| (file.name, file.content)).collect();
        let resources = work::read_resources(files).await.map_err(status)?;
        let reply = self.host.deploy(resources).await.map_err(status)?;
        decisions::deployed(&reply).map(Response::new)
    }

    async fn deploy_process(
        &self,
        request: Request<wire::DeployProcessRequest>,
    ) -> Result<Response<wire::DeployProcessResponse>, Status> {
        let files = request.into_inner().processes;
        let files = files.into_iter().map(|file| (file.name, file.definition)).collect();
        let resources = work::read_resources(files).await.map_err(status)?;
        let reply = self.host.deploy(resources).await.map_err(status)?;
        let Reply::Deployed { deployment, definitions, graphs: _ } = reply else {
            return Err(unexpected());
        };
        Ok(Response::new(wire::DeployProcessResponse {
            key: deployment.0.as_i64(),
            processes: definitions.iter().map(decisions::process).collect(),
        }))
    }

    async fn create_process_instance(
        &self,
        request: Request<wire::CreateProcessInstanceRequest>,
    ) -> Result<Response<wire::CreateProcessInstanceResponse>, Status> {
        let (command, bytes) = convert::create(request.into_inner())?;
        convert::created(self.done(command, bytes).await?).map(Response::new)
    }

    async fn create_process_instance_with_result(
        &self,
        request: Request<wire::CreateProcessInstanceWithResultRequest>,
    ) -> Result<Response<wire::CreateProcessInstanceWithResultResponse>, Status> {
        let end = end_of_call(request.metadata().as_ref())?;
        convert::run_to_end(&self.host, request.into_inner(), end).await.map(Response::new)
    }

    async fn cancel_process_instance(
        &self,
        request: Request<wire::CancelProcessInstanceRequest>,
    ) -> Result<Response<wire::CancelProcessInstanceResponse>, Status> {
        let instance = key("a process instance", request.get_ref().process_instance_key)?.into();
        self.done(Command::Cancel { instance }, 0).await?;
        Ok(Response::new(wire::CancelProcessInstanceResponse {}))
    }

    async fn set_variables(
        &self,
        request: Request<wire::SetVariablesRequest>,
    ) -> Result<Response<wire::SetVariablesResponse>, Status> {
        let request = request.into_inner();
        let scope = key("an element instance", request.element_instance_key)?;
        let variables = variables(&request.variables)?;
        let local = request.local;
        let command = Command::SetVariables { scope: scope.into(), variables, local };
        self.done(command, request.variables.len()).await?;
        Ok(Response::new(wire::SetVariablesResponse { key: scope.as_i64() }))
    }

    async fn resolve_incident(
        &self,
        request: Request<wire::ResolveIncidentRequest>,
    ) -> Result<Response<wire::ResolveIncidentResponse>, Status> {
        let incident = key("an incident", request.get_ref().incident_key)?.into();
        self.done(Command::ResolveIncident { incident }, 0).await?;
        Ok(Response::new(wire::ResolveIncidentResponse {}))
    }

    type ActivateJobsStream = Streamed<wire::ActivateJobsResponse>;

    async fn activate_jobs(
        &self,
        request: Request<wire::ActivateJobsRequest>,
    ) -> Result<Response<Self::ActivateJobsStream>, Status> {
        let end = end_of_call(request.metadata().as_ref())?;
        let request = request.into_inner();
        for id in &request.tenant_ids {
            tenant(id)?;
        }
        let poll = match request.request_timeout {
            0 => Some(work::POLL_DEFAULT),
            ms => u64::try_from(ms).ok().map(Duration::from_millis),
        };
        let deadline = poll.and_then(|poll| {
            let until = Instant::now().checked_add(poll);
            [until, end].into_iter().flatten().min()
        });
        let activate = ActivateJobs {
            job_type: request.r#type.into(),
            worker: request.worker.into(),
            timeout_ms: request.timeout,
            jobs_max: u32::try_from(request.max_jobs_to_activate).unwrap_or(0),
            fetch_variables: texts(request.fetch_variable),
        };
        let jobs = work::activate(&self.host, activate, deadline).await.map_err(status)?;
        let jobs: Vec<_> = jobs.iter().map(convert::wire_job).collect();
        let answer = (!jobs.is_empty()).then_some(Ok(wire::ActivateJobsResponse { jobs }));
        Ok(Response::new(Box::pin(tokio_stream::iter(answer))))
    }

    type StreamActivatedJobsStream = Streamed<wire::ActivatedJob>;

    async fn stream_activated_jobs(
        &self,
        request: Request<wire::StreamActivatedJobsRequest>,
    ) -> Result<Response<Self::StreamActivatedJobsStream>, Status> {
        let headers = request.metadata().clone().into_headers();
        let jobs = convert::open_stream(&self.host, request.into_inner(), &headers)?;
        let jobs = jobs.map(|job| Ok(convert::wire_job(&job)));
        Ok(Response::new(Box::pin(jobs)))
    }

    async fn complete_job(
        &self,
        request: Request<wire::CompleteJobRequest>,
    ) -> Result<Response<wire::CompleteJobResponse>, Status> {
        let (command, bytes) = convert::complete_job(request.get_ref())?;
        self.done(command, bytes).await?;
        Ok(Response::new(wire::CompleteJobResponse {}))
    }

    async fn fail_job(
        &self,
        request: Request<wire::FailJobRequest>,
    ) -> Result<Response<wire::FailJobResponse>, Status> {
        let (command, bytes) = convert::fail_job(request.into_inner())?;
        self.done(command, bytes).await?;
        Ok(Response::new(wire::FailJobResponse {}))
    }

    async fn throw_error(
        &self,
        request: Request<wire::ThrowErrorRequest>,
    ) -> Result<Response<wire::ThrowErrorResponse>, Status> {
        let (command, bytes) = convert::throw_error(request.into_inner())?;
        self.done(command, bytes).await?;
        Ok(Response::new(wire::ThrowErrorResponse {}))
    }

    async fn update_job_retries(
        &self,
        request: Request<wire::UpdateJobRetriesRequest>,
    ) -> Result<Response<wire::UpdateJobRetriesResponse>, Status> {
        let request = request.get_ref();
        let job = key("a job", request.job_key)?.into();
        let retries = Some(request.retries);
        self.done(Command::UpdateJob { job, retries, timeout_ms: None }, 0).await?;
        Ok(Response::new(wire::UpdateJobRetriesResponse {}))
    }

    async fn update_job_timeout(
        &self,
        request: Request<wire::UpdateJobTimeoutRequest>,
    ) -> Result<Response<wire::UpdateJobTimeoutResponse>, Status> {
        let request = request.get_ref();
        let job = key("a job", request.job_key)?.into();
        let timeout_ms = Some(request.timeout);
        self.done(Command::UpdateJob { job, retries: None, timeout_ms }, 0).await?;
        Ok(Response::new(wire::UpdateJobTimeoutResponse {}))
    }

    async fn publish_message(
        &self,
        request: Request<wire::PublishMessageRequest>,
    ) -> Result<Response<wire::PublishMessageResponse>, Status> {
        let (command, bytes) = convert::publish(request.into_inner())?;
        convert::published(&self.done(command, bytes).await?).map(Response::new)
    }

    async fn delete_resource(
        &self,
        request: Request<wire::DeleteResourceRequest>,
    ) -> Result<Response<wire::DeleteResourceResponse>, Status> {
        let resource = key("a definition", request.get_ref().resource_key)?;
        self.done(Command::DeleteResource { resource }, 0).await?;
        Ok(Response::new(wire::DeleteResourceResponse {}))
    }

    async fn modify_process_instance(
        &self,
        request: Request<wire::ModifyProcessInstanceRequest>,
    ) -> Result<Response<wire::ModifyProcessInstanceResponse>, Status> {
        let (command, bytes) = changes::modify(request.into_inner())?;
        self.done(command, bytes).await?;
        Ok(Response::new(wire::ModifyProcessInstanceResponse {}))
    }

    async fn migrate_process_instance(
        &self,
        request: Request<wire::MigrateProcessInstanceRequest>,
    ) -> Result<Response<wire::MigrateProcessInstanceResponse>, Status> {
        self.done(changes::migrate(request.into_inner())?, 0).await?;
        Ok(Response::new(wire::MigrateProcessInstanceResponse {}))
    }

    async fn broadcast_signal(
        &self,
        request: Request<wire::BroadcastSignalRequest>,
    ) -> Result<Response<wire::BroadcastSignalResponse>, Status> {
        let (command, bytes) = convert::broadcast(request.into_inner())?;
        convert::broadcasted(&self.done(command, bytes).await?).map(Response::new)
    }

    async fn evaluate_decision(
        &self,
        request: Request<wire::EvaluateDecisionRequest>,
    ) -> Result<Response<wire::EvaluateDecisionResponse>, Status> {
        let (command, bytes) = decisions::evaluate(request.into_inner())?;
        decisions::evaluated(&self.done(command, bytes).await?).map(Response::new)
    }
}

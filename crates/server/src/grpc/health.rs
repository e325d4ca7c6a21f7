//! gRPC's health protocol: the server as a whole and the gateway by name.

use std::pin::Pin;
use std::sync::Arc;

use proto::health::health_check_response::ServingStatus;
use proto::health::health_server::Health as HealthService;
use proto::health::{HealthCheckRequest, HealthCheckResponse};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use crate::host::Host;

/// The service.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whose health.
    pub host: Arc<Host>,
}

fn known(service: &str) -> bool {
    matches!(service, "" | "gateway_protocol.Gateway" | "grpc.health.v1.Health")
}

fn response(serving: bool) -> HealthCheckResponse {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl HealthService for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = &request.get_ref().service;
        if !known(service) {
            return Err(Status::not_found(format!("no service `{service}` is known here")));
        }
        Ok(Response::new(response(self.host.failed().borrow().is_none())))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if !known(&request.get_ref().service) {
            // The protocol asks for an answer, not for an error.
            let unknown = HealthCheckResponse { status: ServingStatus::ServiceUnknown.into() };
            return Ok(Response::new(Box::pin(tokio_stream::once(Ok(unknown)))));
        }
        let failed = tokio_stream::wrappers::WatchStream::new(self.host.failed());
        Ok(Response::new(Box::pin(failed.map(|failed| Ok(response(failed.is_none()))))))
    }
}

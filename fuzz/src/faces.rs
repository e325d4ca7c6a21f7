//! Requests to the faces: a whole server in this process, without sockets.
//!
//! gRPC: the first byte chooses the call, the rest is the message. REST: the first line is method
//! and path, the rest is the body.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::store::{MemoryStore, Store};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Uri};
use http_body_util::BodyExt;
use server::host::{Host, HostOptions};
use tokio::runtime::Runtime;
use tower_service::Service;

/// Requests that one server gets: it remembers what they made.
const REQUESTS_MAX: u32 = 300;
/// After which an answer is no longer waited for: polls and streams last as long as they are wanted.
const WAIT_MAX: Duration = Duration::from_millis(30);
/// Frames of an answer that are read.
const FRAMES_MAX: usize = 64;

const MODEL: &str = include_str!("../model.bpmn");

const CALLS: &[&str] = &[
    "Topology",
    "DeployResource",
    "DeployProcess",
    "DeleteResource",
    "CreateProcessInstance",
    "CreateProcessInstanceWithResult",
    "CancelProcessInstance",
    "ModifyProcessInstance",
    "MigrateProcessInstance",
    "SetVariables",
    "ResolveIncident",
    "ActivateJobs",
    "StreamActivatedJobs",
    "CompleteJob",
    "FailJob",
    "ThrowError",
    "UpdateJobRetries",
    "UpdateJobTimeout",
    "PublishMessage",
    "BroadcastSignal",
    "EvaluateDecision",
];

pub(crate) fn grpc(input: &[u8]) {
    let Some((choice, message)) = input.split_first() else { return };
    let mut body = Vec::with_capacity(message.len() + 5);
    // The highest bit: the frame is the input's own, head and all.
    if choice & 0x80 == 0 {
        body.push(0);
        body.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    }
    body.extend_from_slice(message);
    let call = CALLS[usize::from(choice & 0x7f) % CALLS.len()];
    let request = Request::post(format!("/gateway_protocol.Gateway/{call}"))
        .version(axum::http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "20m");
    send(request.body(Body::from(body)).expect("a request"));
}

pub(crate) fn rest(input: &[u8]) {
    let (line, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &b""[..]),
    };
    let Ok(line) = std::str::from_utf8(line) else { return };
    let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
    let (Ok(uri), Ok(method)) = (path.parse::<Uri>(), method.parse::<axum::http::Method>()) else {
        return;
    };
    let kind = if path.starts_with("/v2/deployments") {
        "multipart/form-data; boundary=x"
    } else {
        "application/json"
    };
    let request = Request::builder().method(method).uri(uri).header("content-type", kind);
    if let Ok(request) = request.body(Body::from(body.to_vec())) {
        send(request);
    }
}

struct Face {
    runtime: Runtime,
    routes: Router,
    requests: u32,
}

static FACE: Mutex<Option<Face>> = Mutex::new(None);

fn send(request: Request<Body>) {
    let mut face = FACE.lock().unwrap_or_else(PoisonError::into_inner);
    let current = face.get_or_insert_with(Face::start);
    current.send(request);
    if current.requests >= REQUESTS_MAX {
        *face = None;
    }
}

/// Lets something happen in a store, and ends.
pub(crate) fn fill(store: &Arc<dyn Store>) {
    drop(Face::on(store));
}

impl Face {
    /// With a definition, and instances that wait at a job, a task, a message and an incident.
    fn start() -> Self {
        Self::on(&(Arc::new(MemoryStore::new(1)) as Arc<dyn Store>))
    }

    fn on(store: &Arc<dyn Store>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let host = Arc::new(Host::start(store, HostOptions::default()).expect("a host"));
        let routes = server::routes(&host, 26500);
        let mut face = Self { runtime, routes, requests: 0 };
        let part = "--x\r\nContent-Disposition: form-data; name=\"resources\"; \
                    filename=\"m.bpmn\"\r\nContent-Type: application/xml\r\n\r\n";
        face.post("/v2/deployments", format!("{part}{MODEL}\r\n--x--\r\n"));
        for business_id in ["a", "b"] {
            let body = format!(
                r#"{{"processDefinitionId": "p", "businessId": "{business_id}", "variables": {{"id": "{business_id}"}}}}"#
            );
            face.post("/v2/process-instances", body);
        }
        face.requests = 0;
        face
    }

    fn post(&mut self, path: &str, body: String) {
        let kind = if path == "/v2/deployments" {
            "multipart/form-data; boundary=x"
        } else {
            "application/json"
        };
        let request = Request::post(path).header("content-type", kind).body(Body::from(body));
        self.send(request.expect("a request"));
    }

    fn send(&mut self, request: Request<Body>) {
        self.requests += 1;
        let answer = self.routes.call(request);
        // That it takes longer is no finding: polls and streams do.
        let _ = self.runtime.block_on(async {
            tokio::time::timeout(WAIT_MAX, async {
                let Ok(answer) = answer.await;
                let (head, mut body) = answer.into_parts();
                assert_ne!(head.status.as_u16(), 500, "no request is an internal error");
                for _ in 0..FRAMES_MAX {
                    match body.frame().await {
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    }
                }
            })
            .await
        });
    }
}

//! Requests to the faces: a whole server in this process, without sockets.
//!
//! gRPC: the first byte chooses the call and whether it comes over a connection of HTTP/2 or to the
//! router, the rest is the message. REST: the first line is method and path, the rest is the body.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::store::{MemoryStore, Store};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Uri};
use bytes::Bytes;
use http_body_util::BodyExt;
use server::host::{Host, HostOptions};
use tokio::io::DuplexStream;
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
    let call = CALLS[usize::from(choice & 0x3f) % CALLS.len()];
    // The authority is only for the connection, which insists on one.
    let request = Request::post(format!("http://fuzz/gateway_protocol.Gateway/{call}"))
        .version(axum::http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "20m");
    if choice & 0x40 == 0 {
        with_face(|face| face.send(request.body(Body::from(body)).expect("a request")));
    } else {
        let request = request.body(()).expect("a request");
        with_face(|face| face.send_on_connection(request, Bytes::from(body)));
    }
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
        with_face(|face| face.send(request));
    }
}

struct Face {
    runtime: Runtime,
    host: Arc<Host>,
    routes: Router,
    requests: u32,
}

static FACE: Mutex<Option<Face>> = Mutex::new(None);

fn with_face(act: impl FnOnce(&mut Face)) {
    let mut face = FACE.lock().unwrap_or_else(PoisonError::into_inner);
    let current = face.get_or_insert_with(Face::start);
    act(current);
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
        let mut face = Self { runtime, host, routes, requests: 0 };
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

    /// As a client sends it, in two pieces, so that the message is put together again.
    fn send_on_connection(&mut self, request: Request<()>, body: Bytes) {
        self.requests += 1;
        let (near, far) = tokio::io::duplex(64 * 1024);
        let served = server::serve_http2(&self.host, far);
        let called = call(near, request, body);
        let _ = self.runtime.block_on(async {
            tokio::time::timeout(WAIT_MAX, async {
                tokio::select! {
                    () = served => {}
                    _ = called => {}
                }
            })
            .await
        });
    }
}

async fn call(socket: DuplexStream, request: Request<()>, body: Bytes) -> Result<(), h2::Error> {
    let (mut requests, connection) = h2::client::handshake(socket).await?;
    tokio::spawn(connection);
    let (answer, mut out) = requests.send_request(request, false)?;
    let middle = body.len() / 2;
    out.send_data(body.slice(..middle), false)?;
    out.send_data(body.slice(middle..), true)?;
    let mut answer = answer.await?.into_body();
    for _ in 0..FRAMES_MAX {
        if answer.data().await.is_none() {
            break;
        }
    }
    Ok(())
}

//! A server and a caller of it: plain HTTP/1.1 over a socket, one connection a call.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fermata_server::host::HostOptions;
use fermata_server::{Server, ServerOptions};
use serde_json::{Value, json};
use store::{MemoryStore, Store};
use tokio::runtime::Runtime;

/// A server with a store in memory.
pub(crate) struct Rig {
    runtime: Runtime,
    server: Option<Server>,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a test on one shard, and on three.
pub(crate) fn on_each(test: impl Fn(&Rig)) {
    for shards in [1, 3] {
        test(&Rig::start(shards, HostOptions::default()));
    }
}

impl Rig {
    pub(crate) fn start(shards: u16, host: HostOptions) -> Self {
        let runtime = Runtime::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(shards));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = ServerOptions { main: any, grpc: any, host };
        let server = runtime.block_on(Server::start(&store, &options)).unwrap();
        let address = server.main_address();
        Self { runtime, server: Some(server), address }
    }

    /// Sends a request with these bytes as its body.
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        // A server that refuses a body may answer before it has read it.
        let _ = socket.write_all(body);
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (headers, text) = text.split_once("\r\n\r\n").expect("an answer");
        let status = headers.split(' ').nth(1).and_then(|word| word.parse().ok());
        assert!(!headers.to_ascii_lowercase().contains("transfer-encoding: chunked"));
        Answer {
            status: status.expect("a status"),
            headers: headers.to_ascii_lowercase(),
            text: text.to_owned(),
        }
    }

    /// Sends JSON.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, "application/json", body.to_string().as_bytes())
    }

    /// Sends nothing, expects 200 with JSON.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, "", b"");
        assert_eq!(answer.status, 200, "GET {path}: {answer:?}");
        answer.json()
    }

    /// Posts JSON, expects 200 with JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.call("POST", path, body);
        assert_eq!(answer.status, 200, "POST {path} {body}: {answer:?}");
        answer.json()
    }

    /// Sends JSON, expects 204.
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) {
        let answer = self.call(method, path, body);
        assert_eq!(answer.status, 204, "{method} {path} {body}: {answer:?}");
        assert_eq!(answer.text, "");
    }

    /// Sends JSON, expects a problem document with this status; answers it.
    pub(crate) fn refused(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.call(method, path, body);
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        problem(&answer, path)
    }

    /// Deploys one file.
    pub(crate) fn deploy(&self, name: &str, model: &str) -> Answer {
        let body = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"resources\"; filename=\"{name}\"\r\n\
             Content-Type: application/xml\r\n\r\n{model}\r\n--xyz\r\n\
             Content-Disposition: form-data; name=\"tenantId\"\r\n\r\n<default>\r\n--xyz--\r\n"
        );
        let kind = "multipart/form-data; boundary=xyz";
        self.send("POST", "/v2/deployments", kind, body.as_bytes())
    }

    /// Deploys the order process; answers its key.
    pub(crate) fn deploy_order(&self) -> String {
        let answer = self.deploy("order.bpmn", super::ORDER);
        assert_eq!(answer.status, 200, "{answer:?}");
        let deployed = &answer.json()["deployments"][0]["processDefinition"];
        deployed["processDefinitionKey"].as_str().unwrap().to_owned()
    }

    /// Starts an order; answers its key.
    pub(crate) fn order(&self, order: &str) -> String {
        let body = json!({"processDefinitionId": "order", "variables": {"order": order}});
        let created = self.post("/v2/process-instances", &body);
        created["processInstanceKey"].as_str().unwrap().to_owned()
    }

    /// Leases one job of a type.
    pub(crate) fn job(&self, job_type: &str) -> Value {
        let body = json!({"type": job_type, "worker": "w", "timeout": 60_000,
            "maxJobsToActivate": 1, "requestTimeout": 5_000});
        self.post("/v2/jobs/activation", &body)["jobs"][0].clone()
    }

    /// Completes the next `charge` job with these variables; answers its key.
    pub(crate) fn charge(&self, variables: &Value) -> String {
        let job = self.job("charge")["jobKey"].as_str().unwrap().to_owned();
        let body = json!({"variables": variables});
        self.done("POST", &format!("/v2/jobs/{job}/completion"), &body);
        job
    }

    /// The open user task of an instance.
    pub(crate) fn task(&self, instance: &str) -> Value {
        let body = json!({"filter": {"processInstanceKey": instance, "state": "CREATED"}});
        self.post("/v2/user-tasks/search", &body)["items"][0].clone()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let ended = self.runtime.block_on(server.run_until(std::future::ready(())));
            assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
        }
    }
}

/// Asks again until the answer fits: what crosses shards takes a moment.
pub(crate) fn until<T>(ask: impl Fn() -> T, fits: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let found = ask();
        if fits(&found) || Instant::now() > end {
            return found;
        }
        std::thread::yield_now();
    }
}

/// Checks that an answer is a whole problem document.
pub(crate) fn problem(answer: &Answer, path: &str) -> Value {
    let problem = answer.json();
    assert!(answer.headers.contains("content-type: application/problem+json"), "{answer:?}");
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["instance"], path.split('?').next().unwrap());
    assert!(problem["title"].is_string() && problem["detail"].is_string());
    problem
}

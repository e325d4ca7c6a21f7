//! One connection pool to one server, and one call over it.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use proto::gateway::gateway_client::GatewayClient;
use serde::Serialize;
use serde_json::value::RawValue;
use tonic::transport::{Channel, Endpoint};

use crate::error::root_cause;
use crate::{Document, Error, Problem, address};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take; calls that wait on purpose add their own time.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// Idle connections are closed before a server that closes them after a minute does.
const IDLE: Duration = Duration::from_secs(30);

/// A server to call. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    server: String,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// What goes with a call.
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(Vec<u8>),
    /// Anything else, with its content type.
    Other(String, Vec<u8>),
}

impl Body {
    /// A JSON body. What this crate sends is always serialisable.
    pub(crate) fn json<T: Serialize + ?Sized>(body: &T) -> Self {
        Self::Json(serde_json::to_vec(body).unwrap_or_default())
    }
}

impl Client {
    /// Reads the address (`http://127.0.0.1:8080`; the scheme may be left out). The first call
    /// connects.
    pub fn connect(server: &str) -> Result<Self, Error> {
        let server = address::parse(server)?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { server, pool })
    }

    /// The address, in one form.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The server's gRPC gateway over a channel that connects, and connects again, when it is
    /// used. Needs a Tokio runtime.
    pub fn gateway(&self) -> Result<GatewayClient<Channel>, Error> {
        let endpoint = Endpoint::from_shared(self.server.clone()).map_err(|error| {
            Error::Address { found: self.server.clone(), why: root_cause(&error) }
        })?;
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            // A server that vanished without a word is noticed within half a minute.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(GatewayClient::new(channel).max_decoding_message_size(usize::MAX))
    }

    /// One call of any path, for what has no method of its own: `GET` without a body, else `POST`.
    pub async fn call(
        &self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Document, Error> {
        let (method, body) = match body {
            None => (Method::GET, Body::Empty),
            Some(body) => (Method::POST, Body::json(body)),
        };
        self.document(method, path, body, ANSWER_TIMEOUT).await
    }

    /// A call that answers with a document.
    pub(crate) async fn document(
        &self,
        method: Method,
        path: &str,
        body: Body,
        timeout: Duration,
    ) -> Result<Document, Error> {
        let call = format!("{method} {path}");
        let (status, bytes) = self.send(method, path, body, timeout).await?;
        let answer: Result<Box<RawValue>, _> = serde_json::from_slice(&bytes);
        answer.map(Document::new).map_err(|error| {
            self.unexpected(
                &call,
                format!("found status {} and no JSON ({error})", status.as_u16()),
            )
        })
    }

    /// A call that answers with a text that is no JSON.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Error> {
        let (_, bytes) = self.send(Method::GET, path, Body::Empty, ANSWER_TIMEOUT).await?;
        String::from_utf8(bytes.to_vec()).map_err(|error| {
            self.unexpected(&format!("GET {path}"), format!("found no UTF-8 ({error})"))
        })
    }

    /// A call that answers with nothing but success.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Body) -> Result<(), Error> {
        self.send(method, path, body, ANSWER_TIMEOUT).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
        timeout: Duration,
    ) -> Result<(StatusCode, Bytes), Error> {
        let call = format!("{method} {path}");
        let (content_type, bytes) = match body {
            Body::Empty => (None, Vec::new()),
            Body::Json(bytes) => (Some("application/json".to_owned()), bytes),
            Body::Other(content_type, bytes) => (Some(content_type), bytes),
        };
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        if let Some(value) = content_type.and_then(|text| HeaderValue::from_str(&text).ok()) {
            request = request.header(CONTENT_TYPE, value);
        }
        let request = request
            .body(Full::new(Bytes::from(bytes)))
            .map_err(|error| self.unexpected(&call, format!("the call cannot be made: {error}")))?;
        let exchange = async {
            let answer = self.pool.request(request).await.map_err(|error| root_cause(&error))?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(|error| root_cause(&error))?;
            Ok::<_, String>((status, body.to_bytes()))
        };
        let (status, bytes) = match tokio::time::timeout(timeout, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(cause)) => return Err(Error::unreachable(&self.server, cause)),
            Err(_) => {
                let cause = format!("no answer within {} s", timeout.as_secs());
                return Err(Error::unreachable(&self.server, cause));
            }
        };
        if status.is_success() {
            Ok((status, bytes))
        } else {
            Err(self.refusal(&call, status, &bytes))
        }
    }

    fn refusal(&self, call: &str, status: StatusCode, bytes: &[u8]) -> Error {
        match serde_json::from_slice::<Problem>(bytes) {
            Ok(problem) if !(problem.title.is_empty() && problem.detail.is_empty()) => {
                Error::Refused(Problem { status: status.as_u16(), ..problem })
            }
            _ => self.unexpected(call, format!("found status {} and no reason", status.as_u16())),
        }
    }

    fn unexpected(&self, call: &str, found: String) -> Error {
        Error::Unexpected {
            server: self.server.clone(),
            call: call.to_owned(),
            found,
            hint: "check that the address names a Fermata server of this release",
        }
    }
}

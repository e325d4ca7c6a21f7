//! Posts of JSON over HTTP/1, with as little in it as the protocol allows (see [`super::call`]).
//!
//! In:  a path and a body.
//! Out: the answer's body, or what was wrong.
//! Absent: connections that were closed while idle; nothing is idle here.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Failure;

/// Connections to one server, as many as there are posts at once.
#[derive(Clone)]
pub(super) struct Posts {
    authority: Arc<str>,
    host: HeaderValue,
    idle: Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>,
}

impl Posts {
    /// `address` is `host:port`, with or without `http://`.
    pub(super) fn new(address: &str) -> Result<Self, Failure> {
        let authority = address.trim_start_matches("http://").trim_end_matches('/');
        let host = HeaderValue::from_str(authority)?;
        Ok(Self { authority: authority.into(), host, idle: Arc::default() })
    }

    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let socket = TcpStream::connect(&*self.authority).await?;
        socket.set_nodelay(true)?;
        let (send, connection) = http1::handshake(TokioIo::new(socket)).await?;
        // Its end is seen by the posts.
        tokio::spawn(connection);
        Ok(send)
    }

    /// One post.
    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<Bytes, Failure> {
        let mut connection = self.connection().await?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&body).into_owned();
            return Err(format!("status {} from {path}: {text}", status.as_u16()).into());
        }
        if connection.ready().await.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        Ok(body)
    }
}

//! Answers, whole and broken ones, and how they become HTTP responses.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// Why a connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox closes this connection without an answer")]
pub(super) struct Dropped;

/// What serving a request comes to.
pub(super) type Served = Result<Response<Body>, Dropped>;

/// How long a broken body waits before the break, so that what was to be sent has left.
const FLUSH: Duration = Duration::from_millis(20);

/// Bytes per piece of a streamed body.
const PIECE: usize = 64 * 1024;

/// A complete answer, not sent yet.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) retry_after: Option<String>,
    pub(super) body: Bytes,
}

impl Answer {
    /// JSON, with its numbers' digits as they are.
    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// Plain text.
    pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text)
    }

    /// A page such as proxies put in the place of an answer.
    pub(super) fn html(status: StatusCode) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// What a proxy may make of an answer that was asked for as JSON.
    pub(super) fn xml() -> Self {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><events/></response>\n";
        Self::new(StatusCode::OK, "application/xml", body)
    }

    /// A success in NiceChat's envelope; its code is that of the HTTP status.
    pub(super) fn ok(status: StatusCode, description: &str, result: Value) -> Self {
        Self::json(status, &envelope("ok", status, description, result))
    }

    /// A failure in NiceChat's envelope.
    pub(super) fn error(status: StatusCode, description: &str) -> Self {
        Self::json(status, &envelope("error", status, description, Value::Null))
    }

    /// A status and nothing else.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self::text(status, Bytes::new())
    }

    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, retry_after: None, body: body.into() }
    }

    /// The whole answer as a response.
    pub(super) fn into_response(self) -> Response<Body> {
        let body = Body::from(self.body.clone());
        self.with_body(body)
    }

    /// A response that announces the whole answer, sends half of it and breaks the connection.
    pub(super) fn into_broken_response(self) -> Response<Body> {
        let length = self.body.len();
        let body = broken_off(self.body.clone(), length / 2);
        let mut response = self.with_body(body);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        response
    }

    fn with_body(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        if !self.body.is_empty() {
            set(&mut response, CONTENT_TYPE, self.content_type);
        }
        if let Some(retry_after) = &self.retry_after {
            set(&mut response, RETRY_AFTER, retry_after);
        }
        response
    }
}

/// NiceChat's envelope around every result (NiceChat API page, all samples).
pub(super) fn envelope(status: &str, code: StatusCode, description: &str, result: Value) -> Value {
    json!({ "status": status, "code": code.as_u16(), "description": description, "result": result })
}

/// Sets a header; a value that can't be one is left out.
pub(super) fn set<B>(response: &mut Response<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A body without a length known beforehand, so that it is sent in chunks.
pub(super) fn chunked(bytes: Bytes) -> Body {
    Body::from_stream(stream::iter(pieces(bytes).map(io::Result::Ok)))
}

/// A body that sends its first `keep` bytes and then breaks the connection.
pub(super) fn broken_off(bytes: Bytes, keep: usize) -> Body {
    let kept = bytes.slice(..keep.min(bytes.len()));
    let end = stream::once(async {
        tokio::time::sleep(FLUSH).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(stream::iter(pieces(kept).map(Ok)).chain(end))
}

fn pieces(bytes: Bytes) -> impl Iterator<Item = Bytes> + Send {
    (0..bytes.len()).step_by(PIECE).map(move |start| bytes.slice(start..bytes.len().min(start + PIECE)))
}

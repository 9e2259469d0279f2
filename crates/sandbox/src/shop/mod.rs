//! The feed host: files under `/shop/`, served well or badly.

mod basic;
mod conditional;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED,
    LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::pace::pause;
use crate::reply::{Answer, Served, broken_off, chunked, set};
use crate::sign::fingerprint;

/// What every path of the shop starts with.
pub(super) const ROOT: &str = "/shop/";

/// What has to be encoded in a path so that it comes back as it was.
const IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

/// A file of the feed host and how it is served.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The content, before any encoding.
    pub body: Bytes,
    /// The `Content-Type`.
    pub content_type: String,
    /// Send an `ETag` made of the content, and answer 304 to an `If-None-Match` with it.
    pub etag: bool,
    /// The `Last-Modified` (an HTTP date); answer 304 to an `If-Modified-Since` not before it.
    pub last_modified: Option<String>,
    /// Send it in chunks, without a `Content-Length`.
    pub chunked: bool,
    /// Answer as HTTP/1.0 does, without a length: only the end of the connection is the end of the body.
    pub until_close: bool,
    /// Send it with `Content-Encoding: gzip`, whether or not the client asked for it.
    pub gzip: bool,
    /// Announce all, but send only so many bytes (as encoded), then close the connection.
    pub cut_after: Option<usize>,
    /// The HTTP status of a GET that isn't a 304 or 401.
    pub status: u16,
    /// The `Location` header, for redirects.
    pub location: Option<String>,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The `Content-Range` header, for a 206.
    pub content_range: Option<String>,
    /// The name and password without which the answer is 401.
    pub basic_auth: Option<(String, String)>,
    /// How long the answer takes to begin.
    pub delay: Duration,
    /// Never answer.
    pub hang: bool,
}

impl Default for Feed {
    /// An empty text, with an `ETag`, status 200, at once.
    fn default() -> Self {
        Self {
            body: Bytes::new(),
            content_type: "text/plain; charset=utf-8".to_owned(),
            etag: true,
            last_modified: None,
            chunked: false,
            until_close: false,
            gzip: false,
            cut_after: None,
            status: 200,
            location: None,
            retry_after: None,
            content_range: None,
            basic_auth: None,
            delay: Duration::ZERO,
            hang: false,
        }
    }
}

/// One request to the feed host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// GET, HEAD, or whatever was sent.
    pub method: String,
    /// As sent, with the query.
    pub path: String,
    /// Header values by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The HTTP status of the answer; 0 when there was none.
    pub status: u16,
}

/// A handle on the feed host. Clones are cheap and all about the same one.
#[derive(Debug, Clone)]
pub struct Shop {
    addr: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    feeds: HashMap<String, Feed>,
    /// What the next requests get instead, the first one first.
    next: HashMap<String, VecDeque<Feed>>,
    log: Vec<Fetched>,
}

impl Shop {
    pub(super) fn new(addr: SocketAddr) -> Self {
        let inner = Arc::default();
        Self { addr, inner }
    }

    /// Serves bytes at a path below `/shop/`, in place of what was there.
    pub fn put(&self, path: &str, body: impl Into<Bytes>, content_type: &str) {
        let feed = Feed { body: body.into(), content_type: content_type.to_owned(), ..Feed::default() };
        self.put_with(path, feed);
    }

    /// Serves a feed at a path below `/shop/`, in place of what was there.
    pub fn put_with(&self, path: &str, feed: Feed) {
        self.lock().feeds.insert(relative(path).to_owned(), feed);
    }

    /// Serves the next so many requests to a path otherwise than those that follow.
    pub fn put_next(&self, path: &str, feed: &Feed, times: usize) {
        let mut inner = self.lock();
        inner.next.entry(relative(path).to_owned()).or_default().extend(std::iter::repeat_n(feed.clone(), times));
    }

    /// Makes a path answer 404.
    pub fn remove(&self, path: &str) {
        self.lock().feeds.remove(relative(path));
    }

    /// The address of a path, whether something is there or not.
    pub fn url(&self, path: &str) -> String {
        let path = utf8_percent_encode(relative(path), IN_PATH);
        format!("http://{}{ROOT}{path}", self.addr)
    }

    /// The requests so far, in the order in which their answers began.
    pub fn requests(&self) -> Vec<Fetched> {
        self.lock().log.clone()
    }

    /// Serves one request.
    pub(super) async fn serve(&self, parts: &Parts) -> Served {
        let feed = self.find(parts.uri.path());
        if let Some(feed) = &feed {
            pause(feed.delay).await;
        }
        if feed.as_ref().is_some_and(|feed| feed.hang) {
            self.log(parts, 0);
            return std::future::pending().await;
        }
        let response = match &feed {
            _ if !matches!(parts.method, Method::GET | Method::HEAD) => bare(StatusCode::METHOD_NOT_ALLOWED),
            None => bare(StatusCode::NOT_FOUND),
            // Compressing in memory can't fail for lack of anything; if it does, it is the server's fault.
            Some(feed) => feed.respond(&parts.headers).unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        self.log(parts, response.status().as_u16());
        Ok(response)
    }

    fn find(&self, path: &str) -> Option<Feed> {
        let path = path.strip_prefix(ROOT)?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let mut inner = self.lock();
        let next = inner.next.get_mut(path.as_ref()).and_then(VecDeque::pop_front);
        next.or_else(|| inner.feeds.get(path.as_ref()).cloned())
    }

    fn log(&self, parts: &Parts, status: u16) {
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        let fetched = Fetched {
            method: parts.method.to_string(),
            path: parts.uri.to_string(),
            headers: headers.collect(),
            status,
        };
        self.lock().log.push(fetched);
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    fn respond(&self, headers: &HeaderMap) -> io::Result<Response<Body>> {
        if !self.admits(headers) {
            let mut refusal = bare(StatusCode::UNAUTHORIZED);
            set(&mut refusal, WWW_AUTHENTICATE, "Basic realm=\"shop\"");
            return Ok(refusal);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let etag = self.etag.then(|| format!("\"{}\"", &fingerprint(&self.body)[..16]));
        let unchanged = status == StatusCode::OK
            && conditional::is_unchanged(headers, etag.as_deref(), self.last_modified.as_deref());
        let mut response = if unchanged { bare(StatusCode::NOT_MODIFIED) } else { self.content(status)? };
        if let Some(etag) = &etag {
            set(&mut response, ETAG, etag);
        }
        if let Some(date) = &self.last_modified {
            set(&mut response, LAST_MODIFIED, date);
        }
        Ok(response)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        self.basic_auth.as_ref().is_none_or(|(user, password)| {
            let wanted = basic::authorization(user, password);
            headers.get("authorization").is_some_and(|sent| sent.as_bytes() == wanted.as_bytes())
        })
    }

    /// The response with the body, or with as much of it as is to be sent.
    fn content(&self, status: StatusCode) -> io::Result<Response<Body>> {
        let bytes = if self.gzip { gzip(&self.body)? } else { self.body.clone() };
        let length = bytes.len();
        let body = match self.cut_after {
            Some(keep) => broken_off(bytes, keep),
            None if self.chunked || self.until_close => chunked(bytes),
            None => Body::from(bytes),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        set(&mut response, CONTENT_TYPE, &self.content_type);
        if self.until_close {
            *response.version_mut() = Version::HTTP_10;
        } else if !self.chunked {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if self.gzip {
            set(&mut response, CONTENT_ENCODING, "gzip");
        }
        for (name, value) in
            [(LOCATION, &self.location), (RETRY_AFTER, &self.retry_after), (CONTENT_RANGE, &self.content_range)]
        {
            value.iter().for_each(|value| set(&mut response, name.clone(), value));
        }
        Ok(response)
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish().map(Bytes::from)
}

fn bare(status: StatusCode) -> Response<Body> {
    Answer::empty(status).into_response()
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}

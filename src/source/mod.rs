//! The feed's bytes, from a file or over HTTP, complete before any of them counts.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use crate::catalog::Digest;
use crate::config::{self, Location};
use crate::state::FeedMark;

/// However slowly a body drips, it ends by then.
const LONGEST_TRANSFER: Duration = Duration::from_secs(3600);

/// A body that is there as a whole. What it is worth its content must show.
pub struct Body {
    /// The bytes as they came, compressed or not.
    pub file: File,
    /// How many they are.
    pub length: u64,
    digest: OnceLock<Digest>,
    /// Of a file that others may write: where it lies, and when it was last written.
    origin: Option<(Location, Option<SystemTime>)>,
    /// The server's entity tag.
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Body {
    /// A digest of the bytes. Reads them all the first time, unless they were counted as they came.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn digest(&self) -> io::Result<Digest> {
        if let Some(digest) = self.digest.get() {
            return Ok(*digest);
        }
        let mut hasher = Xxh3::new();
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0;
        loop {
            match self.file.read_at(&mut buffer, at)? {
                0 => break,
                read => {
                    hasher.update(&buffer[..read]);
                    at += read as u64;
                }
            }
        }
        Ok(*self.digest.get_or_init(|| hasher.digest128()))
    }

    /// To be asked when the bytes have been read: whether they were the same all the while.
    ///
    /// # Errors
    /// When they were not.
    pub fn check_unwritten(&self) -> Result<(), FetchError> {
        let Some((location, modified)) = &self.origin else { return Ok(()) };
        let after = self.file.metadata().map_err(|error| unreadable(location, &error))?;
        if after.len() == self.length && after.modified().ok() == *modified {
            return Ok(());
        }
        let advice = "the file is being written; write it elsewhere and rename it into place";
        Err(FetchError::new(location, advice))
    }
}

fn unreadable(location: &Location, error: &io::Error) -> FetchError {
    FetchError::new(location, format!("the file can't be read: {error}"))
}

/// What a fetch came to.
pub enum Fetched {
    /// 304: the feed is the one that the mark tells of.
    NotModified,
    /// A body.
    Body(Arc<Body>),
}

/// Why there is no body. Every message names the location.
#[derive(Debug, Error)]
#[error("{location}: {problem}")]
pub struct FetchError {
    location: String,
    problem: String,
}

impl FetchError {
    fn new(location: &Location, problem: impl Into<String>) -> FetchError {
        FetchError { location: location.to_string(), problem: problem.into() }
    }

    /// A body that can't be read, although it is there.
    pub fn unreadable(source: &config::Source, error: &io::Error) -> FetchError {
        unreadable(&source.location, error)
    }

    /// A server that answers 304 although nothing was asked that could be answered so.
    pub fn strange_304(source: &config::Source) -> FetchError {
        FetchError::new(&source.location, "the server answered 304 to a request without conditions")
    }
}

/// Fetches the feed; with a `mark` only if it is another one than that tells of.
///
/// # Errors
/// When there is no whole body within the limits.
pub async fn fetch(source: &config::Source, mark: Option<&FeedMark>) -> Result<Fetched, FetchError> {
    match &source.location {
        Location::File(path) => {
            let (path, location, max_bytes) = (path.clone(), source.location.clone(), source.max_bytes);
            let read = tokio::task::spawn_blocking(move || from_file(&path, &location, max_bytes));
            read.await
                .map_err(|error| FetchError::new(&source.location, error.to_string()))?
                .map(|body| Fetched::Body(body.into()))
        }
        Location::Url(url) => {
            let transfer = over_http(source, url, mark);
            let late = || FetchError::new(&source.location, "the transfer took more than an hour");
            tokio::time::timeout(LONGEST_TRANSFER, transfer).await.map_err(|_| late())?
        }
    }
}

fn from_file(path: &Path, location: &Location, max_bytes: u64) -> Result<Body, FetchError> {
    let fail = |error: io::Error| unreadable(location, &error);
    // Asked before it is opened: opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path).map_err(fail)?.is_file() {
        return Err(FetchError::new(location, "this is not a file"));
    }
    let file = File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.len() > max_bytes {
        return Err(too_large(location, max_bytes));
    }
    let origin = Some((location.clone(), metadata.modified().ok()));
    Ok(Body { file, length: metadata.len(), digest: OnceLock::new(), origin, etag: None, last_modified: None })
}

fn too_large(location: &Location, max_bytes: u64) -> FetchError {
    FetchError::new(location, format!("the feed is larger than max_bytes ({max_bytes} bytes)"))
}

async fn over_http(source: &config::Source, url: &Url, mark: Option<&FeedMark>) -> Result<Fetched, FetchError> {
    let location = &source.location;
    let mut builder = crate::http_client().connect_timeout(source.timeout).read_timeout(source.timeout);
    if config::is_loopback(url) {
        builder = builder.no_proxy();
    }
    let client = builder
        .build()
        .map_err(|error| FetchError::new(location, format!("no HTTP client: {}", crate::no_client(&error))))?;
    let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "gzip");
    if let Some(credentials) = &source.credentials {
        request = request.basic_auth(&credentials.username, Some(credentials.password.expose_secret()));
    }
    if let Some(etag) = mark.and_then(|mark| mark.etag.as_ref()) {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(modified) = mark.and_then(|mark| mark.last_modified.as_ref()) {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    let response =
        request.send().await.map_err(|error| FetchError::new(location, no_answer(&error, source.timeout)))?;
    match response.status() {
        StatusCode::NOT_MODIFIED => Ok(Fetched::NotModified),
        StatusCode::OK => spool(source, response).await.map(|body| Fetched::Body(body.into())),
        status => Err(refused(location, status)),
    }
}

fn no_answer(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        format!("no answer within {timeout:?}")
    } else if error.is_redirect() {
        "redirected again and again".to_owned()
    } else {
        format!("no answer: {}", crate::root_cause(error))
    }
}

fn refused(location: &Location, status: StatusCode) -> FetchError {
    let advice = match status.as_u16() {
        401 | 403 => "; check username and password",
        404 | 410 => "; check the address",
        _ => "",
    };
    FetchError::new(location, format!("the server answered {status}{advice}"))
}

/// Writes a body to a file without a name, which goes when it is closed.
async fn spool(source: &config::Source, mut response: Response) -> Result<Body, FetchError> {
    let location = &source.location;
    let coding = header(response.headers(), &CONTENT_ENCODING).unwrap_or_default();
    if !matches!(coding.as_str(), "" | "gzip" | "x-gzip" | "identity") {
        return Err(FetchError::new(location, format!("the server sends {coding}, which was not asked for")));
    }
    let announced = response.content_length();
    if announced.is_some_and(|length| length > source.max_bytes) {
        return Err(too_large(location, source.max_bytes));
    }
    let fail = |error: io::Error| FetchError::new(location, format!("the body can't be stored: {error}"));
    let mut file = tempfile::tempfile().map_err(fail)?;
    let mut hasher = Xxh3::new();
    let mut received = 0_u64;
    let (etag, last_modified) = (header(response.headers(), &ETAG), header(response.headers(), &LAST_MODIFIED));
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let of = announced.map(|length| format!(" of {length}")).unwrap_or_default();
            let why =
                if error.is_timeout() { "nothing more came in time".to_owned() } else { crate::root_cause(&error) };
            FetchError::new(
                location,
                format!("the feed is incomplete: the body ended after {received}{of} bytes ({why})"),
            )
        })?;
        let Some(chunk) = chunk else { break };
        received += chunk.len() as u64;
        if received > source.max_bytes {
            return Err(too_large(location, source.max_bytes));
        }
        hasher.update(&chunk);
        file.write_all(&chunk).map_err(fail)?;
    }
    file.rewind().map_err(fail)?;
    let digest = OnceLock::from(hasher.digest128());
    Ok(Body { file, length: received, digest, origin: None, etag, last_modified })
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

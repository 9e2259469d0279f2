//! The body of an answer, stored as it comes: all of it before anybody sees it, or while it is read.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Response;
use reqwest::header::{ETAG, TRANSFER_ENCODING};
use tokio_util::task::AbortOnDropHandle;

use super::body::{Body, End};
use super::error::{FetchError, too_large};
use super::fetched::{Download, Incoming, Wanted};
use super::headers::{header, settled_last_modified};
use crate::catalog::{Digest, Hasher};
use crate::config::{self, Location};
use crate::http_client;
use crate::inflow::Inflow;

/// The limit of a whole fetch, with all its tries: a slow server sends within the read timeout for ever.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

const JUST_CLOSED: &str = "its length was not announced, and the connection just closed";

/// An answer whose body is still to come.
pub(super) struct Transfer {
    location: Location,
    max_bytes: u64,
    /// How long the body is said to be.
    announced: Option<u64>,
    response: Response,
    hasher: Hasher,
}

impl Transfer {
    /// `announced` = how long it is said to be.
    pub(super) fn of(source: &config::Source, response: Response, announced: Option<u64>, hasher: &Hasher) -> Transfer {
        let (location, max_bytes) = (source.location.clone(), source.max_bytes);
        Transfer { location, max_bytes, announced, response, hasher: hasher.clone() }
    }

    /// Stores it, or begins to.
    ///
    /// # Errors
    /// When it can't be stored, or doesn't come whole.
    pub(super) async fn take(self, wanted: Wanted) -> Result<Incoming, FetchError> {
        match wanted {
            Wanted::Coming { unless } if self.announced.is_some() && self.announced != unless => self.begin(),
            Wanted::Coming { .. } | Wanted::Whole => self.end().await,
        }
    }

    async fn end(self) -> Result<Incoming, FetchError> {
        let mut body = self.body().map_err(|error| self.not_stored(&error))?;
        let writer = body.file.try_clone().map_err(|error| self.not_stored(&error))?;
        let (length, digest) = self.receive(writer, &Inflow::default()).await?;
        body.length = length;
        body.digest = Arc::new(digest.into());
        Ok(Incoming { body: body.into(), download: Download::default() })
    }

    /// Of a body of which it is known how long it is.
    fn begin(self) -> Result<Incoming, FetchError> {
        let inflow = Arc::new(Inflow::default());
        let body = self.body().map_err(|error| self.not_stored(&error))?;
        let body = Arc::new(Body { inflow: Some(Arc::clone(&inflow)), ..body });
        let writer = body.file.try_clone().map_err(|error| self.not_stored(&error))?;
        let arriving = Arriving { inflow, digest: Arc::clone(&body.digest) };
        let location = self.location.clone();
        let download = AbortOnDropHandle::new(tokio::spawn(arriving.receive(self, writer)));
        Ok(Incoming { body, download: Download(Some((location, download))) })
    }

    /// What is known of it before it has come.
    fn body(&self) -> io::Result<Body> {
        let headers = self.response.headers();
        Ok(Body {
            // Without a name: it goes when it is closed.
            file: tempfile::tempfile()?,
            length: self.announced.unwrap_or_default(),
            end: self.proof(),
            digest: Arc::default(),
            inflow: None,
            hasher: self.hasher.clone(),
            origin: None,
            etag: header(headers, &ETAG),
            last_modified: settled_last_modified(headers, Timestamp::now()),
        })
    }

    /// Whether the connection can't have closed before the body's end unnoticed: HTTP/1.1 has a last chunk where there
    /// is no length (RFC 9112, 6.3).
    fn proof(&self) -> End {
        let codings = self.response.headers().get_all(TRANSFER_ENCODING).iter().next_back();
        let last = codings.and_then(|codings| codings.to_str().ok()?.rsplit(',').next()).unwrap_or_default();
        let is_marked = last.trim().eq_ignore_ascii_case("chunked");
        if self.announced.is_some() || is_marked { End::Proven } else { End::Unproven(JUST_CLOSED) }
    }

    /// Writes all of it to a file, and tells readers of the file. Gives how long it was, and its digest.
    async fn receive(mut self, mut file: File, inflow: &Inflow) -> Result<(u64, Digest), FetchError> {
        let mut digest = self.hasher.begin();
        let mut received = 0_u64;
        loop {
            let chunk = self.response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.cut_short(received, &broken_off(error)))? else { break };
            received += chunk.len() as u64;
            if received > self.max_bytes {
                return Err(too_large(&self.location, self.max_bytes));
            }
            digest.update(&chunk);
            file.write_all(&chunk).map_err(|error| self.not_stored(&error))?;
            inflow.add(chunk.len());
        }
        if self.announced.is_some_and(|length| length != received) {
            return Err(self.cut_short(received, "that is not what was announced"));
        }
        file.rewind().map_err(|error| self.not_stored(&error))?;
        Ok((received, digest.digest128()))
    }

    fn cut_short(&self, received: u64, why: &str) -> FetchError {
        let of = self.announced.map(|length| format!(" of {length}")).unwrap_or_default();
        let words = format!("the feed is incomplete: the body ended after {received}{of} bytes ({why})");
        FetchError::passing(&self.location, words)
    }

    fn not_stored(&self, error: &io::Error) -> FetchError {
        FetchError::new(&self.location, format!("the body can't be stored: {error}"))
    }
}

/// A body that others read while it comes. However its coming ends, they are told.
struct Arriving {
    inflow: Arc<Inflow>,
    digest: Arc<OnceLock<Digest>>,
}

impl Arriving {
    async fn receive(self, transfer: Transfer, writer: File) -> Result<(), FetchError> {
        let late = FetchError::late(&transfer.location);
        let received = tokio::time::timeout(LONGEST, transfer.receive(writer, &self.inflow)).await;
        let (_, digest) = received.map_err(|_| late)??;
        self.digest.get_or_init(|| digest);
        self.inflow.end(true);
        Ok(())
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.inflow.end(false);
    }
}

fn broken_off(error: reqwest::Error) -> String {
    if error.is_timeout() {
        "nothing more came in time".to_owned()
    } else {
        http_client::root_cause(&error.without_url())
    }
}

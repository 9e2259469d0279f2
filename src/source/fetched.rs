//! What is sent with a request for a feed, and its result.

use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::body::Body;
use super::error::FetchError;
use crate::config::Location;

/// What a server recognises an unchanged feed by (RFC 9110, section 8.8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validators<'a> {
    /// The entity tag of the feed that was fetched last.
    pub etag: Option<&'a str>,
    /// Its `Last-Modified`.
    pub last_modified: Option<&'a str>,
}

impl Validators<'_> {
    /// Whether a server could answer that nothing has changed.
    pub fn is_none(self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// Whether a body may be given out before all of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It may not.
    Whole,
    /// It may, if it is known how long it is, and not as long as this: the same bytes as before need not be read.
    Coming {
        /// How long the body was that is known.
        unless: Option<u64>,
    },
}

/// How a feed is asked for.
pub(super) struct Asking<'a> {
    pub(super) known: Validators<'a>,
    pub(super) wanted: Wanted,
    /// What came of a first try.
    pub(super) failed: Option<FetchError>,
}

/// The result of a fetch.
pub enum Fetched {
    /// 304: the feed is the one that the validators are of.
    NotModified,
    Body(Arc<Body>),
}

/// The same when the body may be still coming.
pub enum Begun {
    /// As [`Fetched::NotModified`].
    NotModified,
    Body(Incoming),
}

/// A body, and what it still takes until it is whole.
pub struct Incoming {
    /// To be read at once: whoever reads on waits.
    pub body: Arc<Body>,
    /// Without its end, nothing that was read of the body counts.
    pub download: Download,
}

/// The rest of a body on its way. Dropped, it is broken off.
#[derive(Default)]
pub struct Download(pub(super) Option<(Location, AbortOnDropHandle<Result<(), FetchError>>)>);

impl Download {
    /// Waits until all of the body is there.
    ///
    /// # Errors
    /// When it doesn't come whole.
    pub async fn end(&mut self) -> Result<(), FetchError> {
        match self.0.take() {
            None => Ok(()),
            Some((location, download)) => {
                download.await.unwrap_or_else(|error| Err(FetchError::new(&location, error.to_string())))
            }
        }
    }
}

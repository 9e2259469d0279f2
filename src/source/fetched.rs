//! What is sent with a request for a feed, and its result.

use std::sync::Arc;

use super::body::Body;

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

/// The result of a fetch.
pub enum Fetched {
    /// 304: the feed is the one that the validators are of.
    NotModified,
    Body(Arc<Body>),
}

//! The feed's bytes, from a file or over HTTP, complete before any of them counts. They may be read before that.

mod body;
mod error;
mod fetched;
mod file;
mod head;
mod headers;
mod http;
mod identity;
mod transfer;

use std::sync::Arc;

use self::fetched::Asking;
use crate::catalog::Hasher;
use crate::config::{self, Location};
use crate::http_client::Clients;

pub use self::body::{Body, End};
pub use self::error::FetchError;
pub use self::fetched::{Begun, Download, Fetched, Incoming, Validators, Wanted};
pub use self::head::{Head, head};

/// Fetches the feed by one of these clients, with validators only if it is another one than they are of. `hasher` = of
/// the state that the body's digest is for.
///
/// # Errors
/// When there is no body within the limits, or it is known to be cut short.
pub async fn fetch(
    clients: &Clients,
    source: &config::Source,
    known: Validators<'_>,
    hasher: &Hasher,
) -> Result<Fetched, FetchError> {
    let asking = Asking { known, wanted: Wanted::Whole, failed: None };
    match answer(clients, source, hasher, asking).await? {
        Begun::NotModified => Ok(Fetched::NotModified),
        Begun::Body(Incoming { body, .. }) => Ok(Fetched::Body(body)),
    }
}

/// The same, for whoever can read a body while it comes.
///
/// # Errors
/// As [`fetch`], but that the body is cut short may be the error of its [`Download`].
pub async fn begin(
    clients: &Clients,
    source: &config::Source,
    (known, wanted): (Validators<'_>, Wanted),
    hasher: &Hasher,
) -> Result<Begun, FetchError> {
    answer(clients, source, hasher, Asking { known, wanted, failed: None }).await
}

/// Fetches a feed of which a first body didn't come whole.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_again(
    clients: &Clients,
    source: &config::Source,
    hasher: &Hasher,
    failed: FetchError,
) -> Result<Arc<Body>, FetchError> {
    let asking = Asking { known: Validators::default(), wanted: Wanted::Whole, failed: Some(failed) };
    match answer(clients, source, hasher, asking).await? {
        Begun::NotModified => Err(FetchError::strange_304(source)),
        Begun::Body(Incoming { body, .. }) => Ok(body),
    }
}

async fn answer(
    clients: &Clients,
    source: &config::Source,
    hasher: &Hasher,
    asking: Asking<'_>,
) -> Result<Begun, FetchError> {
    match &source.location {
        Location::File(path) => {
            let body = file::fetch(source, path, hasher).await?.into();
            Ok(Begun::Body(Incoming { body, download: Download::default() }))
        }
        Location::Url(url) => http::fetch(clients, (source, url), hasher, asking).await,
    }
}

//! The feed's bytes, from a file or over HTTP, complete before any of them counts.

mod body;
mod error;
mod fetched;
mod file;
mod head;
mod http;
mod identity;

use crate::catalog::Hasher;
use crate::config::{self, Location};
use crate::http_client::Clients;
use crate::task;

pub use self::body::{Body, End};
pub use self::error::FetchError;
pub use self::fetched::{Fetched, Validators};
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
    match &source.location {
        Location::File(path) => {
            let (path, location, max_bytes) = (path.clone(), source.location.clone(), source.max_bytes);
            let hasher = hasher.clone();
            let opened = task::blocking(move || file::open(&path, &location, max_bytes, hasher)).await;
            let opened = opened.map_err(|error| FetchError::new(&source.location, error.to_string()))?;
            opened.map(|body| Fetched::Body(body.into()))
        }
        Location::Url(url) => http::fetch(clients, (source, url), known, hasher).await,
    }
}

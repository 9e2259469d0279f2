//! Our side of an import under way: the address at which NiceChat fetches the feed that we serve, and
//! the one at which it tells that it is done.
//!
//! Both live as long as the import and have a part that nobody can guess, its nonce. What a callback
//! says is not trusted: it is not authenticated, and only makes us ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{self, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::Notify;

use super::hosted;
use crate::catalog::digest_bytes;
use crate::config::PublicUrl;
use crate::systems::catalog::shelf::Generation;
use crate::web::public::limited;

/// The most that a callback may have to say, in bytes.
const CALLBACK_BYTES: usize = 64 << 10;

/// The addresses of imports under way. Clones are all about the same ones.
#[derive(Debug, Clone, Default)]
pub struct Endpoints(Arc<Mutex<HashMap<String, Entry>>>);

#[derive(Debug, Clone)]
struct Entry {
    hint: Arc<Notify>,
    /// What is served, if the feed is ours to serve.
    feed: Option<Arc<Generation>>,
}

/// An import's addresses, which are gone when this is dropped.
#[derive(Debug)]
pub(super) struct Registration {
    endpoints: Endpoints,
    nonce: String,
    hint: Arc<Notify>,
}

impl Endpoints {
    /// Opens an import's addresses. `feed` = what is served there.
    pub(super) fn open(&self, nonce: &str, feed: Option<Generation>) -> Registration {
        let hint = Arc::new(Notify::new());
        let entry = Entry { hint: Arc::clone(&hint), feed: feed.map(Arc::new) };
        self.lock().insert(nonce.to_owned(), entry);
        Registration { endpoints: self.clone(), nonce: nonce.to_owned(), hint }
    }

    fn find(&self, nonce: &str) -> Option<Entry> {
        self.lock().get(nonce).cloned()
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to serve below `public_url`.
    pub fn routes(&self) -> Router {
        let routes = Router::new()
            .route("/import/{nonce}/feed.yml", get(feed))
            .route("/import/{nonce}/callback", post(callback))
            .with_state(self.clone());
        limited(routes)
    }
}

impl Registration {
    /// Returns when somebody has called since the last time.
    pub(super) async fn hinted(&self) {
        self.hint.notified().await;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.endpoints.lock().remove(&self.nonce);
    }
}

/// The address of the feed that we serve.
pub(super) fn feed_url(public: &PublicUrl, nonce: &str) -> String {
    format!("{public}/import/{nonce}/feed.yml")
}

/// The address at which NiceChat tells that it is done.
pub(super) fn callback_url(public: &PublicUrl, nonce: &str) -> String {
    format!("{public}/import/{nonce}/callback")
}

/// The body is read to its end, within the limit, and left alone. Whoever doesn't know a nonce is not
/// listened to.
async fn callback(
    State(endpoints): State<Endpoints>,
    extract::Path(nonce): extract::Path<String>,
    request: extract::Request,
) -> Response {
    let Some(entry) = endpoints.find(&nonce) else { return nothing_here() };
    if to_bytes(request.into_body(), CALLBACK_BYTES).await.is_err() {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    entry.hint.notify_one();
    StatusCode::NO_CONTENT.into_response()
}

async fn feed(
    State(endpoints): State<Endpoints>,
    extract::Path(nonce): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(feed) = endpoints.find(&nonce).and_then(|entry| entry.feed) else { return nothing_here() };
    // The feed of a nonce never changes; weak, because it may be packed or not.
    let tag = format!("W/\"{:032x}\"", digest_bytes(nonce.as_bytes()));
    let strong = tag.trim_start_matches("W/");
    if values(&headers, IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == strong) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    let is_packed = values(&headers, ACCEPT_ENCODING).any(takes_gzip);
    let body = Body::from_stream(hosted::stream(&feed, is_packed));
    let about = [(CONTENT_TYPE, "application/xml".to_owned()), (ETAG, tag), (VARY, ACCEPT_ENCODING.to_string())];
    let mut response = (about, body).into_response();
    if is_packed {
        response.headers_mut().insert(CONTENT_ENCODING, axum::http::HeaderValue::from_static("gzip"));
    }
    response
}

/// The values of a header that is a list.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

/// Whether a coding that the client takes is gzip; a weight of 0 is a refusal (RFC 9110, 12.5.3).
fn takes_gzip(coding: &str) -> bool {
    let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
    let weight = weight.trim().trim_start_matches("q=");
    name.trim().eq_ignore_ascii_case("gzip") && !weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

fn nothing_here() -> Response {
    (StatusCode::NOT_FOUND, "no such import\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_unless_it_is_refused() {
        for (coding, expected) in [
            ("gzip", true),
            ("GZIP; q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("br", false),
            ("x-gzipped", false),
        ] {
            assert_eq!(takes_gzip(coding), expected, "{coding}");
        }
    }
}

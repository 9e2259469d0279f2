//! The public door's share: who is there, for pages of any shop. From memory, without a request to anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};

use super::faces::{Allowance, Face, Faces};
use super::memory::Memory;
use crate::web::public::limited;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// How long a browser may rely on what a preflight told it, in seconds.
const PREFLIGHT_HOLDS: HeaderValue = HeaderValue::from_static("86400");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// Who answers, and how often. A clone is the same.
#[derive(Clone, Default)]
pub(super) struct Counter {
    memory: Memory,
    answered: Arc<Mutex<BTreeMap<u16, u64>>>,
}

impl Counter {
    /// One that tells what is in this memory.
    pub(super) fn new(memory: Memory) -> Counter {
        Counter { memory, answered: Arc::default() }
    }

    /// How many answers there were since this was asked last, by their status.
    pub(super) fn take(&self) -> BTreeMap<u16, u64> {
        std::mem::take(&mut *self.answered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `/availability`, one watch below it, and the script.
pub(super) fn routes(counter: Counter) -> Router {
    let routes = Router::new()
        .route("/availability", of(get(all)))
        .route("/availability/{name}", of(get(one)))
        .route("/availability.js", of(get(script)))
        .with_state(counter.memory.clone());
    limited(routes).layer(from_fn_with_state(counter, share))
}

fn of(route: MethodRouter<Memory>) -> MethodRouter<Memory> {
    route.options(preflight)
}

async fn all(State(memory): State<Memory>, headers: HeaderMap) -> Response {
    memory.faces().map_or_else(nowhere, |faces| tell(&faces, &faces.all, &headers))
}

async fn script(State(memory): State<Memory>, headers: HeaderMap) -> Response {
    memory.faces().map_or_else(nowhere, |faces| tell(&faces, &faces.script, &headers))
}

async fn one(State(memory): State<Memory>, name: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    let Some(faces) = memory.faces() else { return nowhere() };
    let face = name.ok().and_then(|Path(name)| faces.of(&name).cloned());
    face.map_or_else(nowhere, |face| tell(&faces, &face, &headers))
}

fn nowhere() -> Response {
    let body = r#"{"error":"nobody of this name is watched here"}"#;
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json")), (X_CONTENT_TYPE_OPTIONS, NOSNIFF)];
    (StatusCode::NOT_FOUND, headers, body).into_response()
}

/// An answer, or that it is still the one that the client has.
fn tell(faces: &Faces, face: &Face, headers: &HeaderMap) -> Response {
    let told =
        [(CACHE_CONTROL, faces.cache_control.clone()), (ETAG, face.etag.clone()), (X_CONTENT_TYPE_OPTIONS, NOSNIFF)];
    if has(headers, &face.etag) {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    (told, [(CONTENT_TYPE, face.content_type.clone())], face.body.clone()).into_response()
}

/// Whether a client has this already (RFC 9110, 13.1.2: weakly compared).
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

/// What a browser asks before it asks. Other OPTIONS are none of ours.
async fn preflight(headers: HeaderMap) -> Response {
    if !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) || !headers.contains_key(ORIGIN) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, METHODS)]).into_response();
    }
    let told = [(ACCESS_CONTROL_ALLOW_METHODS, METHODS), (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_HOLDS)];
    (StatusCode::NO_CONTENT, told).into_response()
}

/// Says on every answer whose pages may read it: also on one that is none, or a cache would give one page's answer to
/// another. And counts it.
async fn share(State(counter): State<Counter>, request: Request, next: Next) -> Response {
    let faces = counter.memory.faces();
    let allowance = faces.map(|faces| faces.allows(request.headers().get(ORIGIN)));
    let mut response = next.run(request).await;
    if let Some(Allowance { origin, varies }) = allowance {
        let headers = response.headers_mut();
        origin.map(|origin| headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        if varies {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let mut answered = counter.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered.entry(response.status().as_u16()).or_default() += 1;
    }
    response
}

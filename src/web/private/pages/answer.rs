//! Answers, and what a browser is told beside them.

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use maud::Markup;

use super::policy::policy;

/// A page.
pub(super) fn html(status: StatusCode, page: Markup) -> Response {
    answer(status, "text/html; charset=utf-8", page.into_string())
}

/// Anything else.
pub(super) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
    set(CONTENT_TYPE, HeaderValue::from_static(kind));
    // With `no-referrer`, a browser would not tell us either that a form is our own.
    set(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = policy().parse() {
        set(CONTENT_SECURITY_POLICY, policy);
    }
    (status, headers, body.into()).into_response()
}

/// To another page of ours.
pub(super) fn redirect(to: &'static str) -> Response {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "Done.\n");
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

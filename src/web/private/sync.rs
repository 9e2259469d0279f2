//! `POST /sync`: a pass now. A shop's export script calls it when it has written a feed.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::Monitor;
use crate::pass::PassKind;

/// Answers at once: the pass begins when none is under way any more.
pub(super) async fn sync(State(monitor): State<Monitor>, headers: HeaderMap) -> Response {
    let config = monitor.config();
    if config.http.as_ref().is_none_or(|http| http.password.is_none()) {
        let why = "a pass can be asked for only with a password: set password_file in [http], and give it to whoever \
                   is to call (curl -u :PASSWORD -X POST ...)";
        return refused(StatusCode::FORBIDDEN, why);
    }
    // A browser that knows the password gives it to a page of somebody else's, too.
    if !is_ours(&headers) {
        return refused(StatusCode::FORBIDDEN, "a page of another origin can't ask for a pass");
    }
    if config.source().is_none() {
        return refused(StatusCode::NOT_FOUND, "the config has no [source]: there is no feed to read");
    }
    monitor.ask(PassKind::Sync);
    let is_paused = monitor.pause().is_some();
    answer(StatusCode::ACCEPTED, &json!({"sync": "due", "paused": is_paused}))
}

/// Whether no page asks, or one from here.
fn is_ours(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some() && host == asked
}

fn refused(status: StatusCode, why: &str) -> Response {
    answer(status, &json!({"error": why}))
}

fn answer(status: StatusCode, answer: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json")];
    (status, headers, format!("{answer}\n")).into_response()
}

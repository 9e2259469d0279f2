//! Pages that say that something is not there, or not right.

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::html;
use super::frame::Frame;
use super::text::shown;
use crate::web::private::Monitor;

/// A page that says something.
pub(super) fn told(monitor: &Monitor, status: StatusCode, (title, words): (&str, &[&str])) -> Response {
    let config = monitor.config();
    let frame = Frame::of(monitor, &config, &monitor.looks(&config));
    html(status, frame.words(title, words))
}

/// The state can't be read.
pub(super) fn unread(monitor: &Monitor, why: &str) -> Response {
    told(monitor, StatusCode::SERVICE_UNAVAILABLE, ("The state can't be read", &[why]))
}

/// Nothing has this address.
pub(super) fn nowhere(monitor: &Monitor, path: &str) -> Response {
    let path = format!("There is no {} in this shop.", shown(path));
    let hint = "Nothing is here. There are /healthz, /readyz, /metrics and /status, POST /sync, and the pages above.";
    told(monitor, StatusCode::NOT_FOUND, ("Nothing is here", &[&path, hint]))
}

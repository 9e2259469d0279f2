//! The pages of the monitor.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::Monitor;
use super::guard::guard;
use super::pages;
use super::sync::sync;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// What Prometheus goes by when it chooses how to read the answer.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `/healthz`, `/readyz`, `/metrics`, `/status`, `/sync`, and the pages, for those who may look, as long as `listen` is
/// `door`.
pub fn routes(monitor: Monitor, door: SocketAddr) -> Router {
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/sync", post(sync))
        .merge(pages::routes())
        .with_state(monitor.clone());
    guard(monitor, door, routes)
}

async fn healthz() -> Response {
    page(StatusCode::OK, TEXT, "ok\n")
}

async fn readyz(State(monitor): State<Monitor>) -> Response {
    let trouble = monitor.trouble();
    let paused = monitor.pause().as_ref().map(|pause| format!("{}\n", pause.words())).unwrap_or_default();
    if trouble.is_empty() {
        return page(StatusCode::OK, TEXT, format!("ready\n{paused}"));
    }
    page(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("not ready\n{}\n{paused}", trouble.join("\n")))
}

async fn metrics(State(monitor): State<Monitor>) -> Response {
    match monitor.blocking(Monitor::metrics).await {
        Some(Ok(text)) => page(StatusCode::OK, OPEN_METRICS, text),
        _ => page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "The metrics can't be written.\n"),
    }
}

async fn status(State(monitor): State<Monitor>) -> Response {
    match monitor.blocking(Monitor::status).await {
        Some(Ok(status)) => page(StatusCode::OK, JSON, status),
        Some(Err(error)) => page(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{error}\n")),
        None => page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "The status can't be read.\n"),
    }
}

fn page(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    (status, [(CONTENT_TYPE, content_type)], body.into()).into_response()
}

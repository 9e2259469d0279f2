//! The addresses of the pages.

use axum::Router;
use axum::routing::{get, post};

use super::actions::{approve, pause, resume, resync};
use super::home::home;
use super::listing::listing;
use super::product::product;
use crate::web::private::Monitor;

/// All of them; what has no address of its own may be a table's.
pub(in crate::web::private) fn routes() -> Router<Monitor> {
    Router::new()
        .route("/", get(home))
        .route("/product", get(product))
        .route("/approve", post(approve))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/resync", post(resync))
        .fallback(listing)
}

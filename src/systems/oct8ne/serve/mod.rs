//! Answering requests: what was asked, what is shown of the catalogue, what the shop knows, and how all of it is written.

pub(super) mod answer;
pub(super) mod customer;
pub(super) mod labels;
pub(super) mod metrics;
pub(super) mod mirror;
pub(super) mod orders;
pub(super) mod products;
pub(super) mod query;
pub(super) mod routes;
pub(super) mod search;
pub(super) mod server;
pub(super) mod show;

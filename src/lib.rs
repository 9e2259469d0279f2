//! shelfkeeper keeps a shop's NiceChat categories and products equal to its source feed.
//!
//! The way of a product, one module a step: `source` fetches the bytes, `feed` makes items of
//! them, `sync` compares them with `state`, plans, asks the guard and applies through `nicechat`.

pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod event;
pub mod feed;
mod files;
pub mod http;
pub mod jobs;
pub mod lagerkoll;
pub mod logging;
pub mod monitor;
pub mod pass;
pub mod remote;
pub mod report;
pub mod source;
pub mod state;
pub mod sync;
pub mod systemd;
pub mod task;
mod text;

use std::error::Error;

/// What every HTTP client of ours has in common. TLS is rustls with ring: it needs nothing but a C
/// compiler to build.
fn http_client() -> reqwest::ClientBuilder {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("shelfkeeper/", env!("CARGO_PKG_VERSION"));
    // No Referer on a redirect: the address of a feed may be all that protects it.
    reqwest::Client::builder().user_agent(agent).tcp_nodelay(true).referer(false)
}

/// The innermost cause of an error: the outer ones repeat the address and say less.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Why there is no HTTP client. The usual cause has a remedy that its words don't name.
fn no_client(error: &reqwest::Error) -> String {
    let cause = root_cause(error);
    let is_about_authorities = cause.to_lowercase().contains("certificate");
    let advice = if is_about_authorities { "; is the package ca-certificates installed?" } else { "" };
    format!("{cause}{advice}")
}

//! What the HTTP clients for feeds and services share.

mod pause;

use std::error::Error;

pub(crate) use pause::{LONGEST_RETRY_AFTER, asked_pause, retry_after, waits};

/// A builder with our settings. TLS is rustls with ring: it needs nothing but a C
/// compiler to build.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("shelfkeeper/", env!("CARGO_PKG_VERSION"));
    // No Referer on a redirect: the address of a feed may be all that protects it.
    reqwest::Client::builder().user_agent(agent).tcp_nodelay(true).referer(false)
}

/// The innermost cause of an error: the outer ones repeat the address and say less.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Why there is no HTTP client. The usual cause has a remedy that its words don't name.
pub(crate) fn no_client(error: &reqwest::Error) -> String {
    let cause = root_cause(error);
    let is_about_authorities = cause.to_lowercase().contains("certificate");
    let advice = if is_about_authorities { "; is the package ca-certificates installed?" } else { "" };
    format!("{cause}{advice}")
}

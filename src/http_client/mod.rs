//! What the HTTP clients for feeds and services share.

mod authorities;
mod cause;
mod clients;
mod pause;

use std::time::Duration;

use url::Url;

use self::authorities::client_config;
use crate::config;

pub(crate) use cause::{NO_TLS, root_cause};
pub(crate) use clients::{Clients, Manner};
pub(crate) use pause::{LONGEST_RETRY_AFTER, as_asked, asked_pause, http_date, retry_after, time_there, waits};

/// A builder with our settings. TLS is rustls with ring: it needs nothing but a C
/// compiler to build.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("shelfkeeper/", env!("CARGO_PKG_VERSION"));
    // No Referer on a redirect: the address of a feed may be all that protects it.
    let builder = reqwest::Client::builder().user_agent(agent).tcp_nodelay(true).referer(false);
    match client_config() {
        Ok(mut tls) => {
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            builder.tls_backend_preconfigured(tls)
        }
        // It reads them itself then, and fails with an error of its own kind.
        Err(_) => builder,
    }
}

/// The same for requests to this address: what is on this machine is no business of the environment's proxy.
pub(crate) fn builder_for(url: &Url) -> reqwest::ClientBuilder {
    if config::is_loopback(url) { builder().no_proxy() } else { builder() }
}

/// What TLS that is not HTTP's is made with: by the same certificates as that.
///
/// # Errors
/// In words, when there are none to trust.
pub(crate) fn tls_config() -> Result<rustls::ClientConfig, String> {
    let advice = "; is the package ca-certificates installed?";
    client_config().map_err(|error| format!("no TLS: {}{advice}", root_cause(&error)))
}

/// Why there is no HTTP client. The usual cause has a remedy that its words don't name.
pub(crate) fn no_client(error: &reqwest::Error) -> String {
    let cause = root_cause(error);
    let is_about_authorities = cause.to_lowercase().contains("certificate");
    let advice = if is_about_authorities { "; is the package ca-certificates installed?" } else { "" };
    format!("{cause}{advice}")
}

/// How long an address may take to say anything.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of a text that is asked for.
const LARGEST_TEXT: usize = 1 << 20;

/// The status of whatever answers at an address.
///
/// # Errors
/// In words, why nothing does.
pub(crate) async fn status_of(url: &str) -> Result<u16, String> {
    Ok(answer_of(url).await?.status().as_u16())
}

/// The status and the text of whatever answers at an address.
///
/// # Errors
/// In words, why nothing does.
pub(crate) async fn text_of(url: &str) -> Result<(u16, String), String> {
    let mut answer = answer_of(url).await?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| root_cause(&error.without_url()))? {
        body.extend_from_slice(&part);
        if body.len() > LARGEST_TEXT {
            return Err("its answer has no end".to_owned());
        }
    }
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

async fn answer_of(url: &str) -> Result<reqwest::Response, String> {
    let url = Url::parse(url).map_err(|error| format!("this is no URL: {error}"))?;
    let client = builder_for(&url).timeout(ANSWER_WITHIN).redirect(reqwest::redirect::Policy::none()).build();
    let asked = client.map_err(|error| no_client(&error))?.get(url).send().await;
    asked.map_err(|error| {
        let slow = error.is_timeout().then(|| format!("no answer within {} s", ANSWER_WITHIN.as_secs()));
        slow.unwrap_or_else(|| format!("no answer: {}", root_cause(&error.without_url())))
    })
}

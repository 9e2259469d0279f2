//! The two requests that NiceChat makes by itself: for the feed, and to the callback.

use std::error::Error;
use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use url::form_urlencoded::Serializer;

/// How long the feed's host and the callback's host have for a whole answer.
const LIMIT: Duration = Duration::from_secs(60);

/// What the feed's host answered.
#[derive(Debug)]
pub(super) struct Fetched {
    /// The HTTP status; none when there was no answer.
    pub(super) status: Option<u16>,
    /// The feed, unpacked; or why there is none, in words.
    pub(super) body: Result<Vec<u8>, String>,
}

/// No proxy and no redirects, because the sandbox keeps to this machine.
fn client() -> reqwest::Result<Client> {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent("nicechat-sandbox").no_proxy().redirect(Policy::none()).timeout(LIMIT).build()
}

/// Fetches a feed.
pub(super) async fn get(url: &str) -> Fetched {
    match ask(url).await {
        Ok(response) => {
            let status = Some(response.status().as_u16());
            Fetched { status, body: body(response).await }
        }
        Err(error) => Fetched { status: None, body: Err(root_cause(&error)) },
    }
}

/// The innermost cause of an error: the outer ones repeat the address and say less.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

async fn ask(url: &str) -> reqwest::Result<Response> {
    client()?.get(url).header(ACCEPT_ENCODING, "gzip").send().await
}

async fn body(response: Response) -> Result<Vec<u8>, String> {
    if response.status() != 200 {
        return Err(format!("The feed was answered with {}", response.status()));
    }
    let is_packed = response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
    let bytes = response.bytes().await.map_err(|error| root_cause(&error))?;
    if is_packed { unpacked(&bytes) } else { Ok(bytes.to_vec()) }
}

fn unpacked(bytes: &Bytes) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    match MultiGzDecoder::new(bytes.as_ref()).read_to_end(&mut unpacked) {
        Ok(_) => Ok(unpacked),
        Err(error) => Err(format!("The feed can't be unpacked: {error}")),
    }
}

/// Tells a callback what came of an import, once; the HTTP status of its answer, if there was one.
pub(super) async fn call_back(url: &str, values: &[(&str, String)]) -> Option<u16> {
    let form = Serializer::new(String::new()).extend_pairs(values).finish();
    let request = client().ok()?.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    // Nobody is told when it fails, and it is never repeated (NiceChat API page, section Feeds).
    let response = request.send().await.ok()?;
    Some(response.status().as_u16())
}

//! One request with credentials, tried as often as it is worth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use backon::Retryable;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::limit::Limit;
use super::reply::{CallError, understand};
use crate::config::{self, Account, AccountCredentials};
use crate::wire::{self, Secrets};

/// An answer that is larger, in bytes, is none. A store has hundreds of events.
const LARGEST_ANSWER: usize = 16 << 20;
/// An answer of more values than this can fill is none either: small ones take a hundred times their bytes.
const MOST_STRUCTURE: usize = 1_000_000;

/// No call can even be prepared.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No HTTP client: no certificates to trust, for one.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// An id or a secret that no header can hold.
    #[error("the store or the credentials can't stand in a header")]
    Header(#[from] InvalidHeaderValue),
}

impl From<reqwest::Error> for ConnectError {
    fn from(error: reqwest::Error) -> Self {
        ConnectError::Client(crate::no_client(&error))
    }
}

pub(super) struct Transport {
    http: reqwest::Client,
    base: Url,
    /// Those of every request: who we are, and which store is meant.
    headers: HeaderMap,
    /// What must not come back in an error's words.
    secrets: Secrets,
    retries: u32,
    limit: Arc<Limit>,
    sent: AtomicU64,
}

/// What is sent, again and again if need be.
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the base address.
    pub(super) path: String,
    pub(super) body: Bytes,
}

impl Transport {
    pub(super) fn new(
        settings: &config::Lagerkoll,
        account: &Account,
        limit: Arc<Limit>,
    ) -> Result<Transport, ConnectError> {
        let mut builder = crate::http_client()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // A redirect could lead the key elsewhere.
            .redirect(reqwest::redirect::Policy::none());
        if config::is_loopback(&settings.base_url) {
            builder = builder.no_proxy();
        }
        Ok(Transport {
            http: builder.build()?,
            base: settings.base_url.clone(),
            headers: headers(account)?,
            secrets: match &account.credentials {
                AccountCredentials::Key(secret) | AccountCredentials::User { token: secret, .. } => {
                    Secrets::new([secret])
                }
            },
            retries: settings.retries,
            limit,
            sent: AtomicU64::new(0),
        })
    }

    /// Requests sent so far, tries included.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a request until it is answered for good, or the tries are used up.
    pub(super) async fn call(&self, request: &Request) -> Result<Value, CallError> {
        self.call_while(request, CallError::can_pass).await
    }

    /// Sends a request that must not have its effect twice: tried again only when its last try is
    /// known to have had none.
    pub(super) async fn call_at_most_once(&self, request: &Request) -> Result<Value, CallError> {
        self.call_while(request, |error| error.can_pass() && !error.is_in_doubt()).await
    }

    async fn call_while(&self, request: &Request, again: impl Fn(&CallError) -> bool) -> Result<Value, CallError> {
        (|| self.attempt(request))
            .retry(wire::waits(self.retries))
            .sleep(tokio::time::sleep)
            .when(again)
            .adjust(|error, wait| match error {
                // The service's own wish counts; one that is too long ends the tries.
                error if error.asks_for_too_long() => None,
                CallError::Passing { retry_after: Some(asked), .. } => wait.map(|_| *asked),
                _ => wait,
            })
            .await
    }

    async fn attempt(&self, request: &Request) -> Result<Value, CallError> {
        let permit = self.limit.permit().await.map_err(|silence| CallError::Passing {
            reason: format!("Lagerkoll asked to be left alone for {} s more", silence.0.as_secs()),
            retry_after: Some(silence.0),
            in_doubt: false,
        })?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let result = self.exchange(request).await.map_err(|error| error.fit_to_tell(&self.secrets));
        if let Err(CallError::Passing { retry_after: Some(asked), .. }) = &result {
            // It is meant for all requests to this host, not only for its own.
            self.limit.be_quiet_for(*asked);
        }
        drop(permit);
        let outcome = result.as_ref().err().map_or_else(|| "ok".to_owned(), CallError::to_string);
        debug!(
            method = %request.method,
            path = request.path,
            elapsed_ms = started.elapsed().as_millis() as u64,
            outcome,
            "request to Lagerkoll"
        );
        result
    }

    async fn exchange(&self, request: &Request) -> Result<Value, CallError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), request.path));
        let mut call = self.http.request(request.method.clone(), url.clone()).headers(self.headers.clone());
        if !request.body.is_empty() {
            call = call.header(CONTENT_TYPE, "application/json").body(request.body.clone());
        }
        let broken = |error: reqwest::Error| CallError::Passing {
            reason: wire::no_answer(&url, &error),
            retry_after: None,
            // Without a connection nothing was sent.
            in_doubt: !error.is_connect(),
        };
        let mut reply = call.send().await.map_err(broken)?;
        let body = wire::body(&mut reply, LARGEST_ANSWER).await.map_err(broken)?;
        let body = body.ok_or_else(too_large)?;
        if structure(&body) > MOST_STRUCTURE {
            return Err(too_large());
        }
        understand(&request.method, reply.status(), reply.headers(), &body, Timestamp::now())
    }
}

fn too_large() -> CallError {
    CallError::Strange("the answer is larger than any listing of events can be".to_owned())
}

/// Signs that begin or part values: of as many as these, memory is taken.
fn structure(json: &[u8]) -> usize {
    json.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count()
}

/// The headers of the API page. Those that are secret are never printed, in `Debug` neither.
fn headers(account: &Account) -> Result<HeaderMap, InvalidHeaderValue> {
    let secret = |text: &str| {
        HeaderValue::from_bytes(text.as_bytes()).map(|mut value| {
            value.set_sensitive(true);
            value
        })
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("store"), HeaderValue::from_str(&account.store)?);
    match &account.credentials {
        AccountCredentials::Key(key) => {
            headers.insert(HeaderName::from_static("api_key"), secret(key.expose_secret())?);
        }
        AccountCredentials::User { id, token } => {
            headers.insert(HeaderName::from_static("user_id"), HeaderValue::from_str(id)?);
            headers.insert(HeaderName::from_static("user_token"), secret(token.expose_secret())?);
        }
    }
    Ok(headers)
}

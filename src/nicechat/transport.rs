//! One signed request, tried as often as it is worth.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::error::CallError;
use super::reply::{Answer, understand};
use super::signature;
use super::traffic::Traffic;
use crate::config;
use crate::wire::{self, Secrets};

/// The largest answer with a listing, in bytes: a hundred thousand short products.
const LARGEST_PAGE: usize = 16 << 20;
/// The largest other answer, besides what it repeats: a change of one field is answered with the whole object.
const LARGEST_ANSWER: usize = 4 << 20;

/// Makes something of an answer's `result`, or tells why it is no answer.
pub(super) trait Read<T>: Fn(Option<&RawValue>) -> Result<T, CallError> {}
impl<T, F: Fn(Option<&RawValue>) -> Result<T, CallError>> Read<T> for F {}

pub(super) struct Transport {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
    secret: SecretString,
    /// What must not come back in its answers.
    secrets: Secrets,
    /// What must not be told of its words: those, and what is secret in the addresses that it is given. Those stand
    /// in answers by right, a product's address for one.
    words: Secrets,
    retries: u32,
    limiter: Option<DefaultDirectRateLimiter>,
    /// Until when everybody waits: a 429 is meant for all requests, not only for its own.
    quiet_until: Mutex<Option<Instant>>,
    traffic: Mutex<Traffic>,
}

/// What is sent, again and again if need be.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Bytes,
}

impl Transport {
    pub(super) fn new(settings: &config::NiceChat, told: &[SecretString]) -> Result<Transport, reqwest::Error> {
        let mut builder = crate::http_client()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // A redirect would need a signature of its own, and could lead the key elsewhere.
            .redirect(reqwest::redirect::Policy::none());
        if config::is_loopback(&settings.base_url) {
            builder = builder.no_proxy();
        }
        let ours = [&settings.api_key, &settings.api_secret];
        Ok(Transport {
            http: builder.build()?,
            base: settings.base_url.clone(),
            key: settings.api_key.clone(),
            secret: settings.api_secret.clone(),
            secrets: Secrets::new(ours),
            words: Secrets::new(ours.into_iter().chain(told)),
            retries: settings.retries,
            limiter: settings.requests_per_second.map(|rate| RateLimiter::direct(Quota::per_second(rate))),
            quiet_until: Mutex::new(None),
            traffic: Mutex::default(),
        })
    }

    /// The address of a path of the API; `path` begins with a slash and is percent-encoded.
    pub(super) fn url(&self, path: &str) -> Result<Url, CallError> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).map_err(|error| CallError::Refused { code: 0, reason: error.to_string() })
    }

    /// What must not be told.
    pub(super) fn words(&self) -> &Secrets {
        &self.words
    }

    /// What was sent and answered so far.
    pub(super) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it is answered for good, or the tries are used up.
    pub(super) async fn call<T>(&self, request: &Request, read: impl Read<T>) -> Result<T, CallError> {
        self.call_while(request, read, CallError::can_pass).await
    }

    /// Sends a request that must not have its effect twice: tried again only when its last try is
    /// known to have had none.
    pub(super) async fn call_at_most_once<T>(&self, request: &Request, read: impl Read<T>) -> Result<T, CallError> {
        self.call_while(request, read, |error| error.can_pass() && !error.is_in_doubt()).await
    }

    /// Sends a request a single time.
    pub(super) async fn call_once<T>(&self, request: &Request, read: impl Read<T>) -> Result<T, CallError> {
        self.call_while(request, read, |_| false).await
    }

    async fn call_while<T>(
        &self,
        request: &Request,
        read: impl Read<T>,
        again: impl Fn(&CallError) -> bool,
    ) -> Result<T, CallError> {
        let mut is_retry = false;
        let attempt = || self.attempt(request, &read, std::mem::replace(&mut is_retry, true));
        attempt
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

    async fn attempt<T>(&self, request: &Request, read: &impl Read<T>, is_retry: bool) -> Result<T, CallError> {
        self.wait_for_our_turn().await;
        self.traffic().sent(is_retry);
        let started = Instant::now();
        let result = self.exchange(request, read).await.map_err(|error| error.fit_to_tell(&self.words));
        let outcome = result.as_ref().err().map_or_else(|| "ok".to_owned(), CallError::to_string);
        debug!(
            method = %request.method,
            path = request.url.path(),
            elapsed_ms = started.elapsed().as_millis() as u64,
            outcome,
            "request to NiceChat"
        );
        match &result {
            Err(error) if error.asks_for_too_long() => {}
            Err(CallError::Passing { retry_after: Some(asked), .. }) => self.be_quiet_for(*asked),
            _ => {}
        }
        result
    }

    async fn exchange<T>(&self, request: &Request, read: &impl Read<T>) -> Result<T, CallError> {
        let secret = self.secret.expose_secret();
        let sign = signature(secret, request.url.path(), &request.body, request.method.as_str());
        let mut call = self
            .http
            .request(request.method.clone(), request.url.clone())
            .header("X-API-Key", self.key.expose_secret())
            .header("X-API-Sign", sign);
        if !request.body.is_empty() {
            call = call.header(CONTENT_TYPE, "application/json").body(request.body.clone());
        }
        let broken = |error| broken(&request.url, &error);
        let mut reply = call.send().await.map_err(broken)?;
        self.traffic().answered(reply.status().as_u16());
        let body = wire::body(&mut reply, most(request)).await.map_err(broken)?;
        let body = self.secrets.hide(body.ok_or_else(|| too_large(request))?);
        let (status, headers) = (reply.status(), reply.headers());
        let (method, secrets, now) = (&request.method, &self.words, Timestamp::now());
        understand(&Answer { method, status, headers, body: &body, secrets, now }, read)
    }

    async fn wait_for_our_turn(&self) {
        let until = self.quiet_until.lock().ok().and_then(|until| *until);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
    }

    fn be_quiet_for(&self, asked: Duration) {
        let until = Instant::now() + asked;
        if let Ok(mut quiet) = self.quiet_until.lock() {
            *quiet = Some(quiet.map_or(until, |other| other.max(until)));
        }
    }
}

/// How large an answer may be, in bytes: a page of a listing, or an answer that repeats what was sent, in which JSON
/// may escape every character.
fn most(request: &Request) -> usize {
    if request.method == Method::GET { LARGEST_PAGE } else { LARGEST_ANSWER + 6 * request.body.len() }
}

fn too_large(request: &Request) -> CallError {
    let most = bytesize::ByteSize(most(request) as u64);
    let problem = format!("the answer is larger than {most}, which none of NiceChat's is");
    // Another try would read as much again.
    if request.method == Method::GET { CallError::Strange(problem) } else { CallError::no_answer(problem) }
}

fn broken(url: &Url, error: &reqwest::Error) -> CallError {
    // Without a connection nothing was sent.
    CallError::Passing { reason: wire::no_answer(url, error), retry_after: None, in_doubt: !error.is_connect() }
}

//! A vendor's service over HTTP: one request with credentials, tried as often as it is worth.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use bytesize::ByteSize;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use url::Url;

use super::error::CallError;
use super::limit::{Ended, Limit};
use super::redact::Secrets;
use super::traffic::Traffic;
use crate::config;
use crate::http_client;
use crate::http_client::{Clients, Manner, retry_after, waits};

/// What differs from vendor to vendor.
pub(super) trait Service {
    /// Its name, in messages.
    const NAME: &'static str;
    /// The content of a successful answer.
    type Reply<'a>;

    /// Adds what says who we are.
    fn authorize(&self, request: &Request, call: RequestBuilder) -> RequestBuilder;

    /// How large an answer may be, in bytes.
    fn largest_answer(&self, request: &Request) -> usize;

    /// Parses an answer. The parser is strict: only what the vendor documents as
    /// success counts as one.
    fn understand<T>(
        &self,
        answer: &Answer<'_>,
        read: impl Fn(Self::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError>;
}

/// A request, which may be sent several times.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Bytes,
}

/// An answer as it came.
pub(super) struct Answer<'a> {
    /// Of the request.
    pub(super) method: &'a Method,
    /// Of its address.
    pub(super) path: &'a str,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    /// What is masked in messages about it.
    pub(super) secrets: &'a Secrets,
    /// When it came.
    pub(super) now: Timestamp,
}

impl Answer<'_> {
    /// The service will do better another time.
    pub(super) fn busy(&self, reason: impl FnOnce(String) -> String, in_doubt: bool) -> CallError {
        let retry_after = retry_after(self.headers, self.now);
        let asks = retry_after.map(|wait| format!(", asks to wait {} s", wait.as_secs())).unwrap_or_default();
        CallError::Passing { reason: reason(asks), retry_after, in_doubt }
    }
}

/// How calls to a service are made.
pub(super) struct Settings<'a> {
    /// The address that everything lies below.
    pub(super) base: &'a Url,
    /// Of a whole request, the answer included.
    pub(super) timeout: Duration,
    /// Further tries of a request that failed in a way that can pass.
    pub(super) retries: u32,
    /// What is masked in its words.
    pub(super) told: Secrets,
    /// What is taken out of its answers before anything is kept of them.
    pub(super) kept: Secrets,
}

/// A connection to a service.
pub(super) struct Client<S> {
    http: reqwest::Client,
    service: S,
    base: String,
    retries: u32,
    told: Secrets,
    kept: Secrets,
    limit: Arc<Limit>,
    traffic: Mutex<Traffic>,
    /// Ends its waits.
    stop: CancellationToken,
}

impl<S: Service> Client<S> {
    pub(super) fn new(
        service: S,
        settings: Settings<'_>,
        limit: Arc<Limit>,
        clients: &Clients,
    ) -> Result<Client<S>, reqwest::Error> {
        let Settings { base, timeout, retries, told, kept } = settings;
        let manner = Manner {
            total: Some(timeout),
            // A little less: were both to end at once, nobody could tell whether anything was sent.
            connect: timeout.mul_f32(0.9),
            read: None,
            // A redirect could lead the credentials elsewhere, and would need a signature of its own.
            follows: false,
            is_direct: config::is_loopback(base),
        };
        let base = format!("{}/", base.as_str().trim_end_matches('/'));
        let (http, traffic, stop) = (clients.get(manner)?, Mutex::default(), CancellationToken::new());
        Ok(Client { http, service, base, retries, told, kept, limit, traffic, stop })
    }

    /// The same, whose waits end with this token: what it has not sent by then is not sent.
    pub(super) fn stopped_by(self, stop: CancellationToken) -> Client<S> {
        Client { stop, ..self }
    }

    /// The address of what lies at a path below the base; percent-encoded, without a slash before it.
    pub(super) fn url(&self, path: &str) -> Result<Url, CallError> {
        Url::parse(&format!("{}{path}", self.base)).map_err(CallError::unsendable)
    }

    /// What is masked in messages.
    pub(super) fn told(&self) -> &Secrets {
        &self.told
    }

    /// What holds for all requests.
    pub(super) fn limit(&self) -> &Limit {
        &self.limit
    }

    /// What was sent and answered so far.
    pub(super) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it is answered for good, or the tries are used up.
    pub(super) async fn call<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.call_while(request, read, CallError::can_pass, None).await
    }

    /// The same; `lost` = the answer to a try was: whatever the last one is answered, that one may have had its effect. It
    /// is so as well while a try is under way, and nobody knows its answer yet.
    pub(super) async fn call_noting<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
        lost: &AtomicBool,
    ) -> Result<T, CallError> {
        self.call_while(request, read, CallError::can_pass, Some(lost)).await
    }

    /// Sends a request that must not have its effect twice: tried again only when its last try is known to have had
    /// none.
    pub(super) async fn call_at_most_once<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.call_while(request, read, |error| error.can_pass() && !error.is_in_doubt(), None).await
    }

    /// Sends a request a single time.
    pub(super) async fn call_once<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.call_while(request, read, |_| false, None).await
    }

    /// Sends a request again as long as its tries are not used up, and `again` says so of the error of the last one.
    pub(super) async fn call_while<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
        again: impl Fn(&CallError) -> bool,
        lost: Option<&AtomicBool>,
    ) -> Result<T, CallError> {
        let (mut is_retry, stop) = (false, self.stop.clone());
        let attempt = || self.attempt(request, &read, std::mem::replace(&mut is_retry, true), lost);
        attempt
            .retry(waits(self.retries))
            .sleep(move |wait: Duration| tokio::time::timeout(wait, stop.clone().cancelled_owned()))
            .when(move |error| again(error) && !self.stop.is_cancelled())
            .adjust(|error, wait| http_client::as_asked(error.retry_after(), wait))
            .await
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
        is_retry: bool,
        lost: Option<&AtomicBool>,
    ) -> Result<T, CallError> {
        let permit = tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                let reason = "interrupted".to_owned();
                return Err(CallError::Passing { reason, retry_after: None, in_doubt: false });
            }
            permit = self.limit.permit() => permit,
        };
        let permit = permit.map_err(|silence| CallError::Passing {
            reason: format!("{} asked to be left alone for {} s more", S::NAME, silence.0.as_secs()),
            retry_after: Some(silence.0),
            in_doubt: false,
        })?;
        let was_lost = lost.is_some_and(|lost| lost.swap(true, Ordering::Relaxed));
        self.traffic().sent(is_retry);
        let started = Instant::now();
        let mut ended = Ended::Untold;
        let result = self.exchange(request, read, &mut ended).await.map_err(|error| error.fit_to_tell(&self.told));
        if let Some(asked) = result.as_ref().err().and_then(CallError::retry_after) {
            // It is meant for all requests, not only for its own.
            self.limit.be_quiet_for(asked);
        }
        permit.ended(ended);
        if let Some(lost) = lost {
            lost.store(was_lost || result.as_ref().is_err_and(CallError::is_in_doubt), Ordering::Relaxed);
        }
        let outcome = result.as_ref().err().map_or_else(|| "ok".to_owned(), CallError::to_string);
        debug!(
            method = %request.method,
            path = request.url.path(),
            elapsed_ms = started.elapsed().as_millis() as u64,
            outcome,
            "request to {}", S::NAME
        );
        result
    }

    async fn exchange<T>(
        &self,
        request: &Request,
        read: impl Fn(S::Reply<'_>) -> Result<T, CallError>,
        ended: &mut Ended,
    ) -> Result<T, CallError> {
        let mut call = self.http.request(request.method.clone(), request.url.clone());
        if !request.body.is_empty() {
            call = call.header(CONTENT_TYPE, "application/json").body(request.body.clone());
        }
        let call = self.service.authorize(request, call);
        let mut reply = call.send().await.map_err(|error| lost(&request.url, &error, ended))?;
        self.traffic().answered(reply.status().as_u16());
        *ended = told_by(reply.status());
        let most = self.service.largest_answer(request);
        let body = body(&mut reply, most).await.map_err(|error| lost(&request.url, &error, ended))?;
        let body = self.kept.hide(body.ok_or_else(|| too_large::<S>(request, most))?);
        let (method, path, secrets) = (&request.method, request.url.path(), &self.told);
        let (status, headers, now) = (reply.status(), reply.headers(), Timestamp::now());
        let answer = Answer { method, path, status, headers, body: &body, secrets, now };
        self.service.understand(&answer, read)
    }
}

/// Why no answer came, or not the whole of it.
fn lost(url: &Url, error: &reqwest::Error, ended: &mut Ended) -> CallError {
    *ended = if error.is_timeout() && !error.is_connect() { Ended::Overloaded } else { Ended::Untold };
    no_answer(url, error)
}

/// What an answer tells of how much its service can take.
fn told_by(status: StatusCode) -> Ended {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Ended::Refused,
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Ended::Overloaded
        }
        _ => Ended::Answered,
    }
}

/// An answer's whole body; `None` when it is larger than so many bytes, or does not end.
async fn body(reply: &mut reqwest::Response, most: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    if reply.content_length().is_some_and(|length| length > most as u64) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

fn too_large<S: Service>(request: &Request, most: usize) -> CallError {
    let problem = format!("the answer is larger than {}, which none of {}'s is", ByteSize(most as u64), S::NAME);
    // Another try would read as much again.
    if request.method == Method::GET { CallError::Strange(problem) } else { CallError::no_answer(problem) }
}

/// Why no answer came. The innermost cause says what happened; the outer ones repeat the address.
fn no_answer(url: &Url, error: &reqwest::Error) -> CallError {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let why = if error.is_timeout() { "timed out".to_owned() } else { http_client::root_cause(error) };
    let reason = format!("no answer from {host}{port}: {why}");
    // Without a connection nothing was sent.
    CallError::Passing { reason, retry_after: None, in_doubt: !error.is_connect() }
}

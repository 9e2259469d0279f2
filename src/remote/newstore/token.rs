//! Where an API client is given a token (OAuth 2, client_credentials). Asking again has no effect that anybody minds.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded::Serializer;

use super::service::tenant_header;
use crate::config::{self, Login};
use crate::http_client::Clients;
use crate::remote::error::{CallError, ConnectError};
use crate::remote::http::{Answer, Client, Request, Service, Settings};
use crate::remote::json::text_of;
use crate::remote::limit::Limit;
use crate::remote::redact::{Secrets, looks_like};

const LARGEST_ANSWER: usize = 1 << 20;
/// No command takes so long. A token that is said to be good for longer than a clock can tell is one for so long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A token, and how long it is good for; `None` = that was not told.
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) lasts: Option<Duration>,
}

/// Asks for tokens.
pub(super) struct Tokens {
    client: Client<Keycloak>,
    request: Request,
}

impl Tokens {
    /// `None` = somebody has given us a token, and there is no other one. `stop` ends its waits.
    pub(super) fn new(settings: &config::NewStore, stop: &CancellationToken) -> Result<Option<Tokens>, ConnectError> {
        let Login::Client { id, secret, token_url, scope } = &settings.login else { return Ok(None) };
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials").append_pair("client_id", id);
        form.append_pair("client_secret", secret.expose_secret());
        scope.iter().for_each(|scope| _ = form.append_pair("scope", scope));
        let body = Bytes::from(form.finish());
        let form = (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let accept = (ACCEPT, HeaderValue::from_static("application/json"));
        let headers = [form, accept, tenant_header(&settings.tenant)?].into_iter().collect();
        let calls = Settings {
            base: token_url,
            timeout: settings.timeout,
            retries: settings.retries,
            told: Secrets::new([secret]),
            // Nothing is kept of an answer but the token.
            kept: Secrets::new([]),
        };
        let client = Client::new(Keycloak(headers), calls, Limit::new(None).into(), &Clients::default())?;
        let client = client.stopped_by(stop.clone());
        Ok(Some(Tokens { client, request: Request { method: Method::POST, url: token_url.clone(), body } }))
    }

    pub(super) async fn fetch(&self) -> Result<Token, CallError> {
        self.client.call(&self.request, token).await
    }
}

/// NewStore's login is one.
struct Keycloak(HeaderMap);

impl Service for Keycloak {
    const NAME: &'static str = "NewStore's login";
    type Reply<'a> = &'a [u8];

    fn authorize(&self, _: &Request, call: RequestBuilder) -> RequestBuilder {
        call.headers(self.0.clone())
    }

    fn largest_answer(&self, _: &Request) -> usize {
        LARGEST_ANSWER
    }

    fn understand<T>(&self, answer: &Answer<'_>, read: impl Fn(&[u8]) -> Result<T, CallError>) -> Result<T, CallError> {
        let code = answer.status.as_u16();
        let seen = || answer.secrets.tell(&complaint(answer.body).unwrap_or_else(|| looks_like(answer.body)));
        let refused = |reason| Err(CallError::Refused { code, reason });
        match answer.status {
            StatusCode::OK => read(answer.body),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(CallError::Unauthorized(format!(
                    "NewStore's login gives no token ({code}): {}; check client_id, client_secret, tenant and scope",
                    seen()
                )))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Err(answer.busy(|asks| format!("NewStore's login answered {code}{asks}"), false))
            }
            status if status.is_redirection() => {
                refused(format!("NewStore's login answered {code}, a redirect, which isn't followed: check token_url"))
            }
            status if status.is_server_error() => {
                Err(answer.busy(|asks| format!("NewStore's login answered {code} with {}{asks}", seen()), false))
            }
            _ => refused(format!("NewStore's login answered {code} with {}: check token_url", seen())),
        }
    }
}

/// What a login says of an error (RFC 6749, 5.2).
fn complaint(body: &[u8]) -> Option<String> {
    let fields: Value = serde_json::from_slice(body).ok()?;
    let parts = ["error", "error_description"].iter().filter_map(|name| fields.get(name)?.as_str());
    Some(parts.collect::<Vec<_>>().join(": ")).filter(|words| !words.is_empty())
}

/// A token as it comes (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Reply {
    access_token: String,
    /// A number of seconds; some write it in quotes.
    expires_in: Option<Value>,
}

fn token(body: &[u8]) -> Result<Token, CallError> {
    let text = text_of(body);
    if text.trim_start().starts_with('<') {
        return Err(CallError::no_answer(format!("NewStore's login answered with {}", looks_like(body))));
    }
    // The body isn't shown: it may have the token.
    let strange = |what| CallError::Strange(format!("NewStore's login answered without {what}"));
    let reply: Reply = serde_json::from_str(&text).map_err(|_| strange("an access_token"))?;
    let token = reply.access_token;
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(strange("an access_token that can stand in a header"));
    }
    let seconds = reply.expires_in.and_then(|seconds| seconds.to_string().trim_matches('"').parse().ok());
    let lasts = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(|lasts| lasts.min(LONGEST));
    Ok(Token { secret: token.into(), lasts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_never_shown() {
        let read = token(br#"{"access_token":"abc","expires_in":300,"token_type":"Bearer"}"#).expect("a token");
        assert_eq!((read.secret.expose_secret(), read.lasts), ("abc", Some(Duration::from_secs(300))));
        let lasts = |seconds: &str| token(format!("{{\"access_token\":\"a\"{seconds}}}").as_bytes()).expect("it").lasts;
        assert_eq!(lasts(r#","expires_in":"60""#), Some(Duration::from_secs(60)));
        assert_eq!(lasts(r#","expires_in":9223372036854775808"#), Some(LONGEST));
        assert_eq!((lasts(""), lasts(r#","expires_in":null"#), lasts(r#","expires_in":-1"#)), (None, None, None));
        for body in [r#"{"access_token":""}"#, r#"{"access_token":"hunter2 x"}"#, "{}", "hunter2", "[\"hunter2\"]"] {
            let Err(CallError::Strange(told)) = token(body.as_bytes()) else { panic!("{body}") };
            assert!(!told.contains("hunter2"), "{told}");
        }
        assert!(token(b"<html>").is_err_and(|error| error.can_pass()));
        let told = complaint(br#"{"error":"invalid_client","error_description":"Bad secret"}"#);
        assert_eq!(told.as_deref(), Some("invalid_client: Bad secret"));
    }
}

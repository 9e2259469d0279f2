//! Where an API client is given a token, and which tokens are good.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use serde_json::json;
use url::form_urlencoded;

use crate::reply::Answer;

/// The tenant that there is.
pub const DEMO_NEWSTORE_TENANT: &str = "sandbox-staging";
/// Its API client.
pub const DEMO_NEWSTORE_CLIENT_ID: &str = "sandbox-client";
/// What this client proves itself with. It protects nothing: the sandbox listens on loopback. There is no word in it
/// that may stand in a message, where it would be masked.
pub const DEMO_NEWSTORE_CLIENT_SECRET: &str = "q8Zt4mWc-pr0tects-n0thing";
/// A token that is always good. It protects nothing either.
pub const DEMO_NEWSTORE_TOKEN: &str = "x7Qw9ZkL-pr0tects-n0thing";

/// What every path of the login begins with.
pub(super) const ROOT: &str = "/auth/realms/";

/// Where the token endpoint is.
pub(super) fn path() -> String {
    format!("{ROOT}{DEMO_NEWSTORE_TENANT}/protocol/openid-connect/token")
}

/// The tokens that were given, and when they end.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    ends: HashMap<String, Duration>,
}

/// Who sends something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Nobody,
    Stranger,
    Known,
}

impl Tokens {
    /// Gives a token, or says why not.
    pub(super) fn answer(&mut self, parts: &Parts, body: &Bytes, now: Duration, seconds: u64) -> Answer {
        let refuse = |status, error: &str| Answer::json(status, &json!({ "error": error }));
        if parts.uri.path() != path() {
            return Answer::json(StatusCode::NOT_FOUND, &json!({"error": "Realm does not exist"}));
        }
        if parts.method != "POST" {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed");
        }
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
        }
        let posted = || Some(format!("{}:{}", field("client_id")?, field("client_secret")?));
        let client = header(parts, AUTHORIZATION.as_str()).and_then(basic).or_else(posted);
        if client != Some(format!("{DEMO_NEWSTORE_CLIENT_ID}:{DEMO_NEWSTORE_CLIENT_SECRET}")) {
            return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let token = format!("{DEMO_NEWSTORE_TOKEN}.{}", self.ends.len() + 1);
        self.ends.insert(token.clone(), now.saturating_add(Duration::from_secs(seconds)));
        let answer =
            json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer", "scope": field("scope")});
        Answer::json(StatusCode::OK, &answer)
    }

    pub(super) fn sender(&self, parts: &Parts, now: Duration) -> Sender {
        let Some(sent) = header(parts, AUTHORIZATION.as_str()) else { return Sender::Nobody };
        let token = sent.strip_prefix("Bearer ").unwrap_or_default();
        let is_good = token == DEMO_NEWSTORE_TOKEN || self.ends.get(token).is_some_and(|end| *end > now);
        if is_good { Sender::Known } else { Sender::Stranger }
    }

    /// No token that was given is good any more.
    pub(super) fn expire(&mut self) {
        self.ends.values_mut().for_each(|end| *end = Duration::ZERO);
    }
}

pub(super) fn header<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    parts.headers.get(name)?.to_str().ok()
}

fn basic(header: &str) -> Option<String> {
    let decoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    String::from_utf8(decoded).ok()
}

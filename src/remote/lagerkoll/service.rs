//! Who we are at Lagerkoll, and how large its answers may be.

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::reply::understand;
use crate::config::{Account, AccountCredentials};
use crate::remote::error::CallError;
use crate::remote::http::{Answer, Request, Service};

/// An answer that is larger, in bytes, is none. A store has hundreds of events.
const LARGEST_ANSWER: usize = 16 << 20;

/// An account, as its headers say it: who we are, and which store is meant.
pub(super) struct Lagerkoll(HeaderMap);

impl Lagerkoll {
    pub(super) fn new(account: &Account) -> Result<Lagerkoll, InvalidHeaderValue> {
        headers(account).map(Lagerkoll)
    }
}

impl Service for Lagerkoll {
    const NAME: &'static str = "Lagerkoll";
    /// The JSON of the answer; null when it has no body.
    type Reply<'a> = Value;

    fn authorize(&self, _: &Request, call: RequestBuilder) -> RequestBuilder {
        call.headers(self.0.clone())
    }

    fn largest_answer(&self, _: &Request) -> usize {
        LARGEST_ANSWER
    }

    fn understand<T>(&self, answer: &Answer<'_>, read: impl Fn(Value) -> Result<T, CallError>) -> Result<T, CallError> {
        read(understand(answer)?)
    }
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

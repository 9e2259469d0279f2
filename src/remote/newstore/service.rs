//! Who we are at NewStore, and how large its answers may be.

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};

use super::reply::understand;
use crate::remote::error::CallError;
use crate::remote::http::{Answer, Request, Service};

/// An answer to a write that is larger, in bytes, is none.
const LARGEST_ANSWER: usize = 1 << 20;
/// The same of a list of numbers.
const LARGEST_LISTING: usize = 16 << 20;

/// The headers that say who asks, and for whom (API page, "header Parameters").
pub(super) fn tenant_header(tenant: &str) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
    Ok((HeaderName::from_static("tenant"), HeaderValue::from_str(tenant)?))
}

/// A token, as its header says it.
pub(super) struct NewStore(HeaderMap);

impl NewStore {
    pub(super) fn new(tenant: &str, token: &SecretString) -> Result<NewStore, InvalidHeaderValue> {
        let mut token = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        token.set_sensitive(true);
        let accept = (ACCEPT, HeaderValue::from_static("application/json"));
        Ok(NewStore([accept, (AUTHORIZATION, token), tenant_header(tenant)?].into_iter().collect()))
    }
}

impl Service for NewStore {
    const NAME: &'static str = "NewStore";
    /// The body of a success.
    type Reply<'a> = &'a [u8];

    fn authorize(&self, _: &Request, call: RequestBuilder) -> RequestBuilder {
        call.headers(self.0.clone())
    }

    fn largest_answer(&self, request: &Request) -> usize {
        if request.method == Method::GET { LARGEST_LISTING } else { LARGEST_ANSWER }
    }

    fn understand<T>(&self, answer: &Answer<'_>, read: impl Fn(&[u8]) -> Result<T, CallError>) -> Result<T, CallError> {
        understand(answer).and_then(read)
    }
}

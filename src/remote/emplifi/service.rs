//! Who we are at Emplifi, and how large its answers may be.

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::reply::understand;
use crate::remote::error::CallError;
use crate::remote::http::{Answer, Request, Service};

/// An answer that is larger, in bytes, is none: it is one word.
const LARGEST_ANSWER: usize = 64 << 10;

/// A key, as its header says it.
pub(super) struct Emplifi(HeaderMap);

impl Emplifi {
    pub(super) fn new(key: &SecretString) -> Result<Emplifi, InvalidHeaderValue> {
        let mut key = HeaderValue::from_bytes(key.expose_secret().as_bytes())?;
        key.set_sensitive(true);
        let accept = (ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Emplifi([accept, (HeaderName::from_static("api-key"), key)].into_iter().collect()))
    }
}

impl Service for Emplifi {
    const NAME: &'static str = "Emplifi";
    /// Whether somebody is there.
    type Reply<'a> = bool;

    fn authorize(&self, _: &Request, call: RequestBuilder) -> RequestBuilder {
        call.headers(self.0.clone())
    }

    fn largest_answer(&self, _: &Request) -> usize {
        LARGEST_ANSWER
    }

    fn understand<T>(&self, answer: &Answer<'_>, read: impl Fn(bool) -> Result<T, CallError>) -> Result<T, CallError> {
        read(understand(answer)?)
    }
}

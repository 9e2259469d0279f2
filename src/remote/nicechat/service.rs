//! Who we are at NiceChat, and how large its answers may be.

use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use super::reply::{Words, understand};
use super::sign::signature;
use crate::remote::error::CallError;
use crate::remote::http::{Answer, Request, Service};

/// The largest answer with a listing, in bytes: a hundred thousand short products.
const LARGEST_PAGE: usize = 16 << 20;
/// The largest other answer, besides what it repeats: a change of one field is answered with the whole object.
const LARGEST_ANSWER: usize = 4 << 20;

/// An account.
pub(super) struct NiceChat {
    pub(super) key: SecretString,
    pub(super) secret: SecretString,
}

impl Service for NiceChat {
    const NAME: &'static str = "NiceChat";
    /// The `result` of the envelope.
    type Reply<'a> = Option<&'a RawValue>;

    fn authorize(&self, Request { method, url, body }: &Request, call: RequestBuilder) -> RequestBuilder {
        let sign = signature(self.secret.expose_secret(), url.path(), body, method.as_str());
        call.header("X-API-Key", self.key.expose_secret()).header("X-API-Sign", sign)
    }

    fn largest_answer(&self, request: &Request) -> usize {
        // What was sent may be repeated, with every character escaped.
        if request.method == Method::GET { LARGEST_PAGE } else { LARGEST_ANSWER + 6 * request.body.len() }
    }

    fn understand<T>(
        &self,
        answer: &Answer<'_>,
        read: impl Fn(Self::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        understand(answer, Words::Told, read)
    }
}

/// The same account, for answers about people: no word of theirs gets into a message.
pub(super) struct Discreet(pub(super) NiceChat);

impl Service for Discreet {
    const NAME: &'static str = NiceChat::NAME;
    type Reply<'a> = Option<&'a RawValue>;

    fn authorize(&self, request: &Request, call: RequestBuilder) -> RequestBuilder {
        self.0.authorize(request, call)
    }

    fn largest_answer(&self, request: &Request) -> usize {
        self.0.largest_answer(request)
    }

    fn understand<T>(
        &self,
        answer: &Answer<'_>,
        read: impl Fn(Self::Reply<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        understand(answer, Words::Kept, read)
    }
}

//! Objects and listings.

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::reply::CallError;
use super::traffic::Traffic;
use super::transport::{Request, Transport};
use crate::catalog::{Fields, Id, Kind};
use crate::config;

/// What an id may hold unescaped in a path: the unreserved characters of RFC 3986.
pub(super) const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Reads listings; can't change anything.
#[derive(Clone)]
pub struct Reader(pub(super) Arc<Transport>);

/// Creates, changes and deletes objects.
#[derive(Clone)]
pub struct Writer(pub(super) Arc<Transport>);

/// Where a page of a listing is to be had. Only its path and query count: keys are never sent to
/// another host, whatever a listing's `next` names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageAddress(Url);

/// A part of a listing.
#[derive(Debug)]
pub struct Page {
    /// How many objects the whole listing has, by the service's own count.
    pub count: Option<u64>,
    /// The objects with an id.
    pub objects: Vec<(Id, Fields)>,
    /// The page after this one.
    pub next: Option<PageAddress>,
}

/// Prepares calls; nothing is sent yet.
///
/// # Errors
/// When no HTTP client can be made (no certificates to trust, for one).
pub fn connect(settings: &config::NiceChat) -> Result<Writer, reqwest::Error> {
    Ok(Writer(Arc::new(Transport::new(settings)?)))
}

/// A listing's `result` (API page, "List exists Products").
#[derive(Deserialize)]
struct Listing {
    count: Option<u64>,
    next: Option<String>,
    results: Vec<Fields>,
}

impl Reader {
    /// Where the listing of a kind begins.
    ///
    /// # Errors
    /// When the settings' address can't take a path.
    pub fn first_page(&self, kind: Kind) -> Result<PageAddress, CallError> {
        self.0.url(&collection(kind)).map(PageAddress)
    }

    /// One page of a listing.
    ///
    /// # Errors
    /// As of any call; an answer of another shape is a [`CallError::Passing`].
    pub async fn page(&self, address: &PageAddress) -> Result<Page, CallError> {
        let request = Request { method: Method::GET, url: address.0.clone(), body: Bytes::new() };
        let result = self.0.call(&request).await?;
        let listing: Listing = serde_json::from_value(result)
            .map_err(|error| CallError::no_answer(format!("the listing has another shape than documented: {error}")))?;
        let next =
            listing.next.filter(|next| !next.is_empty()).map(|next| self.next_page(address, &next)).transpose()?;
        let objects = listing.results.into_iter().filter_map(with_id).collect();
        Ok(Page { count: listing.count, objects, next })
    }

    fn next_page(&self, current: &PageAddress, next: &str) -> Result<PageAddress, CallError> {
        let strange = || CallError::no_answer(format!("the listing's next page is no address: {next:?}"));
        let named = current.0.join(next).map_err(|_| strange())?;
        let mut url = self.0.base().clone();
        url.set_path(named.path());
        url.set_query(named.query());
        Ok(PageAddress(url))
    }

    /// Requests sent so far over this connection, tries included.
    pub fn requests(&self) -> u64 {
        self.0.traffic().requests
    }

    /// What went over this connection so far.
    pub fn traffic(&self) -> Traffic {
        self.0.traffic().clone()
    }
}

impl Writer {
    /// The reading half of the same connection.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.0))
    }

    /// Requests sent so far over this connection, tries included.
    pub fn requests(&self) -> u64 {
        self.0.traffic().requests
    }

    /// What went over this connection so far.
    pub fn traffic(&self) -> Traffic {
        self.0.traffic().clone()
    }

    /// `POST`: creates an object with these fields, and gives what the service made of them.
    ///
    /// # Errors
    /// As of any call; [`CallError::Exists`] when the id is taken.
    pub async fn create(&self, kind: Kind, id: &Id, fields: &Fields) -> Result<Fields, CallError> {
        let mut whole = fields.clone();
        whole.insert("id".to_owned(), Value::String(id.to_string()));
        self.send(Method::POST, self.0.url(&collection(kind))?, &whole).await
    }

    /// `PATCH`: changes these fields and no others.
    ///
    /// # Errors
    /// As of any call; [`CallError::Missing`] when the object is gone.
    pub async fn change(&self, kind: Kind, id: &Id, fields: &Fields) -> Result<Fields, CallError> {
        self.send(Method::PATCH, self.0.url(&member(kind, id))?, fields).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As of any call; [`CallError::Missing`] when the object is gone already.
    pub async fn delete(&self, kind: Kind, id: &Id) -> Result<(), CallError> {
        let request = Request { method: Method::DELETE, url: self.0.url(&member(kind, id))?, body: Bytes::new() };
        self.0.call(&request).await.map(|_| ())
    }

    async fn send(&self, method: Method, url: Url, fields: &Fields) -> Result<Fields, CallError> {
        let body = serde_json::to_vec(fields)
            .map_err(|error| CallError::Refused { code: 0, reason: format!("can't be written as JSON: {error}") })?;
        match self.0.call(&Request { method, url, body: body.into() }).await? {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Fields::new()),
        }
    }
}

fn collection(kind: Kind) -> String {
    format!("/marketplaces/v1/{}/", kind.path_segment())
}

fn member(kind: Kind, id: &Id) -> String {
    format!("/marketplaces/v1/{}/{}/", kind.path_segment(), utf8_percent_encode(id.as_str(), IN_PATH))
}

/// Takes the id out of a listed object. One without is none that we could ever have made.
fn with_id(mut fields: Fields) -> Option<(Id, Fields)> {
    let id = match fields.remove("id")? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    // An id with blanks at its ends is not ours: ours are trimmed.
    let parsed = Id::parse(&id).ok()?;
    (parsed.as_str() == id).then_some((parsed, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_whole() {
        let id = Id::parse("a/b %c#?Ω").expect("an id");
        assert_eq!(member(Kind::Product, &id), "/marketplaces/v1/products/a%2Fb%20%25c%23%3F%CE%A9/");
    }
}

//! Objects and listings.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use super::fields::path_segment;
use super::object::{Seen, SeenId};
use super::page::{self, PageContent};
use super::service::NiceChat;
use crate::catalog::{Digest, Fields, Id, Kind};
use crate::config::{self, Concurrency};
use crate::remote::error::CallError;
use crate::remote::http::{Client, Request, Service, Settings};
use crate::remote::limit::{AtOnce, Limits, Quota, Terms};
use crate::remote::redact::Secrets;
use crate::remote::traffic::Traffic;

/// What an id may hold unescaped in a path: the unreserved characters of RFC 3986.
pub(super) const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const SECOND: Duration = Duration::from_secs(1);

/// Reads listings; can't change anything.
#[derive(Clone)]
pub struct Reader(pub(super) Arc<Client<NiceChat>>);

/// Creates, changes and deletes objects.
#[derive(Clone)]
pub struct Writer(pub(super) Arc<Client<NiceChat>>);

/// Where a page of a listing is to be had. Only its path and query count: keys are never sent to
/// another host, whatever a listing's `next` names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageAddress {
    kind: Kind,
    url: Url,
}

#[cfg(test)]
impl PageAddress {
    /// The address of a page of products.
    pub(crate) fn numbered(page: u64) -> PageAddress {
        let url = Url::parse(&format!("http://127.0.0.1/?page={page}")).expect("an address");
        PageAddress { kind: Kind::Product, url }
    }
}

/// A part of a listing.
#[derive(Debug)]
pub struct Page {
    /// How many objects the whole listing has, by the service's own count.
    pub count: Option<u64>,
    /// The objects with an id that one of ours could have.
    pub objects: Vec<(Id, Fields)>,
    /// The others, each by a digest.
    pub odd: Vec<Digest>,
    /// The page after this one.
    pub next: Option<PageAddress>,
}

/// Prepares calls; nothing is sent yet. `told` = what is secret in the addresses that it will be given.
///
/// # Errors
/// When no HTTP client can be made (no certificates to trust, for one).
pub fn connect(settings: &config::NiceChat, told: &[SecretString], limits: &Limits) -> Result<Writer, reqwest::Error> {
    client(settings, told, limits, |account| account).map(|client| Writer(Arc::new(client)))
}

/// A client whose limit is that of all who talk to this shop.
pub(super) fn client<S: Service>(
    settings: &config::NiceChat,
    told: &[SecretString],
    limits: &Limits,
    service: impl FnOnce(NiceChat) -> S,
) -> Result<Client<S>, reqwest::Error> {
    let (key, secret) = (&settings.api_key, &settings.api_secret);
    let quota = settings.requests_per_second.map(|most| Quota { most: most.get() as usize, window: SECOND });
    let at_once = match settings.concurrency {
        Concurrency::Auto => AtOnce::Found(settings.concurrency.most()),
        Concurrency::Fixed(most) => AtOnce::Fixed(most),
    };
    let terms = Terms { quota, at_once };
    let limit = limits.of_service(NiceChat::NAME, &settings.base_url, terms);
    let settings = Settings {
        base: &settings.base_url,
        timeout: settings.timeout,
        retries: settings.retries,
        // What is secret in an address stands in answers by right: in a product's own address, for one.
        told: Secrets::new([key, secret].into_iter().chain(told)),
        kept: Secrets::new([key, secret]),
    };
    Client::new(service(NiceChat { key: key.clone(), secret: secret.clone() }), settings, limit, limits.clients())
}

/// The page that a listing names: a path, or a whole address, whose host is then NiceChat's business (its own page
/// writes both account.nice.chat and accounts.nice.chat, and a proxy may name what is behind it).
pub(super) fn next_page<S: Service>(
    client: &Client<S>,
    listing: &str,
    current: &Url,
    next: &str,
) -> Result<Url, CallError> {
    let strange = || CallError::Strange(format!("the listing's next page is elsewhere: {next}"));
    let named = current.join(next).map_err(|_| strange())?;
    let (_, below) = named.path().split_once(&format!("/{listing}")).ok_or_else(strange)?;
    let mut url = client.url(&format!("{listing}{below}"))?;
    url.set_query(named.query());
    Ok(url)
}

impl Reader {
    /// Where the listing of a kind begins.
    ///
    /// # Errors
    /// When the settings' address can't take a path.
    pub fn first_page(&self, kind: Kind) -> Result<PageAddress, CallError> {
        Ok(PageAddress { kind, url: self.0.url(&collection(kind))? })
    }

    /// One page of a listing.
    ///
    /// # Errors
    /// As of any call; an answer that can't be one is a [`CallError::Strange`]. [`CallError::Missing`] when a page that
    /// another one named isn't there any more.
    pub async fn page(&self, address: &PageAddress) -> Result<Page, CallError> {
        let request = Request { method: Method::GET, url: address.url.clone(), body: Bytes::new() };
        let first = self.first_page(address.kind)?;
        let page = self.0.call(&request, page::read).await.map_err(|error| match error {
            CallError::Missing if first == *address => {
                CallError::Strange("there is no listing at its address (404); check base_url".into())
            }
            other => other,
        })?;
        let PageContent { count, objects, odd, next } = page;
        let next = next.map(|next| next_page(&self.0, &collection(address.kind), &address.url, &next)).transpose();
        let next = next.map_err(|error| error.fit_to_tell(self.0.told()))?;
        let next = next.map(|url| PageAddress { kind: address.kind, url });
        Ok(Page { count, objects, odd, next })
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

    /// How many requests there may be at the same time now: that changes as they are answered.
    pub fn at_once(&self) -> usize {
        self.0.limit().at_once().unwrap_or(usize::MAX)
    }

    /// How many at the same time were found to be best, where nobody has set it.
    pub fn found_at_once(&self) -> Option<usize> {
        self.0.limit().found_at_once()
    }

    /// Takes over how many were found earlier, unless that was found out since.
    pub fn begin_with(&self, at_once: usize) {
        self.0.limit().begin_with(at_once);
    }

    /// Requests sent so far over this connection, tries included.
    pub fn requests(&self) -> u64 {
        self.0.traffic().requests
    }

    /// What went over this connection so far.
    pub fn traffic(&self) -> Traffic {
        self.0.traffic().clone()
    }

    /// How many of its requests were answered.
    pub fn answers(&self) -> u64 {
        self.0.traffic().answers()
    }

    /// `POST`: creates an object with these fields, and gives what the service made of them. `lost` = the answer to a
    /// try before the last one was lost, which may have had its effect; or one is under way.
    ///
    /// # Errors
    /// As of any call; [`CallError::Exists`] when the id is taken.
    pub async fn create(&self, kind: Kind, id: &Id, fields: &Fields, lost: &AtomicBool) -> Result<Fields, CallError> {
        let mut whole = fields.clone();
        whole.insert("id".to_owned(), Value::String(id.to_string()));
        let request = Request { method: Method::POST, url: self.0.url(&collection(kind))?, body: body(&whole)? };
        self.0.call_noting(&request, |result| acknowledged(result, id, true), lost).await
    }

    /// `PATCH`: changes these fields and no others. `lost` as of [`Writer::create`].
    ///
    /// # Errors
    /// As of any call; [`CallError::Missing`] when the object is gone.
    pub async fn change(&self, kind: Kind, id: &Id, fields: &Fields, lost: &AtomicBool) -> Result<Fields, CallError> {
        let request = Request { method: Method::PATCH, url: self.0.url(&member(kind, id))?, body: body(fields)? };
        self.0.call_noting(&request, |result| acknowledged(result, id, false), lost).await
    }

    /// `DELETE`. `lost` as of [`Writer::create`].
    ///
    /// # Errors
    /// As of any call; [`CallError::Missing`] when the object is gone already.
    pub async fn delete(&self, kind: Kind, id: &Id, lost: &AtomicBool) -> Result<(), CallError> {
        let request = Request { method: Method::DELETE, url: self.0.url(&member(kind, id))?, body: Bytes::new() };
        self.0.call_noting(&request, |result| acknowledged(result, id, false), lost).await.map(|_| ())
    }
}

pub(super) fn body(fields: &impl serde::Serialize) -> Result<Bytes, CallError> {
    Ok(serde_json::to_vec(fields).map_err(CallError::unsendable)?.into())
}

/// The fields in the answer to a write about this object. Only a create's must name the object (the API page has no
/// id in the answer to a change), but none may name another one.
fn acknowledged(result: Option<&RawValue>, id: &Id, is_named: bool) -> Result<Fields, CallError> {
    let Seen { id: named, fields } =
        result.and_then(Seen::of).unwrap_or(Seen { id: SeenId::Missing, fields: Fields::new() });
    match named {
        SeenId::Usable(named) | SeenId::Number(named) if named == *id => Ok(fields),
        SeenId::Missing if !is_named => Ok(fields),
        SeenId::Missing => Err(CallError::no_answer("the answer does not name the object that was to be created")),
        SeenId::Usable(other) | SeenId::Number(other) => {
            Err(CallError::no_answer(format!("the answer is about another object, {other}")))
        }
        SeenId::Odd => Err(CallError::no_answer("the answer is about an object without a usable id")),
    }
}

fn collection(kind: Kind) -> String {
    format!("marketplaces/v1/{}/", path_segment(kind))
}

fn member(kind: Kind, id: &Id) -> String {
    format!("marketplaces/v1/{}/{}/", path_segment(kind), utf8_percent_encode(id.as_str(), IN_PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_whole() {
        let id = Id::parse("a/b %c#?Ω").expect("an id");
        assert_eq!(member(Kind::Product, &id), "marketplaces/v1/products/a%2Fb%20%25c%23%3F%CE%A9/");
    }
}

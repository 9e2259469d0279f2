//! The listing of a store's events, and the two ways to change it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use super::service::Lagerkoll;
use crate::config::{self, Account, AccountCredentials, Scope};
use crate::event::{Content, Event};
use crate::remote::error::{CallError, ConnectError};
use crate::remote::http::{Client, Request, Settings};
use crate::remote::limit::{Limits, Quota};
use crate::remote::redact::Secrets;

/// API page, "Basics".
const QUOTA: Quota = Quota { most: 200, window: Duration::from_secs(60) };

/// Reads a store's events; can't change anything.
#[derive(Clone)]
pub struct Reader {
    client: Arc<Client<Lagerkoll>>,
    scope: Scope,
}

/// Adds events to a store and removes them.
#[derive(Clone)]
pub struct Writer(Reader);

/// Prepares calls about a store; nothing is sent yet.
///
/// # Errors
/// When no HTTP client can be made, or no header hold the credentials.
pub fn connect(settings: &config::Lagerkoll, account: &Account, limits: &Limits) -> Result<Writer, ConnectError> {
    let (AccountCredentials::Key(secret) | AccountCredentials::User { token: secret, .. }) = &account.credentials;
    let service = Lagerkoll::new(account)?;
    let (limit, scope) = (limits.of_host(&settings.base_url, QUOTA), settings.scope);
    let settings = Settings {
        base: &settings.base_url,
        timeout: settings.timeout,
        retries: settings.retries,
        told: Secrets::new([secret]),
        // An event is mirrored whole.
        kept: Secrets::new([]),
    };
    Ok(Writer(Reader { client: Arc::new(Client::new(service, settings, limit, limits.clients())?), scope }))
}

impl Reader {
    /// All events, in the service's order.
    ///
    /// # Errors
    /// As of any call; a listing that is not of the documented shape is a [`CallError::Strange`].
    pub async fn list(&self) -> Result<Vec<Event>, CallError> {
        let path = match self.scope {
            Scope::Store => "",
            Scope::User => "user",
        };
        let request = Request { method: Method::GET, url: self.client.url(path)?, body: Bytes::new() };
        let strange = |problem| CallError::Strange(format!("the listing has another shape than documented: {problem}"));
        let events = self.client.call(&request, |reply| listing(reply).map_err(strange)).await;
        events.map_err(|error| match error {
            CallError::Missing => CallError::Strange("there is no listing of events (404); check base_url".to_owned()),
            other => other,
        })
    }

    /// Requests sent so far over this connection, tries included.
    pub fn requests(&self) -> u64 {
        self.client.traffic().requests
    }
}

impl Writer {
    /// The reading half of the same connection.
    pub fn reader(&self) -> &Reader {
        &self.0
    }

    /// `POST`: adds an event, and gives it as the service has it. Never adds two: when it is in doubt
    /// whether there is one now, that is the error.
    ///
    /// # Errors
    /// As of any call.
    pub async fn add(&self, content: &Content) -> Result<Event, CallError> {
        let body = serde_json::to_vec(content).map_err(CallError::unsendable)?;
        let request = Request { method: Method::POST, url: self.0.client.url("")?, body: body.into() };
        let added = |reply| {
            Event::parse(reply).map_err(|problem| CallError::no_answer(format!("the answer is no event: {problem}")))
        };
        self.0.client.call_at_most_once(&request, added).await.map_err(|error| match error {
            // It says nothing of the event, which was not added.
            CallError::Missing => CallError::Passing {
                reason: "there is no place for events (404); check base_url".to_owned(),
                retry_after: None,
                in_doubt: false,
            },
            other => other,
        })
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As of any call; [`CallError::Missing`] when the event is said to be gone already, by Lagerkoll or by somebody on
    /// the way.
    pub async fn remove(&self, id: i64) -> Result<(), CallError> {
        let url = self.0.client.url(&id.to_string())?;
        let request = Request { method: Method::DELETE, url, body: Bytes::new() };
        self.0.client.call(&request, |_| Ok(())).await
    }
}

/// The events of a listing (API page, class ScheduledEventsResponse).
fn listing(reply: Value) -> Result<Vec<Event>, String> {
    if reply.is_null() {
        return Err("it is empty, and a listing must have a body".to_owned());
    }
    let Value::Object(mut reply) = reply else { return Err("it is no object".to_owned()) };
    let Some(Value::Array(events)) = reply.remove("events") else { return Err("it has no list of events".to_owned()) };
    let events: Vec<Event> =
        events.into_iter().map(Event::parse).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let mut ids = HashSet::new();
    match events.iter().find(|event| !ids.insert(event.id())) {
        Some(twice) => Err(format!("event {} is in it twice", twice.id())),
        None => Ok(events),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_listing_is_all_right_or_none() {
        assert_eq!(listing(json!({"events": []})), Ok(Vec::new()));
        let ids = listing(json!({"more": 1, "events": [{"id": 7}, {"id": -3, "x": [1]}]}));
        assert_eq!(ids.map(|events| events.iter().map(Event::id).collect()), Ok(vec![7, -3]));
        for (reply, problem) in [
            (Value::Null, "it is empty"),
            (json!([]), "no object"),
            (json!({}), "no list of events"),
            (json!({"events": null}), "no list of events"),
            (json!({"events": {"id": 1}}), "no list of events"),
            (json!({"events": [{"id": 1}, null]}), "an event is no object"),
            (json!({"events": [{"id": 1}, {"id": 1}]}), "event 1 is in it twice"),
            (json!({"events": [{"id": 1, "action": []}]}), "action of event 1 is not a map"),
        ] {
            let error = listing(reply.clone()).expect_err(problem);
            assert!(error.contains(problem), "{reply}: {error}");
        }
    }
}

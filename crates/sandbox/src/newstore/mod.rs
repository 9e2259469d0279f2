//! The handle on the in-memory NewStore: its stores and numbers, what it was sent, and how to make it misbehave.

mod api;
mod login;
mod rules;
mod world;

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::faults::Ending;
use crate::handle::{Handle, Record, Service};
use crate::pace::midway;
use crate::reply::Served;

use api::{MANNER, Route};
pub use login::{DEMO_NEWSTORE_CLIENT_ID, DEMO_NEWSTORE_CLIENT_SECRET, DEMO_NEWSTORE_TENANT, DEMO_NEWSTORE_TOKEN};
use login::{Sender, Tokens};
pub use rules::{NewStorePaths, NewStoreRules};
use world::World;
pub use world::{NewStoreNumber, NewStoreStore};

/// One request to NewStore and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct NewStoreLogged {
    /// GET, POST, or whatever was sent.
    pub method: String,
    /// As sent, with the query.
    pub path: String,
    /// The header.
    pub tenant: Option<String>,
    /// Whether the token was good.
    pub authorized: bool,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The HTTP status of the answer; 0 when there was none.
    pub status: u16,
    /// Whether it was a write that had its effect, whatever the answer said.
    pub applied: bool,
    /// When it had its effect, on the sandbox's clock; milliseconds since the start in JSON.
    #[serde(rename = "at_ms", with = "crate::pace::milliseconds")]
    pub at: Duration,
}

/// A handle on the in-memory NewStore.
pub type NewStore = Handle<State>;

/// NewStore itself.
#[derive(Debug)]
pub struct State {
    world: World,
    tokens: Tokens,
    rules: NewStoreRules,
    record: Record<NewStoreLogged>,
    started: Instant,
}

impl Service for State {
    type Logged = NewStoreLogged;
    type Rules = NewStoreRules;

    fn rules(&mut self) -> &mut NewStoreRules {
        &mut self.rules
    }

    fn record(&mut self) -> &mut Record<NewStoreLogged> {
        &mut self.record
    }

    fn name(logged: &NewStoreLogged, rules: &NewStoreRules) -> String {
        let path = logged.path.split('?').next().unwrap_or_default();
        format!("{} {}", logged.method, Route::of(&rules.paths, &logged.method, path).name())
    }
}

impl NewStore {
    /// With three stores, 10001 to 10003, and some numbers.
    pub(super) fn new() -> Self {
        Self::of(State {
            world: World::demo(),
            tokens: Tokens::default(),
            rules: NewStoreRules::default(),
            record: Record::default(),
            started: Instant::now(),
        })
    }

    /// Where a token is given, below the sandbox's address.
    pub(super) fn token_path() -> String {
        login::path()
    }

    /// Whether a path is one of NewStore's.
    pub(super) fn is_here(&self, path: &str) -> bool {
        api::is_here(&self.lock().rules.paths, path)
    }

    /// The stores, by id.
    pub fn stores(&self) -> Vec<NewStoreStore> {
        self.lock().world.stores.values().cloned().collect()
    }

    /// Opens a store, in place of one with the same id.
    pub fn put_store(&self, store: NewStoreStore) {
        self.lock().world.stores.insert(store.id.clone(), store);
    }

    /// These are the stores from now on.
    pub fn set_stores(&self, stores: Vec<NewStoreStore>) {
        self.lock().world.stores = stores.into_iter().map(|store| (store.id.clone(), store)).collect();
    }

    /// Closes a store. False when there is no such store.
    pub fn remove_store(&self, id: &str) -> bool {
        self.lock().world.stores.remove(id).is_some()
    }

    /// The numbers that can be had.
    pub fn numbers(&self) -> Vec<NewStoreNumber> {
        self.lock().world.numbers.clone()
    }

    /// Offers another number.
    pub fn put_number(&self, number: NewStoreNumber) {
        self.remove_number(&number.phone_number);
        self.lock().world.numbers.push(number);
    }

    /// These are the numbers from now on.
    pub fn set_numbers(&self, numbers: Vec<NewStoreNumber>) {
        self.lock().world.numbers = numbers;
    }

    /// Somebody else buys a number. False when there is no such number.
    pub fn remove_number(&self, number: &str) -> bool {
        let numbers = &mut self.lock().world.numbers;
        let before = numbers.len();
        numbers.retain(|other| other.phone_number != number);
        numbers.len() < before
    }

    /// The link that the retailer was set up with.
    pub fn retailer(&self) -> Option<String> {
        self.lock().world.retailer.clone()
    }

    /// Sets the retailer up, as if by someone else, or undoes it.
    pub fn set_retailer(&self, link: Option<String>) {
        self.lock().world.retailer = link;
    }

    /// No token that was given is good any more.
    pub fn expire_tokens(&self) {
        self.lock().tokens.expire();
    }

    /// Serves one request.
    pub(super) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        midway(self.rules().latency, || self.lock().decide(parts, &body)).await.serve().await
    }
}

impl State {
    /// Gives a request its effect and its end, and logs it.
    fn decide(&mut self, parts: &Parts, body: &Bytes) -> Ending {
        let now = self.started.elapsed();
        let route = Route::of(&self.rules.paths, parts.method.as_str(), parts.uri.path());
        let (fault, sender) = (self.record.faults.strike(&route.target(parts)), self.tokens.sender(parts, now));
        let (ending, succeeded) = Ending::decide(fault, MANNER, || match route {
            Route::Token => self.tokens.answer(parts, body, now, self.rules.token_seconds),
            _ => api::answer(&mut self.world, &route, sender, parts, body),
        });
        self.record.log(NewStoreLogged {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.to_string(),
            tenant: login::header(parts, "tenant").map(str::to_owned),
            authorized: sender == Sender::Known,
            body: serde_json::from_slice(body).ok(),
            status: ending.status(),
            applied: succeeded && matches!(route, Route::Retailer | Route::Onboard(_)),
            at: now,
        });
        ending
    }
}

//! The handle on the in-memory NewStore: its stores and numbers, what it was sent, and how to make it misbehave.

mod api;
mod login;
mod rules;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::faults::{Ending, Fault, Faults, Rule};
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

/// A handle on the in-memory NewStore. Clones are cheap and all about the same one.
#[derive(Debug, Clone)]
pub struct NewStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    world: World,
    tokens: Tokens,
    rules: NewStoreRules,
    faults: Faults,
    log: Vec<NewStoreLogged>,
    started: Instant,
}

impl NewStore {
    /// With three stores, 10001 to 10003, and some numbers.
    pub(super) fn new() -> Self {
        let inner = Inner {
            world: World::demo(),
            tokens: Tokens::default(),
            rules: NewStoreRules::default(),
            faults: Faults::default(),
            log: Vec::new(),
            started: Instant::now(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
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

    /// The requests since the start or the last [`take_requests`](Self::take_requests), in the order in which they had
    /// their effect; those for tokens too.
    pub fn requests(&self) -> Vec<NewStoreLogged> {
        self.lock().log.clone()
    }

    /// The same, and forgets them.
    pub fn take_requests(&self) -> Vec<NewStoreLogged> {
        std::mem::take(&mut self.lock().log)
    }

    /// How many of these requests there are by method and what they ask for: `"POST onboard"`, `"GET numbers"`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let inner = self.lock();
        let mut counts = BTreeMap::new();
        for logged in &inner.log {
            let path = logged.path.split('?').next().unwrap_or_default();
            let name = Route::of(&inner.rules.paths, &logged.method, path).name();
            *counts.entry(format!("{} {name}", logged.method)).or_default() += 1;
        }
        counts
    }

    /// The rules in force.
    pub fn rules(&self) -> NewStoreRules {
        self.lock().rules.clone()
    }

    /// Puts other rules in force; to change some only, start from [`rules`](Self::rules).
    pub fn set_rules(&self, rules: NewStoreRules) {
        self.lock().rules = rules;
    }

    /// The next `times` requests go wrong in this way and have no effect.
    pub fn fail_next(&self, fault: Fault, times: usize) {
        self.add_fault(Rule { times: Some(times), ..Rule::new(fault) });
    }

    /// From now on requests that match this rule go wrong. Of several rules the first that is due decides.
    pub fn add_fault(&self, rule: Rule) {
        self.lock().faults.add(rule);
    }

    /// All requests go well again.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Serves one request.
    pub(super) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        midway(self.rules().latency, || self.lock().decide(parts, &body)).await.serve().await
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Gives a request its effect and its end, and logs it.
    fn decide(&mut self, parts: &Parts, body: &Bytes) -> Ending {
        let now = self.started.elapsed();
        let route = Route::of(&self.rules.paths, parts.method.as_str(), parts.uri.path());
        let (fault, sender) = (self.faults.strike(&route.target(parts)), self.tokens.sender(parts, now));
        let (ending, succeeded) = Ending::decide(fault, MANNER, || match route {
            Route::Token => self.tokens.answer(parts, body, now, self.rules.token_seconds),
            _ => api::answer(&mut self.world, &route, sender, parts, body),
        });
        self.log.push(NewStoreLogged {
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

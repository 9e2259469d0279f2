//! The handle on the in-memory Lagerkoll: what its stores hold, what it was sent, and how to make it misbehave.
//!
//! The way of a request: the `window` lets it through or not, then faults decide whether it is answered well,
//! `accounts` tell who sent it, and `api` answers it from the events of the store.

mod accounts;
mod api;
mod reply;
mod rules;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::faults::Ending;
use crate::handle::{Handle, Record, Service};
use crate::pace::midway;
use crate::reply::Served;
use crate::store::Object;
use crate::window::Window;

pub use accounts::{Credentials, LagerkollUser};
use api::{Api, Call, Route};
pub use rules::{LagerkollRules, RetryAfter};

pub(super) use api::is_here;

/// The store that is there from the start.
pub const DEMO_STORE: &str = "4711";

/// The API key of [`DEMO_STORE`]. It protects nothing: the sandbox listens on loopback.
pub const DEMO_STORE_KEY: &str = "sandbox-store-key-that-protects-nothing";

/// The id of the user of [`DEMO_STORE`] that is there from the start; no floating-point number can hold it.
pub const DEMO_USER_ID: i64 = 9_007_199_254_741_001;

/// What this user logs in with. It protects nothing either.
pub const DEMO_USER_TOKEN: &str = "sandbox-user-token-that-protects-nothing";

/// One request to Lagerkoll and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct LagerkollLogged {
    /// GET, POST, DELETE, or whatever was sent.
    pub method: String,
    /// As sent, with the query.
    pub path: String,
    /// The `store` header.
    pub store: Option<String>,
    /// With what it was sent, right or wrong.
    pub credentials: Credentials,
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

/// A handle on the in-memory Lagerkoll.
pub type Lagerkoll = Handle<State>;

/// Lagerkoll itself.
#[derive(Debug)]
pub struct State {
    api: Api,
    rules: LagerkollRules,
    window: Window,
    record: Record<LagerkollLogged>,
    started: Instant,
    /// How far the clock was moved.
    ahead: Duration,
}

impl Service for State {
    type Logged = LagerkollLogged;
    type Rules = LagerkollRules;

    fn rules(&mut self) -> &mut LagerkollRules {
        &mut self.rules
    }

    fn record(&mut self) -> &mut Record<LagerkollLogged> {
        &mut self.record
    }

    fn name(logged: &LagerkollLogged, _: &LagerkollRules) -> String {
        let path = logged.path.split('?').next().unwrap_or_default();
        format!("{} {}", logged.method, Route::of(path).name())
    }
}

impl Lagerkoll {
    /// With [`DEMO_STORE`] and its user.
    pub(super) fn new() -> Self {
        let lagerkoll = Self::of(State {
            api: Api::default(),
            rules: LagerkollRules::default(),
            window: Window::default(),
            record: Record::default(),
            started: Instant::now(),
            ahead: Duration::ZERO,
        });
        lagerkoll.add_store(DEMO_STORE, DEMO_STORE_KEY);
        let user =
            LagerkollUser { id: DEMO_USER_ID, token: DEMO_USER_TOKEN.to_owned(), name: "Sandbox user".to_owned() };
        lagerkoll.add_user(DEMO_STORE, user);
        lagerkoll
    }

    /// Opens a store, or gives one that is there another API key.
    pub fn add_store(&self, store: &str, api_key: &str) {
        self.lock().api.accounts.add_store(store, api_key);
    }

    /// Lets a user in to a store, in place of one with the same id. False when there is no such store.
    pub fn add_user(&self, store: &str, user: LagerkollUser) -> bool {
        self.lock().api.accounts.add_user(store, user)
    }

    /// The events of all stores, by store and id.
    pub fn all_events(&self) -> BTreeMap<String, BTreeMap<i64, Object>> {
        self.lock().api.events.clone()
    }

    /// The events of a store by id; none when there is no such store.
    pub fn events(&self, store: &str) -> BTreeMap<i64, Object> {
        self.lock().api.events.get(store).cloned().unwrap_or_default()
    }

    /// Adds an event of any fields, as if made by someone else, and gives its id. What of `id`, `createdBy` and
    /// `createdName` it doesn't have, it gets; an event of the same id is replaced. None when there is no such
    /// store.
    pub fn add(&self, store: &str, event: Object) -> Option<i64> {
        let api = &mut self.lock().api;
        api.accounts.has(store).then(|| api.put(store, event))
    }

    /// Changes an event behind the client's back. False when there is no such event.
    pub fn edit(&self, store: &str, id: i64, change: impl FnOnce(&mut Object)) -> bool {
        let mut inner = self.lock();
        let event = inner.api.events.get_mut(store).and_then(|events| events.get_mut(&id));
        event.map(change).is_some()
    }

    /// Takes an event away behind the client's back.
    pub fn remove(&self, store: &str, id: i64) -> Option<Object> {
        self.lock().api.events.get_mut(store)?.remove(&id)
    }

    /// Moves the clock of the limit forward, as if so much time had passed.
    pub fn advance(&self, time: Duration) {
        let mut inner = self.lock();
        inner.ahead = inner.ahead.saturating_add(time);
    }

    /// Serves one request.
    pub(super) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        let call = Call::of(parts, body);
        midway(self.rules().latency, || self.lock().decide(&call)).await.serve().await
    }
}

impl State {
    /// Gives a call its effect and its end, and logs it.
    fn decide(&mut self, call: &Call) -> Ending {
        let now = self.started.elapsed().saturating_add(self.ahead);
        let route = Route::of(&call.path);
        let (outcome, succeeded) = match self.window.admit(now, self.rules.limit, self.rules.window) {
            Err(wait) => (Ending::Answered(reply::too_many(wait, self.rules.retry_after)), false),
            Ok(()) => {
                let fault = self.record.faults.strike(&call.target());
                Ending::decide(fault, reply::MANNER, || self.api.answer(&route, call, &self.rules))
            }
        };
        self.record.log(LagerkollLogged {
            method: call.method.clone(),
            path: call.path_and_query.clone(),
            store: call.sender.store.clone(),
            credentials: call.sender.credentials(),
            body: serde_json::from_slice(&call.body).ok(),
            status: outcome.status(),
            applied: succeeded && call.method != "GET",
            at: now,
        });
        outcome
    }
}

//! The handle on the in-memory NiceChat: what it holds, what it was sent, and how to make it misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::header;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::api::{self, Api, Call, ROOT, Route};
use super::imports::{self, ImportSeen};
use super::rules::Rules;
use crate::faults::{Ending, Fault, Faults, Rule};
use crate::pace::midway;
use crate::reply::{Answer, Served};
use crate::store::{Kind, Object};

/// One request to NiceChat and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Logged {
    /// GET, POST, PUT, PATCH, DELETE, or whatever was sent.
    pub method: String,
    /// As sent: percent-encoded, with the query.
    pub path: String,
    /// The type of object that the path names, if it is one that can be written.
    pub kind: Option<Kind>,
    /// The id, or the token of an import, in the path, decoded.
    pub id: Option<String>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The HTTP status of the answer; 0 when there was none.
    pub status: u16,
    /// Whether it was a write that had its effect, whatever the answer said.
    pub applied: bool,
}

/// A handle on the in-memory NiceChat. Clones are cheap and all about the same one.
#[derive(Debug, Clone)]
pub struct NiceChat {
    inner: Arc<Mutex<Inner>>,
    /// Ends what was spawned, with the sandbox.
    stop: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    key: String,
    secret: String,
    api: Api,
    faults: Faults,
    log: Vec<Logged>,
    in_flight: usize,
    max_in_flight: usize,
}

impl NiceChat {
    pub(crate) fn new(key: &str, secret: &str, page_size: usize, stop: CancellationToken) -> Self {
        let mut api = Api::default();
        api.rules.page_size = page_size;
        let inner = Inner {
            key: key.to_owned(),
            secret: secret.to_owned(),
            api,
            faults: Faults::default(),
            log: Vec::new(),
            in_flight: 0,
            max_in_flight: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), stop }
    }

    /// All objects of a kind, by id.
    pub fn objects(&self, kind: Kind) -> BTreeMap<String, Object> {
        self.lock().api.store.of(kind).clone()
    }

    /// One object.
    pub fn object(&self, kind: Kind, id: &str) -> Option<Object> {
        self.lock().api.store.of(kind).get(id).cloned()
    }

    /// Stores an object as it is, as if made by someone else; no request is logged, no image fetched.
    /// False, and nothing done, when it has no string `id`.
    pub fn put(&self, kind: Kind, object: Object) -> bool {
        let Some(id) = object.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return false;
        };
        self.lock().api.store.insert(kind, &id, object);
        true
    }

    /// Sets fields of an object behind the client's back, those that are null are cleared.
    /// False when there is no such object.
    pub fn edit(&self, kind: Kind, id: &str, fields: Object) -> bool {
        self.lock().api.store.merge(kind, id, fields)
    }

    /// Takes an object away behind the client's back.
    pub fn remove(&self, kind: Kind, id: &str) -> Option<Object> {
        self.lock().api.store.of_mut(kind).remove(id)
    }

    /// All orders, in the order in which they came.
    pub fn orders(&self) -> Vec<Value> {
        self.lock().api.orders.all().to_vec()
    }

    /// Adds an order as it is, which need not be one; one with the same id is replaced where it stands.
    pub fn put_order(&self, order: Value) {
        self.lock().api.orders.put(order);
    }

    /// Takes the order with this id away.
    pub fn remove_order(&self, id: &Value) -> Option<Value> {
        self.lock().api.orders.remove(id)
    }

    /// The requests since the start or the last [`take_requests`](Self::take_requests), in the order in which
    /// they had their effect.
    pub fn requests(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    /// The same, and forgets them.
    pub fn take_requests(&self) -> Vec<Logged> {
        std::mem::take(&mut self.lock().log)
    }

    /// How many of these requests there are by method and type: `"POST products"`, `"GET orders"`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for logged in &self.lock().log {
            let path = logged.path.strip_prefix(ROOT).unwrap_or_default();
            let name = path.split(['/', '?']).next().unwrap_or_default();
            *counts.entry(format!("{} {name}", logged.method)).or_default() += 1;
        }
        counts
    }

    /// The most requests that were being served at the same moment.
    pub fn max_in_flight(&self) -> usize {
        self.lock().max_in_flight
    }

    /// How many pictures NiceChat had to fetch: accepted image addresses that weren't on its CDN.
    pub fn image_fetches(&self) -> usize {
        self.lock().api.image_fetches
    }

    /// The imports so far, in the order they were pushed.
    pub fn imports(&self) -> Vec<ImportSeen> {
        self.lock().api.imports.all().to_vec()
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.lock().api.rules.clone()
    }

    /// Puts other rules in force, the page size included; to change some only, start from [`rules`](Self::rules).
    /// What is stored already stays as it is.
    pub fn set_rules(&self, rules: Rules) {
        self.lock().api.rules = rules;
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

    /// From now on requests must be signed with this secret.
    pub fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut self.lock().secret);
    }

    /// Serves one request.
    pub(crate) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        let call = call_of(parts, body);
        let _flight = Flight::new(self);
        midway(self.rules().latency, || self.decide(&call)).await.serve().await
    }

    /// Gives a call its effect, which for a pushed feed goes on by itself.
    fn decide(&self, call: &Call) -> Ending {
        let mut inner = self.lock();
        let outcome = inner.decide(call);
        for job in inner.api.imports.take_due() {
            let nicechat = self.clone();
            let with = move |act: &mut dyn FnMut(&mut Api)| act(&mut nicechat.lock().api);
            tokio::spawn(self.stop.clone().run_until_cancelled_owned(imports::run(with, job)));
        }
        outcome
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Gives a call its effect and its end, and logs it.
    fn decide(&mut self, call: &Call) -> Ending {
        let route = Route::of(&call.path);
        let fault = self.faults.strike(&call.target(&route));
        let (outcome, succeeded) = Ending::decide(fault, api::MANNER, || self.answer(&route, call));
        self.log.push(Logged {
            method: call.method.clone(),
            path: call.path_and_query(),
            kind: route.kind(),
            id: route.id().map(str::to_owned),
            body: serde_json::from_slice(&call.body).ok(),
            status: outcome.status(),
            applied: succeeded && call.method != "GET",
        });
        outcome
    }

    fn answer(&mut self, route: &Route, call: &Call) -> Answer {
        if api::is_authentic(call, &self.key, &self.secret) {
            self.api.answer(route, call)
        } else {
            api::unauthorized()
        }
    }
}

fn call_of(parts: &Parts, body: Bytes) -> Call {
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        host: header(header::HOST.as_str()),
        key: header("x-api-key"),
        signature: header("x-api-sign"),
        body,
    }
}

/// Counts a request as long as it is being served, also when its client goes away meanwhile.
struct Flight<'a>(&'a NiceChat);

impl<'a> Flight<'a> {
    fn new(nicechat: &'a NiceChat) -> Self {
        let mut inner = nicechat.lock();
        inner.in_flight += 1;
        inner.max_in_flight = inner.max_in_flight.max(inner.in_flight);
        Self(nicechat)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

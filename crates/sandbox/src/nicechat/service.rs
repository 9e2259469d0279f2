//! The handle on the in-memory NiceChat: what it holds, what it was sent, and how to make it misbehave.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::header;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::api::{self, Api, Call, ROOT, Route};
use super::imports::{self, ImportSeen};
use super::rules::Rules;
use crate::faults::Ending;
use crate::handle::{Handle, Record, Service};
use crate::pace::midway;
use crate::reply::{Answer, Served};
use crate::store::{Kind, Object};
use crate::window::Window;

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

/// A handle on the in-memory NiceChat.
pub type NiceChat = Handle<State>;

/// NiceChat itself.
#[derive(Debug)]
pub struct State {
    key: String,
    secret: String,
    api: Api,
    record: Record<Logged>,
    /// When it was started.
    began: Instant,
    /// What was let through of late.
    window: Window,
    /// When it will have worked off what it has.
    free_at: Option<Instant>,
    /// Ends what was spawned, with the sandbox.
    stop: CancellationToken,
}

impl Service for State {
    type Logged = Logged;
    type Rules = Rules;

    fn rules(&mut self) -> &mut Rules {
        &mut self.api.rules
    }

    fn record(&mut self) -> &mut Record<Logged> {
        &mut self.record
    }

    fn name(logged: &Logged, _: &Rules) -> String {
        let path = logged.path.strip_prefix(ROOT).unwrap_or_default();
        let name = path.split(['/', '?']).next().unwrap_or_default();
        format!("{} {name}", logged.method)
    }
}

impl NiceChat {
    pub(crate) fn new(key: &str, secret: &str, page_size: usize, stop: CancellationToken) -> Self {
        let mut api = Api::default();
        api.rules.page_size = page_size;
        Self::of(State {
            key: key.to_owned(),
            secret: secret.to_owned(),
            api,
            record: Record::default(),
            began: Instant::now(),
            window: Window::default(),
            free_at: None,
            stop,
        })
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

    /// The most requests that were being served at the same moment.
    pub fn max_in_flight(&self) -> usize {
        self.lock().record.most_under_way()
    }

    /// How many pictures NiceChat had to fetch: accepted image addresses that weren't on its CDN.
    pub fn image_fetches(&self) -> usize {
        self.lock().api.image_fetches
    }

    /// The imports so far, in the order they were pushed.
    pub fn imports(&self) -> Vec<ImportSeen> {
        self.lock().api.imports.all().to_vec()
    }

    /// From now on requests must be signed with this secret.
    pub fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut self.lock().secret);
    }

    /// Serves one request.
    pub(crate) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        let call = call_of(parts, body);
        let _under_way = self.begin();
        let turn = self.lock().turn();
        if let Some(turn) = turn {
            sleep_until(turn).await;
        }
        midway(self.rules().latency, || self.decide(&call)).await.serve().await
    }

    /// Gives a call its effect, which for a pushed feed goes on by itself.
    fn decide(&self, call: &Call) -> Ending {
        let mut state = self.lock();
        let outcome = state.decide(call);
        for job in state.api.imports.take_due() {
            let nicechat = self.clone();
            let with = move |act: &mut dyn FnMut(&mut Api)| act(&mut nicechat.lock().api);
            tokio::spawn(state.stop.clone().run_until_cancelled_owned(imports::run(with, job)));
        }
        outcome
    }
}

impl State {
    /// Gives a call its effect and its end, and logs it.
    fn decide(&mut self, call: &Call) -> Ending {
        let route = Route::of(&call.path);
        let (outcome, succeeded) = if self.is_too_many() {
            (Ending::Answered(api::too_many(self.api.rules.refused_for)), false)
        } else {
            let fault = self.record.faults.strike(&call.target(&route));
            Ending::decide(fault, api::MANNER, || self.answer(&route, call))
        };
        self.record.log(Logged {
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

    /// When the turn of a request is that comes now, where they have to wait for one another.
    fn turn(&mut self) -> Option<Instant> {
        let rate = Some(self.api.rules.worked_off_per_second).filter(|rate| *rate > 0)?;
        let (now, work) = (Instant::now(), Duration::from_secs(1) / rate);
        let turn = self.free_at.map_or(now, |at| at.max(now)) + work;
        self.free_at = Some(turn);
        Some(turn)
    }

    /// Whether there were too many within a second; else this one is counted.
    fn is_too_many(&mut self) -> bool {
        let most = self.api.rules.most_per_second;
        self.window.admit(self.began.elapsed(), most, Duration::from_secs(1)).is_err()
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

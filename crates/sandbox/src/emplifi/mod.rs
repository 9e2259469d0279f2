//! The handle on the in-memory Emplifi Live Commerce: its advisors, what it was asked, and how to make it misbehave.

mod advisor;
mod api;
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

pub use advisor::{Advisor, DEMO_EMPLIFI_KEY};
use api::{Call, MANNER, Question};
pub use rules::EmplifiRules;

pub(super) use api::is_here;

/// The alias of the advisor who is there from the start.
pub const DEMO_ADVISOR: &str = "sofa-team";

/// One request to Emplifi and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct EmplifiLogged {
    /// GET, POST, or whatever was sent.
    pub method: String,
    /// As sent, with the query.
    pub path: String,
    /// Whether the api-key was right.
    pub authorized: bool,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The HTTP status of the answer; 0 when there was none.
    pub status: u16,
    /// How many requests were under way when it came, itself included.
    pub at_once: usize,
    /// When it was answered, on the sandbox's clock; milliseconds since the start in JSON.
    #[serde(rename = "at_ms", with = "crate::pace::milliseconds")]
    pub at: Duration,
}

/// A handle on the in-memory Emplifi.
pub type Emplifi = Handle<State>;

/// Emplifi itself.
#[derive(Debug)]
pub struct State {
    advisors: BTreeMap<String, Advisor>,
    rules: EmplifiRules,
    record: Record<EmplifiLogged>,
    started: Instant,
}

impl Service for State {
    type Logged = EmplifiLogged;
    type Rules = EmplifiRules;

    fn rules(&mut self) -> &mut EmplifiRules {
        &mut self.rules
    }

    fn record(&mut self) -> &mut Record<EmplifiLogged> {
        &mut self.record
    }

    fn name(logged: &EmplifiLogged, _: &EmplifiRules) -> String {
        let path = logged.path.split('?').next().unwrap_or_default();
        format!("{} {}", logged.method, Question::of(path).name())
    }
}

impl Emplifi {
    /// With [`DEMO_ADVISOR`], who is available.
    pub(super) fn new() -> Self {
        let emplifi = Self::of(State {
            advisors: BTreeMap::new(),
            rules: EmplifiRules::default(),
            record: Record::default(),
            started: Instant::now(),
        });
        let keys = ["sofas", "de"].map(str::to_owned).to_vec();
        emplifi.put(Advisor { alias: DEMO_ADVISOR.to_owned(), keys, available: true });
        emplifi
    }

    /// The advisors, by alias.
    pub fn advisors(&self) -> Vec<Advisor> {
        self.lock().advisors.values().cloned().collect()
    }

    /// Adds an advisor, in place of one with the same alias.
    pub fn put(&self, advisor: Advisor) {
        self.lock().advisors.insert(advisor.alias.clone(), advisor);
    }

    /// These are the advisors from now on.
    pub fn set_advisors(&self, advisors: Vec<Advisor>) {
        let advisors = advisors.into_iter().map(|advisor| (advisor.alias.clone(), advisor));
        self.lock().advisors = advisors.collect();
    }

    /// Takes an advisor away. False when there is no such advisor.
    pub fn remove(&self, alias: &str) -> bool {
        self.lock().advisors.remove(alias).is_some()
    }

    /// Lets an advisor come or leave. False when there is no such advisor.
    pub fn set_available(&self, alias: &str, available: bool) -> bool {
        self.lock().advisors.get_mut(alias).map(|advisor| advisor.available = available).is_some()
    }

    /// Serves one request.
    pub(super) async fn serve(&self, parts: &Parts, body: Bytes) -> Served {
        let call = Call::of(parts, body);
        let under_way = self.begin();
        let ending = midway(self.rules().latency, || self.lock().decide(&call, under_way.at_once)).await;
        ending.serve().await
    }
}

impl State {
    /// Gives a call its end, and logs it.
    fn decide(&mut self, call: &Call, at_once: usize) -> Ending {
        let question = Question::of(&call.path);
        let fault = self.record.faults.strike(&call.target(&question));
        let (ending, _) = Ending::decide(fault, MANNER, || api::answer(&self.advisors, &question, call));
        self.record.log(EmplifiLogged {
            method: call.method.clone(),
            path: call.path_and_query.clone(),
            authorized: call.is_authorized(),
            body: serde_json::from_slice(&call.body).ok(),
            status: ending.status(),
            at_once,
            at: self.started.elapsed(),
        });
        ending
    }
}

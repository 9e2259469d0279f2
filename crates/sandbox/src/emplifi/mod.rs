//! The handle on the in-memory Emplifi Live Commerce: its advisors, what it was asked, and how to make it misbehave.

mod advisor;
mod api;
mod rules;

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

/// A handle on the in-memory Emplifi. Clones are cheap and all about the same one.
#[derive(Debug, Clone)]
pub struct Emplifi {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    advisors: BTreeMap<String, Advisor>,
    rules: EmplifiRules,
    faults: Faults,
    log: Vec<EmplifiLogged>,
    under_way: usize,
    started: Instant,
}

/// A request that is under way, until it is answered or given up.
struct UnderWay<'e> {
    emplifi: &'e Emplifi,
    at_once: usize,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.emplifi.lock().under_way -= 1;
    }
}

impl Emplifi {
    /// With [`DEMO_ADVISOR`], who is available.
    pub(super) fn new() -> Self {
        let inner = Inner {
            advisors: BTreeMap::new(),
            rules: EmplifiRules::default(),
            faults: Faults::default(),
            log: Vec::new(),
            under_way: 0,
            started: Instant::now(),
        };
        let emplifi = Self { inner: Arc::new(Mutex::new(inner)) };
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

    /// The requests since the start or the last [`take_requests`](Self::take_requests), in the order of their answers.
    pub fn requests(&self) -> Vec<EmplifiLogged> {
        self.lock().log.clone()
    }

    /// The same, and forgets them.
    pub fn take_requests(&self) -> Vec<EmplifiLogged> {
        std::mem::take(&mut self.lock().log)
    }

    /// How many of these requests there are by method and question: `"GET direct"`, `"POST multi-level"`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for logged in &self.lock().log {
            let path = logged.path.split('?').next().unwrap_or_default();
            *counts.entry(format!("{} {}", logged.method, Question::of(path).name())).or_default() += 1;
        }
        counts
    }

    /// The rules in force.
    pub fn rules(&self) -> EmplifiRules {
        self.lock().rules.clone()
    }

    /// Puts other rules in force.
    pub fn set_rules(&self, rules: EmplifiRules) {
        self.lock().rules = rules;
    }

    /// The next `times` requests go wrong in this way.
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
        let call = Call::of(parts, body);
        let under_way = self.begin();
        let ending = midway(self.rules().latency, || self.lock().decide(&call, under_way.at_once)).await;
        ending.serve().await
    }

    fn begin(&self) -> UnderWay<'_> {
        let mut inner = self.lock();
        inner.under_way += 1;
        UnderWay { emplifi: self, at_once: inner.under_way }
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Gives a call its end, and logs it.
    fn decide(&mut self, call: &Call, at_once: usize) -> Ending {
        let question = Question::of(&call.path);
        let fault = self.faults.strike(&call.target(&question));
        let (ending, _) = Ending::decide(fault, MANNER, || api::answer(&self.advisors, &question, call));
        self.log.push(EmplifiLogged {
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

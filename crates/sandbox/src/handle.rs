//! What the handles on all services in memory have in common: what a service was sent, how it behaves, and what goes
//! wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::faults::{Fault, Faults, Rule};

/// A service in memory, as it is behind its [`Handle`].
pub trait Service {
    /// One request and what came of it.
    type Logged: Clone;
    /// How it behaves.
    type Rules: Clone;

    /// The rules in force.
    fn rules(&mut self) -> &mut Self::Rules;

    /// What it keeps of its requests.
    fn record(&mut self) -> &mut Record<Self::Logged>;

    /// What such requests are counted as by these rules: the method, and what it was about.
    fn name(logged: &Self::Logged, rules: &Self::Rules) -> String;
}

/// What a service keeps of its requests.
#[derive(Debug)]
pub struct Record<L> {
    /// Which of them go wrong.
    pub(crate) faults: Faults,
    log: Vec<L>,
    under_way: usize,
    most_under_way: usize,
}

impl<L> Default for Record<L> {
    fn default() -> Self {
        Self { faults: Faults::default(), log: Vec::new(), under_way: 0, most_under_way: 0 }
    }
}

impl<L> Record<L> {
    /// Logs a request. It is called while the service is held, so that the log has the order of the effects.
    pub(crate) fn log(&mut self, logged: L) {
        self.log.push(logged);
    }

    /// The most requests that were being served at the same moment.
    pub(crate) fn most_under_way(&self) -> usize {
        self.most_under_way
    }
}

/// A handle on a service in memory. Clones are cheap and all about the same one.
#[derive(Debug)]
pub struct Handle<S>(Arc<Mutex<S>>);

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Handle<S> {
    pub(crate) fn of(service: S) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// A panic elsewhere leaves nothing half done here, so a poisoned lock is as good as any.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Service> Handle<S> {
    /// The requests since the start or the last [`take_requests`](Self::take_requests), in the order in which
    /// they had their effect.
    pub fn requests(&self) -> Vec<S::Logged> {
        self.lock().record().log.clone()
    }

    /// The same, and forgets them.
    pub fn take_requests(&self) -> Vec<S::Logged> {
        std::mem::take(&mut self.lock().record().log)
    }

    /// How many of these requests there are by method and what they were about: `"POST products"`, `"GET events"`,
    /// `"GET direct"`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let (mut counts, mut service) = (BTreeMap::new(), self.lock());
        let rules = service.rules().clone();
        for logged in &service.record().log {
            *counts.entry(S::name(logged, &rules)).or_default() += 1;
        }
        counts
    }

    /// The rules in force.
    pub fn rules(&self) -> S::Rules {
        self.lock().rules().clone()
    }

    /// Puts other rules in force; to change some only, start from [`rules`](Self::rules). What is there already stays
    /// as it is.
    pub fn set_rules(&self, rules: S::Rules) {
        *self.lock().rules() = rules;
    }

    /// The next `times` requests go wrong in this way and have no effect.
    pub fn fail_next(&self, fault: Fault, times: usize) {
        self.add_fault(Rule { times: Some(times), ..Rule::new(fault) });
    }

    /// From now on requests that match this rule go wrong, unless a limit of the service refuses them before. Of
    /// several rules the first that is due decides.
    pub fn add_fault(&self, rule: Rule) {
        self.lock().record().faults.add(rule);
    }

    /// All requests go well again.
    pub fn clear_faults(&self) {
        self.lock().record().faults.clear();
    }

    /// Counts a request as long as it is being served, also when its client goes away meanwhile.
    pub(crate) fn begin(&self) -> UnderWay<'_, S> {
        let mut service = self.lock();
        let record = service.record();
        record.under_way += 1;
        record.most_under_way = record.most_under_way.max(record.under_way);
        UnderWay { handle: self, at_once: record.under_way }
    }
}

/// A request that is under way, until it is answered or given up.
pub(crate) struct UnderWay<'h, S: Service> {
    handle: &'h Handle<S>,
    /// How many there were when it came, itself included.
    pub(crate) at_once: usize,
}

impl<S: Service> Drop for UnderWay<'_, S> {
    fn drop(&mut self) {
        self.handle.lock().record().under_way -= 1;
    }
}

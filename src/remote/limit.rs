//! Rate limits: all senders of this process together stay below a service's quota, or a setting's, and send nothing
//! while the service asks for a pause. How much a service takes is found out, where nobody says it.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::adaptive::{Adaptive, Sent};
use super::pace::Pace;
use crate::http_client::{Clients, LONGEST_RETRY_AFTER};

/// The longest silence that a service can ask for. One that wants more is asked once an hour; a clock that is a year off, or a
/// proxy's slip, must not stop a shop for as long.
const LONGEST_SILENCE: Duration = Duration::from_secs(3600);
/// How long a service is left alone that refuses requests for being too many, and doesn't say for how long.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// At most so many requests in any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// At least one.
    pub most: usize,
    /// How long.
    pub window: Duration,
}

/// The limits of the services that this process talks to, and the clients that it does so with, as long as it lives:
/// passes, stores and settings come and go.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    known: Arc<Mutex<HashMap<String, Arc<Limit>>>>,
    clients: Clients,
}

impl Limits {
    /// The clients.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The limit of an address's host, which has this quota when nobody has asked for it before.
    pub fn of_host(&self, url: &Url, quota: Quota) -> Arc<Limit> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut hosts = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(host).or_insert_with(|| Arc::new(Limit::new(Some(quota)))))
    }

    /// The limit of a service at an address: everybody with the same settings has the same one, and everybody its
    /// silence.
    pub fn of_service(&self, service: &str, url: &Url, terms: Terms) -> Arc<Limit> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let place = format!("{service} {host}:{port} ");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let there = known.iter().filter(|(name, _)| name.starts_with(&place));
        let quiet_until = there.filter_map(|(_, limit)| limit.state().quiet_until).max();
        let limit = known.entry(format!("{place}{terms:?}")).or_insert_with(|| Arc::new(Limit::of_terms(terms)));
        let mut state = limit.state();
        state.quiet_until = state.quiet_until.max(quiet_until);
        drop(state);
        Arc::clone(limit)
    }
}

/// What the settings say of an account at a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// `None` = there is no quota.
    pub quota: Option<Quota>,
    /// How many requests may be under way.
    pub at_once: AtOnce,
}

/// How many requests may be under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtOnce {
    /// Any number.
    #[default]
    Any,
    /// So many at most.
    Fixed(NonZeroUsize),
    /// As many as the service turns out to take, and so many at most.
    Found(NonZeroUsize),
}

/// How a request ended, as far as it tells how much its service can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was answered, with whatever.
    Answered,
    /// There are too many (429).
    Refused,
    /// The service is too busy, or didn't answer in time.
    Overloaded,
    /// Nothing: nobody was there, or the request was given up.
    Untold,
}

/// What holds for all requests of an account at a service.
///
/// When the service takes a request we don't see: some time between our sending it and its answer. So a request's
/// place in the quota is free again a window after its *answer*: then no window of the service's holds more than
/// allowed, however long requests are on their way.
#[derive(Debug)]
pub struct Limit {
    terms: Terms,
    state: Mutex<State>,
    /// A request has been answered.
    answered: Notify,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    /// When earlier requests were answered, within the window; the earliest first.
    answered: VecDeque<Instant>,
    /// The service asked to be left alone until then.
    quiet_until: Option<Instant>,
    /// What is found out about the service, if that is wanted.
    found: Option<Found>,
}

/// What is found out about a service.
#[derive(Debug)]
struct Found {
    at_once: Adaptive,
    pace: Pace,
}

/// The right to send one request, until it is answered.
#[derive(Debug)]
pub struct Permit {
    limit: Arc<Limit>,
    sent: Option<Sent>,
    ended: Ended,
}

/// Why a request has to wait.
enum Wait {
    Until(Instant),
    /// For an answer to another one.
    Answer,
}

/// The service asked to be left alone for longer than a pass waits: for this long from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence(pub Duration);

impl Limit {
    /// A limit with a quota, or one that only keeps silent when the service asks for it.
    pub fn new(quota: Option<Quota>) -> Limit {
        Limit::of_terms(Terms { quota, at_once: AtOnce::Any })
    }

    pub(super) fn of_terms(terms: Terms) -> Limit {
        let found = match terms.at_once {
            AtOnce::Found(most) => Some(Found { at_once: Adaptive::new(most.get()), pace: Pace::default() }),
            AtOnce::Any | AtOnce::Fixed(_) => None,
        };
        let state = Mutex::new(State { found, ..State::default() });
        Limit { terms, state, answered: Notify::new() }
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    /// When the service asked to be left alone for too long to wait for it.
    pub async fn permit(self: &Arc<Self>) -> Result<Permit, Silence> {
        loop {
            let answered = self.answered.notified();
            let wait = {
                let now = Instant::now();
                let mut state = self.state();
                match state.quiet_until.filter(|until| *until > now) {
                    Some(until) if until - now > LONGEST_RETRY_AFTER => return Err(Silence(until - now)),
                    Some(until) => Wait::Until(until),
                    None => match state.wait(self.terms, now) {
                        Some(wait) => wait,
                        None => {
                            let sent = state.begin(now);
                            return Ok(Permit { limit: Arc::clone(self), sent, ended: Ended::Untold });
                        }
                    },
                }
            };
            match wait {
                Wait::Until(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = answered => {}
                },
                Wait::Answer => answered.await,
            }
        }
    }

    /// The most requests that may be under way now; `None` = any number.
    pub fn at_once(&self) -> Option<usize> {
        match self.terms.at_once {
            AtOnce::Any => None,
            AtOnce::Fixed(most) => Some(most.get()),
            AtOnce::Found(_) => self.found_at_once(),
        }
    }

    /// How many at once were found to be best, if that is found out here.
    pub fn found_at_once(&self) -> Option<usize> {
        self.state().found.as_ref().map(|found| found.at_once.at_once())
    }

    /// Takes over what was found earlier, unless something was found since.
    pub fn begin_with(&self, at_once: usize) {
        if let Some(found) = &mut self.state().found {
            found.at_once.begin_with(at_once);
        }
    }

    /// How long the service still asks to be left alone.
    pub fn silence(&self) -> Option<Silence> {
        let wait = self.state().quiet_until?.checked_duration_since(Instant::now())?;
        Some(Silence(wait)).filter(|_| !wait.is_zero())
    }

    /// The service asks everybody to be left alone for so long.
    pub fn be_quiet_for(&self, asked: Duration) {
        let until = Instant::now() + asked.min(LONGEST_SILENCE);
        let mut state = self.state();
        state.quiet_until = Some(state.quiet_until.map_or(until, |other| other.max(until)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Why another request has to wait, if it has to.
    fn wait(&mut self, terms: Terms, now: Instant) -> Option<Wait> {
        let most = match terms.at_once {
            AtOnce::Any => None,
            AtOnce::Fixed(most) => Some(most.get()),
            AtOnce::Found(_) => self.found.as_ref().map(|found| found.at_once.at_once()),
        };
        if most.is_some_and(|most| self.under_way >= most) {
            return Some(Wait::Answer);
        }
        if let Some(Quota { most, window }) = terms.quota {
            while self.answered.front().is_some_and(|at| *at + window <= now) {
                self.answered.pop_front();
            }
            if self.under_way + self.answered.len() >= most.max(1) {
                return Some(self.answered.front().map_or(Wait::Answer, |at| Wait::Until(*at + window)));
            }
        }
        self.found.as_mut()?.until(now).map(Wait::Until)
    }

    /// A request is sent now.
    fn begin(&mut self, now: Instant) -> Option<Sent> {
        self.under_way += 1;
        self.found.as_mut().map(|found| found.sent(now))
    }
}

impl Found {
    /// When the next request may be sent, as far as the pace is concerned.
    fn until(&mut self, now: Instant) -> Option<Instant> {
        let before = self.pace.soon();
        let until = self.pace.until(now);
        if let Some(per_second) = self.pace.soon().filter(|_| before != self.pace.soon()) {
            self.at_once.fits(per_second);
        }
        until
    }

    fn sent(&mut self, now: Instant) -> Sent {
        self.pace.sent(now);
        self.at_once.sent(now)
    }

    fn ended(&mut self, sent: Sent, ended: Ended) {
        match ended {
            Ended::Answered => {
                self.pace.taken(sent.at);
                self.at_once.answered(Instant::now(), sent);
            }
            Ended::Refused => {
                self.pace.refused(sent.at);
                self.at_once.overloaded(sent);
            }
            Ended::Overloaded => self.at_once.overloaded(sent),
            Ended::Untold => {}
        }
    }
}

impl Permit {
    /// The request has ended like this.
    pub(super) fn ended(mut self, ended: Ended) {
        if ended == Ended::Refused && self.sent.is_some() && self.limit.silence().is_none() {
            self.limit.be_quiet_for(AFTER_REFUSAL);
        }
        self.ended = ended;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        state.under_way -= 1;
        if self.limit.terms.quota.is_some() {
            state.answered.push_back(Instant::now());
        }
        if let (Some(found), Some(sent)) = (&mut state.found, self.sent) {
            found.ended(sent, self.ended);
        }
        drop(state);
        self.limit.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep, timeout};

    use super::*;

    /// Lagerkoll's: its quota is the reason for all this.
    const QUOTA: Quota = Quota { most: 200, window: Duration::from_secs(60) };
    const SECOND: Duration = Duration::from_secs(1);

    fn fixed(at_once: usize) -> AtOnce {
        NonZeroUsize::new(at_once).map_or(AtOnce::Any, AtOnce::Fixed)
    }

    /// Sends requests side by side, each taken by the service at another moment of its way. Gives the
    /// moments, in order.
    async fn taken(limit: &Arc<Limit>, requests: u64, at_once: u64) -> Vec<Instant> {
        let workers = (0..at_once).map(|worker| {
            let limit = Arc::clone(limit);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for nth in (worker..requests).step_by(at_once as usize) {
                    let permit = limit.permit().await.expect("no silence");
                    let there = Duration::from_millis(nth * 7919 % 2_000);
                    sleep(there).await;
                    taken.push(Instant::now());
                    sleep(Duration::from_millis(nth * 104_729 % 2_000)).await;
                    drop(permit);
                }
                taken
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.expect("its end"));
        }
        all.sort();
        all
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_holds_more_than_two_hundred_requests() {
        let limit = Arc::new(Limit::new(Some(QUOTA)));
        let began = Instant::now();
        let taken = taken(&limit, 1_500, 40).await;
        assert_eq!(taken.len(), 1_500);
        for pair in taken.windows(QUOTA.most + 1) {
            assert!(pair[QUOTA.most] - pair[0] >= QUOTA.window, "{:?}", pair[QUOTA.most] - pair[0]);
        }
        assert!(began.elapsed() < 9 * QUOTA.window, "and not much fewer: {:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_at_a_service_together_has_no_more_under_way_than_the_settings_say() {
        let (limits, url) = (Limits::default(), Url::parse("https://nice.example/").expect("an address"));
        let of = |at_once| limits.of_service("NiceChat", &url, Terms { quota: None, at_once: fixed(at_once) });
        let first = of(1).permit().await.expect("a permit");
        assert!(timeout(SECOND, of(1).permit()).await.is_err());
        assert!(timeout(SECOND, of(2).permit()).await.is_ok(), "other settings");
        let waiting = tokio::spawn({
            let limit = of(1);
            async move { limit.permit().await.is_ok() }
        });
        drop(first);
        assert!(waiting.await.expect("its end"));
    }

    #[tokio::test(start_paused = true)]
    async fn more_at_once_than_the_limit_wait_for_an_answer() {
        let limit = Arc::new(Limit::new(Some(Quota { most: 2, ..QUOTA })));
        let first = (limit.permit().await, limit.permit().await);
        assert!(timeout(10 * QUOTA.window, limit.permit()).await.is_err());
        let waiting = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.permit().await.map(|_| Instant::now()) }
        });
        advance(SECOND).await;
        let answered = Instant::now();
        drop(first);
        assert_eq!(waiting.await.expect("its end").expect("a permit") - answered, QUOTA.window);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_holds_for_everybody_to_the_second() {
        let limit = Arc::new(Limit::new(Some(QUOTA)));
        let asked = Instant::now();
        limit.be_quiet_for(17 * SECOND);
        limit.be_quiet_for(3 * SECOND);
        let permit = limit.permit().await.expect("a permit");
        // tokio's clock goes by milliseconds.
        let waited = asked.elapsed();
        assert!(waited >= 17 * SECOND && waited <= 17 * SECOND + Duration::from_millis(2), "{waited:?}");
        drop(permit);
        limit.be_quiet_for(3_600 * SECOND);
        advance(600 * SECOND).await;
        assert_eq!(limit.permit().await.err(), Some(Silence(3_000 * SECOND)), "too long to wait for");
        advance(2_999 * SECOND).await;
        assert!(limit.permit().await.is_ok());
        limit.be_quiet_for(Duration::MAX);
        assert!(limit.permit().await.is_err());
        assert_eq!(limit.silence(), Some(Silence(3_600 * SECOND)));
        let (limits, url) = (Limits::default(), Url::parse("https://nice.example/").expect("an address"));
        let of = |at_once| limits.of_service("NiceChat", &url, Terms { quota: None, at_once: fixed(at_once) });
        [of(1), of(2)][1].be_quiet_for(17 * SECOND);
        assert_eq!([1, 3].map(|at_once| of(at_once).silence()), [Some(Silence(17 * SECOND)); 2], "other settings");
    }

    #[test]
    fn a_host_has_one_limit_whatever_asks_for_it() {
        let limits = Limits::default();
        let of = |text: &str| limits.of_host(&Url::parse(text).expect(text), QUOTA);
        assert!(Arc::ptr_eq(&of("https://limit.example/a/"), &of("http://limit.example:8080/b")));
        assert!(!Arc::ptr_eq(&of("https://limit.example/"), &of("https://other-limit.example/")));
    }
}

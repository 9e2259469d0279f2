//! No more than 200 requests a minute to one host, whoever in this process sends them.
//!
//! What counts is when the service takes a request, which we don't see: some time between our sending
//! it and its answer. So a request's place is free again a minute after its *answer*: then no minute
//! of the service's holds more than 200, however long requests are on their way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use url::Url;

use crate::wire::LONGEST_RETRY_AFTER;

/// API page, "Basics".
const MOST: usize = 200;
const WINDOW: Duration = Duration::from_secs(60);
/// The longest silence that a service can ask for: a later moment than this one may not exist.
const LONGEST_SILENCE: Duration = Duration::from_secs(366 * 24 * 3600);

/// One for each host, as long as the process lives: passes, stores and settings come and go.
static HOSTS: LazyLock<Mutex<HashMap<String, Arc<Limit>>>> = LazyLock::new(Mutex::default);

/// A host's limit.
#[derive(Debug)]
pub struct Limit {
    most: usize,
    window: Duration,
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
}

/// The right to send one request, until it is answered.
#[derive(Debug)]
pub struct Permit(Arc<Limit>);

/// The service asked to be left alone for longer than a pass waits: for this long from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence(pub Duration);

impl Limit {
    /// The limit of an address's host.
    pub fn of(url: &Url) -> Arc<Limit> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(host).or_insert_with(|| Arc::new(Limit::new(MOST, WINDOW))))
    }

    /// At most so many requests, at least one, in any window of this length.
    pub fn new(most: usize, window: Duration) -> Limit {
        Limit { most: most.max(1), window, state: Mutex::default(), answered: Notify::new() }
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    /// When the service asked to be left alone for too long to wait for it.
    pub async fn permit(self: &Arc<Self>) -> Result<Permit, Silence> {
        loop {
            let answered = self.answered.notified();
            let until = {
                let now = Instant::now();
                let mut state = self.state();
                while state.answered.front().is_some_and(|at| *at + self.window <= now) {
                    state.answered.pop_front();
                }
                let quiet = state.quiet_until.filter(|until| *until > now);
                match quiet {
                    Some(until) if until - now > LONGEST_RETRY_AFTER => return Err(Silence(until - now)),
                    Some(until) => Some(until),
                    None if state.under_way + state.answered.len() < self.most => {
                        state.under_way += 1;
                        return Ok(Permit(Arc::clone(self)));
                    }
                    None => state.answered.front().map(|at| *at + self.window),
                }
            };
            match until {
                Some(until) => sleep_until(until).await,
                None => answered.await,
            }
        }
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

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        state.answered.push_back(Instant::now());
        drop(state);
        self.0.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

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
        let limit = Arc::new(Limit::new(MOST, WINDOW));
        let began = Instant::now();
        let taken = taken(&limit, 1_500, 40).await;
        assert_eq!(taken.len(), 1_500);
        for pair in taken.windows(MOST + 1) {
            assert!(pair[MOST] - pair[0] >= WINDOW, "{:?}", pair[MOST] - pair[0]);
        }
        assert!(began.elapsed() < 9 * WINDOW, "and not much fewer: {:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn more_at_once_than_the_limit_wait_for_an_answer() {
        let limit = Arc::new(Limit::new(2, WINDOW));
        let first = (limit.permit().await, limit.permit().await);
        assert!(timeout(10 * WINDOW, limit.permit()).await.is_err());
        let waiting = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.permit().await.map(|_| Instant::now()) }
        });
        advance(SECOND).await;
        let answered = Instant::now();
        drop(first);
        assert_eq!(waiting.await.expect("its end").expect("a permit") - answered, WINDOW);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_holds_for_everybody_to_the_second() {
        let limit = Arc::new(Limit::new(MOST, WINDOW));
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
    }

    #[test]
    fn a_host_has_one_limit_whatever_asks_for_it() {
        let of = |text: &str| Limit::of(&Url::parse(text).expect(text));
        assert!(Arc::ptr_eq(&of("https://limit.example/a/"), &of("http://limit.example:8080/b")));
        assert!(!Arc::ptr_eq(&of("https://limit.example/"), &of("https://other-limit.example/")));
    }
}

//! A newer feed overtakes what is still to be sent of an earlier one: the pass under way ends early, between two
//! requests, and the next one begins at once with the most urgent.
//!
//! So that nothing starves, a pass that follows one that was overtaken sends for [`SHARE`] times as long as it has planned
//! before it may be overtaken itself, and of ten products that it sends one is of the less urgent.
//!
//! To tell that a feed over HTTP is newer takes a download of it, which is left to the pass that follows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::source::Body;

/// A pass that follows one that was overtaken sends for so many times as long as it has planned; and no look at the
/// feed takes more than a part of the time that is so much longer.
const SHARE: u32 = 9;

/// What passes tell each other of it. Clones are about the same job.
#[derive(Clone, Default)]
pub(super) struct Overtaking(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Somebody has said that the feed may be another one.
    asked: Notify,
    /// How often.
    asks: AtomicU64,
    last: Mutex<Option<Overtaken>>,
    newer: Mutex<Option<Newer>>,
}

/// A newer feed that has been downloaded.
pub(super) struct Newer {
    /// Nobody else can write it.
    pub(super) body: Arc<Body>,
    /// See [`FeedMark::shape`](super::store::FeedMark::shape): the settings may be other ones by the next pass.
    pub(super) shape: String,
    /// How often somebody had asked when the download began.
    pub(super) asks: u64,
}

/// A pass that was overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overtaken {
    /// It has read NiceChat's listing, which had nothing of ours; or the one did that it followed.
    pub(super) knows_listing: bool,
}

/// How one pass stands to the ones before and after it.
pub(super) struct Turn {
    overtaking: Overtaking,
    began: Instant,
    /// How often somebody had asked by then: the pass reads what there was to see.
    asked: u64,
    /// The pass before, if it was overtaken.
    before: Option<Overtaken>,
    /// What the pass before has left.
    left: Mutex<Option<Newer>>,
}

impl Overtaking {
    /// The feed may be another one than that of the pass under way.
    pub(super) fn ask(&self) {
        self.0.asks.fetch_add(1, Ordering::Relaxed);
        self.0.asked.notify_one();
    }

    /// A pass begins.
    pub(super) fn turn(&self) -> Turn {
        let before = lock(&self.0.last).take();
        let left = Mutex::new(lock(&self.0.newer).take());
        let asked = self.0.asks.load(Ordering::Relaxed);
        Turn { overtaking: self.clone(), began: Instant::now(), asked, before, left }
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Turn {
    /// The pass before, if it was overtaken.
    pub(super) fn before(&self) -> Option<Overtaken> {
        self.before
    }

    /// This pass ends because it was overtaken.
    pub(super) fn overtaken(&self, overtaken: Overtaken) {
        *lock(&self.overtaking.0.last) = Some(overtaken);
    }

    /// How often somebody has said that the feed may be another one.
    pub(super) fn asks(&self) -> u64 {
        self.overtaking.0.asks.load(Ordering::Relaxed)
    }

    /// Leaves a feed to the pass that follows.
    pub(super) fn leave(&self, newer: Newer) {
        *lock(&self.overtaking.0.newer) = Some(newer);
    }

    /// The feed that the pass before has left. It is given once.
    pub(super) fn left(&self) -> Option<Newer> {
        lock(&self.left).take()
    }

    /// Waits, from the beginning of the sending on, until `look` finds a newer feed.
    pub(super) async fn wait<F: Future<Output = bool>>(&self, look: impl Fn() -> F) {
        let now = Instant::now();
        let mut not_before = if self.before.is_some() { now + SHARE * (now - self.began) } else { now };
        let mut seen = self.asked;
        loop {
            self.overtaking.0.asked.notified().await;
            let asks = self.asks();
            if asks == seen {
                continue;
            }
            seen = asks;
            sleep_until(not_before).await;
            let looked = Instant::now();
            if look().await {
                return;
            }
            not_before = Instant::now() + (SHARE * looked.elapsed()).max(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_before_a_pass_is_no_reason_to_look_again() {
        let overtaking = Overtaking::default();
        overtaking.ask();
        let turn = overtaking.turn();
        assert!(timeout(100 * SECOND, turn.wait(|| async { true })).await.is_err());
        overtaking.ask();
        turn.wait(|| async { true }).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_overtaken_at_once_and_the_next_one_when_it_has_sent_for_long_enough() {
        let overtaking = Overtaking::default();
        let first = overtaking.turn();
        advance(SECOND).await;
        assert!(timeout(100 * SECOND, first.wait(|| async { true })).await.is_err(), "nobody has asked");
        overtaking.ask();
        assert!(timeout(100 * SECOND, first.wait(|| async { false })).await.is_err(), "it is the same feed");
        overtaking.ask();
        let began = Instant::now();
        first.wait(|| async { true }).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        first.overtaken(Overtaken { knows_listing: true });
        let second = overtaking.turn();
        assert_eq!(second.before(), Some(Overtaken { knows_listing: true }));
        advance(2 * SECOND).await;
        overtaking.ask();
        let began = Instant::now();
        second.wait(|| async { true }).await;
        assert!((18 * SECOND..19 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
        assert_eq!(overtaking.turn().before(), None, "the second one was not");
    }
}

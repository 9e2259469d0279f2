//! How many requests a second a service takes, found out from its refusals (429). Pure.
//!
//! Fewer at once don't help against a limit of requests a second that is lower than one after the other: only
//! sending more slowly does.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// The share of what a service took that it is sent: on their way, requests come closer together.
const SHARE: f64 = 0.95;
/// How far it may fall at a time: one second may have been a bad one.
const STEEPEST: f64 = 0.6;
/// A second refusal within this time shows that the first one wasn't for something else.
const EVIDENCE: Duration = Duration::from_secs(60);
/// As long as a pace is a guess, it is raised by so much after so long.
const GUESS: (f64, Duration) = (1.5, Duration::from_secs(2));
/// When another refusal has confirmed it, by so much after so long; after each further refusal twice as long.
const SURE: (f64, Duration) = (1.05, Duration::from_secs(60));
/// The longest time without a try.
const LONGEST: Duration = Duration::from_secs(3600);
/// How late a request may be for the next one not to be later for it: timers go by milliseconds.
const LATE: Duration = Duration::from_millis(10);
/// More of the last second's requests are not remembered.
const MOST: usize = 10_000;
/// No slower than this: what is refused then is refused for something else.
const SLOWEST: f64 = 0.5;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When requests were sent that were taken, of the last moments.
    taken: VecDeque<Instant>,
    /// When the first one was sent that was refused since the last lesson.
    refused: Option<Instant>,
    /// When the last lesson was, and how many were taken since.
    lesson: Option<(Instant, u64)>,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    per_second: f64,
    /// When the next request may be sent.
    next: Instant,
    /// Whether a refusal has confirmed it.
    is_sure: bool,
    raise_at: Instant,
    raise_after: Duration,
}

impl Pace {
    /// Requests a second, if there is a limit.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.known.as_ref().map(|known| known.per_second)
    }

    /// When the next request may be sent, if not now. The service doesn't ask to be left alone now.
    pub(super) fn until(&mut self, now: Instant) -> Option<Instant> {
        if let Some(refused) = self.refused.take() {
            self.learn(refused, now);
        }
        self.known.as_ref().map(|known| known.next).filter(|next| *next > now)
    }

    /// A request is sent now.
    pub(super) fn sent(&mut self, now: Instant) {
        let Some(known) = &mut self.known else { return };
        if now >= known.raise_at {
            known.per_second *= if known.is_sure { SURE.0 } else { GUESS.0 };
            known.raise_at = now + known.raise_after;
        }
        let from = now.checked_sub(LATE).map_or(known.next, |late| known.next.max(late));
        known.next = from + Duration::from_secs_f64(1.0 / known.per_second);
    }

    /// A request that was sent at that moment was taken.
    pub(super) fn taken(&mut self, sent: Instant) {
        if let Some((_, taken)) = &mut self.lesson {
            *taken += 1;
        }
        self.taken.push_back(sent);
        let newest = self.taken.iter().next_back().copied().unwrap_or(sent);
        let is_old = |at: &Instant| *at + 4 * SECOND < newest;
        while self.taken.len() > MOST || self.taken.front().is_some_and(is_old) {
            self.taken.pop_front();
        }
    }

    /// A request that was sent at that moment was refused. What follows from it is known only when the answers to
    /// those that were sent before are in: when the silence is over that follows.
    pub(super) fn refused(&mut self, sent: Instant) {
        self.refused = Some(self.refused.map_or(sent, |first| first.min(sent)));
    }

    fn learn(&mut self, refused: Instant, now: Instant) {
        let in_a_second = self.taken.iter().filter(|at| **at <= refused && **at + SECOND > refused).count() as f64;
        let last = self.lesson.replace((now, 0));
        let Some((since, taken)) = last else { return };
        let (rate, is_sure, raise_after) = match &self.known {
            None if refused.saturating_duration_since(since) > EVIDENCE => return,
            None => (in_a_second, false, GUESS.1),
            Some(known) => {
                let lasted = refused.saturating_duration_since(since).as_secs_f64().max(0.001);
                let measured = in_a_second.min(taken as f64 / lasted);
                let rate = measured.clamp(STEEPEST * known.per_second, known.per_second);
                let raise_after = if known.is_sure { (2 * known.raise_after).min(LONGEST) } else { SURE.1 };
                (rate, true, raise_after)
            }
        };
        let per_second = (SHARE * rate).max(SLOWEST);
        self.known = Some(Known { per_second, next: now, is_sure, raise_at: now + raise_after, raise_after });
    }
}

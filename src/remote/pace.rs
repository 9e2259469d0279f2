//! How many requests a second a service takes, found out from its refusals (429). Pure.
//!
//! Fewer at once don't help against a limit of requests a second that is lower than one after the other: only
//! sending more slowly does.
//!
//! A refusal proves that the pace was too high for the service. What was taken just before proves how much the service
//! takes only if we sent as we meant to: a process that others hold up sends less, and then many at once. So a pace falls
//! to what was taken, but stays there only if that is close to what was refused. Else it rises towards that, quickly at
//! first and slowly when it is near, as CUBIC does after a loss (RFC 9438), until it is there or another refusal tells more.

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
/// What was taken is believed if it is so close to what was refused.
const CLOSE: f64 = 0.9;
/// One more or less among fewer than this is too much of a difference.
const EXACT: f64 = 10.0;
/// How long it takes a pace to rise to what was refused, if what was taken isn't believed.
const RISE: Duration = Duration::from_secs(10);
/// How long a pace holds that isn't believed, and one that is; after each further refusal twice as long.
const HOLD: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(40)];
/// More refusals than this are not counted.
const MOST_REPEATED: u32 = 10;
/// What it is raised by then; the next time it is twice as much, up to [`GUESS`], unless it is refused.
const STEP: f64 = 0.05;
/// No faster than so many times what was taken: a pace that isn't gone proves nothing.
const AHEAD: f64 = 2.0;
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
    /// What the last refusal told; `None` = it is a guess.
    told: Option<Told>,
    rise: Option<Rise>,
    /// When it is raised, how long after the last time, and by which share of it.
    raise_at: Instant,
    raise_after: Duration,
    step: f64,
    /// What it was before it was last raised, if that was gone and not refused.
    good: Option<f64>,
}

/// What a refusal told of a pace.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// Whether what was taken was believed.
    is_believed: bool,
    /// How many before it had told the same.
    repeated: u32,
}

/// A pace on its way up.
#[derive(Debug, Clone, Copy)]
struct Rise {
    began: Instant,
    from: f64,
    to: f64,
}

impl Rise {
    fn at(self, now: Instant) -> f64 {
        let left = 1.0 - (now - self.began).as_secs_f64() / RISE.as_secs_f64();
        self.to - (self.to - self.from) * left.max(0.0).powi(3)
    }
}

impl Pace {
    /// How many requests a second it will soon be, if there is a limit.
    pub(super) fn soon(&self) -> Option<f64> {
        self.known.as_ref().map(|known| known.rise.map_or(known.per_second, |rise| rise.to))
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
        if let Some(rise) = known.rise {
            known.per_second = rise.at(now);
            if now >= rise.began + RISE {
                known.rise = None;
                known.raise_at = now + known.raise_after;
            }
        } else if now >= known.raise_at {
            let taken = taken_before(&self.taken, now);
            known.good = Some(known.per_second).filter(|good| known.told.is_some() && taken >= CLOSE * good);
            known.per_second = (known.per_second * (1.0 + known.step)).min((AHEAD * taken).max(known.per_second));
            known.raise_at = now + known.raise_after;
            known.step = (2.0 * known.step).min(GUESS.0 - 1.0);
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
        // One of a burst that was learned from already.
        if self.lesson.is_some_and(|(learned, _)| sent < learned) {
            return;
        }
        self.refused = Some(self.refused.map_or(sent, |first| first.min(sent)));
    }

    fn learn(&mut self, refused: Instant, now: Instant) {
        let in_a_second = taken_before(&self.taken, refused);
        let last = self.lesson.replace((now, 0));
        let Some((since, taken)) = last else { return };
        let lasted = refused.saturating_duration_since(since);
        let Some(known) = &self.known else {
            if lasted <= EVIDENCE {
                self.known = Some(Known::guessed(in_a_second, now));
            }
            return;
        };
        let from = refused.checked_sub(SECOND).map_or(since, |before| before.max(since));
        let is_steady = self.is_steady(from, refused, known.per_second);
        let on_average = taken as f64 / lasted.as_secs_f64().max(0.001);
        let measured = if is_steady { in_a_second } else { in_a_second.min(on_average) };
        self.known = Some(known.after_refusal(measured, is_steady, now));
    }

    /// Whether requests were sent at this pace between two moments, with none of them late.
    fn is_steady(&self, from: Instant, to: Instant, per_second: f64) -> bool {
        let longest = Duration::from_secs_f64(2.0 / per_second) + LATE;
        let taken = self.taken.iter().copied().filter(|at| (from..=to).contains(at));
        let mut sent: Vec<Instant> = taken.chain([to]).collect();
        sent.sort_unstable();
        sent.windows(2).all(|pair| pair[1] - pair[0] <= longest)
    }
}

/// How many were sent in the second before this moment that were taken.
fn taken_before(taken: &VecDeque<Instant>, moment: Instant) -> f64 {
    taken.iter().filter(|at| **at <= moment && **at + SECOND > moment).count() as f64
}

impl Known {
    /// What is known at first, when so many a second were taken.
    fn guessed(measured: f64, now: Instant) -> Known {
        let (factor, raise_after) = GUESS;
        Known {
            per_second: (SHARE * measured).max(SLOWEST),
            next: now,
            told: None,
            rise: None,
            raise_at: now + raise_after,
            raise_after,
            step: factor - 1.0,
            good: None,
        }
    }

    /// What is known after another refusal, when so many a second were taken, and requests sent as they should be or
    /// not.
    fn after_refusal(&self, measured: f64, is_steady: bool, now: Instant) -> Known {
        let measured = measured.clamp(STEEPEST * self.per_second, self.per_second);
        let [from, to] = [measured, self.per_second].map(|rate| (SHARE * rate).max(SLOWEST));
        let from = self.good.map_or(from, |good| good.max(from));
        let is_believed = (is_steady && measured >= EXACT) || from >= CLOSE * to;
        let repeated = self.told.filter(|told| told.is_believed == is_believed).map_or(0, |told| told.repeated + 1);
        let raise_after = HOLD[usize::from(is_believed)] * 2_u32.saturating_pow(repeated);
        let raise_after = raise_after.min(LONGEST);
        Known {
            per_second: from,
            next: now,
            told: Some(Told { is_believed, repeated: repeated.min(MOST_REPEATED) }),
            rise: (!is_believed).then_some(Rise { began: now, from, to }),
            raise_at: now + raise_after,
            raise_after,
            step: STEP,
            good: None,
        }
    }
}

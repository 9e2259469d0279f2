//! How many requests a service is sent at the same time, where nobody has said it. Pure.
//!
//! The known limiters (Netflix's gradient and Vegas, and those after them) go by latency: they take the fastest answer
//! for that of an idle service. Here a picture that NiceChat fetches makes one answer ten times slower than another, so
//! that a limiter of this kind stays low for ever, or follows a queue that it has made itself. What counts is the
//! rate of answers, and that is measured: more at once is kept only where more is answered for it, and fewer are enough
//! where as many are answered.

use std::time::Duration;

use tokio::time::Instant;

/// At once, before anything is known.
pub(super) const FIRST: usize = 8;
/// So much more has to be answered for more at once to be worth it: a knee is closer than a tenth then.
const GAIN: f64 = 1.08;
/// As good as the same.
const SAME: f64 = 0.97;
/// Fewer answers than this are no rate.
const ENOUGH: usize = 12;
/// Nor is anything in a shorter time.
const LONG_ENOUGH: Duration = Duration::from_millis(100);
/// Measurements between two tries; twice as many after each that was for nothing, up to the last.
const PATIENCE: [u32; 2] = [4, 32];
/// With fewer under way on an average than this share of what may be, it is the sender that is measured.
const FULL: f64 = 0.5;
/// Answers that take so much longer than they did mean that the service has less to give than it had.
const SLOWER: u32 = 2;

/// The state of a limiter.
#[derive(Debug)]
pub(super) struct Adaptive {
    most: usize,
    at_once: usize,
    /// Counts the changes of `at_once`: requests of an earlier one tell nothing of this one.
    epoch: u64,
    window: Window,
    phase: Phase,
    is_up_next: bool,
    patience: u32,
    /// How long answers took when this was found to be enough.
    usual: Option<Duration>,
    /// How long answers took that were measured last.
    took: Option<Duration>,
}

/// What is measured of a number at once, from the moment on at which as many as that were answered.
#[derive(Debug, Default)]
struct Window {
    skipped: usize,
    since: Option<Instant>,
    answers: usize,
    /// How long each took, summed up.
    took: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Twice as many at once, as long as it is for something. With half of it, so many were answered in a second.
    Doubling(Option<f64>),
    /// Nothing is tried for so many measurements.
    Resting(u32),
    /// Another number is tried; with `from`, so many were answered in a second.
    Trying { from: usize, rate: f64 },
}

/// A request as it was when it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) at: Instant,
    epoch: u64,
}

impl Adaptive {
    /// One that has at most so many at once.
    pub(super) fn new(most: usize) -> Adaptive {
        let most = most.max(1);
        Adaptive {
            most,
            at_once: FIRST.min(most),
            epoch: 0,
            window: Window::default(),
            phase: Phase::Doubling(None),
            is_up_next: true,
            patience: PATIENCE[0],
            usual: None,
            took: None,
        }
    }

    /// Takes over what was found earlier, unless something was found since.
    pub(super) fn begin_with(&mut self, at_once: usize) {
        if self.epoch == 0 && self.window.skipped == 0 {
            self.rest_at(at_once);
        }
    }

    /// The most requests under way.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    /// A request is sent now.
    pub(super) fn sent(&self, at: Instant) -> Sent {
        Sent { at, epoch: self.epoch }
    }

    /// A request was answered as it should be.
    pub(super) fn answered(&mut self, now: Instant, sent: Sent) {
        if sent.epoch != self.epoch {
            return;
        }
        let window = &mut self.window;
        let Some(since) = window.since else {
            window.skipped += 1;
            window.since = (window.skipped >= self.at_once).then_some(now);
            return;
        };
        window.answers += 1;
        window.took += now - sent.at;
        let lasted = now - since;
        if window.answers >= ENOUGH.max(3 * self.at_once) && lasted >= LONG_ENOUGH {
            let Window { answers, took, .. } = std::mem::take(window);
            // Little's law: so many were under way.
            let under_way = took.as_secs_f64() / lasted.as_secs_f64();
            let is_full = under_way >= FULL * self.at_once as f64;
            let took = took / u32::try_from(answers).unwrap_or(u32::MAX);
            self.measured(is_full.then(|| answers as f64 / lasted.as_secs_f64()), took);
        }
    }

    /// The service had no answer, or said that it is too busy.
    pub(super) fn overloaded(&mut self, sent: Sent) {
        if sent.epoch == self.epoch {
            self.patience = PATIENCE[0];
            self.rest_at(self.at_once / 2);
        }
    }

    /// The service takes so many a second: as many at once as that needs, and some for answers that take longer.
    pub(super) fn fits(&mut self, per_second: f64) {
        // How many that are can't be told before any answer was measured; the pace holds them back.
        let Some(took) = self.took else { return };
        let needed = per_second * took.as_secs_f64();
        self.rest_at((1.5 * needed).ceil() as usize + 1);
    }

    fn measured(&mut self, rate: Option<f64>, took: Duration) {
        self.took = Some(took);
        let now = self.at_once;
        match (self.phase, rate) {
            // The sender has too little to send.
            (Phase::Trying { from, .. }, None) => self.rest_at(from),
            (_, None) => {}
            (Phase::Doubling(before), Some(rate)) => {
                if before.is_some_and(|before| rate < GAIN * before) {
                    self.rest_at(now / 2);
                } else if now == self.most {
                    self.rest_at(now);
                } else {
                    self.change_to(2 * now);
                    self.phase = Phase::Doubling(Some(rate).filter(|_| self.at_once == 2 * now));
                }
            }
            (Phase::Resting(left), Some(rate)) => {
                let usual = *self.usual.get_or_insert(took);
                let is_slower = took > SLOWER * usual;
                if left > 0 && !is_slower {
                    self.phase = Phase::Resting(left - 1);
                    return;
                }
                self.is_up_next = (self.is_up_next && !is_slower && now < self.most) || now == 1;
                let step = (now / 3).max(1);
                self.change_to(if self.is_up_next { now + step } else { now - step.min(now - 1) });
                self.phase = Phase::Trying { from: now, rate };
                if is_slower {
                    self.usual = None;
                }
            }
            (Phase::Trying { from, rate: before }, Some(rate)) => {
                let is_better = if now > from { rate >= GAIN * before } else { rate >= SAME * before };
                if is_better {
                    // The same way on.
                    self.patience = PATIENCE[0];
                    self.usual = None;
                    self.phase = Phase::Resting(0);
                } else {
                    self.is_up_next = !self.is_up_next;
                    self.patience = (2 * self.patience).min(PATIENCE[1]);
                    self.rest_at(from);
                }
            }
        }
    }

    fn rest_at(&mut self, at_once: usize) {
        self.change_to(at_once);
        self.phase = Phase::Resting(self.patience);
    }

    fn change_to(&mut self, at_once: usize) {
        self.at_once = at_once.clamp(1, self.most);
        self.epoch += 1;
        self.window = Window::default();
    }
}

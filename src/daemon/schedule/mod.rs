//! When jobs are due. `cron` knows the cron lines; intervals are counted here, on the boot-time clock, which nobody sets.

mod cron;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

use crate::clock::Moment;
use crate::config::Schedule;
pub(crate) use cron::ScheduleError;
use cron::{Crontab, GLANCE};

/// Makes timers. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Timers(Arc<Crontab>);

impl Timers {
    /// A timer that ticks whenever the schedule says, and so much later.
    ///
    /// # Errors
    /// When a cron line is bad, or the scheduler does not start.
    pub(crate) async fn start(&self, schedule: &Schedule, delay: Duration) -> Result<Timer, ScheduleError> {
        let (trigger, ticks) = Trigger::channel(delay);
        match schedule {
            Schedule::Every(interval) => _ = tokio::spawn(tick_every(*interval, trigger.clone())),
            Schedule::Cron(line) => {
                let (tick, runtime) = (trigger.clone(), Handle::current());
                let fire = move || _ = runtime.spawn(fire_later(tick.clone()));
                self.0.add(line, trigger.silence.clone(), fire).await?;
            }
        }
        Ok(Timer { schedule: schedule.clone(), delay, ticks, _silence: trigger.silence.drop_guard() })
    }
}

/// Ticks when it is due, until it is dropped.
#[must_use = "a timer that is dropped does not tick"]
pub(crate) struct Timer {
    schedule: Schedule,
    delay: Duration,
    ticks: mpsc::Receiver<()>,
    _silence: DropGuard,
}

impl Timer {
    /// Whether it ticks then.
    pub(crate) fn is(&self, schedule: &Schedule, delay: Duration) -> bool {
        (&self.schedule, self.delay) == (schedule, delay)
    }

    /// Waits for the next tick. One waits at most: ticks while one is waiting are the same tick, so that passes
    /// neither overlap nor pile up. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn tick(&mut self) {
        if self.ticks.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

/// The end of a timer's channel where the ticks go in.
#[derive(Clone)]
struct Trigger {
    ticks: mpsc::Sender<()>,
    delay: Duration,
    silence: CancellationToken,
}

impl Trigger {
    fn channel(delay: Duration) -> (Trigger, mpsc::Receiver<()>) {
        let (ticks, receiver) = mpsc::channel(1);
        (Trigger { ticks, delay, silence: CancellationToken::new() }, receiver)
    }

    /// Never waits; does nothing when a tick is waiting already.
    fn fire(&self) {
        if !self.silence.is_cancelled() && self.ticks.try_send(()).is_err() {
            debug!("a job is due again before its last tick was taken");
        }
    }
}

async fn tick_every(interval: Duration, trigger: Trigger) {
    let mut metronome = Metronome::new(interval, trigger.delay, Moment::now().up);
    while trigger.silence.run_until_cancelled(sleep(metronome.wait(Moment::now().up).min(GLANCE))).await.is_some() {
        if metronome.is_due(Moment::now().up) {
            trigger.fire();
        }
    }
}

/// Counts intervals. Those that were missed are not made up for.
struct Metronome {
    interval: SignedDuration,
    due: SignedDuration,
}

impl Metronome {
    fn new(interval: Duration, delay: Duration, now: SignedDuration) -> Metronome {
        // An interval that goes past the end of time is never due.
        let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let interval = signed(interval);
        Metronome { interval, due: now.saturating_add(interval).saturating_add(signed(delay)) }
    }

    fn wait(&self, now: SignedDuration) -> Duration {
        Duration::try_from(self.due.saturating_sub(now)).unwrap_or_default()
    }

    fn is_due(&mut self, now: SignedDuration) -> bool {
        if self.due > now {
            return false;
        }
        // Counted from when it was due, so that being late adds nothing.
        let next = self.due.saturating_add(self.interval);
        self.due = if next > now { next } else { now.saturating_add(self.interval) };
        true
    }
}

async fn fire_later(trigger: Trigger) {
    if trigger.silence.run_until_cancelled(sleep(trigger.delay)).await.is_some() {
        trigger.fire();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_metronome_keeps_its_beat_and_skips_what_it_missed() {
        let start = SignedDuration::from_secs(1_000);
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let mut metronome = Metronome::new(10 * SECOND, Duration::ZERO, start);
        assert_eq!(metronome.wait(at(4)), 6 * SECOND);
        assert!(!metronome.is_due(at(9)));
        assert!(metronome.is_due(at(11)));
        assert_eq!(metronome.wait(at(11)), 9 * SECOND);
        assert!(!metronome.is_due(at(19)));
        assert!(metronome.is_due(at(20)));
        assert_eq!(metronome.wait(at(65)), Duration::ZERO);
        assert!(metronome.is_due(at(65)));
        assert!(!metronome.is_due(at(74)));
        assert!(metronome.is_due(at(75)));
        assert!(!Metronome::new(Duration::MAX, Duration::MAX, start).is_due(at(1_000_000)));
    }

    #[test]
    fn a_delay_moves_every_beat_by_the_same() {
        let at = SignedDuration::from_secs;
        let mut metronome = Metronome::new(10 * SECOND, 3 * SECOND, at(0));
        let due: Vec<i64> = (0..40).filter(|second| metronome.is_due(at(*second))).collect();
        assert_eq!(due, [13, 23, 33]);
    }

    #[test]
    fn ticks_do_not_pile_up() {
        let (trigger, mut ticks) = Trigger::channel(Duration::ZERO);
        trigger.fire();
        trigger.fire();
        assert!(ticks.try_recv().is_ok());
        assert!(ticks.try_recv().is_err());
        drop(ticks);
        trigger.fire();
    }

    #[tokio::test]
    async fn ticks_come_go_on_after_a_stall_and_end() {
        let timers = Timers::default();
        let start = async |schedule| timers.start(&schedule, Duration::ZERO).await.expect("a timer");
        let mut every = start(Schedule::Every(SECOND)).await;
        let mut cron = start(Schedule::Cron("* * * * * *".to_owned())).await;
        for stall in [3 * SECOND, Duration::ZERO] {
            timeout(10 * SECOND, every.tick()).await.expect("a tick in time");
            timeout(10 * SECOND, cron.tick()).await.expect("a tick in time");
            std::thread::sleep(stall);
        }
        // What is left when a timer is gone.
        for Timer { mut ticks, _silence, .. } in [every, cron] {
            drop(_silence);
            while ticks.try_recv().is_ok() {}
            assert!(timeout(2 * SECOND, ticks.recv()).await.is_ok_and(|tick| tick.is_none()), "a tick after the end");
        }
    }
}

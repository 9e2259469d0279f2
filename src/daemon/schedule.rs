//! When jobs are due. The only place that knows tokio-cron-scheduler.
//!
//! What the crate does, and what is done about it:
//! - It starts a job that is due whether or not the last run has ended. So its callback only puts a
//!   tick into a channel with room for one, and our own worker runs the job.
//! - It goes by the wall clock alone. After that was set back, a job would wait until the clock is where it was; so a
//!   cron job is added anew when that happens, and intervals don't use the crate: they are counted on the boot-time
//!   clock.
//! - Zones have a fixed offset, an hour off for half of the year. So everything is UTC.
//! - A scheduler never ends: its tasks hold the channels that they wait for, some 200 kB. So a process has one, and
//!   jobs are added to it and taken out of it.
//! - A job that was taken out may still be started once: a tick carries nothing but "now", and is cut off by a token
//!   of ours.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;
use tokio::sync::{OnceCell, mpsc};
use tokio::time::sleep;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, error, info};
use uuid::Uuid;

use crate::clock::Moment;
use crate::config::Schedule;

/// How often the clocks are compared: a clock that was set, or a machine that was suspended, is noticed so late at most.
const GLANCE: Duration = Duration::from_secs(10);
/// A wall clock that was set back by less is only late by that.
const SET_BACK: SignedDuration = SignedDuration::from_secs(1);

/// Why there is no schedule.
#[derive(Debug, Error)]
pub(crate) enum ScheduleError {
    /// Not a cron line.
    #[error("{0:?} is not a cron line of six fields (second minute hour day month weekday)")]
    Cron(String),
    /// A cron line without a time to come, such as the 30th of February.
    #[error("the cron line {0:?} is never due")]
    Never(String),
    /// The scheduler itself would not start.
    #[error("the scheduler did not start: {0}")]
    Scheduler(#[from] JobSchedulerError),
}

/// Makes timers. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Timers(Arc<OnceCell<JobScheduler>>);

impl Timers {
    /// A timer that ticks whenever the schedule says, and so much later.
    ///
    /// # Errors
    /// When a cron line is bad, or the scheduler does not start.
    pub(crate) async fn start(&self, schedule: &Schedule, delay: Duration) -> Result<Timer, ScheduleError> {
        let (trigger, ticks) = Trigger::channel(delay);
        let work: futures_util::future::BoxFuture<'static, ()> = match schedule {
            Schedule::Every(interval) => Box::pin(tick_every(*interval, trigger.clone())),
            Schedule::Cron(line) => {
                let scheduler = self.scheduler().await?;
                let job = add(scheduler, line, &trigger).await?;
                Box::pin(keep_in_step(scheduler.clone(), line.clone(), job, trigger.clone()))
            }
        };
        tokio::spawn(work);
        Ok(Timer { schedule: schedule.clone(), delay, ticks, _silence: trigger.silence.drop_guard() })
    }

    async fn scheduler(&self) -> Result<&JobScheduler, JobSchedulerError> {
        let start = async || {
            let scheduler = JobScheduler::new().await?;
            scheduler.start().await?;
            Ok(scheduler)
        };
        self.0.get_or_try_init(start).await
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

/// A cron job of the crate, for as long as the trigger is not silenced.
async fn keep_in_step(scheduler: JobScheduler, line: String, mut job: Uuid, trigger: Trigger) {
    let mut before = Moment::now();
    while trigger.silence.run_until_cancelled(sleep(GLANCE)).await.is_some() {
        let now = Moment::now();
        if now.set_by(before) < -SET_BACK {
            info!(schedule = %line, "the clock was set back; what is due is reckoned anew");
            match add(&scheduler, &line, &trigger).await {
                Ok(new) => remove(&scheduler, std::mem::replace(&mut job, new)).await,
                // Tried again at the next glance: what is compared with is the moment before the clock was set.
                Err(error) => {
                    error!(schedule = %line, "a job can't be scheduled anew: {error}");
                    continue;
                }
            }
        }
        before = now;
    }
    remove(&scheduler, job).await;
}

async fn add(scheduler: &JobScheduler, line: &str, trigger: &Trigger) -> Result<Uuid, ScheduleError> {
    let trigger = trigger.clone();
    Ok(scheduler.add(cron(line, move || fire_later(&trigger))?).await?)
}

/// Taking a job out fails only together with the scheduler.
async fn remove(scheduler: &JobScheduler, job: Uuid) {
    if let Err(error) = scheduler.remove(&job).await {
        debug!(%error, "a job was not taken out");
    }
}

fn fire_later(trigger: &Trigger) {
    let trigger = trigger.clone();
    tokio::spawn(async move {
        if trigger.silence.run_until_cancelled(sleep(trigger.delay)).await.is_some() {
            trigger.fire();
        }
    });
}

fn cron(line: &str, mut tick: impl FnMut() + Send + Sync + 'static) -> Result<Job, ScheduleError> {
    let mut job = Job::new(line, move |_, _| tick()).map_err(|_| ScheduleError::Cron(line.to_owned()))?;
    // The crate has no error for this: it would drop the job in silence.
    if job.job_data()?.next_tick == 0 {
        return Err(ScheduleError::Never(line.to_owned()));
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn cron_lines_are_checked() {
        let job = |line| cron(line, || ()).map(drop);
        assert!(job("0 */15 * * * *").is_ok());
        assert!(job("0 0 3 * * *").is_ok());
        assert!(matches!(job("*/15 * * * *"), Err(ScheduleError::Cron(_))));
        assert!(matches!(job("every now and then"), Err(ScheduleError::Cron(_))));
        assert!(matches!(job("0 0 0 30 2 *"), Err(ScheduleError::Never(_))));
    }

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

    // On one thread, so that holding it up holds up the scheduler too.
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

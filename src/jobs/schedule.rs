//! When jobs are due. The only place that knows tokio-cron-scheduler.
//!
//! What the crate does, and what is done about it:
//! - It starts a job that is due whether or not the last run has ended. So its callback only puts a
//!   tick into a channel with room for one, and our own worker runs the job.
//! - Its repeated jobs stop for good once they are more than one interval late (after a suspend, or
//!   when the clock is set forward): the next time of such a job only moves when it runs. So `every`
//!   is a cron job of every second that looks at a clock nobody sets.
//! - Zones have a fixed offset, an hour off for half of the year. So everything is UTC.
//! - `shutdown` leaves a last tick possible, and its tasks keep the callbacks: a tick carries
//!   nothing but "now", and is cut off by a token of ours.
//!
//! Left to know: when the wall clock is set *back*, ticks wait until it is where it was.

use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

use crate::config::Schedule;

/// Why there is no schedule.
#[derive(Debug, Error)]
pub enum ScheduleError {
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

fn job(schedule: &Schedule, mut tick: impl FnMut() + Send + Sync + 'static) -> Result<Job, ScheduleError> {
    match schedule {
        Schedule::Cron(line) => cron(line, tick),
        Schedule::Every(interval) => {
            let mut metronome = Metronome::new(*interval, Instant::now());
            cron("* * * * * *", move || {
                if metronome.is_due(Instant::now()) {
                    tick();
                }
            })
        }
    }
}

fn cron(line: &str, mut tick: impl FnMut() + Send + Sync + 'static) -> Result<Job, ScheduleError> {
    let mut job = Job::new(line, move |_, _| tick()).map_err(|_| ScheduleError::Cron(line.to_owned()))?;
    // The crate has no error for this: it would drop the job in silence.
    if job.job_data()?.next_tick == 0 {
        return Err(ScheduleError::Never(line.to_owned()));
    }
    Ok(job)
}

/// Counts intervals on the monotonic clock. Intervals that were missed are not made up for.
struct Metronome {
    interval: Duration,
    due: Option<Instant>,
}

impl Metronome {
    /// An interval that goes past the end of time is never due.
    fn new(interval: Duration, now: Instant) -> Metronome {
        Metronome { interval, due: now.checked_add(interval) }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let Some(due) = self.due.filter(|due| *due <= now) else { return false };
        // Counted from when it was due, so that looking once a second adds no delay of its own.
        let next = due.checked_add(self.interval);
        self.due = next.filter(|next| *next > now).or_else(|| now.checked_add(self.interval));
        true
    }
}

/// The end of a job's channel that makes it run.
#[derive(Debug, Clone)]
pub struct Trigger(mpsc::Sender<()>);

impl Trigger {
    /// A trigger, and where its ticks come out. One tick waits at most: ticks while one is waiting
    /// are the same tick, so passes neither overlap nor pile up.
    pub fn channel() -> (Trigger, mpsc::Receiver<()>) {
        let (sender, receiver) = mpsc::channel(1);
        (Trigger(sender), receiver)
    }

    /// Asks for a run. Never waits; does nothing when a run is already asked for.
    pub fn fire(&self) {
        if self.0.try_send(()).is_err() {
            debug!("a job is due again before its last tick was taken");
        }
    }
}

/// Fires triggers when they are due, until it is stopped or dropped.
#[must_use = "a timer that is dropped fires nothing"]
pub struct Timer {
    scheduler: JobScheduler,
    _silence: DropGuard,
}

impl Timer {
    /// Starts the clock for these jobs.
    ///
    /// # Errors
    /// When a cron line is bad (nothing is started then), or the scheduler does not start.
    pub async fn start(jobs: Vec<(Schedule, Trigger)>) -> Result<Timer, ScheduleError> {
        let silence = CancellationToken::new();
        let jobs = jobs
            .into_iter()
            .map(|(when, trigger)| {
                let silence = silence.clone();
                job(&when, move || {
                    if !silence.is_cancelled() {
                        trigger.fire();
                    }
                })
            })
            .collect::<Result<Vec<_>, _>>()?;

        let scheduler = JobScheduler::new().await?;
        for job in jobs {
            scheduler.add(job).await?;
        }
        scheduler.start().await?;
        Ok(Timer { scheduler, _silence: silence.drop_guard() })
    }

    /// Stops the clock; no trigger fires afterwards. Waits for nothing.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            debug!(%error, "the scheduler did not stop");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    fn cron_line(line: &str) -> Schedule {
        Schedule::Cron(line.to_owned())
    }

    #[test]
    fn cron_lines_are_checked() {
        assert!(job(&cron_line("0 */15 * * * *"), || ()).map(drop).is_ok());
        assert!(job(&cron_line("0 0 3 * * *"), || ()).map(drop).is_ok());
        assert!(matches!(job(&cron_line("*/15 * * * *"), || ()).map(drop), Err(ScheduleError::Cron(_))));
        assert!(matches!(job(&cron_line("every now and then"), || ()).map(drop), Err(ScheduleError::Cron(_))));
        assert!(matches!(job(&cron_line("0 0 0 30 2 *"), || ()).map(drop), Err(ScheduleError::Never(_))));
    }

    #[test]
    fn a_metronome_keeps_its_beat_and_skips_what_it_missed() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut metronome = Metronome::new(Duration::from_secs(10), start);
        assert!(!metronome.is_due(at(9)));
        assert!(metronome.is_due(at(11)));
        assert!(!metronome.is_due(at(19)));
        assert!(metronome.is_due(at(20)));
        assert!(metronome.is_due(at(65)));
        assert!(!metronome.is_due(at(74)));
        assert!(metronome.is_due(at(75)));
        assert!(!Metronome::new(Duration::MAX, start).is_due(at(1_000_000)));
    }

    #[test]
    fn ticks_do_not_pile_up() {
        let (trigger, mut ticks) = Trigger::channel();
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
        let (every, mut every_ticks) = Trigger::channel();
        let (cron, mut cron_ticks) = Trigger::channel();
        let second = Duration::from_secs(1);
        let jobs = vec![(Schedule::Every(second), every), (cron_line("* * * * * *"), cron)];
        let timer = Timer::start(jobs).await.expect("a timer");
        for stall in [3 * second, Duration::ZERO] {
            timeout(10 * second, every_ticks.recv()).await.expect("a tick in time");
            timeout(10 * second, cron_ticks.recv()).await.expect("a tick in time");
            std::thread::sleep(stall);
        }
        timeout(second, timer.stop()).await.expect("it stops at once");
        while every_ticks.try_recv().is_ok() {}
        assert!(timeout(second, every_ticks.recv()).await.is_err(), "a tick after the end");
    }
}

//! Cron lines. The only place that knows tokio-cron-scheduler.
//!
//! What the crate does, and what is done about it:
//! - It looks every half second whether something is due. So it has a thread and a runtime of its own, which only run
//!   while something is: in between, the thread sleeps until the next time that the crate itself names.
//! - It starts a job that is due whether or not the last run has ended. So its callback only tells a trigger, and our
//!   own worker runs the job.
//! - It goes by the wall clock alone. After that was set back, a job would wait until the clock is where it was; so a
//!   job is added anew when that happens.
//! - Zones have a fixed offset, an hour off for half of the year. So everything is UTC.
//! - A scheduler never ends: its tasks hold the channels that they wait for, some 200 kB. They end with their runtime.
//! - A job that was taken out may still be started once: its trigger is silent by then.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};
use uuid::Uuid;

use crate::clock::Moment;

/// How often the clocks are compared: a clock that was set, or a machine that was suspended, is noticed so late at most.
pub(super) const GLANCE: Duration = Duration::from_secs(10);
/// A wall clock that was set back by less is only late by that.
const SET_BACK: SignedDuration = SignedDuration::from_secs(1);
/// How long the crate may take to start what is due: it looks every half second.
const STARTS_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);

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
    /// Nor would its thread.
    #[error("the scheduler has no thread: {0}")]
    Thread(#[from] io::Error),
}

type Fire = Arc<dyn Fn() + Send + Sync>;

/// A line that is wanted from now on, until it is silenced.
struct Order {
    line: String,
    silence: CancellationToken,
    fire: Fire,
    done: oneshot::Sender<Result<(), ScheduleError>>,
}

/// The cron lines of a process. Its thread is started with the first one, and ends when this is gone.
#[derive(Default)]
pub(super) struct Crontab(Mutex<Option<Sender<Order>>>);

impl Crontab {
    /// Calls `fire` whenever the line is due, until it is silenced.
    pub(super) async fn add(
        &self,
        line: &str,
        silence: CancellationToken,
        fire: impl Fn() + Send + Sync + 'static,
    ) -> Result<(), ScheduleError> {
        let (done, answer) = oneshot::channel();
        let order = Order { line: line.to_owned(), silence, fire: Arc::new(fire), done };
        // A thread that has ended takes none: its order is dropped, and told so below.
        let _ = self.thread()?.send(order);
        answer.await.unwrap_or(Err(JobSchedulerError::CantAdd.into()))
    }

    fn thread(&self) -> io::Result<Sender<Order>> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = &*orders {
            return Ok(orders.clone());
        }
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (sender, receiver) = channel();
        thread::Builder::new().name("cron".into()).spawn(move || {
            if let Err(error) = keep(&runtime, &receiver) {
                error!("the scheduler did not start: {error}");
            }
        })?;
        *orders = Some(sender.clone());
        Ok(sender)
    }
}

/// A line as the crate has it.
struct Entry {
    line: String,
    silence: CancellationToken,
    fire: Fire,
    job: Uuid,
    /// Whether it was started since it was looked at last.
    was_started: Arc<AtomicBool>,
}

struct Table<'r> {
    runtime: &'r Runtime,
    scheduler: JobScheduler,
    entries: Vec<Entry>,
}

/// Looks after the lines until nobody can order any more.
fn keep(runtime: &Runtime, orders: &Receiver<Order>) -> Result<(), JobSchedulerError> {
    let scheduler = drive(runtime, async {
        let scheduler = JobScheduler::new().await?;
        scheduler.start().await?;
        Ok::<_, JobSchedulerError>(scheduler)
    })
    .unwrap_or(Err(JobSchedulerError::StartScheduler))?;
    let mut table = Table { runtime, scheduler, entries: Vec::new() };
    let mut before = Moment::now();
    loop {
        match orders.recv_timeout(table.next().min(GLANCE)) {
            Ok(Order { line, silence, fire, done }) => {
                // Whoever ordered may have gone.
                let _ = done.send(table.add(line, silence, fire));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        table.forget_silent();
        let now = Moment::now();
        if now.set_by(before) < -SET_BACK && table.reckon_anew().is_err() {
            // Tried again at the next glance: what is compared with is the moment before the clock was set.
            continue;
        }
        before = now;
        table.start_due();
    }
}

impl Table<'_> {
    fn add(&mut self, line: String, silence: CancellationToken, fire: Fire) -> Result<(), ScheduleError> {
        let was_started = Arc::new(AtomicBool::new(false));
        let job = self.schedule(&line, &fire, &was_started)?;
        self.entries.push(Entry { line, silence, fire, job, was_started });
        Ok(())
    }

    fn schedule(&self, line: &str, fire: &Fire, was_started: &Arc<AtomicBool>) -> Result<Uuid, ScheduleError> {
        let (fire, was_started) = (Arc::clone(fire), Arc::clone(was_started));
        let job = cron(line, move || {
            was_started.store(true, Ordering::Relaxed);
            fire();
        })?;
        Ok(drive(self.runtime, self.scheduler.add(job)).unwrap_or(Err(JobSchedulerError::CantAdd))?)
    }

    fn forget_silent(&mut self) {
        let (runtime, scheduler) = (self.runtime, &self.scheduler);
        self.entries.retain(|entry| {
            if entry.silence.is_cancelled() {
                drive(runtime, remove(scheduler, entry.job));
            }
            !entry.silence.is_cancelled()
        });
    }

    /// Adds every job anew, after the clock was set back.
    fn reckon_anew(&mut self) -> Result<(), ScheduleError> {
        for at in 0..self.entries.len() {
            let Entry { line, fire, job, was_started, .. } = &self.entries[at];
            info!(schedule = %line, "the clock was set back; what is due is reckoned anew");
            let new = self.schedule(line, fire, was_started);
            let new = new.inspect_err(|error| error!(schedule = %line, "a job can't be scheduled anew: {error}"))?;
            drive(self.runtime, remove(&self.scheduler, *job));
            self.entries[at].job = new;
        }
        Ok(())
    }

    /// How long until the next job is due.
    fn next(&mut self) -> Duration {
        let due: Vec<Timestamp> = (0..self.entries.len()).filter_map(|at| self.due(at)).collect();
        let next = due.into_iter().min().map(|due| due.duration_since(Timestamp::now()));
        next.map_or(Duration::MAX, |wait| Duration::try_from(wait).unwrap_or_default())
    }

    /// When the crate will start a job.
    fn due(&mut self, at: usize) -> Option<Timestamp> {
        let next = drive(self.runtime, self.scheduler.next_tick_for_job(self.entries[at].job))?.ok()??;
        Timestamp::from_second(next.timestamp()).ok()
    }

    /// Lets the crate run until it has started what is due.
    fn start_due(&mut self) {
        let now = Timestamp::now();
        let due: Vec<usize> =
            (0..self.entries.len()).filter(|at| self.due(*at).is_some_and(|due| due <= now)).collect();
        if due.is_empty() {
            return;
        }
        due.iter().for_each(|at| self.entries[*at].was_started.store(false, Ordering::Relaxed));
        let started: Vec<_> = due.iter().map(|at| Arc::clone(&self.entries[*at].was_started)).collect();
        let all_started = async {
            while !started.iter().all(|started| started.load(Ordering::Relaxed)) {
                sleep(LOOK).await;
            }
            // When it is due next is written down beside.
            sleep(LOOK).await;
        };
        let started = drive(self.runtime, async { timeout(STARTS_WITHIN, all_started).await });
        if started.is_none_or(|started| started.is_err()) {
            debug!("what is due was not started in time; it is tried again");
        }
    }
}

/// Lets the crate run until this is done. Always some; of one type, so that the runtime is in the program once and not for
/// each use of it.
fn drive<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Option<T> {
    let mut done = None;
    {
        let mut work = std::pin::pin!(async { done = Some(work.await) });
        let work: Pin<&mut dyn Future<Output = ()>> = work.as_mut();
        runtime.block_on(work);
    }
    done
}

/// Taking a job out fails only together with the scheduler.
async fn remove(scheduler: &JobScheduler, job: Uuid) {
    if let Err(error) = scheduler.remove(&job).await {
        debug!(%error, "a job was not taken out");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_lines_are_checked() {
        let job = |line| cron(line, || ()).map(drop);
        assert!(job("0 */15 * * * *").is_ok());
        assert!(job("0 0 3 * * *").is_ok());
        assert!(matches!(job("*/15 * * * *"), Err(ScheduleError::Cron(_))));
        assert!(matches!(job("every now and then"), Err(ScheduleError::Cron(_))));
        assert!(matches!(job("0 0 0 30 2 *"), Err(ScheduleError::Never(_))));
    }

    /// How often the thread looks, and for how long the crate runs, in four seconds of a line that is due each second.
    #[test]
    fn a_line_ticks_once_each_time_it_is_due() {
        let table = Crontab::default();
        let (ticked, ticks) = channel();
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let silence = CancellationToken::new();
        let fire = move || _ = ticked.send(Timestamp::now());
        runtime.block_on(table.add("* * * * * *", silence.clone(), fire)).expect("added");
        let times: Vec<Timestamp> = ticks.iter().take(4).collect();
        for pair in times.windows(2) {
            assert!(pair[1].as_second() > pair[0].as_second(), "twice in a second: {times:?}");
        }
        silence.cancel();
    }
}

//! A job while the daemon runs: when it is due, and the pass under way. Never two passes of a job at once, and no job
//! waits for another.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::select_all;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};

use super::feed_watch::FeedWatch;
use super::schedule::{ScheduleError, Timer, Timers};
use super::status_line::Part;
use crate::config::Source;
use crate::heartbeat::Heart;
use crate::pass::ReadPasses as _;
use crate::pass::{Ask, BoxFuture, Failing, Job, Outcome, PassKind, PassLog, PassRow, Report, Step};
use crate::shop::Shop;
use crate::state::Reader;
use crate::text::{plain, shorten_to};
use crate::web::private::Monitor;

/// Passes among which the first of those that fail is looked for.
const LOOKED_AT: u32 = 1_000;
/// Characters of why a pass failed that `systemctl status` shows, the mark where it is cut included.
const WHY: usize = 116;
/// Before that.
const LONG: usize = 4_000;

/// See the module.
pub(super) struct Runner {
    job: Option<Arc<dyn Job>>,
    timers: Vec<(PassKind, Timer)>,
    /// Tells when the feed's file was written.
    feed: Option<FeedWatch>,
    due: Option<PassKind>,
    force_next: bool,
    /// Whether the pass under way goes past the guard.
    is_forced: bool,
    /// The pass under way was stopped for a pause.
    is_stopped: bool,
    /// And the pause is over since.
    is_resumed: bool,
    /// What passes were for that a pause has kept from sending.
    missed: Option<PassKind>,
    /// Of a resync that failed: the next one may be a day away.
    second_try: SecondTry,
    /// Ends the pass under way, and no other.
    pass_stop: CancellationToken,
    /// The pass under way, with the job as it was when the pass began.
    pass: Option<(Arc<dyn Job>, BoxFuture<'static, Report>)>,
    log: Option<PassLog>,
    /// Since when its passes fail; `None` = the last one did not.
    failing: Option<Timestamp>,
    line: Part,
    monitor: Monitor,
    /// Told of each pass.
    heart: Heart,
    /// Told that a pass has ended.
    passed: Arc<Notify>,
}

/// A resync that failed or was cut off is made up for, once, as soon as a pass goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecondTry {
    /// There is nothing to be made up for.
    None,
    /// With the next pass that goes well.
    Wanted,
    /// It is under way, or due.
    Begun,
}

impl Runner {
    /// A runner without a job.
    pub(super) fn new(force_next: bool, line: Part, monitor: Monitor, heart: Heart, passed: Arc<Notify>) -> Runner {
        Runner {
            job: None,
            timers: Vec::new(),
            feed: None,
            due: None,
            force_next,
            is_forced: false,
            is_stopped: false,
            is_resumed: false,
            missed: None,
            second_try: SecondTry::None,
            pass_stop: CancellationToken::new(),
            pass: None,
            log: None,
            failing: None,
            line,
            monitor,
            heart,
            passed,
        }
    }

    /// From now on, this is the job; a pass under way ends as it began. One that has another subject than before is
    /// due at once: whatever was left undone has waited long enough.
    pub(super) async fn assign(
        &mut self,
        job: Option<Arc<dyn Job>>,
        shop: &Shop,
        timers: &Timers,
    ) -> Result<(), ScheduleError> {
        self.timers = self.timers_of(job.as_deref(), timers).await?;
        self.watch(job.as_deref().and_then(Job::feed).and_then(Source::watched));
        let subject = |job: &Arc<dyn Job>| job.subject();
        let is_another = self.job.as_ref().map(subject) != job.as_ref().map(subject);
        self.job = job;
        match &self.job {
            None => {
                self.due = None;
                self.line.clear();
            }
            Some(job) if is_another => {
                let passes = passes(shop, job.as_ref());
                self.failing = passes
                    .iter()
                    .take_while(|pass| pass.outcome == Outcome::Failed)
                    .last()
                    .map(|pass| pass.finished.at);
                let resync = passes.iter().find(|pass| pass.kind == PassKind::Resync);
                let is_due = job.due().iter().any(|due| due.kind == PassKind::Resync);
                let has_failed = is_due && resync.is_some_and(|pass| pass.outcome == Outcome::Failed);
                self.second_try = if has_failed { SecondTry::Wanted } else { SecondTry::None };
                self.log.get_or_insert_with(|| PassLog::new(passes.into_iter().next(), Failing::Warning));
                self.wants(PassKind::Sync);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// From now on, this file is watched. One that was already goes on being so.
    fn watch(&mut self, path: Option<&Path>) {
        if self.feed.as_ref().map(FeedWatch::path) != path {
            self.feed = path.map(FeedWatch::start);
        }
    }

    /// Whether its job reads the feed.
    pub(super) fn reads_feed(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.feed().is_some())
    }

    /// Timers that are there already stay: whoever reloads the settings more often than a job is due would otherwise
    /// never see it run.
    async fn timers_of(
        &mut self,
        job: Option<&dyn Job>,
        timers: &Timers,
    ) -> Result<Vec<(PassKind, Timer)>, ScheduleError> {
        let mut before = std::mem::take(&mut self.timers);
        let mut after = Vec::new();
        for due in job.map(Job::due).unwrap_or_default() {
            let is_there =
                before.iter().position(|(kind, timer)| *kind == due.kind && timer.is(&due.schedule, due.delay));
            let timer = match is_there {
                Some(at) => before.swap_remove(at).1,
                None => timers.start(&due.schedule, due.delay).await?,
            };
            after.push((due.kind, timer));
        }
        Ok(after)
    }

    /// A pass is due now.
    pub(super) fn wants(&mut self, kind: PassKind) {
        if self.job.is_none() {
            return;
        }
        self.due = Some(self.due.map_or(kind, |due| due.and(kind)));
        if let Some((job, _)) = &self.pass {
            job.wanted_again();
        }
    }

    /// Ends the pass under way for a pause: what was acknowledged is in the state, and the rest is for another one.
    pub(super) fn interrupt(&mut self) {
        self.pass_stop.cancel();
        self.is_stopped = self.is_busy();
    }

    /// A pause is over: what it has kept from being sent is due now.
    pub(super) fn resume(&mut self) {
        let missed = self.missed.take().unwrap_or(PassKind::Sync);
        self.is_resumed = self.is_stopped;
        self.wants(missed);
    }

    /// Whether a pass is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.pass.is_some()
    }

    /// Begins a pass if one is due and none is under way.
    pub(super) fn begin(&mut self, shop: &Shop, stop: &CancellationToken) {
        let Some(job) = self.job.clone().filter(|_| self.pass.is_none()) else { return };
        let Some(kind) = self.due.take() else { return };
        self.is_forced = std::mem::take(&mut self.force_next);
        self.pass_stop = stop.child_token();
        let ask = Ask { kind, force: self.is_forced };
        let label = job.label(kind);
        // One that looks every few seconds whether there is anything for it would make the line flicker.
        if !job.follows_others() {
            self.line.busy(format!("{label} under way"));
        }
        let (line, stop, worker) = (self.line.clone(), self.pass_stop.clone(), Arc::clone(&job));
        let caller = shop.config.caller();
        let pass = async move {
            let progress = |step: Step| {
                let is_news = !matches!(step, Step::Sending { done, of } if done % 100 != 0 && done != of);
                if is_news {
                    line.busy(format!("{label}: {}", step.words()));
                }
            };
            worker.run(ask, &stop, &progress).await.typed(&caller)
        };
        self.heart.begins(job.as_ref());
        let pass = match &shop.name {
            Some(name) => on_its_own(pass.instrument(info_span!("shop", shop = &**name))),
            None => on_its_own(pass),
        };
        self.pass = Some((job, pass));
    }

    /// Waits until it is due, or a pass has ended; gives whether it is the latter. Nothing is lost when it is not
    /// waited for to the end.
    pub(super) async fn turn(&mut self) -> bool {
        let report = tokio::select! {
            report = running(self.pass.as_mut()) => report,
            kind = tick(&mut self.timers) => {
                self.wants(kind);
                return false;
            }
            () = written(self.feed.as_mut()) => {
                self.wants(PassKind::Sync);
                return false;
            }
        };
        let Some((job, _)) = self.pass.take() else { return false };
        self.ended(job.as_ref(), &report);
        true
    }

    /// What a pause has kept from being sent is for the pass behind it. It may be over before the pass has ended.
    fn miss(&mut self, report: &Report) {
        let is_stopped = std::mem::take(&mut self.is_stopped) && report.is_interrupted();
        let is_resumed = std::mem::take(&mut self.is_resumed);
        if !report.is_paused() && !is_stopped {
            return;
        }
        let kind = report.row.kind;
        self.force_next |= self.is_forced;
        if is_resumed {
            return self.wants(kind);
        }
        self.missed = Some(self.missed.map_or(kind, |missed| missed.and(kind)));
    }

    /// After a pass: whether a resync is made up for.
    fn make_up(&mut self, report: &Report) {
        let has_failed = report.row.outcome == Outcome::Failed;
        let before = self.second_try;
        self.second_try = match (report.row.kind, before) {
            (PassKind::Resync, SecondTry::Begun) => SecondTry::None,
            (PassKind::Resync, _) if has_failed => SecondTry::Wanted,
            (PassKind::Resync, _) => SecondTry::None,
            (PassKind::Sync, SecondTry::Wanted) if report.row.outcome.is_good() => SecondTry::Begun,
            (PassKind::Sync, before) => before,
        };
        if self.second_try == SecondTry::Begun && before != SecondTry::Begun {
            self.wants(PassKind::Resync);
        }
    }

    fn ended(&mut self, job: &dyn Job, report: &Report) {
        self.monitor.record(job, report);
        self.heart.ended(job, report);
        if !job.follows_others() {
            self.passed.notify_one();
        }
        self.miss(report);
        self.make_up(report);
        if let Some(log) = &mut self.log {
            log.tell(job, report);
        }
        self.failing = failing_since(self.failing, &report.row);
        // The section may be gone since.
        if self.job.is_some() {
            self.line.idle(self.failure(job, report).unwrap_or_else(|| report.headline.clone()));
        }
    }

    /// Of a pass that failed: why, since when they do, and when the next one is due.
    fn failure(&self, job: &dyn Job, report: &Report) -> Option<String> {
        let since = self.failing?;
        let why = shorten_to(&plain(report.row.reason.as_deref()?, LONG), WHY);
        let due = job.due().into_iter().filter_map(|due| due.schedule.due_behind(report.row.started, due.delay));
        let next = due.min().map(|next| next.max(report.row.finished.at));
        let next = next.map(|next| format!(", next try {next:.0}")).unwrap_or_default();
        Some(format!("{}: failed since {since:.0}: {why}{next}", report.label))
    }

    /// Waits for the pass under way.
    pub(super) async fn stop(mut self) {
        if let Some((job, pass)) = self.pass.take() {
            let report = pass.await;
            self.ended(job.as_ref(), &report);
        }
    }
}

/// Since when passes fail, after one more; `None` = they don't.
fn failing_since(before: Option<Timestamp>, row: &PassRow) -> Option<Timestamp> {
    (row.outcome == Outcome::Failed).then(|| before.unwrap_or(row.finished.at))
}

/// The passes of a job that the state knows, the latest first, as far back as is looked. What keeps us from reading them
/// is told by the next pass.
fn passes(shop: &Shop, job: &dyn Job) -> Vec<PassRow> {
    let read = |reader: Reader| reader.passes(job.name(), &job.subject(), LOOKED_AT).ok();
    Reader::open(shop.state.path()).ok().and_then(read).unwrap_or_default()
}

/// Begins a pass in a task of its own: one that computes must not keep the watchdog waiting.
fn on_its_own<T: Send + 'static>(pass: impl Future<Output = T> + Send + 'static) -> BoxFuture<'static, T> {
    let task = tokio::spawn(pass);
    Box::pin(async move {
        match task.await {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    })
}

/// The end of a pass, if one is under way.
async fn running(pass: Option<&mut (Arc<dyn Job>, BoxFuture<'static, Report>)>) -> Report {
    match pass {
        Some((_, pass)) => pass.await,
        None => std::future::pending().await,
    }
}

/// The next time that the feed's file was written, if it is watched.
async fn written(feed: Option<&mut FeedWatch>) {
    match feed {
        Some(feed) => feed.written().await,
        None => std::future::pending().await,
    }
}

/// The next tick of any timer.
async fn tick(timers: &mut [(PassKind, Timer)]) -> PassKind {
    if timers.is_empty() {
        return std::future::pending().await;
    }
    let ticks = timers.iter_mut().map(|(kind, timer)| {
        let kind = *kind;
        Box::pin(async move {
            timer.tick().await;
            kind
        })
    });
    select_all(ticks).await.0
}

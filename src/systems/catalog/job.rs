//! A pass from one end to the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info, info_span, warn};

use crate::config::{Prune, Strategy};
use crate::pass::{Outcome, PassKind, PassRow};
use crate::remote::{Traffic, nicechat};
use crate::source::Body;
use crate::state::{self, Ending, Experience, FeedMark, Intent, RowsEnding, StateError};
use crate::systems::catalog::apply::{Applied, apply};
use crate::systems::catalog::body::shape_key;
use crate::systems::catalog::body::{self, Answer, FeedBody};
use crate::systems::catalog::context::{Context, Progress, Step};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::import::{Ended, Importer};
use crate::systems::catalog::plan::operation::Summary;
use crate::systems::catalog::plan::store::SharedStaging;
use crate::systems::catalog::planner::{Occasion, Plan, needs_listing, prepare};
use crate::systems::catalog::strategy::address::Address;
use crate::systems::catalog::strategy::cost::Way;
use crate::systems::catalog::wait::interruptible;
use crate::task;

/// Fewer requests than this say nothing about NiceChat's pace.
const ENOUGH_REQUESTS: u64 = 50;

/// What a pass came to.
#[derive(Debug)]
pub struct Report {
    /// The row that it left in the state.
    pub row: PassRow,
    /// What the comparison came to, if there was one.
    pub summary: Option<Summary>,
    /// What went wrong.
    pub error: Option<PassError>,
    /// Objects that NiceChat refuses, from this pass or an earlier one.
    pub refused: u64,
    /// How long it took, whatever the wall clock did meanwhile.
    pub took: Duration,
    /// What went to NiceChat and back.
    pub traffic: Traffic,
    /// What became of the import, if there was one.
    pub import: Option<ImportReport>,
}

/// What became of a pass's import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// Why it failed; `None` = it succeeded.
    pub failure: Option<String>,
    /// What NiceChat counted less than the feed has.
    pub shortfall: Option<String>,
}

/// Makes a pass, and leaves its row in the state. Never fails: what went wrong is in the report.
pub async fn run(
    context: &Context,
    kind: PassKind,
    force: bool,
    stop: &CancellationToken,
    progress: Progress<'_>,
) -> Report {
    let began = Instant::now();
    let mut pass = Pass::new(context, kind, Timestamp::now());
    // Everything that is logged on the way tells which pass it belongs to.
    let span = info_span!("pass", pass = pass.started.as_millisecond());
    let mut error = pass.go(force, stop, progress).instrument(span).await.err();
    let mut row = pass.row(error.as_ref());
    let ending = Ending {
        row: row.clone(),
        mark: pass.mark.take(),
        listed: pass.listed_scope,
        nameless: pass.nameless,
        foreign: pass.summary.as_ref().and_then(Summary::foreign),
        experience: pass.experience,
        rows: pass.rows.take(),
    };
    if let Err(unwritten) = context.state.finish(ending).await {
        row.outcome = Outcome::Failed;
        error.get_or_insert(PassError::State(unwritten));
    }
    let import = pass.import.map(|Ended { failure, shortfall, .. }| ImportReport { failure, shortfall });
    let took = began.elapsed();
    Report { row, summary: pass.summary, error, refused: pass.refused, took, traffic: pass.traffic, import }
}

struct Pass<'a> {
    context: &'a Context,
    occasion: Occasion,
    started: Timestamp,
    summary: Option<Summary>,
    applied: Applied,
    guard: Option<String>,
    outcome: Option<Outcome>,
    traffic: Traffic,
    listed_scope: Option<bool>,
    mark: Option<FeedMark>,
    rows: Option<RowsEnding>,
    refused: u64,
    nameless: Option<u64>,
    import: Option<Ended>,
    imported: Imported,
    experience: Option<Experience>,
}

/// Objects that an import dealt with.
#[derive(Debug, Clone, Copy, Default)]
struct Imported {
    /// It created them.
    created: u64,
    /// It was to change them. What it left of that the pass has changed after it.
    updated: u64,
}

impl<'a> Pass<'a> {
    fn new(context: &'a Context, kind: PassKind, started: Timestamp) -> Pass<'a> {
        Pass {
            context,
            occasion: Occasion { kind, now: started, keeps_rows: true },
            started,
            summary: None,
            applied: Applied::default(),
            guard: None,
            outcome: None,
            traffic: Traffic::default(),
            listed_scope: None,
            mark: None,
            rows: None,
            refused: 0,
            nameless: None,
            import: None,
            imported: Imported::default(),
            experience: None,
        }
    }

    async fn go(&mut self, force: bool, stop: &CancellationToken, progress: Progress<'_>) -> Result<(), PassError> {
        let nicechat =
            nicechat::connect(&self.context.config.nicechat, &self.context.config.source.location.secrets())?;
        let importer = Importer { context: self.context, nicechat: &nicechat, stop, progress };
        let result = self.steps(&importer, force).await;
        self.traffic = nicechat.traffic();
        result
    }

    async fn steps(&mut self, importer: &Importer<'_>, force: bool) -> Result<(), PassError> {
        if self.occasion.kind == PassKind::Resync {
            self.context.state.forgive_imports().await?;
            // One that was slow, or left much, gets another chance as well.
            self.learn(|experience| *experience = Experience { import_seconds: None, import_left: 0, ..*experience })?;
        }
        if let Some(open) = self.reader()?.open_import()? {
            let ended = importer.resume(open).await?;
            self.import_ended(ended)?;
        }
        // What a kill has left there is of no use to anybody.
        importer.clear_shelf().await;
        if self.import.is_none() {
            importer.look_for_lost().await?;
        }
        let Some(mut feed) = self.fetch(importer.stop).await? else { return Ok(()) };
        let mut plan = self.compare(importer, &mut feed).await?;
        self.guard = plan.guard.take().filter(|_| !force);
        if let Way::Import(address) = plan.choice.way.clone()
            && self.guard.is_none()
            && self.import.is_none()
        {
            plan = self.push(importer, &address, &mut feed, plan).await?;
            self.guard = plan.guard.take().filter(|_| !force);
        }
        self.left_by_import(&plan.summary).await?;
        if self.guard.is_some() {
            return Ok(());
        }
        self.nameless = (plan.summary.held_back == 0).then_some(plan.summary.nameless);
        let (changes_at, is_listed, rows) = (plan.changes_at, plan.is_listed, plan.rows.take());
        let mark = Self::trusted(feed.mark, &plan);
        let result = self.apply(importer, plan).await;
        let was_carried_through = matches!(result, Ok(()) | Err(PassError::Pending { .. }));
        self.rows = rows.filter(|_| was_carried_through);
        if is_listed && was_carried_through && !self.import.as_ref().is_some_and(|import| import.is_at_large) {
            self.listed_scope = Some(self.context.config.nicechat.prune == Prune::All);
        }
        result?;
        self.mark = mark.map(|mark| FeedMark { changes_at, judged: Some(self.started), ..mark });
        let (rejected, refused) = self.reader()?.trouble()?;
        self.refused = refused;
        self.outcome = Some(if rejected + refused > 0 { Outcome::Partial } else { Outcome::Ok });
        Ok(())
    }

    /// What of a mark may count for passes to come. Bytes of which something was left undone must not be taken
    /// for unchanged when they come with a proof of their end; and the server's tags are those of the whole feed,
    /// of which an unproven body may be only the beginning.
    fn trusted(mark: FeedMark, plan: &Plan) -> Option<FeedMark> {
        match plan.summary.unproven_because {
            Some(_) => None,
            None if plan.is_whole => Some(mark),
            None => Some(FeedMark { etag: None, last_modified: None, ..mark }),
        }
    }

    fn reader(&self) -> Result<state::Reader, StateError> {
        state::Reader::open(self.context.state.path())
    }

    /// The feed's body; `None` when it is the one that the state equals.
    async fn fetch(&mut self, stop: &CancellationToken) -> Result<Option<FeedBody>, PassError> {
        let reader = self.reader()?;
        let mark = self.equals_now(&reader)?;
        match body::fetch(&self.context.config, reader.hasher(), mark, stop).await? {
            Answer::New(feed) => Ok(Some(feed)),
            Answer::Same(mark) => {
                self.mark = mark;
                self.unchanged(&reader)?;
                Ok(None)
            }
        }
    }

    /// After an import that read the feed at its own place: what is there now, for that is what NiceChat has read.
    async fn fetch_again(&self, feed: &mut FeedBody, stop: &CancellationToken) -> Result<(), PassError> {
        match body::fetch(&self.context.config, self.reader()?.hasher(), Some(feed.mark.clone()), stop).await {
            Ok(Answer::Same(_)) => {}
            Ok(Answer::New(newer)) => {
                info!("the feed has changed during the import; what it says now counts");
                *feed = newer;
            }
            Err(PassError::Fetch(error)) => warn!("the feed can't be read once more after the import: {error}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the state equals, if nothing but the feed's bytes can have changed since.
    fn equals_now(&self, reader: &state::Reader) -> Result<Option<FeedMark>, PassError> {
        let shape = shape_key(&self.context.config);
        let kind = self.occasion.kind;
        let nothing_to_do = !needs_listing(&self.context.config, reader, kind)? && reader.pending()? == 0;
        // Sales that were judged at a moment to come were judged by a clock that was wrong.
        let is_current = |mark: &FeedMark| {
            mark.changes_at.is_none_or(|at| at > self.started) && mark.judged.is_none_or(|at| at <= self.started)
        };
        let holds = |mark: &FeedMark| mark.shape == shape && is_current(mark);
        Ok(if nothing_to_do { reader.feed_mark()?.filter(holds) } else { None })
    }

    fn unchanged(&mut self, reader: &state::Reader) -> Result<(), PassError> {
        let (rejected, refused) = reader.trouble()?;
        self.refused = refused;
        self.summary = Some(Summary { rejected, ..Summary::default() });
        self.outcome = Some(Outcome::Unchanged);
        Ok(())
    }

    /// Compares the feed with what is known, and keeps its rejected rows.
    async fn compare(&mut self, importer: &Importer<'_>, feed: &mut FeedBody) -> Result<Plan, PassError> {
        let digest = {
            // Beside the comparison, which hardly ever needs all processors.
            let body = Arc::clone(&feed.body);
            task::blocking(move || body.digest())
        };
        let plan = self.prepare(importer, &feed.body).await?;
        let digest = interruptible(importer.stop, digest).await??;
        feed.mark.body = Some(body::readable(&self.context.config, digest)?);
        // The digest may have been read for longer than the rows.
        feed.body.check_unwritten()?;
        self.record_rejections(&plan.staging, importer.stop).await?;
        Ok(plan)
    }

    async fn prepare(&mut self, importer: &Importer<'_>, body: &Arc<Body>) -> Result<Plan, PassError> {
        let (reader, nicechat) = (self.reader()?, importer.nicechat.reader());
        let plan = prepare(&self.context.config, reader, self.occasion, &nicechat, body, importer.stop);
        // It only reads: whatever is computing when we are to stop is left to end by itself.
        let plan = interruptible(importer.stop, plan).await??;
        self.summary = Some(plan.summary.clone());
        if let Some(page_size) = plan.page_size {
            self.learn(|experience| experience.page_size = Some(page_size))?;
        }
        Ok(plan)
    }

    /// Lets NiceChat import the feed, and plans anew what is left to be done.
    async fn push(
        &mut self,
        importer: &Importer<'_>,
        address: &Address,
        feed: &mut FeedBody,
        plan: Plan,
    ) -> Result<Plan, PassError> {
        self.context.state.begin(plan.summary.operations()).await?;
        let ended = importer.push(address, &plan, &feed.body, self.occasion.now).await?;
        let came_to_nothing = ended.came_to_nothing;
        self.import_ended(ended)?;
        if came_to_nothing {
            return Ok(plan);
        }
        if !address.is_ours() {
            self.fetch_again(feed, importer.stop).await?;
        }
        self.compare(importer, feed).await
    }

    /// An import is over: a failure is the pass's own when there is no other way.
    fn import_ended(&mut self, ended: Ended) -> Result<(), PassError> {
        let failure = ended.failure.clone();
        if failure.is_none() {
            let Ended { seconds, items, was_served, .. } = ended;
            self.learn(|experience| {
                experience.import_seconds = Some(seconds);
                experience.import_items = items;
                experience.import_was_served = was_served;
            })?;
        }
        self.import = Some(ended);
        match failure {
            Some(reason) if self.context.config.nicechat.strategy == Strategy::Import => Err(PassError::Import(reason)),
            _ => Ok(()),
        }
    }

    /// Counts what an import has done as done by the pass, and remembers how much it left to be put right.
    async fn left_by_import(&mut self, left: &Summary) -> Result<(), PassError> {
        let Some(Ended { import, failure, came_to_nothing: false, to_create, to_update, .. }) = &self.import else {
            return Ok(());
        };
        self.imported = Imported { created: to_create.saturating_sub(left.created()), updated: *to_update };
        if failure.is_some() {
            return Ok(());
        }
        let count = left.created() + left.updated();
        self.context.state.import_left(*import, count).await?;
        self.learn(|experience| experience.import_left = count)?;
        Ok(())
    }

    fn learn(&mut self, lesson: impl FnOnce(&mut Experience)) -> Result<(), StateError> {
        let mut experience = match self.experience {
            Some(experience) => experience,
            None => self.reader()?.experience()?,
        };
        lesson(&mut experience);
        self.experience = Some(experience);
        Ok(())
    }

    /// Keeps the rejected rows of the feed that was read.
    async fn record_rejections(&self, staging: &SharedStaging, stop: &CancellationToken) -> Result<(), PassError> {
        let mut from = 0;
        loop {
            let rows = staging.lock().unwrap_or_else(PoisonError::into_inner).rejected(from, 1_000)?;
            let count = rows.len();
            if count > 0 || from == 0 {
                self.context.state.reject(rows, from == 0).await?;
            }
            if count == 0 {
                return Ok(());
            }
            if stop.is_cancelled() {
                return Err(PassError::Interrupted);
            }
            from += count;
        }
    }

    async fn apply(&mut self, importer: &Importer<'_>, plan: Plan) -> Result<(), PassError> {
        let Plan { staging, summary, left, .. } = plan;
        let operations = summary.operations();
        self.context.state.begin(operations).await?;
        if !left.is_empty() {
            // They may be ours, and the listing that shows them is not read again for them.
            let intents = left.into_iter().map(|(kind, id)| Intent { kind, id, fields: None });
            self.context.state.intend(intents.collect()).await?;
        }
        let settled = AtomicU64::new(0);
        let tell = |more: u64| {
            let done = settled.fetch_add(more, Ordering::Relaxed) + more;
            (importer.progress)(Step::Sending { done, of: operations });
        };
        let concurrency = self.context.config.nicechat.concurrency.get();
        let (began, before) = (Instant::now(), importer.nicechat.traffic());
        let applied = apply(importer.nicechat, &self.context.state, staging, concurrency, importer.stop, &tell).await;
        let after = importer.nicechat.traffic();
        let sent = after.requests - before.requests;
        // Pauses between tries are not NiceChat's pace.
        if sent >= ENOUGH_REQUESTS && after.retries == before.retries && applied.stopped.is_none() {
            let pace = began.elapsed().as_secs_f64() / sent as f64;
            self.learn(|experience| experience.change_seconds = Some(pace))?;
        }
        self.applied = applied;
        match (self.applied.stopped.take(), self.applied.failed) {
            (Some(stop), _) => Err(PassError::Stopped(stop)),
            (None, 0) => Ok(()),
            (None, failed) => Err(PassError::Pending { failed, operations: summary.sent() }),
        }
    }

    fn row(&self, error: Option<&PassError>) -> PassRow {
        let outcome = match (&self.guard, error) {
            (_, Some(_)) => Outcome::Failed,
            (Some(_), None) => Outcome::Refused,
            (None, None) => self.outcome.unwrap_or(Outcome::Ok),
        };
        let summary = self.summary.clone().unwrap_or_default();
        // An object that an import created and the API put right is one that was created.
        let put_right = self.applied.updated.saturating_sub(self.imported.created);
        let read = if outcome == Outcome::Unchanged { 0 } else { summary.items + summary.rejected };
        PassRow {
            started: self.started,
            finished: Timestamp::now(),
            kind: self.occasion.kind,
            outcome,
            read,
            rejected: summary.rejected,
            created: self.applied.created + self.imported.created,
            updated: if self.import.is_some() { put_right.max(self.imported.updated) } else { self.applied.updated },
            deleted: self.applied.deleted,
            failed: self.applied.failed + self.applied.refused,
            requests: self.traffic.requests,
            reason: error.map(ToString::to_string).or_else(|| self.guard.clone()),
        }
    }
}

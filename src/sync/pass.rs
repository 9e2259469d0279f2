//! A pass from one end to the other.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, info_span};

use super::apply::{Applied, Stop, apply};
use super::listing;
use super::plan::Summary;
use super::session::{Plan, Policy, Session, SessionError};
use super::staging::{Staging, StagingError};
use crate::catalog::Category;
use crate::config::{Config, Prune};
use crate::feed::{self, FeedError, Shape};
use crate::nicechat::{self, CallError, Traffic};
use crate::source::{self, Body, FetchError, Fetched};
use crate::state::{self, FeedMark, Outcome, PassKind, PassRow, StateError};

/// Grows when the same feed would come to other items: what was read by older rules is read again.
const RULES: u32 = 1;

/// Why a pass failed as a whole.
#[derive(Debug, Error)]
pub enum PassError {
    /// The feed's bytes.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The feed's content.
    #[error("{location}: {error}")]
    Feed {
        /// Where it came from.
        location: String,
        /// What is wrong with it.
        error: FeedError,
    },
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The temporary file.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// NiceChat's listing.
    #[error("NiceChat's listing could not be read: {0}")]
    Listing(CallError),
    /// No HTTP client.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The application ended early.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// Some objects were not done.
    #[error("{failed} of {operations} changes failed; the next pass tries them again")]
    Pending {
        /// How many.
        failed: u64,
        /// Of how many.
        operations: u64,
    },
    /// Somebody asked us to stop.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl From<SessionError> for PassError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::State(error) => PassError::State(error),
            SessionError::Staging(error) => PassError::Staging(error),
        }
    }
}

impl PassError {
    /// What is in trouble: the same from try to try, while the words change.
    pub fn subject(&self) -> &'static str {
        match self {
            PassError::Fetch(_) => "the feed's host",
            PassError::Feed { .. } => "the feed",
            PassError::State(_) | PassError::Staging(_) => "the disk",
            PassError::Listing(CallError::Unauthorized(_)) | PassError::Stopped(Stop::Unauthorized(_)) => "the key",
            PassError::Listing(_) | PassError::Client(_) | PassError::Stopped(_) | PassError::Pending { .. } => {
                "NiceChat"
            }
            PassError::Interrupted => "the pass",
        }
    }

    /// Whether the settings are at fault.
    pub fn is_config(&self) -> bool {
        matches!(self, PassError::State(error) if error.is_config())
    }
}

/// Told how far an application is: objects settled, of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// What a pass works with.
#[derive(Clone)]
pub struct Context {
    /// The settings.
    pub config: Arc<Config>,
    /// The state.
    pub state: Arc<state::Writer>,
}

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
    /// What went to NiceChat and back.
    pub traffic: Traffic,
}

/// Plans a pass without writing anything, neither there nor here: what it is given can't.
///
/// # Errors
/// When the feed, the state or the listing can't be read.
pub async fn plan(config: &Config, kind: PassKind, stop: &CancellationToken) -> Result<Plan, PassError> {
    let state = state::Reader::open(&config.state.path)?;
    state.check_base(config.nicechat.base_url.as_str())?;
    let nicechat = nicechat::connect(&config.nicechat)?.reader();
    let lists = needs_listing(config, &state, kind)?;
    let now = Timestamp::now();
    let body = match interruptible(stop, source::fetch(&config.source, None)).await?? {
        Fetched::Body(body) => body,
        // Nothing was asked for that could be answered so.
        Fetched::NotModified => return Err(PassError::Fetch(FetchError::strange_304(&config.source))),
    };
    prepare(config, state, kind, now, lists.then_some(&nicechat), body, stop).await
}

/// Makes a pass, and leaves its row in the state. Never fails: what went wrong is in the report.
pub async fn run(
    context: &Context,
    kind: PassKind,
    force: bool,
    stop: &CancellationToken,
    progress: Progress<'_>,
) -> Report {
    let mut pass = Pass::new(context, kind, Timestamp::now());
    // Everything that is logged on the way tells which pass it belongs to.
    let span = info_span!("pass", pass = pass.started.as_millisecond());
    let mut error = pass.go(force, stop, progress).instrument(span).await.err();
    let mut row = pass.row(error.as_ref());
    let finished = context.state.finish(row.clone(), pass.mark.take(), pass.listed_scope).await;
    if let Err(unwritten) = finished {
        row.outcome = Outcome::Failed;
        error.get_or_insert(PassError::State(unwritten));
    }
    Report { row, summary: pass.summary, error, refused: pass.refused, traffic: pass.traffic }
}

struct Pass<'a> {
    context: &'a Context,
    kind: PassKind,
    started: Timestamp,
    summary: Option<Summary>,
    applied: Applied,
    guard: Option<String>,
    outcome: Option<Outcome>,
    traffic: Traffic,
    listed: bool,
    listed_scope: Option<bool>,
    mark: Option<FeedMark>,
    refused: u64,
}

impl<'a> Pass<'a> {
    fn new(context: &'a Context, kind: PassKind, started: Timestamp) -> Pass<'a> {
        Pass {
            context,
            kind,
            started,
            summary: None,
            applied: Applied::default(),
            guard: None,
            outcome: None,
            traffic: Traffic::default(),
            listed: false,
            listed_scope: None,
            mark: None,
            refused: 0,
        }
    }

    async fn go(&mut self, force: bool, stop: &CancellationToken, progress: Progress<'_>) -> Result<(), PassError> {
        let config = &self.context.config;
        let reader = state::Reader::open(self.context.state.path())?;
        let shape = shape_key(config);
        self.listed = needs_listing(config, &reader, self.kind)?;
        let mark = self.equals_now(&reader, &shape)?;
        let body = match (interruptible(stop, source::fetch(&config.source, mark.as_ref())).await??, mark) {
            (Fetched::NotModified, Some(_)) => return self.unchanged(&reader),
            (Fetched::NotModified, None) => return Err(PassError::Fetch(FetchError::strange_304(&config.source))),
            (Fetched::Body(body), Some(mark)) if mark.body == Some(body.digest) => {
                // The same bytes under another tag, which the next request had better name.
                self.mark = Some(FeedMark { etag: body.etag, last_modified: body.last_modified, ..mark });
                return self.unchanged(&reader);
            }
            (Fetched::Body(body), _) => body,
        };
        let new_mark = FeedMark {
            etag: body.etag.clone(),
            last_modified: body.last_modified.clone(),
            body: Some(body.digest),
            shape,
            changes_at: None,
        };
        let nicechat = nicechat::connect(&config.nicechat)?;
        let lists = self.listed.then(|| nicechat.reader());
        let prepared = prepare(config, reader, self.kind, self.started, lists.as_ref(), body, stop).await;
        self.traffic = nicechat.traffic();
        let Plan { staging, summary, guard, changes_at } = prepared?;
        self.summary = Some(summary.clone());
        let staging = Arc::new(Mutex::new(staging));
        self.record_rejections(&staging).await?;
        self.guard = guard.filter(|_| !force);
        if self.guard.is_some() {
            return Ok(());
        }
        let result = self.apply(&nicechat, staging, &summary, stop, progress).await;
        self.traffic = nicechat.traffic();
        let was_carried_through = matches!(result, Ok(()) | Err(PassError::Pending { .. }));
        if self.listed && was_carried_through {
            self.listed_scope = Some(config.nicechat.prune == Prune::All);
        }
        result?;
        self.mark = Some(FeedMark { changes_at, ..new_mark });
        let (rejected, refused) = state::Reader::open(self.context.state.path())?.trouble()?;
        self.refused = refused;
        self.outcome = Some(if rejected + refused > 0 { Outcome::Partial } else { Outcome::Ok });
        Ok(())
    }

    /// What the state equals, if nothing but the feed's bytes can have changed since.
    fn equals_now(&self, reader: &state::Reader, shape: &str) -> Result<Option<FeedMark>, PassError> {
        let nothing_to_do = self.kind == PassKind::Sync && !self.listed && reader.pending()? == 0;
        let holds = |mark: &FeedMark| mark.shape == shape && mark.changes_at.is_none_or(|at| at > self.started);
        Ok(if nothing_to_do { reader.feed_mark()?.filter(holds) } else { None })
    }

    fn unchanged(&mut self, reader: &state::Reader) -> Result<(), PassError> {
        let (rejected, refused) = reader.trouble()?;
        self.refused = refused;
        self.summary = Some(Summary { rejected, ..Summary::default() });
        self.outcome = Some(Outcome::Unchanged);
        Ok(())
    }

    /// Keeps the rejected rows of the feed that was read.
    async fn record_rejections(&self, staging: &Mutex<Staging>) -> Result<(), PassError> {
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
            from += count;
        }
    }

    async fn apply(
        &mut self,
        nicechat: &nicechat::Writer,
        staging: Arc<Mutex<Staging>>,
        summary: &Summary,
        stop: &CancellationToken,
        progress: Progress<'_>,
    ) -> Result<(), PassError> {
        let operations = summary.operations();
        self.context.state.begin(operations).await?;
        let settled = std::sync::atomic::AtomicU64::new(0);
        let tell = |more: u64| {
            let done = settled.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more;
            progress(done, operations);
        };
        let concurrency = self.context.config.nicechat.concurrency.get();
        self.applied = apply(nicechat, &self.context.state, staging, concurrency, stop, &tell).await;
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
        let read = if outcome == Outcome::Unchanged { 0 } else { summary.items + summary.rejected };
        PassRow {
            started: self.started,
            finished: Timestamp::now(),
            kind: self.kind,
            outcome,
            read,
            rejected: summary.rejected,
            created: self.applied.created,
            updated: self.applied.updated,
            deleted: self.applied.deleted,
            failed: self.applied.failed + self.applied.refused,
            requests: self.traffic.requests,
            reason: error.map(ToString::to_string).or_else(|| self.guard.clone()),
        }
    }
}

/// Whether a pass has to read NiceChat's listing: a resync, the first pass of a state, and the
/// first one that may delete what isn't ours.
fn needs_listing(config: &Config, state: &state::Reader, kind: PassKind) -> Result<bool, StateError> {
    Ok(kind == PassKind::Resync
        || match state.listed()? {
            None => true,
            Some(all) => config.nicechat.prune == Prune::All && !all,
        })
}

/// Everything besides the feed's bytes that the wanted catalogue depends on.
fn shape_key(config: &Config) -> String {
    let (source, nicechat) = (&config.source, &config.nicechat);
    format!(
        "{RULES}|{}|{:?}|{:?}|{:?}|{:?}|{:?}",
        source.location,
        source.format,
        source.default_currency,
        source.default_category,
        nicechat.prune,
        nicechat.vanished_category
    )
}

/// Reads the listing if need be, then the feed, and compares.
async fn prepare(
    config: &Config,
    state: state::Reader,
    kind: PassKind,
    now: Timestamp,
    listing: Option<&nicechat::Reader>,
    body: Body,
    stop: &CancellationToken,
) -> Result<Plan, PassError> {
    let policy = Policy {
        prune: config.nicechat.prune,
        vanished_category: config.nicechat.vanished_category,
        max_delete_percent: config.nicechat.max_delete_percent,
        default_category: config.source.default_category.clone(),
        retry_refused: kind == PassKind::Resync,
    };
    let mut session = blocking(move || Ok(Session::new(state, policy)?)).await?;
    if let Some(reader) = listing {
        session = interruptible(stop, listing::take_in(reader, session)).await??;
    }
    let default_category = config.source.default_category.clone();
    let shape = Shape {
        format: config.source.format,
        default_currency: config.source.default_currency,
        default_category: default_category.map(|id| Arc::new(Category { id, name: None })),
        now,
    };
    let location = config.source.location.to_string();
    let max_bytes = config.source.max_bytes;
    let stop = stop.clone();
    blocking(move || {
        let mut read = |row| {
            if stop.is_cancelled() { Err(Box::new(PassError::Interrupted).into()) } else { Ok(session.row(row)?) }
        };
        feed::read(&feed::open(&body.file, max_bytes), &shape, &mut read)
            .map_err(|error| feed_error(location, error))?;
        Ok(session.finish()?)
    })
    .await
}

/// An error of our own that stopped the reading comes out as it went in.
fn feed_error(location: String, error: FeedError) -> PassError {
    match error {
        FeedError::Sink(inner) => match inner.downcast::<SessionError>() {
            Ok(session) => PassError::from(*session),
            Err(_) => PassError::Interrupted,
        },
        error => PassError::Feed { location, error },
    }
}

/// Work that computes or waits for the disk, off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PassError> + Send + 'static,
) -> Result<T, PassError> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(|_| PassError::Interrupted)?
}

async fn interruptible<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, PassError> {
    tokio::select! {
        result = work => Ok(result),
        () = stop.cancelled() => Err(PassError::Interrupted),
    }
}

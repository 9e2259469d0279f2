//! Feed imports as a part of a pass: NiceChat is told where the feed is, fetches it by itself, and is
//! asked now and then how far it is. What it makes of the feed is not relied on: the pass reads the
//! listing afterwards, and sends what the import left otherwise.
//!
//! An import is in the state before it is pushed, its token before the first poll. After a crash it
//! is asked after again, and never pushed twice.

mod at_large;
pub(super) mod endpoints;
mod hosted;
mod stocking;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};
use uuid::Uuid;

use self::endpoints::{Seat, callback_url, feed_url};
use crate::catalog::Kind;
use crate::config::Strategy;
use crate::remote::CallError;
use crate::remote::nicechat::{ImportFormat, ImportResult, Push, Writer};
use crate::source::Body;
use crate::state::{Failures, Import, ImportEnd, ImportState, NewImport, Reader};
use crate::systems::catalog::apply::Stop;
use crate::systems::catalog::context::{Context, Progress, Step};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::plan::operation::{Action, Stage, Summary};
use crate::systems::catalog::plan::store::Cursor;
use crate::systems::catalog::planner::Plan;
use crate::systems::catalog::strategy::address::Address;
use crate::systems::catalog::strategy::cost::MOST_FAILURES;
use crate::systems::catalog::strategy::polls::waits;
use crate::systems::catalog::wait::interruptible;
use crate::web::listener as http;

pub use self::endpoints::Exchange;

/// How long after a failed import `strategy = "import"` waits before it pushes again; it doubles from
/// failure to failure.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest such wait.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// A rest that a pass waits for rather than to end.
const SHORT_REST: Duration = Duration::from_secs(30);
/// How long a push may still take when the pass is to stop.
const GRACE: Duration = Duration::from_secs(3);
/// Objects that are written down together.
const CHUNK: usize = 1_000;

/// How an import ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    /// Its row.
    pub(super) import: i64,
    /// `None` = NiceChat says that it succeeded.
    pub(super) failure: Option<String>,
    /// Whether it is sure that nothing was imported.
    pub(super) came_to_nothing: bool,
    /// Whether NiceChat may still be at it.
    pub(super) is_at_large: bool,
    /// What NiceChat counted less than the feed has.
    pub(super) shortfall: Option<String>,
    /// How long NiceChat took.
    pub(super) seconds: f64,
    /// Items in its feed.
    pub(super) items: u64,
    /// Objects that it was to create.
    pub(super) to_create: u64,
    /// Objects that it was to change.
    pub(super) to_update: u64,
    /// Whether NiceChat fetched it from us.
    pub(super) was_served: bool,
}

/// How polling ended.
enum News {
    Success(ImportResult),
    Failed(ImportResult),
    /// It may still be under way.
    Unknown(String),
    /// Nobody knows whether it was begun at all.
    Lost(String),
    /// It can't be asked after any more.
    Forgotten,
}

/// What an import works with.
pub(super) struct Importer<'a> {
    pub(super) context: &'a Context,
    pub(super) nicechat: &'a Writer,
    pub(super) stop: &'a CancellationToken,
    pub(super) progress: Progress<'a>,
}

impl Importer<'_> {
    /// Goes on with an import that an earlier pass had begun.
    pub(super) async fn resume(&self, import: Import) -> Result<Ended, PassError> {
        let Some(token) = import.token.clone() else {
            let lost = News::Lost("the pass was cut off before NiceChat answered the push".to_owned());
            return self.end(import, lost, Duration::ZERO).await;
        };
        info!(import = %token, "an import is under way; asking after it");
        let feed = self.stocked(&import).await?;
        let _listener = self.listen_if_called().await.unwrap_or_else(|error| {
            warn!("nobody can call us while the import is under way: {error}");
            None
        });
        let seat = self.context.exchange.open(&import.door, feed);
        self.wait_for(import, &token, &seat, true).await
    }

    /// Pushes the feed, and waits until NiceChat is done with it.
    ///
    /// `body` is what the plan was made of, at the moment `now`.
    pub(super) async fn push(
        &self,
        address: &Address,
        plan: &Plan,
        body: &Arc<Body>,
        now: Timestamp,
    ) -> Result<Ended, PassError> {
        self.rest().await?;
        let is_served = address.is_ours();
        let door = Uuid::new_v4().simple().to_string();
        let feed = if is_served { Some(self.stock(body, now, &door).await?) } else { None };
        interruptible(self.stop, self.await_created(address, plan)).await??;
        let Summary { items, .. } = plan.summary;
        let new = NewImport {
            door,
            is_served,
            expected: items,
            to_create: plan.summary.created(),
            to_update: plan.summary.updated(),
        };
        let import = self.context.state.begin_import(new).await?;
        let _listener = match self.listen_if_called().await {
            Ok(listener) => listener,
            Err(error) if is_served => return self.end_at_once(import, error.to_string(), true).await,
            Err(error) => {
                warn!("NiceChat can't call us when the import is done: {error}");
                None
            }
        };
        let seat = self.context.exchange.open(&import.door, feed);
        let message = self.message(address, &import);
        let pushed = tokio::select! {
            pushed = self.nicechat.push_import(&message) => pushed,
            // Without its token an import is lost: it is worth a moment.
            () = async { self.stop.cancelled().await; sleep(GRACE).await } => return Err(Stop::Interrupted.into()),
        };
        match pushed {
            Ok(token) => {
                self.context.state.import_pushed(import.import, token.clone()).await?;
                info!(import = %token, items, "NiceChat was told to import the feed");
                let import = Import { token: Some(token.clone()), ..import };
                self.wait_for(import, &token, &seat, false).await
            }
            Err(error @ CallError::Unauthorized(_)) => {
                self.end_at_once(import, error.to_string(), false).await?;
                Err(Stop::Unauthorized(error).into())
            }
            Err(error) if error.is_in_doubt() => self.end(import, News::Lost(error.to_string()), Duration::ZERO).await,
            Err(CallError::Missing) => {
                self.end_at_once(import, "NiceChat offers no imports (404)".to_owned(), true).await
            }
            // A service that is away for a while says nothing about its imports.
            Err(error) => self.end_at_once(import, error.to_string(), !error.can_pass()).await,
        }
    }

    /// Writes down what the import may create: what the plan creates, and of a feed that we don't serve ourselves also
    /// rows that we don't take, as far as a listing has just shown that they aren't there already, as somebody else's.
    async fn await_created(&self, address: &Address, plan: &Plan) -> Result<(), PassError> {
        let staging = &plan.staging;
        let lock = || staging.lock().unwrap_or_else(PoisonError::into_inner);
        let hasher = Reader::open(self.context.state.path())?.hasher().clone();
        for stage in [Stage::Categories, Stage::Products] {
            let mut cursor = Cursor::default();
            loop {
                let operations = lock().operations(stage, &mut cursor, CHUNK)?;
                if operations.is_empty() {
                    break;
                }
                let created = operations.into_iter().filter(|operation| operation.action == Action::Create);
                let objects = created.map(|operation| (operation.kind, operation.id.to_string()));
                self.context.state.await_imported(objects.collect()).await?;
            }
        }
        for from in (0..).step_by(CHUNK).take_while(|_| !address.is_ours() && plan.summary.is_listed) {
            let rejected = lock().rejected(from, CHUNK)?;
            if rejected.is_empty() {
                break;
            }
            let mut absent = Vec::new();
            for id in rejected.into_iter().filter_map(|row| row.id) {
                if lock().listed(Kind::Product, hasher.digest(id.as_bytes()))?.is_none() {
                    absent.push((Kind::Product, id));
                }
            }
            self.context.state.await_imported(absent).await?;
        }
        Ok(())
    }

    fn message(&self, address: &Address, import: &Import) -> Push {
        let (url, format) = match address {
            Address::Source(url, format) => (url.to_string(), *format),
            Address::Ours(public) => (feed_url(public, &import.door), ImportFormat::Yml),
        };
        Push {
            format,
            url,
            callback: self.context.config.public_url().map(|public| callback_url(public, &import.door)),
        }
    }

    /// Opens the listener for the time of the import, when NiceChat may call and nobody listens yet.
    async fn listen_if_called(&self) -> Result<Option<DropGuard>, http::ListenError> {
        let Some(settings) = self.context.config.http.as_ref().filter(|http| http.public_url.is_some()) else {
            return Ok(None);
        };
        if self.context.is_listening {
            return Ok(None);
        }
        let listener = http::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        tokio::spawn(http::serve(listener, self.context.exchange.routes(), stop.clone()));
        Ok(Some(stop.drop_guard()))
    }

    /// `strategy = "import"` has no other way: it lets NiceChat alone for a while after a failure.
    async fn rest(&self) -> Result<(), PassError> {
        if self.context.config.nicechat.strategy != Strategy::Import {
            return Ok(());
        }
        let failures = Reader::open(self.context.state.path())?.import_failures()?;
        let left = rest_left(&failures, Timestamp::now());
        if left > SHORT_REST {
            return Err(PassError::ImportRests { failures: failures.in_a_row, left });
        }
        tokio::select! {
            () = sleep(left) => Ok(()),
            () = self.stop.cancelled() => Err(Stop::Interrupted.into()),
        }
    }

    /// Asks after an import until it is over.
    async fn wait_for(&self, import: Import, token: &str, seat: &Seat, at_once: bool) -> Result<Ended, PassError> {
        let since = Since::pushed(&import);
        let news = tokio::select! {
            news = self.poll(&import, token, seat, at_once, since) => news?,
            () = self.stop.cancelled() => return Err(Stop::Interrupted.into()),
        };
        self.end(import, news, since.passed()).await
    }

    async fn poll(
        &self,
        import: &Import,
        token: &str,
        seat: &Seat,
        at_once: bool,
        since: Since,
    ) -> Result<News, PassError> {
        let reader = self.nicechat.reader();
        let limit = self.context.config.nicechat.import_timeout;
        let passed = || since.passed();
        let mut state = ImportState::Enqueued;
        let mut asked_to_wait = Duration::ZERO;
        for wait in at_once.then_some(Duration::ZERO).into_iter().chain(waits()) {
            (self.progress)(Step::Importing { state, passed: passed() });
            let wait = wait.max(asked_to_wait).min(limit.saturating_sub(passed()));
            tokio::select! {
                () = sleep(wait) => {}
                () = seat.hinted(), if asked_to_wait.is_zero() => {}
            }
            asked_to_wait = Duration::ZERO;
            match reader.import_result(token).await {
                Ok(result) if result.state == "success" => return Ok(News::Success(result)),
                Ok(result) if result.state == "failed" => return Ok(News::Failed(result)),
                Ok(result) => {
                    state = if result.state == "enqueued" { ImportState::Enqueued } else { ImportState::Started };
                    self.context.state.import_goes_on(import.import, state, result.updated).await?;
                }
                Err(error @ CallError::Unauthorized(_)) => return Err(Stop::Unauthorized(error).into()),
                Err(CallError::Missing) => return Ok(News::Forgotten),
                Err(error @ (CallError::Refused { .. } | CallError::Exists)) => {
                    return Ok(News::Unknown(format!("NiceChat won't tell of it: {error}")));
                }
                Err(error @ (CallError::Passing { .. } | CallError::Strange(_))) => {
                    debug!(import = token, "no news of the import: {error}");
                    asked_to_wait = error.retry_after().unwrap_or_default();
                }
            }
            if passed() >= limit {
                let name = state.name();
                return Ok(News::Unknown(format!("it is still {name} after {limit:?} (nicechat.import_timeout)")));
            }
        }
        Ok(News::Unknown("it never ended".to_owned()))
    }

    /// Ends an import of which nothing can have come. `counts` = it says something of imports to come.
    async fn end_at_once(&self, import: Import, reason: String, counts: bool) -> Result<Ended, PassError> {
        let end =
            ImportEnd { failure: Some(reason), updated: None, imported: None, came_to_nothing: true, at_large: None };
        let failures = self.failures(end.failure.as_ref().filter(|_| counts))?;
        self.record(import, end, failures, Duration::ZERO).await
    }

    /// The failures in a row after an import that ended so.
    fn failures(&self, failure: Option<&String>) -> Result<Failures, PassError> {
        let before = Reader::open(self.context.state.path())?.import_failures()?;
        let in_a_row = before.in_a_row + 1;
        if in_a_row == MOST_FAILURES && failure.is_some() && self.context.config.nicechat.strategy == Strategy::Auto {
            warn!("{MOST_FAILURES} imports failed in a row: changes go by the API until a resync");
        }
        Ok(failure.map_or(before, |_| Failures { in_a_row, last: Some(Timestamp::now()) }))
    }

    /// `passed` = since the push.
    async fn end(&self, import: Import, news: News, passed: Duration) -> Result<Ended, PassError> {
        let is_lost = matches!(news, News::Lost(_));
        let at_large = match news {
            News::Success(_) | News::Failed(_) => None,
            News::Unknown(_) => Some(import.token.clone()),
            News::Lost(_) | News::Forgotten => Some(None),
        };
        let is_at_large = at_large.is_some();
        let (failure, result) = match news {
            News::Success(result) => (None, Some(result)),
            News::Failed(result) => (Some("NiceChat says that it failed".to_owned()), Some(result)),
            News::Unknown(reason) | News::Lost(reason) => (Some(reason), None),
            News::Forgotten => (Some("NiceChat has forgotten it (404)".to_owned()), None),
        };
        let failures = match &failure {
            // What says nothing of NiceChat's imports doesn't count against them.
            Some(_) => self.failures(failure.as_ref().filter(|_| !is_lost))?,
            None => Failures::default(),
        };
        // By NiceChat's own clock: we may have been away when it was done.
        let took = result.as_ref().and_then(|result| Some(result.updated?.duration_since(result.pushed?)));
        let (updated, imported) = result.map(|result| (result.updated, result.imported)).unwrap_or_default();
        let end = ImportEnd { failure, updated, imported, came_to_nothing: false, at_large };
        let ended = self.record(import, end, failures, passed).await?;
        let took = took.map(|took| took.as_secs_f64()).filter(|took| *took >= 0.0);
        let seconds = took.map_or(ended.seconds, |took| took.min(ended.seconds));
        Ok(Ended { is_at_large, seconds, ..ended })
    }

    async fn record(
        &self,
        import: Import,
        end: ImportEnd,
        failures: Failures,
        passed: Duration,
    ) -> Result<Ended, PassError> {
        self.context.state.end_import(import.import, end.clone(), failures).await?;
        self.clear_shelf().await;
        let ImportEnd { failure, imported, came_to_nothing, .. } = end;
        let seconds = passed.as_secs_f64();
        let import = Import { imported, ..import };
        let shortfall = import.shortfall().filter(|_| failure.is_none());
        match (&failure, &shortfall) {
            (Some(reason), _) => warn!(failures_in_a_row = failures.in_a_row, "the import failed: {reason}"),
            (None, Some(shortfall)) => warn!(imported, expected = import.expected, "{shortfall}"),
            (None, None) => info!(imported, seconds, "the import succeeded"),
        }
        let Import { import, expected: items, to_create, to_update, is_served: was_served, .. } = import;
        Ok(Ended {
            import,
            failure,
            came_to_nothing,
            is_at_large: false,
            shortfall,
            seconds,
            items,
            to_create,
            to_update,
            was_served,
        })
    }
}

/// How long ago an import was pushed: by the wall clock only what lies before this process.
#[derive(Clone, Copy)]
struct Since {
    before: Duration,
    began: Instant,
}

impl Since {
    fn pushed(import: &Import) -> Since {
        let before = Duration::try_from(Timestamp::now().duration_since(import.pushed)).unwrap_or_default();
        Since { before, began: Instant::now() }
    }

    fn passed(self) -> Duration {
        self.before + self.began.elapsed()
    }
}

/// How long imports still have to rest.
fn rest_left(failures: &Failures, now: Timestamp) -> Duration {
    let Some(last) = failures.last.filter(|_| failures.in_a_row > 0) else { return Duration::ZERO };
    let doubled = 1_u32.checked_shl(failures.in_a_row - 1).unwrap_or(u32::MAX);
    let rest = FIRST_REST.saturating_mul(doubled).min(LONGEST_REST);
    match Duration::try_from(now.duration_since(last)) {
        Ok(since) => rest.saturating_sub(since),
        // The clock was set back. It could take a day until it is there again; one import too many does less harm.
        Err(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_an_hour() {
        let last: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let left = |in_a_row, after: i64| {
            let now = last + jiff::SignedDuration::from_secs(after);
            rest_left(&Failures { in_a_row, last: Some(last) }, now).as_secs()
        };
        assert_eq!(left(0, 0), 0);
        assert_eq!((left(1, 0), left(2, 0), left(3, 1), left(3, 9)), (2, 4, 7, 0));
        assert_eq!((left(20, 0), left(99, 3599), left(99, 3600)), (3600, 1, 0));
        assert_eq!(left(20, -50), 0, "a clock that was set back");
    }
}

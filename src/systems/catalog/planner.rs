//! From the settings, the feed and the state to a plan, by reading alone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::approval::{CATALOG, word};
use crate::catalog::{Category, Hasher};
use crate::config::{self, Catalog, Concurrency, Prune, Rule, Source, Strategy};
use crate::feed::{self, FeedError, FeedType, Header, ParseOptions, Row, RowDigest, RowPlace, SinkError};
use crate::http_client::Clients;
use crate::pass::{Ask, PassKind};
use crate::pause::Pause;
use crate::remote::{Limits, nicechat};
use crate::source::{self, Begun, Body, Download, End, FetchError, Fetched, Incoming, Validators, Wanted};
use crate::state::{self, StateError};
use crate::systems::catalog::columns;
use crate::systems::catalog::diff::differ::{Comparison, Differ, Policy};
use crate::systems::catalog::diff::patience::{Patience, is_foreign_due};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::filter::Filter;
use crate::systems::catalog::guard::Judge;
use crate::systems::catalog::input::input;
use crate::systems::catalog::listing;
use crate::systems::catalog::plan::Plan;
use crate::systems::catalog::plan::store::{PlanStore, SharedPlanStore};
use crate::systems::catalog::plan::summary::Summary;
use crate::systems::catalog::plan::verdict::{Held, Verdict};
use crate::systems::catalog::request::Request;
use crate::systems::catalog::store::FeedKind;
use crate::systems::catalog::store::ListingScope;
use crate::systems::catalog::store::ReadFeed as _;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::{ReadGuard as _, ReadPlan as _};
use crate::systems::catalog::strategy::address::Address;
use crate::systems::catalog::strategy::cost::{AT_ONCE, Inputs, choose};
use crate::systems::catalog::wait::{blocking, interruptible};

/// Plans a pass. It can write nothing, here or at NiceChat: it is given readers only.
///
/// # Errors
/// When the feed, the state or the listing can't be read.
pub(crate) async fn plan(
    config: &Catalog,
    limits: &Limits,
    ask: Ask,
    stop: &CancellationToken,
) -> Result<Plan, PassError> {
    let state = state::Reader::open(&config.state.path)?;
    state.check_base(Some(config.nicechat.base_url.as_str()))?;
    let nicechat = nicechat::connect(&config.nicechat, &config.source.location.secrets(), limits)?.reader();
    let request = Request { is_carried_out: false, ..Request::of_pass(ask).as_approved(&state)? };
    let hasher = state.hasher().clone();
    let (source, clients, computing) = (&config.source, limits.clients(), Semaphore::new(1));
    let planner = Planner { config, nicechat: &nicechat, stop, computing: &computing };
    if needs_listing(config, &state, request.kind)? {
        let body = interruptible(stop, body(clients, source, &hasher)).await??;
        return planner.plan(state, request, &body).await;
    }
    let wanted = Wanted::Coming { unless: None };
    let begun = source::begin(clients, source, (Validators::default(), wanted), &hasher);
    let Begun::Body(mut incoming) = interruptible(stop, begun).await?? else {
        return Err(PassError::Fetch(FetchError::strange_304(source)));
    };
    let read = |body: Arc<Body>| {
        let planner = &planner;
        Box::pin(async move { planner.plan(state::Reader::open(&config.state.path)?, request, &body).await })
    };
    read_whole((clients, source, &hasher), stop, &mut incoming, read).await
}

/// What is read of a body that may be still coming: it counts once its download has ended well. One that breaks off is
/// fetched anew and read again. The reading is on the heap: it is all of a comparison.
pub(super) async fn read_whole<T, F: Future<Output = Result<T, PassError>>>(
    (clients, source, hasher): (&Clients, &Source, &Hasher),
    stop: &CancellationToken,
    incoming: &mut Incoming,
    read: impl Fn(Arc<Body>) -> Pin<Box<F>>,
) -> Result<T, PassError> {
    let result = read(Arc::clone(&incoming.body)).await;
    let Err(broken_off) = interruptible(stop, incoming.download.end()).await? else { return result };
    let body = interruptible(stop, source::fetch_again(clients, source, hasher, broken_off)).await??;
    *incoming = Incoming { body: Arc::clone(&body), download: Download::default() };
    read(body).await
}

/// The feed, asked for as if nothing were known of it.
///
/// # Errors
/// When there is none.
pub(crate) async fn body(clients: &Clients, source: &Source, hasher: &Hasher) -> Result<Arc<Body>, PassError> {
    match source::fetch(clients, source, Validators::default(), hasher).await? {
        Fetched::Body(body) => Ok(body),
        // Nothing was asked for that could be answered so.
        Fetched::NotModified => Err(PassError::Fetch(FetchError::strange_304(source))),
    }
}

/// Whether a pass has to read NiceChat's listing: a resync, the first pass of a state, the first
/// one that may delete what isn't ours, now or after it has waited, the first one after an import, the first one of
/// a state file that isn't the one that was written last, and the first one that may send after one that left undone
/// what a listing told; where that is left undone as well, later ones.
pub(super) fn needs_listing(config: &Catalog, state: &state::Reader, kind: PassKind) -> Result<bool, StateError> {
    Ok(kind == PassKind::Resync
        || state.is_unsettled()?
        || state.is_doubted()?
        || (state.listing_owed()?.is_some_and(listing::is_due_after) && may_send(state)?)
        || match state.listed()? {
            None => true,
            Some(scope) => {
                config.nicechat.prune == Prune::All
                    && (scope == ListingScope::Ours || is_foreign_due(&config.guard, state)?)
            }
        })
}

/// Whether a pass may send anything, as far as that is known before the feed is read: as long as somebody has stopped
/// the sending, or the guard holds passes as a whole, each would read a listing in vain.
fn may_send(state: &state::Reader) -> Result<bool, StateError> {
    let held = state.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
    let is_held_whole = held.is_some_and(|held| held.held.iter().any(|risk| risk.limit.is_none()));
    let is_paused = matches!(Pause::read(state.path()), Ok(Some(_)));
    Ok(!is_held_whole && !is_paused)
}

/// Plans passes: what it holds can only read.
pub(super) struct Planner<'a> {
    pub(super) config: &'a Catalog,
    pub(super) nicechat: &'a nicechat::Reader,
    pub(super) stop: &'a CancellationToken,
    /// See [`crate::shop::Shop::computing`].
    pub(super) computing: &'a Semaphore,
}

/// A feed that was read to its end.
struct Compared {
    format: FeedType,
    is_whole: bool,
    header: Option<Header>,
    comparison: Comparison,
}

impl Planner<'_> {
    /// Reads the listing if need be, then the feed, compares, and chooses the strategy.
    pub(super) async fn plan(
        &self,
        state: state::Reader,
        request: Request,
        body: &Arc<Body>,
    ) -> Result<Plan, PassError> {
        let inputs = inputs(self.config, &state, request.kind)?;
        let is_listed = needs_listing(self.config, &state, request.kind)?;
        let mut differ = self.differ(state, request, is_listed, body).await?;
        let mut page_size = None;
        if is_listed && !request.knows_listing {
            // A row that is known doesn't tell which rule has taken it, and other passes don't parse it either.
            let recalled = (!self.config.source.rules.iter().any(Rule::includes)).then_some(request.now);
            let taken_in = listing::take_in(self.nicechat, differ, recalled);
            (differ, page_size) = interruptible(self.stop, Box::pin(taken_in)).await??;
        }
        let Compared { format, is_whole, header, comparison } = self.compare(differ, request, body).await?;
        let Comparison { mut store, mut summary, changes_at, rows, missing, left } = comparison;
        let addresses = Address::possible(self.config, format);
        if let Err(why) = &addresses
            && self.config.nicechat.strategy == Strategy::Import
        {
            return Err(PassError::NoAddress(why.clone()));
        }
        let (columns, gone) = columns::compare(&self.reader()?, format, header.as_ref(), &summary)?;
        summary.gone = gone;
        let misspelt = header.iter().flat_map(Header::missed);
        summary.misspelt = misspelt.map(|(name, meant)| (name.to_owned(), meant)).collect();
        let kind = feed_kind(self.config, format);
        let verdict = self.judge(request, kind.clone(), &mut store, &mut summary)?;
        let inputs = Inputs { is_held: verdict.held.is_some(), ..inputs };
        let decision = choose(&summary, &inputs, addresses.as_deref().map_err(String::as_str));
        let store = SharedPlanStore::new(store.into());
        Ok(Plan {
            store,
            summary,
            verdict,
            kind,
            columns,
            decision,
            changes_at,
            is_whole,
            is_listed,
            page_size,
            missing,
            rows,
            left,
        })
    }

    /// The state as it is now.
    fn reader(&self) -> Result<state::Reader, StateError> {
        state::Reader::open(&self.config.state.path)
    }

    /// What may be sent of a plan. It is judged by the state as it is now.
    fn judge(
        &self,
        request: Request,
        kind: FeedKind,
        store: &mut PlanStore,
        summary: &mut Summary,
    ) -> Result<Verdict, PassError> {
        let reader = self.reader()?;
        let approved = word(&self.config.state.path, CATALOG);
        let judge = Judge { settings: &self.config.guard, reader: &reader, force: request.force, approved, kind };
        let word = judge.approved.clone();
        Ok(Verdict { word, ..judge.judge(store, summary)? })
    }

    /// A comparison with what the state knows. Where a listing will have more to say, rows count as known only behind it.
    async fn differ(
        &self,
        state: state::Reader,
        request: Request,
        is_listed: bool,
        body: &Arc<Body>,
    ) -> Result<Differ, PassError> {
        let policy = policy(self.config, request.kind);
        let imported = if is_listed { state.imported_feed()? } else { None };
        let (guard, body) = (self.config.guard.clone(), Arc::clone(body));
        let source = self.config.source.clone();
        blocking(move || {
            let mut differ = if is_listed {
                Differ::new(state, policy)?
            } else {
                Differ::with_known_rows(state, policy, request.now)?
            };
            let unreadable = |error| PassError::Fetch(FetchError::unreadable(&source, &error));
            if let Some(patience) = patience(&guard, &body).map_err(unreadable)? {
                differ.be_patient(patience)?;
            }
            if let Some(imported) = imported
                && imported == body.digest().map_err(unreadable)?
            {
                differ.follows_its_import();
            }
            Ok(differ)
        })
        .await
    }

    /// Takes the feed into the comparison.
    async fn compare(&self, mut differ: Differ, request: Request, body: &Arc<Body>) -> Result<Compared, PassError> {
        // One that is still coming is as fast as the network, and no processor's. (Nobody closes the queue.)
        let _turn = match body.is_coming() {
            true => None,
            false => Some(interruptible(self.stop, self.computing.acquire()).await?),
        };
        let source = &self.config.source;
        let options = options_for_nicechat(source, request.now);
        let (location, max_bytes) = (source.location.to_string(), source.max_bytes);
        let (stop, body) = (self.stop.clone(), Arc::clone(body));
        let rules = source.rules.clone();
        blocking(move || {
            if request.is_carried_out {
                differ.keep_rows(request.now);
                differ.sort_creates_by_keys();
            }
            let mut rows = Rows { filter: Filter::new(differ, rules), stop: stop.clone(), since: 0, failure: None };
            let read = read(&body, max_bytes, &options, (&mut rows, &stop));
            // What was read while somebody wrote it is wrong in ways that needn't show.
            body.check_unwritten()?;
            let Rows { filter, failure, .. } = rows;
            if let Some(failure) = failure {
                return Err(failure);
            }
            let feed::Reading { format, is_whole, left_last_row, header } = read.map_err(|error| match error {
                FeedError::Interrupted => PassError::Interrupted,
                error => PassError::Feed { location, error },
            })?;
            let (mut differ, excluded) = filter.into_parts();
            if let End::Unproven(because) = body.end
                && !is_whole
            {
                differ.may_go_on(because, left_last_row);
            }
            Ok(Compared { format, is_whole, header, comparison: excluded.counted_in(differ.finish()?) })
        })
        .await
    }
}

/// How long products wait that a feed doesn't have; `None` = they don't.
pub(super) fn patience(guard: &config::Guard, body: &Body) -> io::Result<Option<Patience>> {
    if guard.is_patient() {
        let body = if guard.delete_feeds > 1 { Some(body.digest()?) } else { None };
        let (after, feeds, until_then) = (guard.delete_after, guard.delete_feeds, guard.missing);
        return Ok(Some(Patience { after, feeds, until_then, body }));
    }
    Ok(None)
}

/// The settings that a plan depends on.
pub(super) fn policy(config: &Catalog, kind: PassKind) -> Policy {
    Policy {
        prune: config.nicechat.prune,
        vanished_category: config.nicechat.vanished_category,
        default_category: config.source.default_category.clone(),
        retry_refused: kind == PassKind::Resync,
        price_factor: config.guard.price_factor,
    }
}

/// What a feed is, and where it is from.
pub(super) fn feed_kind(config: &Catalog, format: FeedType) -> FeedKind {
    let wanted = config.source.format.map_or("auto", FeedType::name);
    FeedKind { source: format!("{} {wanted}", config.source.location.fingerprint()), kind: format.name().to_owned() }
}

/// What the feed's rows mean besides what they say. `now` = the moment at which sales are judged.
pub(super) fn parse_options(source: &Source, now: Timestamp) -> ParseOptions {
    let default_category = source.default_category.clone();
    ParseOptions {
        format: source.format,
        default_currency: source.default_currency,
        default_category: default_category.map(|id| Arc::new(Category { id, name: None })),
        now,
        local: true,
    }
}

/// The same for what NiceChat gets: of what only others get to see, no more than rules ask for.
pub(super) fn options_for_nicechat(source: &Source, now: Timestamp) -> ParseOptions {
    ParseOptions { local: source.rules.name_a_brand(), ..parse_options(source, now) }
}

/// Reads a body into a comparison.
pub(super) fn read(
    body: &Body,
    max_bytes: u64,
    options: &ParseOptions,
    (rows, stop): (&mut dyn feed::RowSink, &CancellationToken),
) -> Result<feed::Reading, FeedError> {
    feed::read_into(&input(body, max_bytes, stop)?, options, rows)
}

/// A comparison that takes rows until it fails or is to stop. Why it ended stays here: whoever reads the feed only
/// has to know that it did.
struct Rows {
    filter: Filter,
    stop: CancellationToken,
    /// Rows since it was last looked whether to stop.
    since: u32,
    failure: Option<PassError>,
}

/// Rows after which it is looked whether to stop: each look takes a lock, and so many rows a millisecond.
const LOOK: u32 = 1_000;

/// The comparison takes no more rows.
#[derive(Debug, Error)]
#[error("the comparison has ended")]
struct Closed;

impl Rows {
    /// Counts a row.
    fn check(&mut self) -> Result<(), SinkError> {
        self.since += 1;
        if self.since < LOOK { Ok(()) } else { self.look() }
    }

    fn look(&mut self) -> Result<(), SinkError> {
        self.since = 0;
        if self.stop.is_cancelled() {
            return self.end(PassError::Interrupted);
        }
        Ok(())
    }

    #[cold]
    fn end<T>(&mut self, failure: PassError) -> Result<T, SinkError> {
        self.failure.get_or_insert(failure);
        Err(Box::new(Closed))
    }
}

impl feed::RowSink for Rows {
    fn hasher(&self) -> &Hasher {
        self.filter.hasher()
    }

    fn knows_some(&self) -> bool {
        self.filter.knows_some()
    }

    fn prefetch(&mut self, rows: &[RowDigest]) {
        self.filter.prefetch(rows);
    }

    fn knows(&mut self, row: RowDigest, line: u64) -> Result<bool, SinkError> {
        self.check()?;
        self.filter.recall(row, line).or_else(|error| self.end(error.into()))
    }

    fn first(&mut self, id: &str, row: RowPlace) -> Result<Option<RowPlace>, SinkError> {
        self.filter.first(id, row).or_else(|error| self.end(error.into()))
    }

    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        self.look()
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.check()?;
        self.filter.take(row, digest).or_else(|error| self.end(error.into()))
    }
}

fn inputs(config: &Catalog, state: &state::Reader, kind: PassKind) -> Result<Inputs, StateError> {
    let timings = state.timings()?;
    Ok(Inputs {
        strategy: config.nicechat.strategy,
        concurrency: match config.nicechat.concurrency {
            Concurrency::Fixed(most) => most.get(),
            Concurrency::Auto => timings.at_once.unwrap_or(AT_ONCE),
        },
        requests_per_second: config.nicechat.requests_per_second.map(std::num::NonZeroU32::get),
        kind,
        timings,
        failures: state.import_failures()?,
        is_held: false,
        is_importing: state.open_import()?.is_some(),
    })
}

//! From the settings, the feed and the state to a plan, by reading alone.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::catalog::{Category, Hasher, Id, Kind};
use crate::config::{Catalog, Prune, Strategy};
use crate::feed::{self, FeedError, Row, RowDigest, Shape, SinkError};
use crate::pass::PassKind;
use crate::remote::nicechat;
use crate::source::{self, Body, End, FetchError, Fetched, Validators};
use crate::state::{self, RowsEnding, StateError};
use crate::systems::catalog::diff::differ::{Comparison, Policy, Session, SessionError};
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::filter::Filter;
use crate::systems::catalog::listing;
use crate::systems::catalog::plan::operation::{Summary, guard};
use crate::systems::catalog::plan::store::SharedStaging;
use crate::systems::catalog::strategy::address::Address;
use crate::systems::catalog::strategy::cost::{Choice, Circumstances, choose};
use crate::systems::catalog::wait::{blocking, interruptible};

/// What a pass is going to do.
pub struct Plan {
    /// The operations and the rejected rows.
    pub staging: SharedStaging,
    /// What they come to.
    pub summary: Summary,
    /// Why the guard refuses it.
    pub guard: Option<String>,
    /// Which way the operations are carried out.
    pub choice: Choice,
    /// When a sale in the feed begins or ends next.
    pub(super) changes_at: Option<Timestamp>,
    /// Whether the feed was there to its end.
    pub(super) is_whole: bool,
    /// Whether NiceChat's listing was taken in.
    pub(super) is_listed: bool,
    /// Objects on a page of the listing, if it has more than one page.
    pub(super) page_size: Option<u64>,
    /// What the state is to know of the feed's rows, once the operations have been carried out.
    pub(super) rows: Option<RowsEnding>,
    /// See [`Comparison::left`].
    pub(super) left: Vec<(Kind, Id)>,
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion {
    /// What for.
    pub(super) kind: PassKind,
    /// The moment at which sales are judged.
    pub(super) now: Timestamp,
    /// Whether the state is to learn what the rows of the feed mean.
    pub(super) keeps_rows: bool,
}

/// Plans a pass without writing anything, neither there nor here: what it is given can't.
///
/// # Errors
/// When the feed, the state or the listing can't be read.
pub async fn plan(config: &Catalog, kind: PassKind, stop: &CancellationToken) -> Result<Plan, PassError> {
    let state = state::Reader::open(&config.state.path)?;
    state.check_base(Some(config.nicechat.base_url.as_str()))?;
    let nicechat = nicechat::connect(&config.nicechat, &config.source.location.secrets())?.reader();
    let occasion = Occasion { kind, now: Timestamp::now(), keeps_rows: false };
    let body = match interruptible(stop, source::fetch(&config.source, Validators::default(), state.hasher())).await?? {
        Fetched::Body(body) => body,
        // Nothing was asked for that could be answered so.
        Fetched::NotModified => return Err(PassError::Fetch(FetchError::strange_304(&config.source))),
    };
    prepare(config, state, occasion, &nicechat, &body, stop).await
}

/// Whether a pass has to read NiceChat's listing: a resync, the first pass of a state, the first
/// one that may delete what isn't ours, the first one after an import, and the first one of a state file that
/// isn't the one that was written last.
pub(super) fn needs_listing(config: &Catalog, state: &state::Reader, kind: PassKind) -> Result<bool, StateError> {
    Ok(kind == PassKind::Resync
        || state.is_unsettled()?
        || state.is_doubted()?
        || match state.listed()? {
            None => true,
            Some(all) => config.nicechat.prune == Prune::All && !all,
        })
}

/// Reads the listing if need be, then the feed, compares, and chooses the way.
pub(super) async fn prepare(
    config: &Catalog,
    state: state::Reader,
    occasion: Occasion,
    nicechat: &nicechat::Reader,
    body: &Arc<Body>,
    stop: &CancellationToken,
) -> Result<Plan, PassError> {
    let policy = Policy {
        prune: config.nicechat.prune,
        vanished_category: config.nicechat.vanished_category,
        default_category: config.source.default_category.clone(),
        retry_refused: occasion.kind == PassKind::Resync,
    };
    let circumstances = circumstances(config, &state, occasion.kind)?;
    let is_listed = needs_listing(config, &state, occasion.kind)?;
    let mut session = blocking(move || {
        let mut session =
            if is_listed { Session::new(state, policy)? } else { Session::remembering(state, policy, occasion.now)? };
        if occasion.keeps_rows {
            session.keep_rows(occasion.now);
        }
        Ok(session)
    })
    .await?;
    let mut page_size = None;
    if is_listed {
        (session, page_size) = interruptible(stop, listing::take_in(nicechat, session)).await??;
    }
    let default_category = config.source.default_category.clone();
    let shape = Shape {
        format: config.source.format,
        default_currency: config.source.default_currency,
        default_category: default_category.map(|id| Arc::new(Category { id, name: None })),
        now: occasion.now,
    };
    let location = config.source.location.to_string();
    let max_bytes = config.source.max_bytes;
    let (stop, body) = (stop.clone(), Arc::clone(body));
    let rules = config.source.rules.clone();
    let (format, is_whole, Comparison { staging, summary, changes_at, rows, left }) = blocking(move || {
        let mut reading = Reading { session: Filter::new(session, rules), stop };
        let read = read(&body, max_bytes, &shape, &mut reading).map_err(|error| feed_error(location, error));
        // What was read while somebody wrote it is wrong in ways that needn't show.
        body.check_unwritten()?;
        let feed::Reading { format, is_whole, left_last_row } = read?;
        let (mut session, excluded) = reading.session.into_parts();
        if let End::Unproven(because) = body.end
            && !is_whole
        {
            session.may_go_on(because, left_last_row);
        }
        Ok((format, is_whole, excluded.counted_in(session.finish()?)))
    })
    .await?;
    let addresses = Address::possible(config, format);
    if let Err(why) = &addresses
        && config.nicechat.strategy == Strategy::Import
    {
        return Err(PassError::NoAddress(why.clone()));
    }
    let choice = choose(&summary, &circumstances, addresses.as_deref().map_err(String::as_str));
    let guard = guard(&summary, config.guard.max_delete_percent);
    let staging = SharedStaging::new(staging.into());
    Ok(Plan { staging, summary, guard, choice, changes_at, is_whole, is_listed, page_size, rows, left })
}

fn read(body: &Body, max_bytes: u64, shape: &Shape, reading: &mut Reading) -> Result<feed::Reading, FeedError> {
    let input = feed::open(&body.file, max_bytes).stopped_by(&reading.stop);
    let input = if body.end == End::Proven { input } else { input.unproven()? };
    feed::read_into(&input, shape, reading)
}

/// A comparison that can be stopped.
struct Reading {
    session: Filter,
    stop: CancellationToken,
}

impl Reading {
    fn session(&mut self) -> Result<&mut Filter, SinkError> {
        if self.stop.is_cancelled() { Err(Box::new(PassError::Interrupted)) } else { Ok(&mut self.session) }
    }
}

impl feed::Receiver for Reading {
    fn hasher(&self) -> &Hasher {
        self.session.hasher()
    }

    fn knows_some(&self) -> bool {
        self.session.knows_some()
    }

    fn foresee(&mut self, rows: &[RowDigest]) {
        self.session.foresee(rows);
    }

    fn knows(&mut self, row: RowDigest) -> Result<bool, SinkError> {
        self.session()?.knows(row)
    }

    fn is_first(&mut self, id: &str) -> Result<bool, SinkError> {
        self.session()?.is_first(id)
    }

    fn check_cancelled(&mut self) -> Result<(), SinkError> {
        self.session().map(|_| ())
    }

    fn row(&mut self, row: Row, digest: Option<RowDigest>) -> Result<(), SinkError> {
        self.session()?.row(row, digest)
    }
}

fn circumstances(config: &Catalog, state: &state::Reader, kind: PassKind) -> Result<Circumstances, StateError> {
    Ok(Circumstances {
        strategy: config.nicechat.strategy,
        concurrency: config.nicechat.concurrency.get(),
        requests_per_second: config.nicechat.requests_per_second.map(std::num::NonZeroU32::get),
        kind,
        experience: state.experience()?,
        failures: state.import_failures()?,
        is_importing: state.open_import()?.is_some(),
    })
}

/// An error of our own that stopped the reading comes out as it went in.
fn feed_error(location: String, error: FeedError) -> PassError {
    match error {
        FeedError::Sink(inner) => match inner.downcast::<SessionError>() {
            Ok(session) => PassError::from(*session),
            Err(_) => PassError::Interrupted,
        },
        FeedError::Interrupted => PassError::Interrupted,
        error => PassError::Feed { location, error },
    }
}

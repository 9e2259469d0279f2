//! What the feed has of a product, and what the next pass would make of it.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::face::Next;
use super::watch::Watch;
use crate::approval::{CATALOG, word};
use crate::catalog::Kind;
use crate::clock::{Moment, boot_id};
use crate::config::{self, Catalog, Location, Prune, Source};
use crate::feed::{self, RowOf};
use crate::http_client::Clients;
use crate::pass::PassKind;
use crate::source::{Body, End, FetchError};
use crate::state::Reader;
use crate::systems::catalog::diff::differ::{Comparison, Differ};
use crate::systems::catalog::diff::patience::Patience;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::filter::Filter;
use crate::systems::catalog::guard::Judge;
use crate::systems::catalog::plan::operation::{Operation, Stage};
use crate::systems::catalog::plan::verdict::Verdict;
use crate::systems::catalog::planner::{body, feed_kind, needs_listing, parse_options, patience, policy, read};
use crate::systems::catalog::seen::Seen;
use crate::systems::catalog::shelf::Stocked;
use crate::systems::catalog::stock::{Fate, next_shown};
use crate::systems::catalog::store::{Due, ReadFeed as _, ReadObjects as _};
use crate::systems::catalog::wait::blocking;

/// Rows of one id that are shown as they are written.
const SHOWN: usize = 5;

/// The feed, as it is now.
#[derive(Debug)]
pub struct InFeed {
    /// Where it is.
    pub location: String,
    /// Whether it is the one of the last pass; `None` = nobody knows.
    pub is_same: Option<bool>,
    /// The product's rows.
    pub rows: Vec<FeedRow>,
    /// What the next pass would do, the guard's word included.
    pub operations: Vec<(Stage, Operation)>,
    /// By which all that the guard holds would be approved.
    pub held: Option<String>,
    /// Since when whole feeds lack the product, and when it is deleted for that, if it is to wait.
    pub missing: Option<(Timestamp, Due)>,
    /// Why nothing that is missing is deleted.
    pub proves_nothing: Option<&'static str>,
    /// The next pass reads NiceChat's listing, which may have more to say.
    pub is_listing_due: bool,
}

/// A row of the feed.
#[derive(Debug)]
pub struct FeedRow {
    /// The line on which it begins.
    pub line: u64,
    /// Its cells as they are, with their columns' names.
    pub cells: Vec<(String, String)>,
    /// What was made of it.
    pub seen: Seen,
}

/// Whether a feed can be read without asking anybody.
pub(super) fn is_at_hand(source: &Source) -> bool {
    matches!(source.location, Location::File(_))
}

/// What gzip files begin with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of a feed that are read in some hundredths of a second.
const SOON_READ: u64 = 4 << 20;

/// Whether a feed is read so soon that a page can wait for it.
pub(super) fn is_soon_read(source: &Source) -> bool {
    let Location::File(path) = &source.location else { return false };
    if !path.metadata().is_ok_and(|file| file.is_file() && file.len() <= SOON_READ) {
        return false;
    }
    // A packed one may be a hundred times as large.
    let mut head = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head != GZIP
}

/// The product's rows as they are.
pub(super) fn rows(source: &Source, body: &Body, seen: Vec<Seen>, id: &str) -> Result<Vec<FeedRow>, PassError> {
    let fault = |error| PassError::Feed { location: source.location.to_string(), error };
    let mut rows: Vec<FeedRow> = Vec::new();
    for seen in seen.into_iter().take(SHOWN) {
        let line = seen.line();
        let after = rows.iter().filter(|row| row.line == line).count();
        let input = feed::open(&body.file, source.max_bytes);
        let cells = feed::row_at(&input, source.format, RowOf { line, id, after }).map_err(fault)?;
        rows.push(FeedRow { line, cells, seen });
    }
    Ok(rows)
}

/// Reads the feed, and compares it with the state.
/// `shown` = the product as others than NiceChat are shown it, if they are.
pub(super) async fn read_feed(
    config: &Arc<Catalog>,
    id: &str,
    shown: Option<Option<Stocked>>,
) -> Result<(InFeed, Option<Next>), PassError> {
    let state = Reader::open(&config.state.path)?;
    let hasher = state.hasher().clone();
    let body = body(&Clients::default(), &config.source, &hasher).await?;
    let (config, id) = (Arc::clone(config), id.to_owned());
    blocking(move || {
        let (feed, verdict) = examine(&config, state, &body, &id)?;
        let Some(shown) = shown else { return Ok((feed, None)) };
        let reader = Reader::open(&config.state.path)?;
        let is_owned = reader.key(Kind::Product, reader.hasher().digest(id.as_bytes()))?.is_some();
        let next = next(&config, (&feed, &verdict), shown.as_ref(), is_owned);
        Ok((feed, Some(next)))
    })
    .await
}

/// What others than NiceChat would be shown of the product: as the plan for NiceChat decides, and the shelf is filled.
fn next(config: &Catalog, (feed, verdict): (&InFeed, &Verdict), shown: Option<&Stocked>, is_owned: bool) -> Next {
    if verdict.is_whole {
        return Next { item: shown.cloned(), is_held: true };
    }
    let risks = verdict.risks_of_products();
    let is_deleted = |(stage, _): &(Stage, Operation)| matches!(stage, Stage::ProductDeletes | Stage::TwinDeletes);
    let is_sold_out = feed.missing.is_some() && config.guard.missing == config::Missing::OutOfStock;
    let is = (feed.operations.iter().any(is_deleted), is_sold_out);
    let seen = feed.rows.first().map(|row| &row.seen);
    let fate = match () {
        () if matches!(seen, Some(Seen::Rejected(_))) || feed.proves_nothing.is_some() => Fate::Stays,
        () => Fate::beside_nicechat((&risks, config.nicechat.prune != Prune::None), is, || is_owned),
    };
    let (item, is_held) = next_shown((shown, seen), Some(fate), &risks, config.guard.price_factor);
    Next { item, is_held }
}

fn examine(config: &Catalog, state: Reader, body: &Body, id: &str) -> Result<(InFeed, Verdict), PassError> {
    let location = config.source.location.to_string();
    let mark = state.feed_mark()?.and_then(|mark| mark.body);
    let digest = body.digest().map_err(|error| PassError::Fetch(FetchError::unreadable(&config.source, &error)))?;
    let is_listing_due = needs_listing(config, &state, PassKind::Sync)?;
    let options = parse_options(&config.source, Timestamp::now());
    let unreadable = |error| PassError::Fetch(FetchError::unreadable(&config.source, &error));
    let patience = patience(&config.guard, body).map_err(unreadable)?;
    let mut differ = Differ::new(state, policy(config, PassKind::Sync))?;
    patience.map_or(Ok(()), |patience| differ.be_patient(patience))?;
    let filter = Filter::new(differ, config.source.rules.clone());
    let mut watch = Watch::new(filter, config.source.rules.clone(), id.to_owned());
    let stop = CancellationToken::new();
    let result = read(body, config.source.max_bytes, &options, (&mut watch, &stop));
    body.check_unwritten()?;
    let Watch { filter, seen, failure, .. } = watch;
    failure.map_or(Ok(()), Err)?;
    let fault = |error| PassError::Feed { location: location.clone(), error };
    let reading = result.map_err(fault)?;
    let (mut differ, excluded) = filter.into_parts();
    let mut proves_nothing = None;
    if let End::Unproven(because) = body.end
        && !reading.is_whole
    {
        differ.may_go_on(because, reading.left_last_row);
        proves_nothing = Some(because);
    }
    let Comparison { mut store, mut summary, missing, .. } = excluded.counted_in(differ.finish()?);
    if summary.held_back > 0 {
        proves_nothing.get_or_insert("a row is too broken to tell whose it is");
    }
    let missing = missing.into_iter().flatten().find(|missing| missing.id == id);
    let missing = missing.zip(patience).map(|(missing, Patience { after, feeds, .. })| {
        (missing.since.at, missing.due(after, feeds, Moment::now(), boot_id().as_deref()))
    });
    let reader = Reader::open(&config.state.path)?;
    let (approved, kind) = (word(&config.state.path, CATALOG), feed_kind(config, reading.format));
    let judge = Judge { settings: &config.guard, reader: &reader, force: false, approved, kind };
    let verdict = judge.judge(&mut store, &mut summary)?;
    let rows = rows(&config.source, body, seen, id)?;
    let feed = InFeed {
        location: location.clone(),
        is_same: mark.map(|mark| mark == digest),
        rows,
        operations: store.operations_on(Kind::Product, id)?,
        held: verdict.held.as_ref().map(|held| held.digest.clone()),
        missing,
        proves_nothing,
        is_listing_due,
    };
    Ok((feed, verdict))
}

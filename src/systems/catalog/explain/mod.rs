//! One product's way: what the feed has of it, what we sent and when, what NiceChat has, and what comes next. It only
//! reads, and needs no secret but where the feed's host wants one.

mod face;
mod feed;
mod shown;
mod watch;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Builder;

pub(crate) use self::face::{InShown, Next};
pub(crate) use self::feed::{FeedRow, InFeed};
use super::error::PassError;
use super::plan::operation::Stage;
pub(crate) use super::seen::Seen;
use super::shelf::Shelf;
use super::stock::{self, Showing};
use super::store::{ChangeKind, Entry, FailedObject, HistoryFilter, InDoubt, Known, Why};
use super::store::{ReadGuard as _, ReadHistory as _, ReadObjects as _, ReadRequests as _, ReadTroubles as _};
use crate::catalog::{Kind, Rejection};
use crate::config::{Catalog, Config, Source};
use crate::state::{Reader, StateError};

/// Changes of a product that are told.
const CHANGES: usize = 100;

/// The settings by which a product is explained.
#[derive(Debug, Clone)]
pub enum ExplainedBy {
    /// NiceChat's catalogue is kept equal to the feed.
    Catalog(Arc<Catalog>),
    /// The feed is shown, and nothing else.
    Showing(Box<Showing>),
}

impl ExplainedBy {
    /// `None` = the settings name no feed of which anything is made.
    pub fn of(config: &Config) -> Option<ExplainedBy> {
        let showing = || Showing::of(config).map(|showing| ExplainedBy::Showing(Box::new(showing)));
        config.catalog.clone().map(ExplainedBy::Catalog).or_else(showing)
    }

    /// The feed.
    pub fn source(&self) -> &Source {
        match self {
            ExplainedBy::Catalog(catalog) => &catalog.source,
            ExplainedBy::Showing(showing) => &showing.source,
        }
    }

    fn shelf(&self) -> Option<Shelf> {
        match self {
            ExplainedBy::Catalog(catalog) => catalog.is_shown.then(|| stock::shown(&catalog.state.path)),
            ExplainedBy::Showing(showing) => Some(stock::shown(&showing.state)),
        }
    }
}

/// What is known of a product.
#[derive(Debug)]
pub struct Explanation {
    /// Its id.
    pub id: String,
    /// What the feed has; an error says why it wasn't read.
    pub feed: Result<InFeed, NotRead>,
    /// What the state knows.
    pub known: InState,
    /// What others than NiceChat are shown; `None` = nobody is.
    pub shown: Option<InShown>,
    /// There is no NiceChat.
    pub is_alone: bool,
}

/// Why a feed wasn't read.
#[derive(Debug)]
pub enum NotRead {
    /// No settings name one.
    NoFeed,
    /// It has an address, and nobody said that it may be asked.
    NotAsked(String),
    /// It can't be.
    Failed(PassError),
}

/// What the state knows of a product.
#[derive(Debug, Default)]
pub struct InState {
    /// What NiceChat acknowledged.
    pub object: Option<Known>,
    /// What was changed, the latest first.
    pub changes: Vec<Entry>,
    /// When it was created with all others, of which no change tells one by one.
    pub first_load: Option<Timestamp>,
    /// Its rows that the last pass rejected.
    pub rejected: Vec<Rejection>,
    /// Why it isn't as wanted.
    pub failed: Option<FailedObject>,
    /// A request about it may have been cut off.
    pub in_doubt: Option<InDoubt>,
    /// Since when the guard holds something of it, if that is the last that happened.
    pub held_since: Option<Timestamp>,
}

impl Explanation {
    /// Whether anything is known.
    pub fn is_empty(&self) -> bool {
        let InState { object, changes, rejected, failed, in_doubt, .. } = &self.known;
        let in_feed = self.feed.as_ref().is_ok_and(|feed| !feed.rows.is_empty() || !feed.operations.is_empty());
        let is_known = object.is_some() || failed.is_some() || in_doubt.is_some();
        let is_shown = self.shown.as_ref().is_some_and(|shown| shown.item.is_some());
        !in_feed && !is_shown && !is_known && changes.is_empty() && rejected.is_empty()
    }
}

/// Finds out what is known of a product. `may_ask` = also of a feed that has to be asked for.
///
/// # Errors
/// When the state can't be read.
pub async fn explain(
    by: Option<&ExplainedBy>,
    reader: &Reader,
    id: &str,
    may_ask: bool,
) -> Result<Explanation, StateError> {
    let mut known = in_state(reader, id)?;
    // What is damaged is as good as not there.
    let item = |shelf: Shelf| shelf.newest().ok()??.get(id).ok()?;
    let mut shown = by.and_then(ExplainedBy::shelf).map(|shelf| InShown { item: item(shelf), next: None });
    let feed = match by {
        None => Err(NotRead::NoFeed),
        Some(by) if !may_ask && !feed::is_at_hand(by.source()) => {
            Err(NotRead::NotAsked(by.source().location.to_string()))
        }
        Some(ExplainedBy::Catalog(config)) => {
            let now = shown.as_ref().map(|shown| shown.item.clone());
            let read = feed::read_feed(config, id, now).await.map_err(NotRead::Failed);
            read.map(|(feed, then)| {
                shown.iter_mut().zip(then).for_each(|(shown, then)| shown.next = Some(then));
                feed
            })
        }
        Some(ExplainedBy::Showing(showing)) => match shown::read_feed(showing, id).await {
            Ok((feed, then)) => {
                shown = Some(then);
                Ok(feed)
            }
            Err(error) => Err(NotRead::Failed(error)),
        },
    };
    if let Ok(feed) = &feed
        && !feed.is_listing_due
        && feed.operations.iter().all(|(stage, _)| *stage != Stage::Held)
    {
        // Other things may be held still.
        known.held_since = None;
    }
    let is_alone = matches!(by, Some(ExplainedBy::Showing(_)));
    Ok(Explanation { id: id.to_owned(), feed, known, shown, is_alone })
}

/// The same for somebody who doesn't wait: of a feed that isn't a small file of this machine, what the state knows alone. It
/// waits for the disk.
///
/// # Errors
/// When the state can't be read.
pub(in crate::systems::catalog) fn explain_soon(
    by: Option<&ExplainedBy>,
    reader: &Reader,
    id: &str,
) -> Result<Explanation, StateError> {
    if by.is_some_and(|by| feed::is_soon_read(by.source()))
        && let Ok(runtime) = Builder::new_current_thread().enable_all().build()
    {
        return runtime.block_on(explain(by, reader, id, false));
    }
    let item = |shelf: Shelf| shelf.newest().ok()??.get(id).ok()?;
    let shown = by.and_then(ExplainedBy::shelf).map(|shelf| InShown { item: item(shelf), next: None });
    let unread = by.map_or(NotRead::NoFeed, |by| NotRead::NotAsked(by.source().location.to_string()));
    let is_alone = matches!(by, Some(ExplainedBy::Showing(_)));
    Ok(Explanation { id: id.to_owned(), feed: Err(unread), known: in_state(reader, id)?, shown, is_alone })
}

fn in_state(reader: &Reader, id: &str) -> Result<InState, StateError> {
    let mut known = InState::default();
    let key = reader.key(Kind::Product, reader.hasher().digest(id.as_bytes()))?;
    known.object = key.map(|key| reader.object(key.object)).transpose()?.filter(|object| object.id == id);
    each_change_of(reader, id, |entry| {
        if entry.id.is_some() && entry.kind == Kind::Product && known.changes.len() < CHANGES {
            known.changes.push(entry);
        }
    })?;
    known.first_load = first_load(reader, &known)?;
    reader.each_rejected(u64::MAX, |rejection| {
        if rejection.id.as_deref() == Some(id) {
            known.rejected.push(rejection);
        }
        Ok::<(), StateError>(())
    })?;
    reader.each_failed(u64::MAX, |failed| {
        if failed.kind == Kind::Product && failed.id == id {
            known.failed.get_or_insert(failed);
        }
        Ok::<(), StateError>(())
    })?;
    let is_of_it = |row: &InDoubt| row.kind == Kind::Product && row.id == id && !row.had_no_effect();
    known.in_doubt = reader.journal()?.into_iter().find(is_of_it);
    known.held_since = if reader.held()?.is_some() { held_since(&known.changes) } else { None };
    Ok(known)
}

fn each_change_of(reader: &Reader, id: &str, mut each: impl FnMut(Entry)) -> Result<(), StateError> {
    let filter = HistoryFilter { id: Some(id.to_owned()), ..HistoryFilter::default() };
    reader.each_change(&filter, |entry| {
        each(entry);
        Ok::<(), StateError>(())
    })
}

/// When an object was created with all others, as far as that can be told: not where an import may have done it.
fn first_load(reader: &Reader, known: &InState) -> Result<Option<Timestamp>, StateError> {
    let begins = |entry: &Entry| matches!(entry.change.change, ChangeKind::Created | ChangeKind::Adopted);
    if known.object.is_none() || known.changes.iter().any(begins) || known.changes.len() == CHANGES {
        return Ok(None);
    }
    let (mut at, mut is_sure) = (None, true);
    // What is told of all together has no id.
    each_change_of(reader, "", |entry| match entry.change.why {
        Why::FirstLoad => at = at.or(Some(entry.at)),
        _ => is_sure &= entry.change.change != ChangeKind::Created,
    })?;
    Ok(at.filter(|_| is_sure))
}

/// When something of a product was held, unless just that was sent since. `changes` = the latest first.
fn held_since(changes: &[Entry]) -> Option<Timestamp> {
    let at = changes.iter().position(|entry| entry.change.change == ChangeKind::Held)?;
    let is_held = |name: &str| changes[at].change.fields().any(|(held, ..)| held == name);
    let is_sent = |later: &Entry| {
        later.change.change == ChangeKind::Deleted || later.change.fields().any(|(name, ..)| is_held(name))
    };
    (!changes[..at].iter().any(is_sent)).then(|| changes[at].at)
}

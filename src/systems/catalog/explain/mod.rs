//! One product's way: what the feed has of it, what we sent and when, what NiceChat has, and what comes next. It only
//! reads, and needs no secret but where the feed's host wants one.

mod feed;
mod watch;

use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use self::feed::{FeedRow, InFeed};
pub(crate) use super::seen::Seen;
use super::error::PassError;
use super::plan::operation::Stage;
use super::store::{ChangeKind, Entry, FailedObject, HistoryFilter, InDoubt, Known, Why};
use super::store::{ReadGuard as _, ReadHistory as _, ReadObjects as _, ReadRequests as _, ReadTroubles as _};
use crate::catalog::{Kind, Rejection};
use crate::config::Catalog;
use crate::state::{Reader, StateError};

/// Changes of a product that are told.
const CHANGES: usize = 100;

/// What is known of a product.
#[derive(Debug)]
pub struct Explanation {
    /// Its id.
    pub id: String,
    /// What the feed has; an error says why it wasn't read.
    pub feed: Result<InFeed, NotRead>,
    /// What the state knows.
    pub known: InState,
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
        !in_feed && !is_known && changes.is_empty() && rejected.is_empty()
    }
}

/// Finds out what is known of a product. `may_ask` = also of a feed that has to be asked for.
///
/// # Errors
/// When the state can't be read.
pub async fn explain(
    config: Option<&Arc<Catalog>>,
    reader: &Reader,
    id: &str,
    may_ask: bool,
) -> Result<Explanation, StateError> {
    let mut known = in_state(reader, id)?;
    let feed = match config {
        None => Err(NotRead::NoFeed),
        Some(config) if !may_ask && !feed::is_at_hand(config) => {
            Err(NotRead::NotAsked(config.source.location.to_string()))
        }
        Some(config) => feed::read_feed(config, id).await.map_err(NotRead::Failed),
    };
    if let Ok(feed) = &feed
        && !feed.is_listing_due
        && feed.operations.iter().all(|(stage, _)| *stage != Stage::Held)
    {
        // Other things may be held still.
        known.held_since = None;
    }
    Ok(Explanation { id: id.to_owned(), feed, known })
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
    known.in_doubt = reader.journal()?.into_iter().find(|row| row.kind == Kind::Product && row.id == id);
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

//! What the feed says, put on the shelf for those who show it: the last feed that was read whole, with what the guard
//! holds, and what rows that can't be read say, left as it was.
//!
//! It has nothing to do with what NiceChat has acknowledged. Where a plan was made, its verdict counts; where none could
//! be made, for want of NiceChat, the feed is judged against the shelf by the same settings.

mod fill;
mod judge;
mod merge;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use self::judge::Word;

use self::fill::Fill;
use self::judge::{Judged, judge};
use super::error::PassError;
use super::plan::risk::Risk;
use super::plan::verdict::Held;
use super::shelf::{About, Generation, Shelf};
use crate::config::{Guard, Source};
use crate::feed;
use crate::source::Body;

/// Whose part of the shelf it is.
pub const SHOWN: &str = "shown";

/// Grows when the same feed would come to other items on the shelf.
const RULES: u32 = 1;

/// The part of a state's shelf that is shown.
pub fn shown(state: &Path) -> Shelf {
    Shelf::beside(state).of(SHOWN)
}

/// What is put on the shelf.
pub struct Stocking<'a> {
    /// How the feed is read.
    pub source: &'a Source,
    /// What may happen without somebody's word.
    pub guard: &'a Guard,
    /// Where it goes.
    pub shelf: Shelf,
    /// The feed.
    pub body: Arc<Body>,
    /// The moment at which sales are judged.
    pub now: Timestamp,
    /// Told to end.
    pub stop: CancellationToken,
}

/// What a plan has decided.
pub(super) struct Decided {
    /// What is held.
    pub(super) risks: HashSet<Risk>,
    /// The whole feed is held.
    pub(super) is_whole: bool,
    /// What is held, in words for programs.
    pub(super) held: Option<Held>,
    /// Whether a product that the feed doesn't have stays.
    pub(super) keeps: Box<dyn Fn(&str) -> bool + Send>,
    /// Tells it from others: what stays changes with time.
    pub(super) key: String,
}

/// What came of it.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Something else is shown now.
    pub is_new: bool,
    /// Rows that were taken and weren't.
    pub rows: Option<(u64, u64)>,
    /// What waits for somebody's word.
    pub held: Option<Held>,
}

impl Stocking<'_> {
    /// What everything on the shelf was made of besides the feed's bytes and what is held.
    pub(super) fn shape(source: &Source) -> String {
        format!(
            "{RULES}|{}|{}|{}|{:?}|{:?}|{:?}|{}",
            feed::RULES,
            env!("CARGO_PKG_VERSION"),
            source.location.fingerprint(),
            source.format,
            source.default_currency,
            source.default_category,
            source.rules
        )
    }

    /// Puts the feed on the shelf as a plan has decided.
    pub(super) fn by_plan(&self, decided: &Decided) -> Result<Outcome, PassError> {
        let held = decided.held.clone();
        let old = self.old();
        if decided.is_whole && old.is_some() {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = format!("{}|{}", self.key()?, decided.key);
        if is_current(old.as_ref(), &key, self.now) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let about =
            About { key, held: held.as_ref().and_then(|held| serde_json::to_value(held).ok()), ..About::default() };
        let fill = Fill { stocking: self, old: old.as_ref(), held: &decided.risks, keeps: &*decided.keeps };
        let rows = fill.run(about)?;
        Ok(Outcome { is_new: true, rows: Some(rows), held })
    }

    /// Puts the feed on the shelf, judged by what is there.
    ///
    /// # Errors
    /// When the feed can't be read to its end, or the shelf can't be written.
    pub fn alone(&self, word: &Word) -> Result<Outcome, PassError> {
        let old = self.old();
        let plain = self.key()?;
        if is_current(old.as_ref(), &plain, self.now) {
            return Ok(Outcome { held: old.as_ref().and_then(held_of), ..Outcome::default() });
        }
        let Judged { risks, is_whole, held, keeps_all } = match &old {
            Some(old) => judge(self, old, word)?,
            None => Judged::default(),
        };
        if is_whole {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let key = held.as_ref().map_or(plain.clone(), |held| format!("{plain}|{}", held.digest));
        if is_current(old.as_ref(), &key, self.now) {
            return Ok(Outcome { held, ..Outcome::default() });
        }
        let about =
            About { key, held: held.as_ref().and_then(|held| serde_json::to_value(held).ok()), ..About::default() };
        let keeps = |_: &str| keeps_all || risks.contains(&Risk::Delete);
        let rows = Fill { stocking: self, old: old.as_ref(), held: &risks, keeps: &keeps }.run(about)?;
        Ok(Outcome { is_new: true, rows: Some(rows), held })
    }

    fn key(&self) -> Result<String, PassError> {
        let digest = self
            .body
            .digest()
            .map_err(|error| PassError::Fetch(crate::source::FetchError::unreadable(self.source, &error)))?;
        Ok(format!("{}|{digest:032x}", Stocking::shape(self.source)))
    }

    /// What is shown now. What is damaged is made again.
    fn old(&self) -> Option<Generation> {
        self.shelf.newest().unwrap_or_else(|error| {
            warn!("{error}; it is made again");
            None
        })
    }
}

/// Whether what is shown is of a feed with these bytes, with everything in it that the feed says.
pub(super) fn is_of(state: &Path, source: &Source, body: Option<crate::catalog::Digest>, now: Timestamp) -> bool {
    let Some(body) = body else { return false };
    let key = format!("{}|{body:032x}", Stocking::shape(source));
    match shown(state).newest() {
        Ok(Some(old)) => old.about().key.starts_with(&key) && old.about().changes_at.is_none_or(|at| at > now),
        _ => false,
    }
}

fn is_current(old: Option<&Generation>, key: &str, now: Timestamp) -> bool {
    old.is_some_and(|old| old.about().key == key && old.about().changes_at.is_none_or(|at| at > now))
}

fn held_of(old: &Generation) -> Option<Held> {
    old.about().held.clone().and_then(|held| serde_json::from_value(held).ok())
}

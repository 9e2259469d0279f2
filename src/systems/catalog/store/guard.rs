//! What the guard keeps from pass to pass: what is held, what was approved, and what was deleted of late.

use std::collections::HashSet;

use jiff::SignedDuration;
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Kind;
use crate::clock::{Moment, Stamp, boot_id};
use crate::state::{GUARD_SINCE, Key, Reader, StateError, Writer};

/// What is held, as programs are told.
const HELD: Key<Value> = Key::json("held");
/// It was a resync that holds it: it read NiceChat's listing.
const HELD_BY_RESYNC: Key<bool> = Key::json("held_by_resync");
/// Deletions of late, the oldest first.
const DELETIONS: Key<Vec<Deletion>> = Key::json("deletions");
/// Those of the pass that is under way, or was cut off.
const DELETING: Key<Deletion> = Key::json("deleting");
/// What kind of feed the last one was that was applied, or that somebody approved.
const FEED_KIND: Key<FeedKind> = Key::json("feed_kind");

/// Deletions count together for so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// More passes a day than any schedule has.
const MOST: usize = 100_000;

/// One thing that somebody approved: a digest of an object and what becomes of it.
pub type ApprovedHash = [u8; 16];

/// What a pass deleted without anybody's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deletion {
    #[serde(flatten)]
    when: Stamp,
    /// What we owned before: categories and products.
    owned: [u64; 2],
    /// What of it was deleted.
    deleted: [u64; 2],
}

impl Deletion {
    /// None yet, of so many objects.
    fn none(owned: [u64; 2]) -> Deletion {
        Deletion { when: Stamp::now(), owned, deleted: [0, 0] }
    }

    fn is_any(&self) -> bool {
        self.deleted != [0, 0]
    }

    fn is_of_late(&self, now: Moment, boot: Option<&str>) -> bool {
        // By a clock that was set back it may seem to be to come: it counts, as it can't be long ago.
        self.when.age(now, boot) < DAY
    }
}

/// Deletions of a day together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recent {
    /// What we owned when they began, by kind; `None` = there were none.
    pub owned: [Option<u64>; 2],
    /// How many, by kind.
    pub deleted: [u64; 2],
}

/// A feed and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedKind {
    /// Where it is, and what the settings say that it is.
    pub source: String,
    /// What it was.
    pub kind: String,
}

/// What a pass leaves for the guard.
#[derive(Debug, Default)]
pub struct GuardEnding {
    /// What is held now: `Some(None)` = nothing; `None` = what was held before.
    pub held: Option<Option<Value>>,
    /// It is a resync that holds it.
    pub by_resync: bool,
    /// What kind of feed it was, when it was applied.
    pub kind: Option<FeedKind>,
}

/// Reading for the guard.
pub trait ReadGuard: AsRef<Reader> {
    /// What is held, as programs are told.
    ///
    /// # Errors
    /// When the file can't be read.
    fn held(&self) -> Result<Option<Value>, StateError> {
        self.as_ref().get(&HELD)
    }

    /// Whether a resync holds it.
    ///
    /// # Errors
    /// When the file can't be read.
    fn is_held_by_resync(&self) -> Result<bool, StateError> {
        Ok(self.as_ref().get(&HELD_BY_RESYNC)?.unwrap_or_default())
    }

    /// What was deleted of late.
    ///
    /// # Errors
    /// When the file can't be read.
    fn deleted_of_late(&self) -> Result<Recent, StateError> {
        let (now, boot) = (Moment::now(), boot_id());
        let mut all = self.as_ref().get(&DELETIONS)?.unwrap_or_default();
        all.extend(self.as_ref().get(&DELETING)?.filter(Deletion::is_any));
        let mut recent = Recent::default();
        for deletion in all.iter().filter(|deletion| deletion.is_of_late(now, boot.as_deref())) {
            for kind in 0..deletion.deleted.len() {
                if deletion.deleted[kind] > 0 {
                    recent.owned[kind].get_or_insert(deletion.owned[kind]);
                    recent.deleted[kind] += deletion.deleted[kind];
                }
            }
        }
        Ok(recent)
    }

    /// What kind of feed the last applied one was.
    ///
    /// # Errors
    /// When the file can't be read.
    fn feed_kind(&self) -> Result<Option<FeedKind>, StateError> {
        self.as_ref().get(&FEED_KIND)
    }

    /// What is approved and not done yet.
    ///
    /// # Errors
    /// When the file can't be read.
    fn approved(&self) -> Result<HashSet<ApprovedHash>, StateError> {
        if self.as_ref().version() < GUARD_SINCE {
            return Ok(HashSet::new());
        }
        Ok(self.as_ref().all("SELECT hash FROM approved", [], |row| row.get(0))?.into_iter().collect())
    }
}

impl ReadGuard for Reader {}

/// Writing for the guard.
pub trait WriteGuard: AsRef<Writer> {
    /// Writes down all that is approved, before any of it is done, and of what kind the feed is: a pass that is cut off
    /// goes on with the rest, also by a newer feed. What was approved before and isn't among it is so no more.
    ///
    /// # Errors
    /// When it can't be written.
    fn approve(
        &self,
        approved: Vec<ApprovedHash>,
        kind: FeedKind,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            transaction.execute("DELETE FROM approved", [])?;
            let mut insert = transaction.prepare("INSERT OR IGNORE INTO approved (hash) VALUES (?1)")?;
            approved.iter().try_for_each(|hash| insert.execute([hash]).map(|_| ()))?;
            FEED_KIND.set(transaction, &kind)
        })
    }
}

impl WriteGuard for Writer {}

/// The end of a pass.
pub(super) fn finish(transaction: &Transaction<'_>, ending: GuardEnding) -> rusqlite::Result<()> {
    let GuardEnding { held, by_resync, kind } = ending;
    if let Some(held) = held {
        if held.is_none() {
            transaction.execute("DELETE FROM held", [])?;
        }
        HELD_BY_RESYNC.set(transaction, &(by_resync && held.is_some()))?;
        held.map_or_else(|| HELD.remove(transaction), |held| HELD.set(transaction, &held))?;
    }
    end_deleting(transaction)?;
    kind.map_or(Ok(()), |kind| FEED_KIND.set(transaction, &kind))
}

/// The beginning of a pass that sends something, of so many categories and products.
pub(super) fn begin(transaction: &Transaction<'_>, owned: [u64; 2]) -> rusqlite::Result<()> {
    // What one has deleted that was cut off counts, too.
    end_deleting(transaction)?;
    DELETING.set(transaction, &Deletion::none(owned))
}

/// Counts an object that is gone, or switched off, without anybody's word: with what says so, as the pass may be cut off
/// after it.
pub(super) fn count_deleted(transaction: &Transaction<'_>, kind: Kind) -> rusqlite::Result<()> {
    let Some(mut deletion) = DELETING.get(transaction)? else { return Ok(()) };
    deletion.when = Stamp::now();
    deletion.deleted[usize::from(kind == Kind::Product)] += 1;
    DELETING.set(transaction, &deletion)
}

/// What was approved is done, and approved no more.
pub(super) fn spend(transaction: &Transaction<'_>, words: &[ApprovedHash]) -> rusqlite::Result<()> {
    words.iter().try_for_each(|word| {
        transaction.prepare_cached("DELETE FROM approved WHERE hash = ?1")?.execute([word]).map(|_| ())
    })
}

/// Puts what a pass has deleted to the rest.
fn end_deleting(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let before = DELETIONS.get(transaction)?.unwrap_or_default();
    let (now, boot) = (Moment::now(), boot_id());
    let mut all = before.clone();
    all.retain(|deletion| deletion.is_of_late(now, boot.as_deref()));
    all.iter_mut().for_each(|deletion| deletion.when.put_right(now, boot.as_deref()));
    if let Some(deletion) = DELETING.get(transaction)? {
        DELETING.remove(transaction)?;
        all.extend(Some(deletion).filter(Deletion::is_any));
    }
    let surplus = all.len().saturating_sub(MOST);
    all.drain(..surplus);
    if all == before { Ok(()) } else { DELETIONS.set(transaction, &all) }
}

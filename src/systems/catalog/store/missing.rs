//! Products that whole feeds don't have any more, and that are not deleted yet.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, Transaction, params};

use crate::catalog::Digest;
use crate::clock::{Moment, Stamp};
use crate::state::{GUARD_SINCE, Reader, StateError, Writer};

/// A product that whole feeds don't have any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Of the product.
    pub id: String,
    /// When the first of them was read.
    pub since: Stamp,
    /// How many of them there were, each of other bytes than the one before.
    pub feeds: u32,
    /// The bytes of the last one; `None` = nobody asked for them.
    body: Option<Digest>,
}

impl Missing {
    /// From a feed on that was just read.
    pub fn from_now(id: String, body: Option<Digest>) -> Missing {
        Missing { id, since: Stamp::now(), feeds: 1, body }
    }

    /// Another feed doesn't have it either; the same one again is none.
    pub fn again(&mut self, body: Option<Digest>) {
        if body.is_none() || self.body == body {
            return;
        }
        // Of the last one nobody knows the bytes: they may be these.
        self.feeds = self.feeds.saturating_add(u32::from(self.body.is_some()));
        self.body = body;
    }
}

/// When a product that is missing is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// In this pass.
    Now,
    /// In the first pass from then on, if the feed still lacks it.
    At(Timestamp),
    /// Not before so many more feeds lack it.
    Feeds(u32),
}

impl Missing {
    /// When it is deleted, if a product waits for so long and for so many feeds.
    pub fn due(&self, after: Duration, feeds: u32, now: Moment, boot: Option<&str>) -> Due {
        if let Some(more) = feeds.checked_sub(self.feeds).filter(|more| *more > 0) {
            return Due::Feeds(more);
        }
        let age = self.since.age(now, boot).max(SignedDuration::ZERO);
        let left = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX).saturating_sub(age);
        if left <= SignedDuration::ZERO {
            return Due::Now;
        }
        // A second more, for what was rounded.
        let left = left.saturating_add(SignedDuration::from_secs(1));
        Due::At(now.wall.saturating_add(left).unwrap_or(Timestamp::MAX))
    }
}

impl Due {
    /// In words, behind "deleted".
    pub fn words(self) -> String {
        match self {
            Due::Now => "by the next pass".to_owned(),
            Due::At(at) => format!("on {at:.0}"),
            Due::Feeds(1) => "when another feed lacks it".to_owned(),
            Due::Feeds(more) => format!("when {more} more feeds lack it"),
        }
    }
}

/// Reading which products are missing.
pub trait ReadMissing: AsRef<Reader> {
    /// All of them.
    ///
    /// # Errors
    /// When the file can't be read.
    fn missing(&self) -> Result<Vec<Missing>, StateError> {
        if self.as_ref().version() < GUARD_SINCE {
            return Ok(Vec::new());
        }
        self.as_ref().all("SELECT id, since, feeds, body FROM missing ORDER BY id", [], missing)
    }
}

impl ReadMissing for Reader {}

/// Writing which products are missing.
pub trait WriteMissing: AsRef<Writer> {
    /// Puts these in the place of all that were missing.
    ///
    /// # Errors
    /// When it can't be written.
    fn note_missing(&self, all: Vec<Missing>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| replace(transaction, &all))
    }
}

impl WriteMissing for Writer {}

fn missing(row: &Row<'_>) -> rusqlite::Result<Missing> {
    let broken = |error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error));
    let since = serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(broken)?;
    let body = row.get::<_, Option<[u8; 16]>>(3)?.map(Digest::from_be_bytes);
    Ok(Missing { id: row.get(0)?, since, feeds: row.get(2)?, body })
}

/// A product that is gone isn't missing any more.
pub(super) fn forget(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM missing WHERE id = ?1")?.execute([id]).map(|_| ())
}

/// Puts these in the place of all that were missing.
pub(super) fn replace(transaction: &Transaction<'_>, all: &[Missing]) -> rusqlite::Result<()> {
    let unwritable = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    transaction.execute("DELETE FROM missing", [])?;
    let mut insert =
        transaction.prepare("INSERT OR REPLACE INTO missing (id, since, feeds, body) VALUES (?1, ?2, ?3, ?4)")?;
    for Missing { id, since, feeds, body } in all {
        let since = serde_json::to_string(since).map_err(unwritable)?;
        insert.execute(params![id, since, feeds, body.map(Digest::to_be_bytes)])?;
    }
    Ok(())
}

//! What waits to be sent.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::post::{GivenUp, UNTOLD};
use crate::clock::{Clock, Moment, Stamp, boot_id};
use crate::state::{Key, ORDERS_SINCE, Reader, StateError, TAKEN_BY_SINCE};

/// An event that a hook has not taken yet.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its row.
    pub event: i64,
    /// The same at every try.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// Whether something in it is personal.
    pub is_personal: bool,
    /// How often it was sent.
    pub tries: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was written.
    pub posted: Stamp,
    /// The last failure, and how long nothing is sent after it.
    pub pause: Option<(Stamp, Duration)>,
    /// How long after that failure the hook itself asked to be left alone.
    pub asked: Duration,
    /// Who has taken it already, of several whom the hook tells.
    pub taken_by: Vec<String>,
}

impl Pending {
    /// How long it still waits.
    pub fn waits(&self, now: Moment, boot: Option<&str>) -> Duration {
        self.pause.as_ref().map_or(Duration::ZERO, |(failed, pause)| left(*pause, failed, now, boot))
    }

    /// How long its hook is still to be left alone, as it asked.
    pub fn asks(&self, now: Moment, boot: Option<&str>) -> Duration {
        self.pause.as_ref().map_or(Duration::ZERO, |(failed, _)| left(self.asked, failed, now, boot))
    }

    /// How old it is.
    pub fn age(&self) -> Duration {
        Duration::try_from(self.posted.age(Moment::now(), boot_id().as_deref())).unwrap_or_default()
    }
}

/// What is left of a pause. Where it begins in time to come, the clock was ahead then, and has been set right.
fn left(pause: Duration, since: &Stamp, now: Moment, boot: Option<&str>) -> Duration {
    Duration::try_from(since.age(now, boot)).map_or(Duration::ZERO, |age| pause.saturating_sub(age))
}

/// How a hook stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that wait.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Stamp>,
    /// Events that were given up.
    pub failed: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// What it has taken last.
    pub last_told: Option<Told>,
}

/// An event that somebody has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What had happened.
    pub kind: String,
    /// When it was taken.
    pub at: Timestamp,
}

/// What each hook has taken last, by its name.
pub(super) const LAST_TOLD: Key<BTreeMap<String, Told>> = Key::json("last_told");

/// Reading the outbox.
pub trait ReadOutbox: AsRef<Reader> {
    /// Events that were given up, and that nobody was told of.
    ///
    /// # Errors
    /// When the file can't be read.
    fn untold(&self) -> Result<Vec<GivenUp>, StateError> {
        Ok(self.as_ref().get(&UNTOLD)?.unwrap_or_default())
    }

    /// A hook's events, the first first.
    ///
    /// # Errors
    /// When the file can't be read.
    fn pending_events(&self, hook: &str) -> Result<Vec<Pending>, StateError> {
        let reader = self.as_ref();
        if reader.version() < TAKEN_BY_SINCE {
            return Ok(Vec::new());
        }
        let sql =
            "SELECT event, id, kind, personal_until IS NOT NULL, tries, posted, failed, wait, asked, error, taken_by
                   FROM hook_event WHERE hook = ?1 AND given_up IS NULL AND body IS NOT NULL ORDER BY event";
        reader.all(sql, [hook], pending)
    }

    /// Whether a hook has asked to be left alone until later than now, when an event came that was given up since. Whatever
    /// it asks for, for so long at `most`.
    ///
    /// # Errors
    /// When the file can't be read.
    fn asks_for_silence(&self, hook: &str, most: Duration) -> Result<bool, StateError> {
        let reader = self.as_ref();
        if reader.version() < TAKEN_BY_SINCE {
            return Ok(false);
        }
        let clock = Clock::read();
        let sql = "SELECT failed, asked FROM hook_event
                   WHERE hook = ?1 AND given_up IS NOT NULL AND failed IS NOT NULL AND asked > 0";
        let asked = reader.all(sql, [hook], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let is_over = |(failed, asked): &(String, i64)| {
            let failed = serde_json::from_str::<Stamp>(failed).ok();
            let age = failed.map(|failed| clock.age(&failed).as_secs());
            age.is_none_or(|age| age < 0 || age >= *asked || age.unsigned_abs() >= most.as_secs())
        };
        Ok(!asked.iter().all(is_over))
    }

    /// What is sent of an event: read when it is, as there may be many, and as it may have to be forgotten meanwhile;
    /// `None` = it was.
    ///
    /// # Errors
    /// When the file can't be read.
    fn event_body(&self, pending: &Pending) -> Result<Option<String>, StateError> {
        let sql = "SELECT (SELECT body FROM hook_event WHERE event = ?1)";
        self.as_ref().one(sql, [pending.event], |row| row.get(0))
    }

    /// How a hook stands.
    ///
    /// # Errors
    /// When the file can't be read.
    fn hook_tally(&self, hook: &str) -> Result<Tally, StateError> {
        let reader = self.as_ref();
        if reader.version() < ORDERS_SINCE {
            return Ok(Tally::default());
        }
        let sql = "SELECT count(*) FILTER (WHERE given_up IS NULL),
                          (SELECT posted FROM hook_event WHERE hook = ?1 AND given_up IS NULL ORDER BY event LIMIT 1),
                          count(*) FILTER (WHERE given_up IS NOT NULL),
                          (SELECT coalesce(given_up, error) FROM hook_event
                           WHERE hook = ?1 AND (error IS NOT NULL OR given_up IS NOT NULL) ORDER BY event DESC LIMIT 1)
                   FROM hook_event WHERE hook = ?1";
        let last_told = reader.get(&LAST_TOLD)?.and_then(|mut last| last.remove(hook));
        reader.one(sql, [hook], |row| {
            let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            let oldest: Option<String> = row.get(1)?;
            let oldest = oldest.and_then(|text| serde_json::from_str(&text).ok());
            Ok(Tally { pending: count(0)?, oldest, failed: count(2)?, last_error: row.get(3)?, last_told })
        })
    }

    /// The hooks that have events.
    ///
    /// # Errors
    /// When the file can't be read.
    fn hooks_with_events(&self) -> Result<Vec<String>, StateError> {
        if self.as_ref().version() < ORDERS_SINCE {
            return Ok(Vec::new());
        }
        self.as_ref().all("SELECT DISTINCT hook FROM hook_event", [], |row| row.get(0))
    }
}

impl ReadOutbox for Reader {}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let stamp = |text: String| serde_json::from_str::<Stamp>(&text).ok();
    let failed: Option<String> = row.get(6)?;
    let wait: Option<i64> = row.get(7)?;
    let taken_by: Option<String> = row.get(10)?;
    let pause = failed.and_then(stamp).zip(wait.map(|wait| Duration::from_secs(wait.unsigned_abs())));
    Ok(Pending {
        event: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        is_personal: row.get(3)?,
        tries: row.get(4)?,
        error: row.get(9)?,
        posted: stamp(row.get(5)?).unwrap_or_else(Stamp::now),
        pause,
        asked: Duration::from_secs(row.get::<_, i64>(8)?.unsigned_abs()),
        taken_by: taken_by.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default(),
    })
}

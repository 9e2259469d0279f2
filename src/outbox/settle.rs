//! What became of an event that was sent.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::pause_after;
use super::post::{GivenUp, UNTOLD, wipe};
use super::read::{LAST_TOLD, Pending, Told};
use crate::clock::Stamp;
use crate::state::{StateError, Writer, json};

/// Events that were given up are remembered, so many of a hook.
const REMEMBERED: i64 = 1_000;

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In words.
    pub error: String,
    /// How long the hook asks to be left alone.
    pub asked: Option<Duration>,
    /// Nothing will be tried again.
    pub give_up: bool,
    /// Who has taken it all the same, of several whom the hook tells.
    pub taken_by: Vec<String>,
}

/// Writing what became of events.
pub trait WriteOutbox: AsRef<Writer> {
    /// It is sent now. It counts as a try that failed, with its pause, until what became of it is written: where that
    /// can't be, it is sent again no sooner.
    ///
    /// # Errors
    /// When it can't be written: then it is not to be sent.
    fn event_begun(&self, pending: &Pending) -> impl Future<Output = Result<(), StateError>> + Send {
        let (event, tries) = (pending.event, pending.tries + 1);
        self.as_ref().run_erasing(move |transaction| {
            let sql = "UPDATE hook_event SET tries = ?2, failed = ?3, wait = ?4, asked = 0
                 WHERE event = ?1 AND given_up IS NULL";
            let failed_at = json(&Stamp::now())?;
            transaction.execute(sql, params![event, tries, failed_at, seconds(pause_after(tries))]).map(|_| ())
        })
    }

    /// Somebody has taken it.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_taken(&self, pending: &Pending) -> impl Future<Output = Result<(), StateError>> + Send {
        let (event, is_personal, kind) = (pending.event, pending.is_personal, pending.kind.clone());
        self.as_ref().run_erasing(move |transaction| {
            let sql = "DELETE FROM hook_event WHERE event = ?1 RETURNING hook";
            let hook: Option<String> = transaction.query_row(sql, [event], |row| row.get(0)).optional()?;
            if let Some(hook) = hook {
                let mut last = LAST_TOLD.get(transaction)?.unwrap_or_default();
                last.insert(hook, Told { kind, at: Timestamp::now() });
                LAST_TOLD.set(transaction, &last)?;
            }
            if is_personal { wipe(transaction) } else { Ok(()) }
        })
    }

    /// Nobody has.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_failed(&self, pending: &Pending, failed: Failed) -> impl Future<Output = Result<(), StateError>> + Send {
        let (event, tries) = (pending.event, pending.tries + 1);
        let is_personal = pending.is_personal;
        self.as_ref().run_erasing(move |transaction| {
            let Failed { error, asked, give_up: is_last, taken_by } = failed;
            let taken_by = (!taken_by.is_empty()).then(|| json(&taken_by)).transpose()?;
            let asked = asked.unwrap_or_default();
            let (wait, asked) = (seconds(pause_after(tries).max(asked)), seconds(asked));
            let sql = "UPDATE hook_event SET tries = ?2, failed = ?3, wait = ?4, asked = ?5, error = ?6, taken_by = ?7
                 WHERE event = ?1";
            let failed_at = json(&Stamp::now())?;
            transaction.execute(sql, params![event, tries, failed_at, wait, asked, error, taken_by])?;
            if is_last { give_up(transaction, event, is_personal) } else { Ok(()) }
        })
    }

    /// Nobody will, in its time: it is not tried again.
    ///
    /// # Errors
    /// When it can't be written.
    fn event_given_up(&self, pending: &Pending, error: String) -> impl Future<Output = Result<(), StateError>> + Send {
        let (event, is_personal) = (pending.event, pending.is_personal);
        self.as_ref().run_erasing(move |transaction| {
            transaction.execute("UPDATE hook_event SET error = ?2 WHERE event = ?1", params![event, error])?;
            give_up(transaction, event, is_personal)
        })
    }

    /// What was given up, for somebody who tells it.
    ///
    /// # Errors
    /// When it can't be written.
    fn take_untold(&self) -> impl Future<Output = Result<Vec<GivenUp>, StateError>> + Send {
        self.as_ref().run_lightly(|transaction| {
            let untold = UNTOLD.get(transaction)?.unwrap_or_default();
            UNTOLD.remove(transaction)?;
            Ok(untold)
        })
    }

    /// Forgets the events of a hook that there isn't any more; gives how many waited.
    ///
    /// # Errors
    /// When it can't be written.
    fn forget_hook(&self, hook: String) -> impl Future<Output = Result<u64, StateError>> + Send {
        self.as_ref().run_erasing(move |transaction| {
            let sql = "SELECT count(*) FROM hook_event WHERE hook = ?1 AND given_up IS NULL";
            let pending: i64 = transaction.query_row(sql, [&hook], |row| row.get(0))?;
            if let Some(mut last) = LAST_TOLD.get(transaction)? {
                last.remove(&hook);
                LAST_TOLD.set(transaction, &last)?;
            }
            transaction.execute("DELETE FROM hook_event WHERE hook = ?1", [&hook])?;
            wipe(transaction)?;
            Ok(pending.unsigned_abs())
        })
    }
}

impl WriteOutbox for Writer {}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Remembers an event without what it says, and not too many of its hook.
fn give_up(transaction: &Transaction<'_>, event: i64, is_personal: bool) -> rusqlite::Result<()> {
    let sql = "UPDATE hook_event SET body = NULL, personal_until = NULL, given_up = error WHERE event = ?1
               RETURNING hook";
    let hook: Option<String> = transaction.query_row(sql, [event], |row| row.get(0)).optional()?;
    let sql = "DELETE FROM hook_event WHERE hook = ?1 AND given_up IS NOT NULL AND event <= (
                   SELECT event FROM hook_event WHERE hook = ?1 AND given_up IS NOT NULL
                   ORDER BY event DESC LIMIT 1 OFFSET ?2)";
    transaction.execute(sql, params![hook, REMEMBERED])?;
    if is_personal { wipe(transaction) } else { Ok(()) }
}

//! Writing about imports.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::created;
use super::record::{
    AtLarge, Failures, IMPORT_AT_LARGE, IMPORT_FAILURES, IMPORTED_FEED, Import, ImportEnd, ImportState, NewImport,
    TIMINGS, Timings, UNSETTLED, WAS_AT_LARGE,
};
use crate::catalog::{Digest, Kind};
use crate::state::{StateError, Writer};

/// How many imports are remembered.
const IMPORTS_KEPT: i64 = 100;

/// Writing about imports.
pub trait WriteImports: AsRef<Writer> {
    /// Writes an import down before it is pushed: from now on NiceChat may hold anything, until its
    /// listing has been taken in again.
    ///
    /// # Errors
    /// When it can't be written.
    fn begin_import(&self, new: NewImport) -> impl Future<Output = Result<Import, StateError>> + Send {
        let pushed = Timestamp::now();
        self.as_ref().run(move |transaction| {
            let NewImport { nonce, is_served, feed, expected, to_create, to_update } = new;
            let sql = "INSERT INTO import (door, is_served, state, pushed, expected, to_create, to_update)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let state = ImportState::Pushing;
            let [items, creates, updates] =
                [expected, to_create, to_update].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let row = params![nonce, is_served, state, pushed.to_string(), items, creates, updates];
            transaction.execute(sql, row)?;
            let import = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM import WHERE import <= ?1 - ?2", params![import, IMPORTS_KEPT])?;
            note_feed(transaction, feed)?;
            UNSETTLED.set_first(transaction, &import)?;
            let (token, updated, imported, left, reason) = (None, None, None, None, None);
            Ok(Import {
                import,
                nonce,
                is_served,
                token,
                state,
                pushed,
                updated,
                imported,
                expected,
                to_create,
                to_update,
                left,
                reason,
            })
        })
    }

    /// Records NiceChat's name for an import; returns when that is written, so that no poll comes
    /// before it.
    ///
    /// # Errors
    /// When it can't be written.
    fn import_pushed(&self, import: i64, token: String) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let sql = "UPDATE import SET token = ?2, state = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, token, ImportState::Enqueued]).map(|_| ())
        })
    }

    /// Records how far an import is.
    ///
    /// # Errors
    /// When it can't be written.
    fn import_goes_on(
        &self,
        import: i64,
        state: ImportState,
        updated: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let sql = "UPDATE import SET state = ?2, updated = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, state, updated.map(|at| at.to_string())]).map(|_| ())
        })
    }

    /// Records the end of an import and the failures up to it, and forgets the feed that was served
    /// for it.
    ///
    /// # Errors
    /// When it can't be written.
    fn end_import(
        &self,
        import: i64,
        end: ImportEnd,
        failures: Failures,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let ImportEnd { failure, updated, imported, came_to_nothing, at_large } = end;
            let state = if failure.is_some() { ImportState::Failed } else { ImportState::Success };
            let sql =
                "UPDATE import SET state = ?2, updated = coalesce(?3, updated), imported = ?4, reason = ?5 WHERE import = ?1";
            let imported = imported.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            transaction.execute(
                sql,
                params![import, state, updated.map(|at| at.to_string()), imported, failure],
            )?;
            transaction.execute("DELETE FROM served", [])?;
            // Of one that failed nobody knows how much it has read.
            if state == ImportState::Failed {
                IMPORTED_FEED.remove(transaction)?;
            }
            if came_to_nothing {
                // An earlier import may have left it unsettled, and that holds, as does what that one may have created.
                if UNSETTLED.get(transaction)? == Some(import) {
                    UNSETTLED.remove(transaction)?;
                    created::expire(transaction)?;
                }
            }
            if let Some(token) = at_large {
                IMPORT_AT_LARGE.set(transaction, &AtLarge { import, token, passes: 0 })?;
            }
            IMPORT_FAILURES.set(transaction, &failures)
        })
    }

    /// Records how many objects an import left to be put right.
    ///
    /// # Errors
    /// When it can't be written.
    fn import_left(&self, import: i64, left: u64) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            let left = i64::try_from(left).unwrap_or(i64::MAX);
            transaction.execute("UPDATE import SET left_over = ?2 WHERE import = ?1", params![import, left]).map(|_| ())
        })
    }

    /// Gives imports another chance.
    ///
    /// # Errors
    /// When it can't be written.
    fn forgive_imports(&self) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(|transaction| IMPORT_FAILURES.remove(transaction))
    }

    /// Writes down what an import may create. On the disk with [`Writer::begin_import`], which comes after it.
    ///
    /// # Errors
    /// When it can't be written.
    fn await_imported(&self, objects: Vec<(Kind, String)>) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| {
            let sql = "INSERT OR IGNORE INTO import_object (kind, id) VALUES (?1, ?2)";
            let mut statement = transaction.prepare_cached(sql)?;
            objects.iter().try_for_each(|(kind, id)| statement.execute(params![kind, id]).map(|_| ()))
        })
    }

    /// Writes down how often an import at large was looked for.
    ///
    /// # Errors
    /// When it can't be written.
    fn still_at_large(&self, import: AtLarge) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run_lightly(move |transaction| IMPORT_AT_LARGE.set(transaction, &import))
    }

    /// Writes down that an import at large may have had its effect by now: nothing is relied on until a listing is taken
    /// in. `is_over` = it can have no other.
    ///
    /// # Errors
    /// When it can't be written.
    fn import_may_have_landed(
        &self,
        import: AtLarge,
        is_over: bool,
    ) -> impl Future<Output = Result<(), StateError>> + Send {
        self.as_ref().run(move |transaction| {
            UNSETTLED.set(transaction, &import.import)?;
            WAS_AT_LARGE.set(transaction, &true)?;
            if is_over { IMPORT_AT_LARGE.remove(transaction) } else { IMPORT_AT_LARGE.set(transaction, &import) }
        })
    }
}

impl WriteImports for Writer {}

/// Notes which feed an import is about to read. Where an earlier one may have its effect yet, or had it and nobody has
/// looked, what is listed may be of another feed.
fn note_feed(transaction: &Transaction<'_>, feed: Option<Digest>) -> rusqlite::Result<()> {
    let is_alone = !IMPORT_AT_LARGE.is_set(transaction)?
        && (!UNSETTLED.is_set(transaction)? || IMPORTED_FEED.get(transaction)? == feed);
    match feed.filter(|_| is_alone) {
        Some(feed) => IMPORTED_FEED.set(transaction, &feed),
        None => IMPORTED_FEED.remove(transaction),
    }
}

/// NiceChat's listing was taken in: what imports may have done is known.
pub(in crate::systems::catalog::store) fn listed(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    WAS_AT_LARGE.remove(transaction)?;
    UNSETTLED.remove(transaction)?;
    created::expire(transaction)
}

/// Writes down how fast NiceChat was.
pub(in crate::systems::catalog::store) fn set_timings(
    transaction: &Transaction<'_>,
    timings: &Timings,
) -> rusqlite::Result<()> {
    TIMINGS.set(transaction, timings)
}

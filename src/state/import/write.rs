//! Writing about imports.

use jiff::Timestamp;
use rusqlite::params;

use super::created;
use super::record::{AtLarge, Failures, Import, ImportEnd, ImportState, NewImport};
use crate::catalog::Kind;
use crate::state::StateError;
use crate::state::meta::{self, set};
use crate::state::reader::code;
use crate::state::writer::Writer;

/// How many imports are remembered.
const IMPORTS_KEPT: i64 = 100;

impl Writer {
    /// Writes an import down before it is pushed: from now on NiceChat may hold anything, until its
    /// listing has been taken in again.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn begin_import(&self, new: NewImport) -> Result<Import, StateError> {
        let pushed = Timestamp::now();
        self.run(move |transaction| {
            let NewImport { door, is_served, expected, to_create, to_update } = new;
            let sql = "INSERT INTO import (door, is_served, state, pushed, expected, to_create, to_update)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let state = ImportState::Pushing;
            let [items, creates, updates] =
                [expected, to_create, to_update].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let row = params![door, is_served, state.name(), pushed.to_string(), items, creates, updates];
            transaction.execute(sql, row)?;
            let import = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM import WHERE import <= ?1 - ?2", params![import, IMPORTS_KEPT])?;
            let sql = "INSERT INTO meta (key, value) VALUES ('unsettled', ?1) ON CONFLICT (key) DO NOTHING";
            transaction.execute(sql, [import.to_string()])?;
            let (token, updated, imported, left, reason) = (None, None, None, None, None);
            Ok(Import {
                import,
                door,
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
        .await
    }

    /// Records NiceChat's name for an import; returns when that is written, so that no poll comes
    /// before it.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_pushed(&self, import: i64, token: String) -> Result<(), StateError> {
        self.run(move |transaction| {
            let sql = "UPDATE import SET token = ?2, state = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, token, ImportState::Enqueued.name()]).map(|_| ())
        })
        .await
    }

    /// Records how far an import is.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_goes_on(
        &self,
        import: i64,
        state: ImportState,
        updated: Option<Timestamp>,
    ) -> Result<(), StateError> {
        self.run(move |transaction| {
            let sql = "UPDATE import SET state = ?2, updated = ?3 WHERE import = ?1";
            transaction.execute(sql, params![import, state.name(), updated.map(|at| at.to_string())]).map(|_| ())
        })
        .await
    }

    /// Records the end of an import and the failures up to it, and forgets the feed that was served
    /// for it.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn end_import(&self, import: i64, end: ImportEnd, failures: Failures) -> Result<(), StateError> {
        self.run(move |transaction| {
            let ImportEnd { failure, updated, imported, came_to_nothing, at_large } = end;
            let state = if failure.is_some() { ImportState::Failed } else { ImportState::Success };
            let sql =
                "UPDATE import SET state = ?2, updated = coalesce(?3, updated), imported = ?4, reason = ?5 WHERE import = ?1";
            let imported = imported.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            transaction.execute(
                sql,
                params![import, state.name(), updated.map(|at| at.to_string()), imported, failure],
            )?;
            transaction.execute("DELETE FROM served", [])?;
            if came_to_nothing {
                // An earlier import may have left it unsettled, and that holds.
                let sql = "DELETE FROM meta WHERE key = 'unsettled' AND value = ?1";
                transaction.execute(sql, [import.to_string()])?;
                created::expire(transaction)?;
            }
            if let Some(token) = at_large {
                created::at_large(transaction, &AtLarge { import, token, passes: 0 })?;
            }
            set(transaction, "import_failures", &serde_json::to_string(&failures).unwrap_or_default())
        })
        .await
    }

    /// Records how many objects an import left to be put right.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_left(&self, import: i64, left: u64) -> Result<(), StateError> {
        self.run(move |transaction| {
            let left = i64::try_from(left).unwrap_or(i64::MAX);
            transaction.execute("UPDATE import SET left_over = ?2 WHERE import = ?1", params![import, left]).map(|_| ())
        })
        .await
    }

    /// Gives imports another chance.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn forgive_imports(&self) -> Result<(), StateError> {
        self.run(|transaction| transaction.execute("DELETE FROM meta WHERE key = 'import_failures'", []).map(|_| ()))
            .await
    }

    /// Writes down what an import may create. On the disk with [`Writer::begin_import`], which comes after it.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn await_imported(&self, objects: Vec<(Kind, String)>) -> Result<(), StateError> {
        self.run_lightly(move |transaction| {
            let sql = "INSERT OR IGNORE INTO import_object (kind, id) VALUES (?1, ?2)";
            let mut statement = transaction.prepare_cached(sql)?;
            objects.iter().try_for_each(|(kind, id)| statement.execute(params![code(*kind), id]).map(|_| ()))
        })
        .await
    }

    /// Writes down how often an import at large was looked for.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn still_at_large(&self, import: AtLarge) -> Result<(), StateError> {
        self.run_lightly(move |transaction| created::at_large(transaction, &import)).await
    }

    /// Writes down that an import at large may have had its effect by now: nothing is relied on until a listing is taken
    /// in. `is_over` = it can have no other.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_may_have_landed(&self, import: AtLarge, is_over: bool) -> Result<(), StateError> {
        self.run(move |transaction| {
            meta::set(transaction, "unsettled", &import.import.to_string())?;
            if is_over { meta::remove(transaction, created::AT_LARGE) } else { created::at_large(transaction, &import) }
        })
        .await
    }
}

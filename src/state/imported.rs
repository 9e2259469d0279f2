//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::reader::{Reader, code};
use super::writer::Writer;
use super::{StateError, meta};
use crate::catalog::Kind;

/// The first format that has the table.
const SINCE: i64 = 7;
/// An import that was given up, but that NiceChat may still carry out.
const AT_LARGE: &str = "import_at_large";

/// An import that was given up before anybody knew what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLarge {
    /// Its row.
    pub import: i64,
    /// What it can be asked after with; `None` = the answer to its push was lost.
    pub token: Option<String>,
    /// Passes since.
    pub passes: u32,
}

impl Reader {
    /// Whether an import may have created anything that isn't known to be ours yet.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn awaits_imported(&self) -> Result<bool, StateError> {
        if self.version < SINCE {
            return Ok(false);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM import_object)";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| self.fail(error))
    }

    /// The import that was given up last, if it may still have an effect.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn import_at_large(&self) -> Result<Option<AtLarge>, StateError> {
        let text = meta::get(&self.connection, AT_LARGE).map_err(|error| self.fail(error))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether an import may have created this object.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn may_be_imported(&self, kind: Kind, id: &str) -> Result<bool, StateError> {
        let run = || {
            let sql = "SELECT EXISTS (SELECT 1 FROM import_object WHERE kind = ?1 AND id = ?2)";
            self.connection.prepare_cached(sql)?.query_row(params![code(kind), id], |row| row.get(0))
        };
        run().map_err(|error| self.fail(error))
    }
}

impl Writer {
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
        self.run_lightly(move |transaction| at_large(transaction, &import)).await
    }

    /// Writes down that an import at large may have had its effect by now: nothing is relied on until a listing is taken
    /// in. `is_over` = it can have no other.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn import_may_have_landed(&self, import: AtLarge, is_over: bool) -> Result<(), StateError> {
        self.run(move |transaction| {
            meta::set(transaction, "unsettled", &import.import.to_string())?;
            if is_over { meta::remove(transaction, AT_LARGE) } else { at_large(transaction, &import) }
        })
        .await
    }
}

/// Writes down that an import was given up, but may have its effect yet.
pub(super) fn at_large(connection: &Connection, import: &AtLarge) -> rusqlite::Result<()> {
    meta::set(connection, AT_LARGE, &serde_json::to_string(import).unwrap_or_default())
}

/// Forgets an object that is known to be ours, or gone.
pub(super) fn settled(connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute(params![code(kind), id]).map(|_| ())
}

/// Forgets what imports may have created, once a listing has been dealt with, or one came to nothing; unless one is at
/// large.
pub(super) fn expire(connection: &Connection) -> rusqlite::Result<()> {
    if meta::get(connection, AT_LARGE)?.is_none() {
        connection.execute("DELETE FROM import_object", [])?;
    }
    Ok(())
}

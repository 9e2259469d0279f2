//! What an import may create: it is ours wherever NiceChat lists it, also when the feed no longer has it by then.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StateError;
use super::import::ImportState;
use super::reader::{Reader, code};
use super::writer::Writer;
use crate::catalog::Kind;

/// The first format that has the table.
const SINCE: i64 = 7;
/// How long an import that nobody knows the end of may still create something: seconds.
const LONGEST: i64 = 7 * 24 * 3600;

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
        let now = Timestamp::now().as_second();
        self.run_lightly(move |transaction| {
            let sql = "INSERT OR REPLACE INTO import_object (kind, id, since) VALUES (?1, ?2, ?3)";
            let mut statement = transaction.prepare_cached(sql)?;
            objects.iter().try_for_each(|(kind, id)| statement.execute(params![code(*kind), id, now]).map(|_| ()))
        })
        .await
    }
}

/// Forgets an object that is known to be ours, or gone.
pub(super) fn settled(connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_object WHERE kind = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute(params![code(kind), id]).map(|_| ())
}

/// Forgets what no import can create any more, once a listing has been dealt with: all when the last import is known
/// to have ended, otherwise what is old.
pub(super) fn expire(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_object WHERE since < ?1
               OR (SELECT state FROM import ORDER BY import DESC LIMIT 1) = ?2";
    let before = Timestamp::now().as_second() - LONGEST;
    connection.execute(sql, params![before, ImportState::Success.name()]).map(|_| ())
}

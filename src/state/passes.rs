//! The rows that passes leave, a list for each job and what it is about.

use rusqlite::{Transaction, params};

use super::reader::Reader;
use super::{StateError, schema};
use crate::pass::{PassEntry, PassRow};

/// How many passes of a job are remembered.
const KEPT: i64 = 10_000;

impl Reader {
    /// The last passes of a job over a subject, the latest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn passes(&self, job: &str, subject: &str, most: u32) -> Result<Vec<PassRow>, StateError> {
        let run = || -> rusqlite::Result<Vec<String>> {
            let text = |row: &rusqlite::Row<'_>| row.get(0);
            if self.version >= schema::JOBS_SINCE {
                let sql = "SELECT row FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC LIMIT ?3";
                self.connection.prepare_cached(sql)?.query_map(params![job, subject, most], text)?.collect()
            } else if subject.is_empty() {
                let sql = "SELECT row FROM pass ORDER BY pass DESC LIMIT ?1";
                self.connection.prepare_cached(sql)?.query_map([most], text)?.collect()
            } else {
                // What older formats have of other jobs is not worth another way of reading it.
                Ok(Vec::new())
            }
        };
        let rows = run().map_err(|error| self.fail(error))?;
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect())
    }
}

/// Adds a pass.
pub(super) fn record(transaction: &Transaction<'_>, entry: &PassEntry) -> rusqlite::Result<()> {
    let PassEntry { job, subject, row } = entry;
    let text = serde_json::to_string(row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached("INSERT INTO pass (job, subject, row) VALUES (?1, ?2, ?3)")?
        .execute(params![job, subject, text])?;
    let sql = "DELETE FROM pass WHERE job = ?1 AND subject = ?2 AND pass <= (
                   SELECT pass FROM pass WHERE job = ?1 AND subject = ?2 ORDER BY pass DESC LIMIT 1 OFFSET ?3)";
    transaction.prepare_cached(sql)?.execute(params![job, subject, KEPT]).map(|_| ())
}
